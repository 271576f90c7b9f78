/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * When sending fails, gst-rtsp-server closes the client from an idle source that holds no
 * reference to it. So a client whose connection ended stays for a moment, and goes only when
 * no idle source is left to run, however busy the thread is.
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
  PotooRestreamClients *clients;
  PotooRestreamThreads *threads;
  GstRTSPAddressPool *udp_addresses;
  GstRTSPSessionPool *sessions;
  GstRTSPMountPoints *mounts;
  PotooRestreamAuth *auth;
  GQueue lingering; /* GSource that holds a client, oldest first */
};

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

  g_source_set_priority (source, G_PRIORITY_LOW);
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

void
potoo_restream_rtsp_add_address (PotooRestreamRtsp *self, const char *host)
{
  gst_rtsp_address_pool_add_range (self->udp_addresses, host, host, UDP_MIN_PORT, UDP_MAX_PORT, 0);
}

static GstRTSPClient *
make_client (PotooRestreamRtsp *self, guint64 id, GSocket *socket)
{
  GstRTSPClient *client = GST_RTSP_CLIENT (potoo_restream_client_new (self->clients, id, socket));

  gst_rtsp_client_set_session_pool (client, self->sessions);
  gst_rtsp_client_set_mount_points (client, self->mounts);
  gst_rtsp_client_set_auth (client, GST_RTSP_AUTH (self->auth));
  gst_rtsp_client_set_thread_pool (client, GST_RTSP_THREAD_POOL (self->threads));
  g_signal_connect (client, "closed", G_CALLBACK (on_closed), self);
  return client;
}

void
potoo_restream_rtsp_take (PotooRestreamRtsp *self, GSocket *socket)
{
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (socket, NULL);
  GstRTSPConnection *connection;

  if (!G_IS_INET_SOCKET_ADDRESS (remote))
    return; /* gone already */
  GInetAddress *address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote));
  guint16 port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (remote));
  g_autofree char *host = g_inet_address_to_string (address);

  guint64 id = potoo_restream_clients_admit (self->clients, socket, address, port);
  if (id == 0)
    return;
  /* It leaves the table of connections when it is freed. */
  g_autoptr (GstRTSPClient) client = make_client (self, id, socket);
  if (gst_rtsp_connection_create_from_socket (socket, host, port, NULL, &connection) != GST_RTSP_OK)
    return;
  if (gst_rtsp_client_set_connection (client, connection))
    potoo_restream_client_start (POTOO_RESTREAM_CLIENT (client),
                                 g_main_context_get_thread_default ());
  else
    gst_rtsp_connection_free (connection);
}

void
potoo_restream_rtsp_sweep (PotooRestreamRtsp *self)
{
  release_lingering (self, FALSE);
  gst_rtsp_session_pool_cleanup (self->sessions);
  potoo_restream_clients_sweep (self->clients, potoo_clock_mono_us ());
}

void
potoo_restream_rtsp_stop (PotooRestreamRtsp *self)
{
  release_lingering (self, TRUE);
  potoo_restream_threads_stop (self->threads);
}

PotooRestreamRtsp *
potoo_restream_rtsp_new (PotooRestreamClients *clients,
                         PotooRestreamLookupFunc lookup,
                         gpointer user_data)
{
  PotooRestreamRtsp *self = g_new0 (PotooRestreamRtsp, 1);

  self->clients = clients;
  self->threads = potoo_restream_threads_new ();
  self->udp_addresses = gst_rtsp_address_pool_new ();
  self->sessions = gst_rtsp_session_pool_new ();
  self->mounts = gst_rtsp_mount_points_new ();
  self->auth = potoo_restream_auth_new (lookup, user_data, self->mounts, self->udp_addresses,
                                        clients,
                                        potoo_restream_threads_get_media_context (self->threads));
  gst_rtsp_session_pool_set_max_sessions (self->sessions, MAX_SESSIONS);
  return self;
}

void
potoo_restream_rtsp_free (PotooRestreamRtsp *self)
{
  potoo_restream_rtsp_stop (self);
  g_object_unref (self->auth);
  g_object_unref (self->mounts);
  g_object_unref (self->sessions);
  g_object_unref (self->udp_addresses);
  g_object_unref (self->threads);
  g_free (self);
}
