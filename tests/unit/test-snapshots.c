/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "live/potoo-snapshots.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-overload.h"
#include "live-fixture.h"

typedef struct
{
  PotooSnapshots *snapshots;
  LiveFixture camera;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->snapshots = potoo_snapshots_new ();
  live_fixture_init (&f->camera, "door");
  potoo_snapshots_add_camera (f->snapshots, "door", f->camera.hub);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_overload_set (POTOO_OVERLOAD_NONE, 0);
  potoo_snapshots_stop (f->snapshots);
  while (live_fixture_read_metric ("potoo_snapshots_decoding") > 0)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (f->snapshots);
  live_fixture_clear (&f->camera);
}

static void
ask (Fixture *f, const char *camera_id, guint height, GAsyncResult **result)
{
  *result = NULL;
  potoo_snapshots_get_async (f->snapshots, camera_id, height, live_fixture_take_result, result);
}

static PotooSnapshot *
finish (Fixture *f, GAsyncResult **result, GError **error)
{
  live_fixture_wait (result);
  g_autoptr (GAsyncResult) own = *result;
  return potoo_snapshots_get_finish (f->snapshots, own, error);
}

static PotooSnapshot *
get (Fixture *f, guint height)
{
  g_autoptr (GError) error = NULL;
  GAsyncResult *result;

  ask (f, "door", height, &result);
  PotooSnapshot *snapshot = finish (f, &result, &error);
  g_assert_no_error (error);
  return snapshot;
}

static void
assert_fails (Fixture *f, GAsyncResult **result, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (finish (f, result, &error));
  g_assert_error (error, domain, code);
}

static void
test_newest (Fixture *f, gconstpointer data)
{
  GAsyncResult *result;

  ask (f, "door", 0, &result);
  assert_fails (f, &result, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  ask (f, "nobody", 0, &result);
  assert_fails (f, &result, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);

  live_fixture_push (&f->camera, 1, FALSE);
  g_autoptr (PotooSnapshot) one = get (f, 0);
  g_assert_cmpint (ABS (one->wall_us - potoo_clock_wall_us ()), <, 10 * POTOO_SECOND_US);
  live_fixture_push (&f->camera, 1, FALSE);
  g_autoptr (PotooSnapshot) two = get (f, 0);
  g_assert_cmpuint (two->keyframe, ==, one->keyframe + GST_SECOND);
  potoo_stream_hub_flush (f->camera.hub);
  ask (f, "door", 0, &result);
  assert_fails (f, &result, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE); /* it is not live any more */
}

static void
test_cached (Fixture *f, gconstpointer data)
{
  live_fixture_push (&f->camera, 1, FALSE);
  g_autoptr (PotooSnapshot) one = get (f, 120);
  g_autoptr (PotooSnapshot) again = get (f, 120);
  g_assert_true (one == again);
  g_autoptr (PotooSnapshot) own = get (f, 0);
  g_autoptr (PotooSnapshot) larger = get (f, 2000); /* never scaled up: the same */
  g_assert_true (own == larger);
  g_assert_true (own != one);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cached_total"), ==, 2);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cache_bytes"), >, 0);
  potoo_snapshots_remove_camera (f->snapshots, "door");
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cache_bytes"), ==, 0);
}

/* What is allowed for pictures is kept to, the oldest go. */
static void
test_cache_bound (Fixture *f, gconstpointer data)
{
  live_fixture_push (&f->camera, 1, FALSE);
  g_autoptr (PotooSnapshot) one = get (f, 100);
  gint64 bytes = live_fixture_read_metric ("potoo_snapshots_cache_bytes");
  potoo_snapshots_set_cache_bytes (f->snapshots, bytes * 2);
  g_autoptr (PotooSnapshot) two = get (f, 101);
  g_autoptr (PotooSnapshot) three = get (f, 102);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cache_bytes"), <=, bytes * 2);
  g_autoptr (PotooSnapshot) newest = get (f, 102);
  g_assert_true (newest == three);
  g_autoptr (PotooSnapshot) anew = get (f, 100);
  g_assert_true (anew != one);
  potoo_snapshots_set_cache_bytes (f->snapshots, 0);
  g_autoptr (PotooSnapshot) last = get (f, 103);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cache_bytes"), ==, 0);
}

/* For want of processors nothing is decoded: rather an old picture than none. */
static void
test_overload (Fixture *f, gconstpointer data)
{
  GAsyncResult *result;

  live_fixture_push (&f->camera, 1, FALSE);
  g_autoptr (PotooSnapshot) one = get (f, 120);
  live_fixture_push (&f->camera, 1, FALSE);
  potoo_overload_set (POTOO_OVERLOAD_REFUSING, 0.5);
  g_autoptr (PotooSnapshot) old = get (f, 120);
  g_assert_true (old == one);
  ask (f, "door", 0, &result);
  assert_fails (f, &result, POTOO_ERROR, POTOO_ERROR_BUSY);
  potoo_overload_set (POTOO_OVERLOAD_NONE, 0);
  g_autoptr (PotooSnapshot) two = get (f, 120);
  g_assert_true (two != one);
}

static void
test_shares_decoding (Fixture *f, gconstpointer data)
{
  GAsyncResult *results[50];
  g_autoptr (PotooSnapshot) first = NULL;

  live_fixture_push (&f->camera, 1, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    ask (f, "door", 0, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (PotooSnapshot) snapshot = finish (f, &results[i], NULL);
      g_assert_nonnull (snapshot);
      if (first == NULL)
        first = potoo_snapshot_ref (snapshot);
      g_assert_true (snapshot == first);
    }
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_decoded_total"), ==, 1);
}

#define BOUND (POTOO_SNAPSHOTS_MAX_DECODING + POTOO_SNAPSHOTS_MAX_WAITING)

static void
test_bound (Fixture *f, gconstpointer data)
{
  GAsyncResult *results[BOUND + 10];

  live_fixture_push (&f->camera, 1, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    ask (f, "door", 100 + i, &results[i]);
  while (g_main_context_iteration (NULL, FALSE)) /* all are posted; few are done by now */
    ;
  guint refused = 0;
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PotooSnapshot) snapshot = finish (f, &results[i], &error);
      if (snapshot == NULL)
        g_assert_error (error, POTOO_ERROR, POTOO_ERROR_BUSY);
      refused += snapshot == NULL ? 1 : 0;
    }
  g_assert_cmpuint (refused, >, 0);
  g_assert_cmpuint (refused, <=, 10);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_refused_total"), ==, refused);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_decoding"), ==, 0);
}

static void
test_garbage (Fixture *f, gconstpointer data)
{
  GAsyncResult *result;

  live_fixture_push_garbage (&f->camera);
  ask (f, "door", 0, &result);
  assert_fails (f, &result, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_failed_total"), ==, 1);
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cache_bytes"), ==, 0);
}

static void
test_stopped (Fixture *f, gconstpointer data)
{
  GAsyncResult *results[10];

  live_fixture_push (&f->camera, 1, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    ask (f, "door", 100 + i, &results[i]);
  g_main_context_iteration (NULL, FALSE);
  potoo_snapshots_stop (f->snapshots);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PotooSnapshot) snapshot = finish (f, &results[i], &error);
      if (snapshot == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
    }
  g_assert_cmpint (live_fixture_read_metric ("potoo_snapshots_cache_bytes"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  live_fixture_encode ();

#define TEST(name, func) g_test_add ("/snapshots/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("newest", test_newest);
  TEST ("cached", test_cached);
  TEST ("cache-bound", test_cache_bound);
  TEST ("overload", test_overload);
  TEST ("shares-decoding", test_shares_decoding);
  TEST ("bound", test_bound);
  TEST ("garbage", test_garbage);
  TEST ("stopped", test_stopped);
  return g_test_run ();
}
