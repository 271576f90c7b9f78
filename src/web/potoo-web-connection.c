/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Connections are ended by shutting the socket down, never by closing it under
 * libsoup, whose own sources then see the end of the stream and clean up. A sweep
 * once a second, while there are connections, finds those whose time is up.
 *
 * Each connection carries one request. libsoup 3.2 leaks connections that the
 * client closes while they are idle between requests; keep-alive comes back with
 * a connection layer of our own.
 */

#include "web/potoo-web-connection.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/potoo-clock.h"

#define SWEEP_SECONDS 1
#define LAST_WORDS_US (10 * G_USEC_PER_SEC)
#define LINGER_US (1 * G_USEC_PER_SEC)
#define LINGER_BYTES (1024 * 1024)
#define STREAM_BUFFER_BYTES (64 * 1024)

struct _PotooWebPool
{
  GMainContext *context;
  PotooWebMetrics *metrics;
  GHashTable *connections; /* set of PotooWebConnection, not owned */
  guint n_streaming;
  GSource *sweep;
  GSourceFunc empty_func;
  gpointer empty_data;
};

struct _PotooWebConnection
{
  PotooWebPool *pool;
  GSocket *socket;
  GSocketAddress *remote;
  gint64 deadline_us; /* monotonic; POTOO_WEB_NO_TIMEOUT: none */
  gboolean unix_socket;
  gboolean local;
  gboolean streaming;
  GSource *hang_up; /* (nullable): waits for the client to close its end */
  GSourceOnceFunc hang_up_func;
  gpointer hang_up_data;
  gpointer request; /* not owned */
  PotooWebExpireFunc expire;
  PotooWebConnection **link; /* the request's pointer to this */
  GIOStream *lingering;      /* owned: stolen from libsoup, said all there is to say */
  GSource *drain;
  gsize drained;
};

static G_DEFINE_QUARK (potoo - web - connection, potoo_web_connection);

PotooWebPool *
potoo_web_pool_new (GMainContext *context, PotooWebMetrics *metrics)
{
  PotooWebPool *pool = g_new0 (PotooWebPool, 1);

  pool->context = context;
  pool->metrics = metrics;
  pool->connections = g_hash_table_new (NULL, NULL);
  return pool;
}

static void
pool_stop_sweep (PotooWebPool *pool)
{
  if (pool->sweep == NULL)
    return;
  g_source_destroy (pool->sweep);
  g_clear_pointer (&pool->sweep, g_source_unref);
}

void
potoo_web_pool_free (PotooWebPool *pool)
{
  g_warn_if_fail (g_hash_table_size (pool->connections) == 0);
  pool_stop_sweep (pool);
  g_hash_table_unref (pool->connections);
  g_free (pool);
}

guint
potoo_web_pool_get_n (PotooWebPool *pool)
{
  return g_hash_table_size (pool->connections);
}

void
potoo_web_pool_set_empty_func (PotooWebPool *pool, GSourceFunc func, gpointer user_data)
{
  pool->empty_func = func;
  pool->empty_data = user_data;
}

void
potoo_web_connection_cut (PotooWebConnection *connection)
{
  g_socket_shutdown (connection->socket, TRUE, TRUE, NULL);
}

/* Freeing the last reference of a stream changes the set: work on a copy. */
static GPtrArray *
pool_copy (PotooWebPool *pool)
{
  GPtrArray *copy = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, pool->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    g_ptr_array_add (copy, connection);
  return copy;
}

static void
connection_stop_drain (PotooWebConnection *connection)
{
  if (connection->drain == NULL)
    return;
  g_source_destroy (connection->drain);
  g_clear_pointer (&connection->drain, g_source_unref);
}

/* Frees the record too, through on_stream_gone(). */
static void
connection_end_linger (PotooWebConnection *connection)
{
  connection_stop_drain (connection);
  g_clear_object (&connection->lingering);
}

static void
connection_expire (PotooWebConnection *connection)
{
  if (connection->lingering != NULL)
    {
      connection_end_linger (connection);
      return;
    }
  potoo_web_metrics_reject (connection->pool->metrics, POTOO_WEB_REJECT_TIMEOUT);
  potoo_web_connection_set_timeout (connection, LAST_WORDS_US);
  if (connection->request == NULL || !connection->expire (connection->request))
    potoo_web_connection_cut (connection);
}

/* Streams that stand still need no sweep. */
static gboolean
pool_has_deadline (PotooWebPool *pool)
{
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, pool->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    if (((PotooWebConnection *) connection)->deadline_us != POTOO_WEB_NO_TIMEOUT)
      return TRUE;
  return FALSE;
}

static gboolean
sweep (gpointer user_data)
{
  PotooWebPool *pool = user_data;
  g_autoptr (GPtrArray) copy = pool_copy (pool);
  gint64 now_us = potoo_clock_mono_us ();

  for (guint i = 0; i < copy->len; i++)
    {
      PotooWebConnection *connection = copy->pdata[i];
      if (g_hash_table_contains (pool->connections, connection) &&
          connection->deadline_us <= now_us)
        connection_expire (connection);
    }
  if (!pool_has_deadline (pool))
    pool_stop_sweep (pool);
  return G_SOURCE_CONTINUE;
}

void
potoo_web_pool_cut_idle (PotooWebPool *pool)
{
  g_autoptr (GPtrArray) copy = pool_copy (pool);

  for (guint i = 0; i < copy->len; i++)
    {
      PotooWebConnection *connection = copy->pdata[i];
      if (connection->request == NULL && connection->lingering == NULL)
        potoo_web_connection_cut (connection);
    }
}

void
potoo_web_pool_cut_all (PotooWebPool *pool)
{
  g_autoptr (GPtrArray) copy = pool_copy (pool);

  for (guint i = 0; i < copy->len; i++)
    {
      PotooWebConnection *connection = copy->pdata[i];
      potoo_web_connection_cut (connection);
      if (connection->lingering != NULL)
        connection_end_linger (connection);
    }
}

static void
on_stream_gone (gpointer user_data, GObject *stream)
{
  PotooWebConnection *connection = user_data;
  PotooWebPool *pool = connection->pool;

  connection_stop_drain (connection);
  potoo_web_connection_unwatch_hang_up (connection);
  if (connection->link != NULL)
    *connection->link = NULL;
  if (connection->streaming)
    pool->n_streaming--;
  g_hash_table_remove (pool->connections, connection);
  potoo_metric_set (pool->metrics->connections, g_hash_table_size (pool->connections));
  g_object_set_qdata (G_OBJECT (connection->remote), potoo_web_connection_quark (), NULL);
  g_object_unref (connection->remote);
  g_object_unref (connection->socket);
  g_free (connection);
  if (g_hash_table_size (pool->connections) > 0)
    return;
  pool_stop_sweep (pool);
  if (pool->empty_func != NULL)
    pool->empty_func (pool->empty_data);
}

static void
pool_start_sweep (PotooWebPool *pool)
{
  if (pool->sweep != NULL)
    return;
  pool->sweep = g_timeout_source_new_seconds (SWEEP_SECONDS);
  g_source_set_callback (pool->sweep, sweep, pool, NULL);
  g_source_attach (pool->sweep, pool->context);
}

static gboolean
is_loopback (GSocketAddress *address)
{
  return G_IS_INET_SOCKET_ADDRESS (address) &&
         g_inet_address_get_is_loopback (
             g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

PotooWebConnection *
potoo_web_pool_add (PotooWebPool *pool,
                    GSocketConnection *stream,
                    GSocketAddress *remote,
                    gboolean unix_socket)
{
  if (g_hash_table_size (pool->connections) - pool->n_streaming >= POTOO_WEB_MAX_CONNECTIONS)
    {
      potoo_web_metrics_reject (pool->metrics, POTOO_WEB_REJECT_CONNECTIONS);
      return NULL;
    }
  PotooWebConnection *connection = g_new0 (PotooWebConnection, 1);
  connection->pool = pool;
  connection->socket = g_object_ref (g_socket_connection_get_socket (stream));
  connection->remote = g_object_ref (remote);
  connection->unix_socket = unix_socket;
  connection->local = unix_socket || is_loopback (remote);
  if (!unix_socket)
    g_socket_set_option (connection->socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_object_set_qdata (G_OBJECT (remote), potoo_web_connection_quark (), connection);
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, connection);
  g_hash_table_add (pool->connections, connection);
  potoo_metric_add (pool->metrics->connections_total, 1);
  potoo_metric_set (pool->metrics->connections, g_hash_table_size (pool->connections));
  potoo_web_connection_set_timeout (connection, POTOO_WEB_READ_TIMEOUT_US);
  return connection;
}

PotooWebConnection *
potoo_web_connection_find (GSocketAddress *remote)
{
  return g_object_get_qdata (G_OBJECT (remote), potoo_web_connection_quark ());
}

gboolean
potoo_web_connection_is_unix (PotooWebConnection *connection)
{
  return connection->unix_socket;
}

gboolean
potoo_web_connection_is_local (PotooWebConnection *connection)
{
  return connection->local;
}

void
potoo_web_connection_set_request (PotooWebConnection *connection,
                                  gpointer request,
                                  PotooWebExpireFunc expire,
                                  PotooWebConnection **link)
{
  connection->request = request;
  connection->link = link;
  connection->expire = expire;
}

void
potoo_web_connection_set_timeout (PotooWebConnection *connection, gint64 timeout_us)
{
  connection->deadline_us = POTOO_WEB_NO_TIMEOUT;
  if (timeout_us == POTOO_WEB_NO_TIMEOUT)
    return;
  connection->deadline_us = potoo_clock_mono_us () + timeout_us;
  pool_start_sweep (connection->pool);
}

void
potoo_web_connection_set_streaming (PotooWebConnection *connection)
{
  if (connection->streaming)
    return;
  connection->streaming = TRUE;
  connection->pool->n_streaming++;
  g_socket_set_option (connection->socket, SOL_SOCKET, SO_SNDBUF, STREAM_BUFFER_BYTES, NULL);
}

/* --- clients that leave --- */

void
potoo_web_connection_unwatch_hang_up (PotooWebConnection *connection)
{
  if (connection->hang_up == NULL)
    return;
  g_source_destroy (connection->hang_up);
  g_clear_pointer (&connection->hang_up, g_source_unref);
}

/* Something can be read: the end, or what nobody asked for, which would stay there. */
static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  PotooWebConnection *connection = user_data;
  char byte;
  ssize_t n = recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  potoo_web_connection_unwatch_hang_up (connection);
  if (n <= 0)
    connection->hang_up_func (connection->hang_up_data);
  return G_SOURCE_REMOVE;
}

void
potoo_web_connection_watch_hang_up (PotooWebConnection *connection,
                                    GSourceOnceFunc func,
                                    gpointer user_data)
{
  potoo_web_connection_unwatch_hang_up (connection);
  connection->hang_up_func = func;
  connection->hang_up_data = user_data;
  connection->hang_up = g_socket_create_source (connection->socket, G_IO_IN | G_IO_HUP | G_IO_ERR,
                                                NULL);
  g_source_set_callback (connection->hang_up, G_SOURCE_FUNC (on_readable), connection, NULL);
  g_source_attach (connection->hang_up, connection->pool->context);
}

/* Reading on until the client is done keeps the kernel from resetting the
 * connection, which could cost the client the answer. */
static gboolean
drain (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  PotooWebConnection *connection = user_data;
  char waste[16384];
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_receive_with_blocking (socket, waste, sizeof waste, FALSE, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  connection->drained += n > 0 ? (gsize) n : 0;
  if (n > 0 && connection->drained < LINGER_BYTES)
    return G_SOURCE_CONTINUE;
  connection_end_linger (connection);
  return G_SOURCE_REMOVE;
}

void
potoo_web_connection_send_last (PotooWebConnection *connection, GIOStream *stream, const char *text)
{
  /* A fresh connection's buffer takes this little whole. */
  g_socket_send_with_blocking (connection->socket, text, strlen (text), FALSE, NULL, NULL);
  g_socket_shutdown (connection->socket, FALSE, TRUE, NULL);
  connection->lingering = stream;
  potoo_web_connection_set_timeout (connection, LINGER_US);
  connection->drain = g_socket_create_source (connection->socket, G_IO_IN, NULL);
  g_source_set_callback (connection->drain, G_SOURCE_FUNC (drain), connection, NULL);
  g_source_attach (connection->drain, connection->pool->context);
}
