/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-guard.h"

#include <gio/gio.h>
#include <string.h>

/* Splits `host[:port]` (RFC 3986, 3.2.2; brackets stay) and checks the port. */
static gboolean
split_authority (const char *authority, char **host, guint *port, guint default_port)
{
  const char *after_host = authority[0] == '[' ? strchr (authority, ']') : strchr (authority, ':');
  guint64 number = default_port;

  if (authority[0] == '[' && after_host == NULL)
    return FALSE;
  if (authority[0] == '[')
    after_host++;
  else if (after_host == NULL)
    after_host = authority + strlen (authority);
  if (*after_host != '\0' &&
      (*after_host != ':' || strlen (after_host + 1) > 5 ||
       !g_ascii_string_to_unsigned (after_host + 1, 10, 1, 65535, &number, NULL)))
    return FALSE;
  *host = g_ascii_strdown (authority, after_host - authority);
  *port = (guint) number;
  return TRUE;
}

static gboolean
is_ip_literal (const char *host)
{
  gsize length = strlen (host);

  if (host[0] != '[')
    return strchr (host, ':') == NULL && g_hostname_is_ip_address (host);
  g_autofree char *inside = g_strndup (host + 1, length - 2);
  return strchr (inside, ':') != NULL && strchr (inside, '%') == NULL &&
         g_hostname_is_ip_address (inside);
}

gboolean
potoo_web_guard_host_is_literal (const char *host)
{
  g_autofree char *name = NULL;
  guint port;

  if (host == NULL || !split_authority (host, &name, &port, 80))
    return FALSE;
  return strcmp (name, "localhost") == 0 || is_ip_literal (name);
}

/* The same scheme, host and port (RFC 6454, 5). Behind a unix socket stands a proxy, which may
 * speak https to the browser. */
static gboolean
is_own_origin (const PotooWebGuardFacts *facts)
{
  g_autofree char *own = NULL, *theirs = NULL;
  guint own_port, their_port, default_port = 80;
  const char *authority = NULL;

  if (g_str_has_prefix (facts->origin, "http://"))
    authority = facts->origin + strlen ("http://");
  else if (facts->unix_socket && g_str_has_prefix (facts->origin, "https://"))
    {
      authority = facts->origin + strlen ("https://");
      default_port = 443;
    }
  if (authority == NULL || facts->host == NULL)
    return FALSE;
  return split_authority (facts->host, &own, &own_port, default_port) &&
         split_authority (authority, &theirs, &their_port, default_port) &&
         own_port == their_port && strcmp (own, theirs) == 0;
}

PotooWebGuard
potoo_web_guard_check (const PotooWebGuardFacts *facts)
{
  if (!facts->unix_socket && !potoo_web_guard_host_is_literal (facts->host))
    return POTOO_WEB_GUARD_HOST;
  if (facts->origin != NULL && !is_own_origin (facts))
    return POTOO_WEB_GUARD_ORIGIN;
  if (!facts->navigation && facts->sec_fetch_site != NULL &&
      g_ascii_strcasecmp (facts->sec_fetch_site, "cross-site") == 0)
    return POTOO_WEB_GUARD_ORIGIN;
  return POTOO_WEB_GUARD_PASS;
}

static gboolean
is_accepted_parameter (char *parameter)
{
  char *value = strchr (parameter, '=');

  if (value == NULL)
    return FALSE;
  *value++ = '\0';
  g_strstrip (parameter);
  g_strstrip (value);
  if (g_ascii_strcasecmp (parameter, "charset") != 0)
    return TRUE;
  return g_ascii_strcasecmp (value, "utf-8") == 0 || g_ascii_strcasecmp (value, "\"utf-8\"") == 0;
}

gboolean
potoo_web_guard_content_type (const char *content_type, gboolean merge_patch)
{
  if (content_type == NULL)
    return FALSE;
  g_auto (GStrv) parts = g_strsplit (content_type, ";", 8);
  if (parts[0] == NULL)
    return FALSE;
  g_strstrip (parts[0]);
  if (g_ascii_strcasecmp (parts[0], "application/json") != 0 &&
      (!merge_patch || g_ascii_strcasecmp (parts[0], "application/merge-patch+json") != 0))
    return FALSE;
  for (char **part = parts + 1; *part != NULL; part++)
    if (!is_accepted_parameter (*part))
      return FALSE;
  return TRUE;
}
