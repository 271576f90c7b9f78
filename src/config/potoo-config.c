/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The whole of potoo.conf. Loading walks the file in its own order, so that the first error of the
 * file is the one that is told. Immutable once loaded. Any thread. */

#include "config/potoo-config-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"

#define ROOT_PREFIX "storage-root "
#define DEFAULT_ROOT_PRIORITY 50

static PotooConfig *
config_new (void)
{
  PotooConfig *config = g_new0 (PotooConfig, 1);

  g_atomic_ref_count_init (&config->ref_count);
  config->http_listen = g_array_new (FALSE, TRUE, sizeof (PotooListen));
  config->rtsp_listen = g_array_new (FALSE, TRUE, sizeof (PotooListen));
  config->roots = g_array_new (FALSE, TRUE, sizeof (PotooConfigRoot));
  g_array_set_clear_func (config->roots, (GDestroyNotify) potoo_config_root_clear);
  potoo_config_set_defaults (config);
  return config;
}

PotooConfig *
potoo_config_ref (PotooConfig *config)
{
  g_atomic_ref_count_inc (&config->ref_count);
  return config;
}

void
potoo_config_unref (PotooConfig *config)
{
  if (!g_atomic_ref_count_dec (&config->ref_count))
    return;
  g_array_unref (config->http_listen);
  g_array_unref (config->rtsp_listen);
  g_array_unref (config->roots);
  g_free (config);
}

static PotooConfigRoot *
find_root (PotooConfig *config, const char *name)
{
  for (guint i = 0; i < config->roots->len; i++)
    {
      PotooConfigRoot *root = &g_array_index (config->roots, PotooConfigRoot, i);
      if (strcmp (root->name, name) == 0)
        return root;
    }
  return NULL;
}

static PotooConfigRoot *
add_root (PotooConfig *config, const char *name)
{
  PotooConfigRoot root = { .name = g_strdup (name),
                           .min_free_percent = 5,
                           .priority = DEFAULT_ROOT_PRIORITY };

  g_array_append_val (config->roots, root);
  return find_root (config, name);
}

static gboolean
open_root_group (PotooConfig *config, const char *name, GError **error)
{
  if (!potoo_slug_is_valid (name))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("“%s” is not a name for a storage root; allowed are 1 to %d of a-z, 0-9 "
                      "and -, not - in front"),
                   name, POTOO_SLUG_MAX);
      return FALSE;
    }
  if (config->roots->len == POTOO_CONFIG_MAX_ROOTS)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, _ ("more than %d storage roots"),
                   POTOO_CONFIG_MAX_ROOTS);
      return FALSE;
    }
  add_root (config, name);
  return TRUE;
}

static gboolean
open_group (PotooConfig *config, const char *group, GError **error)
{
  if (g_str_has_prefix (group, ROOT_PREFIX))
    return open_root_group (config, group + strlen (ROOT_PREFIX), error);
  if (potoo_config_has_group (group))
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("unknown group [%s]; known are server, http, rtsp, storage and storage-root "
                  "NAME"),
               group);
  return FALSE;
}

static gboolean
set_key (PotooConfig *config, const char *group, const char *key, const char *value, GError **error)
{
  if (g_str_has_prefix (group, ROOT_PREFIX))
    return potoo_config_root_set (find_root (config, group + strlen (ROOT_PREFIX)), key, value,
                                  error);
  return potoo_config_set (config, group, key, value, error);
}

/* GKeyFile warns, instead of failing, when a value has two bad escapes. */
static gboolean
escapes_are_valid (const char *raw)
{
  for (const char *c = raw; *c != '\0'; c++)
    if (*c == '\\' && (*++c == '\0' || strchr ("sntr\\", *c) == NULL))
      return FALSE;
  return TRUE;
}

/* The value without the white space around it; control characters can only
 * come from GKeyFile's escapes, and no value has a use for them. */
static char *
take_value (GKeyFile *key_file, const PotooConfigEntry *entry, GError **error)
{
  g_autofree char *raw = g_key_file_get_value (key_file, entry->group, entry->key, NULL);
  g_autofree char *value = NULL;

  if (raw != NULL && escapes_are_valid (raw))
    value = g_key_file_get_string (key_file, entry->group, entry->key, NULL);
  if (value == NULL)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("the value cannot be read; a backslash is written as \\\\"));
      return NULL;
    }
  g_strstrip (value);
  for (const char *c = value; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      {
        g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                     _ ("the value has a control character"));
        return NULL;
      }
  return g_steal_pointer (&value);
}

static gboolean
apply_entry (PotooConfig *config, GKeyFile *key_file, const PotooConfigEntry *entry, GError **error)
{
  if (entry->key == NULL)
    return open_group (config, entry->group, error);

  g_autofree char *value = take_value (key_file, entry, error);
  if (value == NULL)
    return FALSE;
  return set_key (config, entry->group, entry->key, value, error);
}

static guint
find_line (GPtrArray *entries, const char *root, const char *key)
{
  g_autofree char *group = g_strconcat (ROOT_PREFIX, root, NULL);

  for (guint i = 0; i < entries->len; i++)
    {
      const PotooConfigEntry *entry = entries->pdata[i];
      if (strcmp (entry->group, group) == 0 && g_strcmp0 (entry->key, key) == 0)
        return entry->line;
    }
  return 0;
}

static gboolean
check_roots (PotooConfig *config, const char *file, GPtrArray *entries, GError **error)
{
  g_autoptr (GError) local = NULL;

  for (guint i = 0; i < config->roots->len; i++)
    {
      const PotooConfigRoot *root = &g_array_index (config->roots, PotooConfigRoot, i);
      if (root->path == NULL)
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                       _ ("%s:%u: storage root “%s” has no path; add path=/directory"), file,
                       find_line (entries, root->name, NULL), root->name);
          return FALSE;
        }
      if (!potoo_config_root_check_quota (root, config->segment_duration_us, &local))
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, "%s:%u: max-bytes: %s", file,
                       find_line (entries, root->name, "max-bytes"), local->message);
          return FALSE;
        }
      for (guint j = 0; j < i; j++)
        {
          const PotooConfigRoot *other = &g_array_index (config->roots, PotooConfigRoot, j);
          if (!potoo_config_root_overlaps (root, other))
            continue;
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                       _ ("%s:%u: path: storage roots “%s” and “%s” lie in the same directory or "
                          "one inside the other; give each its own"),
                       file, find_line (entries, root->name, "path"), other->name, root->name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
load_text (PotooConfig *config, const char *file, const char *text, gsize length, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (GPtrArray) entries = potoo_config_scan (file, text, error);

  if (entries == NULL)
    return FALSE;
  if (length > 0 &&
      !g_key_file_load_from_data (key_file, text, length, G_KEY_FILE_KEEP_TRANSLATIONS, &local))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, "%s: %s", file, local->message);
      return FALSE;
    }
  for (guint i = 0; i < entries->len; i++)
    {
      const PotooConfigEntry *entry = entries->pdata[i];
      if (apply_entry (config, key_file, entry, &local))
        continue;
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, "%s:%u: %s%s%s", file,
                   entry->line, entry->key != NULL ? entry->key : "",
                   entry->key != NULL ? ": " : "", local->message);
      return FALSE;
    }
  return check_roots (config, file, entries, error);
}

PotooConfig *
potoo_config_load (const char *path, const char *state_dir, GError **error)
{
  g_autoptr (PotooConfig) config = config_new ();

  g_return_val_if_fail (state_dir != NULL && g_path_is_absolute (state_dir), NULL);

  if (path != NULL)
    {
      gsize length;
      g_autofree char *text = potoo_config_read_file (path, &length, error);
      if (text == NULL || !load_text (config, path, text, length, error))
        return NULL;
    }
  if (config->roots->len == 0)
    add_root (config, "main")->path = g_build_filename (state_dir, "recordings", NULL);
  potoo_memory_budget_init (&config->memory_budget, config->memory, config->pre_roll_memory);
  return g_steal_pointer (&config);
}

int
potoo_config_get_log_level (PotooConfig *config)
{
  return config->log_level;
}

const PotooListen *
potoo_config_get_http_listen (PotooConfig *config, unsigned *n)
{
  *n = config->http_listen->len;
  return (const PotooListen *) config->http_listen->data;
}

const PotooListen *
potoo_config_get_rtsp_listen (PotooConfig *config, unsigned *n)
{
  *n = config->rtsp_listen->len;
  return (const PotooListen *) config->rtsp_listen->data;
}

gint64
potoo_config_get_segment_duration_us (PotooConfig *config)
{
  return config->segment_duration_us;
}

gint64
potoo_config_get_sync_interval_us (PotooConfig *config)
{
  return config->sync_interval_us;
}

const PotooMemoryBudget *
potoo_config_get_memory_budget (PotooConfig *config)
{
  return &config->memory_budget;
}

gint64
potoo_config_get_backup_interval_us (PotooConfig *config)
{
  return config->backup_interval_us;
}

gint64
potoo_config_get_verify_interval_us (PotooConfig *config)
{
  return config->verify_interval_us;
}

gint64
potoo_config_get_verify_bandwidth (PotooConfig *config)
{
  return config->verify_bandwidth;
}

const PotooConfigRoot *
potoo_config_get_roots (PotooConfig *config, unsigned *n)
{
  *n = config->roots->len;
  return (const PotooConfigRoot *) config->roots->data;
}

static void
describe_root (GString *out, const PotooConfigRoot *root, PotooConfig *other)
{
  const PotooConfigRoot *same = find_root (other, root->name);

  if (same == NULL || strcmp (root->path, same->path) != 0)
    potoo_config_append_change (out, ROOT_PREFIX, root->name, "path");
  if (same == NULL)
    return;
  if (root->priority != same->priority)
    potoo_config_append_change (out, ROOT_PREFIX, root->name, "priority");
  if (root->max_bytes != same->max_bytes)
    potoo_config_append_change (out, ROOT_PREFIX, root->name, "max-bytes");
  if (root->min_free_bytes != same->min_free_bytes ||
      root->min_free_percent != same->min_free_percent)
    potoo_config_append_change (out, ROOT_PREFIX, root->name, "min-free");
}

char *
potoo_config_describe_restart (PotooConfig *a, PotooConfig *b)
{
  GString *out = g_string_new (NULL);

  potoo_config_append_changes (out, a, b);
  for (guint i = 0; i < a->roots->len; i++)
    describe_root (out, &g_array_index (a->roots, PotooConfigRoot, i), b);
  for (guint i = 0; i < b->roots->len; i++)
    {
      const PotooConfigRoot *root = &g_array_index (b->roots, PotooConfigRoot, i);
      if (find_root (a, root->name) == NULL)
        potoo_config_append_change (out, ROOT_PREFIX, root->name, "path");
    }
  return g_string_free (out, out->len == 0);
}
