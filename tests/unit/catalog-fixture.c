/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog-fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "base/potoo-metrics.h"

void
catalog_fixture_set_up_empty (CatalogFixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("potoo-test-catalog-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "catalog.db", NULL);
}

void
catalog_fixture_open (CatalogFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->catalog = potoo_catalog_open (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->reader = potoo_catalog_reader_new (fixture->catalog, &error);
  g_assert_no_error (error);
}

void
catalog_fixture_set_up (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  catalog_fixture_set_up_empty (fixture, data);
  catalog_fixture_open (fixture);
  fixture->root = potoo_catalog_register_root (fixture->catalog, "uuid-1", "main", "/r", &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixture->root, >, 0);
}

void
catalog_fixture_close (CatalogFixture *fixture)
{
  g_clear_pointer (&fixture->reader, potoo_catalog_reader_free);
  if (fixture->catalog != NULL)
    potoo_catalog_close (fixture->catalog);
  g_clear_object (&fixture->catalog);
}

void
catalog_fixture_tear_down (CatalogFixture *fixture, gconstpointer data)
{
  catalog_fixture_close (fixture);

  g_autoptr (GDir) dir = g_dir_open (fixture->directory, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->directory, name, NULL);
      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_rmdir (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
}

void
catalog_fixture_sync (CatalogFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  potoo_catalog_sync (fixture->catalog, &error);
  g_assert_no_error (error);
}

void
catalog_fixture_tamper (CatalogFixture *fixture, const char *sql)
{
  sqlite3 *handle = NULL;
  char *message = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &handle), ==, SQLITE_OK);
  sqlite3_exec (handle, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  g_assert_cmpint (sqlite3_close (handle), ==, SQLITE_OK);
}

char *
catalog_fixture_query (CatalogFixture *fixture, const char *sql)
{
  sqlite3 *handle = NULL;
  sqlite3_stmt *statement = NULL;
  char *text = NULL;

  g_assert_cmpint (sqlite3_open_v2 (fixture->path, &handle, SQLITE_OPEN_READONLY, NULL), ==,
                   SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL), ==, SQLITE_OK);
  if (sqlite3_step (statement) == SQLITE_ROW)
    text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  g_assert_cmpint (sqlite3_close (handle), ==, SQLITE_OK);
  return text;
}

gint64
catalog_fixture_query_int (CatalogFixture *fixture, const char *sql)
{
  g_autofree char *text = catalog_fixture_query (fixture, sql);

  g_assert_nonnull (text);
  return g_ascii_strtoll (text, NULL, 10);
}

char *
catalog_fixture_read_sql (const char *name)
{
  g_autofree char *path = g_build_filename (CATALOG_FIXTURES, name, NULL);
  g_autoptr (GError) error = NULL;
  char *sql = NULL;

  g_file_get_contents (path, &sql, NULL, &error);
  g_assert_no_error (error);
  return sql;
}

static char *
explain (sqlite3 *handle, const char *sql)
{
  g_autofree char *text = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
  g_autoptr (GString) plan = g_string_new (NULL);
  sqlite3_stmt *statement = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (handle, text, -1, &statement, NULL), ==, SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_string_append_printf (plan, "%s; ", (const char *) sqlite3_column_text (statement, 3));
  sqlite3_finalize (statement);
  return g_string_free (g_steal_pointer (&plan), FALSE);
}

void
catalog_fixture_assert_plan (sqlite3 *handle, const char *words, const char *index)
{
  sqlite3_stmt *s = sqlite3_next_stmt (handle, NULL);

  while (s != NULL && strstr (sqlite3_sql (s), words) == NULL)
    s = sqlite3_next_stmt (handle, s);
  if (s == NULL)
    g_error ("no statement with “%s” was prepared", words);
  g_autofree char *sql = g_strdup (sqlite3_sql (s));
  g_autofree char *plan = explain (handle, sql);
  const char *scan = strstr (plan, "SCAN");
  if ((scan != NULL && !g_str_has_prefix (scan, "SCAN storage_roots")) ||
      strstr (plan, index) == NULL)
    g_error ("%s\nis done by %s", sql, plan);
}

guint
catalog_fixture_count_files (CatalogFixture *fixture, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->directory, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_prefix (name, prefix);
  return n;
}

char *
catalog_fixture_find_file (CatalogFixture *fixture, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix))
      return g_build_filename (fixture->directory, name, NULL);
  return NULL;
}

gint64
catalog_fixture_take_id (CatalogFixture *fixture)
{
  gint64 id = potoo_catalog_take_segment_id (fixture->catalog);

  for (int i = 0; id == 0 && i < 3; i++)
    {
      catalog_fixture_sync (fixture); /* the next block is on its way */
      id = potoo_catalog_take_segment_id (fixture->catalog);
    }
  g_assert_cmpint (id, >, 0);
  return id;
}

PotooSegment
catalog_fixture_segment (CatalogFixture *fixture,
                         const char *camera,
                         gint64 start_us,
                         gint64 end_us)
{
  gint64 id = catalog_fixture_take_id (fixture);
  PotooSegment segment = { .id = id,
                           .root = fixture->root,
                           .state = POTOO_SEGMENT_CLOSED,
                           .recording = id,
                           .start_us = start_us,
                           .end_us = end_us,
                           .mono_us = 77,
                           .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
                           .duration_ticks = (end_us - start_us) * 9 / 100,
                           .size_bytes = 5000,
                           .init_bytes = 700,
                           .codecs = "avc1.64001f,mp4a.40.2" };

  g_strlcpy (segment.camera, camera, sizeof segment.camera);
  return segment;
}

gint64
catalog_metric (const char *name)
{
  g_autofree char *text = potoo_metrics_render ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *prefix = g_strconcat (name, " ", NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], prefix))
      {
        double value = g_ascii_strtod (lines[i] + strlen (prefix), NULL);
        gint64 whole = (gint64) value;
        return value > (double) whole ? whole + 1 : whole;
      }
  return -1;
}

void
catalog_take_result (GObject *source, GAsyncResult *result, gpointer result_pointer)
{
  GAsyncResult **to = result_pointer;

  g_assert_null (*to);
  *to = g_object_ref (result);
}

GAsyncResult *
catalog_wait_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (result);
}

/* --- events and locks --- */

typedef gboolean (*FinishFunc) (PotooCatalog *catalog, GAsyncResult *result, GError **error);

static GError *
wait_outcome (CatalogFixture *fixture, GAsyncResult **result, FinishFunc finish)
{
  g_autoptr (GAsyncResult) done = catalog_wait_result (result);
  GError *error = NULL;

  g_assert_true (finish (fixture->catalog, done, &error) == (error == NULL));
  return error;
}

GError *
catalog_fixture_put_event (CatalogFixture *fixture, const PotooEvent *event)
{
  GAsyncResult *result = NULL;

  potoo_catalog_put_event_async (fixture->catalog, event, catalog_take_result, &result);
  return wait_outcome (fixture, &result, potoo_catalog_put_event_finish);
}

GError *
catalog_fixture_drop_event (CatalogFixture *fixture, gint64 id)
{
  GAsyncResult *result = NULL;

  potoo_catalog_drop_event_async (fixture->catalog, id, catalog_take_result, &result);
  return wait_outcome (fixture, &result, potoo_catalog_drop_event_finish);
}

GError *
catalog_fixture_put_lock (CatalogFixture *fixture, const PotooLock *lock)
{
  GAsyncResult *result = NULL;

  potoo_catalog_put_lock_async (fixture->catalog, lock, catalog_take_result, &result);
  return wait_outcome (fixture, &result, potoo_catalog_put_lock_finish);
}

GError *
catalog_fixture_drop_lock (CatalogFixture *fixture, gint64 id)
{
  GAsyncResult *result = NULL;

  potoo_catalog_drop_lock_async (fixture->catalog, id, catalog_take_result, &result);
  return wait_outcome (fixture, &result, potoo_catalog_drop_lock_finish);
}
