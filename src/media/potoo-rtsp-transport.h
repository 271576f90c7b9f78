/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a track is asked for and answered to be carried by: the Transport field of RTSP (RFC 2326,
 * 12.39). Plain value. */
typedef struct
{
  gboolean udp; /* else interleaved in the connection */
  guint first; /* our UDP port, or the channel, of RTP; RTCP has the next one. The camera may choose
                  another channel. */
  guint16 camera_ports[2]; /* that it sends RTP and RTCP from; 0: not told */
  GInetAddress *source;    /* (nullable) that it says it sends from */
} PotooRtspTransport;

/* What to ask for. (transfer full) */
char *potoo_rtsp_transport_to_text (const PotooRtspTransport *transport);

/* Takes over what the camera answered (nullable); FALSE when that is not what it was asked for.
 * Where else media goes (`destination`) is not looked at. */
gboolean potoo_rtsp_transport_take (PotooRtspTransport *transport, const char *text);

void potoo_rtsp_transport_clear (PotooRtspTransport *transport);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooRtspTransport, potoo_rtsp_transport_clear)

G_END_DECLS
