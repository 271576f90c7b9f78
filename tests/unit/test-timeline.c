/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "playback/potoo-playback.h"
#include "playback/potoo-timeline.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)
#define S POTOO_SECOND_US
#define MINUTE (60 * S)
#define HOUR (60 * MINUTE)

static PotooSegment
put (CatalogFixture *f, gint64 recording, gint64 start_us, gint64 end_us)
{
  PotooSegment segment = catalog_fixture_segment (f, "front", start_us, end_us);

  if (recording != 0)
    segment.recording = recording;
  potoo_catalog_put_segment (f->catalog, &segment, NULL);
  return segment;
}

static void
put_gap (CatalogFixture *f, PotooStreamKind stream, gint64 start_us, gint64 end_us)
{
  PotooGap gap = { .id = potoo_catalog_take_gap_id (f->catalog),
                   .camera = "front",
                   .stream = stream,
                   .start_us = start_us,
                   .end_us = end_us,
                   .cause = POTOO_GAP_STALLED };

  potoo_catalog_put_gap (f->catalog, &gap);
}

static PotooTimeline *
load (CatalogFixture *f, gint64 start_us, gint64 end_us, gint64 now_us)
{
  g_autoptr (GError) error = NULL;

  catalog_fixture_sync (f);
  PotooTimeline *timeline = potoo_timeline_new (f->reader, "front", POTOO_STREAM_MAIN, start_us,
                                                end_us, now_us, &error);
  g_assert_no_error (error);
  return timeline;
}

static const PotooSpan *
span (PotooTimeline *timeline, guint i)
{
  g_assert_cmpuint (i, <, timeline->spans->len);
  return &g_array_index (timeline->spans, PotooSpan, i);
}

static void
test_empty (CatalogFixture *f, gconstpointer data)
{
  g_autoptr (PotooTimeline) timeline = load (f, DAY, DAY + HOUR, DAY + HOUR);

  g_assert_cmpuint (timeline->spans->len, ==, 0);
  g_assert_cmpuint (timeline->gaps->len, ==, 0);
  g_assert_cmpint (timeline->coverage.missing_us, ==, 0);
}

static void
test_merges_recordings (CatalogFixture *f, gconstpointer data)
{
  PotooSegment first = put (f, 0, DAY, DAY + 5 * MINUTE);
  put (f, first.id, DAY + 5 * MINUTE, DAY + 10 * MINUTE);
  /* Another recording that begins at once: the clock was set, or a disk failed. */
  PotooSegment second = put (f, 0, DAY + 10 * MINUTE, DAY + 15 * MINUTE);
  /* One of its segments was deleted. */
  PotooSegment open = put (f, second.id, DAY + 20 * MINUTE, DAY + 21 * MINUTE);

  open.state = POTOO_SEGMENT_OPEN;
  potoo_catalog_put_segment (f->catalog, &open, NULL);
  g_autoptr (PotooTimeline) timeline = load (f, DAY - HOUR, DAY + HOUR, DAY + 21 * MINUTE);
  g_assert_cmpuint (timeline->spans->len, ==, 3);
  g_assert_cmpint (span (timeline, 0)->recording, ==, first.id);
  g_assert_cmpint (span (timeline, 0)->end_us, ==, DAY + 10 * MINUTE);
  g_assert_false (span (timeline, 0)->open);
  g_assert_cmpint (span (timeline, 1)->recording, ==, second.id);
  g_assert_cmpint (span (timeline, 1)->end_us, ==, DAY + 15 * MINUTE);
  g_assert_cmpint (span (timeline, 2)->recording, ==, second.id);
  g_assert_true (span (timeline, 2)->open);
  g_assert_cmpint (timeline->coverage.recorded_us, ==, 16 * MINUTE);
  g_assert_cmpint (timeline->coverage.missing_us, ==, 0);
}

/* Spans are cut at the window, gaps tell their own times, and coverage is of the window. */
static void
test_window (CatalogFixture *f, gconstpointer data)
{
  put (f, 0, DAY, DAY + 60 * MINUTE);
  put (f, 0, DAY + 80 * MINUTE, DAY + 100 * MINUTE);
  put_gap (f, POTOO_STREAM_MAIN, DAY + 60 * MINUTE, DAY + 80 * MINUTE);
  put_gap (f, POTOO_STREAM_MAIN, DAY + 100 * MINUTE, 0);
  put_gap (f, POTOO_STREAM_SUB, DAY, DAY + 100 * MINUTE);

  g_autoptr (PotooTimeline)
      timeline = load (f, DAY + 30 * MINUTE, DAY + 90 * MINUTE, DAY + 120 * MINUTE);
  g_assert_cmpuint (timeline->spans->len, ==, 2);
  g_assert_cmpint (span (timeline, 0)->start_us, ==, DAY + 30 * MINUTE);
  g_assert_cmpint (span (timeline, 1)->end_us, ==, DAY + 90 * MINUTE);
  g_assert_cmpuint (timeline->gaps->len, ==, 1);
  g_assert_cmpint (timeline->coverage.recorded_us, ==, 40 * MINUTE);
  g_assert_cmpint (timeline->coverage.missing_us, ==, 20 * MINUTE);

  /* An open gap counts up to now, or the window's end. */
  g_autoptr (PotooTimeline) whole = load (f, DAY, DAY + 24 * HOUR, DAY + 120 * MINUTE);
  g_assert_cmpuint (whole->gaps->len, ==, 2);
  g_assert_cmpint (whole->coverage.recorded_us, ==, 80 * MINUTE);
  g_assert_cmpint (whole->coverage.missing_us, ==, 40 * MINUTE);
  g_autoptr (PotooTimeline) past = load (f, DAY, DAY + 110 * MINUTE, DAY + 120 * MINUTE);
  g_assert_cmpint (past->coverage.missing_us, ==, 30 * MINUTE);
  /* Half-open: what ends at the start is not in it. */
  g_autoptr (PotooTimeline)
      edge = load (f, DAY + 60 * MINUTE, DAY + 80 * MINUTE, DAY + 120 * MINUTE);
  g_assert_cmpuint (edge->spans->len, ==, 0);
  g_assert_cmpint (edge->coverage.recorded_us, ==, 0);
  g_assert_cmpint (edge->coverage.missing_us, ==, 20 * MINUTE);
}

/* The clock was set back half an hour: both recordings show, no time counts twice. */
static void
test_clock_back (CatalogFixture *f, gconstpointer data)
{
  PotooSegment first = put (f, 0, DAY, DAY + 30 * MINUTE);
  PotooSegment second = put (f, 0, DAY + 10 * MINUTE, DAY + 20 * MINUTE);
  put (f, second.id, DAY + 20 * MINUTE, DAY + 35 * MINUTE);
  put (f, first.id, DAY + 30 * MINUTE, DAY + 40 * MINUTE);

  g_autoptr (PotooTimeline) timeline = load (f, DAY, DAY + HOUR, DAY + HOUR);
  g_assert_cmpuint (timeline->spans->len, ==, 2);
  g_assert_cmpint (span (timeline, 0)->end_us, ==, DAY + 40 * MINUTE);
  g_assert_cmpint (span (timeline, 1)->start_us, ==, DAY + 10 * MINUTE);
  g_assert_cmpint (span (timeline, 1)->end_us, ==, DAY + 35 * MINUTE);
  g_assert_cmpint (timeline->coverage.recorded_us, ==, 40 * MINUTE);
}

static void
test_nearest (CatalogFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 before_us = 1, after_us = 1;

  put (f, 0, DAY, DAY + 5 * MINUTE);
  PotooSegment gone = put (f, 0, DAY + 10 * MINUTE, DAY + 11 * MINUTE);
  put (f, 0, DAY + 20 * MINUTE, DAY + 25 * MINUTE);
  gone.state = POTOO_SEGMENT_DELETING;
  potoo_catalog_put_segment (f->catalog, &gone, NULL);
  catalog_fixture_sync (f);

#define FIND(from, to)                                                                             \
  g_assert_true (potoo_catalog_reader_find_nearest (f->reader, "front", POTOO_STREAM_MAIN, from,   \
                                                    to, &before_us, &after_us, &error))
  FIND (DAY + 10 * MINUTE, DAY + 12 * MINUTE);
  g_assert_cmpint (before_us, ==, DAY + 5 * MINUTE);
  g_assert_cmpint (after_us, ==, DAY + 20 * MINUTE);
  FIND (DAY - HOUR, DAY);
  g_assert_cmpint (before_us, ==, 0);
  g_assert_cmpint (after_us, ==, DAY);
  FIND (DAY + HOUR, DAY + 2 * HOUR);
  g_assert_cmpint (before_us, ==, DAY + 25 * MINUTE);
  g_assert_cmpint (after_us, ==, 0);
}

static void
test_too_many (CatalogFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (gint64 i = 0; i < POTOO_TIMELINE_MAX_ROWS; i++)
    {
      put (f, 0, DAY + i * MINUTE, DAY + i * MINUTE + S);
      if (i % 1000 == 0)
        catalog_fixture_sync (f);
    }
  catalog_fixture_sync (f);
  g_assert_null (potoo_timeline_new (f->reader, "front", POTOO_STREAM_MAIN, DAY,
                                     DAY + 31 * 24 * HOUR, DAY, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  /* A day of a camera that drops every minute is well within. */
  g_autoptr (PotooTimeline) day = potoo_timeline_new (f->reader, "front", POTOO_STREAM_MAIN, DAY,
                                                      DAY + 24 * HOUR, DAY, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (day->spans->len, ==, 24 * 60);
}

/* 16 cameras for 31 days and a little, in segments of five minutes, 150,000 rows: what looks at
 * one camera's month must not look at the others'. */
#define N_CAMERAS 16
#define N_SEGMENTS 9400

static const char fill_sql[] =
    "INSERT INTO segments SELECT c.value * 1000000 + n.value, 'camera-' || c.value, 0, 1, 1,"
    " c.value * 1000000 + n.value - n.value % 100, 1795000000000000 + n.value * 300000000,"
    " 1795000000000000 + (n.value + 1) * 300000000, 7, 'boot', 27000000, 150000000, 700,"
    " 'avc1.64001f,mp4a.40.2', 0, NULL, 0, NULL FROM"
    " (WITH RECURSIVE s (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT 9400)"
    "  SELECT value FROM s) AS n,"
    " (WITH RECURSIVE s (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT 16)"
    "  SELECT value FROM s) AS c ORDER BY n.value, c.value";

static void
test_large (CatalogFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 total_us = 0;

  catalog_fixture_tamper (f, fill_sql);
  g_assert_cmpint (catalog_fixture_query_int (f, "SELECT count (*) FROM segments"), ==,
                   N_CAMERAS * N_SEGMENTS);
  for (guint i = 1; i <= N_CAMERAS; i++)
    {
      g_autofree char *camera = g_strdup_printf ("camera-%u", i);
      gint64 before_us = potoo_clock_mono_us ();
      g_autoptr (PotooTimeline)
          timeline = potoo_timeline_new (f->reader, camera, POTOO_STREAM_MAIN, DAY + HOUR,
                                         DAY + HOUR + POTOO_TIMELINE_MAX_US, DAY, &error);
      gint64 took_us = potoo_clock_mono_us () - before_us;
      g_assert_no_error (error);
      g_assert_cmpuint (timeline->spans->len, ==, 90);
      g_assert_cmpint (timeline->coverage.recorded_us, ==, POTOO_TIMELINE_MAX_US);
      total_us += took_us;
    }
  g_test_message ("31 days of each of 16 cameras among %d segments: %.1f ms a camera",
                  N_CAMERAS * N_SEGMENTS, (double) total_us / N_CAMERAS / 1000);
  /* Reading all the cameras' rows for one would take 16 times as long; this is generous. */
  g_assert_cmpint (total_us / N_CAMERAS, <, 500000);
}

/* A day in five-minute segments of two-second GOPs, from rows and indexes. */
static void
test_large_playlist (CatalogFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (700);
  guint n_unreadable = 1;

  for (guint i = 0; i < 300; i++)
    potoo_segment_index_append (index, 500000, 90000, i % 2 == 0);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  gint64 recording = 0;
  for (gint64 i = 0; i < 24 * 12; i++)
    {
      PotooSegment segment = catalog_fixture_segment (f, "front", DAY + i * 5 * MINUTE,
                                                      DAY + (i + 1) * 5 * MINUTE);
      recording = recording != 0 ? recording : segment.id;
      segment.recording = recording;
      segment.size_bytes = (gint64) potoo_segment_index_get_end (index);
      potoo_catalog_put_segment (f->catalog, &segment, blob);
    }
  catalog_fixture_sync (f);
  gint64 before_us = potoo_clock_mono_us ();
  g_autoptr (PotooPlaylist)
      playlist = potoo_playback_make_playlist (f->reader, "front", POTOO_STREAM_MAIN, DAY,
                                               DAY + POTOO_PLAYLIST_MAX_US, &n_unreadable, &error);
  g_assert_cmpuint (n_unreadable, ==, 0);
  g_assert_no_error (error);
  g_autofree char *text = potoo_playlist_to_text (playlist);
  gint64 took_us = potoo_clock_mono_us () - before_us;
  g_assert_cmpuint (potoo_playlist_get_n_entries (playlist), ==, 43200);
  g_test_message ("a playlist of 24 h: %.1f ms, %zu bytes", (double) took_us / 1000, strlen (text));
  g_assert_cmpint (took_us, <, 5 * S);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func)                                                                            \
  g_test_add (path, CatalogFixture, NULL, catalog_fixture_set_up, func, catalog_fixture_tear_down)
  ADD ("/timeline/empty", test_empty);
  ADD ("/timeline/merges-recordings", test_merges_recordings);
  ADD ("/timeline/window", test_window);
  ADD ("/timeline/clock-back", test_clock_back);
  ADD ("/timeline/nearest", test_nearest);
  ADD ("/timeline/too-many", test_too_many);
  ADD ("/timeline/large", test_large);
  ADD ("/timeline/large-playlist", test_large_playlist);
  return g_test_run ();
}
