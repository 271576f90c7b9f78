/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Why not the client itself. gst-rtsp-server 1.22 never frees an RTP packet that a viewer
 * sends in a session that plays (gst_rtsp_stream_recv_rtp() and
 * gst_rtsp_stream_transport_recv_data(), when there is no receiving part), and its client
 * hands all that it reads to them, in functions that cannot be overridden. So it only
 * sends: the source by which its watch reads is taken out, and a watch of ours, on a second
 * GstRTSPConnection on the same socket, reads. That the source's callback data is the watch, by
 * which it is found, is checked for each connection.
 *
 * Life: new() → reading ⇄ holding a request → stop() → free(). A watch and a timer each hold a
 * reference to the client, which owns the reader.
 */

#include "restream/potoo-restream-reader.h"

#include <sys/socket.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"

/* A camera's small stream begins after one or two seconds; players give up after five or more. */
#define MAX_HELD_US (5 * POTOO_SECOND_US)
#define HELD_POLL_MS 50
#define MAX_HELD 16

struct _PotooRestreamReader
{
  GstRTSPClient *client; /* not a reference */
  GSource *client_watch; /* not a reference; NULL once it is stopped */
  GSocket *socket;
  GMainContext *context;
  PotooRestreamWaitFunc must_wait;
  GstRTSPConnection *connection;
  GstRTSPWatch *watch;  /* while it reads */
  GSource *timer;       /* while it holds a request */
  GstRTSPMessage *held; /* as long */
  gint64 held_until_us;
};

static guint n_held; /* of all readers: they are in one thread */

/* --- what was read --- */

static gboolean
is_rtcp (GstRTSPClient *client, GstRTSPMessage *message)
{
  guint8 channel;

  if (gst_rtsp_message_parse_data (message, &channel) != GST_RTSP_OK)
    return FALSE;
  GstRTSPStreamTransport *stream = gst_rtsp_client_get_stream_transport (client, channel);
  const GstRTSPTransport *transport = stream != NULL
                                          ? gst_rtsp_stream_transport_get_transport (stream)
                                          : NULL;
  return transport != NULL && transport->interleaved.max == channel &&
         transport->interleaved.min != channel;
}

static void start_reading (PotooRestreamReader *self);

static void
stop_reading (PotooRestreamReader *self)
{
  if (self->watch == NULL)
    return;
  g_source_destroy ((GSource *) self->watch);
  g_clear_pointer (&self->watch, gst_rtsp_watch_unref);
}

static void
stop_holding (PotooRestreamReader *self)
{
  if (self->timer == NULL)
    return;
  n_held--;
  g_clear_pointer (&self->held, gst_rtsp_message_free);
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static gboolean
is_gone (PotooRestreamReader *self)
{
  char next;
  return recv (g_socket_get_fd (self->socket), &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* gst_rtsp_client_close() alone lets a streaming thread send by the watch that it has just taken
 * away. Without a way to send nobody holds the watch: it would end, and all media with it, under
 * the lock that streaming threads send with, and wait for them. */
static void
close_client (PotooRestreamReader *self)
{
  g_autoptr (GSource) watch = self->client_watch != NULL ? g_source_ref (self->client_watch) : NULL;

  gst_rtsp_client_set_send_messages_func (self->client, NULL, NULL, NULL);
  gst_rtsp_client_close (self->client);
}

/* Of a watch or timer. */
static void
release (gpointer user_data)
{
  PotooRestreamReader *self = user_data;
  g_object_unref (self->client);
}

static gboolean
on_held_timer (gpointer user_data)
{
  PotooRestreamReader *self = user_data;

  if (is_gone (self))
    {
      close_client (self);
      return G_SOURCE_REMOVE;
    }
  if (potoo_clock_mono_us () < self->held_until_us && self->must_wait (self->client, self->held))
    return G_SOURCE_CONTINUE;
  GstRTSPMessage *request = g_steal_pointer (&self->held);
  stop_holding (self);
  start_reading (self);
  gst_rtsp_client_handle_message (self->client, request);
  gst_rtsp_message_free (request);
  return G_SOURCE_REMOVE;
}

static gboolean
hold (PotooRestreamReader *self, const GstRTSPMessage *request)
{
  if (n_held >= MAX_HELD || gst_rtsp_message_copy (request, &self->held) != GST_RTSP_OK)
    return FALSE;
  n_held++;
  self->held_until_us = potoo_clock_mono_us () + MAX_HELD_US;
  g_object_ref (self->client);
  self->timer = g_timeout_source_new (HELD_POLL_MS);
  g_source_set_callback (self->timer, on_held_timer, self, release);
  g_source_attach (self->timer, self->context);
  stop_reading (self);
  return TRUE;
}

static GstRTSPResult
on_message (GstRTSPWatch *watch, GstRTSPMessage *message, gpointer user_data)
{
  PotooRestreamReader *self = user_data;

  if (self->client_watch == NULL ||
      (message->type == GST_RTSP_MESSAGE_DATA && !is_rtcp (self->client, message)))
    return GST_RTSP_OK;
  if (self->must_wait (self->client, message) && hold (self, message))
    return GST_RTSP_OK;
  return gst_rtsp_client_handle_message (self->client, message);
}

/* --- reading --- */

static GstRTSPResult
on_closed (GstRTSPWatch *watch, gpointer user_data)
{
  PotooRestreamReader *self = user_data;
  close_client (self);
  return GST_RTSP_OK;
}

static GstRTSPResult
on_error (GstRTSPWatch *watch, GstRTSPResult result, gpointer user_data)
{
  PotooRestreamReader *self = user_data;
  close_client (self);
  return GST_RTSP_OK;
}

/* @request: (nullable) */
static GstRTSPResult
on_bad_message (GstRTSPWatch *watch,
                GstRTSPResult result,
                GstRTSPMessage *request,
                guint id,
                gpointer user_data)
{
  PotooRestreamReader *self = user_data;
  GstRTSPMessage response = { 0 };
  GstRTSPStatusCode status = result == GST_RTSP_ENOMEM ? GST_RTSP_STS_REQUEST_ENTITY_TOO_LARGE
                                                       : GST_RTSP_STS_BAD_REQUEST;

  if (request == NULL || request->type != GST_RTSP_MESSAGE_REQUEST)
    return GST_RTSP_OK;
  gst_rtsp_message_init_response (&response, status, gst_rtsp_status_as_text (status), request);
  gst_rtsp_client_send_message (self->client, NULL, &response);
  return GST_RTSP_OK;
}

static void
start_reading (PotooRestreamReader *self)
{
  GstRTSPWatchFuncs funcs = { .message_received = on_message,
                              .closed = on_closed,
                              .error = on_error,
                              .error_full = on_bad_message };

  g_object_ref (self->client);
  self->watch = gst_rtsp_watch_new (self->connection, &funcs, self, release);
  gst_rtsp_watch_attach (self->watch, self->context);
}

/* --- life --- */

/* The client's watch, which reads no more. NULL when the client goes on reading by itself. */
static GSource *
take_over (GMainContext *context, guint source_id)
{
  GSource *watch = g_main_context_find_source_by_id (context, source_id);
  GSource *reading = watch != NULL ? g_main_context_find_source_by_user_data (context, watch)
                                   : NULL;

  if (reading == NULL)
    return NULL;
  g_source_remove_child_source (watch, reading);
  return watch;
}

PotooRestreamReader *
potoo_restream_reader_new (GstRTSPClient *client,
                           GSocket *socket,
                           GMainContext *context,
                           guint source_id,
                           PotooRestreamWaitFunc must_wait)
{
  GstRTSPConnection *connection;

  if (gst_rtsp_connection_create_from_socket (socket, "", 0, NULL, &connection) != GST_RTSP_OK)
    return NULL;
  GSource *client_watch = take_over (context, source_id);
  if (client_watch == NULL)
    {
      potoo_log_debug (NULL, "This version of gst-rtsp-server reads RTSP in another way");
      gst_rtsp_connection_free (connection);
      return NULL;
    }
  PotooRestreamReader *self = g_new0 (PotooRestreamReader, 1);
  self->client = client;
  self->client_watch = client_watch;
  self->socket = g_object_ref (socket);
  self->context = g_main_context_ref (context);
  self->must_wait = must_wait;
  self->connection = connection;
  /* HTTP is then ours to handle, and we do not. */
  gst_rtsp_connection_set_http_mode (connection, TRUE);
  gst_rtsp_connection_set_content_length_limit (connection,
                                                gst_rtsp_client_get_content_length_limit (client));
  start_reading (self);
  return self;
}

void
potoo_restream_reader_stop (PotooRestreamReader *self)
{
  self->client_watch = NULL;
  stop_holding (self);
  stop_reading (self);
}

void
potoo_restream_reader_free (PotooRestreamReader *self)
{
  potoo_restream_reader_stop (self);
  gst_rtsp_connection_free (self->connection);
  g_main_context_unref (self->context);
  g_object_unref (self->socket);
  g_free (self);
}
