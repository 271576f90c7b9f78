/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-event-list.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "catalog-fixture.h"

#define PRE_US (5 * POTOO_SECOND_US)
#define POST_US (10 * POTOO_SECOND_US)
#define HOUR_US (3600 * POTOO_SECOND_US)
/* Between two readings of the clock, and two of its conversions; and what a test took so far. */
#define SLACK_US (POTOO_SECOND_US / 50)

static char *clock_path;

typedef struct
{
  CatalogFixture catalog;
  PotooEventList *list;
  guint n_changed;
  gint64 begun_us; /* monotonic */
} Fixture;

static void
on_changed (PotooEventList *list, const char *camera, Fixture *fixture)
{
  g_assert_cmpstr (camera, ==, "door");
  fixture->n_changed++;
}

static JsonObject *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = potoo_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return json_node_dup_object (node);
}

static void
set_camera (Fixture *fixture, gboolean enabled)
{
  g_autofree char *text = g_strdup_printf (
      "{\"id\":\"door\",\"url\":\"rtsp://192.0.2.1/\",\"enabled\":%s}", enabled ? "true" : "false");
  g_autoptr (JsonObject) object = parse (text);
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, NULL);

  potoo_event_list_set_camera (fixture->list, settings);
}

static void
open_list (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->list = potoo_event_list_new (fixture->catalog.catalog);
  g_signal_connect (fixture->list, "changed", G_CALLBACK (on_changed), fixture);
  potoo_event_list_start (fixture->list, &error);
  g_assert_no_error (error);
  set_camera (fixture, TRUE);
}

static void
close_list (Fixture *fixture)
{
  potoo_event_list_stop (fixture->list);
  /* What is under way, some of it the list's own, comes to its end. */
  while (g_main_context_iteration (NULL, FALSE) || catalog_metric ("potoo_event_commands") > 0)
    ;
  /* A thread that looked something up may hold it for a moment after it was answered. */
  gpointer list = fixture->list;
  g_object_add_weak_pointer (G_OBJECT (fixture->list), &list);
  g_object_unref (fixture->list);
  for (int i = 0; i < 5000 && g_atomic_pointer_get (&list) != NULL; i++)
    g_usleep (1000);
  g_assert_null (list);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  catalog_fixture_set_up (&fixture->catalog, NULL);
  fixture->begun_us = potoo_clock_mono_us ();
  open_list (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close_list (fixture);
  catalog_fixture_tear_down (&fixture->catalog, NULL);
}

/* --- commands that are waited for --- */

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  *result = catalog_wait_result (result);
  return *result;
}

static PotooEvent *
add (Fixture *fixture, const char *text, GError **error)
{
  g_autoptr (JsonObject) object = parse (text);
  g_autoptr (GAsyncResult) result = NULL;

  potoo_event_list_add_async (fixture->list, object, catalog_take_result, &result);
  return potoo_event_list_add_finish (fixture->list, wait_for (&result), error);
}

static PotooEvent *
add_from (Fixture *fixture, gint64 start_us, const char *members, GError **error)
{
  g_autofree char *start = potoo_time_format (start_us);
  g_autofree char *text = g_strdup_printf ("{\"camera\":\"door\",\"start\":\"%s\"%s}", start,
                                           members);
  return add (fixture, text, error);
}

static PotooEvent *
change (Fixture *fixture, gint64 id, const char *text, GError **error)
{
  g_autoptr (JsonObject) patch = parse (text);
  g_autoptr (GAsyncResult) result = NULL;

  potoo_event_list_change_async (fixture->list, id, patch, catalog_take_result, &result);
  return potoo_event_list_change_finish (fixture->list, wait_for (&result), error);
}

static gboolean
remove_event (Fixture *fixture, gint64 id, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  potoo_event_list_remove_async (fixture->list, id, catalog_take_result, &result);
  return potoo_event_list_remove_finish (fixture->list, wait_for (&result), error);
}

static PotooEvent *
record (Fixture *fixture, gint64 duration_us)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  potoo_event_list_record_async (fixture->list, "door", duration_us, catalog_take_result, &result);
  PotooEvent *event = potoo_event_list_record_finish (fixture->list, wait_for (&result), &error);
  g_assert_no_error (error);
  return event;
}

static gint64
count_open (Fixture *fixture)
{
  return catalog_fixture_query_int (&fixture->catalog,
                                    "SELECT count (*) FROM events WHERE end_us > 1e18");
}

/* --- spans --- */

static void
check_near (Fixture *fixture, gint64 a_us, gint64 b_us)
{
  gint64 elapsed_us = potoo_clock_mono_us () - fixture->begun_us;

  g_assert_cmpint (ABS (a_us - b_us), <, SLACK_US + elapsed_us);
}

/* The only span, relative to now; @until_us: G_MAXINT64: goes on. */
static void
check_span (Fixture *fixture, gint64 from_us, gint64 until_us, gboolean manual)
{
  g_autoptr (GArray) spans = potoo_event_list_get_spans (fixture->list, "door");
  gint64 now_us = potoo_clock_mono_us ();

  g_assert_cmpuint (spans->len, ==, 1);
  const PotooEventSpan *span = &g_array_index (spans, PotooEventSpan, 0);
  check_near (fixture, span->from_us, now_us + from_us);
  if (until_us == G_MAXINT64)
    g_assert_cmpint (span->until_us, ==, G_MAXINT64);
  else
    check_near (fixture, span->until_us, now_us + until_us);
  g_assert_cmpint (span->manual, ==, manual);
}

static void
check_no_spans (Fixture *fixture)
{
  g_autoptr (GArray) spans = potoo_event_list_get_spans (fixture->list, "door");

  g_assert_cmpuint (spans->len, ==, 0);
}

static void
test_goes_on_and_ends (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  check_no_spans (fixture);
  g_autoptr (PotooEvent) event = add (fixture, "{\"camera\":\"door\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpint (event->keep_start_us, ==, event->start_us - PRE_US);
  g_assert_cmpint (event->keep_end_us, ==, 0);
  g_assert_cmpuint (fixture->n_changed, ==, 1);
  check_span (fixture, -PRE_US, G_MAXINT64, FALSE);
  g_autoptr (PotooEvent) named = change (fixture, event->id, "{\"title\":\"x\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->n_changed, ==, 1); /* nothing that a plan asks for */
  g_autoptr (PotooEvent) ended = change (fixture, event->id, "{\"end\":\"now\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ended->title, ==, "x");
  g_assert_cmpint (ended->keep_end_us, ==, ended->end_us + POST_US);
  g_assert_cmpuint (fixture->n_changed, ==, 2);
  check_span (fixture, -PRE_US, POST_US, FALSE);
  g_assert_null (change (fixture, event->id, "{\"end\":null}", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
}

/* What was missed before anybody knew is no gap; the rest is one. */
static void
test_told_of_late (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 start_us = potoo_clock_wall_us () - 3 * POTOO_SECOND_US;
  g_autoptr (PotooEvent) event = add_from (fixture, start_us, ",\"duration\":2", &error);

  g_assert_no_error (error);
  check_span (fixture, -3 * POTOO_SECOND_US - PRE_US, POST_US - POTOO_SECOND_US, FALSE);
  g_autoptr (GArray) spans = potoo_event_list_get_spans (fixture->list, "door");
  check_near (fixture, g_array_index (spans, PotooEventSpan, 0).due_us, potoo_clock_mono_us ());
}

static void
test_bookmark (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = add (fixture, "{\"camera\":\"door\",\"kind\":\"bookmark\"}", &error);

  g_assert_no_error (error);
  g_assert_cmpint (event->end_us, ==, event->start_us);
  check_no_spans (fixture);
  g_assert_cmpuint (fixture->n_changed, ==, 0);
}

static void
test_removed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) event = add (fixture, "{\"camera\":\"door\"}", &error);

  g_assert_true (remove_event (fixture, event->id, &error));
  check_span (fixture, -PRE_US, 0, FALSE);
  g_assert_false (remove_event (fixture, event->id, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
}

/* Overlapping events are one span and two rows. */
static void
test_overlapping (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) a = add (fixture, "{\"camera\":\"door\",\"duration\":60}", &error);
  g_autoptr (PotooEvent) b = add (fixture, "{\"camera\":\"door\",\"duration\":100}", &error);

  check_span (fixture, -PRE_US, 100 * POTOO_SECOND_US + POST_US, FALSE);
  g_assert_cmpint (catalog_fixture_query_int (&fixture->catalog, "SELECT count (*) FROM events"),
                   ==, 2);
  g_autoptr (PotooEvent) c = change (fixture, b->id, "{\"end\":\"now\"}", &error);
  g_assert_no_error (error);
  check_span (fixture, -PRE_US, 60 * POTOO_SECOND_US + POST_US, FALSE);
}

static void
test_manual (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PotooEvent) event = record (fixture, 60 * POTOO_SECOND_US);

  g_assert_cmpint (event->keep_start_us, ==, event->start_us);
  check_span (fixture, 0, 60 * POTOO_SECOND_US, TRUE);
  g_autoptr (PotooEvent) same = record (fixture, POTOO_SECOND_US);
  g_assert_cmpint (same->end_us, ==, event->end_us);
  g_autoptr (PotooEvent) longer = record (fixture, HOUR_US - POTOO_SECOND_US);
  g_assert_cmpint (longer->id, ==, event->id);
  check_span (fixture, 0, HOUR_US - POTOO_SECOND_US, TRUE);
  g_usleep (1100 * 1000);
  g_autoptr (PotooEvent) next = record (fixture, HOUR_US); /* takes over without a hole */
  g_assert_cmpint (next->id, !=, event->id);
  check_span (fixture, -11 * POTOO_SECOND_US / 10, HOUR_US, TRUE);
}

/* Nobody ends it, so the timer does. */
static void
test_goes_on_for_too_long (Fixture *fixture, gconstpointer data)
{
  gint64 start_us = potoo_clock_wall_us () - HOUR_US + 3 * POTOO_SECOND_US / 2;
  PotooSegment segment = catalog_fixture_segment (
      &fixture->catalog, "door", start_us - POTOO_SECOND_US, start_us + POTOO_SECOND_US);
  g_autoptr (GError) error = NULL;

  g_assert_null (add_from (fixture, start_us, "", &error)); /* before there was a recording */
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/start");
  g_clear_error (&error);
  potoo_catalog_put_segment (fixture->catalog.catalog, &segment, NULL);
  catalog_fixture_sync (&fixture->catalog);
  g_autoptr (PotooEvent) event = add_from (fixture, start_us, "", &error);
  g_assert_no_error (error);
  g_assert_cmpint (count_open (fixture), ==, 1);
  gint64 deadline_us = potoo_clock_mono_us () + 5 * POTOO_SECOND_US;
  while (count_open (fixture) > 0 && potoo_clock_mono_us () < deadline_us)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (catalog_fixture_query_int (&fixture->catalog, "SELECT end_us FROM events"), ==,
                   start_us + HOUR_US);
  g_assert_cmpint (catalog_metric ("potoo_events_overlong_total"), >=, 1);
}

static void
test_disabled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) event = add (fixture, "{\"camera\":\"door\"}", &error);
  g_autoptr (PotooEvent) manual = record (fixture, 0);

  set_camera (fixture, FALSE);
  gint64 deadline_us = potoo_clock_mono_us () + 5 * POTOO_SECOND_US;
  while (count_open (fixture) > 0 && potoo_clock_mono_us () < deadline_us)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (count_open (fixture), ==, 0);
  g_assert_null (add (fixture, "{\"camera\":\"door\"}", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
  potoo_event_list_remove_camera (fixture->list, "door");
  check_no_spans (fixture);
}

/* A clock that is set between start and end changes nothing of what is recorded. */
static void
test_clock_is_set (Fixture *fixture, gconstpointer data)
{
  static const char *const offsets[] = { "-7200000000", "7200000000" };

  for (gsize i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PotooEvent) event = add (fixture, "{\"camera\":\"door\"}", &error);
      g_assert_no_error (error);
      g_assert_true (g_file_set_contents (clock_path, offsets[i], -1, NULL));
      g_usleep (100 * 1000); /* until it is looked at again */
      check_span (fixture, -PRE_US, G_MAXINT64, FALSE);
      g_autoptr (PotooEvent) ended = change (fixture, event->id, "{\"end\":\"now\"}", &error);
      g_assert_no_error (error);
      g_assert_cmpint (ended->end_us, >=, event->start_us);
      g_assert_cmpint (ended->end_us, <=, event->start_us + HOUR_US);
      check_span (fixture, -PRE_US, POST_US, FALSE);
      g_assert_true (g_file_set_contents (clock_path, "0", -1, NULL));
      g_usleep (100 * 1000);
    }
}

/* The same when it is set before the catalog has answered. */
static void
test_clock_is_set_meanwhile (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = parse ("{\"camera\":\"door\",\"duration\":5}");
  g_autoptr (GAsyncResult) result = NULL;

  potoo_event_list_add_async (fixture->list, object, catalog_take_result, &result);
  g_main_context_iteration (NULL, FALSE); /* it is made, and being put */
  g_assert_true (g_file_set_contents (clock_path, "-7200000000", -1, NULL));
  g_usleep (100 * 1000);
  g_autoptr (PotooEvent)
      event = potoo_event_list_add_finish (fixture->list, wait_for (&result), &error);
  g_assert_no_error (error);
  check_span (fixture, -PRE_US, 5 * POTOO_SECOND_US + POST_US, FALSE);
  g_assert_true (g_file_set_contents (clock_path, "0", -1, NULL));
  g_usleep (100 * 1000);
}

/* --- across runs --- */

static void
test_next_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) left = add (fixture, "{\"camera\":\"door\"}", &error);
  g_autoptr (PotooEvent) planned = add (fixture, "{\"camera\":\"door\",\"duration\":60}", &error);

  close_list (fixture);
  open_list (fixture);
  check_span (fixture, -PRE_US, 60 * POTOO_SECOND_US + POST_US, FALSE);
  g_assert_cmpint (count_open (fixture), ==, 0); /* nothing was recorded: it ends where it began */
  g_autoptr (PotooEvent) ended = change (fixture, planned->id, "{\"end\":\"now\"}", &error);
  g_assert_no_error (error);
  check_span (fixture, -PRE_US, POST_US, FALSE);
}

/* --- bounds and errors --- */

static void
count_outcome (GObject *list, GAsyncResult *result, gpointer user_data)
{
  guint *outcomes = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_add_finish (POTOO_EVENT_LIST (list), result, &error);

  g_assert_true (event != NULL || g_error_matches (error, POTOO_ERROR, POTOO_ERROR_BUSY));
  outcomes[event != NULL]++;
}

static void
test_flood (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) object = parse ("{\"camera\":\"door\",\"kind\":\"bookmark\"}");
  guint outcomes[2] = { 0, 0 };
  const guint n = 2 * POTOO_EVENT_MAX_COMMANDS;

  for (guint i = 0; i < n; i++)
    potoo_event_list_add_async (fixture->list, object, count_outcome, outcomes);
  gint64 began_us = potoo_clock_mono_us ();
  while (outcomes[0] + outcomes[1] < n)
    g_main_context_iteration (NULL, TRUE);
  gint64 taken_us = potoo_clock_mono_us () - began_us;
  g_assert_cmpuint (outcomes[1], >=, POTOO_EVENT_BURST);
  g_assert_cmpuint (outcomes[1], <=,
                    POTOO_EVENT_BURST + 1 +
                        (guint) (taken_us * POTOO_EVENT_PER_SECOND / POTOO_SECOND_US));
  g_assert_cmpint (catalog_metric ("potoo_event_commands"), ==, 0);
}

static void
test_many_at_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < POTOO_EVENT_MAX_LIVE; i++)
    {
      g_autoptr (PotooEvent) event = add (fixture, "{\"camera\":\"door\"}", &error);
      g_assert_no_error (error);
    }
  g_assert_null (add (fixture, "{\"camera\":\"door\"}", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT);
  check_span (fixture, -PRE_US, G_MAXINT64, FALSE);
}

/* Without the catalog nothing changes, and everybody is answered. */
static void
test_catalog_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) event = add (fixture, "{\"camera\":\"door\"}", &error);

  g_assert_no_error (error);
  potoo_catalog_close (fixture->catalog.catalog);
  g_assert_null (add (fixture, "{\"camera\":\"door\",\"duration\":60}", &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (change (fixture, event->id, "{\"end\":\"now\"}", &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (remove_event (fixture, event->id, &error));
  g_assert_nonnull (error);
  check_span (fixture, -PRE_US, G_MAXINT64, FALSE);
}

static void
test_stopped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  potoo_event_list_stop (fixture->list);
  g_assert_null (add (fixture, "{\"camera\":\"door\"}", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/event-list/goes-on-and-ends", test_goes_on_and_ends },
    { "/event-list/told-of-late", test_told_of_late },
    { "/event-list/bookmark", test_bookmark },
    { "/event-list/removed", test_removed },
    { "/event-list/overlapping", test_overlapping },
    { "/event-list/manual", test_manual },
    { "/event-list/goes-on-for-too-long", test_goes_on_for_too_long },
    { "/event-list/disabled", test_disabled },
    { "/event-list/clock-is-set", test_clock_is_set },
    { "/event-list/clock-is-set-meanwhile", test_clock_is_set_meanwhile },
    { "/event-list/next-run", test_next_run },
    { "/event-list/flood", test_flood },
    { "/event-list/many-at-once", test_many_at_once },
    { "/event-list/catalog-fails", test_catalog_fails },
    { "/event-list/stopped", test_stopped },
  };

  g_close (g_file_open_tmp ("potoo-clock-XXXXXX", &clock_path, NULL), NULL);
  g_setenv ("POTOO_TEST_CLOCK", clock_path, TRUE);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  int status = g_test_run ();
  g_unlink (clock_path);
  g_free (clock_path);
  return status;
}
