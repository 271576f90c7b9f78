/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooRestreamLookupFunc:
 * @camera: its id
 * @stream: POTOO_RESTREAM_MAIN or POTOO_RESTREAM_SUB
 *
 * Finds the hub of a stream, in the re-stream's thread: it must not block. POTOO_ERROR_NOT_FOUND
 * when there is no such camera or stream, POTOO_ERROR_UNAVAILABLE when it cannot be watched now.
 *
 * Returns: (transfer full) (nullable)
 */
typedef PotooStreamHub *(*PotooRestreamLookupFunc) (const char *camera,
                                                    const char *stream,
                                                    gpointer user_data,
                                                    GError **error);

/* Makes a media of its own for each viewer of one stream of a camera, as long as there are fewer
 * than POTOO_RESTREAM_MAX_MEDIA. */
#define POTOO_TYPE_RESTREAM_FACTORY (potoo_restream_factory_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamFactory,
                      potoo_restream_factory,
                      POTOO,
                      RESTREAM_FACTORY,
                      GstRTSPMediaFactory)

#define POTOO_RESTREAM_MAX_MEDIA 64

/* @context: where the feeds run. */
GstRTSPMediaFactory *potoo_restream_factory_new (const char *camera,
                                                 const char *stream,
                                                 PotooRestreamLookupFunc lookup,
                                                 gpointer user_data,
                                                 GMainContext *context);

G_END_DECLS
