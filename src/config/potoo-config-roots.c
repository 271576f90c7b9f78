/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The values of a `[storage-root NAME]` group. Any thread. */

#include "config/potoo-config-private.h"

#include <glib/gi18n-lib.h>
#include <limits.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"

#define MAX_FREE_PERCENT 90
/* What a segment is taken to be, to tell quotas that cannot be meant: 8 Mb/s. */
#define SEGMENT_BYTES_PER_SECOND 1000000

void
potoo_config_root_clear (PotooConfigRoot *root)
{
  g_clear_pointer (&root->name, g_free);
  g_clear_pointer (&root->path, g_free);
}

static gboolean
set_path (PotooConfigRoot *root, const char *value, GError **error)
{
  if (!g_path_is_absolute (value) || strlen (value) >= PATH_MAX)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("“%s” is not an absolute path; it must start with /"), value);
      return FALSE;
    }
  g_free (root->path);
  root->path = g_canonicalize_filename (value, "/");
  return TRUE;
}

static gboolean
set_max_bytes (PotooConfigRoot *root, const char *value, GError **error)
{
  if (!potoo_size_parse (value, &root->max_bytes))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("“%s” is not a size such as 500GB; 0 is no quota"), value);
      return FALSE;
    }
  return TRUE;
}

static gboolean
set_priority (PotooConfigRoot *root, const char *value, GError **error)
{
  guint64 priority;

  if (!g_ascii_string_to_unsigned (value, 10, 0, POTOO_CONFIG_MAX_ROOT_PRIORITY, &priority, NULL))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("“%s” is not a priority; allowed are 0 to %d, the higher is filled first"),
                   value, POTOO_CONFIG_MAX_ROOT_PRIORITY);
      return FALSE;
    }
  root->priority = (unsigned) priority;
  return TRUE;
}

static gboolean
set_min_free (PotooConfigRoot *root, const char *value, GError **error)
{
  gsize length = strlen (value);

  if (length > 1 && value[length - 1] == '%')
    {
      g_autofree char *number = g_strndup (value, length - 1);
      guint64 percent;
      if (g_ascii_string_to_unsigned (number, 10, 1, MAX_FREE_PERCENT, &percent, NULL))
        {
          root->min_free_percent = (unsigned) percent;
          root->min_free_bytes = 0;
          return TRUE;
        }
    }
  else if (potoo_size_parse (value, &root->min_free_bytes))
    {
      root->min_free_percent = 0;
      return TRUE;
    }
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("“%s” is neither a part of the disk (1%% to %d%%) nor a size such as 20GB"),
               value, MAX_FREE_PERCENT);
  return FALSE;
}

gboolean
potoo_config_root_set (PotooConfigRoot *root, const char *key, const char *value, GError **error)
{
  if (strcmp (key, "path") == 0)
    return set_path (root, value, error);
  if (strcmp (key, "max-bytes") == 0)
    return set_max_bytes (root, value, error);
  if (strcmp (key, "priority") == 0)
    return set_priority (root, value, error);
  if (strcmp (key, "min-free") == 0)
    return set_min_free (root, value, error);

  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("unknown key; a storage root has path, priority, max-bytes and min-free"));
  return FALSE;
}

static gboolean
is_inside (const char *path, const char *directory)
{
  gsize length = strlen (directory);

  if (strncmp (path, directory, length) != 0)
    return FALSE;
  return path[length] == '\0' || path[length] == '/' || directory[length - 1] == '/';
}

gboolean
potoo_config_root_overlaps (const PotooConfigRoot *a, const PotooConfigRoot *b)
{
  return is_inside (a->path, b->path) || is_inside (b->path, a->path);
}

gboolean
potoo_config_root_check_quota (const PotooConfigRoot *root,
                               gint64 segment_duration_us,
                               GError **error)
{
  gint64 segment_bytes = segment_duration_us / G_USEC_PER_SEC * SEGMENT_BYTES_PER_SECOND;

  if (root->max_bytes == 0 || root->max_bytes >= segment_bytes)
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("the quota is smaller than one segment (%lld bytes: segment-duration at 8 Mb/s); "
                  "allow more, or shorten segment-duration"),
               (long long) segment_bytes);
  return FALSE;
}
