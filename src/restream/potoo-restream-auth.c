/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "restream/potoo-restream-auth.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "base/potoo-overload.h"
#include "restream/potoo-restream-client.h"
#include "restream/potoo-restream-path.h"

/* Seconds; for those that try again by themselves. */
#define RETRY_AFTER "2"
#define REASON_BYTES 200

struct _PotooRestreamAuth
{
  GstRTSPAuth parent_instance;
  PotooRestreamLookupFunc lookup;
  gpointer user_data;
  GstRTSPMountPoints *mounts;
  GstRTSPAddressPool *udp_addresses;
  PotooRestreamClients *clients;
  GMainContext *feed_context;
  PotooMetric *not_found;
  PotooMetric *unavailable;
};

G_DEFINE_FINAL_TYPE (PotooRestreamAuth, potoo_restream_auth, GST_TYPE_RTSP_AUTH)

/* Players show the reason phrase, and mostly nothing else: it says why, behind what the status
 * means. It must be one line. */
static char *
make_reason (GstRTSPStatusCode status, const char *why)
{
  GString *reason = g_string_new (gst_rtsp_status_as_text (status));

  g_string_append_printf (reason, ": %s", why);
  for (char *c = reason->str; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  if (reason->len > REASON_BYTES)
    g_string_truncate (reason, REASON_BYTES);
  g_autofree char *text = g_string_free (reason, FALSE);
  return g_utf8_make_valid (text, -1);
}

void
potoo_restream_auth_explain (GstRTSPMessage *response, const char *why)
{
  GstRTSPStatusCode status = response->type_data.response.code;

  g_free (response->type_data.response.reason);
  response->type_data.response.reason = make_reason (status, why);
  if (status == GST_RTSP_STS_SERVICE_UNAVAILABLE)
    gst_rtsp_message_add_header (response, GST_RTSP_HDR_RETRY_AFTER, RETRY_AFTER);
}

/* @why: (nullable) */
static void
refuse (GstRTSPContext *ctx, GstRTSPStatusCode status, const GError *why)
{
  gst_rtsp_message_init_response (ctx->response, status, gst_rtsp_status_as_text (status),
                                  ctx->request);
  if (why != NULL)
    potoo_restream_auth_explain (ctx->response, why->message);
  gst_rtsp_client_send_message (ctx->client, ctx->session, ctx->response);
}

static void
mount (PotooRestreamAuth *self, const char *camera, const char *stream)
{
  g_autofree char *path = potoo_restream_path_make (camera, stream);
  g_autoptr (GstRTSPMediaFactory) known = gst_rtsp_mount_points_match (self->mounts, path, NULL);

  if (known != NULL)
    return;
  GstRTSPMediaFactory *factory = potoo_restream_factory_new (camera, stream, self->lookup,
                                                             self->user_data, self->feed_context);
  gst_rtsp_media_factory_set_address_pool (factory, self->udp_addresses);
  gst_rtsp_mount_points_add_factory (self->mounts, path, factory);
}

static void
unmount (PotooRestreamAuth *self, const char *camera, const char *stream)
{
  g_autofree char *path = potoo_restream_path_make (camera, stream);
  g_autoptr (GstRTSPMediaFactory) known = gst_rtsp_mount_points_match (self->mounts, path, NULL);

  if (known != NULL)
    gst_rtsp_mount_points_remove_factory (self->mounts, path);
}

/* What is known before anything is made for the viewer; why, when that is not OK. */
static GstRTSPStatusCode
check_stream (PotooRestreamAuth *self, const char *camera, const char *stream, GError **error)
{
  g_autoptr (PotooStreamHub) hub = self->lookup (camera, stream, self->user_data, error);
  PotooAccessUnit keyframe;

  if (hub == NULL && !g_error_matches (*error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE))
    {
      unmount (self, camera, stream);
      return GST_RTSP_STS_NOT_FOUND;
    }
  if (hub == NULL)
    return GST_RTSP_STS_SERVICE_UNAVAILABLE;
  if (!potoo_overload_admit (POTOO_WORK_RESTREAM, error))
    return GST_RTSP_STS_SERVICE_UNAVAILABLE;
  potoo_stream_hub_want (hub);
  if (!potoo_stream_hub_get_keyframe (hub, &keyframe))
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                           _ ("No picture has come from the camera yet"));
      return GST_RTSP_STS_SERVICE_UNAVAILABLE;
    }
  potoo_access_unit_clear (&keyframe);
  mount (self, camera, stream);
  return GST_RTSP_STS_OK;
}

gboolean
potoo_restream_auth_must_wait (GstRTSPClient *client, const GstRTSPMessage *request)
{
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_client_get_auth (client);
  PotooRestreamAuth *self = POTOO_RESTREAM_AUTH (auth);
  g_autofree char *camera = NULL;
  const char *stream;
  GstRTSPUrl *url = NULL;

  if (request->type != GST_RTSP_MESSAGE_REQUEST ||
      request->type_data.request.method != GST_RTSP_DESCRIBE ||
      gst_rtsp_url_parse (request->type_data.request.uri, &url) != GST_RTSP_OK)
    return FALSE;
  gboolean sub = potoo_restream_path_parse (url->abspath, &camera, &stream) &&
                 strcmp (stream, POTOO_RESTREAM_SUB) == 0;
  gst_rtsp_url_free (url);
  g_autoptr (PotooStreamHub) hub = sub ? self->lookup (camera, stream, self->user_data, NULL)
                                       : NULL;
  if (hub == NULL)
    return FALSE;
  potoo_stream_hub_want (hub);
  return !potoo_restream_replay_can_begin (hub);
}

static gboolean
check_url (PotooRestreamAuth *self, GstRTSPContext *ctx)
{
  g_autofree char *camera = NULL;
  const char *stream;
  g_autoptr (GError) why = NULL;
  GstRTSPStatusCode status = GST_RTSP_STS_NOT_FOUND;

  if (ctx->uri != NULL && ctx->uri->query == NULL &&
      potoo_restream_path_parse (ctx->uri->abspath, &camera, &stream))
    status = check_stream (self, camera, stream, &why);
  if (status == GST_RTSP_STS_OK)
    return TRUE;
  potoo_metric_add (status == GST_RTSP_STS_NOT_FOUND ? self->not_found : self->unavailable, 1);
  refuse (ctx, status, why);
  return FALSE;
}

/* The library, which has the same answer to a PLAY of what is not set up, leaks its path. */
static gboolean
check_play (PotooRestreamAuth *self, GstRTSPContext *ctx)
{
  GstRTSPClientClass *client_class = GST_RTSP_CLIENT_GET_CLASS (ctx->client);
  int matched;

  if (ctx->session == NULL || ctx->uri == NULL)
    return TRUE;
  g_autofree char *path = client_class->make_path_from_uri (ctx->client, ctx->uri);
  if (gst_rtsp_session_get_media (ctx->session, path, &matched) != NULL)
    return TRUE;
  potoo_metric_add (self->not_found, 1);
  refuse (ctx, GST_RTSP_STS_NOT_FOUND, NULL);
  return FALSE;
}

static gboolean
check_request (PotooRestreamAuth *self, GstRTSPContext *ctx)
{
  char *user_agent = NULL;

  gst_rtsp_message_get_header (ctx->request, GST_RTSP_HDR_USER_AGENT, &user_agent, 0);
  potoo_restream_clients_note_request (
      self->clients, potoo_restream_client_get_id (POTOO_RESTREAM_CLIENT (ctx->client)),
      user_agent);
  switch (ctx->method)
    {
    case GST_RTSP_ANNOUNCE:
    case GST_RTSP_RECORD:
      refuse (ctx, GST_RTSP_STS_METHOD_NOT_ALLOWED, NULL);
      return FALSE;
    case GST_RTSP_DESCRIBE:
    case GST_RTSP_SETUP:
      return check_url (self, ctx);
    case GST_RTSP_PLAY:
      return check_play (self, ctx);
    default:
      return TRUE;
    }
}

static gboolean
potoo_restream_auth_check (GstRTSPAuth *auth, GstRTSPContext *ctx, const char *check)
{
  if (strcmp (check, GST_RTSP_AUTH_CHECK_URL) == 0)
    return check_request (POTOO_RESTREAM_AUTH (auth), ctx);
  /* A viewer may not choose where media is sent. */
  return strcmp (check, GST_RTSP_AUTH_CHECK_TRANSPORT_CLIENT_SETTINGS) != 0;
}

static void
potoo_restream_auth_finalize (GObject *object)
{
  PotooRestreamAuth *self = POTOO_RESTREAM_AUTH (object);

  potoo_metric_unref (self->not_found);
  potoo_metric_unref (self->unavailable);
  G_OBJECT_CLASS (potoo_restream_auth_parent_class)->finalize (object);
}

static void
potoo_restream_auth_class_init (PotooRestreamAuthClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_restream_auth_finalize;
  GST_RTSP_AUTH_CLASS (klass)->check = potoo_restream_auth_check;
}

static void
potoo_restream_auth_init (PotooRestreamAuth *self)
{
  const char help[] = "RTSP requests answered with an error, by status.";

  self->not_found = potoo_metric_new_counter ("potoo_restream_failed_requests_total", help,
                                              "status", "404", NULL);
  self->unavailable = potoo_metric_new_counter ("potoo_restream_failed_requests_total", help,
                                                "status", "503", NULL);
}

PotooRestreamAuth *
potoo_restream_auth_new (PotooRestreamLookupFunc lookup,
                         gpointer user_data,
                         GstRTSPMountPoints *mounts,
                         GstRTSPAddressPool *udp_addresses,
                         PotooRestreamClients *clients,
                         GMainContext *feed_context)
{
  PotooRestreamAuth *self = g_object_new (POTOO_TYPE_RESTREAM_AUTH, NULL);

  self->lookup = lookup;
  self->user_data = user_data;
  self->mounts = mounts;
  self->udp_addresses = udp_addresses;
  self->clients = clients;
  self->feed_context = feed_context;
  return self;
}
