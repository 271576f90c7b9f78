/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One request and its answer. GstRTSPConnection writes and reads messages, does
 * TLS and makes digests; this is what to do with challenges, with what comes
 * between request and answer, and with what goes wrong.
 */

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "media/potoo-rtsp-session-private.h"

#define ANSWER_TIMEOUT_US (5 * 1000 * 1000)
/* What may come between a request and its answer. */
#define MAX_BETWEEN 512

/* As elements of GStreamer tell them. */

void
potoo_rtsp_set_error_of_result (GError **error, GstRTSPResult result)
{
  g_autofree char *text = gst_rtsp_strresult (result);

  if (result == GST_RTSP_ETIMEOUT)
    g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "Timeout");
  else if (result == GST_RTSP_ENOMEM) /* the limit of its length */
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                         _ ("The camera's description of its stream (SDP) is too large"));
  else
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE, "%s", text);
}

void
potoo_rtsp_set_error_of_status (GError **error, const char *method, GstRTSPStatusCode status)
{
  switch ((guint) status)
    {
    case GST_RTSP_STS_UNAUTHORIZED:
      g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED, "(%u)", status);
      break;
    case GST_RTSP_STS_FORBIDDEN:
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAUTHORIZED,
                           _ ("The camera forbids access to its stream (403)"));
      break;
    case GST_RTSP_STS_NOT_FOUND:
    case GST_RTSP_STS_GONE:
      g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "(%u)", status);
      break;
    case GST_RTSP_STS_NOT_ENOUGH_BANDWIDTH:
    case GST_RTSP_STS_SERVICE_UNAVAILABLE:
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                   _ ("The camera is too busy for another connection (%u)"), status);
      break;
    case GST_RTSP_STS_UNSUPPORTED_TRANSPORT:
      g_set_error_literal (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
                           "allow more transport protocols");
      break;
    default:
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_FAILED, _ ("The camera answered %s with %u %s"),
                   method, status, gst_rtsp_status_as_text (status));
      break;
    }
}

/* --- one request and its answer --- */

static gboolean
is_stale (GstRTSPAuthParam **params)
{
  for (guint i = 0; params != NULL && params[i] != NULL; i++)
    if (g_ascii_strcasecmp (params[i]->name, "stale") == 0)
      return g_ascii_strcasecmp (params[i]->value, "true") == 0;
  return FALSE;
}

gboolean
potoo_rtsp_session_set_credentials (PotooRtspSession *self,
                                    const GstRTSPMessage *answer,
                                    gboolean was_tried)
{
  const char *user = potoo_camera_settings_get_username (self->settings);
  const char *password = potoo_camera_settings_get_password (self->settings);
  GstRTSPAuthCredential *best = NULL;
  gboolean usable = FALSE;

  if (user == NULL)
    return FALSE;
  GstRTSPAuthCredential **offered = gst_rtsp_message_parse_auth_credentials (
      (GstRTSPMessage *) answer, GST_RTSP_HDR_WWW_AUTHENTICATE);
  for (guint i = 0; offered != NULL && offered[i] != NULL; i++)
    if (offered[i]->scheme == GST_RTSP_AUTH_DIGEST ||
        (offered[i]->scheme == GST_RTSP_AUTH_BASIC && best == NULL))
      best = offered[i];
  if (best != NULL && (!was_tried || is_stale (best->params)))
    {
      gst_rtsp_connection_clear_auth_params (self->connection);
      for (guint i = 0; best->params != NULL && best->params[i] != NULL; i++)
        gst_rtsp_connection_set_auth_param (self->connection, best->params[i]->name,
                                            best->params[i]->value);
      usable = gst_rtsp_connection_set_auth (self->connection, best->scheme, user,
                                             password != NULL ? password : "") == GST_RTSP_OK;
    }
  if (offered != NULL)
    gst_rtsp_auth_credentials_free (offered);
  return usable;
}

GstRTSPResult
potoo_rtsp_session_send_message (PotooRtspSession *self, GstRTSPMessage *message)
{
  gst_rtsp_message_remove_header (message, GST_RTSP_HDR_USER_AGENT, -1);
  gst_rtsp_message_add_header (message, GST_RTSP_HDR_USER_AGENT, "Potoo/" PACKAGE_VERSION);
  return gst_rtsp_connection_send_usec (self->connection, message, POTOO_RTSP_SEND_TIMEOUT_US);
}

static void
answer_request (PotooRtspSession *self, const GstRTSPMessage *request)
{
  g_auto (GstRTSPMessage) answer = { 0 };
  const char *method = gst_rtsp_method_as_text (request->type_data.request.method);
  GstRTSPStatusCode status = g_strcmp0 (method, "OPTIONS") == 0 ? GST_RTSP_STS_OK
                                                                : GST_RTSP_STS_NOT_IMPLEMENTED;

  gst_rtsp_message_init_response (&answer, status, gst_rtsp_status_as_text (status), request);
  potoo_rtsp_session_send_message (self, &answer);
}

/* Receives until the answer is there; (transfer full) in @answer. */
static GstRTSPResult
receive_answer (PotooRtspSession *self, GstRTSPMessage *answer, const PotooRtspEarly *early)
{
  for (guint n = 0; n < MAX_BETWEEN; n++)
    {
      GstRTSPResult result = gst_rtsp_connection_receive_usec (self->connection, answer,
                                                               ANSWER_TIMEOUT_US);
      if (result != GST_RTSP_OK || gst_rtsp_message_get_type (answer) == GST_RTSP_MESSAGE_RESPONSE)
        return result;
      if (gst_rtsp_message_get_type (answer) == GST_RTSP_MESSAGE_REQUEST)
        answer_request (self, answer);
      else if (gst_rtsp_message_get_type (answer) == GST_RTSP_MESSAGE_DATA && early != NULL)
        {
          guint8 *data = NULL;
          guint length = 0;
          gst_rtsp_message_get_body (answer, &data, &length);
          /* GstRTSPConnection ends every body with a zero of its own. */
          if (length > 1)
            early->func (answer->type_data.data.channel, data, length - 1, early->user_data);
        }
      gst_rtsp_message_unset (answer);
    }
  return GST_RTSP_EPARSE;
}

gboolean
potoo_rtsp_session_ask (PotooRtspSession *self,
                        GstRTSPMessage *request,
                        GstRTSPMessage *answer,
                        const PotooRtspEarly *early,
                        GError **error)
{
  const char *method = gst_rtsp_method_as_text (request->type_data.request.method);

  for (guint tries = 0;; tries++)
    {
      GstRTSPResult result = potoo_rtsp_session_send_message (self, request);
      if (result == GST_RTSP_OK)
        result = receive_answer (self, answer, early);
      if (result != GST_RTSP_OK)
        {
          potoo_rtsp_set_error_of_result (error, result);
          return FALSE;
        }
      GstRTSPStatusCode status = answer->type_data.response.code;
      if ((guint) status < 400)
        return TRUE;
      if (status != GST_RTSP_STS_UNAUTHORIZED || tries > 1 ||
          !potoo_rtsp_session_set_credentials (self, answer, tries > 0))
        {
          potoo_rtsp_set_error_of_status (error, method, status);
          return FALSE;
        }
      gst_rtsp_message_unset (answer);
    }
}
