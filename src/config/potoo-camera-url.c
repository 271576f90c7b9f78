/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Camera URLs come from people and from the network, and go to GStreamer, which
 * reads them with a parser of its own. So only what every parser reads alike
 * passes: a host of plain characters, no fragment, nothing outside printable
 * ASCII, and the user-info taken away before anyone else sees the URL. Any thread. */

#include "config/potoo-camera-url.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"

#define RTSP_PORT 554
#define RTSPS_PORT 322

void
potoo_secret_free (char *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

void
potoo_camera_url_clear (PotooCameraUrl *url)
{
  g_clear_pointer (&url->text, g_free);
  g_clear_pointer (&url->origin, g_free);
  g_clear_pointer (&url->username, g_free);
  g_clear_pointer (&url->password, potoo_secret_free);
}

static gboolean
check_characters (const char *text, const char *pointer, GError **error)
{
  if (strlen (text) > POTOO_CAMERA_URL_MAX)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("The URL is longer than %d bytes"), POTOO_CAMERA_URL_MAX);
      return FALSE;
    }
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      {
        potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                            _ ("The URL has a space, a control character or one outside ASCII; "
                               "percent-encode it"));
        return FALSE;
      }
  if (strpbrk (text, "\\\"<>^`") != NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("The URL has one of the characters \\ \" < > ^ `; "
                             "percent-encode it"));
      return FALSE;
    }
  return TRUE;
}

static const char *
explain (const GError *error)
{
  if (error->domain != G_URI_ERROR)
    return _ ("The URL is not valid");
  switch (error->code)
    {
    case G_URI_ERROR_BAD_PORT:
      return _ ("The port in the URL is not valid; allowed is 1 to 65535. Characters such as : "
                "and @ in a user name or password must be percent-encoded");
    case G_URI_ERROR_BAD_HOST:
      return _ ("The host in the URL is not valid; an IPv6 address is written as [::1]");
    default:
      return _ ("The URL is not valid; expected rtsp://host/path or rtsps://host/path, with %xx "
                "for special characters");
    }
}

static gboolean
host_is_name (const char *host)
{
  if (!g_ascii_isalnum (host[0]))
    return FALSE;
  for (const char *c = host; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("-._", *c) == NULL)
      return FALSE;
  return strlen (host) <= 253;
}

static gboolean
host_is_ipv6 (const char *host)
{
  g_autoptr (GInetAddress) address = NULL;

  if (strchr (host, ':') == NULL || strchr (host, '%') != NULL)
    return FALSE;
  address = g_inet_address_new_from_string (host);
  return address != NULL;
}

static gboolean
check_parts (GUri *uri, const char *pointer, GError **error)
{
  const char *scheme = g_uri_get_scheme (uri), *host = g_uri_get_host (uri);
  const char *problem = NULL;

  if (strcmp (scheme, "rtsp") != 0 && strcmp (scheme, "rtsps") != 0)
    problem = _ ("The URL must start with rtsp:// or rtsps://");
  else if (host == NULL || host[0] == '\0')
    problem = _ ("The URL has no host; expected rtsp://host/path");
  else if (!host_is_name (host) && !host_is_ipv6 (host))
    problem = _ ("The host in the URL is not valid. Characters such as @ and / in a user name or "
                 "password must be percent-encoded");
  else if (g_uri_get_port (uri) == 0)
    problem = _ ("The port in the URL is not valid; allowed is 1 to 65535");
  else if (g_uri_get_fragment (uri) != NULL)
    problem = _ ("A URL of a camera cannot have a fragment; write # as %23");

  if (problem == NULL)
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "%s", problem);
  return FALSE;
}

static gboolean
decode (const char *encoded, const char *pointer, char **decoded, GError **error)
{
  g_autofree char *text = NULL;

  if (encoded == NULL)
    return TRUE;
  text = g_uri_unescape_string (encoded, NULL);
  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("User name and password in the URL must be percent-encoded UTF-8"));
      potoo_secret_free (g_steal_pointer (&text));
      return FALSE;
    }
  *decoded = g_steal_pointer (&text);
  return TRUE;
}

static void
set_text (PotooCameraUrl *url, GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri), *query = g_uri_get_query (uri);
  g_autofree char *lower = g_ascii_strdown (g_uri_get_host (uri), -1);
  gboolean v6 = strchr (lower, ':') != NULL;
  int port = g_uri_get_port (uri);
  g_autofree char *host = g_strconcat (v6 ? "[" : "", lower, v6 ? "]" : "", NULL);
  g_autofree char *suffix = port > 0 ? g_strdup_printf (":%d", port) : g_strdup ("");

  url->text = g_strconcat (scheme, "://", host, suffix, g_uri_get_path (uri),
                           query != NULL ? "?" : "", query != NULL ? query : "", NULL);
  if (port <= 0)
    port = strcmp (scheme, "rtsps") == 0 ? RTSPS_PORT : RTSP_PORT;
  url->origin = g_strdup_printf ("%s://%s:%d", scheme, host, port);
}

gboolean
potoo_camera_url_parse (const char *text, const char *pointer, PotooCameraUrl *url, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GUri) uri = NULL;
  g_auto (PotooCameraUrl) parsed = { NULL };

  if (!check_characters (text, pointer, error))
    return FALSE;
  uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, &local);
  if (uri == NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "%s", explain (local));
      return FALSE;
    }
  if (!check_parts (uri, pointer, error) ||
      !decode (g_uri_get_user (uri), pointer, &parsed.username, error) ||
      !decode (g_uri_get_password (uri), pointer, &parsed.password, error))
    return FALSE;
  if (parsed.username != NULL && parsed.username[0] == '\0')
    g_clear_pointer (&parsed.username, g_free);
  set_text (&parsed, uri);
  *url = parsed;
  parsed = (PotooCameraUrl){ NULL };
  return TRUE;
}
