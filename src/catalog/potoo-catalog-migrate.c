/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The schema's version is SQLite's user_version. Each step is a script in a
 * transaction that also sets the version, so that dying anywhere leaves a
 * whole older or a whole newer schema. Runs once, in potoo_catalog_open(). */

#include "catalog/potoo-catalog-migrate.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-resources.h"

#define RESOURCE_PATH "/org/potoo/catalog/migrations"

char **
potoo_catalog_load_migrations (void)
{
  g_autoptr (GPtrArray) scripts = g_ptr_array_new_with_free_func (g_free);

  for (guint version = 1;; version++)
    {
      g_autofree char *path = g_strdup_printf (RESOURCE_PATH "/%03u.sql", version);
      g_autoptr (GBytes)
          bytes = g_resource_lookup_data (potoo_catalog_get_resource (), path, 0, NULL);
      if (bytes == NULL)
        break;
      gsize length;
      const char *data = g_bytes_get_data (bytes, &length);
      g_ptr_array_add (scripts, g_strndup (data, length));
    }
  g_ptr_array_add (scripts, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&scripts), FALSE);
}

static gboolean
fail_foreign (PotooDb *db, GError **error)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
               _ ("%s is a database, but not a catalog of potoo; move it away"),
               potoo_db_get_path (db));
  return FALSE;
}

static gboolean
check_version (PotooDb *db, int version, int newest, GError **error)
{
  gint64 application = 0, tables = 0;

  if (!potoo_db_get_int64 (db, "PRAGMA application_id", &application, error) ||
      !potoo_db_get_int64 (db, "SELECT count(*) FROM sqlite_schema", &tables, error))
    return FALSE;
  if (version < 0 || (version == 0 && tables > 0) ||
      (version > 0 && application != POTOO_CATALOG_APPLICATION_ID))
    return fail_foreign (db, error);
  if (version <= newest)
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
               _ ("Catalog %s was written by a newer potoo: its schema has version %d, this potoo "
                  "knows up to %d; install the newer potoo again, or put the backup "
                  "%s.backup-v%d-… in its place"),
               potoo_db_get_path (db), version, newest, potoo_db_get_path (db), newest);
  return FALSE;
}

/* Scripts may rebuild tables, for which foreign keys are off; what they leave is checked. */
static gboolean
check_foreign_keys (PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, "PRAGMA foreign_key_check", error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  if (result > 0)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                 _ ("Catalog %s: rows of table %s refer to rows that do not exist"),
                 potoo_db_get_path (db), (const char *) sqlite3_column_text (statement, 0));
  return result == 0;
}

static gboolean
run_script (PotooDb *db, const char *script, int version, GError **error)
{
  g_autofree char *mark = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d;",
                                           POTOO_CATALOG_APPLICATION_ID, version);

  return potoo_db_exec (db, script, error) && check_foreign_keys (db, error) &&
         potoo_db_exec (db, mark, error);
}

static gboolean
migrate_one (PotooDb *db, const char *script, int version, GError **error)
{
  if (!potoo_db_exec (db, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (run_script (db, script, version, error) && potoo_db_exec (db, "COMMIT", error))
    return TRUE;
  if (!sqlite3_get_autocommit (potoo_db_get_handle (db)))
    potoo_db_exec (db, "ROLLBACK", NULL);
  g_prefix_error (error, _ ("Cannot bring the catalog to schema version %d: "), version);
  return FALSE;
}

gboolean
potoo_catalog_migrate (PotooDb *db, const char *const *migrations, GError **error)
{
  int newest = (int) g_strv_length ((char **) migrations);
  gint64 stored = 0;

  if (!potoo_db_exec (db, "PRAGMA foreign_keys = OFF", error) ||
      !potoo_db_get_int64 (db, "PRAGMA user_version", &stored, error))
    return FALSE;
  int version = (int) stored; /* SQLite keeps 32 bits */
  if (!check_version (db, version, newest, error))
    return FALSE;
  gboolean older = version > 0 && version < newest;
  if (older)
    potoo_log_info (NULL,
                    "catalog: its schema is brought from version %d to %d, after a backup; with a"
                    " million segments that takes half a minute",
                    version, newest);
  if (older && !potoo_catalog_back_up (db, version, error))
    return FALSE;
  for (int from = version; from < newest; from++)
    if (!migrate_one (db, migrations[from], from + 1, error))
      return FALSE;
  if (older)
    potoo_log_info (NULL, "catalog: its schema has version %d now", newest);
  return potoo_db_exec (db, "PRAGMA foreign_keys = ON", error);
}
