/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "restream/potoo-restream-clients.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"

/* A connection that plays nothing may be silent for so long … */
#define SILENCE_US (15 * POTOO_SECOND_US)
/* … and send so much: requests are a few hundred bytes. */
#define MAX_BYTES_BEFORE_PLAY (256 * 1024)
/* A viewer sends reports and signs of life, some hundred bytes a second. */
#define MAX_BYTES_WHILE_PLAYING (256 * 1024)
#define MAX_BYTES_A_SECOND (4 * 1024)
#define MAX_USER_AGENT_BYTES 128
/* Younger ones do not give way: they may be about to ask. */
#define GIVES_WAY_AFTER_US (POTOO_SECOND_US / 2)

typedef struct
{
  guint64 id;
  GSocket *socket;
  char *address;
  guint16 port;
  gboolean is_loopback;
  char *user_agent;
  gint64 since_wall_us;
  gint64 since_us;
  gint64 last_request_us;
  gboolean ended;          /* its socket was shut down */
  PotooRestreamFeed *feed; /* (nullable): of what it plays */
  gboolean udp;
} Client;

struct _PotooRestreamClients
{
  GMutex lock;         /* protects what follows */
  GHashTable *clients; /* &id → Client */
  guint64 last_id;

  PotooMetric *n_clients;
  PotooMetric *n_playing;
  PotooMetric *connections;
  PotooMetric *refused;
  PotooMetric *accept_errors;
  PotooMetric *timed_out;
  PotooMetric *kicked;
};

/* --- snapshots --- */

void
potoo_restream_client_info_free (PotooRestreamClientInfo *info)
{
  g_free (info->address);
  g_free (info->user_agent);
  g_free (info->camera);
  g_free (info);
}

static PotooRestreamClientInfo *
describe (const Client *client)
{
  PotooRestreamClientInfo *info = g_new0 (PotooRestreamClientInfo, 1);

  info->id = client->id;
  info->address = g_strdup (client->address);
  info->port = client->port;
  info->user_agent = g_strdup (client->user_agent);
  info->since_wall_us = client->since_wall_us;
  if (client->feed == NULL)
    return info;
  info->camera = g_strdup (potoo_restream_feed_get_camera (client->feed));
  info->stream = g_intern_string (potoo_restream_feed_get_stream (client->feed));
  info->transport = client->udp ? "udp" : "tcp";
  info->bytes = potoo_restream_feed_get_bytes (client->feed);
  return info;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const PotooRestreamClientInfo *left = *(const PotooRestreamClientInfo *const *) a;
  const PotooRestreamClientInfo *right = *(const PotooRestreamClientInfo *const *) b;
  return left->id < right->id ? -1 : left->id > right->id;
}

GPtrArray *
potoo_restream_clients_list (PotooRestreamClients *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (
      (GDestroyNotify) potoo_restream_client_info_free);
  GHashTableIter iter;
  gpointer client;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, NULL, &client))
    g_ptr_array_add (list, describe (client));
  g_mutex_unlock (&self->lock);
  g_ptr_array_sort (list, compare_ids);
  return list;
}

/* --- life --- */

static void
client_free (Client *client)
{
  g_object_unref (client->socket);
  g_clear_pointer (&client->feed, potoo_restream_feed_unref);
  g_free (client->address);
  g_free (client->user_agent);
  g_free (client);
}

PotooRestreamClients *
potoo_restream_clients_new (void)
{
  PotooRestreamClients *self = g_new0 (PotooRestreamClients, 1);

  g_mutex_init (&self->lock);
  self->clients = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                         (GDestroyNotify) client_free);
  self->n_clients = potoo_metric_new_gauge ("potoo_restream_clients", "RTSP connections.", NULL);
  self->n_playing = potoo_metric_new_gauge ("potoo_restream_viewers",
                                            "RTSP connections that play a stream.", NULL);
  self->connections = potoo_metric_new_counter ("potoo_restream_connections_total",
                                                "RTSP connections taken.", NULL);
  self->refused = potoo_metric_new_counter ("potoo_restream_refused_total",
                                            "RTSP connections refused: there are too many.", NULL);
  self->accept_errors = potoo_metric_new_counter ("potoo_restream_accept_errors_total",
                                                  "Failures to accept an RTSP connection.", NULL);
  self->timed_out = potoo_metric_new_counter (
      "potoo_restream_timed_out_total",
      "RTSP connections ended because they asked for nothing in time.", NULL);
  self->kicked = potoo_metric_new_counter ("potoo_restream_kicked_total",
                                           "RTSP connections ended on request.", NULL);
  return self;
}

void
potoo_restream_clients_free (PotooRestreamClients *self)
{
  g_hash_table_unref (self->clients);
  potoo_metric_unref (self->n_clients);
  potoo_metric_unref (self->n_playing);
  potoo_metric_unref (self->connections);
  potoo_metric_unref (self->refused);
  potoo_metric_unref (self->accept_errors);
  potoo_metric_unref (self->timed_out);
  potoo_metric_unref (self->kicked);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- under the lock --- */

static Client *
find (PotooRestreamClients *self, guint64 id)
{
  return g_hash_table_lookup (self->clients, &id);
}

static void
publish (PotooRestreamClients *self)
{
  GHashTableIter iter;
  gpointer value;
  guint n_playing = 0;

  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n_playing += ((Client *) value)->feed != NULL;
  potoo_metric_set (self->n_clients, g_hash_table_size (self->clients));
  potoo_metric_set (self->n_playing, n_playing);
}

/* FALSE when that was done before. */
static gboolean
shut_down (Client *client)
{
  if (client->ended)
    return FALSE;
  client->ended = TRUE;
  g_socket_shutdown (client->socket, TRUE, TRUE, NULL);
  return TRUE;
}

static guint
count_address (PotooRestreamClients *self, const char *address)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += g_str_equal (((Client *) value)->address, address);
  return n;
}

static Client *
find_idle (PotooRestreamClients *self, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value;
  Client *oldest = NULL;

  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Client *client = value;
      if (client->feed != NULL || client->ended || now_us - client->since_us < GIVES_WAY_AFTER_US)
        continue;
      if (oldest == NULL || client->id < oldest->id)
        oldest = client;
    }
  return oldest;
}

/* Room for one more. The one that gives way is still there for a moment. */
static gboolean
make_room (PotooRestreamClients *self, gint64 now_us)
{
  if (g_hash_table_size (self->clients) < POTOO_RESTREAM_MAX_CLIENTS)
    return TRUE;
  Client *idle = find_idle (self, now_us);
  if (idle == NULL)
    return FALSE;
  potoo_metric_add (self->timed_out, 1);
  shut_down (idle);
  return g_hash_table_size (self->clients) < 2 * POTOO_RESTREAM_MAX_CLIENTS;
}

static Client *
client_new (GSocket *socket, GInetAddress *address, guint16 port, gint64 now_us)
{
  Client *client = g_new0 (Client, 1);

  client->socket = g_object_ref (socket);
  client->address = g_inet_address_to_string (address);
  client->port = port;
  client->is_loopback = g_inet_address_get_is_loopback (address);
  client->since_wall_us = potoo_clock_wall_us ();
  client->since_us = now_us;
  client->last_request_us = now_us;
  return client;
}

/* --- any thread --- */

guint64
potoo_restream_clients_admit (PotooRestreamClients *self,
                              GSocket *socket,
                              GInetAddress *address,
                              guint16 port)
{
  gint64 now_us = potoo_clock_mono_us ();
  Client *client = client_new (socket, address, port, now_us);
  guint64 id = 0;

  g_mutex_lock (&self->lock);
  gboolean fair = client->is_loopback ||
                  count_address (self, client->address) < POTOO_RESTREAM_MAX_CLIENTS_PER_ADDRESS;
  if (fair && make_room (self, now_us))
    {
      id = client->id = ++self->last_id;
      g_hash_table_insert (self->clients, &client->id, client);
      client = NULL;
      potoo_metric_add (self->connections, 1);
      publish (self);
    }
  else
    potoo_metric_add (self->refused, 1);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&client, client_free);
  return id;
}

void
potoo_restream_clients_remove (PotooRestreamClients *self, guint64 id)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->clients, &id);
  publish (self);
  g_mutex_unlock (&self->lock);
}

void
potoo_restream_clients_note_request (PotooRestreamClients *self, guint64 id, const char *user_agent)
{
  g_mutex_lock (&self->lock);
  Client *client = find (self, id);
  if (client != NULL)
    client->last_request_us = potoo_clock_mono_us ();
  if (client != NULL && user_agent != NULL && client->user_agent == NULL)
    client->user_agent = g_utf8_make_valid (user_agent,
                                            (gssize) strnlen (user_agent, MAX_USER_AGENT_BYTES));
  g_mutex_unlock (&self->lock);
}

void
potoo_restream_clients_note_play (PotooRestreamClients *self,
                                  guint64 id,
                                  PotooRestreamFeed *feed,
                                  gboolean udp)
{
  PotooRestreamFeed *before = NULL;

  g_mutex_lock (&self->lock);
  Client *client = find (self, id);
  if (client != NULL)
    {
      before = client->feed;
      client->feed = potoo_restream_feed_ref (feed);
      client->udp = udp;
      publish (self);
    }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&before, potoo_restream_feed_unref);
}

static guint64
get_bytes_received (GSocket *socket)
{
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  if (getsockopt (g_socket_get_fd (socket), IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
    return 0;
  return info.tcpi_bytes_received;
}

static gboolean
is_nuisance (const Client *client, gint64 now_us)
{
  guint64 received = get_bytes_received (client->socket);

  if (client->feed == NULL)
    return now_us - client->last_request_us > SILENCE_US || received > MAX_BYTES_BEFORE_PLAY;
  return received >
         MAX_BYTES_WHILE_PLAYING +
             (guint64) ((now_us - client->since_us) / POTOO_SECOND_US) * MAX_BYTES_A_SECOND;
}

void
potoo_restream_clients_note_accept_error (PotooRestreamClients *self)
{
  potoo_metric_add (self->accept_errors, 1);
}

void
potoo_restream_clients_sweep (PotooRestreamClients *self, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Client *client = value;
      if (is_nuisance (client, now_us) && shut_down (client))
        potoo_metric_add (self->timed_out, 1);
    }
  g_mutex_unlock (&self->lock);
}

gboolean
potoo_restream_clients_kick (PotooRestreamClients *self, guint64 id)
{
  g_mutex_lock (&self->lock);
  Client *client = find (self, id);
  if (client != NULL && shut_down (client))
    potoo_metric_add (self->kicked, 1);
  g_mutex_unlock (&self->lock);
  return client != NULL;
}

/* @camera: (nullable): all of them */
static guint
kick_matching (PotooRestreamClients *self, const char *camera)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Client *client = value;
      const char *watched = client->feed != NULL ? potoo_restream_feed_get_camera (client->feed)
                                                 : NULL;
      if (camera == NULL || g_strcmp0 (watched, camera) == 0)
        n += shut_down (client) ? 1 : 0;
    }
  potoo_metric_add (self->kicked, n);
  g_mutex_unlock (&self->lock);
  return n;
}

guint
potoo_restream_clients_kick_camera (PotooRestreamClients *self, const char *camera)
{
  return kick_matching (self, camera);
}

guint
potoo_restream_clients_kick_all (PotooRestreamClients *self)
{
  return kick_matching (self, NULL);
}

guint
potoo_restream_clients_get_n (PotooRestreamClients *self)
{
  g_mutex_lock (&self->lock);
  guint n = g_hash_table_size (self->clients);
  g_mutex_unlock (&self->lock);
  return n;
}
