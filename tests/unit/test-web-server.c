/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The server over real sockets, from well-behaved to hostile. Each client is a blocking
 * socket in this thread with a time-out; the server has its own thread.
 */

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "base/potoo-metrics.h"
#include "web-fakes.h"
#include "web/potoo-web-server.h"

#define CLIENT_TIMEOUT_S 10
#define STOP_US (2 * POTOO_SECOND_US)

typedef struct
{
  char *dir;
  char *socket_path;
  PotooConfig *config;
  PotooWebContext context;
  PotooWebServer *server;
  guint16 port;
} Fixture;

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->server = potoo_web_server_new (fixture->config, &fixture->context, &error);
  g_assert_no_error (error);
  g_autofree char *url = potoo_web_server_get_url (fixture->server);
  g_assert_true (g_str_has_prefix (url, "http://127.0.0.1:"));
  fixture->port = (guint16) atoi (strrchr (url, ':') + 1);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->dir = g_dir_make_tmp ("potoo-web-XXXXXX", NULL);
  fixture->socket_path = g_build_filename (fixture->dir, "http.sock", NULL);
  g_autofree char *path = g_build_filename (fixture->dir, "potoo.conf", NULL);
  g_autofree char *text = g_strdup_printf ("[http]\nlisten=127.0.0.1:0;unix:%s\n",
                                           fixture->socket_path);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  fixture->config = potoo_config_load (path, fixture->dir, &error);
  g_assert_no_error (error);
  g_unlink (path);
  web_fakes_init (&fixture->context);
  web_fakes.media_path = g_build_filename (fixture->dir, "media.mp4", NULL);
  start (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->server != NULL)
    {
      potoo_web_server_stop (fixture->server, STOP_US);
      g_assert_finalize_object (fixture->server);
    }
  g_assert_false (g_file_test (fixture->socket_path, G_FILE_TEST_EXISTS));
  potoo_config_unref (fixture->config);
  g_unlink (web_fakes.media_path);
  web_fakes_clear (&fixture->context);
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
  g_free (fixture->socket_path);
}

/* --- client --- */

static GSocket *
dial (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_socket_set_timeout (socket, CLIENT_TIMEOUT_S);
  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  return socket;
}

static GSocket *
dial_tcp (Fixture *fixture)
{
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string ("127.0.0.1", fixture->port);
  return dial (address);
}

static gboolean
say_some (GSocket *socket, const char *text, gsize length)
{
  for (gsize sent = 0; sent < length;)
    {
      gssize n = g_socket_send (socket, text + sent, length - sent, NULL, NULL);
      if (n <= 0)
        return FALSE;
      sent += (gsize) n;
    }
  return TRUE;
}

static gboolean
say (GSocket *socket, const char *text)
{
  return say_some (socket, text, strlen (text));
}

/* All that comes until the server closes; fails when it does not. */
static GString *
hear (GSocket *socket)
{
  GString *text = g_string_new (NULL);
  char buffer[65536];
  gssize n;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      n = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);
      g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
      if (n <= 0)
        return text;
      g_string_append_len (text, buffer, n);
    }
}

static GString *
ask_raw (Fixture *fixture, const char *text)
{
  g_autoptr (GSocket) socket = dial_tcp (fixture);

  say (socket, text);
  return hear (socket);
}

/* @headers: more of them, each with CRLF. */
static char *
ask (Fixture *fixture,
     const char *method,
     const char *target,
     const char *headers,
     const char *body)
{
  g_autofree char *text = g_strdup_printf (
      "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%sContent-Length: %zu\r\n\r\n%s", method, target,
      fixture->port, headers, strlen (body), body);
  return g_string_free (ask_raw (fixture, text), FALSE);
}

static char *
ask_json (Fixture *fixture, const char *method, const char *target, const char *body)
{
  return ask (fixture, method, target, "Content-Type: application/json\r\n", body);
}

static char *
get (Fixture *fixture, const char *target)
{
  return ask (fixture, "GET", target, "", "");
}

static guint
status_of (const char *answer)
{
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 "));
  return (guint) atoi (answer + 9);
}

static const char *
body_of (const char *answer)
{
  const char *end = strstr (answer, "\r\n\r\n");
  g_assert_nonnull (end);
  return end + 4;
}

static char *
header_of (const char *answer, const char *name)
{
  g_autofree char *head = g_strndup (answer, (gsize) (body_of (answer) - answer));
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);

  for (char **line = lines; *line != NULL; line++)
    if (g_ascii_strncasecmp (*line, name, strlen (name)) == 0 && (*line)[strlen (name)] == ':')
      return g_strdup (g_strstrip (*line + strlen (name) + 1));
  return NULL;
}

#define assert_header(answer, name, value)                                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *field_ = header_of (answer, name);                                            \
    g_assert_cmpstr (field_, ==, value);                                                           \
  }                                                                                                \
  G_STMT_END

static JsonObject *
json_of (const char *answer, JsonNode **node)
{
  g_autoptr (GError) error = NULL;
  const char *body = body_of (answer);

  *node = potoo_json_parse (body, strlen (body), &error);
  g_assert_no_error (error);
  return json_node_get_object (*node);
}

static void
assert_problem (const char *answer,
                guint status,
                const char *id,
                const char *member,
                const char *value)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *type = g_strdup_printf ("urn:potoo:error:%s", id);

  g_assert_cmpuint (status_of (answer), ==, status);
  assert_header (answer, "Content-Type", "application/problem+json");
  JsonObject *problem = json_of (answer, &node);
  g_assert_cmpstr (json_object_get_string_member (problem, "type"), ==, type);
  g_assert_cmpuint (json_object_get_int_member (problem, "status"), ==, status);
  g_assert_cmpstr (json_object_get_string_member (problem, "detail"), !=, "");
  if (member != NULL)
    g_assert_cmpstr (json_object_get_string_member_with_default (problem, member, "(none)"), ==,
                     value);
}

static void
assert_healthy (Fixture *fixture)
{
  g_autofree char *answer = get (fixture, "/healthz");
  g_assert_cmpuint (status_of (answer), ==, 200);
}

/* Waits for @text in the metrics page. */
static void
await_metric (const char *text)
{
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *page = potoo_metrics_render ();
      if (strstr (page, text) != NULL)
        return;
      g_usleep (10000);
    }
  g_error ("no metric %s", text);
}

/* --- plain service --- */

static void
test_health (Fixture *fixture, gconstpointer data)
{
  g_autofree char *health = get (fixture, "/healthz");
  g_autofree char *unready = get (fixture, "/readyz");

  g_assert_cmpuint (status_of (health), ==, 200);
  g_assert_cmpstr (body_of (health), ==, "ok\n");
  assert_header (health, "Server", "Potoo");
  assert_header (health, "X-Content-Type-Options", "nosniff");
  assert_header (health, "Referrer-Policy", "no-referrer");
  assert_header (health, "Cross-Origin-Resource-Policy", "same-origin");
  assert_header (health, "Cache-Control", "no-store");
  g_assert_cmpuint (status_of (unready), ==, 503);
  assert_header (unready, "Retry-After", "1");
  potoo_web_server_set_ready (fixture->server, TRUE);
  g_autofree char *ready = get (fixture, "/readyz");
  g_assert_cmpuint (status_of (ready), ==, 200);
  g_autofree char *metrics = get (fixture, "/metrics");
  g_assert_cmpuint (status_of (metrics), ==, 200);
  g_assert_nonnull (
      strstr (metrics, "potoo_http_requests_total{route=\"/healthz\",status=\"2xx\"} 1\n"));
}

static void
test_head (Fixture *fixture, gconstpointer data)
{
  g_autofree char *answer = ask (fixture, "HEAD", "/healthz", "", "");

  g_assert_cmpuint (status_of (answer), ==, 200);
  g_assert_cmpstr (body_of (answer), ==, "");
  assert_header (answer, "Content-Length", "3");
}

static void
test_system (Fixture *fixture, gconstpointer data)
{
  g_autofree char *answer = get (fixture, "/api/v1/system");
  g_autofree char *storage = get (fixture, "/api/v1/storage");
  g_autoptr (JsonNode) node = NULL, storage_node = NULL;
  JsonObject *system = json_of (answer, &node);

  g_assert_cmpuint (status_of (answer), ==, 200);
  assert_header (answer, "Content-Type", "application/json");
  g_assert_cmpstr (json_object_get_string_member (system, "version"), ==, PACKAGE_VERSION);
  g_assert_true (json_object_get_null_member (system, "catalog_error"));
  JsonArray *items = json_object_get_array_member (json_of (storage, &storage_node), "items");
  g_assert_cmpint (
      json_object_get_int_member (json_array_get_object_element (items, 0), "total_bytes"), ==,
      G_MAXINT64);
  web_fakes.catalog_fails = TRUE;
  g_autofree char *failing = get (fixture, "/api/v1/system");
  g_assert_nonnull (strstr (failing, "disk I/O error"));
  g_autofree char *segments = get (fixture, "/api/v1/segments");
  assert_problem (segments, 500, "io", NULL, NULL);
}

static void
test_cameras (Fixture *fixture, gconstpointer data)
{
  g_autofree char *created = ask_json (
      fixture, "POST", "/api/v1/cameras",
      "{\"name\":\"Front Door\",\"url\":\"rtsp://u:secret@192.0.2.1/main\"}");
  g_autoptr (JsonNode) node = NULL;

  g_assert_cmpuint (status_of (created), ==, 201);
  assert_header (created, "Location", "/api/v1/cameras/front-door");
  assert_header (created, "ETag", "\"v1\"");
  g_assert_null (strstr (created, "secret"));
  JsonObject *camera = json_of (created, &node);
  g_assert_cmpstr (json_object_get_string_member (camera, "id"), ==, "front-door");
  JsonObject *status = json_object_get_object_member (camera, "status");
  g_assert_cmpstr (json_object_get_string_member (status, "state"), ==, "connecting");
  g_assert_true (json_object_get_null_member (status, "retry_at"));

  g_autofree char *again = ask_json (fixture, "POST", "/api/v1/cameras",
                                     "{\"name\":\"Front Door\",\"url\":\"rtsp://a/b\"}");
  assert_problem (again, 409, "exists", NULL, NULL);
  g_autofree char *got = get (fixture, "/api/v1/cameras/front-door");
  g_assert_cmpuint (status_of (got), ==, 200);

  g_autofree char *stale = ask (
      fixture, "PATCH", "/api/v1/cameras/front-door",
      "Content-Type: application/merge-patch+json\r\nIf-Match: \"v9\"\r\n", "{\"name\":\"x\"}");
  assert_problem (stale, 412, "precondition-failed", NULL, NULL);
  g_autofree char *patched = ask (
      fixture, "PATCH", "/api/v1/cameras/front-door",
      "Content-Type: application/merge-patch+json\r\nIf-Match: \"v1\"\r\n", "{\"name\":\"x\"}");
  g_assert_cmpuint (status_of (patched), ==, 200);
  assert_header (patched, "ETag", "\"v2\"");
  g_autofree char *bad = ask_json (fixture, "PATCH", "/api/v1/cameras/front-door",
                                   "{\"record\":\"sometimes\"}");
  assert_problem (bad, 400, "invalid-argument", "pointer", "/record");

  g_autofree char *unsupported = ask (fixture, "DELETE",
                                      "/api/v1/cameras/front-door?recordings=delete", "", "");
  assert_problem (unsupported, 501, "unsupported", "parameter", "recordings");
  g_autofree char *removed = ask (fixture, "DELETE", "/api/v1/cameras/front-door", "", "");
  g_assert_cmpuint (status_of (removed), ==, 204);
  g_assert_cmpstr (body_of (removed), ==, "");
  g_autofree char *gone = get (fixture, "/api/v1/cameras/front-door");
  assert_problem (gone, 404, "not-found", NULL, NULL);
}

static void
test_camera_pages (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strdup ("/api/v1/cameras?limit=2");
  guint seen = 0, pages = 0;

  for (int i = 0; i < 5; i++)
    {
      g_autofree char *body = g_strdup_printf (
          "{\"id\":\"cam-%d\",\"url\":\"rtsp://192.0.2.1/%d\"}", i, i);
      g_autofree char *answer = ask_json (fixture, "POST", "/api/v1/cameras", body);
      g_assert_cmpuint (status_of (answer), ==, 201);
    }
  while (target != NULL)
    {
      g_autofree char *answer = get (fixture, target);
      g_autoptr (JsonNode) node = NULL;
      JsonObject *page = json_of (answer, &node);
      JsonArray *items = json_object_get_array_member (page, "items");
      for (guint i = 0; i < json_array_get_length (items); i++)
        {
          g_autofree char *id = g_strdup_printf ("cam-%u", seen++);
          g_assert_cmpstr (
              json_object_get_string_member (json_array_get_object_element (items, i), "id"), ==,
              id);
        }
      pages++;
      g_free (target);
      const char *next = json_object_get_null_member (page, "next")
                             ? NULL
                             : json_object_get_string_member (page, "next");
      target = next != NULL ? g_strdup_printf ("/api/v1/cameras?limit=2&cursor=%s", next) : NULL;
    }
  g_assert_cmpuint (seen, ==, 5);
  g_assert_cmpuint (pages, ==, 3);
  g_autofree char *forged = get (fixture, "/api/v1/cameras?cursor=abcd");
  assert_problem (forged, 400, "invalid-argument", "parameter", "cursor");
}

static void
test_segments (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strdup ("/api/v1/segments?limit=3&camera=a");
  guint seen = 0;

  for (int i = 1; i <= 7; i++)
    web_fakes_add_segment (i, i == 4 ? "b" : "a", i * 300 * POTOO_SECOND_US, 1000);
  while (target != NULL)
    {
      g_autofree char *answer = get (fixture, target);
      g_autoptr (JsonNode) node = NULL;
      JsonObject *page = json_of (answer, &node);
      seen += json_array_get_length (json_object_get_array_member (page, "items"));
      g_free (target);
      target = json_object_get_null_member (page, "next")
                   ? NULL
                   : g_strdup_printf ("/api/v1/segments?limit=3&camera=a&cursor=%s",
                                      json_object_get_string_member (page, "next"));
    }
  g_assert_cmpuint (seen, ==, 6);

  g_autofree char *one = get (fixture, "/api/v1/segments/0000000000000002");
  g_assert_nonnull (strstr (one, "\"start\":\"1970-01-01T00:10:00.000000Z\""));
  g_assert_nonnull (strstr (one, "\"duration\":300.000011,"));
  g_assert_nonnull (strstr (one, "\"media\":\"/api/v1/segments/0000000000000002/media.mp4\""));
  g_autofree char *none = get (fixture, "/api/v1/segments/0000000000000abc");
  assert_problem (none, 404, "not-found", NULL, NULL);
  g_autofree char *window = get (
      fixture, "/api/v1/segments?start=1970-01-01T00:10:00Z&end=1970-01-01T00:10:00Z");
  assert_problem (window, 400, "invalid-argument", "parameter", "end");
}

static void
test_gaps (Fixture *fixture, gconstpointer data)
{
  web_fakes_add_gap (5, "gone", 60 * POTOO_SECOND_US, 0);
  g_autofree char *answer = get (fixture, "/api/v1/cameras/gone/gaps");
  g_autofree char *unknown = get (fixture, "/api/v1/cameras/never/gaps");
  g_autoptr (JsonNode) node = NULL;
  JsonArray *items = json_object_get_array_member (json_of (answer, &node), "items");

  g_assert_cmpuint (json_array_get_length (items), ==, 1);
  JsonObject *gap = json_array_get_object_element (items, 0);
  g_assert_true (json_object_get_null_member (gap, "end"));
  g_assert_cmpstr (json_object_get_string_member (gap, "cause"), ==, "disconnected");
  assert_problem (unknown, 404, "not-found", NULL, NULL);
  web_fakes_add_segment (1, "kept", 0, 1);
  g_autofree char *kept = get (fixture, "/api/v1/cameras/kept/gaps");
  g_assert_cmpuint (status_of (kept), ==, 200);
}

/* --- media --- */

#define MEDIA_BYTES (3 * 1024 * 1024 + 17)
#define MEDIA "/api/v1/segments/0000000000000001/media.mp4"

static guint8
media_byte (gsize i)
{
  return (guint8) (i * 31 + (i >> 8));
}

static void
add_media (gsize size, gint64 row_size)
{
  g_autofree char *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (char) media_byte (i);
  g_assert_true (g_file_set_contents (web_fakes.media_path, bytes, (gssize) size, NULL));
  web_fakes_add_segment (1, "a", 0, row_size);
}

static GString *
get_media (Fixture *fixture, const char *headers)
{
  g_autofree char *text = g_strdup_printf ("GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                                           headers);
  return ask_raw (fixture, text);
}

static void
assert_media (GString *answer, gsize offset, gsize length)
{
  gsize head = (gsize) (body_of (answer->str) - answer->str);

  g_assert_cmpuint (answer->len - head, ==, length);
  for (gsize i = 0; i < length; i++)
    if ((guint8) answer->str[head + i] != media_byte (offset + i))
      g_error ("byte %zu differs", offset + i);
}

static void
test_media (Fixture *fixture, gconstpointer data)
{
  add_media (MEDIA_BYTES, MEDIA_BYTES);
  g_autoptr (GString) whole = get_media (fixture, "");
  g_autoptr (GString) part = get_media (fixture, "Range: bytes=1000000-1999999\r\n");
  g_autoptr (GString) tail = get_media (fixture, "Range: bytes=-10\r\n");
  g_autoptr (GString) beyond = get_media (fixture, "Range: bytes=3145745-\r\n");
  g_autoptr (GString) several = get_media (fixture, "Range: bytes=0-1,5-6\r\n");
  g_autofree char *head = ask (fixture, "HEAD", MEDIA, "Range: bytes=5-9\r\n", "");

  g_assert_cmpuint (status_of (whole->str), ==, 200);
  assert_header (whole->str, "ETag", "\"0000000000000001-3145745\"");
  assert_header (whole->str, "Accept-Ranges", "bytes");
  assert_header (whole->str, "Content-Type", "video/mp4");
  assert_header (whole->str, "Last-Modified", "Thu, 01 Jan 1970 00:05:00 GMT");
  assert_header (whole->str, "Content-Disposition",
                 "inline; filename=\"a-101530Z-main-0000000000000001.mp4\"");
  assert_media (whole, 0, MEDIA_BYTES);
  g_assert_cmpuint (status_of (part->str), ==, 206);
  assert_header (part->str, "Content-Range", "bytes 1000000-1999999/3145745");
  assert_media (part, 1000000, 1000000);
  assert_media (tail, MEDIA_BYTES - 10, 10);
  assert_problem (beyond->str, 416, "range-not-satisfiable", NULL, NULL);
  assert_header (beyond->str, "Content-Range", "bytes */3145745");
  g_assert_cmpuint (status_of (several->str), ==, 200);
  g_assert_cmpuint (status_of (head), ==, 206);
  assert_header (head, "Content-Length", "5");
  g_assert_cmpstr (body_of (head), ==, "");
}

static void
test_media_conditions (Fixture *fixture, gconstpointer data)
{
  add_media (1000, 900); /* an open segment: the file is longer than what is durable */
  g_autoptr (GString) whole = get_media (fixture, "");
  g_autoptr (GString)
      known = get_media (fixture, "If-None-Match: \"x\", W/\"0000000000000001-900\"\r\n");
  g_autoptr (GString)
      same = get_media (fixture, "Range: bytes=1-2\r\nIf-Range: \"0000000000000001-900\"\r\n");
  g_autoptr (GString)
      grown = get_media (fixture, "Range: bytes=1-2\r\nIf-Range: \"0000000000000001-800\"\r\n");
  g_autoptr (GString) dated = get_media (
      fixture, "Range: bytes=1-2\r\nIf-Range: Thu, 01 Jan 1970 00:05:00 GMT\r\n");

  assert_media (whole, 0, 900);
  g_assert_cmpuint (status_of (known->str), ==, 304);
  g_assert_cmpstr (body_of (known->str), ==, "");
  assert_header (known->str, "Content-Length", NULL);
  g_assert_cmpuint (status_of (same->str), ==, 206);
  g_assert_cmpuint (status_of (grown->str), ==, 200);
  g_assert_cmpuint (status_of (dated->str), ==, 200);
}

static void
test_media_short (Fixture *fixture, gconstpointer data)
{
  add_media (1000, 1001);
  g_autoptr (GString) answer = get_media (fixture, "");
  assert_problem (answer->str, 500, "corrupt", NULL, NULL);
  g_unlink (web_fakes.media_path);
  g_autoptr (GString) missing = get_media (fixture, "");
  assert_problem (missing->str, 404, "not-found", NULL, NULL);
  await_metric ("potoo_http_short_files_total 1\n");
}

/* Shrinks while it is being sent. */
static void
test_media_truncated (Fixture *fixture, gconstpointer data)
{
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gsize size = 64 * 1024 * 1024;
  g_autoptr (GSocket) socket = dial_tcp (fixture);

  g_assert_true (g_file_set_contents (web_fakes.media_path, "", 0, NULL));
  g_assert_cmpint (truncate (web_fakes.media_path, (off_t) size), ==, 0);
  web_fakes_add_segment (1, "a", 0, (gint64) size);
  say (socket, text);
  await_metric ("potoo_http_requests_in_flight 1\n");
  g_usleep (200000);
  g_assert_cmpint (truncate (web_fakes.media_path, 1024), ==, 0);
  g_autoptr (GString) answer = hear (socket);
  g_assert_cmpuint (answer->len, <, size);
  assert_header (answer->str, "Content-Length", "67108864");
  await_metric ("potoo_http_short_files_total 1\n");
  assert_healthy (fixture);
}

static void
test_media_abandoned (Fixture *fixture, gconstpointer data)
{
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";

  g_assert_true (g_file_set_contents (web_fakes.media_path, "", 0, NULL));
  g_assert_cmpint (truncate (web_fakes.media_path, 1 << 30), ==, 0);
  web_fakes_add_segment (1, "a", 0, 1 << 30);
  for (int i = 0; i < 4; i++)
    {
      g_autoptr (GSocket) socket = dial_tcp (fixture);
      char buffer[1000];
      say (socket, text);
      g_assert_cmpint (g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL), >, 0);
    }
  await_metric ("potoo_http_aborted_total 4\n");
  await_metric ("potoo_http_requests_in_flight 0\n");
  await_metric ("potoo_http_connections 0\n");
}

/* --- refusals --- */

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *method, *target, *headers, *body;
    guint status;
    const char *id, *member, *value;
  } rows[] = {
    { "GET", "/nothing", "", "", 404, "not-found", NULL, NULL },
    { "GET", "/api/v1/nothing", "", "", 404, "not-found", NULL, NULL },
    { "GET", "/api/v1/cameras/Bad_Slug", "", "", 404, "not-found", NULL, NULL },
    { "GET", "/api/v1/cameras/..%2f..%2fetc", "", "", 400, "invalid-argument", NULL, NULL },
    { "GET", "/api/v1/cameras/a%00b", "", "", 400, "invalid-argument", NULL, NULL },
    { "GET", "/api/v1/cameras/%ff", "", "", 400, "invalid-argument", NULL, NULL },
    { "GET", "/api/v1/cameras?limit=0", "", "", 400, "invalid-argument", "parameter", "limit" },
    { "GET", "/api/v1/cameras?x=1", "", "", 400, "invalid-argument", "parameter", "x" },
    { "GET", "/api/v1/segments?start=now", "", "", 400, "invalid-argument", "parameter", "start" },
    { "OPTIONS", "/api/v1/cameras", "", "", 405, "method-not-allowed", NULL, NULL },
    { "TRACE", "/healthz", "", "", 405, "method-not-allowed", NULL, NULL },
    { "PUT", "/api/v1/cameras/a", "", "", 405, "method-not-allowed", NULL, NULL },
    { "GET", "/healthz", "", "x", 400, "invalid-argument", NULL, NULL },
    { "DELETE", "/api/v1/cameras/a", "", "{}", 400, "invalid-argument", NULL, NULL },
    { "POST", "/api/v1/cameras", "", "{}", 415, "unsupported-media-type", NULL, NULL },
    { "POST", "/api/v1/cameras", "Content-Type: text/plain\r\n", "{}", 415,
      "unsupported-media-type", NULL, NULL },
    { "POST", "/api/v1/cameras", "Content-Type: application/merge-patch+json\r\n", "{}", 415,
      "unsupported-media-type", NULL, NULL },
    { "POST", "/api/v1/cameras", "Content-Type: application/json\r\n", "", 400, "invalid-argument",
      NULL, NULL },
    { "POST", "/api/v1/cameras", "Content-Type: application/json\r\n", "[]", 400,
      "invalid-argument", "pointer", "" },
    { "POST", "/api/v1/cameras", "Content-Type: application/json\r\n", "{\"a\":1,\"a\":2}", 400,
      "invalid-argument", "pointer", "/a" },
    { "POST", "/api/v1/cameras", "Content-Type: application/json\r\n", "{'url':'x'}", 400,
      "invalid-argument", NULL, NULL },
    { "POST", "/api/v1/cameras", "Content-Type: application/json\r\n",
      "{\"url\":\"rtsp://a/b\",\"nonsense\":1}", 400, "invalid-argument", "pointer", "/nonsense" },
    { "GET", "/healthz", "Origin: http://evil.example\r\n", "", 403, "forbidden", NULL, NULL },
    { "POST", "/api/v1/cameras",
      "Origin: http://evil.example\r\nContent-Type: application/json\r\n",
      "{\"url\":\"rtsp://a/b\"}", 403, "forbidden", NULL, NULL },
    { "GET", "/healthz", "Sec-Fetch-Site: cross-site\r\n", "", 403, "forbidden", NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *answer = ask (fixture, rows[i].method, rows[i].target, rows[i].headers,
                                     rows[i].body);
      g_test_message ("%s %s", rows[i].method, rows[i].target);
      assert_problem (answer, rows[i].status, rows[i].id, rows[i].member, rows[i].value);
      assert_header (answer, "X-Content-Type-Options", "nosniff");
    }
  g_autoptr (GPtrArray) cameras = potoo_camera_list_get_snapshots (fixture->context.cameras);
  g_assert_cmpuint (cameras->len, ==, 0);
  g_autofree char *allowed = ask (fixture, "OPTIONS", "/api/v1/cameras", "", "");
  assert_header (allowed, "Allow", "GET, HEAD, POST");
}

static void
test_hosts (Fixture *fixture, gconstpointer data)
{
  static const char *const bad[] = {
    "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
    "GET http://evil.example/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET /healthz HTTP/1.0\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GString) answer = ask_raw (fixture, bad[i]);
      g_test_message ("%s", bad[i]);
      g_assert_cmpstr (strstr (answer->str, " 421 "), !=, NULL);
      g_assert_null (strstr (answer->str, "ok\n"));
    }
}

/* What libsoup itself refuses, or leaves to us; nothing may crash or hang. */
static void
test_malformed (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "\r\n\r\n",
    "GET\r\n\r\n",
    "GET /healthz\r\n\r\n",
    "GET /healthz HTTP/9.9\r\n\r\n",
    "GET healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
    "GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET /healthz?a=%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
    "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
    "Content-Length: 6\r\n\r\nabcde",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GSocket) socket = dial_tcp (fixture);
      g_test_message ("%s", texts[i]);
      say (socket, texts[i]);
      g_socket_shutdown (socket, FALSE, TRUE, NULL);
      g_autoptr (GString) answer = hear (socket);
      g_assert_null (strstr (answer->str, "201 Created"));
    }
  await_metric ("potoo_http_connections 0\n");
  assert_healthy (fixture);
}

static void
test_uri_size (Fixture *fixture, gconstpointer data)
{
  g_autofree char *filler = g_strnfill (8 * 1024, 'a');
  g_autofree char *fits = g_strdup_printf ("/%.*s", 8191, filler);
  g_autofree char *path = g_strdup_printf ("/%s", filler);
  g_autofree char *query = g_strdup_printf ("/healthz?a=%s", filler);
  g_autofree char *first = get (fixture, fits);
  g_autofree char *second = get (fixture, path);
  g_autofree char *third = get (fixture, query);

  assert_problem (first, 404, "not-found", NULL, NULL);
  assert_problem (second, 414, "too-large", NULL, NULL);
  assert_problem (third, 414, "too-large", NULL, NULL);
}

static void
test_huge_headers (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocket) socket = dial_tcp (fixture);
  g_autofree char *line = g_strnfill (64 * 1024, 'a');
  gboolean cut = FALSE;

  say (socket, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  for (int i = 0; i < 1024 && !cut; i++)
    cut = !say (socket, "X: ") || !say (socket, line) || !say (socket, "\r\n");
  g_assert_true (cut);
  assert_healthy (fixture);
}

static void
test_body_size (Fixture *fixture, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n";
  g_autoptr (GSocket) socket = dial_tcp (fixture);
  g_autofree char *waste = g_strnfill (POTOO_JSON_MAX_BYTES, ' ');

  /* Answered although the body never comes. */
  say (socket, head);
  g_autoptr (GString) answer = hear (socket);
  assert_problem (answer->str, 413, "too-large", NULL, NULL);
  assert_header (answer->str, "X-Content-Type-Options", "nosniff");

  /* The longest that is read, and one byte more. */
  g_autofree char *longest = ask_json (fixture, "POST", "/api/v1/cameras", waste);
  assert_problem (longest, 400, "invalid-argument", NULL, NULL);
  g_autofree char *more = g_strconcat (waste, " ", NULL);
  g_autofree char *longer = ask_json (fixture, "POST", "/api/v1/cameras", more);
  assert_problem (longer, 413, "too-large", NULL, NULL);
  await_metric ("potoo_http_rejected_total{reason=\"body-size\"} 2\n");
  await_metric ("potoo_http_connections 0\n");
}

static void
test_chunked (Fixture *fixture, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  g_autoptr (GSocket) good = dial_tcp (fixture);
  g_autoptr (GSocket) endless = dial_tcp (fixture);
  g_autofree char *chunk = g_strnfill (0x1000, ' ');

  say (good, head);
  say (good, "1\r\n{\r\n16\r\n\"url\":\"rtsp://1.2.3.4\"\r\n");
  say (good, "12\r\n,\"name\":\"chunked\"}\r\n0\r\n\r\n");
  g_autoptr (GString) created = hear (good);
  g_assert_cmpuint (status_of (created->str), ==, 201);

  say (endless, head);
  for (int i = 0; i < 4096; i++)
    if (!say (endless, "1000\r\n") || !say (endless, chunk) || !say (endless, "\r\n"))
      break;
  g_autoptr (GString) answer = hear (endless);
  if (answer->len > 0) /* a client that does not stop may lose the answer */
    assert_problem (answer->str, 413, "too-large", NULL, NULL);
  await_metric ("potoo_http_rejected_total{reason=\"body-size\"} 1\n");
  assert_healthy (fixture);
}

static void
test_chunked_on_get (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString)
      answer = ask_raw (fixture, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");

  assert_problem (answer->str, 400, "invalid-argument", NULL, NULL);
}

static void
test_expect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) refused = ask_raw (
      fixture, "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
               "Expect: 100-continue\r\n\r\n");
  g_autoptr (GSocket) socket = dial_tcp (fixture);
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
                     "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n";
  char go_on[64];

  assert_problem (refused->str, 415, "unsupported-media-type", NULL, NULL);
  say (socket, head);
  gssize n = g_socket_receive (socket, go_on, sizeof go_on, NULL, NULL);
  g_assert_cmpint (n, >, 0);
  g_assert_true (g_str_has_prefix (go_on, "HTTP/1.1 100 "));
  say (socket, "{}");
  g_autoptr (GString) answer = hear (socket);
  g_assert_nonnull (strstr (answer->str, "HTTP/1.1 400 "));
  g_assert_nonnull (strstr (answer->str, "nosniff"));
}

static void
test_pipelined (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString)
      answer = ask_raw (fixture, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                                 "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

  g_assert_cmpuint (status_of (answer->str), ==, 200);
  assert_header (answer->str, "Connection", "close");
  g_assert_cmpstr (body_of (answer->str), ==, "ok\n");
}

/* Byte by byte, and given up in the middle. */
static void
test_slow (Fixture *fixture, gconstpointer data)
{
  const char *text = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

  for (gsize cut = 0; cut <= strlen (text); cut += 5)
    {
      g_autoptr (GSocket) socket = dial_tcp (fixture);
      for (gsize i = 0; i < cut; i++)
        {
          say_some (socket, text + i, 1);
          g_usleep (200);
        }
    }
  g_autoptr (GSocket) socket = dial_tcp (fixture);
  for (gsize i = 0; i < strlen (text); i++)
    {
      say_some (socket, text + i, 1);
      g_usleep (500);
    }
  g_autoptr (GString) answer = hear (socket);
  g_assert_cmpuint (status_of (answer->str), ==, 200);
  await_metric ("potoo_http_connections 0\n");
}

static void
test_connection_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < 256; i++)
    g_ptr_array_add (sockets, dial_tcp (fixture));
  await_metric ("potoo_http_connections 256\n");
  for (int i = 0; i < 10; i++)
    {
      g_autoptr (GSocket) one_more = dial_tcp (fixture);
      g_autoptr (GString) answer = hear (one_more);
      g_assert_cmpuint (answer->len, ==, 0);
    }
  await_metric ("potoo_http_rejected_total{reason=\"connections\"} 10\n");
  g_ptr_array_set_size (sockets, 0);
  await_metric ("potoo_http_connections 0\n");
  assert_healthy (fixture);
}

static void
test_in_flight_limit (Fixture *fixture, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n";
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < 128; i++)
    {
      g_ptr_array_add (sockets, dial_tcp (fixture));
      say (sockets->pdata[i], head);
    }
  await_metric ("potoo_http_requests_in_flight 128\n");
  g_autofree char *answer = get (fixture, "/healthz");
  assert_problem (answer, 503, "busy", NULL, NULL);
  assert_header (answer, "Retry-After", "2");
  g_ptr_array_set_size (sockets, 0);
  await_metric ("potoo_http_requests_in_flight 0\n");
  assert_healthy (fixture);
}

static void
await_accept_error (void)
{
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *page = potoo_metrics_render ();
      if (strstr (page, "potoo_http_accept_errors_total 0\n") == NULL)
        return;
      g_usleep (10000);
    }
  g_error ("no accept error");
}

/* Out of file descriptors for a while: the server goes on afterwards. */
static void
test_descriptors_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string ("127.0.0.1", fixture->port);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  const char *text = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  struct rlimit before, none;
  int lowest = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  close (lowest);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  none = (struct rlimit){ (rlim_t) lowest, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  g_assert_true (g_socket_connect (socket, address, NULL, NULL));
  await_accept_error ();
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  say (socket, text);
  g_autoptr (GString) answer = hear (socket);
  g_assert_cmpuint (status_of (answer->str), ==, 200);
}

static gpointer
get_with_soup (gpointer data)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, data);

  soup_message_headers_set_range (soup_message_get_request_headers (message), 1000, 1999);
  g_autoptr (GBytes) bytes = soup_session_send_and_read (session, message, NULL, NULL);
  g_assert_cmpuint (soup_message_get_status (message), ==, 206);
  return g_steal_pointer (&bytes);
}

/* A client library of the trade, several at once. */
static void
test_client_library (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" MEDIA, fixture->port);
  GThread *threads[8];

  add_media (MEDIA_BYTES, MEDIA_BYTES);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("client", get_with_soup, url);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autoptr (GBytes) bytes = g_thread_join (threads[i]);
      gsize size;
      const guint8 *got = g_bytes_get_data (bytes, &size);
      g_assert_cmpuint (size, ==, 1000);
      g_assert_cmpuint (got[0], ==, media_byte (1000));
      g_assert_cmpuint (got[999], ==, media_byte (1999));
    }
}

/* --- unix sockets --- */

static void
test_unix (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "GET /healthz HTTP/1.0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: nvr.example\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
  };
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->socket_path);
  struct stat st;

  g_assert_cmpint (stat (fixture->socket_path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GSocket) socket = dial (address);
      say (socket, texts[i]);
      g_autoptr (GString) answer = hear (socket);
      g_assert_nonnull (strstr (answer->str, " 200 OK"));
    }
}

static void
test_unix_in_use (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_web_server_new (fixture->config, &fixture->context, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, fixture->socket_path));
  g_assert_true (g_file_test (fixture->socket_path, G_FILE_TEST_EXISTS));
  assert_healthy (fixture);
}

static void
test_unix_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture->socket_path);

  potoo_web_server_stop (fixture->server, 0);
  g_assert_finalize_object (fixture->server);
  g_autoptr (GSocket) dead = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_assert_true (g_socket_bind (dead, address, TRUE, NULL));
  g_socket_close (dead, NULL);
  start (fixture);
  assert_healthy (fixture);
}

/* --- late answers and stopping --- */

static const char post_text[] = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                "Content-Type: application/json\r\nContent-Length: 34\r\n\r\n"
                                "{\"id\":\"held\",\"url\":\"rtsp://a.b/c\"}";

static void
await_held (guint n)
{
  for (int i = 0; i < 500 && web_fakes_count_held () != n; i++)
    g_usleep (10000);
  g_assert_cmpuint (web_fakes_count_held (), ==, n);
}

static void
test_late_answer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocket) socket = dial_tcp (fixture);

  web_fakes.hold = TRUE;
  say (socket, post_text);
  await_held (1);
  assert_healthy (fixture);
  web_fakes_release ();
  g_autoptr (GString) answer = hear (socket);
  g_assert_cmpuint (status_of (answer->str), ==, 201);
}

static void
test_late_answer_client_gone (Fixture *fixture, gconstpointer data)
{
  GSocket *socket = dial_tcp (fixture);

  web_fakes.hold = TRUE;
  say (socket, post_text);
  await_held (1);
  g_object_unref (socket);
  assert_healthy (fixture);
  web_fakes_release ();
  await_metric ("potoo_http_connections 0\n");
}

static void
test_stop_while_waiting (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocket) socket = dial_tcp (fixture);

  web_fakes.hold = TRUE;
  say (socket, post_text);
  await_held (1);
  potoo_web_server_stop (fixture->server, STOP_US);
  g_autoptr (GString) answer = hear (socket);
  assert_problem (answer->str, 503, "unavailable", NULL, NULL);
  assert_header (answer->str, "Retry-After", "2");
  /* The command is done after all: its answer goes nowhere. */
  g_assert_cmpuint (web_fakes_release (), ==, 1);
}

static gpointer
read_slowly (gpointer data)
{
  GSocket *socket = data;
  g_usleep (300000);
  return hear (socket);
}

static void
test_stop_with_download (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocket) socket = dial_tcp (fixture);
  g_autoptr (GSocket) idle = dial_tcp (fixture);
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gsize size = 32 * 1024 * 1024;

  add_media (size, (gint64) size);
  say (socket, text);
  await_metric ("potoo_http_requests_in_flight 1\n");
  g_autoptr (GThread) thread = g_thread_new ("reader", read_slowly, socket);
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_web_server_stop (fixture->server, 5 * POTOO_SECOND_US);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, <, 5 * POTOO_SECOND_US);
  g_autoptr (GString) answer = g_thread_join (g_steal_pointer (&thread));
  assert_media (answer, 0, size);
  g_autoptr (GString) nothing = hear (idle);
  g_assert_cmpuint (nothing->len, ==, 0);
}

/* A client that does not read cannot hold up the end. */
static void
test_stop_cuts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocket) socket = dial_tcp (fixture);
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";

  g_assert_true (g_file_set_contents (web_fakes.media_path, "", 0, NULL));
  g_assert_cmpint (truncate (web_fakes.media_path, 1 << 30), ==, 0);
  web_fakes_add_segment (1, "a", 0, 1 << 30);
  say (socket, text);
  await_metric ("potoo_http_requests_in_flight 1\n");
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_web_server_stop (fixture->server, POTOO_SECOND_US / 2);
  gint64 took_us = potoo_clock_mono_us () - begin_us;
  g_assert_cmpint (took_us, >=, POTOO_SECOND_US / 2);
  g_assert_cmpint (took_us, <, 2 * POTOO_SECOND_US);
}

static void
test_non_loopback (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("potoo-web-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "potoo.conf", NULL);
  PotooWebContext context;

  g_assert_true (g_file_set_contents (path, "[http]\nlisten=192.0.2.1:8080\n", -1, NULL));
  g_autoptr (PotooConfig) config = potoo_config_load (path, dir, &error);
  if (config != NULL)
    {
      web_fakes_init (&context);
      g_assert_null (potoo_web_server_new (config, &context, &error));
      web_fakes_clear (&context);
    }
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG);
  g_unlink (path);
  g_rmdir (dir);
}

static void
add (const char *name, void (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/web-server/%s", name);
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("health", test_health);
  add ("head", test_head);
  add ("system", test_system);
  add ("cameras", test_cameras);
  add ("camera-pages", test_camera_pages);
  add ("segments", test_segments);
  add ("gaps", test_gaps);
  add ("media", test_media);
  add ("media-conditions", test_media_conditions);
  add ("media-short", test_media_short);
  add ("media-truncated", test_media_truncated);
  add ("media-abandoned", test_media_abandoned);
  add ("refusals", test_refusals);
  add ("hosts", test_hosts);
  add ("malformed", test_malformed);
  add ("uri-size", test_uri_size);
  add ("huge-headers", test_huge_headers);
  add ("body-size", test_body_size);
  add ("chunked", test_chunked);
  add ("chunked-on-get", test_chunked_on_get);
  add ("expect", test_expect);
  add ("pipelined", test_pipelined);
  add ("slow", test_slow);
  add ("connection-limit", test_connection_limit);
  add ("in-flight-limit", test_in_flight_limit);
  add ("descriptors-gone", test_descriptors_gone);
  add ("client-library", test_client_library);
  add ("unix", test_unix);
  add ("unix-in-use", test_unix_in_use);
  add ("unix-stale", test_unix_stale);
  add ("late-answer", test_late_answer);
  add ("late-answer-client-gone", test_late_answer_client_gone);
  add ("stop-while-waiting", test_stop_while_waiting);
  add ("stop-with-download", test_stop_with_download);
  add ("stop-cuts", test_stop_cuts);
  g_test_add_func ("/web-server/non-loopback", test_non_loopback);
  return g_test_run ();
}
