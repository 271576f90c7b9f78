/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* `.potoo-root`, the id file of a storage root: a GKeyFile with group `root`,
 * keys `id` (a UUID) and `format` (1). Its lock (flock) is the root's. */

/* Finds or makes the file in the directory @dir_fd, named @path in messages, and
 * locks it. Returns its descriptor, which holds the lock, and the id in @uuid; -1
 * with an error: POTOO_ERROR_BUSY when another instance has it. */
int potoo_root_file_lock (int dir_fd, const char *path, char **uuid, GError **error);

G_END_DECLS
