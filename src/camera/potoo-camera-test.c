/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * start() connects → video comes: of the first keyframe a picture is made, and for a second
 * and a half what comes is counted, which is also the time that sound has to show up →
 * answer → stop of the pipeline → gone. An end of the connection before that, the
 * time-out, a cancelled task or abort() answer earlier.
 *
 * The hub's streaming threads do no more than make a source of the main context ready.
 */

#include "camera/potoo-camera-test.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "media/potoo-camera-pipeline.h"
#include "media/potoo-still-picture.h"

#define MEASURE_MS 1500
#define QUEUE_BYTES (16 * 1024 * 1024)
#define STREAM "test"

struct _PotooCameraTest
{
  GTask *task; /* NULL: answered */
  void (*gone) (PotooCameraTest *test, gpointer user_data);
  gpointer gone_data;
  gint64 begin_us;
  gint64 timeout_us;

  PotooCameraSettings *settings;
  PotooStreamHub *hub;
  PotooCameraPipeline *pipeline; /* until it is stopped */
  PotooSubscriber *subscriber;   /* until it is answered */
  GSource *wake;                 /* … */
  GSource *cancelled;            /* … (nullable) */
  guint timeout_source;
  guint measure_source;

  gboolean playing;
  gboolean measured;
  guint64 n_units; /* of video, from the first keyframe on … */
  guint64 first_ns, last_ns;
  GCancellable *picture_cancellable; /* while a picture is made */
  PotooCameraTestResult *result;
};

void
potoo_camera_test_result_free (PotooCameraTestResult *result)
{
  g_free (result->reason);
  g_free (result->video_codec);
  g_free (result->audio_codec);
  g_clear_pointer (&result->picture, g_bytes_unref);
  g_free (result);
}

/* --- the end --- */

static void
free_when_gone (PotooCameraTest *test)
{
  if (test->pipeline != NULL || test->picture_cancellable != NULL)
    return;
  test->gone (test, test->gone_data);
  potoo_stream_hub_unref (test->hub);
  potoo_camera_settings_unref (test->settings);
  g_clear_pointer (&test->result, potoo_camera_test_result_free);
  g_free (test);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooCameraTest *test = user_data;

  potoo_camera_pipeline_stop_finish (POTOO_CAMERA_PIPELINE (source), result);
  g_clear_object (&test->pipeline);
  free_when_gone (test);
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stop (PotooCameraTest *test)
{
  g_clear_handle_id (&test->timeout_source, g_source_remove);
  g_clear_handle_id (&test->measure_source, g_source_remove);
  g_clear_pointer (&test->subscriber, potoo_subscriber_free); /* no wake comes any more */
  drop_source (&test->wake);
  drop_source (&test->cancelled);
  if (test->picture_cancellable != NULL)
    g_cancellable_cancel (test->picture_cancellable);
  g_signal_handlers_disconnect_by_data (test->pipeline, test);
  potoo_camera_pipeline_stop_async (test->pipeline, on_stopped, test);
}

static void
describe_tracks (PotooCameraTest *test, PotooCameraTestResult *result)
{
  guint64 span_ns = test->last_ns - test->first_ns;

  potoo_camera_pipeline_get_video (test->pipeline, &result->video_codec, &result->width,
                                   &result->height);
  result->audio_codec = potoo_camera_pipeline_get_audio (test->pipeline);
  if (test->n_units > 1 && span_ns > 0)
    result->fps = (double) (test->n_units - 1) * 1e9 / (double) span_ns;
}

/* Once. */
static void
answer (PotooCameraTest *test)
{
  g_autoptr (GTask) task = g_steal_pointer (&test->task);

  test->result->duration_us = potoo_clock_mono_us () - test->begin_us;
  g_task_return_pointer (task, g_steal_pointer (&test->result),
                         (GDestroyNotify) potoo_camera_test_result_free);
  stop (test);
}

static void
answer_ok (PotooCameraTest *test, const char *reason)
{
  test->result->ok = TRUE;
  test->result->reason = g_strdup (reason);
  describe_tracks (test, test->result);
  answer (test);
}

static void
answer_failure (PotooCameraTest *test, PotooError error, const char *reason)
{
  test->result->error = error;
  test->result->reason = g_strdup (reason);
  answer (test);
}

static void
answer_error (PotooCameraTest *test, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&test->task);

  g_task_return_error (task, error);
  stop (test);
}

/* --- what comes --- */

static void
answer_when_done (PotooCameraTest *test)
{
  if (test->task == NULL || !test->measured || test->picture_cancellable != NULL)
    return;
  g_autofree char *no_sound = potoo_camera_pipeline_look (test->pipeline);
  answer_ok (test, no_sound);
}

static void
on_picture (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  PotooCameraTest *test = user_data;
  g_autoptr (GBytes) picture = potoo_still_picture_encode_finish (async_result, NULL);

  g_clear_object (&test->picture_cancellable);
  if (test->task == NULL)
    {
      free_when_gone (test);
      return;
    }
  if (picture != NULL && g_bytes_get_size (picture) <= POTOO_CAMERA_TEST_PICTURE_BYTES)
    test->result->picture = g_steal_pointer (&picture);
  answer_when_done (test);
}

static gboolean
on_measured (gpointer user_data)
{
  PotooCameraTest *test = user_data;

  test->measure_source = 0;
  test->measured = TRUE;
  answer_when_done (test);
  return G_SOURCE_REMOVE;
}

static void
take_video (PotooCameraTest *test, const PotooAccessUnit *unit)
{
  if (test->n_units == 0)
    {
      test->measure_source = g_timeout_add (MEASURE_MS, on_measured, test);
      test->picture_cancellable = g_cancellable_new ();
      potoo_still_picture_encode_async (unit, POTOO_CAMERA_TEST_PICTURE_HEIGHT,
                                        test->picture_cancellable, on_picture, test);
    }
  if (test->n_units == 0 || unit->discontinuous)
    {
      test->n_units = 0;
      test->first_ns = test->last_ns = unit->pts_ns;
    }
  test->n_units++;
  test->first_ns = MIN (test->first_ns, unit->pts_ns);
  test->last_ns = MAX (test->last_ns, unit->pts_ns);
}

static gboolean
on_access_units (gpointer user_data)
{
  PotooCameraTest *test = user_data;
  PotooAccessUnit unit;

  g_source_set_ready_time (test->wake, -1);
  while (potoo_subscriber_take (test->subscriber, &unit))
    {
      if (unit.track == 0)
        take_video (test, &unit);
      potoo_access_unit_clear (&unit);
    }
  return G_SOURCE_CONTINUE;
}

/* A feeding thread. */
static void
wake (gpointer user_data)
{
  g_source_set_ready_time (((PotooCameraTest *) user_data)->wake, 0);
}

/* --- what happens to the connection --- */

static void
on_playing (PotooCameraPipeline *pipeline, PotooCameraTest *test)
{
  test->playing = TRUE;
  potoo_camera_pipeline_request_keyframe (pipeline);
}

static void
on_ended (PotooCameraPipeline *pipeline, const GError *error, PotooCameraTest *test)
{
  g_autoptr (PotooCameraPipeline) alive = g_object_ref (pipeline);

  if (!test->measured)
    answer_failure (test, potoo_error_code_of (error), error->message);
}

static void
answer_timeout (PotooCameraTest *test)
{
  PotooPipelineProgress progress;
  int seconds = (int) (test->timeout_us / G_USEC_PER_SEC);

  potoo_camera_pipeline_get_progress (test->pipeline, &progress);
  g_autofree char *reason = progress.bytes > 0
                                ? g_strdup (_ ("The camera accepted the connection but sends no "
                                               "video"))
                                : g_strdup_printf (_ ("No video came within %d s; check the "
                                                      "address, the network and the camera"),
                                                   seconds);
  answer_failure (test, POTOO_ERROR_TIMEOUT, reason);
}

static gboolean
on_timeout (gpointer user_data)
{
  PotooCameraTest *test = user_data;

  test->timeout_source = 0;
  if (test->n_units > 0)
    answer_ok (test, NULL); /* it is the picture that takes so long */
  else if (test->playing)
    answer_ok (test, _ ("No keyframe came meanwhile; set a shorter keyframe (I-frame) interval in "
                        "the camera"));
  else
    answer_timeout (test);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  answer_error (user_data,
                g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("The try was given up")));
  return G_SOURCE_REMOVE;
}

void
potoo_camera_test_abort (PotooCameraTest *test)
{
  if (test->task != NULL)
    answer_error (test, g_error_new_literal (POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                                             _ ("Potoo is stopping; try again later")));
}

/* --- the begin --- */

static gboolean
dispatch_wake (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs wake_funcs = { .dispatch = dispatch_wake };

static void
attach_sources (PotooCameraTest *test)
{
  GCancellable *cancellable = g_task_get_cancellable (test->task);

  test->wake = g_source_new (&wake_funcs, sizeof (GSource));
  g_source_set_callback (test->wake, on_access_units, test, NULL);
  g_source_attach (test->wake, NULL);
  test->timeout_source = g_timeout_add ((guint) (test->timeout_us / 1000), on_timeout, test);
  if (cancellable == NULL)
    return;
  test->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (test->cancelled, G_SOURCE_FUNC (on_cancelled), test, NULL);
  g_source_attach (test->cancelled, NULL);
}

PotooCameraTest *
potoo_camera_test_start (PotooCameraSettings *settings,
                         gint64 timeout_us,
                         GTask *task,
                         void (*gone) (PotooCameraTest *test, gpointer user_data),
                         gpointer user_data)
{
  PotooCameraTest *test = g_new0 (PotooCameraTest, 1);
  const char *id = potoo_camera_settings_get_id (settings);

  test->task = task;
  test->gone = gone;
  test->gone_data = user_data;
  test->begin_us = potoo_clock_mono_us ();
  test->timeout_us = timeout_us;
  test->result = g_new0 (PotooCameraTestResult, 1);
  test->settings = potoo_camera_settings_ref (settings);
  test->hub = potoo_stream_hub_new (id, STREAM);
  attach_sources (test);
  test->subscriber = potoo_stream_hub_subscribe (test->hub, 1, QUEUE_BYTES, wake, test);
  test->pipeline = potoo_camera_pipeline_new (settings, test->hub, NULL);
  g_signal_connect (test->pipeline, "playing", G_CALLBACK (on_playing), test);
  g_signal_connect (test->pipeline, "ended", G_CALLBACK (on_ended), test);
  potoo_camera_pipeline_start (test->pipeline);
  return test;
}
