/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "restream/potoo-restream-clients.h"
#include "restream/potoo-restream-factory.h"

G_BEGIN_DECLS

/* gst-rtsp-server's server as the re-stream wants it: no socket of its own, all connections in the
 * thread that hands them over, the buses of all media in one thread more, which runs their feeds
 * too. All functions: in the first of these threads, but for new(). */
#define POTOO_TYPE_RESTREAM_RTSP (potoo_restream_rtsp_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamRtsp, potoo_restream_rtsp, POTOO, RESTREAM_RTSP, GstRTSPServer)

/* @clients outlives it. */
PotooRestreamRtsp *potoo_restream_rtsp_new (PotooRestreamClients *clients,
                                            PotooRestreamLookupFunc lookup,
                                            gpointer user_data);

/* UDP is sent and received on such addresses only. Before the first connection. */
void potoo_restream_rtsp_add_address (PotooRestreamRtsp *rtsp, const char *host);

/* From a callback of the thread's context. A connection too many is closed. */
void potoo_restream_rtsp_take (PotooRestreamRtsp *rtsp, GSocket *socket);

/* Sessions and connections that had their time. To be called each second. */
void potoo_restream_rtsp_sweep (PotooRestreamRtsp *rtsp);

/* Ends the thread of the media; after all clients are gone. */
void potoo_restream_rtsp_stop (PotooRestreamRtsp *rtsp);

G_END_DECLS
