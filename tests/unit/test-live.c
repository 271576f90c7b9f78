/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "live/potoo-live.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-overload.h"
#include "live-fixture.h"

typedef struct
{
  PotooLive *live;
  LiveFixture camera;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->live = potoo_live_new ();
  live_fixture_init (&f->camera, "door");
  potoo_live_add_stream (f->live, "door", f->camera.hub);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_overload_set (POTOO_OVERLOAD_NONE, 0);
  potoo_live_stop (f->live);
  g_assert_cmpuint (potoo_stream_hub_get_n_subscribers (f->camera.hub), ==, 0);
  while (g_main_context_iteration (NULL, FALSE)) /* what was posted holds references */
    ;
  g_assert_finalize_object (f->live);
  live_fixture_clear (&f->camera);
}

static void
ask (Fixture *f, const char *camera_id, GAsyncResult **result)
{
  potoo_live_get_playlist_async (f->live, camera_id, live_fixture_take_result, result);
}

/* (transfer full) (nullable) */
static char *
finish (Fixture *f, GAsyncResult *result, GError **error)
{
  g_autoptr (GAsyncResult) own = result;
  return potoo_live_get_playlist_finish (f->live, own, error);
}

static char *
get_playlist (Fixture *f, const char *camera_id, GError **error)
{
  GAsyncResult *result = NULL;

  ask (f, camera_id, &result);
  live_fixture_wait (&result);
  return finish (f, result, error);
}

static void
assert_fails (Fixture *f, GAsyncResult *result, PotooError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (finish (f, result, &error));
  g_assert_error (error, POTOO_ERROR, (int) code);
  g_test_message ("%s", error->message);
}

static GBytes *
get_segment (Fixture *f, const char *name, GError **error)
{
  GAsyncResult *result = NULL;

  potoo_live_get_segment_async (f->live, "door", name, live_fixture_take_result, &result);
  live_fixture_wait (&result);
  g_autoptr (GAsyncResult) own = result;
  return potoo_live_get_segment_finish (f->live, result, error);
}

/* A full ring gives a playlist at once, and its segment is MPEG-TS. */
static void
test_starts (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  live_fixture_push (&f->camera, 2, TRUE);
  g_autofree char *playlist = get_playlist (f, "door", &error);
  g_assert_no_error (error);
  const char *line = strstr (playlist, "\nts/");
  g_assert_nonnull (line);
  g_autofree char *name = g_strndup (line + 4, strcspn (line + 4, "\n"));
  g_autoptr (GBytes) segment = get_segment (f, name, &error);
  g_assert_no_error (error);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (segment, &size);
  g_assert_cmpuint (size % 188, ==, 0);
  for (gsize i = 0; i < size; i += 188)
    g_assert_cmpuint (bytes[i], ==, 0x47);
  g_assert_null (get_segment (f, "0123456789abcdef-0.ts", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
}

static void
test_shares_one_start (Fixture *f, gconstpointer data)
{
  GAsyncResult *results[20] = { NULL };
  gint64 starts = live_fixture_read_metric ("potoo_live_starts_total");

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    ask (f, "door", &results[i]);
  live_fixture_wait_us (100 * 1000);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_waiting"), ==, 20);
  live_fixture_push (&f->camera, 2, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;
      live_fixture_wait (&results[i]);
      g_autofree char *playlist = finish (f, results[i], &error);
      g_assert_no_error (error);
    }
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_starts_total"), ==, starts + 1);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_outputs"), ==, 1);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_waiting"), ==, 0);
}

/* No video comes: everybody is answered in time. */
static void
test_waits_in_bounds (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  gint64 started_us = potoo_clock_mono_us ();

  live_fixture_push (&f->camera, 1, FALSE); /* not a whole GOP and the next keyframe */
  ask (f, "door", &result);
  live_fixture_wait (&result);
  assert_fails (f, result, POTOO_ERROR_UNAVAILABLE);
  g_assert_cmpint (potoo_clock_mono_us () - started_us, >=, POTOO_LIVE_WAIT_US);
  g_assert_cmpint (potoo_clock_mono_us () - started_us, <, POTOO_LIVE_WAIT_US * 2);
}

static void
test_too_many_wait (Fixture *f, gconstpointer data)
{
  GAsyncResult *results[POTOO_LIVE_MAX_WAITING + 1] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    ask (f, "door", &results[i]);
  live_fixture_wait (&results[POTOO_LIVE_MAX_WAITING]);
  assert_fails (f, results[POTOO_LIVE_MAX_WAITING], POTOO_ERROR_BUSY);
  potoo_live_stop (f->live);
  for (guint i = 0; i < POTOO_LIVE_MAX_WAITING; i++)
    {
      live_fixture_wait (&results[i]);
      assert_fails (f, results[i], POTOO_ERROR_UNAVAILABLE);
    }
}

static void
test_too_many_outputs (Fixture *f, gconstpointer data)
{
  LiveFixture cameras[POTOO_LIVE_MAX_OUTPUTS + 1];
  GAsyncResult *results[POTOO_LIVE_MAX_OUTPUTS + 1] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    {
      g_autofree char *id = g_strdup_printf ("camera-%u", i);
      live_fixture_init (&cameras[i], id);
      potoo_live_add_stream (f->live, id, cameras[i].hub);
      live_fixture_push (&cameras[i], 2, TRUE);
      ask (f, id, &results[i]);
    }
  for (guint i = 0; i < POTOO_LIVE_MAX_OUTPUTS; i++)
    {
      live_fixture_wait (&results[i]);
      g_autofree char *playlist = finish (f, results[i], NULL);
      g_assert_nonnull (playlist);
    }
  live_fixture_wait (&results[POTOO_LIVE_MAX_OUTPUTS]);
  assert_fails (f, results[POTOO_LIVE_MAX_OUTPUTS], POTOO_ERROR_BUSY);

  gint64 started_us = potoo_clock_mono_us ();
  potoo_live_stop (f->live);
  g_assert_cmpint (potoo_clock_mono_us () - started_us, <, G_USEC_PER_SEC);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_outputs"), ==, 0);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_bytes"), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    {
      g_assert_cmpuint (potoo_stream_hub_get_n_subscribers (cameras[i].hub), ==, 0);
      live_fixture_clear (&cameras[i]);
    }
}

/* For want of processors none is begun, those that run go on until they are ended, and all is as
 * before when it is over. */
static void
test_overload (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  LiveFixture other;

  live_fixture_init (&other, "yard");
  potoo_live_add_stream (f->live, "yard", other.hub);
  live_fixture_push (&f->camera, 2, TRUE);
  g_autofree char *playlist = get_playlist (f, "door", &error);
  g_assert_no_error (error);
  potoo_overload_set (POTOO_OVERLOAD_REFUSING, 0.5);
  ask (f, "yard", &result);
  live_fixture_wait (&result);
  assert_fails (f, g_steal_pointer (&result), POTOO_ERROR_BUSY);
  g_autofree char *same = get_playlist (f, "door", &error);
  g_assert_no_error (error);

  g_assert_cmpuint (potoo_live_shed (f->live), ==, 1);
  g_assert_cmpuint (potoo_live_shed (f->live), ==, 0);
  ask (f, "door", &result);
  live_fixture_wait (&result);
  assert_fails (f, g_steal_pointer (&result), POTOO_ERROR_BUSY);

  potoo_overload_set (POTOO_OVERLOAD_NONE, 0);
  g_autofree char *again = get_playlist (f, "door", &error);
  g_assert_no_error (error);
  potoo_live_remove_stream (f->live, "yard");
  live_fixture_clear (&other);
}

/* Who waits for a first segment when outputs end is told why. */
static void
test_overload_while_waiting (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;

  ask (f, "door", &result);
  while (live_fixture_read_metric ("potoo_live_waiting") == 0)
    g_main_context_iteration (NULL, TRUE);
  potoo_live_shed (f->live);
  live_fixture_wait (&result);
  assert_fails (f, result, POTOO_ERROR_BUSY);
}

/* What cannot be muxed ends the output alone; it is not tried again at once. */
static void
test_fails (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;
  gint64 failures = live_fixture_read_metric ("potoo_live_failures_total");
  gint64 starts = live_fixture_read_metric ("potoo_live_starts_total");

  ask (f, "door", &result);
  for (guint i = 0; i < 3; i++)
    live_fixture_push_garbage (&f->camera);
  live_fixture_wait (&result);
  assert_fails (f, result, POTOO_ERROR_UNAVAILABLE);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_failures_total"), ==, failures + 1);
  result = NULL;
  ask (f, "door", &result);
  live_fixture_wait (&result);
  assert_fails (f, result, POTOO_ERROR_UNAVAILABLE);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_starts_total"), ==, starts + 1);
}

static void
test_camera_removed (Fixture *f, gconstpointer data)
{
  GAsyncResult *result = NULL;

  ask (f, "door", &result);
  live_fixture_wait_us (50 * 1000);
  potoo_live_remove_stream (f->live, "door");
  live_fixture_wait (&result);
  assert_fails (f, result, POTOO_ERROR_NOT_FOUND);
  live_fixture_wait_us (1000 * 1000);
  g_assert_cmpint (live_fixture_read_metric ("potoo_live_outputs"), ==, 0);
  result = NULL;
  ask (f, "door", &result);
  live_fixture_wait (&result);
  assert_fails (f, result, POTOO_ERROR_NOT_FOUND);
}

static void
test_stopped (Fixture *f, gconstpointer data)
{
  GAsyncResult *waiting = NULL, *late = NULL;

  ask (f, "door", &waiting);
  live_fixture_wait_us (50 * 1000);
  potoo_live_stop (f->live);
  ask (f, "door", &late);
  live_fixture_wait (&waiting);
  live_fixture_wait (&late);
  assert_fails (f, waiting, POTOO_ERROR_UNAVAILABLE);
  assert_fails (f, late, POTOO_ERROR_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* failures are warned of */
  live_fixture_encode ();

#define TEST(name, func) g_test_add ("/live/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("starts", test_starts);
  TEST ("shares-one-start", test_shares_one_start);
  TEST ("waits-in-bounds", test_waits_in_bounds);
  TEST ("too-many-wait", test_too_many_wait);
  TEST ("too-many-outputs", test_too_many_outputs);
  TEST ("overload", test_overload);
  TEST ("overload-while-waiting", test_overload_while_waiting);
  TEST ("fails", test_fails);
  TEST ("camera-removed", test_camera_removed);
  TEST ("stopped", test_stopped);
  return g_test_run ();
}
