/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Subscribers of `/api/v1/changes`, over real sockets: who comes, who comes back, who
 * is slow, who leaves. */

#include <string.h>
#include <sys/socket.h>

#include "base/potoo-metrics.h"
#include "web-rig.h"
#include "web/potoo-web-event-feed.h"

#define TARGET "/api/v1/changes"

static GSocket *
subscribe (WebRig *rig, const char *last_event_id)
{
  GSocket *socket = web_dial_tcp (rig);
  g_autofree char *field = last_event_id != NULL
                               ? g_strdup_printf ("Last-Event-ID: %s\r\n", last_event_id)
                               : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("GET " TARGET " HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n",
                                           field);

  g_assert_true (web_say (socket, text));
  return socket;
}

/* Reads until @end has come. */
static void
hear_until (GSocket *socket, GString *text, const char *end)
{
  char buffer[4096];

  while (strstr (text->str, end) == NULL)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      g_string_append_len (text, buffer, n);
    }
}

/* The answer's head and what a stream begins with. */
static GString *
hear_first (GSocket *socket)
{
  GString *text = g_string_new (NULL);

  hear_until (socket, text, "\r\n\r\n");
  g_assert_cmpuint (web_status_of (text->str), ==, 200);
  hear_until (socket, text, "retry: ");
  hear_until (socket, text, "\n\n");
  return text;
}

static void
publish (WebRig *rig, int n, gsize padding)
{
  JsonObject *object = json_object_new ();
  g_autofree char *text = g_strnfill (padding, 'x');

  json_object_set_string_member (object, "padding", text);
  json_object_set_int_member (object, "n", n);
  potoo_web_change_log_publish (rig->context.changes, "test", object);
}

static char *
end_of (int n)
{
  return g_strdup_printf ("\"n\":%d}\n\n", n);
}

static char *
id_of (WebRig *rig, guint64 place)
{
  return potoo_web_change_log_make_id (rig->context.changes, place);
}

/* The events in @text are @first, @first + 1, …; returns the last. */
static int
assert_in_order (const char *text, int first)
{
  int n = first - 1;

  for (const char *at = text; (at = strstr (at, "\"n\":")) != NULL; at++)
    g_assert_cmpint (atoi (at + 4), ==, ++n);
  return n;
}

/* --- plain --- */

static void
test_follow (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = subscribe (rig, NULL);
  g_autoptr (GString) text = hear_first (socket);
  g_autofree char *id = id_of (rig, 0);
  g_autofree char *first = g_strdup_printf ("retry: 2000\nid: %s\n\n", id);
  g_autofree char *last = end_of (100);

  web_assert_header (text->str, "Content-Type", "text/event-stream");
  web_assert_header (text->str, "Cache-Control", "no-store");
  web_assert_header (text->str, "Content-Length", NULL);
  g_assert_cmpstr (web_body_of (text->str), ==, first);
  web_await_metric ("potoo_changes_subscribers 1\n");
  for (int i = 1; i <= 100; i++)
    publish (rig, i, 100);
  hear_until (socket, text, last);
  g_assert_cmpint (assert_in_order (text->str, 1), ==, 100);
}

static void
test_head (WebRig *rig, gconstpointer data)
{
  g_autofree char *answer = web_ask (rig, "HEAD", TARGET, "", "");

  g_assert_cmpuint (web_status_of (answer), ==, 200);
  web_assert_header (answer, "Content-Type", "text/event-stream");
  g_assert_cmpstr (web_body_of (answer), ==, "");
  web_await_metric ("potoo_changes_subscribers 0\n");
}

static void
test_old_client (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  g_autoptr (GString) text = g_string_new (NULL);

  web_say (socket, "GET " TARGET " HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
  hear_until (socket, text, "retry: 2000\n");
  publish (rig, 1, 0);
  hear_until (socket, text, "\"n\":1}\n\n");
}

/* The state that GET gives is at least as new as an event that was received. */
static void
test_same_as_get (WebRig *rig, gconstpointer data)
{
  PotooSegment *segment = web_fakes_add_segment (1, "a", 1, 2);
  g_autoptr (GSocket) socket = subscribe (rig, NULL);
  g_autoptr (GString) text = hear_first (socket);
  g_autofree char *answer = web_get (rig, "/api/v1/segments/0000000000000001");
  g_autofree char *event = g_strdup_printf ("event: segment\ndata: %s\n\n", web_body_of (answer));

  potoo_web_change_log_segment (rig->context.changes, segment);
  hear_until (socket, text, event);

  web_fakes_add_gap (1, "a", 1, 0);
  g_autofree char *gaps = web_get (rig, "/api/v1/cameras/a/gaps");
  potoo_web_change_log_gap (rig->context.changes, web_fakes.gaps->pdata[0]);
  hear_until (socket, text, "event: gap\n");
  hear_until (socket, text, "\"disconnected\"}\n\n");
  const char *gap = strstr (text->str, "event: gap\ndata: ") + strlen ("event: gap\ndata: ");
  g_autofree char *object = g_strndup (gap, strcspn (gap, "\n"));
  g_assert_nonnull (strstr (gaps, object));

  potoo_web_change_log_gap_removed (rig->context.changes, 1);
  potoo_web_change_log_segment_removed (rig->context.changes, 1);
  potoo_web_change_log_camera_removed (rig->context.changes, "a");
  hear_until (socket, text, "event: gap-removed\ndata: {\"id\":\"0000000000000001\"}\n\n");
  hear_until (socket, text, "event: segment-removed\ndata: {\"id\":\"0000000000000001\"}\n\n");
  hear_until (socket, text, "event: camera-removed\ndata: {\"id\":\"a\"}\n\n");
}

/* --- coming back --- */

static void
test_resume (WebRig *rig, gconstpointer data)
{
  for (int i = 1; i <= 10; i++)
    publish (rig, i, 0);
  for (guint64 place = 0; place <= 10; place++)
    {
      g_autofree char *id = id_of (rig, place);
      g_autoptr (GSocket) socket = subscribe (rig, id);
      g_autoptr (GString) text = hear_first (socket);
      if (place < 10)
        hear_until (socket, text, "\"n\":10}\n\n");
      g_assert_cmpint (assert_in_order (text->str, (int) place + 1), ==, 10);
      g_assert_null (strstr (text->str, "reset"));
    }
  web_await_metric ("potoo_changes_resets_total 0\n");
}

static void
assert_reset (WebRig *rig, const char *last_event_id)
{
  g_autoptr (GSocket) socket = subscribe (rig, last_event_id);
  g_autoptr (GString) text = hear_first (socket);
  guint64 end = potoo_web_change_log_get_end (rig->context.changes);
  g_autofree char *id = id_of (rig, end);
  g_autofree char *first = g_strdup_printf ("retry: 2000\nid: %s\nevent: reset\ndata: {}\n\n", id);

  g_assert_cmpstr (web_body_of (text->str), ==, first);
  publish (rig, 7, 0);
  hear_until (socket, text, "\"n\":7}\n\n");
}

static void
test_unknown_ids (WebRig *rig, gconstpointer data)
{
  g_autofree char *future = id_of (rig, 1000);
  g_autofree char *twice = g_strdup_printf ("%s\r\nLast-Event-ID: x", future);
  g_autofree char *huge = g_strnfill (4000, '1');
  const char *const ids[] = {
    "",     "1",      "0123456789abcdef-1", future, twice, huge, "\xff\xfe\x80", "*/*",
    "x; y", "{\"a\"", "%00%0a%0d",
  };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    assert_reset (rig, ids[i]);
  g_autofree char *metric = g_strdup_printf ("potoo_changes_resets_total %u\n",
                                             (guint) G_N_ELEMENTS (ids));
  web_await_metric (metric);
  web_assert_healthy (rig);
}

static void
test_overrun (WebRig *rig, gconstpointer data)
{
  g_autofree char *id = NULL;

  publish (rig, 1, 0);
  id = id_of (rig, 1);
  for (int i = 0; i <= POTOO_WEB_CHANGE_LOG_EVENTS; i++)
    publish (rig, i, 0);
  assert_reset (rig, id);
}

/* --- many, slow and leaving ones --- */

static void
test_limit (WebRig *rig, gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < POTOO_WEB_MAX_SUBSCRIBERS; i++)
    {
      g_ptr_array_add (sockets, subscribe (rig, NULL));
      g_string_free (hear_first (sockets->pdata[i]), TRUE);
    }
  g_autofree char *answer = web_get (rig, TARGET);
  web_assert_problem (answer, 503, "busy", NULL, NULL);
  web_assert_header (answer, "Retry-After", "2");
  web_await_metric ("potoo_changes_refused_subscribers_total 1\n");

  publish (rig, 1, 0);
  for (guint i = 0; i < sockets->len; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      hear_until (sockets->pdata[i], text, "\"n\":1}\n\n");
    }
  /* One that leaves makes room at once. */
  g_ptr_array_remove_index (sockets, 10);
  web_await_metric ("potoo_changes_subscribers 63\n");
  g_autoptr (GSocket) another = subscribe (rig, NULL);
  g_string_free (hear_first (another), TRUE);
}

/* The limits of requests and connections are for those that end. */
static void
test_limits_apart (WebRig *rig, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n";
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < POTOO_WEB_MAX_SUBSCRIBERS; i++)
    {
      g_ptr_array_add (sockets, subscribe (rig, NULL));
      g_string_free (hear_first (sockets->pdata[i]), TRUE);
    }
  for (int i = 0; i < 127; i++)
    {
      g_ptr_array_add (sockets, web_dial_tcp (rig));
      web_say (g_ptr_array_index (sockets, sockets->len - 1), head);
    }
  web_await_metric ("potoo_http_requests_in_flight 191\n");
  web_assert_healthy (rig);
  for (int i = 127; i < 255; i++) /* idle connections */
    g_ptr_array_add (sockets, web_dial_tcp (rig));
  web_await_metric ("potoo_http_connections 319\n");
  web_assert_healthy (rig);
  g_ptr_array_set_size (sockets, 0);
  web_await_metric ("potoo_changes_subscribers 0\n");
  web_await_metric ("potoo_http_requests_in_flight 0\n");
}

static void
test_leaving (WebRig *rig, gconstpointer data)
{
  for (int round = 0; round < 3; round++)
    {
      g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
      for (int i = 0; i < 20; i++)
        g_ptr_array_add (sockets, subscribe (rig, NULL));
      web_await_metric ("potoo_changes_subscribers 20\n");
      for (guint i = 0; i < 10; i++) /* reset instead of a clean end */
        g_socket_set_option (sockets->pdata[i], SOL_SOCKET, SO_LINGER, 1, NULL);
      g_ptr_array_set_size (sockets, 0);
      web_await_metric ("potoo_changes_subscribers 0\n");
      web_await_metric ("potoo_http_requests_in_flight 0\n");
      web_await_metric ("potoo_http_connections 0\n");
    }
}

/* What comes unasked is not read, and found to be gone when something is written. */
static void
test_talking (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = subscribe (rig, NULL);
  g_autoptr (GString) text = hear_first (socket);

  web_say (socket, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  publish (rig, 1, 0);
  hear_until (socket, text, "\"n\":1}\n\n");
  g_clear_object (&socket);
  for (int i = 0; i < 3; i++)
    {
      publish (rig, 2, 0);
      g_usleep (50000);
    }
  web_await_metric ("potoo_changes_subscribers 0\n");
  web_await_metric ("potoo_http_connections 0\n");
}

/* Loses its place while it does not read, is disconnected, and disturbs nobody. */
static void
test_slow (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) slow = web_dial_tcp (rig);
  g_autoptr (GSocket) quick = subscribe (rig, NULL);
  g_autoptr (GString) quick_text = hear_first (quick);
  int n = 0;

  g_socket_set_option (slow, SOL_SOCKET, SO_RCVBUF, 65536, NULL);
  web_say (slow, "GET " TARGET " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  web_await_metric ("potoo_changes_subscribers 2\n");
  while (n < 1500)
    {
      for (int i = 0; i < 100; i++)
        publish (rig, ++n, 2000);
      g_autofree char *end = end_of (n);
      hear_until (quick, quick_text, end);
      g_assert_cmpint (assert_in_order (quick_text->str, n - 99), ==, n);
      g_string_truncate (quick_text, 0);
    }
  g_autoptr (GString) slow_text = web_hear (slow);
  int last = assert_in_order (slow_text->str, 1);
  g_assert_cmpint (last, >, 1);
  g_assert_cmpint (last, <, 1500);
  web_await_metric ("potoo_changes_dropped_subscribers_total 1\n");
  web_await_metric ("potoo_changes_subscribers 1\n");

  /* It comes back with the last id it has. */
  g_autofree char *id = id_of (rig, (guint64) last);
  assert_reset (rig, id);
}

/* --- the end --- */

static void
test_stop (WebRig *rig, gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocket) stuck = web_dial_tcp (rig);

  g_socket_set_option (stuck, SOL_SOCKET, SO_RCVBUF, 4096, NULL);
  web_say (stuck, "GET " TARGET " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  web_await_metric ("potoo_changes_subscribers 1\n");
  for (int i = 0; i < 300; i++)
    publish (rig, i, 2000);
  for (int i = 0; i < 60; i++)
    g_ptr_array_add (sockets, subscribe (rig, NULL));
  web_await_metric ("potoo_changes_subscribers 61\n");
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_web_server_stop (rig->server, 300 * 1000);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, <, POTOO_SECOND_US);
  for (guint i = 0; i < sockets->len; i++)
    {
      g_autoptr (GString) text = web_hear (sockets->pdata[i]);
      g_assert_cmpuint (web_status_of (text->str), ==, 200);
    }
}

/* Those that wait for events do not hold up the stop at all. */
static void
test_stop_at_once (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = subscribe (rig, NULL);

  g_string_free (hear_first (socket), TRUE);
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_web_server_stop (rig->server, 5 * POTOO_SECOND_US);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, <, POTOO_SECOND_US);
}

static void
add (const char *name, void (*func) (WebRig *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/web-changes/%s", name);
  g_test_add (path, WebRig, NULL, web_set_up, func, web_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("follow", test_follow);
  add ("head", test_head);
  add ("old-client", test_old_client);
  add ("same-as-get", test_same_as_get);
  add ("resume", test_resume);
  add ("unknown-ids", test_unknown_ids);
  add ("overrun", test_overrun);
  add ("limit", test_limit);
  add ("limits-apart", test_limits_apart);
  add ("leaving", test_leaving);
  add ("talking", test_talking);
  add ("slow", test_slow);
  add ("stop", test_stop);
  add ("stop-at-once", test_stop_at_once);
  return g_test_run ();
}
