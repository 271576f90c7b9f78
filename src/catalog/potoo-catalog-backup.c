/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Before a migration a backup is a copy by VACUUM INTO: consistent, compact and without journal.
 * While Potoo runs it is a copy of pages, in small steps that read one state of the database
 * (a read transaction keeps it): with the writer at work, SQLite would otherwise begin anew again
 * and again. It is written under a passing name and renamed when it is durable, so
 * that half a backup never stands where the newest two are kept. */

#include "catalog/potoo-catalog-backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-damage.h"
#include "catalog/potoo-catalog-migrate.h"
#include "catalog/potoo-catalog-private.h"

#define KEEP 2
#define INFIX_MIGRATION ".backup-v"
#define INFIX_SCHEDULED ".backup-scheduled-v"

#define PAGES_PER_STEP 64
#define BANDWIDTH G_GINT64_CONSTANT (32000000)
#define BUSY_WAIT_US 10000
#define MAX_JOURNAL_BYTES (256 * 1024 * 1024)

gint64 potoo_backup_journal_bytes_max = MAX_JOURNAL_BYTES;

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

/* By the time at the end of the name, which sorts as text; newest first. Those of the future, which
 * a wrong clock made, come last: what is made by the right one is newer. */
static int
compare_backups (gconstpointer a, gconstpointer b, gpointer now)
{
  const char *left = *(const char *const *) a, *right = *(const char *const *) b;
  const char *left_time = strrchr (left, '-') + 1, *right_time = strrchr (right, '-') + 1;
  gboolean left_ahead = strcmp (left_time, now) > 0, right_ahead = strcmp (right_time, now) > 0;
  int by_time = strcmp (right_time, left_time);

  if (left_ahead != right_ahead)
    return left_ahead - right_ahead;
  return by_time != 0 ? by_time : strcmp (right, left);
}

static void
sort_backups (GPtrArray *found)
{
  g_autofree char *now = potoo_catalog_format_file_time ();
  g_ptr_array_sort_with_data (found, compare_backups, now);
}

static gboolean
ends_with_time (const char *name)
{
  const char *time = strrchr (name, '-');
  return time != NULL && strlen (time + 1) == strlen ("20261121T101530Z") &&
         g_str_has_suffix (time, "Z");
}

/* Adds the paths of the files beside @path whose names are its own, @infix, and something with a
 * time at its end. */
static void
find_files (const char *path, const char *infix, GPtrArray *found)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *own = g_path_get_basename (path);
  g_autofree char *prefix = g_strconcat (own, infix, NULL);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix) && ends_with_time (name))
      g_ptr_array_add (found, g_build_filename (directory, name, NULL));
}

void
potoo_catalog_remove_old (const char *path, const char *infix, guint keep)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);

  find_files (path, infix, found);
  sort_backups (found);
  for (guint i = keep; i < found->len; i++)
    if (g_unlink (found->pdata[i]) < 0)
      potoo_log_warning (NULL, "cannot remove %s: %s", (char *) found->pdata[i],
                         g_strerror (errno));
}

GPtrArray *
potoo_catalog_list_backups (const char *path)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);

  find_files (path, INFIX_MIGRATION, found);
  find_files (path, INFIX_SCHEDULED, found);
  sort_backups (found);
  return found;
}

gboolean
potoo_catalog_sync_file (const char *path)
{
  return sync_path (path, 0);
}

gboolean
potoo_catalog_sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  return sync_path (directory, O_DIRECTORY);
}

char *
potoo_catalog_format_file_time (void)
{
  g_autoptr (GDateTime)
      now = g_date_time_new_from_unix_utc (potoo_clock_wall_us () / POTOO_SECOND_US);
  return g_date_time_format (now, "%Y%m%dT%H%M%SZ");
}

/* The checked copy at @passing gets its name; then the oldest goes. */
static gboolean
put_in_place (const char *path, const char *passing, const char *infix, int version, GError **error)
{
  g_autofree char *time = potoo_catalog_format_file_time ();
  g_autofree char *final = g_strdup_printf ("%s%s%d-%s", path, infix, version, time);

  if (!sync_path (passing, 0) || rename (passing, final) < 0 ||
      !potoo_catalog_sync_directory (path))
    {
      potoo_set_error_errno (error, errno, _ ("Cannot write backup %s"), final);
      return FALSE;
    }
  potoo_log_info (NULL, "catalog: backed up to %s", final);
  potoo_catalog_remove_old (path, infix, KEEP);
  return TRUE;
}

/* --- before a migration --- */

gboolean
potoo_catalog_back_up (PotooDb *db, int version, GError **error)
{
  const char *path = potoo_db_get_path (db);
  g_autofree char *passing = g_strconcat (path, ".backup-new", NULL);

  if (!make_empty (passing, error) || !copy_into (db, passing, error))
    {
      g_prefix_error (error, _ ("Cannot back up the catalog before changing its schema: "));
      return FALSE;
    }
  return put_in_place (path, passing, INFIX_MIGRATION, version, error);
}

/* --- while Potoo runs --- */

/* One step; 1: there is more, 0: all is copied, -1: error. */
static int
copy_step (sqlite3_backup *backup, PotooDb *to, GError **error)
{
  int result = sqlite3_backup_step (backup, PAGES_PER_STEP);

  if (result == SQLITE_DONE)
    return 0;
  if (result == SQLITE_BUSY || result == SQLITE_LOCKED)
    g_usleep (BUSY_WAIT_US);
  else if (result != SQLITE_OK)
    {
      potoo_db_fail (to, result, error);
      return -1;
    }
  return 1;
}

static gboolean
check_journal (PotooDb *from, GError **error)
{
  g_autofree char *path = g_strconcat (potoo_db_get_path (from), "-wal", NULL);
  struct stat status;

  if (g_stat (path, &status) < 0 || status.st_size <= potoo_backup_journal_bytes_max)
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
               _ ("Too much was written meanwhile: %s, and the journal cannot be cut back"), path);
  return FALSE;
}

static gboolean
copy_pages (PotooDb *from, PotooDb *to, gint64 bandwidth, GCancellable *cancellable, GError **error)
{
  sqlite3_backup *backup = sqlite3_backup_init (potoo_db_get_handle (to), "main",
                                                potoo_db_get_handle (from), "main");
  gint64 page_size = 4096, step_us, due_us = potoo_clock_mono_us ();
  int more = backup != NULL ? 1 : -1;

  if (backup == NULL)
    return potoo_db_check (to, sqlite3_errcode (potoo_db_get_handle (to)), error);
  potoo_db_get_int64 (from, "PRAGMA page_size", &page_size, NULL);
  step_us = bandwidth > 0 ? PAGES_PER_STEP * page_size * POTOO_SECOND_US / bandwidth : 0;
  while (more > 0 && (cancellable == NULL || !g_cancellable_is_cancelled (cancellable)))
    {
      more = copy_step (backup, to, error);
      if (more > 0 && !check_journal (from, error))
        more = -1;
      due_us = MAX (due_us, potoo_clock_mono_us () - step_us) + step_us;
      if (more > 0 && due_us > potoo_clock_mono_us ())
        g_usleep ((gulong) (due_us - potoo_clock_mono_us ()));
    }
  sqlite3_backup_finish (backup);
  if (more > 0)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("It was stopped"));
  return more == 0;
}

gboolean
potoo_catalog_copy (const char *from,
                    const char *to,
                    gint64 bandwidth,
                    GCancellable *cancellable,
                    GError **error)
{
  gint64 version;
  g_autoptr (PotooDb) source = potoo_db_open (from, POTOO_DB_COPY_FROM, error);

  if (source == NULL || !make_empty (to, error))
    return FALSE;
  g_autoptr (PotooDb) target = potoo_db_open (to, POTOO_DB_COPY_TO, error);
  /* What is read first begins the state that all is read of. */
  return target != NULL && potoo_db_exec (source, "BEGIN", error) &&
         potoo_db_get_int64 (source, "PRAGMA user_version", &version, error) &&
         copy_pages (source, target, bandwidth, cancellable, error) &&
         potoo_db_exec (target, "PRAGMA journal_mode = DELETE", error) &&
         potoo_db_check_pages (target, cancellable, error) && sync_path (to, 0);
}

gboolean
potoo_catalog_back_up_now (PotooCatalog *catalog, GCancellable *cancellable, GError **error)
{
  const char *path = potoo_catalog_get_path (catalog);
  g_autofree char *passing = g_strconcat (path, ".backup-scheduled-new", NULL);
  g_autoptr (GError) local = NULL;
  gint64 version = 0;

  if (!potoo_catalog_copy (path, passing, BANDWIDTH, cancellable, &local))
    {
      g_unlink (passing);
      if (g_error_matches (local, POTOO_ERROR, POTOO_ERROR_CORRUPT))
        potoo_catalog_note_damage (path);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_autoptr (PotooDb) copy = potoo_db_open (passing, POTOO_DB_COPY_FROM, error);
  return copy != NULL && potoo_db_get_int64 (copy, "PRAGMA user_version", &version, error) &&
         put_in_place (path, passing, INFIX_SCHEDULED, (int) version, error);
}

gint64
potoo_catalog_get_backup_time_us (PotooCatalog *catalog)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();

  find_files (potoo_catalog_get_path (catalog), INFIX_SCHEDULED, found);
  sort_backups (found);
  if (found->len == 0)
    return 0;
  const char *time = strrchr (found->pdata[0], '-') + 1;
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (time, utc);
  return date != NULL ? g_date_time_to_unix (date) * POTOO_SECOND_US : 0;
}
