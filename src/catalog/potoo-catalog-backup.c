/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A backup is a copy by VACUUM INTO: consistent, compact and without journal.
 * It is written under a passing name and renamed when it is durable, so
 * that half a backup never stands where the newest two are kept. */

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-migrate.h"

#define KEEP 2

static gboolean
sync_path (const char *path, int flags)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | flags);
  gboolean done = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

/* VACUUM INTO takes an empty file; made here, it has the right mode from the start. */
static gboolean
make_empty (const char *path, GError **error)
{
  if (unlink (path) < 0 && errno != ENOENT)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot remove %s"), path);
      return FALSE;
    }
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot write backup %s"), path);
      return FALSE;
    }
  close (fd);
  return TRUE;
}

static gboolean
copy_into (PotooDb *db, const char *path, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, "VACUUM INTO ?1", error);

  return statement != NULL &&
         potoo_db_check (db, potoo_statement_bind_text (statement, 1, path), error) &&
         potoo_db_run (db, statement, error);
}

/* By the time at the end of the name, which sorts as text; newest first. */
static int
compare_backups (gconstpointer a, gconstpointer b)
{
  const char *left = *(const char *const *) a, *right = *(const char *const *) b;
  int by_time = strcmp (strrchr (right, '-'), strrchr (left, '-'));

  return by_time != 0 ? by_time : strcmp (right, left);
}

static void
remove_old (const char *directory, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix) && strchr (name + strlen (prefix), '-') != NULL)
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_backups);
  for (guint i = KEEP; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (directory, names->pdata[i], NULL);
      if (g_unlink (path) < 0)
        potoo_log_warning (NULL, "cannot remove old backup %s: %s", path, g_strerror (errno));
    }
}

gboolean
potoo_catalog_back_up (PotooDb *db, int version, GError **error)
{
  const char *path = potoo_db_get_path (db);
  g_autoptr (GDateTime)
      now = g_date_time_new_from_unix_utc (potoo_clock_wall_us () / POTOO_SECOND_US);
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *prefix = g_strconcat (name, ".backup-v", NULL);
  g_autofree char *passing = g_strconcat (path, ".backup-new", NULL);
  g_autofree char *final = g_strdup_printf ("%s.backup-v%d-%s", path, version, time);

  if (!make_empty (passing, error) || !copy_into (db, passing, error))
    {
      g_prefix_error (error, _ ("Cannot back up the catalog before changing its schema: "));
      return FALSE;
    }
  if (!sync_path (passing, 0) || rename (passing, final) < 0 || !sync_path (directory, O_DIRECTORY))
    {
      potoo_set_error_errno (error, errno, _ ("Cannot write backup %s"), final);
      return FALSE;
    }
  potoo_log_info (NULL, "catalog: backed up to %s", final);
  remove_old (directory, prefix);
  return TRUE;
}
