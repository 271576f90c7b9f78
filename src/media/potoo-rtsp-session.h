/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp/rtsp.h>
#include <gst/sdp/sdp.h>

#include "config/potoo-camera-settings.h"
#include "media/potoo-rtsp-transport.h"

G_BEGIN_DECLS

/**
 * PotooRtspSession:
 *
 * The client's side of RTSP 1.0 (RFC 2326) for one camera, whose media is interleaved on the same
 * TCP connection or comes over UDP: connect → describe → set up each track → play → read → close.
 * Blocking, in a thread of its owner; only cancel() may come from
 * another. Credentials go to the host of the URL and to no other: a redirect elsewhere is an error.
 *
 * Errors are GST_RESOURCE_ERROR and GST_STREAM_ERROR, for potoo_rtsp_failure_describe();
 * POTOO_ERROR where there is more to say.
 */
typedef struct _PotooRtspSession PotooRtspSession;

typedef gboolean (*PotooAcceptCertificateFunc) (GTlsConnection *connection,
                                                GTlsCertificate *certificate,
                                                GTlsCertificateFlags flaws,
                                                gpointer user_data);

PotooRtspSession *potoo_rtsp_session_new (PotooCameraSettings *settings,
                                          PotooAcceptCertificateFunc accept,
                                          gpointer user_data);
void potoo_rtsp_session_free (PotooRtspSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRtspSession, potoo_rtsp_session_free)

/* What is under way fails, and so does what comes after. */
void potoo_rtsp_session_cancel (PotooRtspSession *session);

/* Connects and asks what there is. (transfer full): freed with gst_sdp_message_free() */
GstSDPMessage *potoo_rtsp_session_describe (PotooRtspSession *session, GError **error);

/* The camera's end of the connection, once described. (transfer full) */
GInetSocketAddress *potoo_rtsp_session_get_camera (PotooRtspSession *session, GError **error);

/* Sets @media up as @transport asks; then it says what the camera answered. */
gboolean potoo_rtsp_session_set_up (PotooRtspSession *session,
                                    const GstSDPMedia *media,
                                    PotooRtspTransport *transport,
                                    GError **error);

/* What comes before the answer to PLAY is handed to @early with its channel. */
typedef void (*PotooEarlyPacketFunc) (guint8 channel,
                                      const guint8 *data,
                                      gsize length,
                                      gpointer user_data);
gboolean potoo_rtsp_session_play (PotooRtspSession *session,
                                  PotooEarlyPacketFunc early,
                                  gpointer user_data,
                                  GError **error);

/* Readable when something is to be read, which may be the end. (transfer none) */
GSocket *potoo_rtsp_session_get_socket (PotooRtspSession *session);

/* Waits at most @timeout_s; G_IO_ERROR_TIMED_OUT when nothing came, 0 at the end of the stream. */
gssize potoo_rtsp_session_read (PotooRtspSession *session,
                                guint8 *data,
                                gsize length,
                                guint timeout_s,
                                GError **error);

/* An RTSP message that came between packets: a camera's request is answered, a refused
 * keep-alive is sent again. */
void potoo_rtsp_session_take_message (PotooRtspSession *session, const guint8 *data, gsize length);

/* Sends what keeps the session alive, when it is time. FALSE when it cannot be sent. */
gboolean potoo_rtsp_session_keep_alive (PotooRtspSession *session);
gboolean potoo_rtsp_session_send_packet (PotooRtspSession *session, guint channel, GBytes *packet);

/* Says good-bye without waiting for an answer, and closes. */
void potoo_rtsp_session_close (PotooRtspSession *session);

G_END_DECLS
