/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table `cameras`: settings as JSON, passwords among them, by id. */

#include "catalog/potoo-catalog-cameras.h"

#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "base/potoo-log.h"
#include "base/potoo-text.h"
#include "catalog/potoo-catalog-private.h"

typedef struct
{
  char *id;
  char *settings; /* JSON */
} PutCamera;

static void
put_camera_free (gpointer data)
{
  PutCamera *put = data;

  explicit_bzero (put->settings, strlen (put->settings)); /* holds a password */
  g_free (put->settings);
  g_free (put->id);
  g_free (put);
}

static char *
settings_to_text (PotooCameraSettings *settings)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, potoo_camera_settings_to_stored_json (settings));
  return potoo_json_to_text (node);
}

static gboolean
put_camera_run (PotooDb *db, gpointer data, GError **error)
{
  const PutCamera *put = data;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "INSERT OR REPLACE INTO cameras (id, settings) VALUES (?1, ?2)", error);

  return statement != NULL &&
         potoo_db_check (db,
                         potoo_statement_bind_text (statement, 1, put->id) |
                             potoo_statement_bind_text (statement, 2, put->settings),
                         error) &&
         potoo_db_run (db, statement, error);
}

void
potoo_catalog_put_camera_async (PotooCatalog *catalog,
                                PotooCameraSettings *settings,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (settings != NULL);

  PutCamera *put = g_new0 (PutCamera, 1);
  put->id = g_strdup (potoo_camera_settings_get_id (settings));
  put->settings = settings_to_text (settings);
  potoo_catalog_post_async (
      catalog, &(PotooJob){ .run = put_camera_run, .data = put, .destroy = put_camera_free },
      potoo_catalog_put_camera_async, callback, user_data);
}

gboolean
potoo_catalog_put_camera_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_put_camera_async, error);
}

static gboolean
remove_camera_run (PotooDb *db, gpointer data, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "DELETE FROM cameras WHERE id = ?1", error);

  return statement != NULL &&
         potoo_db_check (db, potoo_statement_bind_text (statement, 1, data), error) &&
         potoo_db_run (db, statement, error);
}

void
potoo_catalog_remove_camera_async (PotooCatalog *catalog,
                                   const char *id,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id != NULL);

  potoo_catalog_post_async (
      catalog, &(PotooJob){ .run = remove_camera_run, .data = g_strdup (id), .destroy = g_free },
      potoo_catalog_remove_camera_async, callback, user_data);
}

gboolean
potoo_catalog_remove_camera_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_remove_camera_async, error);
}

#define OF_NO_CAMERA                                                                               \
  " WHERE camera = ?1 AND NOT EXISTS (SELECT 1 FROM cameras WHERE id = ?1)"                        \
  " AND NOT EXISTS (SELECT 1 FROM segments WHERE camera = ?1)"

static gboolean
forget_camera_run (PotooDb *db, gpointer data, GError **error)
{
  static const char *const statements[] = {
    "DELETE FROM gaps" OF_NO_CAMERA,
    "DELETE FROM events" OF_NO_CAMERA,
    "DELETE FROM locks" OF_NO_CAMERA,
    "DELETE FROM recorded_days" OF_NO_CAMERA,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (statements); i++)
    {
      g_autoptr (PotooStatement) statement = potoo_db_prepare (db, statements[i], error);
      if (statement == NULL ||
          !potoo_db_check (db, potoo_statement_bind_text (statement, 1, data), error) ||
          !potoo_db_run (db, statement, error))
        return FALSE;
    }
  return TRUE;
}

void
potoo_catalog_forget_camera (PotooCatalog *catalog, const char *id)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id != NULL);

  potoo_catalog_post (
      catalog, &(PotooJob){ .run = forget_camera_run, .data = g_strdup (id), .destroy = g_free });
}

/* NULL with @error when the row does not hold a camera. */
static PotooCameraSettings *
read_camera (PotooDb *db, PotooStatement *statement, char *id, gsize id_size, GError **error)
{
  PotooRow row = { statement, TRUE };

  potoo_column_text (&row, 0, id, id_size);
  g_autofree char *text = potoo_column_dup_text (&row, 1, POTOO_JSON_MAX_BYTES);
  if (!potoo_row_check (db, &row, "cameras", 0, error))
    return NULL;
  g_autoptr (JsonNode) node = potoo_json_parse (text, strlen (text), error);
  if (node == NULL)
    return NULL;
  g_autoptr (PotooCameraSettings) settings = NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    settings = potoo_camera_settings_new (json_node_get_object (node), error);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, "its settings are not an object");
  if (settings != NULL && strcmp (potoo_camera_settings_get_id (settings), id) != 0)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, "its settings have another id");
      return NULL;
    }
  return g_steal_pointer (&settings);
}

GPtrArray *
potoo_catalog_reader_list_cameras (PotooCatalogReader *reader, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GPtrArray)
      list = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_camera_settings_unref);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT id, settings FROM cameras ORDER BY id", error);
  int result = statement != NULL ? 1 : -1;

  while (result > 0 && (result = potoo_db_step (db, statement, error)) > 0)
    {
      g_autoptr (GError) local = NULL;
      char id[POTOO_SLUG_MAX + 1] = "";
      PotooCameraSettings *settings = read_camera (db, statement, id, sizeof id, &local);
      if (settings != NULL)
        g_ptr_array_add (list, settings);
      else
        potoo_log_error (id, "skipped, the catalog's row makes no sense: %s", local->message);
    }
  return result == 0 ? g_steal_pointer (&list) : NULL;
}

int
potoo_catalog_reader_has_recordings (PotooCatalogReader *reader, const char *camera, GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL, -1);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT 1 FROM segments WHERE camera = ?1 LIMIT 1", error);

  if (statement == NULL ||
      !potoo_db_check (db, potoo_statement_bind_text (statement, 1, camera), error))
    return -1;
  return potoo_db_step (db, statement, error);
}
