/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* `.potoo-root`, the id file of a storage root: a GKeyFile with group `root`,
 * keys `id` (a UUID) and `format` (1). Its lock (flock) is the root's. */

/* Finds the file in the directory @dir_fd, named @path in messages, and locks it. It is made when
 * there is none, the directory is empty, and the root is not @known. Returns its
 * descriptor, which holds the lock, and the id in @uuid; -1 with an error: POTOO_ERROR_BUSY when
 * another instance has it, POTOO_ERROR_NOT_FOUND for a mount point without its disk. */
int
potoo_root_file_lock (int dir_fd, const char *path, gboolean known, char **uuid, GError **error);

/* Whether the file in @dir_fd is still the one of this inode. */
gboolean potoo_root_file_is_in_place (int dir_fd, guint64 inode);

G_END_DECLS
