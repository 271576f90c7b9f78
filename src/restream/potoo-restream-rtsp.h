/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "restream/potoo-restream-clients.h"
#include "restream/potoo-restream-factory.h"

G_BEGIN_DECLS

/* All RTSP connections: gst-rtsp-server's clients with what they share, in the thread that hands
 * connections over. The buses of all media are in one thread more, which runs their feeds too.
 * All functions: in the first of these threads, but for new() and free(). */
typedef struct _PotooRestreamRtsp PotooRestreamRtsp;

/* @clients outlives it. */
PotooRestreamRtsp *potoo_restream_rtsp_new (PotooRestreamClients *clients,
                                            PotooRestreamLookupFunc lookup,
                                            gpointer user_data);
void potoo_restream_rtsp_free (PotooRestreamRtsp *rtsp);

/* UDP is sent and received on such addresses only. Before the first connection. */
void potoo_restream_rtsp_add_address (PotooRestreamRtsp *rtsp, const char *host);

/* From a callback of the thread's context. A connection too many is closed. */
void potoo_restream_rtsp_take (PotooRestreamRtsp *rtsp, GSocket *socket);

/* Sessions and connections that had their time. To be called each second. */
void potoo_restream_rtsp_sweep (PotooRestreamRtsp *rtsp);

/* Ends the thread of the media; after all clients are gone. */
void potoo_restream_rtsp_stop (PotooRestreamRtsp *rtsp);

G_END_DECLS
