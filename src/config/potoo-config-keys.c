/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every key of potoo.conf but those of storage roots. One table names each with
 * what sets it and what compares it. Any thread. */

#include "config/potoo-config-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"

/* --- values that are no numbers --- */

static gboolean
set_log_level (PotooConfig *config, const char *value, GError **error)
{
  return potoo_config_parse_log_level (value, &config->log_level, error);
}

static gboolean
set_http_listen (PotooConfig *config, const char *value, GError **error)
{
  GArray *list = potoo_listen_parse_list (value, error);

  if (list == NULL)
    return FALSE;
  g_array_unref (config->http_listen);
  config->http_listen = list;
  return TRUE;
}

/* RTSP is off when there is no address. */
static gboolean
set_rtsp_listen (PotooConfig *config, const char *value, GError **error)
{
  g_autoptr (GArray) list = *value != '\0' ? potoo_listen_parse_list (value, error)
                                           : g_array_new (FALSE, TRUE, sizeof (PotooListen));

  if (list == NULL)
    return FALSE;
  for (guint i = 0; i < list->len; i++)
    if (g_array_index (list, PotooListen, i).path != NULL)
      {
        g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                     _ ("RTSP cannot be served on a unix socket; write 127.0.0.1:port or "
                        "[::1]:port"));
        return FALSE;
      }
  g_array_unref (config->rtsp_listen);
  config->rtsp_listen = g_steal_pointer (&list);
  return TRUE;
}

static gboolean
same_listen (GArray *a, GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!potoo_listen_equal (&g_array_index (a, PotooListen, i),
                             &g_array_index (b, PotooListen, i)))
      return FALSE;
  return TRUE;
}

static gboolean
same_http_listen (PotooConfig *a, PotooConfig *b)
{
  return same_listen (a->http_listen, b->http_listen);
}

static gboolean
same_rtsp_listen (PotooConfig *a, PotooConfig *b)
{
  return same_listen (a->rtsp_listen, b->rtsp_listen);
}

/* --- the table --- */

static gboolean
parse_segment_duration (const char *value, gint64 *duration_us, GError **error)
{
  return potoo_config_parse_duration (value, 10 * POTOO_SECOND_US, 3600 * POTOO_SECOND_US,
                                      duration_us, error);
}

static gboolean
parse_sync_interval (const char *value, gint64 *interval_us, GError **error)
{
  return potoo_config_parse_duration (value, POTOO_SECOND_US / 4, 60 * POTOO_SECOND_US, interval_us,
                                      error);
}

typedef gboolean (*ParseFunc) (const char *value, gint64 *number, GError **error);

/* With neither `parse` nor `set` its feature does not exist yet: only the default is accepted. */
typedef struct
{
  const char *group;
  const char *key;
  const char *default_value;
  /* a number; a change of it takes effect at the next start */
  ParseFunc parse;
  gsize offset;
  /* what is none */
  gboolean (*set) (PotooConfig *config, const char *value, GError **error);
  gboolean (*same) (PotooConfig *a, PotooConfig *b); /* NULL: a change takes effect at once */
} ConfigKey;

#define NUMBER(parse, field) parse, G_STRUCT_OFFSET (PotooConfig, field), NULL, NULL
#define VALUE(set, same) NULL, 0, set, same

static const ConfigKey config_keys[] = {
  { "server", "log-level", "info", VALUE (set_log_level, NULL) },
  { "server", "memory", "auto", NUMBER (potoo_config_parse_budget, memory) },
  { "http", "listen", "127.0.0.1:8080", VALUE (set_http_listen, same_http_listen) },
  { "http", "tls-listen", "", VALUE (NULL, NULL) },
  { "http", "tls-certificate", "", VALUE (NULL, NULL) },
  { "http", "tls-key", "", VALUE (NULL, NULL) },
  { "http", "http2", "false", VALUE (NULL, NULL) },
  { "http", "workers", "0", VALUE (NULL, NULL) },
  { "http", "base-path", "/", VALUE (NULL, NULL) },
  { "rtsp", "listen", "127.0.0.1:8554", VALUE (set_rtsp_listen, same_rtsp_listen) },
  { "storage", "segment-duration", "5min", NUMBER (parse_segment_duration, segment_duration_us) },
  { "storage", "sync-interval", "2s", NUMBER (parse_sync_interval, sync_interval_us) },
  { "storage", "pre-roll-memory", "auto", NUMBER (potoo_config_parse_memory, pre_roll_memory) },
  { "storage", "backup-interval", "1d", NUMBER (potoo_config_parse_interval, backup_interval_us) },
  { "storage", "verify-interval", "7d", NUMBER (potoo_config_parse_interval, verify_interval_us) },
  { "storage", "verify-bandwidth", "32MB",
    NUMBER (potoo_config_parse_bandwidth, verify_bandwidth) },
};

static gint64 *
get_number (PotooConfig *config, const ConfigKey *key)
{
  return G_STRUCT_MEMBER_P (config, key->offset);
}

static gboolean
set_key (PotooConfig *config, const ConfigKey *key, const char *value, GError **error)
{
  if (key->parse != NULL)
    return key->parse (value, get_number (config, key), error);
  if (key->set != NULL)
    return key->set (config, value, error);
  if (strcmp (value, key->default_value) == 0)
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("not available in this version; remove it or leave it at “%s”"),
               key->default_value);
  return FALSE;
}

gboolean
potoo_config_has_group (const char *group)
{
  for (guint i = 0; i < G_N_ELEMENTS (config_keys); i++)
    if (strcmp (config_keys[i].group, group) == 0)
      return TRUE;
  return FALSE;
}

gboolean
potoo_config_set (PotooConfig *config,
                  const char *group,
                  const char *key,
                  const char *value,
                  GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (config_keys); i++)
    if (strcmp (config_keys[i].group, group) == 0 && strcmp (config_keys[i].key, key) == 0)
      return set_key (config, &config_keys[i], value, error);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, _ ("unknown key in group [%s]"),
               group);
  return FALSE;
}

void
potoo_config_set_defaults (PotooConfig *config)
{
  for (guint i = 0; i < G_N_ELEMENTS (config_keys); i++)
    {
      gboolean valid = set_key (config, &config_keys[i], config_keys[i].default_value, NULL);
      g_assert (valid);
    }
}

static gboolean
is_same (PotooConfig *a, PotooConfig *b, const ConfigKey *key)
{
  if (key->parse != NULL)
    return *get_number (a, key) == *get_number (b, key);
  return key->same == NULL || key->same (a, b);
}

void
potoo_config_append_change (GString *changes, const char *group, const char *name, const char *key)
{
  g_string_append_printf (changes, "%s[%s%s] %s", changes->len > 0 ? ", " : "", group, name, key);
}

void
potoo_config_append_changes (GString *changes, PotooConfig *a, PotooConfig *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (config_keys); i++)
    if (!is_same (a, b, &config_keys[i]))
      potoo_config_append_change (changes, config_keys[i].group, "", config_keys[i].key);
}
