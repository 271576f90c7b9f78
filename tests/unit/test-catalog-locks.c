/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of locks: what it takes, gives back and refuses. */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-eviction.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)
#define HOUR_US (3600 * POTOO_SECOND_US)

static PotooLock
make (gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  PotooLock lock = {
    .id = id, .start_us = start_us, .end_us = end_us, .reason = (char *) "", .created_us = DAY
  };

  g_strlcpy (lock.camera, camera, sizeof lock.camera);
  return lock;
}

static void
put (CatalogFixture *fixture, gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  const PotooLock lock = make (id, camera, start_us, end_us);
  g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
  g_assert_no_error (error);
}

/* One of an hour each day, of both cameras. */
static void
put_segments (CatalogFixture *fixture, int days)
{
  for (int i = 0; i < 2 * days; i++)
    {
      gint64 start_us = DAY + i / 2 * POTOO_DAY_US;
      PotooSegment segment = catalog_fixture_segment (fixture, i % 2 ? "b" : "a", start_us,
                                                      start_us + HOUR_US);
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
    }
}

static void
test_round_trip (CatalogFixture *fixture, gconstpointer data)
{
  gint64 id = potoo_catalog_take_lock_id (fixture->catalog);
  PotooLock lock = make (id, "a", DAY, DAY + 5);

  put_segments (fixture, 1);
  lock.reason = (char *) "Für die Polizei";
  lock.expires_us = DAY + 7;
  g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
  g_assert_no_error (error);
  g_autoptr (PotooLock) read = potoo_catalog_reader_get_lock (fixture->reader, id, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read->id, ==, id);
  g_assert_cmpstr (read->camera, ==, "a");
  g_assert_cmpint (read->start_us, ==, DAY);
  g_assert_cmpint (read->end_us, ==, DAY + 5);
  g_assert_cmpstr (read->reason, ==, lock.reason);
  g_assert_cmpint (read->expires_us, ==, DAY + 7);
  g_assert_cmpint (read->created_us, ==, DAY);

  error = catalog_fixture_drop_lock (fixture, id);
  g_assert_no_error (error);
  g_assert_null (potoo_catalog_reader_get_lock (fixture->reader, id, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  error = catalog_fixture_drop_lock (fixture, id);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
}

static gboolean
mark (CatalogFixture *fixture, gint64 id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (fixture->catalog, &id, 1,
                                                                    POTOO_SEGMENT_EVENT, &error);
  g_assert_no_error (error);
  return marked->len == 1;
}

/* There must be something to lock, and what is on its way out is not. */
static void
test_nothing_there (CatalogFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *camera;
    gint64 start, end;
  } nothing[] = { { "a", -5, 0 }, { "a", HOUR_US, HOUR_US + 5 }, { "c", 0, 5 } };

  put_segments (fixture, 1);
  for (guint i = 0; i < G_N_ELEMENTS (nothing); i++)
    {
      const PotooLock lock = make (1, nothing[i].camera, DAY + nothing[i].start,
                                   DAY + nothing[i].end);
      g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
    }
  gint64 id = catalog_fixture_query_int (fixture, "SELECT id FROM segments WHERE camera = 'a'");
  g_assert_true (mark (fixture, id));
  const PotooLock late = make (1, "a", DAY, DAY + 5);
  g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &late);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM locks"), ==, 0);
}

/* A locked segment is not deleted; without the lock it is. */
static void
test_holds (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 1);
  put (fixture, 1, "a", DAY, DAY + 5);
  gint64 id = catalog_fixture_query_int (fixture, "SELECT id FROM segments WHERE camera = 'a'");
  g_assert_false (mark (fixture, id));
  g_autoptr (GError) error = catalog_fixture_drop_lock (fixture, 1);
  g_assert_no_error (error);
  g_assert_true (mark (fixture, id));
}

static char *
list (CatalogFixture *fixture, const char *camera, gint64 start_us, gint64 end_us, guint limit)
{
  PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = limit
  };
  GString *ids = g_string_new (NULL);

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray)
          page = potoo_catalog_reader_list_locks (fixture->reader, &query, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < page->len; i++)
        {
          const PotooLock *lock = page->pdata[i];
          query.after_start_us = lock->start_us;
          query.after_id = lock->id;
          g_string_append_printf (ids, "%d ", (int) lock->id);
        }
      if (page->len < limit)
        return g_string_free (ids, FALSE);
    }
}

static void
test_list (CatalogFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *camera;
    gint64 start, end; /* days */
    const char *ids;
  } cases[] = {
    { NULL, -9, 0, "" },         { NULL, 0, 1, "4 5 1 " }, { NULL, 30, 31, "4 3 " },
    { NULL, 31, 32, "3 " },      { "a", 0, 99, "4 1 3 " }, { "b", 0, 99, "5 " },
    { NULL, 0, 99, "4 5 1 3 " }, { "c", 0, 99, "" },
  };

  put_segments (fixture, 40);
  put (fixture, 1, "a", DAY + HOUR_US / 2, DAY + HOUR_US);
  put (fixture, 3, "a", DAY + 30 * POTOO_DAY_US, DAY + 60 * POTOO_DAY_US);
  put (fixture, 4, "a", DAY, DAY + POTOO_LOCK_MAX_US);
  put (fixture, 5, "b", DAY, DAY + 1);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint limit = 1; limit <= 5; limit++)
      {
        g_autofree char *ids = list (fixture, cases[i].camera, DAY + cases[i].start * POTOO_DAY_US,
                                     DAY + cases[i].end * POTOO_DAY_US, limit);
        if (strcmp (ids, cases[i].ids) != 0)
          g_error ("case %u, limit %u: %s", i, limit, ids);
      }
}

static void
test_bad_values (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 bad[][4] = {
    /* start, end, expires, created */
    { DAY, DAY, 0, 0 },
    { DAY, DAY - 1, 0, 0 },
    { -1, DAY, 0, 0 },
    { DAY, DAY + POTOO_LOCK_MAX_US + 1, 0, 0 },
    { DAY, DAY + 5, -1, 0 },
    { DAY, DAY + 5, 0, -1 },
    { DAY, DAY + 5, G_MAXINT64, 0 },
    { G_MININT64, G_MAXINT64, 0, 0 },
  };
  g_autofree char *reason = g_strnfill (POTOO_LOCK_REASON_MAX + 1, 'x');

  put_segments (fixture, 1);
  for (guint i = 0; i <= G_N_ELEMENTS (bad); i++)
    {
      PotooLock lock = make (1, "a", DAY, DAY + 5);
      if (i < G_N_ELEMENTS (bad))
        {
          lock.start_us = bad[i][0];
          lock.end_us = bad[i][1];
          lock.expires_us = bad[i][2];
          lock.created_us = bad[i][3];
        }
      else
        lock.reason = reason;
      g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM locks"), ==, 0);
}

static void
test_bound (CatalogFixture *fixture, gconstpointer data)
{
  put_segments (fixture, 1);
  catalog_fixture_sync (fixture);
  g_autofree char *sql = g_strdup_printf (
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
      " INSERT INTO locks SELECT i, 'z', 5, 6, '', 0, 0 FROM n",
      POTOO_LOCKS_MAX);
  catalog_fixture_tamper (fixture, sql);
  const PotooLock lock = make (POTOO_LOCKS_MAX + 1, "a", DAY, DAY + 5);
  g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
  put (fixture, 5, "a", DAY, DAY + 5); /* one that is there already */
}

static void
test_hostile_rows (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const bad_sets[] = {
    "camera = 'A/../B'",
    "start_us = -1",
    "end_us = start_us",
    "end_us = 9223372036854775807",
    "start_us = 9223372036854775807, end_us = 9223372036854775807",
    "reason = CAST (x'ff' AS TEXT)",
    "reason = printf ('%801s', 'x')",
    "expires_us = -1",
    "expires_us = 9223372036854775807",
    "created_us = -1",
  };

  put_segments (fixture, 1);
  for (guint i = 0; i < G_N_ELEMENTS (bad_sets); i++)
    {
      g_autoptr (GError) error = NULL;
      put (fixture, 1, "a", DAY, DAY + 5);
      g_autofree char *sql = g_strdup_printf (
          "PRAGMA ignore_check_constraints = ON; UPDATE locks SET %s", bad_sets[i]);
      catalog_fixture_tamper (fixture, sql);
      g_assert_null (potoo_catalog_reader_get_lock (fixture->reader, 1, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
      g_autoptr (GError) dropping = catalog_fixture_drop_lock (fixture, 1);
      g_assert_no_error (dropping);
    }
}

static void
test_plans (CatalogFixture *fixture, gconstpointer data)
{
  const PotooSegmentQuery query = { .end_us = G_MAXINT64, .limit = 1 };
  sqlite3 *handle = potoo_db_get_handle (potoo_catalog_reader_get_db (fixture->reader));

  g_ptr_array_unref (potoo_catalog_reader_list_locks (fixture->reader, &query, NULL));
  catalog_fixture_assert_plan (handle, "INDEXED BY locks_by_start",
                               "locks_by_start (start_us>? AND start_us<?)");
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-locks/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,      \
              catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("round-trip", test_round_trip);
  ADD ("nothing-there", test_nothing_there);
  ADD ("holds", test_holds);
  ADD ("list", test_list);
  ADD ("bad-values", test_bad_values);
  ADD ("bound", test_bound);
  ADD ("hostile-rows", test_hostile_rows);
  ADD ("plans", test_plans);
  return g_test_run ();
}
