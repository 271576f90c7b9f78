/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How this process takes memory and gives it back, and how much there is. */

/* The first thing in main(), whose @argv is given: it may execute the program anew, once, as the
 * same process. */
void potoo_memory_set_up (char **argv);

/* Gives what is free back to the kernel: after many things have gone at once. Any thread that may
 * wait for some milliseconds; so do others meanwhile that allocate. */
void potoo_memory_trim (void);

/* Bytes of this process that are in memory now, those of files among them. */
gint64 potoo_memory_get_resident (void);

/* Bytes that this process may use at most: what the machine has, or less where its control group,
 * or one above it, has a limit. Reads files of the kernel. */
gint64 potoo_memory_get_available (void);
/* That limit; G_MAXINT64: none. @groups: what /proc/self/cgroup says; @mount: where the groups are.
 */
gint64 potoo_memory_get_group_limit (const char *groups, const char *mount);

G_END_DECLS
