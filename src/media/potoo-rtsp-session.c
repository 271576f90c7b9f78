/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The order of requests and what their answers mean; how one request is sent and answered
 * is potoo-rtsp-exchange.c. After PLAY the socket is read past GstRTSPConnection, in large pieces.
 */

#include "media/potoo-rtsp-session-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "media/potoo-rtsp-failure.h"

#define CONNECT_TIMEOUT_US (5 * 1000 * 1000)
#define CLOSE_TIMEOUT_US (100 * 1000)
#define MAX_SDP_BYTES (64 * 1024)
#define MAX_REDIRECTS 3

PotooRtspSession *
potoo_rtsp_session_new (PotooCameraSettings *settings,
                        PotooAcceptCertificateFunc accept,
                        gpointer user_data)
{
  PotooRtspSession *self = g_new0 (PotooRtspSession, 1);

  g_mutex_init (&self->lock);
  self->settings = potoo_camera_settings_ref (settings);
  self->accept = accept;
  self->user_data = user_data;
  self->url = g_strdup (potoo_camera_settings_get_url (settings));
  return self;
}

void
potoo_rtsp_session_free (PotooRtspSession *self)
{
  if (self->connection != NULL)
    gst_rtsp_connection_free (self->connection);
  potoo_camera_settings_unref (self->settings);
  g_mutex_clear (&self->lock);
  g_free (self->url);
  g_free (self->base);
  g_free (self->aggregate);
  g_free (self);
}

/* Reading ends by the shutdown of the socket: a GCancellable would cost three system calls each
 * time, and GstRTSPConnection does not look at its own while fields of an answer come without end.
 * What is shut for reading alone is still read as long as something comes; when it plays nobody
 * reads on, and TEARDOWN is to be sent. */
static void
shut_down_locked (PotooRtspSession *self)
{
  if (self->socket != NULL && self->cancelled)
    g_socket_shutdown (self->socket, TRUE, !self->playing, NULL);
}

void
potoo_rtsp_session_cancel (PotooRtspSession *self)
{
  g_mutex_lock (&self->lock);
  self->cancelled = TRUE;
  if (self->connection != NULL)
    gst_rtsp_connection_flush (self->connection, TRUE);
  shut_down_locked (self);
  g_mutex_unlock (&self->lock);
}

/* --- connecting and describing --- */

static void
drop_connection (PotooRtspSession *self)
{
  g_mutex_lock (&self->lock);
  self->socket = NULL;
  g_clear_pointer (&self->connection, gst_rtsp_connection_free);
  g_mutex_unlock (&self->lock);
}

static gboolean
open_connection (PotooRtspSession *self, GError **error)
{
  GstRTSPUrl *url = NULL;
  GstRTSPConnection *connection = NULL;
  GstRTSPResult result = gst_rtsp_url_parse (self->url, &url);

  if (result == GST_RTSP_OK)
    result = gst_rtsp_connection_create (url, &connection);
  g_clear_pointer (&url, gst_rtsp_url_free);
  if (result != GST_RTSP_OK)
    {
      potoo_rtsp_set_error_of_result (error, result);
      return FALSE;
    }
  gst_rtsp_connection_set_content_length_limit (connection, MAX_SDP_BYTES);
  if (!potoo_camera_settings_get_tls_verify (self->settings))
    gst_rtsp_connection_set_tls_validation_flags (connection, 0);
  gst_rtsp_connection_set_accept_certificate_func (connection, self->accept, self->user_data, NULL);
  g_mutex_lock (&self->lock);
  self->connection = connection;
  if (self->cancelled)
    gst_rtsp_connection_flush (connection, TRUE);
  g_mutex_unlock (&self->lock);
  result = gst_rtsp_connection_connect_usec (connection, CONNECT_TIMEOUT_US);
  if (result != GST_RTSP_OK)
    {
      potoo_rtsp_set_error_of_result (error, result);
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  self->socket = gst_rtsp_connection_get_read_socket (connection);
  shut_down_locked (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
ask_for_options (PotooRtspSession *self)
{
  g_auto (GstRTSPMessage) request = { 0 }, answer = { 0 };
  char *methods = NULL;

  /* Some cameras do not answer it as they should: what it says is a hint. */
  gst_rtsp_message_init_request (&request, GST_RTSP_OPTIONS, self->url);
  if (!potoo_rtsp_session_ask (self, &request, &answer, NULL, NULL))
    return;
  gst_rtsp_message_get_header (&answer, GST_RTSP_HDR_PUBLIC, &methods, 0);
  self->has_get_parameter = methods != NULL && strstr (methods, "GET_PARAMETER") != NULL;
}

/* TRUE: ask @self->url, which is another one now. */
static gboolean
take_redirect (PotooRtspSession *self, const GstRTSPMessage *answer, GError **error)
{
  char *location = NULL;

  gst_rtsp_message_get_header (answer, GST_RTSP_HDR_LOCATION, &location, 0);
  if (!potoo_rtsp_check_redirect (self->url, location, error))
    return FALSE;
  g_free (self->url);
  self->url = g_strdup (location);
  return TRUE;
}

/* RFC 2326, C.1.1 */
static void
take_base (PotooRtspSession *self, const GstRTSPMessage *answer)
{
  char *base = NULL;

  if (gst_rtsp_message_get_header (answer, GST_RTSP_HDR_CONTENT_BASE, &base, 0) != GST_RTSP_OK)
    gst_rtsp_message_get_header (answer, GST_RTSP_HDR_CONTENT_LOCATION, &base, 0);
  g_free (self->base);
  self->base = g_strdup (base != NULL && g_str_has_prefix (base, "rtsp") ? base : self->url);
}

/* Cameras mean the control to be appended, and not to be resolved as RFC 3986 says. */
static char *
resolve_control (PotooRtspSession *self, const char *control)
{
  if (control == NULL || *control == '\0' || strcmp (control, "*") == 0)
    return g_strdup (self->base);
  if (g_ascii_strncasecmp (control, "rtsp://", 7) == 0 ||
      g_ascii_strncasecmp (control, "rtsps://", 8) == 0)
    return g_strdup (control);
  return g_strconcat (self->base, g_str_has_suffix (self->base, "/") ? "" : "/", control, NULL);
}

static GstSDPMessage *
parse_description (PotooRtspSession *self, const GstRTSPMessage *answer, GError **error)
{
  GstSDPMessage *sdp = NULL;
  guint8 *body = NULL;
  guint length = 0;

  gst_rtsp_message_get_body (answer, &body, &length);
  gst_sdp_message_new (&sdp);
  if (body == NULL || gst_sdp_message_parse_buffer (body, length, sdp) != GST_SDP_OK)
    {
      gst_sdp_message_free (sdp);
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                           _ ("The camera's description of its stream (SDP) cannot be read"));
      return NULL;
    }
  take_base (self, answer);
  self->aggregate = resolve_control (self, gst_sdp_message_get_attribute_val (sdp, "control"));
  return sdp;
}

static GstSDPMessage *
describe_once (PotooRtspSession *self, gboolean *redirected, GError **error)
{
  g_auto (GstRTSPMessage) request = { 0 }, answer = { 0 };

  if (!open_connection (self, error))
    return NULL;
  ask_for_options (self);
  gst_rtsp_message_init_request (&request, GST_RTSP_DESCRIBE, self->url);
  gst_rtsp_message_add_header (&request, GST_RTSP_HDR_ACCEPT, "application/sdp");
  if (!potoo_rtsp_session_ask (self, &request, &answer, NULL, error))
    return NULL;
  if ((guint) answer.type_data.response.code < 300)
    return parse_description (self, &answer, error);
  *redirected = take_redirect (self, &answer, error);
  return NULL;
}

GstSDPMessage *
potoo_rtsp_session_describe (PotooRtspSession *self, GError **error)
{
  for (guint i = 0; i <= MAX_REDIRECTS; i++)
    {
      gboolean redirected = FALSE;
      GstSDPMessage *sdp = describe_once (self, &redirected, error);
      if (!redirected)
        return sdp;
      drop_connection (self);
    }
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNREACHABLE,
                       _ ("The camera sends us on in a circle"));
  return NULL;
}

/* --- setting up and playing --- */

GInetSocketAddress *
potoo_rtsp_session_get_camera (PotooRtspSession *self, GError **error)
{
  return (GInetSocketAddress *) g_socket_get_remote_address (self->socket, error);
}

gboolean
potoo_rtsp_session_set_up (PotooRtspSession *self,
                           const GstSDPMedia *media,
                           PotooRtspTransport *transport,
                           GError **error)
{
  g_auto (GstRTSPMessage) request = { 0 }, answer = { 0 };
  g_autofree char *control = resolve_control (self,
                                              gst_sdp_media_get_attribute_val (media, "control"));
  char *text = NULL;

  gst_rtsp_message_init_request (&request, GST_RTSP_SETUP, control);
  gst_rtsp_message_take_header (&request, GST_RTSP_HDR_TRANSPORT,
                                potoo_rtsp_transport_to_text (transport));
  if (!potoo_rtsp_session_ask (self, &request, &answer, NULL, error))
    return FALSE;
  gst_rtsp_message_get_header (&answer, GST_RTSP_HDR_TRANSPORT, &text, 0);
  if (!potoo_rtsp_transport_take (transport, text))
    {
      potoo_rtsp_set_error_of_status (error, "SETUP", GST_RTSP_STS_UNSUPPORTED_TRANSPORT);
      return FALSE;
    }
  return TRUE;
}

gboolean
potoo_rtsp_session_play (PotooRtspSession *self,
                         PotooEarlyPacketFunc func,
                         gpointer user_data,
                         GError **error)
{
  g_auto (GstRTSPMessage) request = { 0 }, answer = { 0 };
  const PotooRtspEarly early = { func, user_data };

  gst_rtsp_message_init_request (&request, GST_RTSP_PLAY, self->aggregate);
  gst_rtsp_message_add_header (&request, GST_RTSP_HDR_RANGE, "npt=0.000-");
  if (!potoo_rtsp_session_ask (self, &request, &answer, &early, error))
    return FALSE;
  GTlsConnection *tls = gst_rtsp_connection_get_tls (self->connection, NULL);
  self->input = tls != NULL ? g_io_stream_get_input_stream (G_IO_STREAM (tls)) : NULL;
  g_mutex_lock (&self->lock);
  self->playing = TRUE;
  shut_down_locked (self);
  g_mutex_unlock (&self->lock);
  gst_rtsp_connection_reset_timeout (self->connection);
  return TRUE;
}

/* --- while it plays --- */

GSocket *
potoo_rtsp_session_get_socket (PotooRtspSession *self)
{
  return self->socket;
}

gssize
potoo_rtsp_session_read (PotooRtspSession *self,
                         guint8 *data,
                         gsize length,
                         guint timeout_s,
                         GError **error)
{
  g_socket_set_timeout (self->socket, timeout_s);
  if (self->input != NULL)
    return g_input_stream_read (self->input, data, length, NULL, error);
  return g_socket_receive (self->socket, (char *) data, length, NULL, error);
}

static gboolean
send_keep_alive (PotooRtspSession *self)
{
  g_auto (GstRTSPMessage) request = { 0 };

  gst_rtsp_connection_reset_timeout (self->connection);
  gst_rtsp_message_init_request (
      &request, self->has_get_parameter ? GST_RTSP_GET_PARAMETER : GST_RTSP_OPTIONS,
      self->aggregate);
  return potoo_rtsp_session_send_message (self, &request) == GST_RTSP_OK;
}

gboolean
potoo_rtsp_session_keep_alive (PotooRtspSession *self)
{
  return gst_rtsp_connection_next_timeout_usec (self->connection) > 0 || send_keep_alive (self);
}

/* A new nonce for the next keep-alive. */
static void
take_challenge (PotooRtspSession *self, char **lines)
{
  static const char name[] = "www-authenticate:";
  g_auto (GstRTSPMessage) answer = { 0 };

  gst_rtsp_message_init_response (&answer, GST_RTSP_STS_UNAUTHORIZED, NULL, NULL);
  for (guint i = 1; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], name, strlen (name)) == 0)
      gst_rtsp_message_take_header (&answer, GST_RTSP_HDR_WWW_AUTHENTICATE,
                                    g_strstrip (g_strdup (lines[i] + strlen (name))));
  if (potoo_rtsp_session_set_credentials (self, &answer, TRUE))
    send_keep_alive (self);
}

static void
refuse_request (PotooRtspSession *self, char **lines)
{
  g_auto (GstRTSPMessage) answer = { 0 };

  gst_rtsp_message_init_response (&answer, GST_RTSP_STS_NOT_IMPLEMENTED, "Not Implemented", NULL);
  for (guint i = 1; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], "cseq:", 5) == 0)
      gst_rtsp_message_take_header (&answer, GST_RTSP_HDR_CSEQ,
                                    g_strstrip (g_strdup (lines[i] + 5)));
  potoo_rtsp_session_send_message (self, &answer);
}

void
potoo_rtsp_session_take_message (PotooRtspSession *self, const guint8 *data, gsize length)
{
  g_autofree char *text = g_strndup ((const char *) data, length);
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", 64);

  if (lines[0] == NULL)
    return;
  if (!g_str_has_prefix (lines[0], "RTSP/"))
    refuse_request (self, lines);
  else if (strstr (lines[0], " 401") != NULL)
    take_challenge (self, lines);
}

gboolean
potoo_rtsp_session_send_packet (PotooRtspSession *self, guint channel, GBytes *packet)
{
  g_auto (GstRTSPMessage) message = { 0 };
  gsize length;
  const guint8 *data = g_bytes_get_data (packet, &length);

  gst_rtsp_message_init_data (&message, (guint8) channel);
  gst_rtsp_message_set_body (&message, data, (guint) length);
  return gst_rtsp_connection_send_usec (self->connection, &message, POTOO_RTSP_SEND_TIMEOUT_US) ==
         GST_RTSP_OK;
}

void
potoo_rtsp_session_close (PotooRtspSession *self)
{
  if (self->connection == NULL)
    return;
  gst_rtsp_connection_flush (self->connection, FALSE);
  if (self->playing)
    {
      g_auto (GstRTSPMessage) request = { 0 };
      gst_rtsp_message_init_request (&request, GST_RTSP_TEARDOWN, self->aggregate);
      gst_rtsp_connection_send_usec (self->connection, &request, CLOSE_TIMEOUT_US);
    }
  g_mutex_lock (&self->lock);
  self->socket = NULL;
  g_mutex_unlock (&self->lock);
  gst_rtsp_connection_close (self->connection);
  self->playing = FALSE;
}
