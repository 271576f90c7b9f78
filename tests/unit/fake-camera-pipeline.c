/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fake-camera-pipeline.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"

struct _PotooCameraPipeline
{
  GObject parent_instance;
  FakePipeline *fake;
};

G_DEFINE_FINAL_TYPE (PotooCameraPipeline, potoo_camera_pipeline, G_TYPE_OBJECT)

GPtrArray *fake_pipelines;
gboolean fake_pipelines_stop_by_hand;
guint fake_pipelines_most_alive;

static void
fake_free (FakePipeline *fake)
{
  g_assert_null (fake->pipeline);
  potoo_camera_settings_unref (fake->settings);
  potoo_stream_hub_unref (fake->hub);
  g_free (fake->video);
  g_free (fake->audio);
  g_free (fake->no_sound);
  g_free (fake);
}

void
fake_pipelines_reset (void)
{
  g_clear_pointer (&fake_pipelines, g_ptr_array_unref);
  fake_pipelines = g_ptr_array_new_with_free_func ((GDestroyNotify) fake_free);
  fake_pipelines_stop_by_hand = FALSE;
  fake_pipelines_most_alive = 0;
}

FakePipeline *
fake_pipeline_newest (void)
{
  return fake_pipelines->len > 0 ? fake_pipelines->pdata[fake_pipelines->len - 1] : NULL;
}

void
fake_pipeline_play (FakePipeline *fake)
{
  g_assert_true (fake->started && !fake->stopping);
  fake->progress.last_access_unit_us = potoo_clock_mono_us ();
  fake->progress.last_keyframe_us = fake->progress.last_access_unit_us;
  fake->progress.access_units++;
  fake->progress.bytes += 1000;
  g_signal_emit_by_name (fake->pipeline, "playing");
}

void
fake_pipeline_end (FakePipeline *fake, int code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (POTOO_ERROR, code, message);
  g_signal_emit_by_name (fake->pipeline, "ended", error);
}

void
fake_pipeline_stopped (FakePipeline *fake)
{
  g_autoptr (GTask) task = g_steal_pointer (&fake->stop_task);
  g_assert_nonnull (task);
  g_task_return_boolean (task, TRUE);
}

static void
count_alive (PotooStreamHub *hub)
{
  guint n = 0;

  for (guint i = 0; i < fake_pipelines->len; i++)
    {
      FakePipeline *fake = fake_pipelines->pdata[i];
      n += fake->alive && fake->hub == hub ? 1 : 0;
    }
  fake_pipelines_most_alive = MAX (fake_pipelines_most_alive, n);
}

PotooCameraPipeline *
potoo_camera_pipeline_new (PotooCameraSettings *settings,
                           PotooStreamHub *hub,
                           PotooFragmenter *fragmenter)
{
  PotooCameraPipeline *self = g_object_new (POTOO_TYPE_CAMERA_PIPELINE, NULL);
  FakePipeline *fake = g_new0 (FakePipeline, 1);

  self->fake = fake;
  fake->pipeline = self;
  fake->settings = potoo_camera_settings_ref (settings);
  fake->hub = potoo_stream_hub_ref (hub);
  fake->video = g_strdup ("avc1.64001f");
  fake->width = 1920;
  fake->height = 1080;
  fake->alive = TRUE;
  g_ptr_array_add (fake_pipelines, fake);
  count_alive (hub);
  return self;
}

void
potoo_camera_pipeline_start (PotooCameraPipeline *self)
{
  g_assert_false (self->fake->started || self->fake->stopping);
  self->fake->started = TRUE;
}

void
potoo_camera_pipeline_stop_async (PotooCameraPipeline *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_assert_false (self->fake->stopping);
  self->fake->stopping = TRUE;
  self->fake->stop_task = g_task_new (self, NULL, callback, user_data);
  if (!fake_pipelines_stop_by_hand)
    fake_pipeline_stopped (self->fake);
}

void
potoo_camera_pipeline_stop_finish (PotooCameraPipeline *self, GAsyncResult *result)
{
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  self->fake->alive = FALSE;
}

void
potoo_camera_pipeline_request_keyframe (PotooCameraPipeline *self)
{
  self->fake->keyframe_requests++;
}

void
potoo_camera_pipeline_get_progress (PotooCameraPipeline *self, PotooPipelineProgress *progress)
{
  *progress = self->fake->progress;
}

void
potoo_camera_pipeline_get_video (PotooCameraPipeline *self,
                                 char **codec,
                                 guint *width,
                                 guint *height)
{
  *codec = g_strdup (self->fake->video);
  *width = self->fake->width;
  *height = self->fake->height;
}

char *
potoo_camera_pipeline_get_audio (PotooCameraPipeline *self)
{
  return g_strdup (self->fake->audio);
}

char *
potoo_camera_pipeline_look (PotooCameraPipeline *self)
{
  return g_strdup (self->fake->no_sound);
}

static void
potoo_camera_pipeline_finalize (GObject *object)
{
  PotooCameraPipeline *self = POTOO_CAMERA_PIPELINE (object);

  /* Whoever makes one must stop it before letting go. */
  g_assert_false (self->fake->alive);
  self->fake->pipeline = NULL;
  G_OBJECT_CLASS (potoo_camera_pipeline_parent_class)->finalize (object);
}

static void
potoo_camera_pipeline_class_init (PotooCameraPipelineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_camera_pipeline_finalize;
  g_signal_new ("playing", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 0);
  g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
potoo_camera_pipeline_init (PotooCameraPipeline *self)
{
}
