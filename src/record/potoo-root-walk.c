/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names are read a directory at a time. Of a directory that has more entries than a day can have
 * files, which nobody but a stranger makes, the first ones in the order of the disk are looked at.
 */

#include "record/potoo-root-walk.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "record/potoo-clean-mark.h"

#define MAX_NAME_LENGTH 64
#define MAX_ENTRIES 100000

typedef struct
{
  PotooStorageRoot *root;
  const char *first_day;
  const PotooRootVisitor *visitor;
  gpointer user_data;
} Walk;

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static DIR *
open_directory (PotooStorageRoot *root, const char *path)
{
  int fd = potoo_storage_root_open_directory (root, path, FALSE, NULL);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

  if (dir == NULL && fd >= 0)
    close (fd);
  return dir;
}

/* The names in the directory @path, sorted; NULL when it is no directory of ours. */
static GPtrArray *
list_directory (PotooStorageRoot *root, const char *path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  DIR *dir = open_directory (root, path);

  if (dir == NULL)
    return NULL;
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      if (entry->d_name[0] == '.' || g_str_equal (entry->d_name, "lost+found"))
        continue;
      if (names->len == MAX_ENTRIES)
        {
          potoo_log_warning (NULL, "%s/%s has more than %d entries: the rest is not looked at",
                             potoo_storage_root_get_path (root), path, MAX_ENTRIES);
          break;
        }
      g_ptr_array_add (names, g_strdup (entry->d_name));
    }
  closedir (dir);
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

/* `HHMMSSZ-<main|sub>-<16 hex digits>.mp4` */
static gboolean
parse_name (const char *name, PotooFileName *result)
{
  gint64 start_us;

  if (strlen (name) > MAX_NAME_LENGTH || strspn (name, "0123456789") != 6 || name[6] != 'Z' ||
      name[7] != '-')
    return FALSE;
  g_autofree char *time = g_strdup_printf ("%sT%.2s:%.2s:%.2sZ", result->day, name, name + 2,
                                           name + 4);
  g_auto (GStrv) parts = g_strsplit (name + 8, "-", 2);
  if (!potoo_time_parse (time, &start_us) || g_strv_length (parts) != 2 ||
      !potoo_stream_kind_parse (parts[0], &result->stream) || !g_str_has_suffix (parts[1], ".mp4"))
    return FALSE;
  parts[1][strlen (parts[1]) - strlen (".mp4")] = '\0';
  result->start_us = start_us;
  return potoo_segment_id_parse (parts[1], &result->id);
}

static gboolean
visit_day (Walk *walk, const char *camera, const char *day, GError **error)
{
  g_autofree char *directory = g_build_filename (camera, day, NULL);
  g_autoptr (GPtrArray) files = list_directory (walk->root, directory);

  if (files == NULL)
    return walk->visitor->foreign (directory, walk->user_data, error);
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *path = g_build_filename (directory, files->pdata[i], NULL);
      PotooFileName name = { .path = path, .camera = camera, .day = day };
      if (parse_name (files->pdata[i], &name)
              ? !walk->visitor->file (&name, walk->user_data, error)
              : !walk->visitor->foreign (path, walk->user_data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
visit_camera (Walk *walk, const char *camera, GError **error)
{
  g_autoptr (GPtrArray) days = list_directory (walk->root, camera);

  if (days == NULL)
    return walk->visitor->foreign (camera, walk->user_data, error);
  for (guint i = 0; i < days->len; i++)
    {
      const char *day = days->pdata[i];
      g_autofree char *path = g_build_filename (camera, day, NULL);
      if (!potoo_day_is_valid (day))
        {
          if (!walk->visitor->foreign (path, walk->user_data, error))
            return FALSE;
        }
      else if (strcmp (day, walk->first_day) >= 0 && !visit_day (walk, camera, day, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
potoo_root_walk (PotooStorageRoot *root,
                 const char *first_day,
                 const PotooRootVisitor *visitor,
                 gpointer user_data,
                 GError **error)
{
  Walk walk = { root, first_day, visitor, user_data };
  g_autoptr (GPtrArray) cameras = list_directory (root, "");

  for (guint i = 0; cameras != NULL && i < cameras->len; i++)
    {
      const char *camera = cameras->pdata[i];
      if (potoo_slug_is_valid (camera) ? !visit_camera (&walk, camera, error)
                                       : !visitor->foreign (camera, user_data, error))
        return FALSE;
    }
  return TRUE;
}
