/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-recording.h"

struct _PotooAppRecording
{
  PotooCameraList *cameras;
  PotooRecorder *recorder;
  GHashTable *queues; /* camera id → PotooFragmentQueue, the recorder's */
};

/* Streaming thread. */
static void
on_fragment (PotooFragment *fragment, gpointer user_data)
{
  potoo_fragment_queue_push (user_data, fragment);
}

static PotooFragmentQueue *
find_queue (PotooAppRecording *self, PotooCamera *camera)
{
  return g_hash_table_lookup (self->queues, potoo_camera_get_id (camera));
}

static void
publish_plan (PotooCamera *camera, PotooFragmentQueue *queue)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
  PotooCameraSettings *settings = snapshot->settings;
  g_autoptr (PotooRecordingPlan)
      plan = potoo_camera_settings_get_enabled (settings) &&
                     potoo_camera_settings_get_record (settings) == POTOO_RECORD_CONTINUOUS
                 ? potoo_recording_plan_new_endless ()
                 : potoo_recording_plan_new_empty ();
  potoo_fragment_queue_set_plan (queue, plan);
}

static void
on_settings_changed (PotooCamera *camera, gpointer user_data)
{
  PotooFragmentQueue *queue = find_queue (user_data, camera);
  if (queue != NULL)
    publish_plan (camera, queue);
}

static void
on_interrupted (PotooCamera *camera, int cause, gpointer user_data)
{
  PotooFragmentQueue *queue = find_queue (user_data, camera);
  if (queue != NULL)
    potoo_fragment_queue_interrupt (queue, (PotooGapCause) cause);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  const char *id = potoo_camera_get_id (camera);
  PotooFragmentQueue *queue = potoo_recorder_add_stream (self->recorder, id, POTOO_STREAM_MAIN);

  g_hash_table_insert (self->queues, g_strdup (id), queue);
  potoo_camera_set_fragment_func (camera, on_fragment, queue, NULL);
  publish_plan (camera, queue);
  g_signal_connect (camera, "settings-changed", G_CALLBACK (on_settings_changed), self);
  g_signal_connect (camera, "interrupted", G_CALLBACK (on_interrupted), self);
}

/* The camera's pipeline is down by then: nothing is pushed any more. */
static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  PotooFragmentQueue *queue = find_queue (self, camera);

  if (queue == NULL)
    return;
  g_signal_handlers_disconnect_by_data (camera, self);
  g_hash_table_remove (self->queues, potoo_camera_get_id (camera));
  potoo_recorder_remove_stream (self->recorder, queue);
}

PotooAppRecording *
potoo_app_recording_new (PotooCameraList *cameras, PotooRecorder *recorder)
{
  PotooAppRecording *self = g_new0 (PotooAppRecording, 1);

  self->cameras = g_object_ref (cameras);
  self->recorder = g_object_ref (recorder);
  self->queues = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  return self;
}

void
potoo_app_recording_free (PotooAppRecording *self)
{
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  g_hash_table_unref (self->queues);
  g_object_unref (self->cameras);
  g_object_unref (self->recorder);
  g_free (self);
}
