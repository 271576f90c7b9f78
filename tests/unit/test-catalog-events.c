/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of events: what it takes, gives back and forgets. */

#include <math.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)
#define HOUR_US (3600 * POTOO_SECOND_US)

static PotooEvent
make (gint64 id, const char *camera, PotooEventKind kind, gint64 start_us, gint64 end_us)
{
  PotooEvent event = { .id = id,
                       .kind = kind,
                       .start_us = start_us,
                       .end_us = end_us,
                       .keep_start_us = start_us,
                       .keep_end_us = end_us,
                       .score = -1,
                       .title = (char *) "" };

  g_strlcpy (event.camera, camera, sizeof event.camera);
  return event;
}

static void
put (CatalogFixture *fixture, gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  const PotooEvent event = make (id, camera, (PotooEventKind) (id % 5), start_us, end_us);
  potoo_catalog_put_event (fixture->catalog, &event);
}

static void
assert_same (const PotooEvent *a, const PotooEvent *b)
{
  g_assert_cmpint (a->id, ==, b->id);
  g_assert_cmpstr (a->camera, ==, b->camera);
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpint (a->start_us, ==, b->start_us);
  g_assert_cmpint (a->end_us, ==, b->end_us);
  g_assert_cmpint (a->keep_start_us, ==, b->keep_start_us);
  g_assert_cmpint (a->keep_end_us, ==, b->keep_end_us);
  g_assert_cmpfloat_with_epsilon (a->score, b->score, 1e-9);
  g_assert_cmpstr (a->title, ==, b->title);
  g_assert_cmpstr (a->metadata, ==, b->metadata);
}

static void
test_round_trip (CatalogFixture *fixture, gconstpointer data)
{
  gint64 id = potoo_catalog_take_event_id (fixture->catalog);
  PotooEvent event = make (id, "front", POTOO_EVENT_ONVIF, DAY, DAY + 9);

  event.keep_start_us = DAY - 5;
  event.keep_end_us = DAY + 19;
  event.score = 0.25;
  event.title = (char *) "Tür “auf”";
  event.metadata = (char *) "{\"zone\":3}";
  g_autoptr (GError) error = catalog_fixture_put_event (fixture, &event);
  g_assert_no_error (error);
  g_autoptr (PotooEvent) read = potoo_catalog_reader_get_event (fixture->reader, id, &error);
  g_assert_no_error (error);
  assert_same (read, &event);

  /* replaced: nothing is left of what it was */
  event = make (id, "front", POTOO_EVENT_API, DAY, 0);
  error = catalog_fixture_put_event (fixture, &event);
  g_assert_no_error (error);
  g_autoptr (PotooEvent) open = potoo_catalog_reader_get_event (fixture->reader, id, NULL);
  assert_same (open, &event);
  g_autoptr (GPtrArray) all_open = potoo_catalog_reader_list_open_events (fixture->reader, NULL);
  g_assert_cmpuint (all_open->len, ==, 1);
  event.end_us = event.keep_end_us = DAY + 2 * HOUR_US;
  potoo_catalog_put_event (fixture->catalog, &event);
  catalog_fixture_sync (fixture);
  g_autoptr (GPtrArray) none_open = potoo_catalog_reader_list_open_events (fixture->reader, NULL);
  g_assert_cmpuint (none_open->len, ==, 0);

  error = catalog_fixture_drop_event (fixture, id);
  g_assert_no_error (error);
  g_assert_null (potoo_catalog_reader_get_event (fixture->reader, id, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  error = catalog_fixture_drop_event (fixture, id);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
}

static void
test_ids (CatalogFixture *fixture, gconstpointer data)
{
  g_assert_cmpint (potoo_catalog_take_event_id (fixture->catalog), ==, 1);
  put (fixture, 1, "a", DAY, DAY + 1);
  catalog_fixture_close (fixture);
  catalog_fixture_open (fixture);
  g_assert_cmpint (potoo_catalog_take_event_id (fixture->catalog), ==, POTOO_ID_BLOCK + 1);
}

/* --- lists --- */

/* The ids, in order, as text; paged through by @limit. */
static char *
list (CatalogFixture *fixture,
      const char *camera,
      const PotooEventKind *kind,
      gint64 start_us,
      gint64 end_us,
      guint limit)
{
  PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = limit
  };
  GString *ids = g_string_new (NULL);

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray)
          page = potoo_catalog_reader_list_events (fixture->reader, &query, kind, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (page->len, <=, limit);
      for (guint i = 0; i < page->len; i++)
        {
          const PotooEvent *event = page->pdata[i];
          query.after_start_us = event->start_us;
          query.after_id = event->id;
          g_string_append_printf (ids, "%d ", (int) event->id);
        }
      if (page->len < limit)
        return g_string_free (ids, FALSE);
    }
}

static void
test_list (CatalogFixture *fixture, gconstpointer data)
{
  static const PotooEventKind api = POTOO_EVENT_API, motion = POTOO_EVENT_MOTION,
                              onvif = POTOO_EVENT_ONVIF;
  static const struct
  {
    const char *camera;
    const PotooEventKind *kind;
    gint64 start, end; /* hours */
    const char *ids;
  } cases[] = {
    { "a", NULL, -10, 0, "" },
    { "a", NULL, -10, 1, "10 " },
    { "a", NULL, 5, 6, "10 " },
    { "a", NULL, 9, 10, "10 " },
    { "a", NULL, 10, 11, "11 " },
    { "a", NULL, 9, 12, "10 11 12 13 " },
    { "a", NULL, 100, 101, "13 14 " },
    { "a", NULL, 167, 168, "13 14 " },
    { "a", NULL, 900, 901, "14 " },
    { NULL, NULL, 1, 2, "10 9 " },
    { NULL, NULL, 2, 3, "10 " },
    { "b", NULL, 0, 1000, "9 " },
    { NULL, NULL, 0, 1000, "10 9 11 12 13 14 " },
    { "a", &motion, 0, 1000, "10 " },
    { "a", &api, 100, 101, "13 " },
    { NULL, &onvif, 0, 1000, "11 " },
    { NULL, &motion, 9, 1000, "10 " },
    { "b", &motion, 0, 1000, "" },
    { "c", NULL, 0, 1000, "" },
  };

  /* in hours; kinds by the last digit: motion, onvif, manual, api, bookmark, … */
  put (fixture, 10, "a", DAY, DAY + 10 * HOUR_US);
  put (fixture, 11, "a", DAY + 10 * HOUR_US, DAY + 12 * HOUR_US);
  put (fixture, 12, "a", DAY + 11 * HOUR_US, DAY + 11 * HOUR_US);
  put (fixture, 13, "a", DAY + 11 * HOUR_US, DAY + 168 * HOUR_US);
  put (fixture, 14, "a", DAY + 20 * HOUR_US, 0);
  put (fixture, 9, "b", DAY + 1 * HOUR_US, DAY + 2 * HOUR_US);
  catalog_fixture_sync (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint limit = 1; limit <= 7; limit++)
      {
        g_autofree char *ids = list (fixture, cases[i].camera, cases[i].kind,
                                     DAY + cases[i].start * HOUR_US, DAY + cases[i].end * HOUR_US,
                                     limit);
        if (strcmp (ids, cases[i].ids) != 0)
          g_error ("case %u, limit %u: %s", i, limit, ids);
      }
}

/* --- what is refused --- */

static void
assert_refused (CatalogFixture *fixture, const PotooEvent *event)
{
  g_autoptr (GError) error = catalog_fixture_put_event (fixture, event);

  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  potoo_catalog_put_event (fixture->catalog, event); /* logged */
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM events"), ==, 0);
}

static void
test_bad_times (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 last = G_GINT64_CONSTANT (253402300799999999);
  static const gint64 bad[][4] = {
    /* start, end, keep start, keep end */
    { DAY, DAY - 1, DAY, DAY },
    { DAY, DAY, DAY + 1, DAY + 1 },
    { DAY, DAY + 5, DAY, DAY + 4 },
    { DAY, DAY + 5, DAY, 0 },
    { DAY, 0, DAY, DAY + 5 },
    { -1, 5, -1, 5 },
    { 5, 6, -1, 6 },
    { last + 1, 0, DAY, 0 },
    { DAY, last + 1, DAY, last + 1 },
    { DAY, G_MAXINT64, DAY, G_MAXINT64 },
    { DAY, DAY, DAY, DAY + POTOO_EVENT_MAX_KEEP_US + 1 },
    { G_MININT64, G_MAXINT64, G_MININT64, G_MAXINT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      PotooEvent event = make (1, "a", POTOO_EVENT_API, bad[i][0], bad[i][1]);
      event.keep_start_us = bad[i][2];
      event.keep_end_us = bad[i][3];
      assert_refused (fixture, &event);
    }
  PotooEvent longest = make (1, "a", POTOO_EVENT_API, DAY, DAY + POTOO_EVENT_MAX_KEEP_US);
  g_autoptr (GError) error = catalog_fixture_put_event (fixture, &longest);
  g_assert_no_error (error);
}

static void
test_bad_values (CatalogFixture *fixture, gconstpointer data)
{
  PotooEvent good = make (1, "a", POTOO_EVENT_API, DAY, DAY + 5), bad;
  g_autofree char *title = g_strnfill (POTOO_EVENT_TITLE_MAX + 1, 'x');
  g_autofree char *metadata = g_strnfill (POTOO_EVENT_METADATA_MAX_BYTES + 1, ' ');

  bad = good;
  bad.score = 1.01;
  assert_refused (fixture, &bad);
  bad.score = NAN;
  assert_refused (fixture, &bad);
  bad = good;
  bad.title = title;
  assert_refused (fixture, &bad);
  bad.title = (char *) "\xff";
  assert_refused (fixture, &bad);
  bad = good;
  bad.metadata = metadata;
  assert_refused (fixture, &bad);

  /* the longest that there may be, in characters and in bytes */
  g_autoptr (GString) wide = g_string_new (NULL);
  for (int i = 0; i < POTOO_EVENT_TITLE_MAX; i++)
    g_string_append (wide, "\xf0\x9f\x90\xa6");
  good.title = wide->str;
  metadata[POTOO_EVENT_METADATA_MAX_BYTES] = '\0';
  good.metadata = metadata;
  g_autoptr (GError) error = catalog_fixture_put_event (fixture, &good);
  g_assert_no_error (error);
  g_autoptr (PotooEvent) read = potoo_catalog_reader_get_event (fixture->reader, 1, &error);
  g_assert_no_error (error);
  assert_same (read, &good);
}

static void
test_hostile_rows (CatalogFixture *fixture, gconstpointer data)
{
  static const char *const bad_sets[] = {
    "camera = 'A/../B'",
    "camera = ''",
    "kind = 'boredom'",
    "kind = CAST (x'ff' AS TEXT)",
    "start_us = -1",
    "start_us = 9223372036854775807, end_us = 9223372036854775807",
    "end_us = start_us - 1",
    "end_us = 9223372036854775806, keep_end_us = 9223372036854775806",
    "end_us = 9223372036854775807",
    "keep_end_us = 9223372036854775807",
    "keep_end_us = end_us - 1",
    "keep_start_us = start_us + 1",
    "keep_start_us = -1",
    "score = 1.5",
    "score = -0.5",
    "score = 9e999",
    "title = CAST (x'ff' AS TEXT)",
    "title = printf ('%801s', 'x')",
    "metadata = printf ('%16385s', 'x')",
    "metadata = CAST (x'ff' AS TEXT)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad_sets); i++)
    {
      g_autoptr (GError) error = NULL;
      put (fixture, 1, "a", DAY, DAY + 5);
      catalog_fixture_sync (fixture);
      g_autofree char *sql = g_strdup_printf (
          "PRAGMA ignore_check_constraints = ON; UPDATE events SET %s", bad_sets[i]);
      catalog_fixture_tamper (fixture, sql);
      g_assert_null (potoo_catalog_reader_get_event (fixture->reader, 1, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
      g_clear_error (&error);
      const PotooSegmentQuery query = { .start_us = G_MININT64, .end_us = G_MAXINT64, .limit = 9 };
      g_autoptr (GPtrArray)
          rows = potoo_catalog_reader_list_events (fixture->reader, &query, NULL, &error);
      g_assert_true (rows == NULL || rows->len == 0);
      /* it can be dropped and put all the same */
      g_autoptr (GError) dropping = catalog_fixture_drop_event (fixture, 1);
      g_assert_no_error (dropping);
    }
}

/* Old ones go as new ones come, with what they kept. */
static void
test_bound (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment segment = catalog_fixture_segment (fixture, "a", DAY, DAY + 10);

  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  for (int i = 1; i <= 5; i++)
    put (fixture, i, "a", DAY, DAY + i);
  put (fixture, POTOO_EVENTS_MAX, "b", DAY, DAY + 1); /* one more may come */
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM events"), ==, 6);
  put (fixture, POTOO_EVENTS_MAX + 4, "b", DAY, DAY + 1);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT min (id) FROM events"), ==, 3);
  put (fixture, POTOO_EVENTS_MAX + 4, "b", DAY, DAY + 2); /* the same again */
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT min (id) FROM events"), ==, 3);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT class FROM segments"), ==, 1);
  put (fixture, POTOO_EVENTS_MAX + 5, "b", DAY, DAY + 1);
  put (fixture, POTOO_EVENTS_MAX + 6, "b", DAY, DAY + 1);
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT min (id) FROM events"), >, 5);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT class FROM segments"), ==, 0);
}

static void
test_values (void)
{
  for (PotooEventKind kind = POTOO_EVENT_MOTION; kind <= POTOO_EVENT_BOOKMARK; kind++)
    {
      PotooEventKind parsed;
      g_assert_true (potoo_event_kind_parse (potoo_event_kind_to_string (kind), &parsed));
      g_assert_cmpint (parsed, ==, kind);
    }
  g_assert_false (potoo_event_kind_parse ("", &(PotooEventKind){ 0 }));
  g_assert_false (potoo_event_kind_parse (NULL, &(PotooEventKind){ 0 }));
}

static void
test_plans (CatalogFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *words, *index;
  } expected[] = {
    { "FROM events WHERE (start_us", "events_by_start (start_us>? AND start_us<?)" },
    { "FROM events WHERE camera = ?1 AND (start_us",
      "events_by_camera (camera=? AND start_us>? AND start_us<?)" },
    { "FROM events WHERE kind = ?7 AND (start_us",
      "events_by_kind (kind=? AND start_us>? AND start_us<?)" },
    { "FROM events WHERE camera = ?1 AND kind = ?7 AND (start_us",
      "events_by_camera_kind (camera=? AND kind=? AND start_us>? AND start_us<?)" },
    { "events_long WHERE end_us > ?4", "events_long (end_us>?" },
    { "events_long WHERE end_us = ", "events_long (end_us=?" },
  };
  static const PotooEventKind kind = POTOO_EVENT_API;

  for (int i = 0; i < 4; i++)
    {
      const PotooSegmentQuery query = { .camera = i & 1 ? "a" : NULL,
                                        .end_us = G_MAXINT64,
                                        .limit = 1 };
      g_ptr_array_unref (
          potoo_catalog_reader_list_events (fixture->reader, &query, i & 2 ? &kind : NULL, NULL));
    }
  g_ptr_array_unref (potoo_catalog_reader_list_open_events (fixture->reader, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    catalog_fixture_assert_plan (
        potoo_db_get_handle (potoo_catalog_reader_get_db (fixture->reader)), expected[i].words,
        expected[i].index);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-events/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,     \
              catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("round-trip", test_round_trip);
  ADD ("ids", test_ids);
  ADD ("list", test_list);
  ADD ("bad-times", test_bad_times);
  ADD ("bad-values", test_bad_values);
  ADD ("hostile-rows", test_hostile_rows);
  ADD ("bound", test_bound);
  g_test_add_func ("/catalog-events/values", test_values);
  ADD ("plans", test_plans);
  return g_test_run ();
}
