/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "camera/potoo-camera-private.h"
#include "camera/potoo-fragment-gate.h"
#include "fake-camera-pipeline.h"

#define MS 1000
#define LONG (3600 * POTOO_SECOND_US)

/* Nothing happens by time alone; each test shortens what it is about. */
static const PotooConnectionTiming patient = {
  .backoff_min_us = LONG,
  .backoff_max_us = LONG,
  .settled_us = LONG,
  .auth_retry_us = LONG,
  .no_video_retry_us = LONG,
  .start_timeout_us = LONG,
  .no_data_timeout_us = LONG,
  .stall_timeout_us = LONG,
  .keyframe_timeout_us = LONG,
  .keyframe_max_bytes = 1000000,
  .keyframe_grace_us = LONG,
  .keyframe_repeat_us = LONG,
  .stop_timeout_us = LONG,
};

typedef struct
{
  PotooCamera *camera;
  GString *events; /* what the camera's signals told, in order */
  guint n_stopped;
} Fixture;

static PotooCameraSettings *
make_settings (const char *url, const char *name, gboolean enabled)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_string_member (object, "id", "cam");
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "url", url);
  json_object_set_boolean_member (object, "enabled", enabled);
  PotooCameraSettings *settings = potoo_camera_settings_new (object, &error);
  g_assert_no_error (error);
  return settings;
}

static void
on_status_changed (PotooCamera *camera, Fixture *fixture)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
  g_string_append_printf (fixture->events, "%s ", potoo_camera_state_to_string (snapshot->state));
}

static void
on_interrupted (PotooCamera *camera, int cause, Fixture *fixture)
{
  g_string_append_printf (fixture->events, "!%s ", potoo_gap_cause_to_string (cause));
}

static void
on_settings_changed (PotooCamera *camera, Fixture *fixture)
{
  g_string_append (fixture->events, "settings ");
}

static void
fixture_init (Fixture *fixture, const PotooConnectionTiming *timing, gboolean enabled)
{
  g_autoptr (PotooCameraSettings) settings = make_settings ("rtsp://10.0.0.1/a", "Cam", enabled);

  fake_pipelines_reset ();
  *fixture = (Fixture){ .camera = potoo_camera_new (settings), .events = g_string_new (NULL) };
  potoo_camera_set_timing (fixture->camera, timing);
  g_signal_connect (fixture->camera, "status-changed", G_CALLBACK (on_status_changed), fixture);
  g_signal_connect (fixture->camera, "interrupted", G_CALLBACK (on_interrupted), fixture);
  g_signal_connect (fixture->camera, "settings-changed", G_CALLBACK (on_settings_changed), fixture);
}

/* Lets what is ready happen. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  potoo_camera_stop_finish (POTOO_CAMERA (source), result);
  fixture->n_stopped++;
}

static void
fixture_clear (Fixture *fixture)
{
  fake_pipelines_stop_by_hand = FALSE;
  potoo_camera_stop_async (fixture->camera, on_stopped, fixture);
  for (guint i = 0; i < fake_pipelines->len; i++)
    if (((FakePipeline *) fake_pipelines->pdata[i])->stop_task != NULL)
      fake_pipeline_stopped (fake_pipelines->pdata[i]);
  settle ();
  g_assert_cmpuint (fixture->n_stopped, >=, 1);
  g_assert_cmpuint (fake_pipelines_most_alive, <=, 1);
  g_assert_finalize_object (fixture->camera);
  g_string_free (fixture->events, TRUE);
  fake_pipelines_reset ();
  g_autofree char *metrics = potoo_metrics_render ();
  g_assert_cmpstr (metrics, ==, ""); /* all series went with their owners */
}

static void
assert_events (Fixture *fixture, const char *expected)
{
  g_assert_cmpstr (fixture->events->str, ==, expected);
  g_string_truncate (fixture->events, 0);
}

static void
assert_metric (const char *line)
{
  g_autofree char *text = potoo_metrics_render ();
  g_autofree char *whole = g_strconcat (line, "\n", NULL);
  if (strstr (text, whole) == NULL)
    g_error ("%s is not in\n%s", line, text);
}

/* Ticks every few milliseconds until there are @n pipelines or @state stands. */
static void
tick_until (Fixture *fixture, guint n_pipelines, PotooCameraState state)
{
  gint64 end_us = potoo_clock_mono_us () + 10 * POTOO_SECOND_US;

  while (TRUE)
    {
      g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture->camera);
      if (fake_pipelines->len >= n_pipelines && snapshot->state == state)
        return;
      g_assert_cmpint (potoo_clock_mono_us (), <, end_us);
      potoo_camera_tick (fixture->camera);
      settle ();
      g_usleep (2 * MS);
    }
}

/* Until something is told. */
static void
wait_for_event (Fixture *fixture)
{
  gint64 end_us = potoo_clock_mono_us () + 10 * POTOO_SECOND_US;

  while (fixture->events->len == 0)
    {
      g_assert_cmpint (potoo_clock_mono_us (), <, end_us);
      settle ();
      g_usleep (2 * MS);
    }
}

/* @words: in the reason; NULL: there is none. */
static void
assert_reason (Fixture *fixture, const char *words)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture->camera);

  if (words == NULL)
    g_assert_cmpstr (snapshot->reason, ==, NULL);
  else
    g_assert_nonnull (strstr (snapshot->reason, words));
}

static void
test_streaming (void)
{
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  g_assert_false (potoo_camera_tick (fixture.camera));
  potoo_camera_start (fixture.camera, 0);
  assert_events (&fixture, "connecting ");
  FakePipeline *fake = fake_pipeline_newest ();
  g_assert_true (fake->started);
  g_assert_true (potoo_camera_tick (fixture.camera));
  assert_metric ("potoo_camera_state{camera=\"cam\",stream=\"main\",state=\"connecting\"} 1");

  fake_pipeline_play (fake);
  assert_events (&fixture, "streaming ");
  fake->progress.access_units += 50;
  fake->progress.bytes += 2000;
  potoo_camera_tick (fixture.camera);
  g_usleep (20 * MS);
  fake->progress.access_units += 50;
  fake->progress.bytes += 2000;
  potoo_camera_tick (fixture.camera);
  assert_events (&fixture, ""); /* measurements alone are not told */

  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture.camera);
  g_assert_cmpstr (snapshot->video_codec, ==, "avc1.64001f");
  g_assert_null (snapshot->audio_codec);
  g_assert_cmpuint (snapshot->width, ==, 1920);
  g_assert_cmpfloat (snapshot->fps, >, 0);
  g_assert_cmpint (snapshot->bitrate, >, 0);
  g_assert_null (snapshot->reason);
  g_assert_cmpint (snapshot->retry_at_us, ==, 0);
  g_assert_cmpint (ABS (snapshot->since_us - potoo_clock_wall_us ()), <, 10 * POTOO_SECOND_US);
  assert_metric ("potoo_camera_access_units_total{camera=\"cam\",stream=\"main\"} 101");
  assert_metric ("potoo_camera_media_bytes_total{camera=\"cam\",stream=\"main\"} 5000");
  assert_metric ("potoo_camera_state{camera=\"cam\",stream=\"main\",state=\"connecting\"} 0");
  assert_metric ("potoo_camera_state{camera=\"cam\",stream=\"main\",state=\"streaming\"} 1");
  assert_metric ("potoo_camera_connects_total{camera=\"cam\",stream=\"main\"} 1");

  fake->audio = g_strdup ("mp4a.40.2"); /* a track that comes later */
  potoo_camera_tick (fixture.camera);
  assert_events (&fixture, "streaming ");

  fake->no_sound = g_strdup ("no such encoder");
  potoo_camera_tick (fixture.camera);
  assert_events (&fixture, "streaming ");
  g_autoptr (PotooCameraSnapshot) silent = potoo_camera_get_snapshot (fixture.camera);
  g_assert_cmpstr (silent->reason, ==, "no such encoder");
  fixture_clear (&fixture);
}

static void
test_disabled (void)
{
  g_autoptr (PotooCameraSettings) enabled = make_settings ("rtsp://10.0.0.1/a", "Cam", TRUE);
  g_autoptr (PotooCameraSettings) disabled = make_settings ("rtsp://10.0.0.1/a", "Cam", FALSE);
  Fixture fixture;

  fixture_init (&fixture, &patient, FALSE);
  potoo_camera_start (fixture.camera, 0);
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 0);
  g_assert_false (potoo_camera_tick (fixture.camera));
  assert_events (&fixture, "");

  potoo_camera_set_settings (fixture.camera, enabled);
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  assert_events (&fixture, "connecting settings ");
  fake_pipeline_play (fake_pipeline_newest ());
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_set_settings (fixture.camera, disabled);
  settle ();
  assert_events (&fixture, "streaming disabled settings "); /* not before it has stopped */
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  assert_events (&fixture, "!disconnected ");
  g_assert_false (fake_pipeline_newest ()->alive);
  fixture_clear (&fixture);
}

static void
test_delay (void)
{
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_camera_start (fixture.camera, 50 * MS);
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 0);
  g_assert_true (potoo_camera_tick (fixture.camera));
  tick_until (&fixture, 1, POTOO_CAMERA_CONNECTING);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, >=, 50 * MS);
  fixture_clear (&fixture);

  fixture_init (&fixture, &patient, TRUE); /* stopped before its time came */
  potoo_camera_start (fixture.camera, 50 * MS);
  fixture_clear (&fixture);
}

static void
test_backing_off (void)
{
  PotooConnectionTiming timing = patient;
  Fixture fixture;

  timing.backoff_min_us = 20 * MS;
  timing.backoff_max_us = 40 * MS;
  fixture_init (&fixture, &timing, TRUE);
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNREACHABLE, "No route to rtsp://u:p@h/");
  assert_events (&fixture, "connecting backing-off ");
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture.camera);
  g_assert_cmpstr (snapshot->reason, ==, "No route to rtsp://***@h/"); /* even if a source forgot */
  g_assert_cmpint (snapshot->retry_at_us, >, potoo_clock_wall_us () - POTOO_SECOND_US);
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  tick_until (&fixture, 2, POTOO_CAMERA_CONNECTING);
  assert_events (&fixture, "!disconnected connecting ");
  g_autoptr (PotooCameraSnapshot) trying = potoo_camera_get_snapshot (fixture.camera);
  g_assert_nonnull (trying->reason); /* stays until it plays */
  g_assert_cmpint (trying->retry_at_us, ==, 0);

  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_TIMEOUT, "late");
  tick_until (&fixture, 3, POTOO_CAMERA_CONNECTING);
  assert_events (&fixture, "backing-off connecting "); /* the same cause is told once */
  fake_pipeline_play (fake_pipeline_newest ());
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNAVAILABLE, "closed");
  settle ();
  assert_events (&fixture, "streaming backing-off !disconnected ");
  assert_metric (
      "potoo_camera_disconnects_total{camera=\"cam\",stream=\"main\",cause=\"disconnected\"} 3");
  fixture_clear (&fixture);
}

/* The stop of the old pipeline takes longer than the back-off. */
static void
test_slow_stop (void)
{
  PotooConnectionTiming timing = patient;
  Fixture fixture;

  timing.backoff_min_us = timing.backoff_max_us = 5 * MS;
  fixture_init (&fixture, &timing, TRUE);
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_play (fake_pipeline_newest ());
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNAVAILABLE, "closed");
  for (guint i = 0; i < 10; i++)
    {
      g_usleep (3 * MS);
      potoo_camera_tick (fixture.camera);
      settle ();
    }
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  assert_events (&fixture, "connecting streaming backing-off ");
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 2);
  assert_events (&fixture, "!disconnected connecting ");
  fixture_clear (&fixture);
}

/* Whatever state the camera is in, it tells that nothing can be connected. */
static void
test_hanging_stop (void)
{
  g_autoptr (PotooCameraSettings) enabled = make_settings ("rtsp://10.0.0.1/a", "Cam", TRUE);
  g_autoptr (PotooCameraSettings) disabled = make_settings ("rtsp://10.0.0.1/a", "Cam", FALSE);
  PotooConnectionTiming timing = patient;
  Fixture fixture;

  timing.stop_timeout_us = 20 * MS;
  fixture_init (&fixture, &timing, TRUE);
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_play (fake_pipeline_newest ());
  potoo_camera_set_settings (fixture.camera, disabled);
  settle ();
  assert_events (&fixture, "connecting streaming disabled settings ");
  assert_metric ("potoo_camera_stop_hangs{camera=\"cam\",stream=\"main\"} 0");
  wait_for_event (&fixture);
  assert_events (&fixture, "disabled ");
  assert_reason (&fixture, "does not end");
  assert_metric ("potoo_camera_stop_hangs{camera=\"cam\",stream=\"main\"} 1");

  potoo_camera_set_settings (fixture.camera, enabled);
  g_usleep (30 * MS);
  settle ();
  assert_events (&fixture, "connecting settings ");
  assert_reason (&fixture, "does not end");
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  assert_events (&fixture, "connecting !disconnected connecting ");
  assert_reason (&fixture, NULL);
  assert_metric ("potoo_camera_stop_hangs{camera=\"cam\",stream=\"main\"} 0");
  g_assert_cmpuint (fake_pipelines->len, ==, 2);
  fixture_clear (&fixture);
}

static void
test_auth_failed (void)
{
  g_autoptr (PotooCameraSettings) renamed = make_settings ("rtsp://10.0.0.1/a", "New", TRUE);
  g_autoptr (PotooCameraSettings) moved = make_settings ("rtsp://10.0.0.1/b", "New", TRUE);
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNAUTHORIZED, "refused");
  settle ();
  assert_events (&fixture, "connecting auth-failed !auth ");
  assert_metric ("potoo_camera_auth_failures_total{camera=\"cam\",stream=\"main\"} 1");
  potoo_camera_set_settings (fixture.camera, renamed);
  settle ();
  assert_events (&fixture, "auth-failed settings ");
  g_assert_cmpuint (fake_pipelines->len, ==, 1); /* another name is no reason to try */
  potoo_camera_set_settings (fixture.camera, moved);
  g_assert_cmpuint (fake_pipelines->len, ==, 2);
  g_assert_true (fake_pipeline_newest ()->settings == moved);
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNSUPPORTED, "no video");
  settle ();
  assert_events (&fixture, "connecting settings no-video !no-video ");
  fixture_clear (&fixture);
}

static void
test_reconnect_for_settings (void)
{
  g_autoptr (PotooCameraSettings) renamed = make_settings ("rtsp://10.0.0.1/a", "New", TRUE);
  g_autoptr (PotooCameraSettings) moved = make_settings ("rtsp://10.0.0.1/b", "New", TRUE);
  g_autoptr (PotooCameraSettings) again = make_settings ("rtsp://10.0.0.1/c", "New", TRUE);
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_play (fake_pipeline_newest ());
  g_autoptr (PotooCameraSnapshot) before = potoo_camera_get_snapshot (fixture.camera);
  potoo_camera_set_settings (fixture.camera, renamed);
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  assert_events (&fixture, "connecting streaming streaming settings ");
  g_autoptr (PotooCameraSnapshot) after = potoo_camera_get_snapshot (fixture.camera);
  g_assert_cmpuint (after->version, >, before->version);
  g_assert_cmpint (after->since_us, ==, before->since_us);
  g_assert_true (before->settings != after->settings); /* snapshots do not change */

  potoo_camera_set_settings (fixture.camera, moved);
  potoo_camera_set_settings (fixture.camera, again);
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  assert_events (&fixture, "connecting settings connecting settings ");
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 2);
  g_assert_true (fake_pipeline_newest ()->settings == again);
  assert_events (&fixture, "!disconnected connecting ");
  fixture_clear (&fixture);
}

static void
test_start_watchdog (void)
{
  PotooConnectionTiming timing = patient;
  Fixture fixture;

  timing.start_timeout_us = 20 * MS;
  fixture_init (&fixture, &timing, TRUE);
  potoo_camera_start (fixture.camera, 0);
  tick_until (&fixture, 1, POTOO_CAMERA_BACKING_OFF);
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture.camera);
  g_assert_nonnull (strstr (snapshot->reason, "did not answer"));
  assert_events (&fixture, "connecting backing-off !disconnected ");
  fixture_clear (&fixture);

  timing.start_timeout_us = LONG;
  timing.no_data_timeout_us = 20 * MS;
  fixture_init (&fixture, &timing, TRUE);
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_newest ()->progress.bytes = 100;
  tick_until (&fixture, 1, POTOO_CAMERA_BACKING_OFF);
  assert_events (&fixture, "connecting backing-off !stalled ");
  fixture_clear (&fixture);
}

static void
test_stall (void)
{
  PotooConnectionTiming timing = patient;
  Fixture fixture;

  timing.stall_timeout_us = 30 * MS;
  fixture_init (&fixture, &timing, TRUE);
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_play (fake_pipeline_newest ());
  tick_until (&fixture, 1, POTOO_CAMERA_BACKING_OFF);
  assert_events (&fixture, "connecting streaming backing-off ");
  g_assert_true (fake_pipeline_newest ()->stopping);
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  assert_events (&fixture, "!stalled ");
  assert_metric ("potoo_camera_stalls_total{camera=\"cam\",stream=\"main\"} 1");
  fixture_clear (&fixture);
}

static void
test_no_keyframes (void)
{
  PotooConnectionTiming timing = patient;
  Fixture fixture;

  timing.keyframe_grace_us = 20 * MS;
  timing.keyframe_repeat_us = 20 * MS;
  fixture_init (&fixture, &timing, TRUE);
  potoo_camera_start (fixture.camera, 0);
  FakePipeline *fake = fake_pipeline_newest ();
  fake_pipeline_play (fake);
  potoo_camera_tick (fixture.camera);
  g_assert_cmpuint (fake->keyframe_requests, ==, 0);
  fake->progress.bytes_since_keyframe = timing.keyframe_max_bytes;
  potoo_camera_tick (fixture.camera);
  g_assert_cmpuint (fake->keyframe_requests, ==, 1);
  assert_events (&fixture, "connecting streaming ");

  tick_until (&fixture, 1, POTOO_CAMERA_NO_KEYFRAMES);
  assert_events (&fixture, "!no-keyframes no-keyframes ");
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture.camera);
  g_assert_nonnull (strstr (snapshot->reason, "keyframe"));
  g_assert_nonnull (snapshot->video_codec); /* it is connected */
  while (fake->keyframe_requests < 3)
    {
      g_usleep (5 * MS);
      potoo_camera_tick (fixture.camera);
    }
  g_assert_true (!fake->stopping);
  assert_events (&fixture, "");

  fake->progress.last_keyframe_us = potoo_clock_mono_us ();
  fake->progress.bytes_since_keyframe = 0;
  potoo_camera_tick (fixture.camera);
  assert_events (&fixture, "streaming ");
  g_autoptr (PotooCameraSnapshot) back = potoo_camera_get_snapshot (fixture.camera);
  g_assert_null (back->reason);
  fake_pipeline_end (fake, POTOO_ERROR_UNAVAILABLE, "closed");
  settle ();
  assert_events (&fixture, "backing-off !disconnected ");
  fixture_clear (&fixture);
}

static void
test_stop_while_connecting (void)
{
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_start (fixture.camera, 0);
  potoo_camera_stop_async (fixture.camera, on_stopped, &fixture);
  potoo_camera_stop_async (fixture.camera, on_stopped, &fixture);
  settle ();
  g_assert_cmpuint (fixture.n_stopped, ==, 0);
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  g_assert_cmpuint (fixture.n_stopped, ==, 2);
  assert_events (&fixture, "connecting disabled "); /* no interruption */
  fixture_clear (&fixture);
}

/* A failed connection's stop is under way when the camera is stopped, and nobody
 * but the pipeline holds the camera any more. */
static void
test_stop_while_stopping (void)
{
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  fake_pipelines_stop_by_hand = TRUE;
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNAUTHORIZED, "refused");
  potoo_camera_stop_async (fixture.camera, on_stopped, &fixture);
  PotooCamera *camera = fixture.camera;
  g_object_add_weak_pointer (G_OBJECT (camera), (gpointer *) &fixture.camera);
  g_object_unref (camera);
  settle ();
  g_assert_cmpuint (fixture.n_stopped, ==, 0);
  g_assert_nonnull (fixture.camera);
  fake_pipeline_stopped (fake_pipeline_newest ());
  settle ();
  g_assert_cmpuint (fixture.n_stopped, ==, 1);
  g_assert_null (fixture.camera);
  assert_events (&fixture, "connecting auth-failed disabled !auth ");
  g_string_free (fixture.events, TRUE);
  fake_pipelines_reset ();
}

static void
push_keyframe (PotooStreamHub *hub)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  PotooAccessUnit unit = { .buffer = buffer, .key = TRUE };
  potoo_stream_hub_push (hub, &unit);
}

/* The hub outlives connections, but does not show a lost camera's old picture. */
static void
test_hub (void)
{
  Fixture fixture;
  PotooAccessUnit unit = { 0 };

  fixture_init (&fixture, &patient, TRUE);
  potoo_camera_start (fixture.camera, 0);
  PotooStreamHub *hub = potoo_camera_get_hub (fixture.camera, POTOO_STREAM_MAIN);
  g_assert_true (fake_pipeline_newest ()->hub == hub);
  push_keyframe (hub);
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_UNAVAILABLE, "closed");
  settle ();
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (hub, 1, 10000, NULL, NULL);
  g_assert_false (potoo_subscriber_take (subscriber, &unit));
  push_keyframe (hub);
  g_assert_true (potoo_subscriber_take (subscriber, &unit));
  potoo_access_unit_clear (&unit);
  potoo_subscriber_free (subscriber);
  fixture_clear (&fixture);
}

static gpointer
read_snapshots (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (fixture->camera);
      g_assert_cmpstr (potoo_camera_settings_get_id (snapshot->settings), ==, "cam");
    }
  return NULL;
}

static void
test_snapshot_threads (void)
{
  Fixture fixture;

  fixture_init (&fixture, &patient, TRUE);
  potoo_camera_start (fixture.camera, 0);
  fake_pipeline_play (fake_pipeline_newest ());
  GThread *thread = g_thread_new ("reader", read_snapshots, &fixture);
  for (guint i = 0; i < 2000; i++)
    {
      fake_pipeline_newest ()->progress.access_units++;
      fake_pipeline_newest ()->width = i;
      potoo_camera_tick (fixture.camera);
    }
  g_thread_join (thread);
  fixture_clear (&fixture);
}

/* --- the gate of fragments --- */

typedef struct
{
  PotooFragmentGate *gate;
  gint n_pushed;  /* atomic */
  gint finished;  /* atomic */
  gint open;      /* atomic; cleared once no call may be under way */
  gint destroyed; /* atomic */
} GateTest;

static void
on_gate_fragment (PotooFragment *fragment, gpointer data)
{
  GateTest *test = data;

  g_atomic_int_inc (&test->n_pushed);
  g_thread_yield ();
  g_assert_true (g_atomic_int_get (&test->open));
}

static void
on_gate_destroyed (gpointer data)
{
  g_atomic_int_inc (&((GateTest *) data)->destroyed);
}

static gpointer
push_through_gate (gpointer data)
{
  GateTest *test = data;

  while (!g_atomic_int_get (&test->finished))
    potoo_fragment_gate_push (NULL, test->gate);
  return NULL;
}

static void
test_gate (void)
{
  for (guint round = 0; round < 50; round++)
    {
      GateTest test = { .open = TRUE };
      test.gate = potoo_fragment_gate_new (on_gate_fragment, &test, on_gate_destroyed);
      GThread *thread = g_thread_new ("pusher", push_through_gate, &test);
      while (g_atomic_int_get (&test.n_pushed) < 5)
        g_thread_yield ();
      potoo_fragment_gate_close (test.gate);
      g_atomic_int_set (&test.open, FALSE);
      g_assert_cmpint (g_atomic_int_get (&test.destroyed), ==, 1);
      g_usleep (100);
      g_atomic_int_set (&test.finished, TRUE);
      g_thread_join (thread);
      potoo_fragment_gate_free (test.gate);
      g_assert_cmpint (test.destroyed, ==, 1);
    }
}

int
main (int argc, char *argv[])
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/camera/streaming", test_streaming);
  g_test_add_func ("/camera/disabled", test_disabled);
  g_test_add_func ("/camera/delay", test_delay);
  g_test_add_func ("/camera/backing-off", test_backing_off);
  g_test_add_func ("/camera/slow-stop", test_slow_stop);
  g_test_add_func ("/camera/hanging-stop", test_hanging_stop);
  g_test_add_func ("/camera/auth-failed", test_auth_failed);
  g_test_add_func ("/camera/settings", test_reconnect_for_settings);
  g_test_add_func ("/camera/start-watchdog", test_start_watchdog);
  g_test_add_func ("/camera/stall", test_stall);
  g_test_add_func ("/camera/no-keyframes", test_no_keyframes);
  g_test_add_func ("/camera/stop/connecting", test_stop_while_connecting);
  g_test_add_func ("/camera/stop/stopping", test_stop_while_stopping);
  g_test_add_func ("/camera/hub", test_hub);
  g_test_add_func ("/camera/snapshot/threads", test_snapshot_threads);
  g_test_add_func ("/camera/gate", test_gate);
  return g_test_run ();
}
