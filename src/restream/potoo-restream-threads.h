/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

/* Which thread does what in gst-rtsp-server: connections stay in the thread that brought them,
 * the buses of all media are in one thread, which runs from new() to stop(). */
#define POTOO_TYPE_RESTREAM_THREADS (potoo_restream_threads_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamThreads,
                      potoo_restream_threads,
                      POTOO,
                      RESTREAM_THREADS,
                      GstRTSPThreadPool)

PotooRestreamThreads *potoo_restream_threads_new (void);
GMainContext *
potoo_restream_threads_get_media_context (PotooRestreamThreads *threads); /* (transfer none) */
/* When all media have ended, or after half a second. Idempotent. */
void potoo_restream_threads_stop (PotooRestreamThreads *threads);

G_END_DECLS
