/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The tables `settings` and `storage_roots`. */

#include "catalog/potoo-catalog-settings.h"

#include <limits.h>

#include "base/potoo-text.h"
#include "catalog/potoo-catalog-private.h"

#define MAX_VALUE_BYTES 65536
#define MAX_UUID_BYTES 64
/* Driven by the primary key: U+10FFFF comes after all that keys are made of. */
#define HAS_PREFIX "key >= ?1 AND key < ?1 || char (1114111)"

/* --- settings --- */

typedef struct
{
  char *key;
  char *value;
} PutSetting;

static void
put_setting_free (gpointer data)
{
  PutSetting *put = data;

  g_free (put->key);
  g_free (put->value);
  g_free (put);
}

static gboolean
put_setting_run (PotooDb *db, gpointer data, GError **error)
{
  const PutSetting *put = data;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)", error);

  return statement != NULL &&
         potoo_db_check (db,
                         potoo_statement_bind_text (statement, 1, put->key) |
                             potoo_statement_bind_text (statement, 2, put->value),
                         error) &&
         potoo_db_run (db, statement, error);
}

void
potoo_catalog_put_setting (PotooCatalog *catalog, const char *key, const char *value)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (key != NULL && value != NULL);

  PutSetting *put = g_new0 (PutSetting, 1);
  put->key = g_strdup (key);
  put->value = g_strdup (value);
  potoo_catalog_post (
      catalog, &(PotooJob){ .run = put_setting_run, .data = put, .destroy = put_setting_free });
}

char *
potoo_catalog_reader_get_setting (PotooCatalogReader *reader, const char *key, GError **error)
{
  g_return_val_if_fail (reader != NULL && key != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT value FROM settings WHERE key = ?1", error);

  if (statement == NULL ||
      !potoo_db_check (db, potoo_statement_bind_text (statement, 1, key), error) ||
      potoo_db_step (db, statement, error) <= 0)
    return NULL;
  PotooRow row = { statement, TRUE };
  g_autofree char *value = potoo_column_dup_text (&row, 0, MAX_VALUE_BYTES);
  return potoo_row_check (db, &row, "settings", 0, error) ? g_steal_pointer (&value) : NULL;
}

static gboolean
drop_settings_run (PotooDb *db, gpointer data, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "DELETE FROM settings WHERE " HAS_PREFIX, error);

  return statement != NULL &&
         potoo_db_check (db, potoo_statement_bind_text (statement, 1, data), error) &&
         potoo_db_run (db, statement, error);
}

void
potoo_catalog_drop_settings (PotooCatalog *catalog, const char *prefix)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (prefix != NULL && *prefix != '\0');

  potoo_catalog_post (
      catalog,
      &(PotooJob){ .run = drop_settings_run, .data = g_strdup (prefix), .destroy = g_free });
}

GHashTable *
potoo_catalog_reader_list_settings (PotooCatalogReader *reader, const char *prefix, GError **error)
{
  g_return_val_if_fail (reader != NULL && prefix != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GHashTable) list = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "SELECT substr (key, length (?1) + 1), value FROM settings WHERE " HAS_PREFIX " LIMIT ?2",
      error);
  int result = -1;

  if (statement != NULL &&
      potoo_db_check (db,
                      potoo_statement_bind_text (statement, 1, prefix) |
                          sqlite3_bind_int (statement, 2, POTOO_CATALOG_MAX_ROWS),
                      error))
    while ((result = potoo_db_step (db, statement, error)) > 0)
      {
        PotooRow row = { statement, TRUE };
        g_autofree char *rest = potoo_column_dup_text (&row, 0, MAX_VALUE_BYTES);
        g_autofree char *value = potoo_column_dup_text (&row, 1, MAX_VALUE_BYTES);
        if (!potoo_row_check (db, &row, "settings", 0, error))
          return NULL;
        g_hash_table_replace (list, g_steal_pointer (&rest), g_steal_pointer (&value));
      }
  return result == 0 ? g_steal_pointer (&list) : NULL;
}

/* --- storage roots --- */

void
potoo_root_row_free (PotooRootRow *row)
{
  g_free (row->uuid);
  g_free (row->name);
  g_free (row->path);
  g_free (row);
}

typedef struct
{
  const char *uuid, *name, *path;
  gint64 id;
} RegisterRoot;

static gboolean
register_root_run (PotooDb *db, gpointer data, GError **error)
{
  RegisterRoot *root = data;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db,
      "INSERT INTO storage_roots (uuid, name, path) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, path = excluded.path"
      " RETURNING id",
      error);

  if (statement == NULL ||
      !potoo_db_check (db,
                       potoo_statement_bind_text (statement, 1, root->uuid) |
                           potoo_statement_bind_text (statement, 2, root->name) |
                           potoo_statement_bind_text (statement, 3, root->path),
                       error) ||
      potoo_db_step (db, statement, error) <= 0)
    return FALSE;
  root->id = sqlite3_column_int64 (statement, 0);
  return potoo_db_run (db, statement, error);
}

gint64
potoo_catalog_register_root (PotooCatalog *catalog,
                             const char *uuid,
                             const char *name,
                             const char *path,
                             GError **error)
{
  RegisterRoot root = { .uuid = uuid, .name = name, .path = path };

  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), 0);
  g_return_val_if_fail (uuid != NULL && name != NULL && path != NULL, 0);

  return potoo_catalog_run (catalog, register_root_run, &root, error) ? root.id : 0;
}

static PotooRootRow *
read_root (PotooDb *db, PotooStatement *statement, GError **error)
{
  PotooRow row = { statement, TRUE };
  g_autoptr (PotooRootRow) root = g_new0 (PotooRootRow, 1);

  root->id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  root->uuid = potoo_column_dup_text (&row, 1, MAX_UUID_BYTES);
  root->name = potoo_column_dup_text (&row, 2, POTOO_SLUG_MAX);
  root->path = potoo_column_dup_text (&row, 3, PATH_MAX);
  return potoo_row_check (db, &row, "storage_roots", root->id, error) ? g_steal_pointer (&root)
                                                                      : NULL;
}

GPtrArray *
potoo_catalog_reader_list_roots (PotooCatalogReader *reader, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GPtrArray)
      list = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_root_row_free);
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "SELECT id, uuid, name, path FROM storage_roots ORDER BY id", error);
  int result = statement != NULL ? 1 : -1;

  while (result > 0 && (result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooRootRow *root = read_root (db, statement, error);
      if (root == NULL)
        return NULL;
      g_ptr_array_add (list, root);
    }
  return result == 0 ? g_steal_pointer (&list) : NULL;
}
