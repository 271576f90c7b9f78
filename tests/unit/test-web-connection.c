/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-connection.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>

#include "base/potoo-clock.h"

typedef struct
{
  GMainContext *context;
  PotooWebMetrics *metrics;
  PotooWebPool *pool;
  GSocketConnection *stream;
  GSocketAddress *remote;
  PotooWebConnection *connection;
  GSocket *client;
  guint expired;
  gboolean answers;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fds[0], NULL);
  fixture->client = g_socket_new_from_fd (fds[1], NULL);
  g_socket_set_blocking (fixture->client, FALSE);
  fixture->stream = g_socket_connection_factory_create_connection (socket);
  fixture->remote = g_inet_socket_address_new_from_string ("127.0.0.1", 1);
  fixture->context = g_main_context_new ();
  fixture->metrics = potoo_web_metrics_new ();
  fixture->pool = potoo_web_pool_new (fixture->context, fixture->metrics);
  fixture->connection = potoo_web_pool_add (fixture->pool, fixture->stream, fixture->remote, FALSE);
  g_assert_true (potoo_web_connection_find (fixture->remote) == fixture->connection);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->stream);
  g_assert_cmpuint (potoo_web_pool_get_n (fixture->pool), ==, 0);
  g_assert_null (potoo_web_connection_find (fixture->remote));
  g_object_unref (fixture->remote);
  g_object_unref (fixture->client);
  potoo_web_pool_free (fixture->pool);
  potoo_web_metrics_free (fixture->metrics);
  g_main_context_unref (fixture->context);
}

static void
run (Fixture *fixture, gint64 duration_us)
{
  gint64 end_us = potoo_clock_mono_us () + duration_us;

  while (potoo_clock_mono_us () < end_us)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_usleep (10000);
    }
}

/* Sweeps come once a second, but on no fixed beat. */
static void
run_until_expired (Fixture *fixture, guint times)
{
  gint64 end_us = potoo_clock_mono_us () + 10 * POTOO_SECOND_US;
  while (fixture->expired < times && potoo_clock_mono_us () < end_us)
    run (fixture, 10000);
  g_assert_cmpuint (fixture->expired, ==, times);
}

/* Whether the other end has come to the end. */
static gboolean
is_cut (Fixture *fixture)
{
  char byte;
  return g_socket_receive (fixture->client, &byte, 1, NULL, NULL) == 0;
}

static gboolean
expire (gpointer data)
{
  Fixture *fixture = data;
  fixture->expired++;
  return fixture->answers;
}

static void
test_reading_too_slow (Fixture *fixture, gconstpointer data)
{
  potoo_web_connection_set_timeout (fixture->connection, 2 * POTOO_SECOND_US);
  run (fixture, POTOO_SECOND_US / 2);
  g_assert_false (is_cut (fixture));
  run (fixture, 3 * POTOO_SECOND_US);
  g_assert_true (is_cut (fixture));
  g_assert_cmpint (potoo_metric_get (fixture->metrics->rejected[POTOO_WEB_REJECT_TIMEOUT]), ==, 1);
}

static void
test_command_too_slow (Fixture *fixture, gconstpointer data)
{
  PotooWebConnection *link = fixture->connection;

  fixture->answers = TRUE;
  potoo_web_connection_set_request (fixture->connection, fixture, expire, &link);
  potoo_web_connection_set_timeout (fixture->connection, 0);
  run_until_expired (fixture, 1);
  g_assert_false (is_cut (fixture));
  /* The answer does not get away either. */
  fixture->answers = FALSE;
  potoo_web_connection_set_timeout (fixture->connection, 0);
  run_until_expired (fixture, 2);
  g_assert_true (is_cut (fixture));
  g_clear_object (&fixture->stream);
  g_assert_null (link);
}

static void
test_cut_idle (Fixture *fixture, gconstpointer data)
{
  potoo_web_connection_set_request (fixture->connection, fixture, expire, NULL);
  potoo_web_pool_cut_idle (fixture->pool);
  g_assert_false (is_cut (fixture));
  potoo_web_connection_set_request (fixture->connection, NULL, NULL, NULL);
  potoo_web_pool_cut_idle (fixture->pool);
  g_assert_true (is_cut (fixture));
}

static void
test_last_words (Fixture *fixture, gconstpointer data)
{
  char text[16] = "";

  potoo_web_connection_send_last (fixture->connection,
                                  G_IO_STREAM (g_steal_pointer (&fixture->stream)), "so long");
  g_assert_cmpint (g_socket_receive (fixture->client, text, sizeof text, NULL, NULL), ==, 7);
  g_assert_cmpstr (text, ==, "so long");
  g_assert_true (is_cut (fixture));
  /* What the client still says is read, for a while. */
  g_assert_cmpint (g_socket_send (fixture->client, "more", 4, NULL, NULL), ==, 4);
  run (fixture, 100000);
  g_assert_cmpuint (potoo_web_pool_get_n (fixture->pool), ==, 1);
  run (fixture, 3 * POTOO_SECOND_US);
  g_assert_cmpuint (potoo_web_pool_get_n (fixture->pool), ==, 0);
}

static void
test_last_words_heard (Fixture *fixture, gconstpointer data)
{
  potoo_web_connection_send_last (fixture->connection,
                                  G_IO_STREAM (g_steal_pointer (&fixture->stream)), "so long");
  g_socket_shutdown (fixture->client, FALSE, TRUE, NULL);
  run (fixture, 100000);
  g_assert_cmpuint (potoo_web_pool_get_n (fixture->pool), ==, 0);
}

static void
add (const char *name, void (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/web-connection/%s", name);
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("reading-too-slow", test_reading_too_slow);
  add ("command-too-slow", test_command_too_slow);
  add ("cut-idle", test_cut_idle);
  add ("last-words", test_last_words);
  add ("last-words-heard", test_last_words_heard);
  return g_test_run ();
}
