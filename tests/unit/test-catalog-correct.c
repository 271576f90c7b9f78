/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Dating anew what was recorded by a wrong clock. */

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-correct.h"

#define SECOND POTOO_SECOND_US
/* By the wrong clock this run began here, … */
#define BEGUN (G_GINT64_CONSTANT (100000) * SECOND)
/* … and it was set here, by so much. */
#define UNTIL (BEGUN + 100 * SECOND)
#define STEP (G_GINT64_CONSTANT (20000) * POTOO_DAY_US)

/* The same moment by the monotonic clock. */
#define MONO (G_GINT64_CONSTANT (5000) * SECOND)
#define SETTING "clock-history"

static PotooCorrection correction;

/* A clock that is to be set by @step_us. */
static void
expect_step (CatalogFixture *fixture, gint64 step_us)
{
  correction = (PotooCorrection){
    .mono_us = MONO,
    .before_us = UNTIL,
    .step_us = step_us,
    .begun_us = BEGUN,
    .late = { G_MAXINT64, G_MAXINT64, G_MAXINT64, G_MAXINT64 },
    .setting = SETTING,
    .value_before = "before",
    .value_after = "after",
  };
  potoo_catalog_get_id_marks (fixture->catalog, &correction.from);
  correction.until = correction.from;
  potoo_catalog_put_setting (fixture->catalog, SETTING, correction.value_before);
}

static void
set_up (CatalogFixture *fixture, gconstpointer data)
{
  catalog_fixture_set_up (fixture, data);
  expect_step (fixture, STEP);
}

/* It is set now: what is made later has later ids. */
static void
set_clock (CatalogFixture *fixture)
{
  potoo_catalog_get_id_marks (fixture->catalog, &correction.until);
}

/* A segment of this boot, of `front`, by the clock of before or after. */
static PotooSegment
put_segment_by (CatalogFixture *fixture,
                gint64 start_us,
                gint64 end_us,
                PotooSegmentState state,
                gboolean after)
{
  PotooSegment s = catalog_fixture_segment (fixture, "front", start_us, end_us);

  s.state = state;
  s.mono_us = MONO + start_us - UNTIL - (after ? correction.step_us : 0);
  g_strlcpy (s.boot_id, potoo_clock_boot_id (), sizeof s.boot_id);
  potoo_catalog_put_segment (fixture->catalog, &s, NULL);
  catalog_fixture_sync (fixture);
  return s;
}

/* The clock was set far forward, if it was. */
static PotooSegment
put_segment (CatalogFixture *fixture, gint64 start_us, gint64 end_us, PotooSegmentState state)
{
  return put_segment_by (fixture, start_us, end_us, state, start_us > UNTIL + STEP / 2);
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
  GAsyncResult *result = NULL;
  GError *error = NULL;

  correction.inherited = inherited != NULL ? &inherited->id : NULL;
  correction.n_inherited = inherited != NULL ? 1 : 0;
  potoo_catalog_correct_async (fixture->catalog, &correction, catalog_take_result, &result);
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
  /* As if an earlier boot had recorded them by the same clock. */
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
  set_clock (fixture);
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

  /* Once more: it is done already. */
  g_autoptr (GError) error = correct (fixture, NULL);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
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
  expect_step (fixture, STEP);
  PotooSegment first = put_segment (fixture, BEGUN + SECOND, UNTIL, POTOO_SEGMENT_CLOSED);

  correct_all (fixture, &ended);
  assert_segment (fixture, &first, STEP, POTOO_SEGMENT_CONTINUOUS);
  g_assert_true (has_gap (fixture, &ended, ended.start_us, first.start_us + STEP));
  assert_days_add_up (fixture);
}

/* It began by the right clock: when the camera was recorded it ended before that, and has a row
 * that tells how long it was at least. */
static void
test_inherited_from_the_future (CatalogFixture *fixture, gconstpointer data)
{
  gint64 start_us = BEGUN + STEP - 3600 * SECOND;
  PotooGap gap = put_gap (fixture, start_us, start_us + SECOND, POTOO_GAP_POWER);
  expect_step (fixture, STEP);
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
  expect_step (fixture, STEP);

  correct_all (fixture, &gap);
  g_assert_true (has_gap (fixture, &gap, gap.start_us, 0));
}

/* Set back by an hour and by a second: what came before lies earlier, and nothing overlaps. */
static void
test_back (CatalogFixture *fixture, gconstpointer data)
{
  gint64 step_us = *(const gint64 *) data;
  expect_step (fixture, step_us);
  PotooSegment one = put_segment_by (fixture, BEGUN, UNTIL - 2 * SECOND, POTOO_SEGMENT_CLOSED,
                                     FALSE);
  PotooSegment two = put_segment_by (fixture, one.end_us, UNTIL + SECOND, POTOO_SEGMENT_CLOSED,
                                     FALSE);
  PotooEvent event = put_event (fixture, UNTIL - 3 * SECOND, UNTIL - SECOND);
  set_clock (fixture);
  /* The keyframe at which the stream took it up. */
  PotooSegment three = put_segment_by (fixture, two.end_us + step_us - 7, UNTIL + 9 * SECOND,
                                       POTOO_SEGMENT_OPEN, TRUE);
  PotooEvent later = put_event (fixture, UNTIL - 2 * SECOND, UNTIL - SECOND);
  PotooGap gap = put_gap (fixture, UNTIL - 2 * SECOND, UNTIL - SECOND, POTOO_GAP_STALLED);

  correct_all (fixture, NULL);
  assert_segment (fixture, &one, step_us, POTOO_SEGMENT_EVENT);
  two.end_us -= 7;
  assert_segment (fixture, &two, step_us, POTOO_SEGMENT_EVENT);
  assert_segment (fixture, &three, 0, POTOO_SEGMENT_EVENT);
  g_autoptr (PotooEvent) moved = potoo_catalog_reader_get_event (fixture->reader, event.id, NULL);
  g_assert_cmpint (moved->start_us, ==, event.start_us + step_us);
  g_autoptr (PotooEvent) same = potoo_catalog_reader_get_event (fixture->reader, later.id, NULL);
  g_assert_cmpint (same->start_us, ==, later.start_us);
  g_assert_true (has_gap (fixture, &gap, gap.start_us, gap.end_us));
  assert_days_add_up (fixture);
}

/* Stopped, the clock set back, and started again, all within a moment: the gap stays one. */
static void
test_short_gap (CatalogFixture *fixture, gconstpointer data)
{
  expect_step (fixture, -3600 * SECOND);
  PotooSegment one = put_segment_by (fixture, BEGUN, UNTIL - SECOND / 4, POTOO_SEGMENT_CLOSED,
                                     FALSE);
  PotooGap gap = put_gap (fixture, one.end_us, UNTIL, POTOO_GAP_SHUTDOWN);
  set_clock (fixture);
  put_segment_by (fixture, UNTIL - 3600 * SECOND, UNTIL, POTOO_SEGMENT_OPEN, TRUE);

  correct_all (fixture, NULL);
  assert_segment (fixture, &one, -3600 * SECOND, POTOO_SEGMENT_CONTINUOUS);
  g_assert_true (has_gap (fixture, &gap, one.end_us - 3600 * SECOND, UNTIL - 3600 * SECOND));
}

/* An earlier boot recorded what these times are; a clock that corrects itself does not mind. */
static void
test_overlap (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment other = catalog_fixture_segment (fixture, "front", BEGUN + STEP, UNTIL + STEP);
  potoo_catalog_put_segment (fixture->catalog, &other, NULL);
  PotooSegment elsewhere = catalog_fixture_segment (fixture, "back", BEGUN + STEP, UNTIL + STEP);
  potoo_catalog_put_segment (fixture->catalog, &elsewhere, NULL);
  expect_step (fixture, STEP);
  PotooSegment mine = put_segment (fixture, BEGUN + SECOND, UNTIL, POTOO_SEGMENT_CLOSED);
  PotooEvent event = put_event (fixture, BEGUN + 2 * SECOND, BEGUN + 3 * SECOND);
  g_autoptr (GError) error = correct (fixture, NULL);

  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
  assert_segment (fixture, &mine, 0, POTOO_SEGMENT_EVENT);
  g_autoptr (PotooEvent) same = potoo_catalog_reader_get_event (fixture->reader, event.id, NULL);
  g_assert_cmpint (same->start_us, ==, event.start_us);
  g_autofree char *value = potoo_catalog_reader_get_setting (fixture->reader, SETTING, NULL);
  g_assert_cmpstr (value, ==, "before");
  correction.may_overlap = TRUE;
  correct_all (fixture, NULL);
  assert_segment (fixture, &mine, STEP, POTOO_SEGMENT_EVENT);
}

/* It keeps one of two recordings that have these times: nobody knows which. */
static void
test_late_lock (CatalogFixture *fixture, gconstpointer data)
{
  expect_step (fixture, -50 * SECOND);
  PotooSegment mine = put_segment_by (fixture, BEGUN, UNTIL, POTOO_SEGMENT_CLOSED, FALSE);
  set_clock (fixture);
  PotooLock lock = { .id = potoo_catalog_take_lock_id (fixture->catalog),
                     .camera = "front",
                     .start_us = UNTIL - 10 * SECOND,
                     .end_us = UNTIL,
                     .reason = (char *) "r" };
  g_assert_null (catalog_fixture_put_lock (fixture, &lock));
  g_autoptr (GError) error = correct (fixture, NULL);

  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
  assert_segment (fixture, &mine, 0, POTOO_SEGMENT_LOCKED);
  g_assert_null (catalog_fixture_drop_lock (fixture, lock.id));
  correct_all (fixture, NULL);
  assert_segment (fixture, &mine, -50 * SECOND, POTOO_SEGMENT_CONTINUOUS);
}

int
main (int argc, char *argv[])
{
  static const gint64 hour_us = -3600 * SECOND, second_us = -SECOND;

  g_test_init (&argc, &argv, NULL);
#define ADD_WITH(path, data, func)                                                                 \
  g_test_add ("/catalog-correct/" path, CatalogFixture, data, set_up, func,                        \
              catalog_fixture_tear_down)
#define ADD(path, func) ADD_WITH (path, NULL, func)
  ADD ("all-tables", test_all_tables);
  ADD ("not-while-open", test_not_while_open);
  ADD ("inherited/ended", test_inherited);
  ADD ("inherited/from-the-future", test_inherited_from_the_future);
  ADD ("inherited/goes-on", test_inherited_goes_on);
  ADD_WITH ("back/an-hour", &hour_us, test_back);
  ADD_WITH ("back/a-second", &second_us, test_back);
  ADD ("back/short-gap", test_short_gap);
  ADD ("overlap", test_overlap);
  ADD ("late-lock", test_late_lock);
  return g_test_run ();
}
