/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Backups of a catalog in use, and opening one whatever became of it. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-amend.h"
#include "catalog/potoo-catalog-backup.h"
#include "catalog/potoo-catalog-damage.h"
#include "catalog/potoo-catalog-restore.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)
#define SCHEDULED "catalog.db.backup-scheduled-v"

static void
open_or_restore (CatalogFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->catalog = potoo_catalog_open_or_restore (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->reader = potoo_catalog_reader_new (fixture->catalog, &error);
  g_assert_no_error (error);
}

static void
back_up (CatalogFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  catalog_fixture_sync (fixture);
  potoo_catalog_back_up_now (fixture->catalog, NULL, &error);
  g_assert_no_error (error);
}

static void
put_segments (CatalogFixture *fixture, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      PotooSegment s = catalog_fixture_segment (fixture, "front", DAY + i, DAY + i + 1);
      potoo_catalog_put_segment (fixture->catalog, &s, NULL);
    }
  catalog_fixture_sync (fixture);
}

static gint64
count_segments (CatalogFixture *fixture)
{
  return catalog_fixture_query_int (fixture, "SELECT count(*) FROM segments");
}

/* Overwrites the file's bytes from @offset on, with the catalog closed. */
static void
damage (const char *path, gint64 offset, gsize size)
{
  g_autofree char *garbage = g_strnfill (size, 'x');
  int fd = open (path, O_WRONLY);

  g_assert_cmpint (pwrite (fd, garbage, size, offset), ==, size);
  close (fd);
}

/* --- backups --- */

static void
test_backup (CatalogFixture *fixture, gconstpointer data)
{
  GStatBuf info;

  g_assert_cmpint (potoo_catalog_get_backup_time_us (fixture->catalog), ==, 0);
  put_segments (fixture, 100);
  back_up (fixture);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED), ==, 1);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup"), ==, 1);
  g_autofree char *path = catalog_fixture_find_file (fixture, SCHEDULED);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  gint64 age_us = potoo_clock_wall_us () - potoo_catalog_get_backup_time_us (fixture->catalog);
  g_assert_cmpint (age_us, >=, 0);
  g_assert_cmpint (age_us, <, 60 * POTOO_SECOND_US);
}

static gpointer
write_on (gpointer data)
{
  CatalogFixture *fixture = data;

  for (guint i = 0; i < 2000; i++)
    {
      PotooSegment s = catalog_fixture_segment (fixture, "busy", DAY + i, DAY + i + 1);
      potoo_catalog_put_segment (fixture->catalog, &s, NULL);
      g_usleep (100);
    }
  return NULL;
}

/* It is one state of the catalog, however much is written meanwhile; and that is not held up. */
static void
test_backup_while_writing (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 900);
  catalog_fixture_take_id (fixture);
  GThread *thread = g_thread_new ("writer", write_on, fixture);
  for (guint i = 0; i < 4; i++)
    back_up (fixture);
  g_thread_join (thread);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 2900);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED), <=, 2);
}

/* The newest two of its own; those of migrations are others, and those that a wrong clock dated
 * into the future are older than what is made now. */
static void
test_backup_kept (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const names[] = {
    SCHEDULED "1-20200101T000000Z",          SCHEDULED "2-20220101T000000Z",
    SCHEDULED "3-20991231T000000Z",          SCHEDULED "3-21991231T000000Z",
    "catalog.db.backup-v1-20200101T000000Z", SCHEDULED "x",
  };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->directory, names[i], NULL);
      g_assert_true (g_file_set_contents (path, "old", -1, NULL));
    }
  back_up (fixture);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED "1-2020"), ==, 0);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED "2-2022"), ==, 1);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED "3-2099"), ==, 0);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED "3-2199"), ==, 0);
  g_assert_cmpint (potoo_catalog_get_backup_time_us (fixture->catalog), <=, potoo_clock_wall_us ());
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED "x"), ==, 1);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup-v1"), ==, 1);
}

static void
test_backup_cancelled (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (potoo_catalog_back_up_now (fixture->catalog, cancellable, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup"), ==, 0);
}

/* What is written while the backup reads makes the journal grow: at its bound the backup gives way,
 * and the next one is made when it has been cut back. */
static void
test_backup_and_the_journal (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 max = potoo_backup_journal_bytes_max;

  put_segments (fixture, 900);
  potoo_backup_journal_bytes_max = 4096;
  g_assert_false (potoo_catalog_back_up_now (fixture->catalog, NULL, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "-wal"));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.backup"), ==, 0);
  potoo_backup_journal_bytes_max = max;
  back_up (fixture);
}

/* A catalog that is damaged where nobody reads: the copy is checked, and takes no good one's place.
 */
static void
test_backup_of_damaged (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  put_segments (fixture, 3000);
  back_up (fixture);
  catalog_fixture_close (fixture);
  gint64 root_page = catalog_fixture_query_int (
      fixture, "SELECT rootpage FROM sqlite_schema WHERE name = 'segments_by_start'");
  damage (fixture->path, (root_page - 1) * 4096, 4096);
  catalog_fixture_open (fixture);
  g_assert_false (potoo_catalog_back_up_now (fixture->catalog, NULL, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED), ==, 1);
  g_assert_true (potoo_catalog_has_noted_damage (fixture->path));
  g_autofree char *told = potoo_catalog_get_error (fixture->catalog);
  g_assert_nonnull (strstr (told, "damaged"));
  catalog_fixture_close (fixture);
}

/* --- restoring --- */

static void
test_open (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 3);
  catalog_fixture_close (fixture);
  open_or_restore (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 3);
  g_assert_true (potoo_catalog_reader_is_complete (fixture->reader));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.corrupt"), ==, 0);
}

static void
test_nothing (CatalogFixture *fixture, gconstpointer data)
{
  open_or_restore (fixture);
  g_assert_false (potoo_catalog_reader_is_complete (fixture->reader));
  potoo_catalog_set_complete (fixture->catalog);
  catalog_fixture_sync (fixture);
  g_assert_true (potoo_catalog_reader_is_complete (fixture->reader));
}

static void
remove_catalog (CatalogFixture *fixture)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (fixture->path, suffixes[i], NULL);
      g_unlink (path);
    }
}

static void
test_missing (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 5);
  back_up (fixture);
  put_segments (fixture, 5);
  catalog_fixture_close (fixture);
  remove_catalog (fixture);
  open_or_restore (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 5);
  g_assert_false (potoo_catalog_reader_is_complete (fixture->reader));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, SCHEDULED), ==, 1);
}

static void
test_no_database (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 5);
  back_up (fixture);
  catalog_fixture_close (fixture);
  remove_catalog (fixture);
  g_assert_true (g_file_set_contents (fixture->path, "not a database at all", -1, NULL));
  open_or_restore (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 5);
  g_autofree char *aside = catalog_fixture_find_file (fixture, "catalog.db.corrupt-");
  g_autofree char *content = NULL;
  g_assert_true (g_file_get_contents (aside, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "not a database at all");
  g_assert_false (potoo_catalog_has_noted_damage (fixture->path));
}

/* The newest is no good: the one before it is. */
static void
test_bad_backup (CatalogFixture *fixture, gconstpointer data)
{
  g_autofree char *bad = g_build_filename (fixture->directory, SCHEDULED "2-20990101T000000Z",
                                           NULL);
  g_autofree char *newer = g_build_filename (fixture->directory,
                                             "catalog.db.backup-v999-20980101T000000Z", NULL);

  put_segments (fixture, 5);
  back_up (fixture);
  catalog_fixture_tamper (fixture, "PRAGMA user_version = 999");
  g_autofree char *command = g_strdup_printf ("cp %s %s", fixture->path, newer);
  catalog_fixture_close (fixture);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_assert_true (g_file_set_contents (bad, "garbage", -1, NULL));
  remove_catalog (fixture);
  open_or_restore (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 5);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.restoring"), ==, 0);
}

static void
test_no_backup (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 5);
  catalog_fixture_close (fixture);
  remove_catalog (fixture);
  g_assert_true (g_file_set_contents (fixture->path, "garbage", -1, NULL));
  open_or_restore (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 0);
  g_assert_false (potoo_catalog_reader_is_complete (fixture->reader));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.corrupt-"), ==, 1);
}

/* What opens well may be damaged all the same; a note of that makes the start look closer. */
static void
test_noted (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 3000);
  back_up (fixture);
  catalog_fixture_close (fixture);
  potoo_catalog_note_damage (fixture->path);
  open_or_restore (fixture); /* it was not so bad */
  g_assert_false (potoo_catalog_has_noted_damage (fixture->path));
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.corrupt-"), ==, 0);
  catalog_fixture_close (fixture);

  gint64 root_page = catalog_fixture_query_int (
      fixture, "SELECT rootpage FROM sqlite_schema WHERE name = 'segments_by_start'");
  damage (fixture->path, (root_page - 1) * 4096, 4096);
  g_autoptr (GError) error = NULL;
  open_or_restore (fixture);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.corrupt-"), ==, 0);
  g_assert_false (potoo_catalog_reader_check (fixture->reader, NULL, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  catalog_fixture_close (fixture);
  open_or_restore (fixture);
  g_assert_cmpuint (catalog_fixture_count_files (fixture, "catalog.db.corrupt-"), >=, 1);
  g_assert_cmpint (count_segments (fixture), ==, 3000);
  g_assert_true (potoo_catalog_reader_check (fixture->reader, NULL, NULL));
}

/* Recording goes on, and no id is given out twice. */
static void
test_ids_of_damaged (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_direct_hash, g_direct_equal);

  catalog_fixture_tamper (fixture,
                          "PRAGMA writable_schema = ON;"
                          "UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'id_counters';"
                          "PRAGMA schema_version = 4711");
  for (guint i = 0; i < 5000; i++)
    {
      gint64 id = potoo_catalog_take_segment_id (fixture->catalog);
      if (id == 0)
        {
          potoo_catalog_sync (fixture->catalog, NULL);
          id = potoo_catalog_take_segment_id (fixture->catalog);
        }
      g_assert_cmpint (id, >, 0);
      g_assert_true (g_hash_table_add (seen, GSIZE_TO_POINTER ((gsize) id)));
    }
  g_assert_true (potoo_catalog_has_noted_damage (fixture->path));
}

/* --- rows of closed segments --- */

static void
test_amend (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment s = catalog_fixture_segment (fixture, "front", DAY, DAY + 100);
  const guint8 sha256[32] = { 1 };
  g_autoptr (GBytes) index = g_bytes_new_static ("\1", 1);

  potoo_catalog_put_segment (fixture->catalog, &s, NULL);
  potoo_catalog_set_segment_sha256 (fixture->catalog, s.id, sha256);
  PotooSegment damaged = s;
  damaged.state = POTOO_SEGMENT_DAMAGED;
  potoo_catalog_amend_segment (fixture->catalog, &s, &damaged, NULL);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (fixture->reader, s.id, NULL);
  g_assert_cmpint (row->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_true (row->has_sha256);

  /* It is not the one any more that was read. */
  PotooSegment late = s;
  late.end_us += 5;
  potoo_catalog_amend_segment (fixture->catalog, &s, &late, index);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment) same = potoo_catalog_reader_get_segment (fixture->reader, s.id, NULL);
  g_assert_cmpint (same->end_us, ==, DAY + 100);
  g_assert_true (same->has_sha256);

  potoo_catalog_amend_segment (fixture->catalog, &damaged, &late, index);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment) new = potoo_catalog_reader_get_segment (fixture->reader, s.id, NULL);
  g_assert_cmpint (new->end_us, ==, DAY + 105);
  g_assert_false (new->has_sha256);

  /* What was deleted meanwhile does not come back. */
  potoo_catalog_drop_segment (fixture->catalog, s.id);
  potoo_catalog_amend_segment (fixture->catalog, new, &s, index);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (count_segments (fixture), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func)                                                                            \
  g_test_add ("/catalog-restore/" path, CatalogFixture, NULL, catalog_fixture_set_up, func,        \
              catalog_fixture_tear_down)
  ADD ("backup", test_backup);
  ADD ("backup-while-writing", test_backup_while_writing);
  ADD ("backup-kept", test_backup_kept);
  ADD ("backup-cancelled", test_backup_cancelled);
  ADD ("backup-journal", test_backup_and_the_journal);
  ADD ("backup-of-damaged", test_backup_of_damaged);
  ADD ("open", test_open);
  g_test_add ("/catalog-restore/nothing", CatalogFixture, NULL, catalog_fixture_set_up_empty,
              test_nothing, catalog_fixture_tear_down);
  ADD ("missing", test_missing);
  ADD ("no-database", test_no_database);
  ADD ("bad-backup", test_bad_backup);
  ADD ("no-backup", test_no_backup);
  ADD ("noted", test_noted);
  ADD ("ids-of-damaged", test_ids_of_damaged);
  ADD ("amend", test_amend);
  return g_test_run ();
}
