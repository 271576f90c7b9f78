/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The grammars of single values of potoo.conf. Errors say what is wrong and
 * what is allowed; the caller puts file and line in front. Any thread. */

#include "config/potoo-config-private.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/un.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-text.h"

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_propagate_error (error,
                     g_error_new_valist (POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, format, args));
  va_end (args);
  return FALSE;
}

static void
listen_clear (PotooListen *listen)
{
  g_clear_pointer (&listen->host, g_free);
  g_clear_pointer (&listen->path, g_free);
}

gboolean
potoo_listen_equal (const PotooListen *a, const PotooListen *b)
{
  return g_strcmp0 (a->host, b->host) == 0 && a->port == b->port &&
         g_strcmp0 (a->path, b->path) == 0;
}

static gboolean
parse_unix (const char *path, PotooListen *listen, GError **error)
{
  if (!g_path_is_absolute (path))
    return fail (error, _ ("the path of a unix socket must be absolute: unix:/path"));
  if (strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    return fail (error, _ ("the path of a unix socket must be shorter than %zu bytes"),
                 sizeof ((struct sockaddr_un *) NULL)->sun_path);
  listen->path = g_canonicalize_filename (path, "/");
  return TRUE;
}

/* Splits `host:port` and `[v6]:port`; the host comes without brackets. */
static gboolean
split_host_port (const char *text, char **host, const char **port)
{
  const char *colon;

  if (text[0] == '[')
    {
      const char *end = strchr (text, ']');
      if (end == NULL || end[1] != ':')
        return FALSE;
      *host = g_strndup (text + 1, (gsize) (end - text - 1));
      *port = end + 2;
      return strchr (*host, ':') != NULL;
    }
  colon = strchr (text, ':');
  if (colon == NULL || strchr (colon + 1, ':') != NULL)
    return FALSE;
  *host = g_strndup (text, (gsize) (colon - text));
  *port = colon + 1;
  return TRUE;
}

static gboolean
parse_loopback (const char *host, PotooListen *listen, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address == NULL)
    return fail (error,
                 _ ("“%s” is not an IP address; to serve this machine write 127.0.0.1 or [::1]"),
                 host);
  if (!g_inet_address_get_is_loopback (address))
    return fail (error,
                 _ ("%s can be reached from other machines, and this version has no "
                    "authentication yet; use 127.0.0.1, [::1] or unix:/path"),
                 host);
  listen->host = g_inet_address_to_string (address);
  return TRUE;
}

static gboolean
parse_listen (const char *text, PotooListen *listen, GError **error)
{
  g_autofree char *host = NULL;
  const char *port;
  guint64 number;

  if (g_str_has_prefix (text, "unix:"))
    return parse_unix (text + strlen ("unix:"), listen, error);
  if (!split_host_port (text, &host, &port))
    return fail (error, _ ("“%s” is not an address; write host:port, [IPv6]:port or unix:/path"),
                 text);
  if (!g_ascii_string_to_unsigned (port, 10, 0, G_MAXUINT16, &number, NULL))
    return fail (error, _ ("“%s” is not a port; allowed is 0 (any free one) to 65535"), port);
  listen->port = (guint16) number;
  return parse_loopback (host, listen, error);
}

static gboolean
list_has (GArray *list, const PotooListen *listen)
{
  for (guint i = 0; i < list->len; i++)
    if (potoo_listen_equal (&g_array_index (list, PotooListen, i), listen))
      return TRUE;
  return FALSE;
}

static gboolean
append_listen (GArray *list, const char *text, GError **error)
{
  PotooListen listen = { NULL };
  gboolean added = FALSE;

  if (!parse_listen (text, &listen, error))
    added = FALSE;
  else if (list_has (list, &listen))
    fail (error, _ ("“%s” is in the list twice"), text);
  else if (list->len == POTOO_CONFIG_MAX_LISTEN)
    fail (error, _ ("more than %d addresses"), POTOO_CONFIG_MAX_LISTEN);
  else
    added = TRUE;

  if (added)
    g_array_append_val (list, listen);
  else
    listen_clear (&listen);
  return added;
}

GArray *
potoo_listen_parse_list (const char *text, GError **error)
{
  g_autoptr (GArray) list = g_array_new (FALSE, TRUE, sizeof (PotooListen));
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  guint n = g_strv_length (parts);

  g_array_set_clear_func (list, (GDestroyNotify) listen_clear);
  if (n > 1 && *g_strstrip (parts[n - 1]) == '\0')
    n--; /* a list may end with its separator */
  for (guint i = 0; i < n; i++)
    if (!append_listen (list, g_strstrip (parts[i]), error))
      return NULL;
  if (n == 0)
    {
      fail (error, _ ("at least one address is needed: host:port, [IPv6]:port or unix:/path"));
      return NULL;
    }
  return g_steal_pointer (&list);
}

gboolean
potoo_config_parse_log_level (const char *text, int *level, GError **error)
{
  static const char *const names[] = {
    [POTOO_LOG_ERROR] = "error",
    [POTOO_LOG_WARNING] = "warning",
    [POTOO_LOG_INFO] = "info",
    [POTOO_LOG_DEBUG] = "debug",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (text, names[i]) == 0)
      {
        *level = (int) i;
        return TRUE;
      }
  return fail (error, _ ("“%s” is not a log level; allowed are error, warning, info and debug"),
               text);
}

static char *
format_duration (gint64 duration_us)
{
  if (duration_us % (3600 * POTOO_SECOND_US) == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "h", duration_us / (3600 * POTOO_SECOND_US));
  if (duration_us % POTOO_SECOND_US == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "s", duration_us / POTOO_SECOND_US);
  return g_strdup_printf ("%" G_GINT64_FORMAT "ms", duration_us / 1000);
}

gboolean
potoo_config_parse_duration (const char *text,
                             gint64 min_us,
                             gint64 max_us,
                             gint64 *value_us,
                             GError **error)
{
  if (potoo_duration_parse (text, value_us) && *value_us >= min_us && *value_us <= max_us)
    return TRUE;

  g_autofree char *min = format_duration (min_us);
  g_autofree char *max = format_duration (max_us);
  return fail (error, _ ("“%s” is not a time from %s to %s (suffixes: ms, s, min, h, d)"), text,
               min, max);
}

#define MIN_INTERVAL_US (10 * POTOO_SECOND_US)
#define MAX_INTERVAL_US (365 * POTOO_DAY_US)
#define MAX_MEMORY G_GINT64_CONSTANT (1000000000000)
#define MIN_BANDWIDTH 1000000

gboolean
potoo_config_parse_interval (const char *text, gint64 *value_us, GError **error)
{
  if (potoo_duration_parse (text, value_us) &&
      (*value_us == 0 || (*value_us >= MIN_INTERVAL_US && *value_us <= MAX_INTERVAL_US)))
    return TRUE;
  return fail (error, _ ("“%s” is neither a time from 10s to 365d nor 0 (never)"), text);
}

/* Whether @text is `auto`: then @value is POTOO_MEMORY_AUTO. */
static gboolean
parse_auto (const char *text, gint64 *value)
{
  *value = POTOO_MEMORY_AUTO;
  return strcmp (text, "auto") == 0;
}

gboolean
potoo_config_parse_memory (const char *text, gint64 *value, GError **error)
{
  if (parse_auto (text, value) || (potoo_size_parse (text, value) && *value <= MAX_MEMORY))
    return TRUE;
  return fail (error, _ ("“%s” is neither a size of memory, such as 64MB, nor auto"), text);
}

gboolean
potoo_config_parse_budget (const char *text, gint64 *value, GError **error)
{
  if (parse_auto (text, value) ||
      (potoo_size_parse (text, value) && *value >= POTOO_MEMORY_MIN_BYTES && *value <= MAX_MEMORY))
    return TRUE;
  return fail (error, _ ("“%s” is neither a size of memory from 64MB to 1TB nor auto"), text);
}

gboolean
potoo_config_parse_bandwidth (const char *text, gint64 *value, GError **error)
{
  if (potoo_size_parse (text, value) && (*value == 0 || *value >= MIN_BANDWIDTH))
    return TRUE;
  return fail (error,
               _ ("“%s” is neither a size of at least 1MB, to be read each second, nor 0 (any)"),
               text);
}
