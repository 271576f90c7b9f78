/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-ageing.h"

#define NOW G_GINT64_CONSTANT (1795000000000000)
#define HOUR_US (3600 * POTOO_SECOND_US)

static void
put_event (CatalogFixture *fixture, gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  PotooEvent event = { .id = id,
                       .kind = POTOO_EVENT_API,
                       .start_us = start_us,
                       .end_us = end_us,
                       .keep_start_us = start_us,
                       .keep_end_us = end_us,
                       .score = -1,
                       .title = (char *) "" };

  g_strlcpy (event.camera, camera, sizeof event.camera);
  potoo_catalog_put_event (fixture->catalog, &event);
}

static void
put_gap (CatalogFixture *fixture, gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  PotooGap gap = { .id = id, .start_us = start_us, .end_us = end_us, .stream = id % 2 };

  g_strlcpy (gap.camera, camera, sizeof gap.camera);
  potoo_catalog_put_gap (fixture->catalog, &gap);
}

static void
put_both (CatalogFixture *fixture, gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  put_event (fixture, id, camera, start_us, end_us);
  put_gap (fixture, id, camera, start_us, end_us);
}

/* With all that follows from it. */
static void
age (CatalogFixture *fixture, PotooCatalogAgeing *ageing, guint batches)
{
  potoo_catalog_ageing_run (ageing, NOW);
  for (guint i = 0; i < batches; i++)
    catalog_fixture_sync (fixture);
}

static void
assert_left (CatalogFixture *fixture, const char *camera, const char *ids)
{
  static const char *const names[] = { "events", "gaps" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *sql = g_strdup_printf (
          "SELECT coalesce (group_concat (id, ' '), '') FROM (SELECT id FROM %s"
          " WHERE camera = '%s' ORDER BY id)",
          names[i], camera);
      g_autofree char *found = catalog_fixture_query (fixture, sql);
      g_assert_cmpstr (found, ==, ids);
    }
}

/* Ends, and not starts, are old; and what is recorded keeps what belongs to it. */
static void
test_old (CatalogFixture *fixture, gconstpointer data)
{
  const PotooAgeingLimits limits = { 100 * HOUR_US, 1000, 10 };
  g_autoptr (PotooCatalogAgeing) ageing = potoo_catalog_ageing_new (fixture->catalog, &limits);
  const gint64 old = NOW - limits.max_age_us;
  PotooSegment segment = catalog_fixture_segment (fixture, "kept", old - 10 * HOUR_US,
                                                  old - 9 * HOUR_US);

  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  put_both (fixture, 1, "bare", old - 2 * HOUR_US, old - HOUR_US);
  put_both (fixture, 2, "bare", old - 2 * HOUR_US, old);
  put_both (fixture, 3, "bare", old - 2 * HOUR_US, old + 1);
  put_both (fixture, 4, "bare", old - 2 * HOUR_US, 0); /* goes on */
  put_both (fixture, 5, "bare", NOW - HOUR_US, NOW);
  put_both (fixture, 6, "kept", old - 12 * HOUR_US, old - 11 * HOUR_US);
  put_both (fixture, 7, "kept", old - 12 * HOUR_US, old - 10 * HOUR_US + 1);
  put_both (fixture, 8, "kept", old - HOUR_US, old);
  age (fixture, ageing, 2);
  /* A gap that goes on ends all before it. */
  assert_left (fixture, "kept", "7 8");
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM events WHERE id IN (3, 4, 5)"), ==,
      3);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM events WHERE id IN (1, 2)"), ==,
      0);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM gaps WHERE id IN (1, 2)"), ==, 0);
}

static void
on_segment (const PotooSegment *segment, gpointer user_data)
{
}

static void
on_segment_dropped (gint64 id, gpointer user_data)
{
}

static void
on_gap (const PotooGap *gap, gpointer user_data)
{
}

static void
on_dropped (gint64 id, gpointer user_data)
{
  g_atomic_int_inc ((int *) user_data);
}

/* Of each camera the newest, in as many transactions as it takes; each is told. */
static void
test_many (CatalogFixture *fixture, gconstpointer data)
{
  static const PotooCatalogWatch watch = { .segment = on_segment,
                                           .segment_dropped = on_segment_dropped,
                                           .gap = on_gap,
                                           .gap_dropped = on_dropped,
                                           .event_dropped = on_dropped };
  const PotooAgeingLimits limits = { 100 * HOUR_US, 3, 4 };
  g_autoptr (PotooCatalogAgeing) ageing = potoo_catalog_ageing_new (fixture->catalog, &limits);
  PotooSegment segment = catalog_fixture_segment (fixture, "busy", NOW - HOUR_US,
                                                  NOW - HOUR_US + 15);
  int told = 0;

  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  for (int i = 1; i <= 13; i++)
    put_both (fixture, i, "busy", NOW - HOUR_US + i, NOW - HOUR_US + i + 1);
  for (int i = 21; i <= 23; i++)
    put_both (fixture, i, "calm", NOW - HOUR_US + i, NOW - HOUR_US + i + 1);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT class FROM segments"), ==, 1);
  potoo_catalog_set_watch (fixture->catalog, &watch, &told);
  age (fixture, ageing, 5);
  potoo_catalog_set_watch (fixture->catalog, NULL, NULL);
  assert_left (fixture, "busy", "11 12 13");
  assert_left (fixture, "calm", "21 22 23");
  g_assert_cmpint (told, ==, 20);
  g_autofree char *page = potoo_metrics_render ();
  g_assert_nonnull (strstr (page, "potoo_catalog_aged_rows_total{table=\"events\"} 10\n"));
  g_assert_nonnull (strstr (page, "potoo_catalog_aged_rows_total{table=\"gaps\"} 10\n"));

  /* What is dropped keeps nothing any more. */
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT class FROM segments"), ==, 1);
  const PotooAgeingLimits none = { 100 * HOUR_US, 0, 100 };
  g_autoptr (PotooCatalogAgeing) all = potoo_catalog_ageing_new (fixture->catalog, &none);
  age (fixture, all, 2);
  assert_left (fixture, "busy", "");
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT class FROM segments"), ==, 0);
}

static void
test_nothing (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (PotooCatalogAgeing)
      ageing = potoo_catalog_ageing_new (fixture->catalog, &potoo_ageing_limits);

  age (fixture, ageing, 1);
  put_both (fixture, 1, "a", NOW - 399 * POTOO_DAY_US, NOW - 399 * POTOO_DAY_US + 1);
  put_both (fixture, 2, "a", NOW - 401 * POTOO_DAY_US, NOW - 401 * POTOO_DAY_US + 1);
  age (fixture, ageing, 1);
  assert_left (fixture, "a", "1");
  potoo_catalog_close (fixture->catalog);
  potoo_catalog_ageing_run (ageing, NOW); /* refused */
}

static gboolean
check_plans (PotooDb *db, gpointer data, GError **error)
{
  static const struct
  {
    const char *words, *index;
  } expected[] = {
    { "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE camera",
      "events_by_camera (camera=? AND start_us<?)" },
    { "DELETE FROM gaps WHERE id IN (SELECT id", "gaps_by_camera (camera=? AND start_us<?)" },
    { "FROM events WHERE camera = ?1 ORDER BY start_us DESC", "events_by_camera (camera=?)" },
    { "FROM gaps WHERE camera = ?1 ORDER BY start_us DESC", "gaps_by_camera (camera=?)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    catalog_fixture_assert_plan (potoo_db_get_handle (db), expected[i].words, expected[i].index);
  return TRUE;
}

static void
test_plans (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (PotooCatalogAgeing)
      ageing = potoo_catalog_ageing_new (fixture->catalog, &potoo_ageing_limits);
  g_autoptr (GError) error = NULL;

  put_both (fixture, 1, "a", NOW, NOW + 1);
  age (fixture, ageing, 1);
  g_assert_true (potoo_catalog_run (fixture->catalog, check_plans, NULL, &error));
  g_assert_no_error (error);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-ageing/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,     \
              catalog_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("old", test_old);
  ADD ("many", test_many);
  ADD ("nothing", test_nothing);
  ADD ("plans", test_plans);
  return g_test_run ();
}
