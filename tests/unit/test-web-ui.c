/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The user interface of ui-fixture/, which is linked in where the real one is in the daemon. */

#include <string.h>

#include "web-rig.h"

#define STYLE "/assets/style-1a2b.css"
#define SCRIPT "/assets/app-1a2b.js"

static const char index_text[] = "<!doctype html>\n<title>Fixture</title>\n";
static const char script_text[] = "export const answer = 42;\n";

static void
assert_policy (const char *answer)
{
  g_autofree char *policy = web_header_of (answer, "Content-Security-Policy");

  g_assert_nonnull (policy);
  g_assert_true (g_str_has_prefix (policy, "default-src 'none'; "));
  g_assert_nonnull (strstr (policy, "script-src 'self';"));
  g_assert_nonnull (strstr (policy, "style-src 'self';"));
  g_assert_nonnull (strstr (policy, "frame-ancestors 'none';"));
  g_assert_null (strstr (policy, "unsafe"));
  g_assert_null (strchr (policy, '*'));
}

static void
test_pages (WebRig *rig, gconstpointer data)
{
  static const char *const paths[] = {
    "/",
    "/cameras/new",
    "/cameras/front-door",
    "/cameras/front-door/edit",
    "/recordings/front-door",
    "/recordings/front-door?at=2026-11-21T10:15:30Z&x=a%20b",
    "/?",
    "/?a&a&=",
  };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *answer = web_get (rig, paths[i]);
      g_assert_cmpuint (web_status_of (answer), ==, 200);
      g_assert_cmpstr (web_body_of (answer), ==, index_text);
      web_assert_header (answer, "Content-Type", "text/html; charset=utf-8");
      web_assert_header (answer, "Cache-Control", "no-cache");
      web_assert_header (answer, "X-Content-Type-Options", "nosniff");
      web_assert_header (answer, "Cross-Origin-Opener-Policy", "same-origin");
      assert_policy (answer);
    }
}

static void
test_no_pages (WebRig *rig, gconstpointer data)
{
  static const char *const paths[] = {
    "/index.html",
    "/cameras",
    "/cameras/",
    "/cameras/a/b",
    "/cameras/Front%20Door",
    "/assets",
    "/assets/",
    "/assets/nothing.js",
    "/assets/.hidden",
    "/assets/a/b.js",
    "/assets/index.html",
    "/assets/%2e%2e%5cindex.html",
    "/assets/app-1a2b.js%20",
    "/assets/style-1a2b.css.gz",
  };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *answer = web_get (rig, paths[i]);
      web_assert_problem (answer, 404, "not-found", NULL, NULL);
      web_assert_header (answer, "Cache-Control", "no-store");
    }
  g_autofree char *hidden = web_get (rig, "/assets/..%2findex.html");
  web_assert_problem (hidden, 400, "invalid-argument", NULL, NULL);
  g_autofree char *post = web_ask (rig, "POST", "/", "", "");
  web_assert_problem (post, 405, "method-not-allowed", NULL, NULL);
  web_assert_header (post, "Allow", "GET, HEAD");
  g_autofree char *query = web_get (rig, STYLE "?v=1");
  web_assert_problem (query, 400, "invalid-argument", "parameter", "v");
}

static void
test_plain_asset (WebRig *rig, gconstpointer data)
{
  g_autofree char *answer = web_ask (rig, "GET", STYLE, "Accept-Encoding: gzip\r\n", "");

  g_assert_cmpuint (web_status_of (answer), ==, 200);
  g_assert_cmpstr (web_body_of (answer), ==, "body { color: black }\n");
  web_assert_header (answer, "Content-Type", "text/css; charset=utf-8");
  web_assert_header (answer, "Cache-Control", "public, max-age=31536000, immutable");
  web_assert_header (answer, "Content-Encoding", NULL);
  web_assert_header (answer, "Vary", NULL);
  assert_policy (answer);
}

static void
test_packed_asset (WebRig *rig, gconstpointer data)
{
  static const struct
  {
    const char *headers;
    gboolean packed;
  } rows[] = {
    { "", FALSE },
    { "Accept-Encoding: gzip, deflate, br\r\n", TRUE },
    { "Accept-Encoding: br;q=1.0, GZIP;q=0.5\r\n", TRUE },
    { "Accept-Encoding: gzip ; q=1\r\n", TRUE },
    { "Accept-Encoding: gzip;q=0\r\n", FALSE },
    { "Accept-Encoding: gzip;q=0.000\r\n", FALSE },
    { "Accept-Encoding: x-gzip, notgzip, identity\r\n", FALSE },
    { "Accept-Encoding: ,;,\r\n", FALSE },
    { "Accept-Encoding: *\r\n", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "GET " SCRIPT " HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", rows[i].headers);
      g_autoptr (GString) answer = web_ask_raw (rig, text);
      g_assert_cmpuint (web_status_of (answer->str), ==, 200);
      web_assert_header (answer->str, "Content-Type", "text/javascript; charset=utf-8");
      web_assert_header (answer->str, "Vary", "Accept-Encoding");
      web_assert_header (answer->str, "Content-Encoding", rows[i].packed ? "gzip" : NULL);
      if (rows[i].packed)
        g_assert_cmpint (memcmp (web_body_of (answer->str), "\x1f\x8b", 2), ==, 0);
      else
        g_assert_cmpstr (web_body_of (answer->str), ==, script_text);
    }
}

static void
test_not_modified (WebRig *rig, gconstpointer data)
{
  static const char *const targets[] = { "/", "/cameras/a", STYLE, SCRIPT };

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *first = web_get (rig, targets[i]);
      g_autofree char *etag = web_header_of (first, "ETag");
      g_assert_nonnull (etag);
      g_autofree char *same = g_strdup_printf ("If-None-Match: \"x\", W/%s\r\n", etag);
      g_autofree char *second = web_ask (rig, "GET", targets[i], same, "");
      g_assert_cmpuint (web_status_of (second), ==, 304);
      g_assert_cmpstr (web_body_of (second), ==, "");
      web_assert_header (second, "ETag", etag);
      g_autofree char *third = web_ask (rig, "GET", targets[i], "If-None-Match: \"x\"\r\n", "");
      g_assert_cmpuint (web_status_of (third), ==, 200);
    }
  /* Each coding is another representation. */
  g_autofree char *plain = web_get (rig, SCRIPT);
  g_autofree char *packed = web_ask (rig, "HEAD", SCRIPT, "Accept-Encoding: gzip\r\n", "");
  g_autofree char *plain_etag = web_header_of (plain, "ETag");
  g_autofree char *packed_etag = web_header_of (packed, "ETag");
  g_assert_cmpstr (plain_etag, !=, packed_etag);
}

/* A link to Potoo in a wiki works; a picture, frame or script of Potoo there does not. */
static void
test_links (WebRig *rig, gconstpointer data)
{
  static const struct
  {
    const char *method, *headers;
    guint status;
  } rows[] = {
    { "GET", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n", 200 },
    { "GET", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n", 403 },
    { "GET", "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: document\r\n", 403 },
    { "GET", "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n", 403 },
    { "GET", "Sec-Fetch-Mode: navigate\r\n", 403 },
    { "POST", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n", 403 },
    { "GET", "", 403 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *headers = g_strconcat ("Sec-Fetch-Site: cross-site\r\n", rows[i].headers,
                                              NULL);
      g_autofree char *answer = web_ask (rig, rows[i].method, "/cameras/a", headers, "");
      g_assert_cmpuint (web_status_of (answer), ==, rows[i].status);
    }
}

static void
test_head (WebRig *rig, gconstpointer data)
{
  static const char *const targets[] = { "/", STYLE, SCRIPT };

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *whole = web_get (rig, targets[i]);
      g_autofree char *head = web_ask (rig, "HEAD", targets[i], "", "");
      g_autofree char *length = web_header_of (whole, "Content-Length");
      g_assert_cmpuint (web_status_of (head), ==, 200);
      g_assert_cmpstr (web_body_of (head), ==, "");
      web_assert_header (head, "Content-Length", length);
    }
}

static void
add (const char *name, void (*func) (WebRig *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/web-ui/%s", name);
  g_test_add (path, WebRig, NULL, web_set_up, func, web_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("pages", test_pages);
  add ("no-pages", test_no_pages);
  add ("plain-asset", test_plain_asset);
  add ("packed-asset", test_packed_asset);
  add ("not-modified", test_not_modified);
  add ("links", test_links);
  add ("head", test_head);
  return g_test_run ();
}
