/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How this process takes memory and gives it back. */

/* The first thing in main(), whose @argv is given: it may execute the program anew, once, as the
 * same process. */
void potoo_memory_set_up (char **argv);

/* Gives what is free back to the kernel: after many things have gone at once. Any thread that may
 * wait for some milliseconds; so do others meanwhile that allocate. */
void potoo_memory_trim (void);

G_END_DECLS
