/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "restream/potoo-restream-clients.h"

G_BEGIN_DECLS

/* One RTSP connection, as gst-rtsp-server handles it: in the re-stream's thread. */
#define POTOO_TYPE_RESTREAM_CLIENT (potoo_restream_client_get_type ())
G_DECLARE_FINAL_TYPE (PotooRestreamClient,
                      potoo_restream_client,
                      POTOO,
                      RESTREAM_CLIENT,
                      GstRTSPClient)

/* @id: as @clients admitted it; the connection leaves @clients, which outlives it, when it ends. */
PotooRestreamClient *
potoo_restream_client_new (PotooRestreamClients *clients, guint64 id, GSocket *socket);
guint64 potoo_restream_client_get_id (PotooRestreamClient *client);

/* Once it has its connection: from now on @context, that of this thread, holds it. */
void potoo_restream_client_start (PotooRestreamClient *client, GMainContext *context);

G_END_DECLS
