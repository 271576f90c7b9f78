/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"
#include "restream/potoo-restream-clients.h"
#include "restream/potoo-restream-listener.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK "127.0.0.1"
#define ELSEWHERE "192.0.2.7"
#define GIVES_WAY_AFTER_US (POTOO_SECOND_US / 2)

typedef struct
{
  PotooRestreamClients *clients;
  GPtrArray *sockets; /* both ends of each, ours first */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->clients = potoo_restream_clients_new ();
  fixture->sockets = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_ptr_array_unref (fixture->sockets);
  potoo_restream_clients_free (fixture->clients);
}

static guint64
admit (Fixture *fixture, const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (fixture->sockets, g_socket_new_from_fd (ends[i], NULL));
  return potoo_restream_clients_admit (
      fixture->clients, fixture->sockets->pdata[fixture->sockets->len - 2], address, 4242);
}

/* Whether the connection number @n that was asked for was shut down. */
static gboolean
is_shut_down (Fixture *fixture, guint n)
{
  GSocket *far = fixture->sockets->pdata[2 * n + 1];
  return (g_socket_condition_check (far, G_IO_IN | G_IO_HUP) & G_IO_HUP) != 0;
}

static void
test_list (Fixture *fixture, gconstpointer data)
{
  guint64 first = admit (fixture, LOOPBACK);
  guint64 second = admit (fixture, ELSEWHERE);

  potoo_restream_clients_note_request (fixture->clients, second, "Player/1 \xff");
  potoo_restream_clients_note_request (fixture->clients, second, "Other");
  potoo_restream_clients_note_request (fixture->clients, 99, "Nobody");
  g_autoptr (GPtrArray) list = potoo_restream_clients_list (fixture->clients);
  g_assert_cmpuint (list->len, ==, 2);
  PotooRestreamClientInfo *info = list->pdata[0];
  g_assert_cmpuint (info->id, ==, first);
  g_assert_cmpstr (info->address, ==, LOOPBACK);
  g_assert_null (info->user_agent);
  info = list->pdata[1];
  g_assert_cmpuint (info->id, ==, second);
  g_assert_cmpstr (info->address, ==, ELSEWHERE);
  g_assert_cmpuint (info->port, ==, 4242);
  g_assert_cmpstr (info->user_agent, ==, "Player/1 \xef\xbf\xbd");
  g_assert_null (info->camera);
  g_assert_null (info->transport);
  g_assert_cmpint (info->since_wall_us, >, 0);

  potoo_restream_clients_remove (fixture->clients, first);
  potoo_restream_clients_remove (fixture->clients, first);
  g_assert_cmpuint (potoo_restream_clients_get_n (fixture->clients), ==, 1);
  /* A snapshot outlives what it shows. */
  g_assert_cmpstr (((PotooRestreamClientInfo *) list->pdata[0])->address, ==, LOOPBACK);
}

static void
test_long_user_agent (Fixture *fixture, gconstpointer data)
{
  guint64 id = admit (fixture, LOOPBACK);
  g_autofree char *text = g_strnfill (100000, 'x');

  potoo_restream_clients_note_request (fixture->clients, id, text);
  g_autoptr (GPtrArray) list = potoo_restream_clients_list (fixture->clients);
  g_assert_cmpuint (strlen (((PotooRestreamClientInfo *) list->pdata[0])->user_agent), <=, 128);
}

static void
test_kick (Fixture *fixture, gconstpointer data)
{
  guint64 id = admit (fixture, LOOPBACK);

  admit (fixture, LOOPBACK);
  g_assert_false (potoo_restream_clients_kick (fixture->clients, id + 77));
  g_assert_cmpuint (potoo_restream_clients_kick_camera (fixture->clients, "front"), ==, 0);
  g_assert_false (is_shut_down (fixture, 0));
  g_assert_true (potoo_restream_clients_kick (fixture->clients, id));
  g_assert_true (is_shut_down (fixture, 0));
  g_assert_false (is_shut_down (fixture, 1));
  /* It counts until its connection was taken apart. */
  g_assert_cmpuint (potoo_restream_clients_get_n (fixture->clients), ==, 2);
  g_assert_cmpuint (potoo_restream_clients_kick_all (fixture->clients), ==, 1);
  g_assert_true (is_shut_down (fixture, 1));
}

static void
test_too_many (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < POTOO_RESTREAM_MAX_CLIENTS; i++)
    g_assert_cmpuint (admit (fixture, LOOPBACK), >, 0);
  /* All are young: they may be about to ask. */
  g_assert_cmpuint (admit (fixture, LOOPBACK), ==, 0);
  g_usleep (GIVES_WAY_AFTER_US);
  g_assert_cmpuint (admit (fixture, LOOPBACK), >, 0);
  g_assert_true (is_shut_down (fixture, 0));
  g_assert_false (is_shut_down (fixture, 1));
  /* However slowly those go that gave way. */
  guint n = 0;
  while (admit (fixture, LOOPBACK) != 0)
    g_assert_cmpuint (++n, <, 2 * POTOO_RESTREAM_MAX_CLIENTS);
  g_assert_cmpuint (potoo_restream_clients_get_n (fixture->clients), <=,
                    2 * POTOO_RESTREAM_MAX_CLIENTS);
}

static void
test_too_many_from_one_address (Fixture *fixture, gconstpointer data)
{
  guint64 last = 0;

  for (guint i = 0; i < POTOO_RESTREAM_MAX_CLIENTS_PER_ADDRESS; i++)
    g_assert_cmpuint (last = admit (fixture, ELSEWHERE), >, 0);
  g_assert_cmpuint (admit (fixture, ELSEWHERE), ==, 0);
  g_assert_cmpuint (admit (fixture, "192.0.2.8"), >, 0);
  potoo_restream_clients_remove (fixture->clients, last);
  g_assert_cmpuint (admit (fixture, ELSEWHERE), >, last);
}

static void
test_silence (Fixture *fixture, gconstpointer data)
{
  gint64 now_us = potoo_clock_mono_us ();

  admit (fixture, LOOPBACK);
  potoo_restream_clients_sweep (fixture->clients, now_us + 14 * POTOO_SECOND_US);
  g_assert_false (is_shut_down (fixture, 0));
  potoo_restream_clients_sweep (fixture->clients, now_us + 16 * POTOO_SECOND_US);
  g_assert_true (is_shut_down (fixture, 0));
}

/* --- accepting --- */

typedef struct
{
  PotooRestreamClients *clients;
  guint accepted, failed;
} Accepting;

static void
on_accepted (GSocket *socket, gpointer user_data)
{
  Accepting *accepting = user_data;

  if (socket != NULL)
    accepting->accepted++;
  else
    {
      accepting->failed++;
      potoo_restream_clients_note_accept_error (accepting->clients);
    }
}

static gboolean
has_accept_error (void)
{
  g_autofree char *page = potoo_metrics_render ();
  return strstr (page, "potoo_restream_accept_errors_total 1\n") != NULL;
}

/* Out of file descriptors for a while: that is told, and it goes on afterwards. */
static void
test_descriptors_gone (Fixture *fixture, gconstpointer data)
{
  const PotooListen listen = { .host = (char *) LOOPBACK };
  Accepting accepting = { .clients = fixture->clients };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (PotooRestreamListener) listener = potoo_restream_listener_new (&listen, NULL);
  g_autofree char *url = g_strconcat ("rtsp://", potoo_restream_listener_get_name (listener), NULL);
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string (LOOPBACK, (guint) g_uri_get_port (uri));
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  struct rlimit before, none;
  int lowest = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  close (lowest);
  g_assert_true (g_socket_connect (socket, address, NULL, NULL));
  potoo_restream_listener_attach (listener, context, on_accepted, &accepting);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  none = (struct rlimit){ (rlim_t) lowest, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  while (accepting.failed == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_assert_cmpuint (accepting.accepted, ==, 0);
  g_assert_true (has_accept_error ());
  while (accepting.accepted == 0)
    g_main_context_iteration (context, TRUE);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/restream-clients/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("list", test_list);
  ADD ("long-user-agent", test_long_user_agent);
  ADD ("kick", test_kick);
  ADD ("too-many", test_too_many);
  ADD ("too-many-from-one-address", test_too_many_from_one_address);
  ADD ("silence", test_silence);
  ADD ("descriptors-gone", test_descriptors_gone);
  return g_test_run ();
}
