/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/*
 * A still picture: one keyframe decoded and encoded as JPEG. Each is a small pipeline of
 * its own in a thread of GTask's pool, ended by EOS so that a decoder that reorders gives
 * the picture at once. How many may run at once, and caching, are the caller's.
 */

#define POTOO_STILL_PICTURE_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* More than any camera has; a decoder allocates for what a stream claims to be. */
#define POTOO_STILL_PICTURE_MAX_PIXELS (64 * 1000 * 1000)

/* @unit: a video keyframe, of which references are taken. @height: of the picture, 0 or too
 * large: the video's own; the aspect is kept, pixels come out square.
 *
 * The callback comes in the caller's thread-default context. Errors: POTOO_ERROR_UNSUPPORTED
 * (codec, size, or an element that is not installed), POTOO_ERROR_TIMEOUT, POTOO_ERROR_CORRUPT
 * (cannot be decoded), G_IO_ERROR_CANCELLED: @cancellable ends the wait within 100 ms. */
void potoo_still_picture_encode_async (const PotooAccessUnit *unit,
                                       guint height,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/* The JPEG. (transfer full) */
GBytes *potoo_still_picture_encode_finish (GAsyncResult *result, GError **error);

/* The size of the picture that @caps and @height lead to; FALSE when @caps tell none. */
gboolean potoo_still_picture_get_size (const GstCaps *caps,
                                       guint height,
                                       guint *picture_width,
                                       guint *picture_height);

G_END_DECLS
