/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The tables of the catalog, written and read by its own interface. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-eviction.h"
#include "catalog/potoo-catalog-timeline.h"

#define HOUR_US (3600 * POTOO_SECOND_US)
#define DAY G_GINT64_CONSTANT (1795000000000000)

static PotooSegment
put (CatalogFixture *fixture, const char *camera, gint64 start_us, gint64 end_us)
{
  PotooSegment segment = catalog_fixture_segment (fixture, camera, start_us, end_us);
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  return segment;
}

static GPtrArray *
list (CatalogFixture *fixture, const char *camera, gint64 start_us, gint64 end_us)
{
  g_autoptr (GError) error = NULL;
  const PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = 1000
  };
  GPtrArray *found = potoo_catalog_reader_list_segments (fixture->reader, &query, &error);
  g_assert_no_error (error);
  return found;
}

static void
test_file (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (fixture->path, suffixes[i], NULL);
      GStatBuf info;
      g_assert_cmpint (g_stat (path, &info), ==, 0);
      g_assert_cmpint (info.st_mode & 07777, ==, 0600);
    }
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA application_id"), ==, 0x504f544f);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "PRAGMA user_version"), ==, 3);
  g_autofree char *mode = catalog_fixture_query (fixture, "PRAGMA journal_mode");
  g_assert_cmpstr (mode, ==, "wal");
}

#define N_READERS 8

/* What SQLite has when many connections have read all. */
static gint64
measure_memory (CatalogFixture *fixture)
{
  PotooCatalogReader *readers[N_READERS];
  const PotooSegmentQuery query = { .camera = "front", .end_us = G_MAXINT64, .limit = 100000 };

  for (guint i = 0; i < N_READERS; i++)
    {
      g_autoptr (GError) error = NULL;
      readers[i] = potoo_catalog_reader_new (fixture->catalog, &error);
      g_assert_no_error (error);
      g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_segments (readers[i], &query, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rows->len, ==, 10000);
    }
  gint64 bytes = potoo_catalog_get_memory ();
  for (guint i = 0; i < N_READERS; i++)
    potoo_catalog_reader_free (readers[i]);
  return bytes;
}

/* All connections together keep to what they may take. */
static void
test_memory (CatalogFixture *fixture, gconstpointer data)
{
  const gint64 bound = 4 * 1024 * 1024;

  for (guint i = 0; i < 10000; i++)
    put (fixture, "front", DAY + i, DAY + i + 1);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (measure_memory (fixture), >, bound * 3 / 2);
  potoo_catalog_set_memory (bound);
  g_assert_cmpint (measure_memory (fixture), <, bound * 5 / 4);
  potoo_catalog_set_memory (0);
}

static void
test_segment_round_trip (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) index = g_bytes_new_static ("\1abc", 4);
  PotooSegment segment = catalog_fixture_segment (fixture, "front", DAY, DAY + 5);

  segment.stream = POTOO_STREAM_SUB;
  segment.state = POTOO_SEGMENT_OPEN;
  segment.recording = 1234;
  potoo_catalog_put_segment (fixture->catalog, &segment, index);
  catalog_fixture_sync (fixture);

  g_autoptr (PotooSegment)
      read = potoo_catalog_reader_get_segment (fixture->reader, segment.id, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (read, sizeof *read, &segment, sizeof segment);
  g_autoptr (GBytes) blob = potoo_catalog_reader_get_index (fixture->reader, segment.id, &error);
  g_assert_true (g_bytes_equal (blob, index));

  /* an update without an index leaves the index */
  segment.state = POTOO_SEGMENT_CLOSED;
  segment.end_us = DAY + 6;
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment)
      updated = potoo_catalog_reader_get_segment (fixture->reader, segment.id, &error);
  g_assert_cmpint (updated->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (updated->end_us, ==, DAY + 6);
  g_autoptr (GBytes) same = potoo_catalog_reader_get_index (fixture->reader, segment.id, &error);
  g_assert_true (g_bytes_equal (same, index));
}

static void
test_sha256 (CatalogFixture *fixture, gconstpointer data)
{
  guint8 hash[POTOO_SHA256_BYTES];
  PotooSegment segment = put (fixture, "front", DAY, DAY + 5);

  memset (hash, 0xa5, sizeof hash);
  potoo_catalog_set_segment_sha256 (fixture->catalog, segment.id, hash);
  potoo_catalog_set_segment_sha256 (fixture->catalog, segment.id + 1, hash); /* nobody's */
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment)
      read = potoo_catalog_reader_get_segment (fixture->reader, segment.id, NULL);
  g_assert_true (read->has_sha256);
  g_assert_cmpmem (read->sha256, sizeof read->sha256, hash, sizeof hash);

  /* the row again: it stays; with another size: it is of another file */
  segment.codecs[0] = 'x';
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment)
      same = potoo_catalog_reader_get_segment (fixture->reader, segment.id, NULL);
  g_assert_true (same->has_sha256);
  segment.size_bytes++;
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment)
      grown = potoo_catalog_reader_get_segment (fixture->reader, segment.id, NULL);
  g_assert_false (grown->has_sha256);

  /* in order with rows that wait */
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  potoo_catalog_set_segment_sha256 (fixture->catalog, segment.id, hash);
  segment.size_bytes++;
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment)
      last = potoo_catalog_reader_get_segment (fixture->reader, segment.id, NULL);
  g_assert_false (last->has_sha256);
}

static void
test_root_segments (CatalogFixture *fixture, gconstpointer data)
{
  gint64 usb = potoo_catalog_register_root (fixture->catalog, "uuid-2", "usb", "/usb", NULL);
  gint64 after_id = 0;
  guint n = 0;

  for (int i = 0; i < 30; i++)
    {
      PotooSegment segment = catalog_fixture_segment (fixture, "a", DAY - i, DAY + 5);
      segment.root = i % 3 == 0 ? usb : fixture->root;
      segment.state = (PotooSegmentState) (i % 4);
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
    }
  catalog_fixture_sync (fixture);
  for (;;)
    {
      g_autoptr (GPtrArray) page = potoo_catalog_reader_list_root_segments (
          fixture->reader, fixture->root, after_id, 7, NULL);
      for (guint i = 0; i < page->len; i++, n++)
        {
          const PotooSegment *segment = page->pdata[i];
          g_assert_cmpint (segment->id, >, after_id);
          g_assert_cmpint (segment->root, ==, fixture->root);
          after_id = segment->id;
        }
      if (page->len < 7)
        break;
    }
  g_assert_cmpuint (n, ==, 20);
}

static void
test_segment_not_found (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_catalog_reader_get_segment (fixture->reader, 5, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (potoo_catalog_reader_get_index (fixture->reader, 5, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  g_clear_error (&error);

  const gint64 id = 5;
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (fixture->catalog, &id, 1,
                                                                    POTOO_SEGMENT_LOCKED, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (marked->len, ==, 0);
}

static void
test_segment_life (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) index = g_bytes_new_static ("\1", 1);
  PotooSegment segment = catalog_fixture_segment (fixture, "front", DAY, DAY + 5);

  segment.state = POTOO_SEGMENT_OPEN;
  potoo_catalog_put_segment (fixture->catalog, &segment, index);
  put (fixture, "front", DAY + 5, DAY + 10);
  catalog_fixture_sync (fixture);
  g_autoptr (GPtrArray)
      open = potoo_catalog_reader_list_unfinished (fixture->reader, fixture->root, &error);
  g_assert_cmpuint (open->len, ==, 1);
  g_autoptr (GPtrArray)
      elsewhere = potoo_catalog_reader_list_unfinished (fixture->reader, fixture->root + 1, &error);
  g_assert_cmpuint (elsewhere->len, ==, 0);

  g_autoptr (GArray) not_yet = potoo_catalog_mark_segments_deleting (
      fixture->catalog, &segment.id, 1, POTOO_SEGMENT_LOCKED, &error);
  g_assert_cmpuint (not_yet->len, ==, 0);
  segment.state = POTOO_SEGMENT_CLOSED;
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (
      fixture->catalog, &segment.id, 1, POTOO_SEGMENT_LOCKED, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (marked->len, ==, 1);
  g_autoptr (GPtrArray) listed = list (fixture, "front", 0, G_MAXINT64);
  g_assert_cmpuint (listed->len, ==, 1);
  g_autoptr (GPtrArray)
      deleting = potoo_catalog_reader_list_unfinished (fixture->reader, fixture->root, &error);
  g_assert_cmpuint (deleting->len, ==, 1);
  g_assert_cmpint (((PotooSegment *) deleting->pdata[0])->state, ==, POTOO_SEGMENT_DELETING);

  potoo_catalog_drop_segment (fixture->catalog, segment.id);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count(*) FROM segments"), ==, 1);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count(*) FROM segment_index"), ==,
                   0);
}

static void
test_segment_overlap (CatalogFixture *fixture, gconstpointer data)
{
  /* [10,20) [20,30) and one that was just opened at 30; another camera; the longest there can be */
  put (fixture, "a", DAY + 10, DAY + 20);
  put (fixture, "a", DAY + 20, DAY + 30);
  put (fixture, "a", DAY + 30, DAY + 30);
  put (fixture, "b", DAY + 10, DAY + 20);
  put (fixture, "long", DAY, DAY + POTOO_SEGMENT_MAX_DURATION_US);
  catalog_fixture_sync (fixture);

  static const struct
  {
    gint64 start, end;
    guint n;
  } cases[] = { { 0, 10, 0 },  { 0, 11, 1 },  { 10, 20, 1 }, { 19, 20, 1 },
                { 19, 21, 2 }, { 20, 30, 1 }, { 29, 30, 1 }, { 29, 31, 2 },
                { 30, 31, 1 }, { 31, 40, 0 }, { 15, 15, 0 }, { 20, 10, 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) found = list (fixture, "a", DAY + cases[i].start, DAY + cases[i].end);
      if (found->len != cases[i].n)
        g_error ("[%d, %d) has %u rows", (int) cases[i].start, (int) cases[i].end, found->len);
    }

  gint64 end = DAY + POTOO_SEGMENT_MAX_DURATION_US;
  g_autoptr (GPtrArray) last = list (fixture, "long", end - 1, end + 1);
  g_assert_cmpuint (last->len, ==, 1);
  g_autoptr (GPtrArray) behind = list (fixture, "long", end, end + 1);
  g_assert_cmpuint (behind->len, ==, 0);
  g_autoptr (GPtrArray) all = list (fixture, NULL, 0, G_MAXINT64);
  g_assert_cmpuint (all->len, ==, 5);
  g_autoptr (GPtrArray) extremes = list (fixture, NULL, G_MININT64, G_MAXINT64);
  g_assert_cmpuint (extremes->len, ==, 5);
  g_autoptr (GPtrArray) never = list (fixture, NULL, G_MAXINT64, G_MAXINT64);
  g_assert_cmpuint (never->len, ==, 0);
  g_autoptr (GPtrArray) nobody = list (fixture, "c", 0, G_MAXINT64);
  g_assert_cmpuint (nobody->len, ==, 0);
}

/* Ends that make no sense are limited, so that no row falls out of the queries. */
static void
test_segment_limits (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment early = put (fixture, "a", DAY, DAY - 5);
  PotooSegment late = put (fixture, "a", DAY, DAY + 40 * 365 * 24 * HOUR_US);

  catalog_fixture_sync (fixture);
  g_autoptr (PotooSegment) a = potoo_catalog_reader_get_segment (fixture->reader, early.id, NULL);
  g_assert_cmpint (a->end_us, ==, DAY);
  g_autoptr (PotooSegment) b = potoo_catalog_reader_get_segment (fixture->reader, late.id, NULL);
  g_assert_cmpint (b->end_us, ==, DAY + POTOO_SEGMENT_MAX_DURATION_US);
}

/* Pages through everything in @camera (nullable) and returns the ids in order. */
static GArray *
page_through (CatalogFixture *fixture, const char *camera, guint limit)
{
  PotooSegmentQuery query = { .camera = camera, .end_us = G_MAXINT64, .limit = limit };
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray)
          page = potoo_catalog_reader_list_segments (fixture->reader, &query, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (page->len, <=, limit);
      for (guint i = 0; i < page->len; i++)
        {
          const PotooSegment *segment = page->pdata[i];
          g_assert_true (
              segment->start_us > query.after_start_us ||
              (segment->start_us == query.after_start_us && segment->id > query.after_id));
          query.after_start_us = segment->start_us;
          query.after_id = segment->id;
          g_array_append_val (ids, segment->id);
        }
      if (page->len < limit)
        return ids;
    }
}

static void
test_segment_paging (CatalogFixture *fixture, gconstpointer data)
{
  static const guint limits[] = { 1, 2, 3, 7, 50, 1000 };

  /* ten at each of six times, put in turn for two cameras, newest time first */
  for (int i = 59; i >= 0; i--)
    put (fixture, i % 2 ? "a" : "b", DAY + i / 10, DAY + i / 10 + 5);
  catalog_fixture_sync (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (GArray) all = page_through (fixture, NULL, limits[i]);
      g_autoptr (GArray) a = page_through (fixture, "a", limits[i]);
      g_assert_cmpuint (all->len, ==, 60);
      g_assert_cmpuint (a->len, ==, 30);
    }
  /* rows that come and go between pages neither hide nor double others */
  PotooSegmentQuery query = { .end_us = G_MAXINT64, .limit = 10 };
  g_autoptr (GPtrArray) first = potoo_catalog_reader_list_segments (fixture->reader, &query, NULL);
  const PotooSegment *last = first->pdata[9];
  potoo_catalog_drop_segment (fixture->catalog, last->id);
  put (fixture, "a", DAY - 1, DAY);
  catalog_fixture_sync (fixture);
  query.after_start_us = last->start_us;
  query.after_id = last->id;
  query.limit = 1000;
  g_autoptr (GPtrArray) rest = potoo_catalog_reader_list_segments (fixture->reader, &query, NULL);
  g_assert_cmpuint (rest->len, ==, 50);
}

static void
test_last_segment (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (
      potoo_catalog_reader_get_last_segment (fixture->reader, "a", POTOO_STREAM_MAIN, &error));
  g_assert_no_error (error);

  PotooSegment longest = put (fixture, "a", DAY, DAY + HOUR_US);
  put (fixture, "a", DAY + 5, DAY + 10);
  put (fixture, "b", DAY, DAY + 2 * HOUR_US);
  PotooSegment sub = catalog_fixture_segment (fixture, "a", DAY + 9, DAY + 2 * HOUR_US);
  sub.stream = POTOO_STREAM_SUB;
  potoo_catalog_put_segment (fixture->catalog, &sub, NULL);
  PotooSegment gone = catalog_fixture_segment (fixture, "a", DAY + 9, DAY + 2 * HOUR_US);
  gone.state = POTOO_SEGMENT_DELETING;
  potoo_catalog_put_segment (fixture->catalog, &gone, NULL);
  catalog_fixture_sync (fixture);

  g_autoptr (PotooSegment) last = potoo_catalog_reader_get_last_segment (fixture->reader, "a",
                                                                         POTOO_STREAM_MAIN, &error);
  g_assert_no_error (error);
  g_assert_cmpint (last->id, ==, longest.id);
  g_autoptr (PotooSegment) last_sub = potoo_catalog_reader_get_last_segment (
      fixture->reader, "a", POTOO_STREAM_SUB, &error);
  g_assert_cmpint (last_sub->id, ==, sub.id);
}

static void
put_gap (CatalogFixture *fixture, gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  PotooGap gap = { .id = id, .start_us = start_us, .end_us = end_us, .cause = POTOO_GAP_STALLED };

  g_strlcpy (gap.camera, camera, sizeof gap.camera);
  potoo_catalog_put_gap (fixture->catalog, &gap);
}

/* The ids, in order, as text. */
static char *
list_gaps (CatalogFixture *fixture, const char *camera, gint64 start_us, gint64 end_us, guint limit)
{
  PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = limit
  };
  GString *ids = g_string_new (NULL);

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) page = potoo_catalog_reader_list_gaps (fixture->reader, &query, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (page->len, <=, limit);
      for (guint i = 0; i < page->len; i++)
        {
          const PotooGap *gap = page->pdata[i];
          query.after_start_us = gap->start_us;
          query.after_id = gap->id;
          g_string_append_printf (ids, "%d ", (int) gap->id);
        }
      if (page->len < limit)
        return g_string_free (ids, FALSE);
    }
}

static void
test_gaps (CatalogFixture *fixture, gconstpointer data)
{
  /* in hours: a short one, exactly an hour, longer ones, one that goes on, equal starts */
  put_gap (fixture, 10, "a", DAY, DAY + 10 * HOUR_US);
  put_gap (fixture, 11, "a", DAY + 10 * HOUR_US, DAY + 11 * HOUR_US);
  put_gap (fixture, 12, "a", DAY + 11 * HOUR_US, DAY + 11 * HOUR_US + 5);
  put_gap (fixture, 13, "a", DAY + 11 * HOUR_US, DAY + 300 * HOUR_US);
  put_gap (fixture, 14, "a", DAY + 20 * HOUR_US, 0);
  put_gap (fixture, 9, "b", DAY + 1 * HOUR_US, DAY + 2 * HOUR_US);
  catalog_fixture_sync (fixture);

  static const struct
  {
    const char *camera;
    gint64 start, end; /* hours */
    const char *ids;
  } cases[] = {
    { "a", -10, 0, "" },      { "a", -10, 1, "10 " },      { "a", 5, 6, "10 " },
    { "a", 9, 10, "10 " },    { "a", 10, 11, "11 " },      { "a", 9, 12, "10 11 12 13 " },
    { "a", 12, 20, "13 " },   { "a", 100, 101, "13 14 " }, { "a", 299, 300, "13 14 " },
    { "a", 300, 301, "14 " }, { "a", 900, 901, "14 " },    { NULL, 1, 2, "10 9 " },
    { NULL, 2, 3, "10 " },    { "b", 0, 1000, "9 " },      { NULL, 0, 1000, "10 9 11 12 13 14 " },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint limit = 1; limit <= 7; limit++)
      {
        g_autofree char *ids = list_gaps (fixture, cases[i].camera, DAY + cases[i].start * HOUR_US,
                                          DAY + cases[i].end * HOUR_US, limit);
        if (strcmp (ids, cases[i].ids) != 0)
          g_error ("[%d h, %d h) limit %u: %s", (int) cases[i].start, (int) cases[i].end, limit,
                   ids);
      }

  potoo_catalog_drop_gap (fixture->catalog, 12);
  catalog_fixture_sync (fixture);
  g_autofree char *without = list_gaps (fixture, "a", 0, G_MAXINT64, 100);
  g_assert_cmpstr (without, ==, "10 11 13 14 ");
}

static void
test_open_gaps (CatalogFixture *fixture, gconstpointer data)
{
  put_gap (fixture, 1, "a", DAY, 0);
  put_gap (fixture, 2, "b", DAY, 0);
  put_gap (fixture, 3, "a", DAY + 50, 0); /* the end of 1 was lost */
  catalog_fixture_sync (fixture);

  g_autoptr (GPtrArray) open = potoo_catalog_reader_list_open_gaps (fixture->reader, NULL);
  g_assert_cmpuint (open->len, ==, 2);
  const PotooGap *first = open->pdata[0], *second = open->pdata[1];
  g_assert_cmpint (first->id, ==, 3);
  g_assert_cmpint (first->end_us, ==, 0);
  g_assert_cmpint (first->cause, ==, POTOO_GAP_STALLED);
  g_assert_cmpint (second->id, ==, 2);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT end_us FROM gaps WHERE id = 1"), ==,
                   DAY + 50);

  put_gap (fixture, 3, "a", DAY + 50, DAY + 60);
  catalog_fixture_sync (fixture);
  g_autoptr (GPtrArray) after = potoo_catalog_reader_list_open_gaps (fixture->reader, NULL);
  g_assert_cmpuint (after->len, ==, 1);
}

static void
test_gap_causes (void)
{
  for (PotooGapCause cause = POTOO_GAP_DISCONNECTED; cause < POTOO_GAP_N_CAUSES; cause++)
    {
      PotooGapCause parsed;
      g_assert_true (potoo_gap_cause_parse (potoo_gap_cause_to_string (cause), &parsed));
      g_assert_cmpint (parsed, ==, cause);
    }
  PotooGapCause former;
  g_assert_true (potoo_gap_cause_parse ("lost", &former));
  g_assert_cmpint (former, ==, POTOO_GAP_DAMAGED);
  g_assert_false (potoo_gap_cause_parse ("", &(PotooGapCause){ 0 }));
  g_assert_false (potoo_gap_cause_parse (NULL, &(PotooGapCause){ 0 }));
}

static void
test_segment_values (void)
{
  PotooStreamKind kind;
  PotooSegment segment = { .id = 0x1a2b, .camera = "front", .stream = POTOO_STREAM_SUB };

  g_assert_true (potoo_time_parse ("2026-11-21T10:15:30.999999Z", &segment.start_us));
  g_autofree char *path = potoo_segment_relative_path (&segment);
  g_assert_cmpstr (path, ==, "front/2026-11-21/101530Z-sub-0000000000001a2b.mp4");
  g_assert_true (potoo_stream_kind_parse ("sub", &kind));
  g_assert_cmpint (kind, ==, POTOO_STREAM_SUB);
  g_assert_false (potoo_stream_kind_parse ("Sub", &kind));
  g_assert_cmpstr (potoo_segment_state_to_string (POTOO_SEGMENT_DELETING), ==, "deleting");
}

static PotooCameraSettings *
new_camera (const char *id, const char *password)
{
  g_autoptr (JsonObject) object = json_object_new ();
  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "url", "rtsp://h/x");
  json_object_set_string_member (object, "username", "u");
  json_object_set_string_member (object, "password", password);
  return potoo_camera_settings_new (object, NULL);
}

static void
put_camera (CatalogFixture *fixture, const char *id, const char *password)
{
  g_autoptr (PotooCameraSettings) settings = new_camera (id, password);
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  potoo_catalog_put_camera_async (fixture->catalog, settings, catalog_take_result, &result);
  g_autoptr (GAsyncResult) done = catalog_wait_result (&result);
  g_assert_true (potoo_catalog_put_camera_finish (fixture->catalog, done, &error));
  g_assert_no_error (error);
}

static void
test_cameras (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  put_camera (fixture, "b", "one");
  put_camera (fixture, "a", "\"q\\ü");
  put_camera (fixture, "b", "two");
  g_autoptr (GPtrArray) cameras = potoo_catalog_reader_list_cameras (fixture->reader, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (cameras->len, ==, 2);
  g_assert_cmpstr (potoo_camera_settings_get_id (cameras->pdata[0]), ==, "a");
  g_assert_cmpstr (potoo_camera_settings_get_password (cameras->pdata[0]), ==, "\"q\\ü");
  g_assert_cmpstr (potoo_camera_settings_get_password (cameras->pdata[1]), ==, "two");

  put (fixture, "b", DAY, DAY + 5);
  catalog_fixture_sync (fixture);
  potoo_catalog_remove_camera_async (fixture->catalog, "b", catalog_take_result, &result);
  g_autoptr (GAsyncResult) done = catalog_wait_result (&result);
  g_assert_true (potoo_catalog_remove_camera_finish (fixture->catalog, done, &error));
  g_autoptr (GPtrArray) left = potoo_catalog_reader_list_cameras (fixture->reader, &error);
  g_assert_cmpuint (left->len, ==, 1);
  g_assert_cmpint (potoo_catalog_reader_has_recordings (fixture->reader, "b", &error), ==, 1);
  g_assert_cmpint (potoo_catalog_reader_has_recordings (fixture->reader, "a", &error), ==, 0);
}

static void
test_settings (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_catalog_reader_get_setting (fixture->reader, "boot", &error));
  g_assert_no_error (error);
  potoo_catalog_put_setting (fixture->catalog, "boot", "one");
  potoo_catalog_put_setting (fixture->catalog, "boot", "two");
  potoo_catalog_put_setting (fixture->catalog, "empty", "");
  catalog_fixture_sync (fixture);
  g_autofree char *boot = potoo_catalog_reader_get_setting (fixture->reader, "boot", &error);
  g_assert_cmpstr (boot, ==, "two");
  g_autofree char *empty = potoo_catalog_reader_get_setting (fixture->reader, "empty", &error);
  g_assert_cmpstr (empty, ==, "");
}

static void
test_settings_of_a_kind (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const keys[] = { "a", "a:", "a:b/main", "a:b\xc3\xbf", "a;", "aa:b", "A:b" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    potoo_catalog_put_setting (fixture->catalog, keys[i], keys[i]);
  catalog_fixture_sync (fixture);
  {
    g_autoptr (GHashTable)
        found = potoo_catalog_reader_list_settings (fixture->reader, "a:", &error);
    g_assert_no_error (error);
    g_assert_cmpuint (g_hash_table_size (found), ==, 3);
    g_assert_cmpstr (g_hash_table_lookup (found, ""), ==, "a:");
    g_assert_cmpstr (g_hash_table_lookup (found, "b/main"), ==, "a:b/main");
    g_assert_cmpstr (g_hash_table_lookup (found, "b\xc3\xbf"), ==, "a:b\xc3\xbf");
  }
  potoo_catalog_drop_settings (fixture->catalog, "a:");
  catalog_fixture_sync (fixture);
  g_autoptr (GHashTable) left = potoo_catalog_reader_list_settings (fixture->reader, "", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (left), ==, G_N_ELEMENTS (keys) - 3);
  g_assert_false (g_hash_table_contains (left, "a:b/main"));

  catalog_fixture_tamper (fixture, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                                   " WHERE i < 10001)"
                                   " INSERT INTO settings SELECT 'many:' || i, '' FROM n;"
                                   "INSERT INTO settings VALUES ('bad:', CAST (x'ff' AS TEXT))");
  g_autoptr (GHashTable)
      many = potoo_catalog_reader_list_settings (fixture->reader, "many:", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (many), ==, POTOO_CATALOG_MAX_ROWS);
  g_assert_null (potoo_catalog_reader_list_settings (fixture->reader, "bad:", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
}

static void
test_roots (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 other = potoo_catalog_register_root (fixture->catalog, "uuid-2", "usb", "/usb", &error);
  gint64 again = potoo_catalog_register_root (fixture->catalog, "uuid-1", "big", "/big", &error);

  g_assert_no_error (error);
  g_assert_cmpint (again, ==, fixture->root);
  g_assert_cmpint (other, !=, fixture->root);
  g_autoptr (GPtrArray) roots = potoo_catalog_reader_list_roots (fixture->reader, &error);
  g_assert_cmpuint (roots->len, ==, 2);
  const PotooRootRow *first = roots->pdata[0];
  g_assert_cmpstr (first->uuid, ==, "uuid-1");
  g_assert_cmpstr (first->name, ==, "big");
  g_assert_cmpstr (first->path, ==, "/big");

  g_assert_cmpint (potoo_catalog_register_root (fixture->catalog, "uuid-3", "", "/x", &error), ==,
                   0);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
}

/* Whatever stands in the file, reading it ends in an error, not in a crash. */
static void
test_hostile_rows (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const bad_sets[] = {
    "camera = 'A/../B'",
    "camera = ''",
    "camera = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    "camera = CAST (x'61ff62' AS TEXT)",
    "camera = CAST (x'610062' AS TEXT)",
    "stream = 2",
    "stream = -1",
    "state = 4",
    "recording = 0",
    "root = 0",
    "start_us = -1",
    "start_us = 9223372036854775807, end_us = 9223372036854775807",
    "end_us = 0",
    "end_us = 9223372036854775807",
    "size_bytes = -1",
    "init_bytes = -1",
    "duration_ticks = -1",
    "duration_ticks = 430000000000000", /* more than an index can hold */
    "boot_id = '0123456789012345678901234567890123456789'",
    "codecs = CAST (x'ff' AS TEXT)",
    "codecs = printf ('%100s', 'x')",
    "class = -1",
    "class = 3",
    "sha256 = x'00'",
    "sha256 = zeroblob (33)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad_sets); i++)
    {
      g_autoptr (GError) error = NULL;
      PotooSegment segment = put (fixture, "a", DAY, DAY + 5);
      catalog_fixture_sync (fixture);
      g_autofree char *sql = g_strdup_printf (
          "PRAGMA ignore_check_constraints = ON; UPDATE segments SET %s WHERE id = %d", bad_sets[i],
          (int) segment.id);
      catalog_fixture_tamper (fixture, sql);
      g_assert_null (potoo_catalog_reader_get_segment (fixture->reader, segment.id, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
      potoo_catalog_drop_segment (fixture->catalog, segment.id);
      catalog_fixture_sync (fixture);
    }

  g_autoptr (GError) error = NULL;
  put_gap (fixture, 1, "a", DAY, 0);
  put_camera (fixture, "good", "p");
  catalog_fixture_sync (fixture);
  catalog_fixture_tamper (fixture, "UPDATE gaps SET cause = 'boredom';"
                                   "INSERT INTO cameras VALUES ('bad', '[1]'), ('deep', '[['),"
                                   " ('other', '{\"id\":\"x\",\"url\":\"rtsp://h/\"}'),"
                                   " ('utf', CAST (x'ffff' AS TEXT));"
                                   "INSERT INTO settings VALUES ('k', CAST (x'61ff' AS TEXT))");
  g_assert_null (potoo_catalog_reader_list_open_gaps (fixture->reader, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  g_clear_error (&error);
  g_assert_null (potoo_catalog_reader_get_setting (fixture->reader, "k", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  g_clear_error (&error);
  g_autoptr (GPtrArray) cameras = potoo_catalog_reader_list_cameras (fixture->reader, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (cameras->len, ==, 1);
}

static void
test_reader_cannot_write (CatalogFixture *fixture, gconstpointer data)
{
  PotooDb *db = potoo_catalog_reader_get_db (fixture->reader);
  g_autoptr (GError) error = NULL;

  g_assert_false (potoo_db_exec (db, "DELETE FROM segments", &error));
  g_assert_nonnull (error);
}

/* --- ids --- */

static void
test_ids (CatalogFixture *fixture, gconstpointer data)
{
  gint64 before = 0;

  for (int i = 0; i < 10 * POTOO_ID_BLOCK; i++)
    {
      gint64 id = potoo_catalog_take_segment_id (fixture->catalog);
      g_assert_cmpint (id, >, before);
      before = id;
      if (i % 256 == 0)
        catalog_fixture_sync (fixture);
    }
  g_assert_cmpint (potoo_catalog_take_gap_id (fixture->catalog), ==, 1);

  /* the next run starts behind everything that was reserved */
  catalog_fixture_close (fixture);
  catalog_fixture_open (fixture);
  g_assert_cmpint (potoo_catalog_take_segment_id (fixture->catalog), >, before);
  g_assert_cmpint (potoo_catalog_take_gap_id (fixture->catalog), ==, POTOO_ID_BLOCK + 1);
}

static gpointer
take_many (gpointer data)
{
  CatalogFixture *fixture = data;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  while (ids->len < 3000)
    {
      gint64 id = potoo_catalog_take_segment_id (fixture->catalog);
      if (id > 0)
        g_array_append_val (ids, id);
      else
        g_usleep (1000);
    }
  return ids;
}

static void
test_ids_in_threads (CatalogFixture *fixture, gconstpointer data)
{
  GThread *threads[4];
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("taker", take_many, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autoptr (GArray) ids = g_thread_join (threads[i]);
      for (guint j = 0; j < ids->len; j++)
        g_assert_true (
            g_hash_table_add (seen, g_memdup2 (&g_array_index (ids, gint64, j), sizeof (gint64))));
    }
  g_assert_cmpuint (g_hash_table_size (seen), ==, 4 * 3000);
}

/* Files of a catalog that was lost come back with ids that this one has not given out yet. */
static void
test_adopted_ids (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 adopted[] = { 5, 1023, 1500, 4096, G_MAXINT64 };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (adopted); i++)
    {
      PotooSegment segment = catalog_fixture_segment (fixture, "a", DAY, DAY + 5);
      segment.id = adopted[i];
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
      g_hash_table_add (seen, g_memdup2 (&adopted[i], sizeof adopted[i]));
    }
  for (int i = 0; i < 6 * POTOO_ID_BLOCK; i++)
    {
      gint64 id = catalog_fixture_take_id (fixture);
      g_assert_true (g_hash_table_add (seen, g_memdup2 (&id, sizeof id)));
    }
}

/* What an adopted file was named stays its own, also when its row is gone and after a restart. */
static void
test_dropped_ids (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 adopted[] = { 1500, 4096, G_MAXINT64 };
  const char *const counter = "SELECT next FROM id_counters WHERE name = 'segment'";

  for (guint i = 0; i < G_N_ELEMENTS (adopted); i++)
    {
      PotooSegment segment = catalog_fixture_segment (fixture, "a", DAY, DAY + 5);
      segment.id = adopted[i];
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
      segment.end_us++; /* merged into the one before */
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
    }
  catalog_fixture_sync (fixture);
  /* The largest cannot be one that was given out, and would leave none behind it. */
  g_assert_cmpint (catalog_fixture_query_int (fixture, counter), ==, 4097);
  g_assert_false (potoo_catalog_is_plausible_segment_id (fixture->catalog, G_MAXINT64));
  g_assert_false (potoo_catalog_is_plausible_segment_id (fixture->catalog, 0));
  g_assert_true (potoo_catalog_is_plausible_segment_id (fixture->catalog, 1000000));
  for (guint i = 0; i < G_N_ELEMENTS (adopted); i++)
    potoo_catalog_drop_segment (fixture->catalog, adopted[i]);
  for (int run = 0; run < 2; run++)
    {
      for (int i = 0; i < 6 * POTOO_ID_BLOCK; i++)
        {
          gint64 id = catalog_fixture_take_id (fixture);
          g_assert_true (id != adopted[0] && id != adopted[1]);
        }
      catalog_fixture_close (fixture);
      catalog_fixture_open (fixture);
    }
}

/* --- plans --- */

/* Every statement that the reader has prepared is driven by an index: what the lists above
 * ran is what is looked at here. */
static void
test_plans (CatalogFixture *fixture, gconstpointer data)
{
  const PotooSegmentQuery of_all = { .end_us = G_MAXINT64, .limit = 1 };
  const PotooSegmentQuery of_one = { .camera = "a", .end_us = G_MAXINT64, .limit = 1 };
  static const struct
  {
    const char *words, *index;
  } expected[] = {
    { "FROM segments WHERE camera = ?1 AND (start_us",
      "segments_by_camera (camera=? AND start_us>? AND start_us<?)" },
    { "FROM segments WHERE (start_us", "segments_by_start (start_us>? AND start_us<?)" },
    { "FROM segments WHERE root", "segments_unfinished (root=?)" },
    { "segments_by_root WHERE root", "segments_by_root (root=? AND rowid>?)" },
    { "segments_of_timeline", "COVERING INDEX segments_of_timeline (camera=? AND stream=?"
                              " AND start_us>? AND start_us<?)" },
    { "segments_of_timeline",
      "segments_open (camera=? AND stream=? AND start_us>? AND start_us<?)" },
    { "stream = ?2 AND state", "segments_by_stream (camera=? AND stream=? AND start_us>?)" },
    { "SELECT 1 FROM segments", "(camera=?)" },
    { "gaps_long_by_camera WHERE camera = ?1 AND end_us",
      "gaps_long_by_camera (camera=? AND end_us>?" },
    { "FROM gaps WHERE camera = ?1 AND (start_us",
      "gaps_by_camera (camera=? AND start_us>? AND start_us<?)" },
    { "gaps_long WHERE end_us > ", "gaps_long (end_us>?" },
    { "FROM gaps WHERE (start_us", "gaps_by_start (start_us>? AND start_us<?)" },
    { "FROM gaps WHERE end_us = ", "gaps_long (end_us=?" },
  };

  g_ptr_array_unref (potoo_catalog_reader_list_segments (fixture->reader, &of_all, NULL));
  g_ptr_array_unref (potoo_catalog_reader_list_segments (fixture->reader, &of_one, NULL));
  g_ptr_array_unref (potoo_catalog_reader_list_unfinished (fixture->reader, 1, NULL));
  g_array_unref (
      potoo_catalog_reader_list_spans (fixture->reader, "a", POTOO_STREAM_MAIN, 0, 1, 1, NULL));
  g_ptr_array_unref (potoo_catalog_reader_list_root_segments (fixture->reader, 1, 5, 1, NULL));
  potoo_catalog_reader_get_last_segment (fixture->reader, "a", POTOO_STREAM_MAIN, NULL);
  potoo_catalog_reader_has_recordings (fixture->reader, "a", NULL);
  g_ptr_array_unref (potoo_catalog_reader_list_gaps (fixture->reader, &of_all, NULL));
  g_ptr_array_unref (potoo_catalog_reader_list_gaps (fixture->reader, &of_one, NULL));
  g_ptr_array_unref (potoo_catalog_reader_list_open_gaps (fixture->reader, NULL));

  sqlite3 *handle = potoo_db_get_handle (potoo_catalog_reader_get_db (fixture->reader));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    catalog_fixture_assert_plan (handle, expected[i].words, expected[i].index);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,            \
              catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("file", test_file);
  ADD ("memory", test_memory);
  ADD ("segment/round-trip", test_segment_round_trip);
  ADD ("segment/sha256", test_sha256);
  ADD ("segment/root", test_root_segments);
  ADD ("segment/not-found", test_segment_not_found);
  ADD ("segment/life", test_segment_life);
  ADD ("segment/overlap", test_segment_overlap);
  ADD ("segment/limits", test_segment_limits);
  ADD ("segment/paging", test_segment_paging);
  ADD ("segment/last", test_last_segment);
  g_test_add_func ("/catalog/segment/values", test_segment_values);
  ADD ("gap/list", test_gaps);
  ADD ("gap/open", test_open_gaps);
  g_test_add_func ("/catalog/gap/causes", test_gap_causes);
  ADD ("cameras", test_cameras);
  ADD ("settings", test_settings);
  ADD ("settings-of-a-kind", test_settings_of_a_kind);
  ADD ("roots", test_roots);
  ADD ("hostile-rows", test_hostile_rows);
  ADD ("reader-cannot-write", test_reader_cannot_write);
  ADD ("ids/blocks", test_ids);
  ADD ("ids/threads", test_ids_in_threads);
  ADD ("ids/adopted", test_adopted_ids);
  ADD ("ids/dropped", test_dropped_ids);
  ADD ("plans", test_plans);
  return g_test_run ();
}
