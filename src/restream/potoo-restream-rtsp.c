/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * When sending fails, gst-rtsp-server closes the client from an idle source that holds no
 * reference to it. So a client whose connection ended stays for a moment.
 */

#include "restream/potoo-restream-rtsp.h"

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "restream/potoo-restream-auth.h"
#include "restream/potoo-restream-client.h"
#include "restream/potoo-restream-threads.h"

#define LINGER_MS 100
#define MAX_SESSIONS (4 * POTOO_RESTREAM_MAX_CLIENTS)
/* UDP stays where TCP listens, below the ports that the kernel gives to others. */
#define UDP_MIN_PORT 20000
#define UDP_MAX_PORT 29999

struct _PotooRestreamRtsp
{
  GstRTSPServer parent_instance;
  PotooRestreamClients *clients;
  PotooRestreamThreads *threads;
  GstRTSPAddressPool *udp_addresses;
  GQueue lingering; /* GSource that holds a client, oldest first */
  /* Of the connection that is handed over. */
  guint64 next_id;
  GSocket *next_socket;
};

G_DEFINE_FINAL_TYPE (PotooRestreamRtsp, potoo_restream_rtsp, GST_TYPE_RTSP_SERVER)

static GstRTSPClient *
potoo_restream_rtsp_create_client (GstRTSPServer *server)
{
  PotooRestreamRtsp *self = POTOO_RESTREAM_RTSP (server);
  GstRTSPClient *client = GST_RTSP_CLIENT (
      potoo_restream_client_new (self->clients, self->next_id, self->next_socket));
  g_autoptr (GstRTSPSessionPool) sessions = gst_rtsp_server_get_session_pool (server);
  g_autoptr (GstRTSPMountPoints) mounts = gst_rtsp_server_get_mount_points (server);
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_server_get_auth (server);

  gst_rtsp_client_set_session_pool (client, sessions);
  gst_rtsp_client_set_mount_points (client, mounts);
  gst_rtsp_client_set_auth (client, auth);
  gst_rtsp_client_set_thread_pool (client, GST_RTSP_THREAD_POOL (self->threads));
  return client;
}

static gboolean
release (gpointer client)
{
  return G_SOURCE_REMOVE;
}

static void
on_closed (GstRTSPClient *client, gpointer user_data)
{
  PotooRestreamRtsp *self = user_data;
  g_autoptr (GSource) source = g_timeout_source_new (LINGER_MS);

  g_source_set_callback (source, release, g_object_ref (client), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_queue_push_tail (&self->lingering, g_steal_pointer (&source));
}

/* @all: those too that are still to stay. */
static void
release_lingering (PotooRestreamRtsp *self, gboolean all)
{
  GSource *oldest;

  while ((oldest = g_queue_peek_head (&self->lingering)) != NULL &&
         (all || g_source_is_destroyed (oldest)))
    {
      g_source_destroy (oldest);
      g_source_unref (g_queue_pop_head (&self->lingering));
    }
}

static void
potoo_restream_rtsp_client_connected (GstRTSPServer *server, GstRTSPClient *client)
{
  potoo_restream_client_set_up (POTOO_RESTREAM_CLIENT (client));
  g_signal_connect (client, "closed", G_CALLBACK (on_closed), server);
}

void
potoo_restream_rtsp_add_address (PotooRestreamRtsp *self, const char *host)
{
  gst_rtsp_address_pool_add_range (self->udp_addresses, host, host, UDP_MIN_PORT, UDP_MAX_PORT, 0);
}

void
potoo_restream_rtsp_take (PotooRestreamRtsp *self, GSocket *socket)
{
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (socket, NULL);

  if (!G_IS_INET_SOCKET_ADDRESS (remote))
    return; /* gone already */
  GInetAddress *address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote));
  guint16 port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (remote));
  g_autofree char *host = g_inet_address_to_string (address);

  self->next_id = potoo_restream_clients_admit (self->clients, socket, address, port);
  if (self->next_id == 0)
    return;
  self->next_socket = socket;
  /* It takes a reference of its own to the socket. */
  if (!gst_rtsp_server_transfer_connection (GST_RTSP_SERVER (self), g_object_ref (socket), host,
                                            port, NULL))
    potoo_restream_clients_remove (self->clients, self->next_id);
  self->next_socket = NULL;
}

void
potoo_restream_rtsp_sweep (PotooRestreamRtsp *self)
{
  g_autoptr (GstRTSPSessionPool)
      sessions = gst_rtsp_server_get_session_pool (GST_RTSP_SERVER (self));
  gint64 now_us = potoo_clock_mono_us ();

  release_lingering (self, FALSE);
  gst_rtsp_session_pool_cleanup (sessions);
  potoo_restream_clients_sweep (self->clients, now_us);
}

void
potoo_restream_rtsp_stop (PotooRestreamRtsp *self)
{
  release_lingering (self, TRUE);
  potoo_restream_threads_stop (self->threads);
}

static void
potoo_restream_rtsp_finalize (GObject *object)
{
  PotooRestreamRtsp *self = POTOO_RESTREAM_RTSP (object);

  potoo_restream_rtsp_stop (self);
  G_OBJECT_CLASS (potoo_restream_rtsp_parent_class)->finalize (object);
  g_object_unref (self->threads);
  g_object_unref (self->udp_addresses);
}

static void
potoo_restream_rtsp_class_init (PotooRestreamRtspClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_restream_rtsp_finalize;
  GST_RTSP_SERVER_CLASS (klass)->create_client = potoo_restream_rtsp_create_client;
  GST_RTSP_SERVER_CLASS (klass)->client_connected = potoo_restream_rtsp_client_connected;
}

static void
potoo_restream_rtsp_init (PotooRestreamRtsp *self)
{
  self->threads = potoo_restream_threads_new ();
  self->udp_addresses = gst_rtsp_address_pool_new ();
  gst_rtsp_server_set_thread_pool (GST_RTSP_SERVER (self), GST_RTSP_THREAD_POOL (self->threads));
}

PotooRestreamRtsp *
potoo_restream_rtsp_new (PotooRestreamClients *clients,
                         PotooRestreamLookupFunc lookup,
                         gpointer user_data)
{
  PotooRestreamRtsp *self = g_object_new (POTOO_TYPE_RESTREAM_RTSP, NULL);
  GstRTSPServer *server = GST_RTSP_SERVER (self);
  GMainContext *feeds = potoo_restream_threads_get_media_context (self->threads);
  g_autoptr (GstRTSPMountPoints) mounts = gst_rtsp_server_get_mount_points (server);
  g_autoptr (GstRTSPSessionPool) sessions = gst_rtsp_server_get_session_pool (server);
  g_autoptr (PotooRestreamAuth) auth = potoo_restream_auth_new (
      lookup, user_data, mounts, self->udp_addresses, clients, feeds);

  self->clients = clients;
  gst_rtsp_server_set_auth (server, GST_RTSP_AUTH (auth));
  gst_rtsp_session_pool_set_max_sessions (sessions, MAX_SESSIONS);
  return self;
}
