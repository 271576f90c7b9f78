/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads exactly @size bytes at @offset. Errors tell the place, not the file, which the caller
 * knows: POTOO_ERROR_CORRUPT when it ends before, POTOO_ERROR_IO when it cannot be read. Any
 * thread; blocks on the disk. */
gboolean potoo_file_read (int fd, gint64 offset, void *data, gsize size, GError **error);

G_END_DECLS
