/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The user interface is one HTML document, whose script shows the page that the path
 * names, and its assets. Both come from the GResource below PREFIX, which is linked into the
 * daemon by -Dweb_ui=true:
 *
 *     index.html         answers every path of a page
 *     assets/NAME        the name holds a hash of the content, so it may be cached for ever
 *     assets/NAME.gz     in place of NAME: sent as it is to who takes gzip, which all
 *                        browsers do, and unpacked for the others
 *
 * Nothing is kept: the bytes are those of the program. Worker thread.
 */

#include "web/potoo-web-ui.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "web/potoo-web-range.h"
#include "web/potoo-web-reply.h"

#define PREFIX "/org/potoo/ui/"
#define HTML_TYPE "text/html; charset=utf-8"

/* Blobs are what Media Source Extensions play, workers what hls.js works in. */
#define CONTENT_SECURITY_POLICY                                                                    \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "          \
  "media-src 'self' blob:; font-src 'self'; worker-src 'self' blob:; connect-src 'self'; "         \
  "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

static const char *const media_types[][2] = {
  { ".css", "text/css; charset=utf-8" },
  { ".ico", "image/x-icon" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".json", "application/json" },
  { ".map", "application/json" },
  { ".png", "image/png" },
  { ".svg", "image/svg+xml" },
  { ".txt", "text/plain; charset=utf-8" },
  { ".webmanifest", "application/manifest+json" },
  { ".woff2", "font/woff2" },
};

static const char *
find_media_type (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (media_types); i++)
    if (g_str_has_suffix (name, media_types[i][0]))
      return media_types[i][1];
  return "application/octet-stream";
}

/* (transfer full) (nullable) */
static GBytes *
look_up (const char *name, const char *suffix)
{
  g_autofree char *path = g_strconcat (PREFIX, name, suffix, NULL);

  return g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

static gboolean
is_refused (const char *parameters)
{
  const char *q = parameters != NULL ? strstr (parameters, "q=") : NULL;

  return q != NULL && g_ascii_strtod (q + 2, NULL) <= 0;
}

/* Accept-Encoding (RFC 9110, 12.5.3); `*` is not worth the trouble. */
static gboolean
takes_gzip (PotooWebRequest *request)
{
  const char *field = potoo_web_request_get_header (request, POTOO_WEB_HEADER_ACCEPT_ENCODING);
  g_auto (GStrv) codings = g_strsplit (field != NULL ? field : "", ",", 16);

  for (char **coding = codings; *coding != NULL; coding++)
    {
      g_auto (GStrv) halves = g_strsplit (*coding, ";", 2);
      if (halves[0] != NULL && g_ascii_strcasecmp (g_strstrip (halves[0]), "gzip") == 0)
        return !is_refused (halves[1]);
    }
  return FALSE;
}

/* (transfer full) (nullable) */
static GBytes *
unpack (GBytes *packed, GError **error)
{
  g_autoptr (GInputStream) source = g_memory_input_stream_new_from_bytes (packed);
  g_autoptr (GConverter)
      converter = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) stream = g_converter_input_stream_new (source, converter);
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();

  if (g_output_stream_splice (sink, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, error) < 0)
    return NULL;
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (sink));
}

/* Of the bytes that are sent: each coding is a representation of its own. */
static char *
make_etag (GBytes *bytes)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

  return g_strdup_printf ("\"%.32s\"", hash);
}

/* Takes @bytes. */
static void
reply_bytes (PotooWebRequest *request, const char *type, const char *caching, GBytes *bytes)
{
  g_autoptr (GBytes) own = bytes;
  g_autofree char *etag = make_etag (bytes);
  const char *if_none_match = potoo_web_request_get_header (request,
                                                            POTOO_WEB_HEADER_IF_NONE_MATCH);

  potoo_web_reply_set_header (request, "ETag", etag);
  potoo_web_reply_set_header (request, "Cache-Control", caching);
  potoo_web_reply_set_header (request, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  if (if_none_match != NULL && potoo_web_etag_matches (if_none_match, etag, FALSE))
    potoo_web_reply_empty (request, 304);
  else
    potoo_web_reply_bytes (request, 200, type, g_steal_pointer (&own));
}

/* --- pages --- */

static GBytes *
make_plain_page (void)
{
  char *text = g_strdup_printf ("<!doctype html>\n<html><head><meta charset=\"utf-8\">"
                                "<meta name=\"viewport\" content=\"width=device-width\">"
                                "<title>Potoo</title></head><body><h1>Potoo %s</h1>"
                                "<p>%s</p></body></html>\n",
                                PACKAGE_VERSION,
                                _ ("This Potoo was built without its user interface. It records, "
                                   "and is controlled over REST, below <code>/api/v1</code>."));

  return g_bytes_new_take (text, strlen (text));
}

/* (transfer full) */
static GBytes *
make_page (void)
{
  GBytes *page = look_up ("index.html", NULL);

  return page != NULL ? page : make_plain_page ();
}

static void
get_page (PotooWebRequest *request)
{
  potoo_web_reply_set_header (request, "Cross-Origin-Opener-Policy", "same-origin");
  reply_bytes (request, HTML_TYPE, "no-cache", make_page ());
}

void
potoo_web_ui_reply_unknown (PotooWebRequest *request)
{
  potoo_web_reply_set_header (request, "Cache-Control", "no-store");
  potoo_web_reply_set_header (request, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  potoo_web_reply_bytes (request, 404, HTML_TYPE, make_page ());
}

/* --- assets --- */

static GBytes *
find_asset (PotooWebRequest *request, const char *name, GError **error)
{
  g_autofree char *path = g_strconcat ("assets/", name, NULL);
  g_autoptr (GBytes) packed = look_up (path, ".gz");

  if (packed == NULL)
    {
      GBytes *plain = look_up (path, NULL);
      if (plain == NULL)
        g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("There is no such file of the user interface; "
                                "reload the page when Potoo was updated"));
      return plain;
    }
  potoo_web_reply_set_header (request, "Vary", "Accept-Encoding");
  if (!takes_gzip (request))
    return unpack (packed, error);
  potoo_web_reply_set_header (request, "Content-Encoding", "gzip");
  return g_steal_pointer (&packed);
}

static void
get_asset (PotooWebRequest *request)
{
  const char *name = potoo_web_request_get_text (request, "name");
  g_autoptr (GError) error = NULL;
  GBytes *bytes = find_asset (request, name, &error);

  if (bytes == NULL)
    potoo_web_reply_error (request, error);
  else
    reply_bytes (request, find_media_type (name), "public, max-age=31536000, immutable", bytes);
}

static const PotooWebParam id_params[] = {
  { .name = "id",
    .type = POTOO_WEB_PARAM_SLUG,
    .in_path = TRUE,
    .summary = "What the page is about" },
  { NULL },
};

static const PotooWebParam asset_params[] = {
  { .name = "name", .type = POTOO_WEB_PARAM_NAME, .in_path = TRUE, .summary = "The file's name" },
  { NULL },
};

#define PAGE(page_path, page_params)                                                               \
  {                                                                                                \
    .method = "GET", .path = page_path, .right = POTOO_WEB_RIGHT_OPEN, .params = page_params,      \
    .handler = get_page, .summary = "User interface", .any_query = TRUE                            \
  }

const PotooRoute potoo_web_ui_routes[] = {
  PAGE ("/", NULL),
  PAGE ("/cameras/{id}", id_params), /* also /cameras/new */
  PAGE ("/cameras/{id}/edit", id_params),
  PAGE ("/recordings/{id}", id_params),
  PAGE ("/storage", NULL),
  { "GET", "/assets/{name}", POTOO_WEB_RIGHT_OPEN, asset_params, POTOO_WEB_BODY_NONE, get_asset,
    "File of the user interface" },
  { NULL },
};
