/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "media/potoo-rtsp-session.h"

G_BEGIN_DECLS

/* What potoo-rtsp-session.c (the order of requests) and potoo-rtsp-exchange.c (a request
 * and its answer) share. In the session's thread. */

#define POTOO_RTSP_SEND_TIMEOUT_US (2 * 1000 * 1000)

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstRTSPMessage, gst_rtsp_message_unset)

struct _PotooRtspSession
{
  PotooCameraSettings *settings;
  PotooAcceptCertificateFunc accept;
  gpointer user_data;

  char *url;  /* of DESCRIBE */
  char *base; /* that controls of tracks are relative to */
  char *aggregate;
  gboolean has_get_parameter, playing;
  GInputStream *input; /* with TLS; the connection's */

  GMutex lock; /* protects what follows, which cancel() looks at */
  GstRTSPConnection *connection;
  GSocket *socket; /* the connection's, from connected to closed */
  gboolean cancelled;
};

typedef struct
{
  PotooEarlyPacketFunc func;
  gpointer user_data;
} PotooRtspEarly;

void potoo_rtsp_set_error_of_result (GError **error, GstRTSPResult result);
void potoo_rtsp_set_error_of_status (GError **error, const char *method, GstRTSPStatusCode status);

/* Takes over what the challenge in @answer asks for; FALSE when credentials were refused already,
 * or there are none. */
gboolean potoo_rtsp_session_set_credentials (PotooRtspSession *session,
                                             const GstRTSPMessage *answer,
                                             gboolean was_tried);

GstRTSPResult potoo_rtsp_session_send_message (PotooRtspSession *session, GstRTSPMessage *message);

/* Sends @request, again with credentials when the camera asks for them. On TRUE the status of
 * @answer is 2xx or 3xx. @early: (nullable): gets the packets that come before it */
gboolean potoo_rtsp_session_ask (PotooRtspSession *session,
                                 GstRTSPMessage *request,
                                 GstRTSPMessage *answer,
                                 const PotooRtspEarly *early,
                                 GError **error);

G_END_DECLS
