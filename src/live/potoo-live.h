/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooLive:
 *
 * The live outputs of all streams, on demand: the first request for a playlist starts
 * one, and POTOO_LIVE_LINGER_US after the last request (three target durations, if they are
 * longer) it is stopped. At most
 * POTOO_LIVE_MAX_OUTPUTS run at once.
 *
 * Belongs to the main thread; the `_async` functions may be called from any thread,
 * and call back in the caller's thread-default context.
 */
#define POTOO_TYPE_LIVE (potoo_live_get_type ())
G_DECLARE_FINAL_TYPE (PotooLive, potoo_live, POTOO, LIVE, GObject)

#define POTOO_LIVE_MAX_OUTPUTS 16
#define POTOO_LIVE_MAX_WAITING 128
#define POTOO_LIVE_LINGER_US (15 * G_USEC_PER_SEC)
/* A request waits this long for the first segment. */
#define POTOO_LIVE_WAIT_US (5 * G_USEC_PER_SEC)
/* What failed is not tried again at once. */
#define POTOO_LIVE_RETRY_US (5 * G_USEC_PER_SEC)

PotooLive *potoo_live_new (void);

/* @id: the camera's for `main`, with `/sub` behind it for `sub`. */
void potoo_live_add_stream (PotooLive *live, const char *id, PotooStreamHub *hub);
void potoo_live_remove_stream (PotooLive *live, const char *id);
/* Ends all outputs for want of processors (potoo-overload.h). Returns how many. */
guint potoo_live_shed (PotooLive *live);
/* Ends all outputs; waits at most a second. Requests fail from then on. */
void potoo_live_stop (PotooLive *live);

/* HLS playlist of MPEG-TS segments, named relative to it as `ts/NAME`, of `sub` as `sub-ts/NAME`.
 * Errors: POTOO_ERROR_NOT_FOUND (no such stream), POTOO_ERROR_BUSY (too many outputs, too many
 * wait, or too few processors), POTOO_ERROR_UNAVAILABLE (no video came in time, it failed shortly
 * before, or Potoo is stopping).
 */
void potoo_live_get_playlist_async (PotooLive *live,
                                    const char *stream_id,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* (transfer full) */
char *potoo_live_get_playlist_finish (PotooLive *live, GAsyncResult *result, GError **error);

/* POTOO_ERROR_NOT_FOUND when @name is not one of the stream's newest segments. */
void potoo_live_get_segment_async (PotooLive *live,
                                   const char *stream_id,
                                   const char *name,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* (transfer full) */
GBytes *potoo_live_get_segment_finish (PotooLive *live, GAsyncResult *result, GError **error);

G_END_DECLS
