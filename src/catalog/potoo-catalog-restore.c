/* SPDX-License-Identifier: GPL-3.0-or-later */

/* At start, with the state directory locked. Each step is safe to die after: a catalog is moved
 * aside by renaming, and a copy of a backup comes in its place by renaming. That it does not know
 * all is noted in the copy before, so that there is never an older catalog that passes for the
 * newest. */

#include "catalog/potoo-catalog-restore.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-backup.h"
#include "catalog/potoo-catalog-damage.h"
#include "catalog/potoo-catalog-migrate.h"
#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-settings.h"

#define FILE_NAME "catalog.db"
#define INFIX_CORRUPT ".corrupt-"
#define KEEP_CORRUPT 2
#define SETTING "incomplete"

static const char *const companions[] = { "", "-wal", "-shm" };

/* --- moving aside --- */

static gboolean
move_aside (const char *path, GError **error)
{
  g_autofree char *time = potoo_catalog_format_file_time ();
  g_autofree char *aside = g_strconcat (path, INFIX_CORRUPT, time, NULL);

  for (gsize i = G_N_ELEMENTS (companions); i-- > 0;)
    {
      g_autofree char *from = g_strconcat (path, companions[i], NULL);
      g_autofree char *to = g_strconcat (aside, companions[i], NULL);
      if (g_rename (from, to) == 0 || errno == ENOENT)
        continue;
      potoo_set_error_errno (error, errno, _ ("Cannot move the damaged catalog %s aside"), from);
      return FALSE;
    }
  potoo_catalog_sync_directory (path);
  potoo_catalog_forget_damage (path);
  potoo_log_error (NULL, _ ("The damaged catalog is kept as %s"), aside);
  potoo_catalog_remove_old (path, INFIX_CORRUPT, KEEP_CORRUPT);
  return TRUE;
}

/* --- restoring --- */

/* A backup that this version can use. */
static gboolean
is_of_ours (const char *backup, GError **error)
{
  g_auto (GStrv) migrations = potoo_catalog_load_migrations ();
  gint64 version = 0, application = 0;
  g_autoptr (PotooDb) db = potoo_db_open (backup, POTOO_DB_COPY_FROM, error);

  if (db == NULL || !potoo_db_get_int64 (db, "PRAGMA application_id", &application, error) ||
      !potoo_db_get_int64 (db, "PRAGMA user_version", &version, error))
    return FALSE;
  if (application == POTOO_CATALOG_APPLICATION_ID && version > 0 &&
      version <= g_strv_length (migrations))
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED, _ ("%s is not one of this version"),
               backup);
  return FALSE;
}

static gboolean
mark_incomplete (const char *copy, GError **error)
{
  g_autoptr (PotooDb) db = potoo_db_open (copy, POTOO_DB_COPY_TO, error);

  return db != NULL &&
         potoo_db_exec (
             db, "INSERT OR REPLACE INTO settings (key, value) VALUES ('" SETTING "', '1')", error);
}

static gboolean
restore_one (const char *path, const char *backup, GError **error)
{
  g_autofree char *copy = g_strconcat (path, ".restoring", NULL);

  if (!is_of_ours (backup, error) || !potoo_catalog_copy (backup, copy, 0, NULL, error) ||
      !mark_incomplete (copy, error))
    return FALSE;
  if (potoo_catalog_sync_file (copy) && g_rename (copy, path) == 0 &&
      potoo_catalog_sync_directory (path))
    return TRUE;
  potoo_set_error_errno (error, errno, _ ("Cannot restore the catalog %s"), path);
  return FALSE;
}

/* TRUE when a backup was there and took the place of the catalog. */
static gboolean
restore (const char *path)
{
  g_autoptr (GPtrArray) backups = potoo_catalog_list_backups (path);

  for (guint i = 0; i < backups->len; i++)
    {
      g_autoptr (GError) error = NULL;
      if (restore_one (path, backups->pdata[i], &error))
        {
          potoo_log_warning (NULL,
                             _ ("The catalog is restored from %s. Cameras and settings are as they "
                                "were then; recordings made since are looked for on the disks"),
                             (char *) backups->pdata[i]);
          return TRUE;
        }
      potoo_log_error (NULL, _ ("The backup %s is passed over: %s"), (char *) backups->pdata[i],
                       error->message);
    }
  return FALSE;
}

/* --- opening --- */

/* One that was found damaged during a run may open well all the same. */
static gboolean
is_sound (const char *path)
{
  g_autoptr (GError) error = NULL;

  if (!potoo_catalog_has_noted_damage (path))
    return TRUE;
  g_autoptr (PotooDb) db = potoo_db_open (path, POTOO_DB_COPY_FROM, &error);
  if (db != NULL && potoo_db_check_pages (db, NULL, &error))
    {
      potoo_catalog_forget_damage (path);
      potoo_log_info (NULL, _ ("The catalog was said to be damaged, and is sound"));
      return TRUE;
    }
  if (potoo_error_code_of (error) != POTOO_ERROR_CORRUPT)
    return TRUE; /* whatever it is, opening it tells */
  potoo_log_error (NULL, "%s", error->message);
  return FALSE;
}

/* @lost: there was one. */
static PotooCatalog *
open_new (const char *state_dir, const char *path, gboolean lost, GError **error)
{
  gboolean restored = restore (path);
  PotooCatalog *catalog = potoo_catalog_open (state_dir, error);

  if (catalog != NULL && !restored)
    {
      if (lost)
        potoo_log_error (NULL,
                         _ ("There is no backup of the catalog: cameras and settings are lost. "
                            "Recordings are looked for on the disks, and show as those of "
                            "removed cameras"));
      potoo_catalog_put_setting (catalog, SETTING, "1");
      if (!potoo_catalog_sync (catalog, error))
        g_clear_object (&catalog);
    }
  return catalog;
}

PotooCatalog *
potoo_catalog_open_or_restore (const char *state_dir, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, FILE_NAME, NULL);
  g_autoptr (GError) local = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return open_new (state_dir, path, FALSE, error);
  PotooCatalog *catalog = is_sound (path) ? potoo_catalog_open (state_dir, &local) : NULL;
  if (catalog != NULL)
    return catalog;
  if (local != NULL && !g_error_matches (local, POTOO_ERROR, POTOO_ERROR_CORRUPT))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (local != NULL)
    potoo_log_error (NULL, "%s", local->message);
  return move_aside (path, error) ? open_new (state_dir, path, TRUE, error) : NULL;
}

gboolean
potoo_catalog_reader_is_complete (PotooCatalogReader *reader)
{
  g_autofree char *value = potoo_catalog_reader_get_setting (reader, SETTING, NULL);
  return g_strcmp0 (value, "1") != 0;
}

void
potoo_catalog_set_complete (PotooCatalog *catalog)
{
  potoo_catalog_put_setting (catalog, SETTING, "0");
}
