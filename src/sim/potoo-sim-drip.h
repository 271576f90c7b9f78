/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

G_BEGIN_DECLS

/* From now on what @client is answered leaves byte by byte, @bytes_per_s of them; of media that
 * would come between, nothing. It ends with the connection. In the client's thread, before its
 * first answer; not for TLS. */
void potoo_sim_drip_start (GstRTSPClient *client, guint bytes_per_s);

G_END_DECLS
