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
#include "web-rig.h"

/* --- plain service --- */

static void
test_health (WebRig *rig, gconstpointer data)
{
  g_autofree char *health = web_get (rig, "/healthz");
  g_autofree char *unready = web_get (rig, "/readyz");

  g_assert_cmpuint (web_status_of (health), ==, 200);
  g_assert_cmpstr (web_body_of (health), ==, "ok\n");
  web_assert_header (health, "Server", "Potoo");
  web_assert_header (health, "X-Content-Type-Options", "nosniff");
  web_assert_header (health, "Referrer-Policy", "no-referrer");
  web_assert_header (health, "Cross-Origin-Resource-Policy", "same-origin");
  web_assert_header (health, "Cache-Control", "no-store");
  g_assert_cmpuint (web_status_of (unready), ==, 503);
  web_assert_header (unready, "Retry-After", "1");
  potoo_web_server_set_ready (rig->server, TRUE);
  g_autofree char *ready = web_get (rig, "/readyz");
  g_assert_cmpuint (web_status_of (ready), ==, 200);
  g_autofree char *metrics = web_get (rig, "/metrics");
  g_assert_cmpuint (web_status_of (metrics), ==, 200);
  g_assert_nonnull (
      strstr (metrics, "potoo_http_requests_total{route=\"/healthz\",status=\"2xx\"} 1\n"));
}

/* As built with -Dweb_ui=false; see test-web-ui.c for the other. */
static void
test_no_user_interface (WebRig *rig, gconstpointer data)
{
  g_autofree char *page = web_get (rig, "/");
  g_autofree char *asset = web_get (rig, "/assets/app.js");

  g_assert_cmpuint (web_status_of (page), ==, 200);
  web_assert_header (page, "Content-Type", "text/html; charset=utf-8");
  g_assert_nonnull (strstr (web_body_of (page), "without its user interface"));
  web_assert_problem (asset, 404, "not-found", NULL, NULL);
}

static void
test_head (WebRig *rig, gconstpointer data)
{
  g_autofree char *answer = web_ask (rig, "HEAD", "/healthz", "", "");

  g_assert_cmpuint (web_status_of (answer), ==, 200);
  g_assert_cmpstr (web_body_of (answer), ==, "");
  web_assert_header (answer, "Content-Length", "3");
}

static void
test_system (WebRig *rig, gconstpointer data)
{
  g_autofree char *answer = web_get (rig, "/api/v1/system");
  g_autofree char *storage = web_get (rig, "/api/v1/storage");
  g_autoptr (JsonNode) node = NULL, storage_node = NULL;
  JsonObject *system = web_json_of (answer, &node);

  g_assert_cmpuint (web_status_of (answer), ==, 200);
  web_assert_header (answer, "Content-Type", "application/json");
  g_assert_cmpstr (json_object_get_string_member (system, "version"), ==, PACKAGE_VERSION);
  g_assert_true (json_object_get_null_member (system, "catalog_error"));
  JsonArray *items = json_object_get_array_member (web_json_of (storage, &storage_node), "roots");
  g_assert_cmpint (
      json_object_get_int_member (json_array_get_object_element (items, 0), "total_bytes"), ==,
      G_MAXINT64);
  web_fakes.catalog_fails = TRUE;
  g_autofree char *failing = web_get (rig, "/api/v1/system");
  g_assert_nonnull (strstr (failing, "disk I/O error"));
  g_autofree char *segments = web_get (rig, "/api/v1/segments");
  web_assert_problem (segments, 500, "io", NULL, NULL);
}

static void
test_cameras (WebRig *rig, gconstpointer data)
{
  g_autofree char *created = web_ask_json (
      rig, "POST", "/api/v1/cameras",
      "{\"name\":\"Front Door\",\"url\":\"rtsp://u:secret@192.0.2.1/main\"}");
  g_autoptr (JsonNode) node = NULL;

  g_assert_cmpuint (web_status_of (created), ==, 201);
  web_assert_header (created, "Location", "/api/v1/cameras/front-door");
  web_assert_header (created, "ETag", "\"v1\"");
  g_assert_null (strstr (created, "secret"));
  JsonObject *camera = web_json_of (created, &node);
  g_assert_cmpstr (json_object_get_string_member (camera, "id"), ==, "front-door");
  JsonObject *status = json_object_get_object_member (camera, "status");
  g_assert_cmpstr (json_object_get_string_member (status, "state"), ==, "connecting");
  g_assert_true (json_object_get_null_member (status, "retry_at"));

  g_autofree char *again = web_ask_json (rig, "POST", "/api/v1/cameras",
                                         "{\"name\":\"Front Door\",\"url\":\"rtsp://a/b\"}");
  web_assert_problem (again, 409, "exists", NULL, NULL);
  g_autofree char *got = web_get (rig, "/api/v1/cameras/front-door");
  g_assert_cmpuint (web_status_of (got), ==, 200);

  g_autofree char *stale = web_ask (
      rig, "PATCH", "/api/v1/cameras/front-door",
      "Content-Type: application/merge-patch+json\r\nIf-Match: \"v9\"\r\n", "{\"name\":\"x\"}");
  web_assert_problem (stale, 412, "precondition-failed", NULL, NULL);
  g_autofree char *patched = web_ask (
      rig, "PATCH", "/api/v1/cameras/front-door",
      "Content-Type: application/merge-patch+json\r\nIf-Match: \"v1\"\r\n", "{\"name\":\"x\"}");
  g_assert_cmpuint (web_status_of (patched), ==, 200);
  web_assert_header (patched, "ETag", "\"v2\"");
  g_autofree char *bad = web_ask_json (rig, "PATCH", "/api/v1/cameras/front-door",
                                       "{\"record\":\"sometimes\"}");
  web_assert_problem (bad, 400, "invalid-argument", "pointer", "/record");

  g_autofree char *changed = web_ask (rig, "DELETE", "/api/v1/cameras/front-door?recordings=delete",
                                      "If-Match: \"v1\"\r\n", "");
  web_assert_problem (changed, 412, "precondition-failed", NULL, NULL);
  g_assert_cmpuint (web_fakes.n_condemned, ==, 0);
  g_autofree char *removed = web_ask (rig, "DELETE", "/api/v1/cameras/front-door?recordings=delete",
                                      "", "");
  g_assert_cmpuint (web_fakes.n_condemned, ==, 1);
  g_assert_cmpuint (web_status_of (removed), ==, 204);
  g_assert_cmpstr (web_body_of (removed), ==, "");
  g_autofree char *gone = web_get (rig, "/api/v1/cameras/front-door");
  web_assert_problem (gone, 404, "not-found", NULL, NULL);
}

static void
test_camera_pages (WebRig *rig, gconstpointer data)
{
  g_autofree char *target = g_strdup ("/api/v1/cameras?limit=2");
  guint seen = 0, pages = 0;

  for (int i = 0; i < 5; i++)
    {
      g_autofree char *body = g_strdup_printf (
          "{\"id\":\"cam-%d\",\"url\":\"rtsp://192.0.2.1/%d\"}", i, i);
      g_autofree char *answer = web_ask_json (rig, "POST", "/api/v1/cameras", body);
      g_assert_cmpuint (web_status_of (answer), ==, 201);
    }
  while (target != NULL)
    {
      g_autofree char *answer = web_get (rig, target);
      g_autoptr (JsonNode) node = NULL;
      JsonObject *page = web_json_of (answer, &node);
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
  g_autofree char *forged = web_get (rig, "/api/v1/cameras?cursor=abcd");
  web_assert_problem (forged, 400, "invalid-argument", "parameter", "cursor");
}

static void
test_segments (WebRig *rig, gconstpointer data)
{
  g_autofree char *target = g_strdup ("/api/v1/segments?limit=3&camera=a");
  guint seen = 0;

  for (int i = 1; i <= 7; i++)
    web_fakes_add_segment (i, i == 4 ? "b" : "a", i * 300 * POTOO_SECOND_US, 1000);
  while (target != NULL)
    {
      g_autofree char *answer = web_get (rig, target);
      g_autoptr (JsonNode) node = NULL;
      JsonObject *page = web_json_of (answer, &node);
      seen += json_array_get_length (json_object_get_array_member (page, "items"));
      g_free (target);
      target = json_object_get_null_member (page, "next")
                   ? NULL
                   : g_strdup_printf ("/api/v1/segments?limit=3&camera=a&cursor=%s",
                                      json_object_get_string_member (page, "next"));
    }
  g_assert_cmpuint (seen, ==, 6);

  g_autofree char *one = web_get (rig, "/api/v1/segments/0000000000000002");
  g_assert_nonnull (strstr (one, "\"start\":\"1970-01-01T00:10:00.000000Z\""));
  g_assert_nonnull (strstr (one, "\"duration\":300.000011,"));
  g_assert_nonnull (strstr (one, "\"media\":\"/api/v1/segments/0000000000000002/media.mp4\""));
  g_autofree char *none = web_get (rig, "/api/v1/segments/0000000000000abc");
  web_assert_problem (none, 404, "not-found", NULL, NULL);
  g_autofree char *window = web_get (
      rig, "/api/v1/segments?start=1970-01-01T00:10:00Z&end=1970-01-01T00:10:00Z");
  web_assert_problem (window, 400, "invalid-argument", "parameter", "end");
}

static void
test_gaps (WebRig *rig, gconstpointer data)
{
  web_fakes_add_gap (5, "gone", 60 * POTOO_SECOND_US, 0);
  g_autofree char *answer = web_get (rig, "/api/v1/cameras/gone/gaps");
  g_autofree char *unknown = web_get (rig, "/api/v1/cameras/never/gaps");
  g_autoptr (JsonNode) node = NULL;
  JsonArray *items = json_object_get_array_member (web_json_of (answer, &node), "items");

  g_assert_cmpuint (json_array_get_length (items), ==, 1);
  JsonObject *gap = json_array_get_object_element (items, 0);
  g_assert_true (json_object_get_null_member (gap, "end"));
  g_assert_cmpstr (json_object_get_string_member (gap, "cause"), ==, "disconnected");
  web_assert_problem (unknown, 404, "not-found", NULL, NULL);
  web_fakes_add_segment (1, "kept", 0, 1);
  g_autofree char *kept = web_get (rig, "/api/v1/cameras/kept/gaps");
  g_assert_cmpuint (web_status_of (kept), ==, 200);
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
get_media (WebRig *rig, const char *headers)
{
  g_autofree char *text = g_strdup_printf ("GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                                           headers);
  return web_ask_raw (rig, text);
}

static void
assert_media (GString *answer, gsize offset, gsize length)
{
  gsize head = (gsize) (web_body_of (answer->str) - answer->str);

  g_assert_cmpuint (answer->len - head, ==, length);
  for (gsize i = 0; i < length; i++)
    if ((guint8) answer->str[head + i] != media_byte (offset + i))
      g_error ("byte %zu differs", offset + i);
}

static void
test_media (WebRig *rig, gconstpointer data)
{
  add_media (MEDIA_BYTES, MEDIA_BYTES);
  g_autoptr (GString) whole = get_media (rig, "");
  g_autoptr (GString) part = get_media (rig, "Range: bytes=1000000-1999999\r\n");
  g_autoptr (GString) tail = get_media (rig, "Range: bytes=-10\r\n");
  g_autoptr (GString) beyond = get_media (rig, "Range: bytes=3145745-\r\n");
  g_autoptr (GString) several = get_media (rig, "Range: bytes=0-1,5-6\r\n");
  g_autofree char *head = web_ask (rig, "HEAD", MEDIA, "Range: bytes=5-9\r\n", "");

  g_assert_cmpuint (web_status_of (whole->str), ==, 200);
  web_assert_header (whole->str, "ETag", "\"0000000000000001-3145745\"");
  web_assert_header (whole->str, "Accept-Ranges", "bytes");
  web_assert_header (whole->str, "Content-Type", "video/mp4");
  web_assert_header (whole->str, "Last-Modified", "Thu, 01 Jan 1970 00:05:00 GMT");
  web_assert_header (whole->str, "Content-Disposition",
                     "inline; filename=\"a-101530Z-main-0000000000000001.mp4\"");
  assert_media (whole, 0, MEDIA_BYTES);
  g_assert_cmpuint (web_status_of (part->str), ==, 206);
  web_assert_header (part->str, "Content-Range", "bytes 1000000-1999999/3145745");
  assert_media (part, 1000000, 1000000);
  assert_media (tail, MEDIA_BYTES - 10, 10);
  web_assert_problem (beyond->str, 416, "range-not-satisfiable", NULL, NULL);
  web_assert_header (beyond->str, "Content-Range", "bytes */3145745");
  g_assert_cmpuint (web_status_of (several->str), ==, 200);
  g_assert_cmpuint (web_status_of (head), ==, 206);
  web_assert_header (head, "Content-Length", "5");
  g_assert_cmpstr (web_body_of (head), ==, "");
}

static void
test_media_conditions (WebRig *rig, gconstpointer data)
{
  add_media (1000, 900); /* an open segment: the file is longer than what is durable */
  g_autoptr (GString) whole = get_media (rig, "");
  g_autoptr (GString)
      known = get_media (rig, "If-None-Match: \"x\", W/\"0000000000000001-900\"\r\n");
  g_autoptr (GString)
      same = get_media (rig, "Range: bytes=1-2\r\nIf-Range: \"0000000000000001-900\"\r\n");
  g_autoptr (GString)
      grown = get_media (rig, "Range: bytes=1-2\r\nIf-Range: \"0000000000000001-800\"\r\n");
  g_autoptr (GString)
      dated = get_media (rig, "Range: bytes=1-2\r\nIf-Range: Thu, 01 Jan 1970 00:05:00 GMT\r\n");

  assert_media (whole, 0, 900);
  g_assert_cmpuint (web_status_of (known->str), ==, 304);
  g_assert_cmpstr (web_body_of (known->str), ==, "");
  web_assert_header (known->str, "Content-Length", NULL);
  g_assert_cmpuint (web_status_of (same->str), ==, 206);
  g_assert_cmpuint (web_status_of (grown->str), ==, 200);
  g_assert_cmpuint (web_status_of (dated->str), ==, 200);
}

static void
test_media_short (WebRig *rig, gconstpointer data)
{
  add_media (1000, 1001);
  g_autoptr (GString) answer = get_media (rig, "");
  web_assert_problem (answer->str, 500, "corrupt", NULL, NULL);
  g_unlink (web_fakes.media_path);
  g_autoptr (GString) missing = get_media (rig, "");
  web_assert_problem (missing->str, 404, "not-found", NULL, NULL);
  web_await_metric ("potoo_http_short_files_total 1\n");
}

/* Shrinks while it is being sent. */
static void
test_media_truncated (WebRig *rig, gconstpointer data)
{
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gsize size = 64 * 1024 * 1024;
  g_autoptr (GSocket) socket = web_dial_tcp (rig);

  g_assert_true (g_file_set_contents (web_fakes.media_path, "", 0, NULL));
  g_assert_cmpint (truncate (web_fakes.media_path, (off_t) size), ==, 0);
  web_fakes_add_segment (1, "a", 0, (gint64) size);
  web_say (socket, text);
  web_await_metric ("potoo_http_requests_in_flight 1\n");
  g_usleep (200000);
  g_assert_cmpint (truncate (web_fakes.media_path, 1024), ==, 0);
  g_autoptr (GString) answer = web_hear (socket);
  g_assert_cmpuint (answer->len, <, size);
  web_assert_header (answer->str, "Content-Length", "67108864");
  web_await_metric ("potoo_http_short_files_total 1\n");
  web_assert_healthy (rig);
}

/* Clients that ask for much and take none of it. */
static void
test_reply_memory (WebRig *rig, gconstpointer data)
{
  const char *text = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  const gsize size = 10 * 1024 * 1024;
  g_autofree char *long_text = g_strnfill (size, 'x');
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (PotooMetric) metric = potoo_metric_new_gauge ("potoo_test", "", "x", long_text, NULL);

  for (int i = 0; i < 6; i++)
    {
      g_ptr_array_add (sockets, web_dial_tcp (rig));
      web_say (sockets->pdata[i], text);
    }
  web_await_metric ("potoo_http_requests_in_flight 6\n");
  g_autofree char *refused = web_get (rig, "/metrics");
  web_assert_problem (refused, 503, "busy", NULL, NULL);
  web_assert_header (refused, "Cache-Control", "no-store");
  web_assert_healthy (rig);
  web_await_metric ("potoo_http_rejected_total{reason=\"memory\"} 1\n");
  g_ptr_array_set_size (sockets, 0);
  web_await_metric ("potoo_http_reply_bytes 0\n");
  g_autofree char *answer = web_get (rig, "/metrics");
  g_assert_cmpuint (web_status_of (answer), ==, 200);
  g_assert_cmpuint (strlen (answer), >, size);
}

static void
test_media_abandoned (WebRig *rig, gconstpointer data)
{
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";

  g_assert_true (g_file_set_contents (web_fakes.media_path, "", 0, NULL));
  g_assert_cmpint (truncate (web_fakes.media_path, 1 << 30), ==, 0);
  web_fakes_add_segment (1, "a", 0, 1 << 30);
  for (int i = 0; i < 4; i++)
    {
      g_autoptr (GSocket) socket = web_dial_tcp (rig);
      char buffer[1000];
      web_say (socket, text);
      g_assert_cmpint (g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL), >, 0);
    }
  web_await_metric ("potoo_http_aborted_total 4\n");
  web_await_metric ("potoo_http_requests_in_flight 0\n");
  web_await_metric ("potoo_http_connections 0\n");
}

/* --- refusals --- */

static void
test_refusals (WebRig *rig, gconstpointer data)
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
      g_autofree char *answer = web_ask (rig, rows[i].method, rows[i].target, rows[i].headers,
                                         rows[i].body);
      g_test_message ("%s %s", rows[i].method, rows[i].target);
      web_assert_problem (answer, rows[i].status, rows[i].id, rows[i].member, rows[i].value);
      web_assert_header (answer, "X-Content-Type-Options", "nosniff");
    }
  g_autoptr (GPtrArray) cameras = potoo_camera_list_get_snapshots (rig->context.cameras);
  g_assert_cmpuint (cameras->len, ==, 0);
  g_autofree char *allowed = web_ask (rig, "OPTIONS", "/api/v1/cameras", "", "");
  web_assert_header (allowed, "Allow", "GET, HEAD, POST");
}

static void
test_hosts (WebRig *rig, gconstpointer data)
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
      g_autoptr (GString) answer = web_ask_raw (rig, bad[i]);
      g_test_message ("%s", bad[i]);
      g_assert_cmpstr (strstr (answer->str, " 421 "), !=, NULL);
      g_assert_null (strstr (answer->str, "ok\n"));
    }
}

/* What libsoup itself refuses, or leaves to us; nothing may crash or hang. */
static void
test_malformed (WebRig *rig, gconstpointer data)
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
      g_autoptr (GSocket) socket = web_dial_tcp (rig);
      g_test_message ("%s", texts[i]);
      web_say (socket, texts[i]);
      g_socket_shutdown (socket, FALSE, TRUE, NULL);
      g_autoptr (GString) answer = web_hear (socket);
      g_assert_null (strstr (answer->str, "201 Created"));
    }
  web_await_metric ("potoo_http_connections 0\n");
  web_assert_healthy (rig);
}

static void
test_uri_size (WebRig *rig, gconstpointer data)
{
  g_autofree char *filler = g_strnfill (8 * 1024, 'a');
  g_autofree char *fits = g_strdup_printf ("/%.*s", 8191, filler);
  g_autofree char *path = g_strdup_printf ("/%s", filler);
  g_autofree char *query = g_strdup_printf ("/healthz?a=%s", filler);
  g_autofree char *first = web_get (rig, fits);
  g_autofree char *second = web_get (rig, path);
  g_autofree char *third = web_get (rig, query);

  web_assert_problem (first, 404, "not-found", NULL, NULL);
  web_assert_problem (second, 414, "too-large", NULL, NULL);
  web_assert_problem (third, 414, "too-large", NULL, NULL);
}

static void
test_huge_headers (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  g_autofree char *line = g_strnfill (64 * 1024, 'a');
  gboolean cut = FALSE;

  web_say (socket, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  for (int i = 0; i < 1024 && !cut; i++)
    cut = !web_say (socket, "X: ") || !web_say (socket, line) || !web_say (socket, "\r\n");
  g_assert_true (cut);
  web_assert_healthy (rig);
}

static void
test_body_size (WebRig *rig, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n";
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  g_autofree char *waste = g_strnfill (POTOO_JSON_MAX_BYTES, ' ');

  /* Answered although the body never comes. */
  web_say (socket, head);
  g_autoptr (GString) answer = web_hear (socket);
  web_assert_problem (answer->str, 413, "too-large", NULL, NULL);
  web_assert_header (answer->str, "X-Content-Type-Options", "nosniff");

  /* The longest that is read, and one byte more. */
  g_autofree char *longest = web_ask_json (rig, "POST", "/api/v1/cameras", waste);
  web_assert_problem (longest, 400, "invalid-argument", NULL, NULL);
  g_autofree char *more = g_strconcat (waste, " ", NULL);
  g_autofree char *longer = web_ask_json (rig, "POST", "/api/v1/cameras", more);
  web_assert_problem (longer, 413, "too-large", NULL, NULL);
  web_await_metric ("potoo_http_rejected_total{reason=\"body-size\"} 2\n");
  web_await_metric ("potoo_http_connections 0\n");
}

static void
test_chunked (WebRig *rig, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  g_autoptr (GSocket) good = web_dial_tcp (rig);
  g_autoptr (GSocket) endless = web_dial_tcp (rig);
  g_autofree char *chunk = g_strnfill (0x1000, ' ');

  web_say (good, head);
  web_say (good, "1\r\n{\r\n16\r\n\"url\":\"rtsp://1.2.3.4\"\r\n");
  web_say (good, "12\r\n,\"name\":\"chunked\"}\r\n0\r\n\r\n");
  g_autoptr (GString) created = web_hear (good);
  g_assert_cmpuint (web_status_of (created->str), ==, 201);

  web_say (endless, head);
  for (int i = 0; i < 4096; i++)
    if (!web_say (endless, "1000\r\n") || !web_say (endless, chunk) || !web_say (endless, "\r\n"))
      break;
  g_autoptr (GString) answer = web_hear (endless);
  if (answer->len > 0) /* a client that does not stop may lose the answer */
    web_assert_problem (answer->str, 413, "too-large", NULL, NULL);
  web_await_metric ("potoo_http_rejected_total{reason=\"body-size\"} 1\n");
  web_assert_healthy (rig);
}

static void
test_chunked_on_get (WebRig *rig, gconstpointer data)
{
  g_autoptr (GString)
      answer = web_ask_raw (rig, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");

  web_assert_problem (answer->str, 400, "invalid-argument", NULL, NULL);
}

static void
test_expect (WebRig *rig, gconstpointer data)
{
  g_autoptr (GString) refused = web_ask_raw (
      rig, "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
           "Expect: 100-continue\r\n\r\n");
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
                     "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n";
  char go_on[64];

  web_assert_problem (refused->str, 415, "unsupported-media-type", NULL, NULL);
  web_say (socket, head);
  gssize n = g_socket_receive (socket, go_on, sizeof go_on, NULL, NULL);
  g_assert_cmpint (n, >, 0);
  g_assert_true (g_str_has_prefix (go_on, "HTTP/1.1 100 "));
  web_say (socket, "{}");
  g_autoptr (GString) answer = web_hear (socket);
  g_assert_nonnull (strstr (answer->str, "HTTP/1.1 400 "));
  g_assert_nonnull (strstr (answer->str, "nosniff"));
}

static void
test_pipelined (WebRig *rig, gconstpointer data)
{
  g_autoptr (GString)
      answer = web_ask_raw (rig, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                                 "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

  g_assert_cmpuint (web_status_of (answer->str), ==, 200);
  web_assert_header (answer->str, "Connection", "close");
  g_assert_cmpstr (web_body_of (answer->str), ==, "ok\n");
}

/* Byte by byte, and given up in the middle. */
static void
test_slow (WebRig *rig, gconstpointer data)
{
  const char *text = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

  for (gsize cut = 0; cut <= strlen (text); cut += 5)
    {
      g_autoptr (GSocket) socket = web_dial_tcp (rig);
      for (gsize i = 0; i < cut; i++)
        {
          web_say_some (socket, text + i, 1);
          g_usleep (200);
        }
    }
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  for (gsize i = 0; i < strlen (text); i++)
    {
      web_say_some (socket, text + i, 1);
      g_usleep (500);
    }
  g_autoptr (GString) answer = web_hear (socket);
  g_assert_cmpuint (web_status_of (answer->str), ==, 200);
  web_await_metric ("potoo_http_connections 0\n");
}

static void
test_connection_limit (WebRig *rig, gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < 256; i++)
    g_ptr_array_add (sockets, web_dial_tcp (rig));
  web_await_metric ("potoo_http_connections 256\n");
  for (int i = 0; i < 10; i++)
    {
      g_autoptr (GSocket) one_more = web_dial_tcp (rig);
      g_autoptr (GString) answer = web_hear (one_more);
      g_assert_cmpuint (answer->len, ==, 0);
    }
  web_await_metric ("potoo_http_rejected_total{reason=\"connections\"} 10\n");
  g_ptr_array_set_size (sockets, 0);
  web_await_metric ("potoo_http_connections 0\n");
  web_assert_healthy (rig);
}

static void
test_in_flight_limit (WebRig *rig, gconstpointer data)
{
  const char *head = "POST /api/v1/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n";
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < 128; i++)
    {
      g_ptr_array_add (sockets, web_dial_tcp (rig));
      web_say (sockets->pdata[i], head);
    }
  web_await_metric ("potoo_http_requests_in_flight 128\n");
  g_autofree char *answer = web_get (rig, "/healthz");
  web_assert_problem (answer, 503, "busy", NULL, NULL);
  web_assert_header (answer, "Retry-After", "2");
  g_ptr_array_set_size (sockets, 0);
  web_await_metric ("potoo_http_requests_in_flight 0\n");
  web_assert_healthy (rig);
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
test_descriptors_gone (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string ("127.0.0.1", rig->port);
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
  web_say (socket, text);
  g_autoptr (GString) answer = web_hear (socket);
  g_assert_cmpuint (web_status_of (answer->str), ==, 200);
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
test_client_library (WebRig *rig, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" MEDIA, rig->port);
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
test_unix (WebRig *rig, gconstpointer data)
{
  static const char *const texts[] = {
    "GET /healthz HTTP/1.0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: nvr.example\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
  };
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (rig->socket_path);
  struct stat st;

  g_assert_cmpint (stat (rig->socket_path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GSocket) socket = web_dial (address);
      web_say (socket, texts[i]);
      g_autoptr (GString) answer = web_hear (socket);
      g_assert_nonnull (strstr (answer->str, " 200 OK"));
    }
}

static void
test_unix_in_use (WebRig *rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_web_server_new (rig->config, &rig->context, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, rig->socket_path));
  g_assert_true (g_file_test (rig->socket_path, G_FILE_TEST_EXISTS));
  web_assert_healthy (rig);
}

static void
test_unix_stale (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (rig->socket_path);

  potoo_web_server_stop (rig->server, 0);
  g_assert_finalize_object (rig->server);
  g_autoptr (GSocket) dead = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_assert_true (g_socket_bind (dead, address, TRUE, NULL));
  g_socket_close (dead, NULL);
  web_start (rig);
  web_assert_healthy (rig);
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
test_late_answer (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);

  web_fakes.hold = TRUE;
  web_say (socket, post_text);
  await_held (1);
  web_assert_healthy (rig);
  web_fakes_release ();
  g_autoptr (GString) answer = web_hear (socket);
  g_assert_cmpuint (web_status_of (answer->str), ==, 201);
}

static void
test_late_answer_client_gone (WebRig *rig, gconstpointer data)
{
  GSocket *socket = web_dial_tcp (rig);

  web_fakes.hold = TRUE;
  web_say (socket, post_text);
  await_held (1);
  g_object_unref (socket);
  web_assert_healthy (rig);
  web_fakes_release ();
  web_await_metric ("potoo_http_connections 0\n");
}

static void
test_stop_while_waiting (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);

  web_fakes.hold = TRUE;
  web_say (socket, post_text);
  await_held (1);
  potoo_web_server_stop (rig->server, WEB_STOP_US);
  g_autoptr (GString) answer = web_hear (socket);
  web_assert_problem (answer->str, 503, "unavailable", NULL, NULL);
  web_assert_header (answer->str, "Retry-After", "2");
  /* The command is done after all: its answer goes nowhere. */
  g_assert_cmpuint (web_fakes_release (), ==, 1);
}

static gpointer
read_slowly (gpointer data)
{
  GSocket *socket = data;
  g_usleep (300000);
  return web_hear (socket);
}

static void
test_stop_with_download (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  g_autoptr (GSocket) idle = web_dial_tcp (rig);
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gsize size = 32 * 1024 * 1024;

  add_media (size, (gint64) size);
  web_say (socket, text);
  web_await_metric ("potoo_http_requests_in_flight 1\n");
  g_autoptr (GThread) thread = g_thread_new ("reader", read_slowly, socket);
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_web_server_stop (rig->server, 5 * POTOO_SECOND_US);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, <, 5 * POTOO_SECOND_US);
  g_autoptr (GString) answer = g_thread_join (g_steal_pointer (&thread));
  assert_media (answer, 0, size);
  g_autoptr (GString) nothing = web_hear (idle);
  g_assert_cmpuint (nothing->len, ==, 0);
}

/* The end came in time; the timeout that waited for it does not come any more. */
static void
test_stop_timeout (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gsize size = 32 * 1024 * 1024;
  const gint64 timeout_us = POTOO_SECOND_US;

  add_media (size, (gint64) size);
  web_say (socket, text);
  web_await_metric ("potoo_http_requests_in_flight 1\n");
  g_autoptr (GThread) thread = g_thread_new ("reader", read_slowly, socket);
  gint64 end_us = potoo_clock_mono_us () + timeout_us;
  potoo_web_server_stop (rig->server, timeout_us);
  g_autoptr (GString) answer = g_thread_join (g_steal_pointer (&thread));
  while (potoo_clock_mono_us () < end_us)
    g_usleep (10000);
  /* tearing down turns the worker's context */
}

/* A client that does not read cannot hold up the end. */
static void
test_stop_cuts (WebRig *rig, gconstpointer data)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);
  const char *text = "GET " MEDIA " HTTP/1.1\r\nHost: localhost\r\n\r\n";

  g_assert_true (g_file_set_contents (web_fakes.media_path, "", 0, NULL));
  g_assert_cmpint (truncate (web_fakes.media_path, 1 << 30), ==, 0);
  web_fakes_add_segment (1, "a", 0, 1 << 30);
  web_say (socket, text);
  web_await_metric ("potoo_http_requests_in_flight 1\n");
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_web_server_stop (rig->server, POTOO_SECOND_US / 2);
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
add (const char *name, void (*func) (WebRig *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/web-server/%s", name);
  g_test_add (path, WebRig, NULL, web_set_up, func, web_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("health", test_health);
  add ("no-user-interface", test_no_user_interface);
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
  add ("reply-memory", test_reply_memory);
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
  add ("stop-timeout", test_stop_timeout);
  add ("stop-cuts", test_stop_cuts);
  g_test_add_func ("/web-server/non-loopback", test_non_loopback);
  return g_test_run ();
}
