/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-ageing.h"
#include "playback/potoo-coverage.h"

#define S POTOO_SECOND_US
#define MINUTE (60 * S)
#define HOUR (60 * MINUTE)
/* 2026-03-29T00:00:00Z: clocks are put forward in Europe an hour later. */
#define SPRING G_GINT64_CONSTANT (1774742400000000)
/* 2026-10-25T00:00:00Z: they are put back. */
#define AUTUMN G_GINT64_CONSTANT (1792886400000000)
/* 2026-11-01T04:00:00Z: midnight in Havana, and an hour later again. */
#define HAVANA G_GINT64_CONSTANT (1793505600000000)
/* 1992-03-29T03:00:00Z: the same in Guyana, of standard time. */
#define GUYANA G_GINT64_CONSTANT (701838000000000)
#define DAY G_GINT64_CONSTANT (1795132800000000) /* 2026-11-20T00:00:00Z */

static PotooSegment
put (CatalogFixture *f, gint64 start_us, gint64 end_us)
{
  PotooSegment segment = catalog_fixture_segment (f, "front", start_us, end_us);

  potoo_catalog_put_segment (f->catalog, &segment, NULL);
  return segment;
}

static void
put_hours (CatalogFixture *f, gint64 start_us, gint64 end_us)
{
  for (; start_us < end_us; start_us += HOUR)
    put (f, start_us, MIN (start_us + HOUR, end_us));
}

static void
put_gap (CatalogFixture *f, gint64 start_us, gint64 end_us, PotooGapCause cause)
{
  PotooGap gap = { .id = potoo_catalog_take_gap_id (f->catalog),
                   .camera = "front",
                   .start_us = start_us,
                   .end_us = end_us,
                   .cause = cause };

  potoo_catalog_put_gap (f->catalog, &gap);
}

static GPtrArray *
list (CatalogFixture *f, const char *zone_name, gint64 start_us, gint64 end_us, gint64 now_us)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zone_name);

  g_assert_nonnull (zone);
  catalog_fixture_sync (f);
  GPtrArray *days = potoo_coverage_list_days (f->reader, "front", zone, start_us, end_us, now_us,
                                              &error);
  g_assert_no_error (error);
  return days;
}

static void
assert_day (GPtrArray *days, guint i, gint64 recorded_us, gint64 deleted_us, gint64 missing_us)
{
  g_assert_cmpuint (i, <, days->len);
  const PotooCoverage *day = days->pdata[i];
  gint64 by_cause_us = 0;

  g_assert_cmpint (day->recorded_us, ==, recorded_us);
  g_assert_cmpint (ABS (day->deleted_us - deleted_us), <=, 1);
  g_assert_cmpint (day->missing_us, ==, missing_us);
  for (guint cause = 0; cause < POTOO_GAP_N_CAUSES; cause++)
    by_cause_us += day->missing_by_cause_us[cause];
  g_assert_cmpint (by_cause_us, ==, missing_us);
}

/* A gap over midnight counts for both days; one that goes on, up to now; of a day on which nothing
 * was to be recorded there is no share. */
static void
test_days (CatalogFixture *f, gconstpointer data)
{
  gint64 now_us = DAY + 36 * HOUR;

  put_hours (f, DAY + 2 * HOUR, DAY + 20 * HOUR);
  put_gap (f, DAY + 20 * HOUR, DAY + 26 * HOUR, POTOO_GAP_POWER);
  put_hours (f, DAY + 26 * HOUR, DAY + 35 * HOUR);
  put_gap (f, DAY + 35 * HOUR, 0, POTOO_GAP_STALLED);
  g_autoptr (GPtrArray) days = list (f, "UTC", DAY - HOUR, DAY + 49 * HOUR, now_us);
  g_assert_cmpuint (days->len, ==, 4);
  assert_day (days, 0, 0, 0, 0);
  g_assert_cmpfloat (potoo_coverage_get_share (days->pdata[0]), <, 0);
  assert_day (days, 1, 18 * HOUR, 0, 4 * HOUR);
  assert_day (days, 2, 9 * HOUR, 0, 3 * HOUR);
  assert_day (days, 3, 0, 0, 0);
  const PotooCoverage *second = days->pdata[2];
  g_assert_cmpint (second->start_us, ==, DAY + 24 * HOUR);
  g_assert_cmpint (second->end_us, ==, DAY + 48 * HOUR);
  g_assert_cmpint (second->missing_by_cause_us[POTOO_GAP_POWER], ==, 2 * HOUR);
  g_assert_cmpint (second->missing_by_cause_us[POTOO_GAP_STALLED], ==, 1 * HOUR);
  g_assert_cmpfloat_with_epsilon (potoo_coverage_get_share (second), 0.75, 1e-9);
}

/* What the clock skipped is not missing, what can no longer be read is, and of two that say the
 * same of a time one counts. */
static void
test_causes (CatalogFixture *f, gconstpointer data)
{
  put (f, DAY, DAY + 60 * MINUTE);
  put_gap (f, DAY + 10 * MINUTE, DAY + 11 * MINUTE, POTOO_GAP_DAMAGED);
  put_gap (f, DAY + 20 * MINUTE, DAY + 21 * MINUTE, POTOO_GAP_CRASH); /* the clock was set back */
  put_gap (f, DAY + 60 * MINUTE, DAY + 120 * MINUTE, POTOO_GAP_CLOCK_STEP);
  put (f, DAY + 120 * MINUTE, DAY + 130 * MINUTE);
  put_gap (f, DAY + 130 * MINUTE, DAY + 140 * MINUTE, POTOO_GAP_POWER);
  put_gap (f, DAY + 135 * MINUTE, DAY + 145 * MINUTE, POTOO_GAP_DISCONNECTED);
  g_autoptr (GPtrArray) days = list (f, "UTC", DAY, DAY + 1, DAY + 5 * HOUR);
  g_assert_cmpuint (days->len, ==, 1);
  assert_day (days, 0, 69 * MINUTE, 0, 16 * MINUTE);
  const PotooCoverage *day = days->pdata[0];
  g_assert_cmpint (day->missing_by_cause_us[POTOO_GAP_DAMAGED], ==, 1 * MINUTE);
  g_assert_cmpint (day->missing_by_cause_us[POTOO_GAP_CLOCK_STEP], ==, 0);
  g_assert_cmpint (day->missing_by_cause_us[POTOO_GAP_CRASH], ==, 0);
}

/* Days of 23 and 25 hours, and a zone whose days are not those of UTC. */
static void
test_zones (CatalogFixture *f, gconstpointer data)
{
  put_hours (f, SPRING - 48 * HOUR, SPRING + 48 * HOUR);
  put_hours (f, AUTUMN - 48 * HOUR, AUTUMN + 48 * HOUR);
  g_autoptr (GPtrArray)
      spring = list (f, "Europe/Berlin", SPRING, SPRING + 12 * HOUR, SPRING + 48 * HOUR);
  g_assert_cmpuint (spring->len, ==, 1);
  assert_day (spring, 0, 23 * HOUR, 0, 0);
  g_assert_cmpint (((PotooCoverage *) spring->pdata[0])->start_us, ==, SPRING - HOUR);
  g_autoptr (GPtrArray)
      autumn = list (f, "Europe/Berlin", AUTUMN, AUTUMN + 12 * HOUR, AUTUMN + 48 * HOUR);
  g_assert_cmpuint (autumn->len, ==, 1);
  assert_day (autumn, 0, 25 * HOUR, 0, 0);
  g_autoptr (GPtrArray)
      nepal = list (f, "Asia/Kathmandu", SPRING, SPRING + 24 * HOUR, SPRING + 48 * HOUR);
  g_assert_cmpuint (nepal->len, ==, 2);
  assert_day (nepal, 0, 24 * HOUR, 0, 0);
  g_assert_cmpint (((PotooCoverage *) nepal->pdata[0])->start_us, ==,
                   SPRING - 5 * HOUR - 45 * MINUTE);
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier ("Europe/Berlin");
  g_autofree char *date = potoo_coverage_format_date (spring->pdata[0], zone);
  g_assert_cmpstr (date, ==, "2026-03-29");
}

static void
evict (CatalogFixture *f, PotooSegment segment)
{
  segment.state = POTOO_SEGMENT_DELETING;
  potoo_catalog_put_segment (f->catalog, &segment, NULL);
  potoo_catalog_drop_segment (f->catalog, segment.id);
}

/* What retention deletes was recorded all the same. */
static void
test_deleted (CatalogFixture *f, gconstpointer data)
{
  PotooSegment old[20];

  for (guint i = 0; i < G_N_ELEMENTS (old); i++)
    old[i] = put (f, DAY + i * HOUR, DAY + (i + 1) * HOUR);
  put_gap (f, DAY + 20 * HOUR, DAY + 24 * HOUR, POTOO_GAP_POWER);
  put_hours (f, DAY + 24 * HOUR, DAY + 48 * HOUR);
  for (guint i = 0; i < G_N_ELEMENTS (old); i++)
    if (i != 5)
      evict (f, old[i]);
  g_autoptr (GPtrArray) utc = list (f, "UTC", DAY, DAY + 48 * HOUR, DAY + 72 * HOUR);
  assert_day (utc, 0, 1 * HOUR, 19 * HOUR, 4 * HOUR);
  assert_day (utc, 1, 24 * HOUR, 0, 0);
  g_assert_cmpfloat_with_epsilon (potoo_coverage_get_share (utc->pdata[0]), 20 / 24.0, 1e-9);
  /* The same hours, of other days. */
  g_autoptr (GPtrArray) berlin = list (f, "Europe/Berlin", DAY, DAY + 24 * HOUR, DAY + 72 * HOUR);
  g_assert_cmpuint (berlin->len, ==, 2);
  assert_day (berlin, 0, 1 * HOUR, 19 * HOUR, 3 * HOUR);
  assert_day (berlin, 1, 23 * HOUR, 0, 1 * HOUR);
}

/* A segment over midnight counts for both, and what is being written as far as it goes. */
static void
test_open (CatalogFixture *f, gconstpointer data)
{
  put (f, DAY - 30 * MINUTE, DAY + 10 * MINUTE);
  PotooSegment open = put (f, DAY + 10 * MINUTE, DAY + 12 * MINUTE);

  open.state = POTOO_SEGMENT_OPEN;
  potoo_catalog_put_segment (f->catalog, &open, NULL);
  g_autoptr (GPtrArray) days = list (f, "UTC", DAY - HOUR, DAY + HOUR, DAY + 13 * MINUTE);
  assert_day (days, 0, 30 * MINUTE, 0, 0);
  assert_day (days, 1, 12 * MINUTE, 0, 0);
}

/* On the day after DAY and the next one. */
static void
put_many_gaps (CatalogFixture *f, guint n)
{
  g_autofree char *sql = g_strdup_printf (
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
      " INSERT INTO gaps (id, camera, stream, start_us, end_us, cause) SELECT 1000000 + i, 'front',"
      " 0, 1795219200000000 + i * 1000000, 1795219200500000 + i * 1000000, 'stalled' FROM n",
      n);
  catalog_fixture_tamper (f, sql);
}

/* Gaps are dropped with age, by time and by number: then nobody knows any more. */
static void
test_aged (CatalogFixture *f, gconstpointer data)
{
  const gint64 old = DAY - 500 * POTOO_DAY_US;

  put_hours (f, old, old + 2 * HOUR);
  catalog_fixture_sync (f);
  catalog_fixture_tamper (f, "UPDATE segments SET state = 3");
  catalog_fixture_tamper (f, "DELETE FROM segments");
  put_hours (f, DAY, DAY + 2 * HOUR);
  put_gap (f, DAY + 2 * HOUR, DAY + 3 * HOUR, POTOO_GAP_DISCONNECTED);
  g_autoptr (GPtrArray) days = list (f, "UTC", DAY, DAY + 1, DAY + POTOO_DAY_US);
  assert_day (days, 0, 2 * HOUR, 0, HOUR);
  g_assert_cmpfloat (potoo_coverage_get_share (days->pdata[0]), >, 0.6);
  g_autoptr (GPtrArray) old_days = list (f, "UTC", old, old + 1, DAY + POTOO_DAY_US);
  assert_day (old_days, 0, 0, 2 * HOUR, 0);
  g_assert_cmpfloat (potoo_coverage_get_share (old_days->pdata[0]), <, 0);

  /* As many as are kept are of the next days; the first one of all that there were has gone. */
  put_many_gaps (f, POTOO_AGEING_MAX_ROWS - 2);
  g_autoptr (GPtrArray) still = list (f, "UTC", DAY, DAY + 1, DAY + 4 * POTOO_DAY_US);
  g_assert_cmpfloat (potoo_coverage_get_share (still->pdata[0]), >, 0.6);
  catalog_fixture_tamper (f, "DELETE FROM gaps");
  put_many_gaps (f, POTOO_AGEING_MAX_ROWS);
  g_autoptr (GPtrArray) many = list (f, "UTC", DAY, DAY + 1, DAY + 4 * POTOO_DAY_US);
  assert_day (many, 0, 2 * HOUR, 0, 0);
  g_assert_cmpfloat (potoo_coverage_get_share (many->pdata[0]), <, 0);
}

/* Where clocks are put back to midnight, the hour before that is the same day's. */
static void
test_two_midnights (CatalogFixture *f, gconstpointer data)
{
  put_hours (f, HAVANA, HAVANA + 48 * HOUR);
  g_autoptr (GPtrArray) days = list (f, "America/Havana", HAVANA + 10 * MINUTE,
                                     HAVANA + 20 * MINUTE, HAVANA + 48 * HOUR);
  g_assert_cmpuint (days->len, ==, 1);
  g_assert_cmpint (((PotooCoverage *) days->pdata[0])->start_us, ==, HAVANA);
  assert_day (days, 0, 25 * HOUR, 0, 0);
  g_autoptr (GPtrArray)
      past = list (f, "America/Guyana", GUYANA + 10 * MINUTE, GUYANA + 20 * MINUTE, HAVANA);
  g_assert_cmpuint (past->len, ==, 1);
}

static void
test_windows (CatalogFixture *f, gconstpointer data)
{
  static const struct
  {
    gint64 start_us, end_us;
  } bad[] = {
    { DAY, DAY },
    { DAY + 1, DAY },
    { DAY, DAY + POTOO_COVERAGE_MAX_US + 1 },
    { 0, POTOO_DAY_US },
    { G_MININT64 / 4, G_MININT64 / 4 + 1 },
    { G_MININT64, G_MAXINT64 },
    { G_GINT64_CONSTANT (253402300799) * S, G_GINT64_CONSTANT (253402300800) * S },
  };
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (potoo_coverage_list_days (f->reader, "front", zone, bad[i].start_us,
                                               bad[i].end_us, DAY, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
    }
  g_autoptr (GPtrArray) month = list (f, "Europe/Berlin", DAY, DAY + POTOO_COVERAGE_MAX_US, DAY);
  g_assert_cmpuint (month->len, ==, 32);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func)                                                                            \
  g_test_add ("/coverage/" path, CatalogFixture, NULL, catalog_fixture_set_up, func,               \
              catalog_fixture_tear_down)
  ADD ("days", test_days);
  ADD ("causes", test_causes);
  ADD ("zones", test_zones);
  ADD ("two-midnights", test_two_midnights);
  ADD ("deleted", test_deleted);
  ADD ("open", test_open);
  ADD ("aged", test_aged);
  ADD ("windows", test_windows);
  return g_test_run ();
}
