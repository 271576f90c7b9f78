/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Makes @path (0700) when it is missing, and takes its lock: one instance for each state
 * directory. Returns the lock's file descriptor, which holds it until closed,
 * or -1 with POTOO_ERROR_BUSY (naming the other's process id) or the system's error. */
int potoo_state_dir_lock (const char *path, GError **error);

G_END_DECLS
