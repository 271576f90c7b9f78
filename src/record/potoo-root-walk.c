/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names are read a directory at a time. Of a directory that has more entries than a day can have
 * files, which nobody but a stranger makes, the first ones in the order of the disk are looked at.
 */

#include "record/potoo-root-walk.h"

#include <dirent.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
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

static void
set_list_error (PotooStorageRoot *root, const char *path, int error_code, GError **error)
{
  potoo_set_error_errno (error, error_code, _ ("Cannot list the directory %s in %s"), path,
                         potoo_storage_root_get_path (root));
}

static DIR *
open_directory (PotooStorageRoot *root, const char *path, GError **error)
{
  int fd = potoo_storage_root_open_directory (root, path, FALSE, error);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

  if (dir == NULL && fd >= 0)
    {
      set_list_error (root, path, errno, error);
      close (fd);
    }
  return dir;
}

/* NULL at the end, or when the disk does not tell more: then @error_code is not 0. */
static struct dirent *
read_entry (DIR *dir, int *error_code)
{
  errno = 0;
  struct dirent *entry = readdir (dir);
  *error_code = entry == NULL ? errno : 0;
  return entry;
}

/* The names in @dir, sorted; with @error some may be missing. */
static GPtrArray *
read_names (DIR *dir, PotooStorageRoot *root, const char *path, GError **error)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  int error_code;

  for (struct dirent *entry = read_entry (dir, &error_code); entry != NULL;
       entry = read_entry (dir, &error_code))
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
  if (error_code != 0)
    set_list_error (root, path, error_code, error);
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* The names in the directory @path, as far as they can be read; NULL when it is no directory of
 * ours. */
static GPtrArray *
list_directory (Walk *walk, const char *path)
{
  g_autoptr (GError) error = NULL;
  DIR *dir = open_directory (walk->root, path, &error);
  GPtrArray *names = NULL;

  if (dir != NULL)
    {
      names = read_names (dir, walk->root, path, &error);
      closedir (dir);
    }
  else if (g_error_matches (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT))
    return NULL;
  if (error != NULL && !g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
    walk->visitor->unreadable (path, error, walk->user_data);
  return names != NULL ? names : g_ptr_array_new ();
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
  g_autoptr (GPtrArray) files = list_directory (walk, directory);

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
  g_autoptr (GPtrArray) days = list_directory (walk, camera);

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
  g_autoptr (GPtrArray) cameras = list_directory (&walk, "");

  for (guint i = 0; cameras != NULL && i < cameras->len; i++)
    {
      const char *camera = cameras->pdata[i];
      if (potoo_slug_is_valid (camera) ? !visit_camera (&walk, camera, error)
                                       : !visitor->foreign (camera, user_data, error))
        return FALSE;
    }
  return TRUE;
}
