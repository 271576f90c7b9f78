/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Keeps what GLib gives up on purpose from being reported as leaks: the tables of quarks, which
 * g_quark_new() replaces by larger ones at the 2,048th and 4,096th quark and never frees, since
 * readers take no lock. (A program that does nothing but make 5,000 quarks shows both.)
 * Suppressions by function need the whole stack of each allocation, and GLib has no frame
 * pointers: unwinding it all costs two thirds of the time of a sanitized daemon.
 *
 * Linked into programs with -Db_sanitize=address alone.
 */

#include <glib.h>

#define TABLE_SIZE (2048 * sizeof (char *))
#define MAX_KEPT 8

void __sanitizer_malloc_hook (const volatile void *block, gsize size);

static const volatile void *kept[MAX_KEPT];
static int n_kept;

/* Called by the sanitizer after each allocation, from any thread, before main() too. */
void
__sanitizer_malloc_hook (const volatile void *block, gsize size)
{
  if ((size != TABLE_SIZE && size != 2 * TABLE_SIZE) ||
      __atomic_load_n (&n_kept, __ATOMIC_RELAXED) >= MAX_KEPT)
    return;
  int i = __atomic_fetch_add (&n_kept, 1, __ATOMIC_RELAXED);
  if (i < MAX_KEPT)
    kept[i] = block;
}
