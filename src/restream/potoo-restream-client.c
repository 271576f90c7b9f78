/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a request may not do. `Blocksize` would set the size of packets, down to where
 * the payloaders loop forever: it is not heard. `Range`, `Scale` and `Speed` mean
 * nothing for live media. HTTP tunnels are not offered: what they would get through,
 * has no business on a loopback address.
 */

#include "restream/potoo-restream-client.h"

#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/potoo-log.h"
#include "restream/potoo-restream-auth.h"
#include "restream/potoo-restream-media.h"
#include "restream/potoo-restream-reader.h"

/* Of media that a peer does not take: then its connection is dead. */
#define TCP_USER_TIMEOUT_MS 8000
#define TCP_SEND_BUFFER_BYTES (256 * 1024)
#define MAX_BODY_BYTES (16 * 1024)
#define POST_SESSION_TIMEOUT_S 5
#define MAX_SESSIONS 2

struct _PotooRestreamClient
{
  GstRTSPClient parent_instance;
  PotooRestreamClients *clients;
  guint64 id;
  GSocket *socket;
  PotooRestreamReader *reader; /* (nullable) */
  GPtrArray *sessions;         /* GstRTSPSession: all that it ever had */
};

G_DEFINE_FINAL_TYPE (PotooRestreamClient, potoo_restream_client, GST_TYPE_RTSP_CLIENT)

static gboolean
potoo_restream_client_configure_client_media (GstRTSPClient *client,
                                              GstRTSPMedia *media,
                                              GstRTSPStream *stream,
                                              GstRTSPContext *ctx)
{
  return TRUE;
}

/* Packets leave when they are there, whatever their times. */
static GstRTSPStatusCode
potoo_restream_client_adjust_play_mode (GstRTSPClient *client,
                                        GstRTSPContext *ctx,
                                        GstRTSPTimeRange **range,
                                        GstSeekFlags *flags,
                                        double *rate,
                                        GstClockTime *trickmode_interval,
                                        gboolean *enable_rate_control)
{
  *rate = 1.0;
  *enable_rate_control = FALSE;
  return GST_RTSP_STS_OK;
}

/* A factory that makes no media has no picture, or there are too many media. */
static GstRTSPStatusCode
potoo_restream_client_adjust_error_code (GstRTSPClient *client,
                                         GstRTSPContext *ctx,
                                         GstRTSPStatusCode code)
{
  if (code == GST_RTSP_STS_BAD_REQUEST && ctx->factory != NULL)
    return GST_RTSP_STS_SERVICE_UNAVAILABLE;
  return code;
}

/* The only answer of the library's own that says 503 is that to a viewer who gets no media. */
static void
on_send_message (GstRTSPClient *client, GstRTSPSession *session, GstRTSPMessage *message)
{
  if (message->type == GST_RTSP_MESSAGE_RESPONSE &&
      message->type_data.response.code == GST_RTSP_STS_SERVICE_UNAVAILABLE &&
      gst_rtsp_message_get_header (message, GST_RTSP_HDR_RETRY_AFTER, NULL, 0) != GST_RTSP_OK)
    potoo_restream_auth_explain (message, _ ("Too many viewers, or no picture"));
}

/* The tracks that are set up; FALSE in @udp when any goes over the connection. */
static guint
find_tracks (GstRTSPContext *ctx, gboolean *udp)
{
  guint tracks = 0;

  *udp = TRUE;
  for (guint i = 0; i < gst_rtsp_media_n_streams (ctx->media); i++)
    {
      GstRTSPStreamTransport *transport = gst_rtsp_session_media_get_transport (ctx->sessmedia, i);
      if (transport == NULL)
        continue;
      tracks |= 1u << i;
      if (gst_rtsp_stream_transport_get_transport (transport)->lower_transport ==
          GST_RTSP_LOWER_TRANS_TCP)
        *udp = FALSE;
    }
  return tracks;
}

static GstRTSPStatusCode
potoo_restream_client_pre_play_request (GstRTSPClient *client, GstRTSPContext *ctx)
{
  PotooRestreamClient *self = POTOO_RESTREAM_CLIENT (client);
  PotooRestreamMedia *media = POTOO_RESTREAM_MEDIA (ctx->media);
  gboolean udp;
  guint tracks = find_tracks (ctx, &udp);

  potoo_log_debug (potoo_restream_feed_get_camera (potoo_restream_media_get_feed (media)),
                   "RTSP connection %" G_GUINT64_FORMAT " plays over %s", self->id,
                   udp ? "UDP" : "TCP");
  potoo_restream_media_play (media, self->socket, udp, tracks);
  potoo_restream_clients_note_play (self->clients, self->id, potoo_restream_media_get_feed (media),
                                    udp);
  return GST_RTSP_STS_OK;
}

/* Without rate control, which ONVIF wants for playing recordings fast, sender reports would tell
 * no time either; live media needs it to put sound to picture. */
static GstRTSPStatusCode
potoo_restream_client_adjust_play_response (GstRTSPClient *client, GstRTSPContext *ctx)
{
  for (guint i = 0; i < gst_rtsp_media_n_streams (ctx->media); i++)
    {
      g_autoptr (GObject)
          session = gst_rtsp_stream_get_rtpsession (gst_rtsp_media_get_stream (ctx->media, i));
      if (session != NULL)
        g_object_set (session, "disable-sr-timestamp", FALSE, NULL);
    }
  return GST_RTSP_STS_OK;
}

/* Some viewers ask the first track to play, and not the media: what is set up plays. */
static char *
potoo_restream_client_make_path_from_uri (GstRTSPClient *client, const GstRTSPUrl *uri)
{
  GstRTSPClientClass *parent_class = GST_RTSP_CLIENT_CLASS (potoo_restream_client_parent_class);
  const GstRTSPContext *ctx = gst_rtsp_context_get_current ();
  char *path = parent_class->make_path_from_uri (client, uri);
  char *track = path != NULL ? strstr (path, "/stream=") : NULL;

  if (track != NULL && ctx != NULL && ctx->method == GST_RTSP_PLAY)
    *track = '\0';
  return path;
}

static void
potoo_restream_client_new_session (GstRTSPClient *client, GstRTSPSession *session)
{
  PotooRestreamClient *self = POTOO_RESTREAM_CLIENT (client);

  g_ptr_array_add (self->sessions, g_object_ref (session));
  if (self->sessions->len > MAX_SESSIONS)
    potoo_restream_clients_kick (self->clients, self->id);
}

/* Its sessions, empty by now, would count in the pool until they time out. They are freed with the
 * client: a thread that sends its last packet may still refer to them. */
static void
potoo_restream_client_closed (GstRTSPClient *client)
{
  PotooRestreamClient *self = POTOO_RESTREAM_CLIENT (client);
  g_autoptr (GstRTSPSessionPool) pool = gst_rtsp_client_get_session_pool (client);

  if (self->reader != NULL)
    potoo_restream_reader_stop (self->reader);
  for (guint i = 0; i < self->sessions->len; i++)
    gst_rtsp_session_pool_remove (pool, self->sessions->pdata[i]);
  potoo_restream_clients_remove (self->clients, self->id);
  self->id = 0;
}

static void
potoo_restream_client_finalize (GObject *object)
{
  PotooRestreamClient *self = POTOO_RESTREAM_CLIENT (object);

  if (self->id != 0)
    potoo_restream_clients_remove (self->clients, self->id);
  g_clear_pointer (&self->reader, potoo_restream_reader_free);
  g_clear_object (&self->socket);
  g_ptr_array_unref (self->sessions);
  G_OBJECT_CLASS (potoo_restream_client_parent_class)->finalize (object);
}

static void
potoo_restream_client_class_init (PotooRestreamClientClass *klass)
{
  GstRTSPClientClass *client_class = GST_RTSP_CLIENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = potoo_restream_client_finalize;
  client_class->configure_client_media = potoo_restream_client_configure_client_media;
  client_class->adjust_play_mode = potoo_restream_client_adjust_play_mode;
  client_class->adjust_play_response = potoo_restream_client_adjust_play_response;
  client_class->adjust_error_code = potoo_restream_client_adjust_error_code;
  client_class->pre_play_request = potoo_restream_client_pre_play_request;
  client_class->make_path_from_uri = potoo_restream_client_make_path_from_uri;
  client_class->new_session = potoo_restream_client_new_session;
  client_class->closed = potoo_restream_client_closed;
}

static void
potoo_restream_client_init (PotooRestreamClient *self)
{
  self->sessions = g_ptr_array_new_with_free_func (g_object_unref);
}

PotooRestreamClient *
potoo_restream_client_new (PotooRestreamClients *clients, guint64 id, GSocket *socket)
{
  PotooRestreamClient *self = g_object_new (POTOO_TYPE_RESTREAM_CLIENT, "post-session-timeout",
                                            POST_SESSION_TIMEOUT_S, NULL);
  self->clients = clients;
  self->id = id;
  self->socket = g_object_ref (socket);
  gst_rtsp_client_set_content_length_limit (GST_RTSP_CLIENT (self), MAX_BODY_BYTES);
  g_signal_connect (self, "send-message", G_CALLBACK (on_send_message), NULL);
  return self;
}

guint64
potoo_restream_client_get_id (PotooRestreamClient *self)
{
  return self->id;
}

void
potoo_restream_client_start (PotooRestreamClient *self, GMainContext *context)
{
  GstRTSPClient *client = GST_RTSP_CLIENT (self);

  /* HTTP is then ours to handle, and we do not. */
  gst_rtsp_connection_set_http_mode (gst_rtsp_client_get_connection (client), TRUE);
  g_socket_set_option (self->socket, IPPROTO_TCP, TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS, NULL);
  g_socket_set_option (self->socket, SOL_SOCKET, SO_SNDBUF, TCP_SEND_BUFFER_BYTES, NULL);
  g_socket_set_keepalive (self->socket, TRUE);
  guint source_id = gst_rtsp_client_attach (client, context);
  self->reader = potoo_restream_reader_new (client, self->socket, context, source_id,
                                            potoo_restream_auth_must_wait);
}
