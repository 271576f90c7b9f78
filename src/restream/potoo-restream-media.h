/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "restream/potoo-restream-feed.h"
#include "restream/potoo-restream-throttle.h"

G_BEGIN_DECLS

/* What gst-rtsp-server makes for one viewer: payloaders, fed by a feed of its own. Running
 * time is CLOCK_MONOTONIC, as everywhere, so the hub's times are valid in it. */
#define POTOO_TYPE_RESTREAM_MEDIA (potoo_restream_media_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamMedia, potoo_restream_media, POTOO, RESTREAM_MEDIA, GstRTSPMedia)

/* Once, before the media is prepared. */
void potoo_restream_media_set_feed (PotooRestreamMedia *media,
                                    PotooRestreamFeed *feed,
                                    PotooRestreamThrottle *throttle);
PotooRestreamFeed *potoo_restream_media_get_feed (PotooRestreamMedia *media); /* (transfer none) */

/* To be called when the viewer asks for PLAY, before gst-rtsp-server acts on it. @connection: of
 * the viewer; @tracks: bits of those it set up. */
void potoo_restream_media_play (PotooRestreamMedia *media,
                                GSocket *connection,
                                gboolean udp,
                                guint tracks);

/* How many there are in this process. Any thread. */
guint potoo_restream_media_count (void);

G_END_DECLS
