/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A camera has a few threads, and so has each viewer: with an arena each, malloc would cost more
 * memory than the media. */
#define MALLOC_ARENAS 2

/* GLib before 2.76 has an allocator of its own, which keeps for good what buffers and lists once
 * took: some 15 MB after 50 viewers. It looks at the environment before main() begins. */
static void
do_without_slices (char **argv)
{
  char path[PATH_MAX];

  if (glib_check_version (2, 76, 0) == NULL || getenv ("G_SLICE") != NULL)
    return;
  ssize_t length = readlink ("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0 || setenv ("G_SLICE", "always-malloc", TRUE) != 0)
    return;
  path[length] = '\0';
  execv (path, argv);
  /* As it is, then. */
}

void
potoo_memory_set_up (char **argv)
{
  do_without_slices (argv);
  mallopt (M_ARENA_MAX, MALLOC_ARENAS);
}

gint64
potoo_memory_get_resident (void)
{
  g_autofree char *text = NULL;
  long pages = 0;

  /* Size and resident, in pages: proc(5) */
  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*d %ld", &pages);
  return (gint64) pages * sysconf (_SC_PAGESIZE);
}

void
potoo_memory_trim (void)
{
  malloc_trim (0);
}
