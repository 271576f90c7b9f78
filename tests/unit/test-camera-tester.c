/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tries of cameras whose pipelines are the test's (fake-camera-pipeline.h). */

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "camera/potoo-camera-tester.h"
#include "fake-camera-pipeline.h"

#define MS 1000
#define LONG (3600 * POTOO_SECOND_US)

typedef struct
{
  PotooCameraTester *tester;
  guint n_answers;
  guint n_stopped;
  PotooCameraTestResult *result; /* of the last answer */
  GError *error;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fake_pipelines_reset ();
  fixture->tester = potoo_camera_tester_new ();
  potoo_camera_tester_set_timeout (fixture->tester, LONG);
}

static void
clear_answer (Fixture *fixture)
{
  g_clear_pointer (&fixture->result, potoo_camera_test_result_free);
  g_clear_error (&fixture->error);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A decoder that is to be given up may take a moment. */
static void
await_metric (const char *text)
{
  gint64 deadline_us = potoo_clock_mono_us () + 10 * POTOO_SECOND_US;

  for (;;)
    {
      settle ();
      g_autofree char *page = potoo_metrics_render ();
      if (strstr (page, text) != NULL)
        return;
      g_assert_cmpint (potoo_clock_mono_us (), <, deadline_us);
      g_usleep (MS);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  clear_answer (fixture);
  await_metric ("potoo_camera_tests 0\n");
  g_assert_finalize_object (fixture->tester);
  fake_pipelines_reset ();
}

static void
on_tested (GObject *tester, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  clear_answer (fixture);
  fixture->result = potoo_camera_tester_test_finish (POTOO_CAMERA_TESTER (tester), result,
                                                     &fixture->error);
  g_assert_true ((fixture->result != NULL) != (fixture->error != NULL));
  fixture->n_answers++;
}

static void
on_stopped (GObject *tester, GAsyncResult *result, gpointer user_data)
{
  potoo_camera_tester_stop_finish (POTOO_CAMERA_TESTER (tester), result);
  ((Fixture *) user_data)->n_stopped++;
}

/* The pipeline that it led to; NULL when there is none. */
static FakePipeline *
begin (Fixture *fixture, GCancellable *cancellable)
{
  g_autoptr (JsonObject) object = json_object_new ();
  guint n = fake_pipelines->len;

  json_object_set_string_member (object, "id", "test");
  json_object_set_string_member (object, "url", "rtsp://10.0.0.1/a");
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, NULL);
  potoo_camera_tester_test_async (fixture->tester, settings, cancellable, on_tested, fixture);
  settle ();
  return fake_pipelines->len > n ? fake_pipeline_newest () : NULL;
}

static void
await_answers (Fixture *fixture, guint n)
{
  gint64 deadline_us = potoo_clock_mono_us () + 10 * POTOO_SECOND_US;

  while (fixture->n_answers < n)
    {
      g_assert_cmpint (potoo_clock_mono_us (), <, deadline_us);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (MS);
    }
  settle ();
}

/* What no decoder makes a picture of. */
static void
push (FakePipeline *fake, guint track, int n, gboolean key)
{
  static const guint8 nonsense[100];
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      track == 0 ? "video/x-h264,stream-format=avc,alignment=au,width=64,height=64"
                 : "audio/x-opus");
  PotooAccessUnit unit = {
    .track = track,
    .buffer = gst_buffer_new_memdup (nonsense, sizeof nonsense),
    .caps = caps,
    .pts_ns = (GstClockTime) n * 40 * GST_MSECOND,
    .dts_ns = (GstClockTime) n * 40 * GST_MSECOND,
    .key = key,
  };

  if (!key)
    GST_BUFFER_FLAG_SET (unit.buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  potoo_stream_hub_push (fake->hub, &unit);
  gst_buffer_unref (unit.buffer);
}

/* --- outcomes --- */

static void
test_plays (Fixture *fixture, gconstpointer data)
{
  FakePipeline *fake = begin (fixture, NULL);

  g_assert_true (fake->started);
  fake->audio = g_strdup ("opus");
  fake_pipeline_play (fake);
  g_assert_cmpuint (fake->keyframe_requests, ==, 1);
  for (int n = 0; n < 40; n++)
    {
      push (fake, 0, n, n == 5 || n == 30);
      push (fake, 1, n, TRUE);
    }
  await_answers (fixture, 1);
  g_assert_true (fixture->result->ok);
  g_assert_null (fixture->result->reason);
  g_assert_cmpstr (fixture->result->video_codec, ==, "avc1.64001f");
  g_assert_cmpuint (fixture->result->width, ==, 1920);
  g_assert_cmpuint (fixture->result->height, ==, 1080);
  g_assert_cmpstr (fixture->result->audio_codec, ==, "opus");
  g_assert_cmpfloat_with_epsilon (fixture->result->fps, 25.0, 0.001);
  g_assert_null (fixture->result->picture);
  g_assert_cmpint (fixture->result->duration_us, >=, POTOO_SECOND_US);
  g_assert_false (fake->alive);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  FakePipeline *fake = begin (fixture, NULL);

  fake_pipeline_end (fake, POTOO_ERROR_UNAUTHORIZED, "Wrong password");
  await_answers (fixture, 1);
  g_assert_false (fixture->result->ok);
  g_assert_cmpint (fixture->result->error, ==, POTOO_ERROR_UNAUTHORIZED);
  g_assert_cmpstr (fixture->result->reason, ==, "Wrong password");
  g_assert_null (fixture->result->video_codec);
  g_assert_false (fake->alive);
}

static void
test_lost_meanwhile (Fixture *fixture, gconstpointer data)
{
  FakePipeline *fake = begin (fixture, NULL);

  fake_pipeline_play (fake);
  push (fake, 0, 0, TRUE);
  settle ();
  fake_pipeline_end (fake, POTOO_ERROR_UNAVAILABLE, "Lost");
  await_answers (fixture, 1);
  g_assert_false (fixture->result->ok);
  g_assert_cmpint (fixture->result->error, ==, POTOO_ERROR_UNAVAILABLE);
  await_metric ("potoo_camera_tests 0\n"); /* the picture that was being made goes nowhere */
  g_assert_cmpuint (fixture->n_answers, ==, 1);
}

static void
test_no_answer (Fixture *fixture, gconstpointer data)
{
  potoo_camera_tester_set_timeout (fixture->tester, 50 * MS);
  begin (fixture, NULL);
  await_answers (fixture, 1);
  g_assert_false (fixture->result->ok);
  g_assert_cmpint (fixture->result->error, ==, POTOO_ERROR_TIMEOUT);
  g_assert_nonnull (strstr (fixture->result->reason, "No video came"));
}

static void
test_no_video (Fixture *fixture, gconstpointer data)
{
  potoo_camera_tester_set_timeout (fixture->tester, 50 * MS);
  FakePipeline *fake = begin (fixture, NULL);
  fake->progress.bytes = 1000;
  await_answers (fixture, 1);
  g_assert_false (fixture->result->ok);
  g_assert_cmpint (fixture->result->error, ==, POTOO_ERROR_TIMEOUT);
  g_assert_nonnull (strstr (fixture->result->reason, "sends no video"));
}

static void
test_no_keyframe (Fixture *fixture, gconstpointer data)
{
  potoo_camera_tester_set_timeout (fixture->tester, 50 * MS);
  FakePipeline *fake = begin (fixture, NULL);
  fake_pipeline_play (fake);
  push (fake, 0, 0, FALSE);
  await_answers (fixture, 1);
  g_assert_true (fixture->result->ok);
  g_assert_nonnull (strstr (fixture->result->reason, "keyframe"));
  g_assert_cmpfloat_with_epsilon (fixture->result->fps, 0, 0.001);
}

/* --- bounds --- */

static void
test_at_once (Fixture *fixture, gconstpointer data)
{
  fake_pipelines_stop_by_hand = TRUE;
  for (int i = 0; i < POTOO_MAX_CAMERA_TESTS; i++)
    g_assert_nonnull (begin (fixture, NULL));
  g_assert_null (begin (fixture, NULL));
  g_assert_cmpuint (fixture->n_answers, ==, 1);
  g_assert_error (fixture->error, POTOO_ERROR, POTOO_ERROR_BUSY);

  /* One that is answered counts until its connection is down. */
  FakePipeline *first = fake_pipelines->pdata[0];
  fake_pipeline_end (first, POTOO_ERROR_FAILED, "Failed");
  settle ();
  g_assert_cmpuint (fixture->n_answers, ==, 2);
  g_assert_null (begin (fixture, NULL));
  fake_pipeline_stopped (first);
  settle ();
  g_assert_nonnull (begin (fixture, NULL));
  g_autofree char *page = potoo_metrics_render ();
  g_assert_nonnull (strstr (page, "potoo_camera_tests 4\n"));
  g_assert_nonnull (strstr (page, "potoo_camera_tests_total 5\n"));
  g_assert_nonnull (strstr (page, "potoo_camera_tests_refused_total 2\n"));

  potoo_camera_tester_stop_async (fixture->tester, on_stopped, fixture);
  for (guint i = 1; i < fake_pipelines->len; i++)
    fake_pipeline_stopped (fake_pipelines->pdata[i]);
  settle ();
  g_assert_cmpuint (fixture->n_stopped, ==, 1);
}

static void
test_burst (Fixture *fixture, gconstpointer data)
{
  for (int i = 0; i < POTOO_CAMERA_TEST_BURST; i++)
    {
      FakePipeline *fake = begin (fixture, NULL);
      g_assert_nonnull (fake);
      fake_pipeline_end (fake, POTOO_ERROR_FAILED, "Failed");
      settle ();
    }
  g_assert_null (begin (fixture, NULL));
  g_assert_error (fixture->error, POTOO_ERROR, POTOO_ERROR_BUSY);
}

/* --- ends --- */

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  FakePipeline *fake = begin (fixture, cancellable);

  fake_pipeline_play (fake);
  g_cancellable_cancel (cancellable);
  settle ();
  g_assert_cmpuint (fixture->n_answers, ==, 1);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (fake->alive);

  /* Cancelled before its turn: nothing is connected. */
  g_assert_null (begin (fixture, cancellable));
  g_assert_cmpuint (fixture->n_answers, ==, 2);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  begin (fixture, NULL);
  begin (fixture, NULL);
  potoo_camera_tester_stop_async (fixture->tester, on_stopped, fixture);
  settle ();
  g_assert_cmpuint (fixture->n_answers, ==, 2);
  g_assert_error (fixture->error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_assert_cmpuint (fixture->n_stopped, ==, 1);
  g_assert_null (begin (fixture, NULL));
  g_assert_error (fixture->error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
}

static void
test_stop_hangs (Fixture *fixture, gconstpointer data)
{
  fake_pipelines_stop_by_hand = TRUE;
  FakePipeline *fake = begin (fixture, NULL);
  gint64 begin_us = potoo_clock_mono_us ();

  potoo_camera_tester_stop_async (fixture->tester, on_stopped, fixture);
  while (fixture->n_stopped == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, >=, POTOO_SECOND_US - 10 * MS);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, <, 3 * POTOO_SECOND_US);
  fake_pipeline_stopped (fake);
  settle ();
}

/* --- threads --- */

typedef struct
{
  PotooCameraTester *tester;
  GThread *answered_in;
  gint done; /* atomic */
} Caller;

static void
on_answered (GObject *tester, GAsyncResult *result, gpointer user_data)
{
  Caller *caller = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_camera_tester_test_finish (POTOO_CAMERA_TESTER (tester), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  caller->answered_in = g_thread_self ();
}

static gpointer
call (gpointer data)
{
  Caller *caller = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "id", "test");
  json_object_set_string_member (object, "url", "rtsp://10.0.0.1/a");
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, NULL);
  g_main_context_push_thread_default (context);
  potoo_camera_tester_test_async (caller->tester, settings, cancellable, on_answered, caller);
  g_usleep (50 * MS);
  g_cancellable_cancel (cancellable);
  while (caller->answered_in == NULL)
    g_main_context_iteration (context, TRUE);
  g_assert_true (caller->answered_in == g_thread_self ());
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&caller->done, TRUE);
  return NULL;
}

static void
test_other_thread (Fixture *fixture, gconstpointer data)
{
  Caller caller = { .tester = fixture->tester };
  g_autoptr (GThread) thread = g_thread_new ("caller", call, &caller);

  while (!g_atomic_int_get (&caller.done))
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (MS);
    }
  g_thread_join (g_steal_pointer (&thread));
}

static void
add (const char *name, void (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/camera-tester/%s", name);
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  add ("plays", test_plays);
  add ("refused", test_refused);
  add ("lost-meanwhile", test_lost_meanwhile);
  add ("no-answer", test_no_answer);
  add ("no-video", test_no_video);
  add ("no-keyframe", test_no_keyframe);
  add ("at-once", test_at_once);
  add ("burst", test_burst);
  add ("cancel", test_cancel);
  add ("stop", test_stop);
  add ("stop-hangs", test_stop_hangs);
  add ("other-thread", test_other_thread);
  return g_test_run ();
}
