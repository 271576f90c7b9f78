/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening catalogs of other versions, and files that are none. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-migrate.h"
#include "catalog/potoo-catalog-totals.h"

/* The schema version that the real steps lead to, and its text. */
#define VERSION 3
#define VERSION_TEXT "3"
#define LAST_TEXT "5"

/* Further steps that only this test knows. */
static const char second[] =
    "ALTER TABLE settings ADD COLUMN note TEXT; INSERT INTO settings (key, value, note)"
    " VALUES ('second', 'yes', 'n');";
static const char third[] = "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;";
static const char broken[] = "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE nonsense (;";
static const char orphaning[] = "DELETE FROM storage_roots;";

/* Opens with the real steps and those given, and leaves it closed. */
static gboolean
open_with (CatalogFixture *fixture, const char *two, const char *three, GError **error)
{
  g_auto (GStrv) real = potoo_catalog_load_migrations ();
  const char *list[VERSION + 3] = { NULL };

  g_assert_cmpuint (g_strv_length (real), ==, VERSION);
  memcpy (list, real, VERSION * sizeof *list);
  list[VERSION] = two;
  list[VERSION + 1] = three;
  fixture->catalog = potoo_catalog_open_with_migrations (fixture->directory, list, error);
  if (fixture->catalog == NULL)
    return FALSE;
  catalog_fixture_close (fixture);
  return TRUE;
}

static void
assert_refused (CatalogFixture *fixture, PotooError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalog) catalog = potoo_catalog_open (fixture->directory, &error);

  g_assert_null (catalog);
  g_assert_error (error, POTOO_ERROR, (int) code);
  if (strstr (error->message, words) == NULL || strstr (error->message, fixture->path) == NULL)
    g_error ("“%s” lacks “%s” or the path", error->message, words);
}

static void
test_embedded (void)
{
  g_auto (GStrv) scripts = potoo_catalog_load_migrations ();

  g_assert_cmpuint (g_strv_length (scripts), ==, VERSION);
  g_assert_nonnull (strstr (scripts[0], "CREATE TABLE segments"));
}

static void
test_fresh (CatalogFixture *fixture, gconstpointer data)
{
  g_assert_true (open_with (fixture, second, third, NULL));
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION + 2);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup"), ==, 0);
}

/* A catalog that the first schema's daemon left. */
static void
test_from_v1 (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const same_schema =
      "SELECT group_concat (sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE name NOT LIKE"
      " 'sqlite_%' AND name NOT IN ('segments') ORDER BY name)";
  g_autofree char *sql = catalog_fixture_read_sql ("v1.sql");

  catalog_fixture_tamper (fixture, sql);
  catalog_fixture_open (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v1-"), ==, 1);

  g_autoptr (PotooSegment) segment = potoo_catalog_reader_get_segment (fixture->reader, 2, NULL);
  g_assert_cmpint (segment->size_bytes, ==, 90000000);
  g_assert_cmpint (segment->class, ==, POTOO_SEGMENT_CONTINUOUS);
  g_assert_false (segment->has_sha256);
  PotooTotals totals;
  g_assert_true (potoo_catalog_reader_get_totals (fixture->reader, 1, NULL, &totals, NULL));
  g_assert_cmpint (totals.kept[0].segments, ==, 3);
  g_assert_cmpint (totals.kept[0].bytes, ==, 340000000);
  g_assert_cmpint (totals.deleting.bytes, ==, 140000000);
  g_autoptr (GArray)
      days = potoo_catalog_reader_list_recorded_days (fixture->reader, "front", 0, NULL);
  static const PotooRecordedDay expected[] = { { 20775, 140000000, 300000000 },
                                               { 20776, 249000000, 500000000 },
                                               { 20777, 5000000, 10000000 } };
  g_assert_cmpmem (days->data, days->len * sizeof (PotooRecordedDay), expected, sizeof expected);
  g_assert_cmpint (potoo_catalog_take_event_id (fixture->catalog), ==, 1);
  g_assert_cmpint (potoo_catalog_take_segment_id (fixture->catalog), ==, 2049);
  g_assert_cmpint (potoo_catalog_take_lock_id (fixture->catalog), ==, 1);
  g_autofree char *migrated = catalog_fixture_query (fixture, same_schema);

  /* as one that was made anew */
  catalog_fixture_close (fixture);
  g_assert_cmpint (g_remove (fixture->path), ==, 0);
  catalog_fixture_open (fixture);
  g_autofree char *fresh = catalog_fixture_query (fixture, same_schema);
  g_assert_cmpstr (migrated, ==, fresh);
}

/* What files are named is what it was. */
static void
test_from_v2 (CatalogFixture *fixture, gconstpointer data)
{
  g_autofree char *sql = catalog_fixture_read_sql ("v2.sql");

  catalog_fixture_tamper (fixture, sql);
  catalog_fixture_open (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v2-"), ==, 1);
  g_autoptr (PotooSegment) segment = potoo_catalog_reader_get_segment (fixture->reader, 2, NULL);
  g_assert_cmpint (segment->shift_us, ==, 0);
  g_assert_cmpint (segment->class, ==, POTOO_SEGMENT_EVENT);
  g_assert_true (segment->has_sha256);
}

static void
test_step (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  catalog_fixture_open (fixture);
  potoo_catalog_put_setting (fixture->catalog, "first", "yes");
  catalog_fixture_close (fixture);

  g_assert_true (open_with (fixture, second, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION + 1);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count(*) FROM settings"), ==, 2);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v" VERSION_TEXT "-"),
                    ==, 1);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup"), ==, 1);

  /* again: nothing to do, no further backup */
  g_assert_true (open_with (fixture, second, NULL, &error));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup"), ==, 1);
}

/* A backup is a whole catalog, private like the original. */
static void
test_backup_works (CatalogFixture *fixture, gconstpointer data)
{
  GStatBuf info;

  catalog_fixture_open (fixture);
  potoo_catalog_put_setting (fixture->catalog, "first", "yes");
  catalog_fixture_close (fixture);
  g_assert_true (open_with (fixture, second, NULL, NULL));

  g_autofree char *backup = catalog_fixture_find_file (fixture,
                                                       "catalog.db.backup-v" VERSION_TEXT "-");
  g_assert_cmpint (g_stat (backup, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (g_rename (backup, fixture->path), ==, 0);
  catalog_fixture_open (fixture);
  g_autofree char *value = potoo_catalog_reader_get_setting (fixture->reader, "first", NULL);
  g_assert_cmpstr (value, ==, "yes");
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION);
}

static void
test_two_backups_stay (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const names[] = {
    "catalog.db.backup-v1-20200101T000000Z",
    "catalog.db.backup-v10-20210101T000000Z",
    "catalog.db.backup-v9-20220101T000000Z",
    "catalog.db.backup-new",
    "catalog.db.backup-vx",
  };

  catalog_fixture_open (fixture);
  catalog_fixture_close (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->directory, names[i], NULL);
      g_assert_true (g_file_set_contents (path, "old", -1, NULL));
    }
  g_assert_true (open_with (fixture, second, NULL, NULL));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v9-2022"), ==, 1);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v1-20200"), ==, 0);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v" VERSION_TEXT "-"),
                    ==, 1);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v10-"), ==, 0);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-new"), ==, 0);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-vx"), ==, 1);
}

/* A step that fails leaves the version before it, whole. */
static void
test_broken_step (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const bad[] = { broken, orphaning };

  catalog_fixture_open (fixture);
  fixture->root = potoo_catalog_register_root (fixture->catalog, "u", "main", "/r", NULL);
  PotooSegment segment = catalog_fixture_segment (fixture, "a", 5, 6);
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  catalog_fixture_close (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (open_with (fixture, second, bad[i], &error));
      g_assert_nonnull (strstr (error->message, "schema version " LAST_TEXT));
      g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION + 1);
      g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count(*) FROM sqlite_schema"
                                                           " WHERE name = 'half'"),
                       ==, 0);
      g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count(*) FROM segments"), ==, 1);
    }
  g_autoptr (GError) error = NULL;
  g_assert_true (open_with (fixture, second, third, &error));
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION + 2);
}

static void
test_newer (CatalogFixture *fixture, gconstpointer data)
{
  g_assert_true (open_with (fixture, second, third, NULL));
  assert_refused (fixture, POTOO_ERROR_UNSUPPORTED,
                  "version " LAST_TEXT ", this potoo knows up to " VERSION_TEXT);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, VERSION + 2);
}

static void
test_not_a_catalog (CatalogFixture *fixture, gconstpointer data)
{
  catalog_fixture_tamper (fixture, "CREATE TABLE mine (x)");
  assert_refused (fixture, POTOO_ERROR_CORRUPT, "not a catalog");
  catalog_fixture_tamper (fixture, "PRAGMA user_version = 1");
  assert_refused (fixture, POTOO_ERROR_CORRUPT, "not a catalog");
  catalog_fixture_tamper (fixture, "PRAGMA user_version = -1");
  assert_refused (fixture, POTOO_ERROR_CORRUPT, "not a catalog");
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count(*) FROM mine"), ==, 0);
}

static void
test_not_a_database (CatalogFixture *fixture, gconstpointer data)
{
  g_autofree char *noise = g_malloc (20000);

  memset (noise, 'n', 20000);
  g_assert_true (g_file_set_contents (fixture->path, noise, 20000, NULL));
  assert_refused (fixture, POTOO_ERROR_CORRUPT, "not a database");

  /* an empty file is no catalog yet */
  g_assert_true (g_file_set_contents (fixture->path, "", 0, NULL));
  catalog_fixture_open (fixture);
}

/* Damage anywhere: an error, here or when reading, never a crash. */
static void
test_damaged (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  g_autofree char *good = NULL;
  gsize length;

  catalog_fixture_open (fixture);
  fixture->root = potoo_catalog_register_root (fixture->catalog, "u", "main", "/r", NULL);
  for (int i = 0; i < 200; i++)
    {
      PotooSegment segment = catalog_fixture_segment (fixture, "a", i * 10, i * 10 + 10);
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
    }
  catalog_fixture_close (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &good, &length, NULL));

  for (int round = 0; round < 60; round++)
    {
      g_autofree char *bad = g_memdup2 (good, length);
      gsize start = round % 3 == 0 ? 100 : (gsize) g_rand_int_range (rand, 100, (int) length - 64);
      for (gsize i = start; i < start + 64; i++)
        bad[i] = (char) g_rand_int (rand);
      g_assert_true (g_file_set_contents (fixture->path, bad,
                                          (gssize) (round % 5 == 0 ? length / 2 : length), NULL));

      g_autoptr (GError) error = NULL;
      fixture->catalog = potoo_catalog_open (fixture->directory, &error);
      if (fixture->catalog == NULL)
        {
          g_assert_nonnull (error);
          continue;
        }
      fixture->reader = potoo_catalog_reader_new (fixture->catalog, NULL);
      const PotooSegmentQuery query = { .end_us = G_MAXINT64, .limit = 1000 };
      g_autoptr (GPtrArray)
          list = fixture->reader != NULL
                     ? potoo_catalog_reader_list_segments (fixture->reader, &query, NULL)
                     : NULL;
      potoo_catalog_put_setting (fixture->catalog, "x", "1");
      catalog_fixture_close (fixture);
    }
}

static void
test_bad_places (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *nowhere = g_build_filename (fixture->directory, "none", NULL);

  g_assert_null (potoo_catalog_open (nowhere, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, nowhere));

  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  assert_refused (fixture, POTOO_ERROR_IO, "directory");
}

/* The mode does not depend on the umask, nor on what it was. */
static void
test_mode (CatalogFixture *fixture, gconstpointer data)
{
  GStatBuf info;
  mode_t old = umask (0);

  catalog_fixture_open (fixture);
  catalog_fixture_close (fixture);
  umask (old);
  g_assert_cmpint (g_chmod (fixture->path, 0644), ==, 0);
  catalog_fixture_open (fixture);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-migrate/" name, CatalogFixture, NULL, catalog_fixture_set_up_empty,        \
              function, catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/catalog-migrate/embedded", test_embedded);
  ADD ("fresh", test_fresh);
  ADD ("from-v1", test_from_v1);
  ADD ("from-v2", test_from_v2);
  ADD ("step", test_step);
  ADD ("backup-works", test_backup_works);
  ADD ("two-backups-stay", test_two_backups_stay);
  ADD ("broken-step", test_broken_step);
  ADD ("newer", test_newer);
  ADD ("not-a-catalog", test_not_a_catalog);
  ADD ("not-a-database", test_not_a_database);
  ADD ("damaged", test_damaged);
  ADD ("bad-places", test_bad_places);
  ADD ("mode", test_mode);
  return g_test_run ();
}
