/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog-fixture.h"
#include "catalog/potoo-catalog-eviction.h"

#define NOON_US (G_GINT64_CONSTANT (1795262400) * G_USEC_PER_SEC)

typedef struct
{
  CatalogFixture *fixture;
  GMutex lock; /* protects the text: it is told in the catalog's thread */
  GString *told;
} Ear;

static void
tell (Ear *ear, const char *what, gint64 id, gint64 end_us)
{
  g_mutex_lock (&ear->lock);
  g_string_append_printf (ear->told, "%s %d %d\n", what, (int) id, (int) (end_us % 1000));
  g_mutex_unlock (&ear->lock);
}

/* Whoever is told finds it in the catalog, from a connection of their own. */
static void
on_segment (const PotooSegment *segment, gpointer user_data)
{
  Ear *ear = user_data;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (ear->fixture->catalog, NULL);
  g_autoptr (PotooSegment) found = potoo_catalog_reader_get_segment (reader, segment->id, NULL);

  g_assert_nonnull (found);
  g_assert_cmpint (found->end_us, ==, segment->end_us);
  tell (ear, potoo_segment_state_to_string (segment->state), segment->id, segment->end_us);
}

static void
on_segment_dropped (gint64 id, gpointer user_data)
{
  Ear *ear = user_data;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (ear->fixture->catalog, NULL);

  g_autoptr (PotooSegment) found = potoo_catalog_reader_get_segment (reader, id, NULL);
  g_assert_true (found == NULL || found->state == POTOO_SEGMENT_DELETING);
  tell (ear, "dropped", id, 0);
}

static void
on_gap (const PotooGap *gap, gpointer user_data)
{
  tell (user_data, "gap", gap->id, gap->end_us);
}

static void
on_gap_dropped (gint64 id, gpointer user_data)
{
  tell (user_data, "no-gap", id, 0);
}

static void
on_event (const PotooEvent *event, gpointer user_data)
{
  Ear *ear = user_data;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (ear->fixture->catalog, NULL);
  g_autoptr (PotooEvent) found = potoo_catalog_reader_get_event (reader, event->id, NULL);

  g_assert_cmpstr (found->title, ==, event->title);
  tell (ear, "event", event->id, event->end_us);
}

static void
on_event_dropped (gint64 id, gpointer user_data)
{
  tell (user_data, "no-event", id, 0);
}

static void
on_lock (const PotooLock *lock, gpointer user_data)
{
  tell (user_data, "lock", lock->id, lock->end_us);
}

static void
on_lock_dropped (gint64 id, gpointer user_data)
{
  tell (user_data, "no-lock", id, 0);
}

static const PotooCatalogWatch watch = { on_segment, on_segment_dropped, on_gap,  on_gap_dropped,
                                         on_event,   on_event_dropped,   on_lock, on_lock_dropped };

static void
ear_init (Ear *ear, CatalogFixture *fixture)
{
  ear->fixture = fixture;
  g_mutex_init (&ear->lock);
  ear->told = g_string_new (NULL);
  potoo_catalog_set_watch (fixture->catalog, &watch, ear);
}

static void
ear_clear (Ear *ear)
{
  potoo_catalog_set_watch (ear->fixture->catalog, NULL, NULL);
  g_string_free (ear->told, TRUE);
  g_mutex_clear (&ear->lock);
}

/* All that was told once everything posted is durable. */
static void
assert_told (Ear *ear, const char *expected)
{
  catalog_fixture_sync (ear->fixture);
  g_mutex_lock (&ear->lock);
  g_assert_cmpstr (ear->told->str, ==, expected);
  g_string_truncate (ear->told, 0);
  g_mutex_unlock (&ear->lock);
}

static void
put (Ear *ear, PotooSegment *segment, PotooSegmentState state, gint64 end)
{
  segment->state = state;
  segment->end_us = NOON_US + end;
  potoo_catalog_put_segment (ear->fixture->catalog, segment, NULL);
}

static void
test_segments (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US);
  Ear ear;

  segment.id = 9;
  ear_init (&ear, fixture);
  put (&ear, &segment, POTOO_SEGMENT_OPEN, 1);
  assert_told (&ear, "open 9 1\n");
  put (&ear, &segment, POTOO_SEGMENT_OPEN, 2);
  put (&ear, &segment, POTOO_SEGMENT_OPEN, 3);
  assert_told (&ear, "open 9 3\n"); /* merged into one job */
  put (&ear, &segment, POTOO_SEGMENT_CLOSED, 4);
  assert_told (&ear, "closed 9 4\n");
  potoo_catalog_drop_segment (fixture->catalog, 9);
  assert_told (&ear, "dropped 9 0\n");
  ear_clear (&ear);
}

/* What the catalog refuses did not happen. */
static void
test_failure (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US + 1);
  Ear ear;

  segment.id = 9;
  segment.root = 12345; /* there is no such root */
  ear_init (&ear, fixture);
  put (&ear, &segment, POTOO_SEGMENT_CLOSED, 1);
  assert_told (&ear, "");
  ear_clear (&ear);
}

static void
test_end (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US + 1);
  Ear ear;

  ear_init (&ear, fixture);
  potoo_catalog_set_watch (fixture->catalog, NULL, NULL);
  put (&ear, &segment, POTOO_SEGMENT_CLOSED, 1);
  assert_told (&ear, "");
  ear_clear (&ear);
}

static void
test_gaps (CatalogFixture *fixture, gconstpointer data)
{
  PotooGap gap = { .id = 7, .camera = "a", .start_us = NOON_US, .cause = POTOO_GAP_AUTH };
  Ear ear;

  ear_init (&ear, fixture);
  potoo_catalog_put_gap (fixture->catalog, &gap);
  gap.end_us = NOON_US + 5;
  potoo_catalog_put_gap (fixture->catalog, &gap);
  potoo_catalog_drop_gap (fixture->catalog, 7);
  assert_told (&ear, "gap 7 0\ngap 7 5\nno-gap 7 0\n");
  ear_clear (&ear);
}

/* The gap behind a segment is durable before it is told that the segment was closed: after a crash
 * in between, the one or the other says that something is missing. */
static void
test_gap_before_end (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US);
  PotooGap gap = { .id = 7, .camera = "a", .start_us = NOON_US + 4, .cause = POTOO_GAP_AUTH };
  Ear ear;

  segment.id = 9;
  ear_init (&ear, fixture);
  put (&ear, &segment, POTOO_SEGMENT_OPEN, 4);
  potoo_catalog_put_gap (fixture->catalog, &gap);
  put (&ear, &segment, POTOO_SEGMENT_CLOSED, 4);
  assert_told (&ear, "open 9 4\ngap 7 0\nclosed 9 4\n");
  ear_clear (&ear);
}

/* A segment is told as dropped once: when it is marked. */
static void
test_deleting (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 ids[] = { 8, 9 };
  Ear ear;

  ear_init (&ear, fixture);
  for (int id = 7; id <= 9; id++)
    {
      PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US);
      segment.id = id;
      put (&ear, &segment, POTOO_SEGMENT_CLOSED, id);
    }
  assert_told (&ear, "closed 7 7\nclosed 8 8\nclosed 9 9\n");
  const gint64 one = 7;
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (
          fixture->catalog, &one, 1, POTOO_SEGMENT_CONTINUOUS, NULL);
      assert_told (&ear, i == 0 ? "dropped 7 0\n" : "");
    }
  potoo_catalog_drop_segment (fixture->catalog, 7);
  potoo_catalog_drop_segment (fixture->catalog, 7);
  assert_told (&ear, "");
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (fixture->catalog, ids, 1,
                                                                    POTOO_SEGMENT_CONTINUOUS, NULL);
  assert_told (&ear, "dropped 8 0\n");
  potoo_catalog_drop_segments (fixture->catalog, ids, 2); /* 9 was not marked */
  assert_told (&ear, "dropped 9 0\n");
  ear_clear (&ear);
}

static void
test_events (CatalogFixture *fixture, gconstpointer data)
{
  PotooEvent event = { .id = 3,
                       .camera = "a",
                       .start_us = NOON_US,
                       .keep_start_us = NOON_US,
                       .score = -1,
                       .title = (char *) "x" };
  PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US + 10);
  Ear ear;

  segment.id = 9;
  ear_init (&ear, fixture);
  put (&ear, &segment, POTOO_SEGMENT_CLOSED, 10);
  assert_told (&ear, "closed 9 10\n");
  potoo_catalog_put_event (fixture->catalog, &event);
  assert_told (&ear, "event 3 0\n"); /* and nothing of the segment */
  event.end_us = event.keep_end_us = NOON_US - 5;
  potoo_catalog_put_event (fixture->catalog, &event); /* refused */
  assert_told (&ear, "");
  event.end_us = event.keep_end_us = NOON_US + 5;
  potoo_catalog_put_event (fixture->catalog, &event);
  assert_told (&ear, "event 3 5\n");
  event.id += POTOO_EVENTS_MAX; /* the other is too old now */
  potoo_catalog_put_event (fixture->catalog, &event);
  assert_told (&ear, "event 1000003 5\nno-event 3 0\n");
  g_autoptr (GError) error = catalog_fixture_drop_event (fixture, event.id);
  g_autoptr (GError) missing = catalog_fixture_drop_event (fixture, event.id);
  g_assert_nonnull (missing);
  assert_told (&ear, "no-event 1000003 0\n");
  ear_clear (&ear);
}

static void
test_locks (CatalogFixture *fixture, gconstpointer data)
{
  PotooLock lock = {
    .id = 4, .camera = "a", .start_us = NOON_US, .end_us = NOON_US + 5, .reason = (char *) ""
  };
  PotooSegment segment = catalog_fixture_segment (fixture, "a", NOON_US, NOON_US + 10);
  Ear ear;

  ear_init (&ear, fixture);
  g_autoptr (GError) refused = catalog_fixture_put_lock (fixture, &lock);
  g_assert_nonnull (refused);
  assert_told (&ear, "");
  segment.id = 9;
  put (&ear, &segment, POTOO_SEGMENT_CLOSED, 10);
  g_autoptr (GError) error = catalog_fixture_put_lock (fixture, &lock);
  g_assert_no_error (error);
  assert_told (&ear, "closed 9 10\nlock 4 5\n");
  error = catalog_fixture_drop_lock (fixture, 4);
  assert_told (&ear, "no-lock 4 0\n");
  ear_clear (&ear);
}

/* Whoever watches only what there was before is not called for the rest. */
static void
test_some (CatalogFixture *fixture, gconstpointer data)
{
  static const PotooCatalogWatch some = { .segment = on_segment,
                                          .segment_dropped = on_segment_dropped,
                                          .gap = on_gap,
                                          .gap_dropped = on_gap_dropped };
  const PotooEvent event = {
    .id = 3, .camera = "a", .start_us = NOON_US, .keep_start_us = NOON_US, .title = (char *) ""
  };
  Ear ear;

  ear_init (&ear, fixture);
  potoo_catalog_set_watch (fixture->catalog, &some, &ear);
  potoo_catalog_put_event (fixture->catalog, &event);
  g_autoptr (GError) error = catalog_fixture_drop_event (fixture, 3);
  g_assert_no_error (error);
  assert_told (&ear, "");
  ear_clear (&ear);
}

static void
add (const char *name, void (*func) (CatalogFixture *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/catalog-watch/%s", name);
  g_test_add (path, CatalogFixture, NULL, catalog_fixture_set_up, func, catalog_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("segments", test_segments);
  add ("failure", test_failure);
  add ("end", test_end);
  add ("gaps", test_gaps);
  add ("gap-before-end", test_gap_before_end);
  add ("deleting", test_deleting);
  add ("events", test_events);
  add ("locks", test_locks);
  add ("some", test_some);
  return g_test_run ();
}
