/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The class of segments, their totals and the days: single cases, and that they are at all times
 * what a plain look at all rows says, whatever is done in whatever order. */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-amend.h"
#include "catalog/potoo-catalog-eviction.h"
#include "catalog/potoo-catalog-totals.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)
#define MINUTE_US (60 * POTOO_SECOND_US)

/* --- what the rows say --- */

#define END(table) "max (" table ".end_us, " table ".start_us + 1)"

/* Neither index nor look-back: each segment beside each event and lock. */
static const char wrong_class_sql[] =
    "SELECT count (*) FROM segments s WHERE class <> CASE"
    " WHEN EXISTS (SELECT 1 FROM locks l WHERE l.camera = s.camera"
    "   AND max (l.start_us, s.start_us) < min (" END ("l") ", " END (
        "s") ")) THEN 2"
             " WHEN EXISTS (SELECT 1 FROM events e WHERE e.camera = s.camera"
             "   AND max (e.keep_start_us, s.start_us)"
             "     < min (max (e.keep_end_us, e.keep_start_us + 1), " END ("s") ")) THEN 1"
                                                                                " ELSE 0 END";

#define SUMS                                                                                       \
  "SELECT root, camera, stream, iif (state = 3, 3, class), count (*), sum (size_bytes)"            \
  " FROM segments GROUP BY 1, 2, 3, 4"
#define TOTALS                                                                                     \
  "SELECT root, camera, stream, class, segments, bytes FROM segment_totals WHERE segments <> 0"

static void
assert_exact (CatalogFixture *fixture)
{
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, wrong_class_sql), ==, 0);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM (" SUMS " EXCEPT " TOTALS ")"), ==,
      0);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM (" TOTALS " EXCEPT " SUMS ")"), ==,
      0);
}

/* --- single cases --- */

static PotooSegment
put (CatalogFixture *fixture, gint64 start_us, gint64 end_us)
{
  PotooSegment segment = catalog_fixture_segment (fixture, "a", DAY + start_us, DAY + end_us);
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  return segment;
}

static PotooEvent
make_event (gint64 id, gint64 start_us, gint64 end_us)
{
  PotooEvent event = { .id = id,
                       .camera = "a",
                       .kind = POTOO_EVENT_API,
                       .start_us = DAY + start_us,
                       .end_us = end_us == 0 ? 0 : DAY + end_us,
                       .score = -1,
                       .title = (char *) "" };

  event.keep_start_us = event.start_us;
  event.keep_end_us = event.end_us;
  return event;
}

static void
put_event (CatalogFixture *fixture, gint64 id, gint64 start_us, gint64 end_us)
{
  const PotooEvent event = make_event (id, start_us, end_us);
  g_autoptr (GError) error = catalog_fixture_put_event (fixture, &event);
  g_assert_no_error (error);
}

static void
drop_event (CatalogFixture *fixture, gint64 id)
{
  g_autoptr (GError) error = catalog_fixture_drop_event (fixture, id);
  g_assert_no_error (error);
}

static void
put_lock (CatalogFixture *fixture, gint64 id, gint64 start_us, gint64 end_us)
{
  const PotooLock lock = { .id = id,
                           .camera = "a",
                           .start_us = DAY + start_us,
                           .end_us = DAY + end_us,
                           .reason = (char *) "" };
  g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
  g_assert_no_error (error);
}

static void
drop_lock (CatalogFixture *fixture, gint64 id)
{
  g_autoptr (GError) error = catalog_fixture_drop_lock (fixture, id);
  g_assert_no_error (error);
}

/* One letter for each of camera `a`'s segments, by start. */
static void
assert_classes (CatalogFixture *fixture, const char *expected)
{
  static const char *const letters_sql =
      "SELECT group_concat (substr ('cel', class + 1, 1), '') FROM"
      " (SELECT class FROM segments WHERE camera = 'a' ORDER BY start_us, id)";

  assert_exact (fixture);
  g_autofree char *letters = catalog_fixture_query (fixture, letters_sql);
  g_assert_cmpstr (letters, ==, expected);
}

static void
test_event (CatalogFixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 6; i++)
    put (fixture, i * 10, i * 10 + 10);
  PotooSegment other = catalog_fixture_segment (fixture, "b", DAY, DAY + 100);
  potoo_catalog_put_segment (fixture->catalog, &other, NULL);

  put_event (fixture, 1, 20, 30); /* half-open at both ends */
  assert_classes (fixture, "cceccc");
  put_event (fixture, 1, 19, 31); /* longer at both */
  assert_classes (fixture, "ceeecc");
  put_event (fixture, 2, 30, 41);
  assert_classes (fixture, "ceeeec");
  put_event (fixture, 1, 5, 8); /* elsewhere: what the other keeps stays */
  assert_classes (fixture, "ecceec");
  drop_event (fixture, 2);
  assert_classes (fixture, "eccccc");
  put_event (fixture, 1, 50, 0); /* goes on: what comes is of it, too */
  put (fixture, 60, 70);
  put (fixture, 70, 80);
  assert_classes (fixture, "ccccceee");
  put_event (fixture, 1, 50, 62);
  assert_classes (fixture, "ccccceec");
  drop_event (fixture, 1);
  assert_classes (fixture, "cccccccc");
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT max (class) FROM segments WHERE camera = 'b'"),
      ==, 0);
}

/* What an event keeps is what counts, not its own times. */
static void
test_kept (CatalogFixture *fixture, gconstpointer data)
{
  PotooEvent event = make_event (1, 25, 26);

  for (int i = 0; i < 5; i++)
    put (fixture, i * 10, i * 10 + 10);
  event.keep_start_us -= 10;
  event.keep_end_us += 10;
  g_autoptr (GError) error = catalog_fixture_put_event (fixture, &event);
  g_assert_no_error (error);
  assert_classes (fixture, "ceeec");
  g_strlcpy (event.camera, "b", sizeof event.camera); /* it was another camera's */
  error = catalog_fixture_put_event (fixture, &event);
  g_assert_no_error (error);
  assert_classes (fixture, "ccccc");
}

/* Instants: a bookmark that keeps nothing else, a segment that was just begun. */
static void
test_instants (CatalogFixture *fixture, gconstpointer data)
{
  put (fixture, 0, 10);
  PotooSegment open = put (fixture, 10, 10);
  put_event (fixture, 1, 10, 10);
  assert_classes (fixture, "ce");
  put_event (fixture, 1, 9, 9);
  assert_classes (fixture, "ec");
  put_event (fixture, 1, 11, 11);
  assert_classes (fixture, "cc");
  open.end_us = DAY + 12; /* grows into it */
  potoo_catalog_put_segment (fixture->catalog, &open, NULL);
  assert_classes (fixture, "ce");
  drop_event (fixture, 1);
  assert_classes (fixture, "cc");
  put_event (fixture, 1, 50, 50); /* before the segments are put */
  put (fixture, 40, 50);
  put (fixture, 50, 60);
  assert_classes (fixture, "ccce");
}

/* A row that is put right may come to overlap what it did not, and the other way round. */
static void
test_amended (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment before = put (fixture, 0, 10), after = before;

  put_event (fixture, 1, 12, 14);
  after.end_us = DAY + 13;
  potoo_catalog_amend_segment (fixture->catalog, &before, &after, NULL);
  assert_classes (fixture, "e");
  potoo_catalog_amend_segment (fixture->catalog, &after, &before, NULL);
  assert_classes (fixture, "c");
}

static void
test_lock (CatalogFixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 6; i++)
    put (fixture, i * 10, i * 10 + 10);
  put_event (fixture, 1, 15, 25);
  put_lock (fixture, 1, 20, 40);
  assert_classes (fixture, "cellcc"); /* locks beat events */
  put_lock (fixture, 2, 35, 100);     /* also what is still to come */
  put (fixture, 60, 70);
  put (fixture, 100, 110);
  assert_classes (fixture, "celllllc");
  drop_lock (fixture, 1);
  assert_classes (fixture, "ceellllc");
  drop_lock (fixture, 2);
  put_lock (fixture, 1, 105, 120); /* before the segments are put: it ends as the second starts */
  put (fixture, 110, 120);
  put (fixture, 120, 130);
  assert_classes (fixture, "ceeccccllc");
}

/* Each row is as the shadows say: long ones, beyond what short look-ups look back at. */
static void
test_long (CatalogFixture *fixture, gconstpointer data)
{
  gint64 day_us = 24 * 60 * MINUTE_US;

  for (int i = 0; i < 288; i++)
    put (fixture, i * 5 * MINUTE_US, (i + 1) * 5 * MINUTE_US);
  put_event (fixture, 1, 10 * MINUTE_US, day_us - 10 * MINUTE_US);
  assert_exact (fixture);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM segments WHERE class = 1"), ==,
      284);
  put (fixture, day_us / 2 + 1, day_us / 2 + 2); /* adopted later */
  assert_exact (fixture);
  put_lock (fixture, 1, 0, 2 * day_us);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM segments WHERE class = 2"), ==,
      289);
  put (fixture, day_us + day_us / 2, day_us + day_us / 2 + 2);
  assert_exact (fixture);
  drop_event (fixture, 1);
  drop_lock (fixture, 1);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM segments WHERE class > 0"), ==, 0);
  assert_exact (fixture);
}

/* --- anything, in any order --- */

#define N_SEGMENTS 60
#define N_EVENTS 25
#define N_LOCKS 8
#define N_STEPS 1500

typedef struct
{
  gboolean exists;
  PotooSegment row;
} Known;

typedef struct
{
  CatalogFixture *fixture;
  GRand *rand;
  gint64 roots[2];
  Known segments[N_SEGMENTS];
  GArray *evicted; /* PotooSegment */
} World;

static const char *const cameras[] = { "a", "b" };

/* Mostly on borders, so that many meet. */
static gint64
pick_time (World *world)
{
  gint64 time_us = DAY + g_rand_int_range (world->rand, 0, 60) * 5 * MINUTE_US;

  return g_rand_boolean (world->rand) ? time_us : time_us + g_rand_int_range (world->rand, -2, 3);
}

static gint64
pick_length (World *world, gint64 max_us)
{
  switch (g_rand_int_range (world->rand, 0, 4))
    {
    case 0:
      return g_rand_int_range (world->rand, 0, 3);
    case 1:
      return g_rand_int_range (world->rand, 0, 30) * MINUTE_US;
    default:
      return (gint64) (g_rand_double (world->rand) * (double) max_us);
    }
}

static void
step_segment (World *world)
{
  int slot = g_rand_int_range (world->rand, 0, N_SEGMENTS);
  Known *known = &world->segments[slot];

  if (known->exists && known->row.state == POTOO_SEGMENT_DELETING)
    return;
  if (!known->exists)
    {
      known->exists = TRUE;
      known->row = catalog_fixture_segment (world->fixture, "a", 0, 0);
      known->row.start_us = pick_time (world);
    }
  PotooSegment *row = &known->row;
  g_strlcpy (row->camera, cameras[g_rand_int_range (world->rand, 0, 8) == 0], sizeof row->camera);
  row->stream = (PotooStreamKind) g_rand_boolean (world->rand);
  row->root = world->roots[g_rand_boolean (world->rand)];
  row->state = (PotooSegmentState) g_rand_int_range (world->rand, 0, 3);
  if (g_rand_int_range (world->rand, 0, 5) == 0)
    row->start_us += g_rand_int_range (world->rand, -1, 2) * POTOO_DAY_US; /* the clock was wrong */
  row->end_us = row->start_us + pick_length (world, POTOO_SEGMENT_MAX_DURATION_US);
  row->size_bytes = g_rand_int_range (world->rand, 0, 1000);
  potoo_catalog_put_segment (world->fixture->catalog, row, NULL);
}

static void
step_evict (World *world)
{
  Known *known = &world->segments[g_rand_int_range (world->rand, 0, N_SEGMENTS)];
  gint64 id = known->row.id;

  if (!known->exists)
    return;
  if (known->row.state == POTOO_SEGMENT_DELETING)
    {
      potoo_catalog_drop_segments (world->fixture->catalog, &id, 1);
      known->exists = FALSE;
      g_array_append_val (world->evicted, known->row); /* its day is not forgotten */
      return;
    }
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (world->fixture->catalog, &id, 1,
                                                                    POTOO_SEGMENT_EVENT, NULL);
  if (marked->len > 0)
    known->row.state = POTOO_SEGMENT_DELETING;
}

static void
step_event (World *world)
{
  gint64 id = 1 + g_rand_int_range (world->rand, 0, N_EVENTS);
  PotooEvent event = make_event (id, 0, 0);

  if (g_rand_int_range (world->rand, 0, 3) == 0)
    {
      g_autoptr (GError) error = catalog_fixture_drop_event (world->fixture, id);
      g_assert_true (error == NULL || g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND));
      return;
    }
  g_strlcpy (event.camera, cameras[g_rand_int_range (world->rand, 0, 8) == 0], sizeof event.camera);
  event.start_us = pick_time (world);
  event.keep_start_us = event.start_us - g_rand_int_range (world->rand, 0, 2) * MINUTE_US;
  if (g_rand_int_range (world->rand, 0, 6) > 0)
    {
      event.end_us = event.start_us + pick_length (world, 5 * 3600 * POTOO_SECOND_US);
      event.keep_end_us = event.end_us + g_rand_int_range (world->rand, 0, 2) * MINUTE_US;
    }
  potoo_catalog_put_event (world->fixture->catalog, &event);
}

static void
step_lock (World *world)
{
  PotooLock lock = { .id = 1 + g_rand_int_range (world->rand, 0, N_LOCKS), .reason = (char *) "" };

  if (g_rand_int_range (world->rand, 0, 2) == 0)
    {
      g_autoptr (GError) error = catalog_fixture_drop_lock (world->fixture, lock.id);
      return;
    }
  g_strlcpy (lock.camera, cameras[g_rand_int_range (world->rand, 0, 8) == 0], sizeof lock.camera);
  lock.start_us = pick_time (world);
  lock.end_us = lock.start_us + 1 + pick_length (world, 3600 * POTOO_SECOND_US);
  g_autoptr (GError) error = catalog_fixture_put_lock (world->fixture, &lock);
  g_assert_true (error == NULL || g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND));
}

static void
step_drop (World *world)
{
  Known *known = &world->segments[g_rand_int_range (world->rand, 0, N_SEGMENTS)];

  if (!known->exists || known->row.state == POTOO_SEGMENT_DELETING)
    return;
  potoo_catalog_drop_segment (world->fixture->catalog, known->row.id);
  known->exists = FALSE;
}

static void
add_to_day (const PotooSegment *row, const char *camera, gint64 number, PotooRecordedDay *day)
{
  if (strcmp (row->camera, camera) != 0 || row->start_us / POTOO_DAY_US != number)
    return;
  day->bytes += row->size_bytes;
  if (row->stream == POTOO_STREAM_MAIN)
    day->recorded_us += row->end_us - row->start_us;
}

static void
assert_day (World *world, const char *camera, const PotooRecordedDay *read)
{
  PotooRecordedDay day = { .day = read->day };

  for (guint i = 0; i < N_SEGMENTS; i++)
    if (world->segments[i].exists)
      add_to_day (&world->segments[i].row, camera, read->day, &day);
  for (guint i = 0; i < world->evicted->len; i++)
    add_to_day (&g_array_index (world->evicted, PotooSegment, i), camera, read->day, &day);
  g_assert_cmpmem (read, sizeof *read, &day, sizeof day);
}

static void
assert_all_days (World *world)
{
  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    {
      g_autoptr (GArray) days = potoo_catalog_reader_list_recorded_days (world->fixture->reader,
                                                                         cameras[i], 0, NULL);
      for (guint j = 0; j < days->len; j++)
        assert_day (world, cameras[i], &g_array_index (days, PotooRecordedDay, j));
      g_assert_cmpuint (days->len, >, 1);
    }
}

static void
test_random (CatalogFixture *fixture, gconstpointer data)
{
  static void (*const steps[]) (World *) = { step_segment, step_segment, step_segment, step_event,
                                             step_event,   step_lock,    step_evict,   step_drop };
  World world = { .fixture = fixture,
                  .rand = g_rand_new_with_seed (4711),
                  .evicted = g_array_new (FALSE, FALSE, sizeof (PotooSegment)) };

  world.roots[0] = fixture->root;
  world.roots[1] = potoo_catalog_register_root (fixture->catalog, "uuid-2", "usb", "/usb", NULL);
  for (int i = 0; i < N_STEPS; i++)
    {
      steps[g_rand_int_range (world.rand, 0, G_N_ELEMENTS (steps))](&world);
      if (i % 10 == 0)
        assert_exact (fixture);
    }
  assert_exact (fixture);
  assert_all_days (&world);
  /* that all this happened */
  g_assert_cmpuint (world.evicted->len, >, 10);
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (DISTINCT class) FROM segments"), ==, 3);
  g_array_unref (world.evicted);
  g_rand_free (world.rand);
}

/* --- totals and days --- */

static void
assert_totals (CatalogFixture *fixture, gint64 root, const char *camera, const char *expected)
{
  PotooTotals t;

  catalog_fixture_sync (fixture);
  g_assert_true (potoo_catalog_reader_get_totals (fixture->reader, root, camera, &t, NULL));
  g_autofree char *text = g_strdup_printf (
      "%d/%d %d/%d %d/%d %d/%d", (int) t.kept[0].segments, (int) t.kept[0].bytes,
      (int) t.kept[1].segments, (int) t.kept[1].bytes, (int) t.kept[2].segments,
      (int) t.kept[2].bytes, (int) t.deleting.segments, (int) t.deleting.bytes);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpint (potoo_totals_get_used_bytes (&t), ==,
                   potoo_totals_get_kept_bytes (&t) + t.deleting.bytes);
}

static void
test_totals (CatalogFixture *fixture, gconstpointer data)
{
  gint64 usb = potoo_catalog_register_root (fixture->catalog, "uuid-2", "usb", "/usb", NULL);
  PotooSegment first = put (fixture, 0, 10), second = put (fixture, 10, 20);
  PotooSegment other = catalog_fixture_segment (fixture, "b", DAY, DAY + 10);

  other.root = usb;
  other.size_bytes = 7;
  potoo_catalog_put_segment (fixture->catalog, &other, NULL);
  assert_totals (fixture, 0, NULL, "3/10007 0/0 0/0 0/0");
  assert_totals (fixture, fixture->root, NULL, "2/10000 0/0 0/0 0/0");
  assert_totals (fixture, usb, NULL, "1/7 0/0 0/0 0/0");
  assert_totals (fixture, usb, "a", "0/0 0/0 0/0 0/0");
  assert_totals (fixture, 0, "a", "2/10000 0/0 0/0 0/0");
  assert_totals (fixture, usb + 1, NULL, "0/0 0/0 0/0 0/0");
  put_event (fixture, 1, 0, 5);
  put_lock (fixture, 1, 15, 16);
  assert_totals (fixture, 0, "a", "0/0 1/5000 1/5000 0/0");

  /* what is marked is not kept, but still lies there, until the row goes */
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (fixture->catalog, &first.id, 1,
                                                                    POTOO_SEGMENT_EVENT, NULL);
  g_assert_cmpuint (marked->len, ==, 1);
  assert_totals (fixture, 0, "a", "0/0 0/0 1/5000 1/5000");
  drop_event (fixture, 1);
  assert_totals (fixture, 0, "a", "0/0 0/0 1/5000 1/5000");
  potoo_catalog_drop_segment (fixture->catalog, first.id);
  assert_totals (fixture, 0, "a", "0/0 0/0 1/5000 0/0");
  potoo_catalog_drop_segment (fixture->catalog, second.id);
  potoo_catalog_drop_segment (fixture->catalog, other.id);
  assert_totals (fixture, 0, NULL, "0/0 0/0 0/0 0/0");
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM segment_totals"), ==,
                   0);
}

static void
test_list_totals (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment sub = catalog_fixture_segment (fixture, "a", DAY, DAY + 10);

  sub.stream = POTOO_STREAM_SUB;
  potoo_catalog_put_segment (fixture->catalog, &sub, NULL);
  put (fixture, 0, 10);
  put (fixture, 10, 20);
  put_event (fixture, 1, 15, 16);
  g_autoptr (GArray) list = potoo_catalog_reader_list_totals (fixture->reader, 0, NULL, NULL);
  g_assert_cmpuint (list->len, ==, 2);
  const PotooStreamTotals *main = &g_array_index (list, PotooStreamTotals, 0);
  g_assert_cmpint (main->root, ==, fixture->root);
  g_assert_cmpstr (main->camera, ==, "a");
  g_assert_cmpint (main->stream, ==, POTOO_STREAM_MAIN);
  g_assert_cmpint (main->totals.kept[POTOO_SEGMENT_CONTINUOUS].segments, ==, 1);
  g_assert_cmpint (main->totals.kept[POTOO_SEGMENT_EVENT].bytes, ==, 5000);
  g_assert_cmpint (g_array_index (list, PotooStreamTotals, 1).stream, ==, POTOO_STREAM_SUB);
}

static void
assert_days (CatalogFixture *fixture, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  catalog_fixture_sync (fixture);
  g_autoptr (GArray) days = potoo_catalog_reader_list_recorded_days (fixture->reader, "a", 0, NULL);
  for (guint i = 0; i < days->len; i++)
    {
      const PotooRecordedDay *day = &g_array_index (days, PotooRecordedDay, i);
      g_string_append_printf (text, "%d:%d/%d ", (int) (day->day - DAY / POTOO_DAY_US),
                              (int) day->bytes, (int) day->recorded_us);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_days (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment first = put (fixture, 0, 100);
  PotooSegment sub = catalog_fixture_segment (fixture, "a", DAY, DAY + 100);
  PotooSegment next = put (fixture, POTOO_DAY_US, POTOO_DAY_US + 10);

  assert_days (fixture, "0:5000/100 1:5000/10 ");
  sub.stream = POTOO_STREAM_SUB;
  sub.size_bytes = 500;
  potoo_catalog_put_segment (fixture->catalog, &sub, NULL);
  assert_days (fixture, "0:5500/100 1:5000/10 "); /* the time is that of main */
  first.size_bytes += 100;
  first.end_us += 50;
  potoo_catalog_put_segment (fixture->catalog, &first, NULL);
  assert_days (fixture, "0:5600/150 1:5000/10 ");

  /* evicted: it was recorded all the same; dropped for another reason: it was not */
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (fixture->catalog, &first.id, 1,
                                                                    POTOO_SEGMENT_CONTINUOUS, NULL);
  potoo_catalog_drop_segments (fixture->catalog, &first.id, 1);
  potoo_catalog_drop_segment (fixture->catalog, next.id);
  assert_days (fixture, "0:5600/150 1:0/0 ");
  g_assert_cmpuint (marked->len, ==, 1);

  /* another day, when the clock was wrong */
  sub.stream = POTOO_STREAM_MAIN;
  sub.start_us += 2 * POTOO_DAY_US;
  sub.end_us += 2 * POTOO_DAY_US;
  potoo_catalog_put_segment (fixture->catalog, &sub, NULL);
  assert_days (fixture, "0:5100/150 1:0/0 2:500/100 ");
  g_autoptr (GArray) last = potoo_catalog_reader_list_recorded_days (fixture->reader, "a",
                                                                     DAY / POTOO_DAY_US + 2, NULL);
  g_assert_cmpuint (last->len, ==, 1);
}

/* The newest days stay; a clock that was set forward for a moment takes one of them, not all. */
static void
test_days_bound (CatalogFixture *fixture, gconstpointer data)
{
  for (int i = 0; i < POTOO_RECORDED_DAYS_MAX + 20; i++)
    put (fixture, i * POTOO_DAY_US, i * POTOO_DAY_US + 10);
  put (fixture, 5000 * POTOO_DAY_US, 5000 * POTOO_DAY_US + 10);
  catalog_fixture_sync (fixture);
  g_autoptr (GArray) days = potoo_catalog_reader_list_recorded_days (fixture->reader, "a", 0, NULL);
  g_assert_cmpuint (days->len, ==, POTOO_RECORDED_DAYS_MAX);
  g_assert_cmpint (g_array_index (days, PotooRecordedDay, 0).day, ==, DAY / POTOO_DAY_US + 21);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM recorded_days"), ==,
                   POTOO_RECORDED_DAYS_MAX);

  /* an old one, adopted: it does not come back, nor does anything fail */
  PotooSegment old = put (fixture, 0, 20);
  old.size_bytes = 1;
  potoo_catalog_put_segment (fixture->catalog, &old, NULL);
  potoo_catalog_drop_segment (fixture->catalog, old.id);
  assert_exact (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT min (day) FROM recorded_days"), ==,
                   DAY / POTOO_DAY_US + 21);
}

/* What stands wrongly in the totals is refused, and stops no recording. */
static void
test_hostile (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const bad_sets[] = {
    "camera = 'A/../B'",
    "stream = 2",
    "class = 4",
    "class = -1",
    "segments = -1",
    "bytes = -5001",
    "bytes = 9223372036854775807",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad_sets); i++)
    {
      PotooSegment segment = put (fixture, 0, 10);
      PotooTotals totals;
      g_autoptr (GError) error = NULL;
      catalog_fixture_sync (fixture);
      g_autofree char *sql = g_strdup_printf ("UPDATE segment_totals SET %s", bad_sets[i]);
      catalog_fixture_tamper (fixture, sql);
      g_assert_false (potoo_catalog_reader_get_totals (fixture->reader, 0, NULL, &totals, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
      segment.size_bytes++;
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
      catalog_fixture_sync (fixture);
      g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT max (size_bytes) FROM segments"),
                       ==, segment.size_bytes);
      catalog_fixture_tamper (fixture, "DELETE FROM segments; DELETE FROM segment_totals");
    }

  g_autoptr (GError) error = NULL;
  put (fixture, 0, 10);
  catalog_fixture_sync (fixture);
  catalog_fixture_tamper (fixture, "UPDATE recorded_days SET bytes = -1");
  g_assert_null (potoo_catalog_reader_list_recorded_days (fixture->reader, "a", 0, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
}

/* --- plans --- */

/* PotooJobFunc: the writer's statements are looked at in its own thread. */
static gboolean
look_at_plans (PotooDb *db, gpointer data, GError **error)
{
  static const char *const class_plans[] = {
    "l USING COVERING INDEX locks_by_camera (camera=? AND end_us>? AND end_us<?)",
    "v USING COVERING INDEX events_kept (camera=? AND keep_end_us>? AND keep_end_us<?)",
    "v USING COVERING INDEX events_kept_long (camera=? AND keep_end_us>?)",
  };
  sqlite3 *handle = potoo_db_get_handle (db);

  for (guint i = 0; i < G_N_ELEMENTS (class_plans); i++)
    {
      catalog_fixture_assert_plan (handle, "INSERT INTO segments", class_plans[i]);
      catalog_fixture_assert_plan (handle, "SET class = CASE", class_plans[i]);
    }
  catalog_fixture_assert_plan (handle, "SET class = CASE",
                               "segments_by_camera (camera=? AND start_us>? AND start_us<?)");
  catalog_fixture_assert_plan (handle, "SET class = ?4",
                               "segments_by_camera (camera=? AND start_us>? AND start_us<?)");
  return TRUE;
}

static void
test_plans (CatalogFixture *fixture, gconstpointer data)
{
  PotooTotals totals;
  sqlite3 *handle = potoo_db_get_handle (potoo_catalog_reader_get_db (fixture->reader));

  put (fixture, 0, 10);
  put_event (fixture, 1, 0, 5);
  drop_event (fixture, 1);
  g_assert_true (potoo_catalog_run (fixture->catalog, look_at_plans, NULL, NULL));
  g_assert_true (potoo_catalog_reader_get_totals (fixture->reader, 1, "a", &totals, NULL));
  catalog_fixture_assert_plan (handle, "FROM segment_totals", "PRIMARY KEY (root=? AND camera=?)");
  g_array_unref (potoo_catalog_reader_list_recorded_days (fixture->reader, "a", 0, NULL));
  catalog_fixture_assert_plan (handle, "FROM recorded_days", "PRIMARY KEY (camera=? AND day>?)");
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-class/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,      \
              catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("event", test_event);
  ADD ("kept", test_kept);
  ADD ("instants", test_instants);
  ADD ("amended", test_amended);
  ADD ("lock", test_lock);
  ADD ("long", test_long);
  ADD ("random", test_random);
  ADD ("totals", test_totals);
  ADD ("list-totals", test_list_totals);
  ADD ("days", test_days);
  ADD ("days-bound", test_days_bound);
  ADD ("hostile", test_hostile);
  ADD ("plans", test_plans);
  return g_test_run ();
}
