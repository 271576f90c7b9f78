/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * PotooWebBody:
 *
 * Where a long response body comes from, chunk by chunk: the next one is asked for
 * when the last has been written, so a slow client costs one chunk of memory.
 * A file is the first kind; server-sent events will be another. Worker thread.
 */
typedef struct _PotooWebBody PotooWebBody;

#define POTOO_WEB_CHUNK_BYTES (128 * 1024)

/* @length bytes of @fd from @offset. Takes @fd. */
PotooWebBody *potoo_web_body_new_file (int fd, guint64 offset, guint64 length);
/* Changes a chunk of a file before it is sent: the @size bytes that stand at @offset. */
typedef gboolean (*PotooWebBodyFilter) (
    guint64 offset, guint8 *data, gsize size, gpointer user_data, GError **error);
/* Of a file's body, at most once. */
void potoo_web_body_set_filter (PotooWebBody *body,
                                PotooWebBodyFilter filter,
                                gpointer user_data,
                                GDestroyNotify destroy);
void potoo_web_body_free (PotooWebBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWebBody, potoo_web_body_free)

guint64 potoo_web_body_get_length (PotooWebBody *body);

/* The next chunk; NULL without error at the end. POTOO_ERROR_CORRUPT when the
 * file ends early: its bytes are never made up. (transfer full) */
GBytes *potoo_web_body_read (PotooWebBody *body, GError **error);

G_END_DECLS
