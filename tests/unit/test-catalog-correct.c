/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Dating anew what was recorded by a wrong clock. */

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-correct.h"

#define SECOND POTOO_SECOND_US
/* By the wrong clock this run began here, … */
#define BEGUN (1000 * SECOND)
/* … and it was set here, by so much. */
#define UNTIL (BEGUN + 100 * SECOND)
#define STEP (G_GINT64_CONSTANT (20000) * POTOO_DAY_US)

static const PotooCorrection correction = { BEGUN, UNTIL, STEP };

/* A closed segment of this run, of `front`. */
static PotooSegment
put_segment (CatalogFixture *fixture, gint64 start_us, gint64 end_us, PotooSegmentState state)
{
  PotooSegment s = catalog_fixture_segment (fixture, "front", start_us, end_us);

  s.state = state;
  g_strlcpy (s.boot_id, potoo_clock_boot_id (), sizeof s.boot_id);
  potoo_catalog_put_segment (fixture->catalog, &s, NULL);
  catalog_fixture_sync (fixture);
  return s;
}

static PotooGap
put_gap (CatalogFixture *fixture, gint64 start_us, gint64 end_us, PotooGapCause cause)
{
  PotooGap gap = { .id = potoo_catalog_take_gap_id (fixture->catalog),
                   .camera = "front",
                   .start_us = start_us,
                   .end_us = end_us,
                   .cause = cause };

  potoo_catalog_put_gap (fixture->catalog, &gap);
  catalog_fixture_sync (fixture);
  return gap;
}

static PotooEvent
put_event (CatalogFixture *fixture, gint64 start_us, gint64 end_us)
{
  PotooEvent event = { .id = potoo_catalog_take_event_id (fixture->catalog),
                       .camera = "front",
                       .kind = POTOO_EVENT_MOTION,
                       .start_us = start_us,
                       .end_us = end_us,
                       .keep_start_us = start_us - 5 * SECOND,
                       .keep_end_us = end_us == 0 ? 0 : end_us + 5 * SECOND,
                       .title = (char *) "" };

  g_assert_null (catalog_fixture_put_event (fixture, &event));
  return event;
}

/* @inherited: (nullable) */
static GError *
correct (CatalogFixture *fixture, const PotooGap *inherited)
{
  g_autoptr (GArray) gaps = g_array_new (FALSE, FALSE, sizeof (PotooGap));
  GAsyncResult *result = NULL;
  GError *error = NULL;

  if (inherited != NULL)
    g_array_append_vals (gaps, inherited, 1);
  potoo_catalog_correct_async (fixture->catalog, &correction, gaps, catalog_take_result, &result);
  g_autoptr (GAsyncResult) done = catalog_wait_result (&result);
  g_assert_true (potoo_catalog_correct_finish (fixture->catalog, done, &error) == (error == NULL));
  return error;
}

static void
correct_all (CatalogFixture *fixture, const PotooGap *inherited)
{
  g_autoptr (GError) error = correct (fixture, inherited);
  g_assert_no_error (error);
}

static void
assert_segment (CatalogFixture *fixture,
                const PotooSegment *before,
                gint64 shift_us,
                PotooSegmentClass class)
{
  g_autoptr (PotooSegment) s = potoo_catalog_reader_get_segment (fixture->reader, before->id, NULL);
  g_autofree char *old_path = potoo_segment_relative_path (before);
  g_autofree char *path = potoo_segment_relative_path (s);

  g_assert_cmpint (s->start_us, ==, before->start_us + shift_us);
  g_assert_cmpint (s->end_us, ==, before->end_us + shift_us);
  g_assert_cmpint (s->shift_us, ==, shift_us);
  g_assert_cmpint (s->class, ==, class);
  g_assert_cmpstr (path, ==, old_path);
}

/* end_us 0: goes on; FALSE when there is no such row. */
static gboolean
has_gap (CatalogFixture *fixture, const PotooGap *gap, gint64 start_us, gint64 end_us)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count (*) FROM gaps WHERE id = %" G_GINT64_FORMAT
                                          " AND start_us = %" G_GINT64_FORMAT
                                          " AND end_us = %" G_GINT64_FORMAT,
                                          gap->id, start_us, end_us == 0 ? G_MAXINT64 : end_us);
  return catalog_fixture_query_int (fixture, sql) == 1;
}

static void
assert_days_add_up (CatalogFixture *fixture)
{
  g_assert_cmpint (
      catalog_fixture_query_int (
          fixture,
          "SELECT count (*) FROM (SELECT camera, start_us / 86400000000 AS d, sum (size_bytes) AS b"
          " FROM segments GROUP BY 1, 2) AS s LEFT JOIN recorded_days AS r"
          " ON r.camera = s.camera AND r.day = s.d WHERE r.bytes IS NOT s.b"),
      ==, 0);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM recorded_days WHERE bytes = 0"),
      ==, 0);
}

static void
test_all_tables (CatalogFixture *fixture, gconstpointer data)
{
  /* As if an earlier run had recorded them by the same clock. */
  PotooSegment foreign = catalog_fixture_segment (fixture, "front", BEGUN, BEGUN + 10 * SECOND);
  potoo_catalog_put_segment (fixture->catalog, &foreign, NULL);
  PotooSegment one = put_segment (fixture, BEGUN + SECOND, BEGUN + 11 * SECOND,
                                  POTOO_SEGMENT_CLOSED);
  PotooGap hole = put_gap (fixture, one.end_us, BEGUN + 20 * SECOND, POTOO_GAP_STALLED);
  /* The stream took the step up with a keyframe that came later. */
  PotooSegment two = put_segment (fixture, hole.end_us, UNTIL + 5 * SECOND, POTOO_SEGMENT_DAMAGED);
  const gint64 met_us = two.end_us + STEP - 3;
  PotooGap skipped = put_gap (fixture, two.end_us, met_us, POTOO_GAP_CLOCK_STEP);
  PotooSegment after = put_segment (fixture, met_us, met_us + SECOND, POTOO_SEGMENT_OPEN);
  PotooEvent event = put_event (fixture, BEGUN + 2 * SECOND, BEGUN + 3 * SECOND);
  PotooEvent later = put_event (fixture, UNTIL + STEP + 2 * SECOND, 0);
  PotooLock lock = { .id = potoo_catalog_take_lock_id (fixture->catalog),
                     .camera = "front",
                     .start_us = two.start_us,
                     .end_us = two.end_us - SECOND,
                     .reason = (char *) "r" };

  g_assert_null (catalog_fixture_put_lock (fixture, &lock));
  correct_all (fixture, NULL);
  assert_segment (fixture, &foreign, 0, POTOO_SEGMENT_CONTINUOUS); /* no longer an event's */
  assert_segment (fixture, &one, STEP, POTOO_SEGMENT_EVENT);
  two.end_us -= 3;
  assert_segment (fixture, &two, STEP, POTOO_SEGMENT_LOCKED);
  assert_segment (fixture, &after, 0, POTOO_SEGMENT_EVENT);
  g_assert_true (has_gap (fixture, &hole, hole.start_us + STEP, hole.end_us + STEP));
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM gaps"), ==, 1);
  g_assert_cmpint (skipped.id, !=, hole.id);
  g_autoptr (PotooEvent) moved = potoo_catalog_reader_get_event (fixture->reader, event.id, NULL);
  g_assert_cmpint (moved->start_us, ==, event.start_us + STEP);
  g_assert_cmpint (moved->keep_end_us, ==, event.keep_end_us + STEP);
  g_autoptr (PotooEvent) same = potoo_catalog_reader_get_event (fixture->reader, later.id, NULL);
  g_assert_cmpint (same->start_us, ==, later.start_us);
  assert_days_add_up (fixture);

  /* Once more: nothing is left to do. */
  correct_all (fixture, NULL);
  assert_segment (fixture, &one, STEP, POTOO_SEGMENT_EVENT);
  g_assert_true (has_gap (fixture, &hole, hole.start_us + STEP, hole.end_us + STEP));
}

static void
test_not_while_open (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment closed = put_segment (fixture, BEGUN, BEGUN + 10 * SECOND, POTOO_SEGMENT_CLOSED);
  PotooSegment open = put_segment (fixture, BEGUN + 10 * SECOND, UNTIL, POTOO_SEGMENT_OPEN);
  g_autoptr (GError) error = correct (fixture, NULL);

  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  assert_segment (fixture, &closed, 0, POTOO_SEGMENT_CONTINUOUS);
  assert_segment (fixture, &open, 0, POTOO_SEGMENT_CONTINUOUS);
}

/* A gap that the run before left. */
static void
test_inherited (CatalogFixture *fixture, gconstpointer data)
{
  PotooGap ended = put_gap (fixture, BEGUN - 50 * SECOND, BEGUN + SECOND, POTOO_GAP_POWER);
  PotooSegment first = put_segment (fixture, BEGUN + SECOND, UNTIL, POTOO_SEGMENT_CLOSED);

  correct_all (fixture, &ended);
  assert_segment (fixture, &first, STEP, POTOO_SEGMENT_CONTINUOUS);
  g_assert_true (has_gap (fixture, &ended, ended.start_us, first.start_us + STEP));
  assert_days_add_up (fixture);
}

/* It began by the right clock: when the camera was recorded it ended before that, and has no row,
 * or one that tells how long it was at least. */
static void
test_inherited_from_the_future (CatalogFixture *fixture, gconstpointer data)
{
  gboolean has_row = data != NULL;
  PotooGap gap = { .id = potoo_catalog_take_gap_id (fixture->catalog),
                   .camera = "front",
                   .start_us = BEGUN + STEP - 3600 * SECOND,
                   .cause = POTOO_GAP_POWER };
  PotooGap least = gap;
  least.end_us = gap.start_us + GPOINTER_TO_INT (data) * SECOND;
  if (has_row)
    potoo_catalog_put_gap (fixture->catalog, &least);
  PotooGap away = put_gap (fixture, BEGUN + SECOND, BEGUN + 2 * SECOND, POTOO_GAP_DISCONNECTED);
  PotooSegment first = put_segment (fixture, away.end_us, UNTIL, POTOO_SEGMENT_CLOSED);

  correct_all (fixture, &gap);
  g_assert_true (has_gap (fixture, &gap, gap.start_us, away.start_us + STEP));
  g_assert_true (has_gap (fixture, &away, away.start_us + STEP, first.start_us + STEP));
}

/* It goes on, and its start lies by chance where this run's times do. */
static void
test_inherited_goes_on (CatalogFixture *fixture, gconstpointer data)
{
  PotooGap gap = put_gap (fixture, BEGUN + SECOND, 0, POTOO_GAP_CRASH);

  correct_all (fixture, &gap);
  g_assert_true (has_gap (fixture, &gap, gap.start_us, 0));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD_WITH(path, data, func)                                                                 \
  g_test_add ("/catalog-correct/" path, CatalogFixture, data, catalog_fixture_set_up, func,        \
              catalog_fixture_tear_down)
#define ADD(path, func) ADD_WITH (path, NULL, func)
  ADD ("all-tables", test_all_tables);
  ADD ("not-while-open", test_not_while_open);
  ADD ("inherited/ended", test_inherited);
  ADD ("inherited/from-the-future", test_inherited_from_the_future);
  ADD_WITH ("inherited/from-the-future-with-row", GINT_TO_POINTER (1),
            test_inherited_from_the_future);
  ADD ("inherited/goes-on", test_inherited_goes_on);
  return g_test_run ();
}
