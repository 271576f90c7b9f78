/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "restream/potoo-restream-clients.h"
#include "restream/potoo-restream-factory.h"

G_BEGIN_DECLS

/* Asked by gst-rtsp-server about every request before it acts on it: what is not for viewers is
 * refused here, and a stream that can be watched is mounted. In the re-stream's thread. */
#define POTOO_TYPE_RESTREAM_AUTH (potoo_restream_auth_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamAuth, potoo_restream_auth, POTOO, RESTREAM_AUTH, GstRTSPAuth)

/* @mounts, @udp_addresses, @clients: outlive it; @feed_context: where feeds run. */
PotooRestreamAuth *potoo_restream_auth_new (PotooRestreamLookupFunc lookup,
                                            gpointer user_data,
                                            GstRTSPMountPoints *mounts,
                                            GstRTSPAddressPool *udp_addresses,
                                            PotooRestreamClients *clients,
                                            GMainContext *feed_context);

/* Whether @request asks for a stream that is connected on demand and has just been asked
 * for: then it can be answered better in a moment. */
gboolean potoo_restream_auth_must_wait (GstRTSPClient *client, const GstRTSPMessage *request);

/* Says in an answer that refuses why, and, when it may be otherwise soon, when to try again. */
void potoo_restream_auth_explain (GstRTSPMessage *response, const char *why);

G_END_DECLS
