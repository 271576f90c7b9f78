/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a camera is to others: its settings, the commands, the snapshot and the signals.
 * Its pipelines are potoo-camera-connection.c. Main thread, but for the snapshot.
 */

#include "camera/potoo-camera-private.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "camera/potoo-camera-connection.h"

G_DEFINE_FINAL_TYPE (PotooCamera, potoo_camera, G_TYPE_OBJECT)

enum
{
  STATUS_CHANGED,
  INTERRUPTED,
  SETTINGS_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* --- what is published --- */

static gboolean
is_playing (PotooCamera *self)
{
  return self->pipeline != NULL && !self->stopping && self->policy.playing_us != 0;
}

static PotooCameraSnapshot *
make_snapshot (PotooCamera *self)
{
  PotooCameraSnapshot *snapshot = g_new0 (PotooCameraSnapshot, 1);
  gint64 wall_us = potoo_clock_wall_us ();

  g_atomic_ref_count_init (&snapshot->ref_count);
  snapshot->settings = potoo_camera_settings_ref (self->settings);
  snapshot->version = self->version;
  snapshot->state = self->policy.state;
  snapshot->reason = g_strdup (
      self->stop_hangs
          ? _ ("The last connection does not end; no new one is made until it has ended")
          : self->reason);
  snapshot->since_us = wall_us;
  if (self->policy.retry_us != 0)
    snapshot->retry_at_us = wall_us + self->policy.retry_us - potoo_clock_mono_us ();
  if (is_playing (self))
    {
      potoo_camera_pipeline_get_video (self->pipeline, &snapshot->video_codec, &snapshot->width,
                                       &snapshot->height);
      snapshot->audio_codec = potoo_camera_pipeline_get_audio (self->pipeline);
      snapshot->fps = potoo_rate_meter_get_fps (&self->rate);
      snapshot->bitrate = potoo_rate_meter_get_bitrate (&self->rate);
    }
  return snapshot;
}

/* Whether anything but measurements differs; the retry time is read anew from two
 * clocks each time, so it differs when it does by more than their noise. */
static gboolean
status_differs (const PotooCameraSnapshot *a, const PotooCameraSnapshot *b)
{
  return a->settings != b->settings || a->version != b->version || a->state != b->state ||
         g_strcmp0 (a->reason, b->reason) != 0 ||
         ABS (a->retry_at_us - b->retry_at_us) > POTOO_SECOND_US / 10 ||
         g_strcmp0 (a->video_codec, b->video_codec) != 0 ||
         g_strcmp0 (a->audio_codec, b->audio_codec) != 0 || a->width != b->width ||
         a->height != b->height;
}

void
potoo_camera_publish (PotooCamera *self)
{
  g_autoptr (PotooCameraSnapshot) old = potoo_camera_get_snapshot (self);
  PotooCameraSnapshot *new = make_snapshot (self);
  gboolean differs = status_differs (old, new);

  if (new->state == old->state)
    new->since_us = old->since_us;
  else
    potoo_camera_metrics_set_state (&self->metrics, new->state);
  if (!differs)
    new->retry_at_us = old->retry_at_us;
  g_mutex_lock (&self->snapshot_lock);
  g_assert (self->snapshot == old);
  potoo_camera_snapshot_unref (self->snapshot);
  self->snapshot = new;
  g_mutex_unlock (&self->snapshot_lock);
  if (differs)
    g_signal_emit (self, signals[STATUS_CHANGED], 0);
}

/* @cause: PotooGapCause or POTOO_NO_CAUSE */
void
potoo_camera_tell_interrupted (PotooCamera *self, int cause)
{
  if (cause == POTOO_NO_CAUSE || cause == self->told_cause || self->abandoned)
    return;
  self->told_cause = cause;
  g_signal_emit (self, signals[INTERRUPTED], 0, cause);
}

void
potoo_camera_set_reason (PotooCamera *self, const char *reason)
{
  if (reason != NULL && g_strcmp0 (self->reason, reason) != 0)
    potoo_log_warning (self->id, "%s", reason);
  g_autofree char *old = self->reason;
  self->reason = reason != NULL ? potoo_mask_secrets (reason) : NULL;
}

/* --- commands --- */

void
potoo_camera_return_stop_tasks (PotooCamera *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);

  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
}

void
potoo_camera_start (PotooCamera *self, gint64 delay_us)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));
  g_return_if_fail (!self->running);

  self->running = TRUE;
  if (potoo_camera_settings_get_enabled (self->settings))
    potoo_camera_reconnect (self, delay_us);
  potoo_camera_publish (self);
}

void
potoo_camera_stop_async (PotooCamera *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_stop_async);
  g_ptr_array_add (self->stop_tasks, task);
  if (self->running)
    {
      self->running = FALSE;
      potoo_camera_disconnect (self, POTOO_NO_CAUSE);
      potoo_camera_publish (self);
    }
  if (self->pipeline == NULL)
    potoo_camera_return_stop_tasks (self);
}

void
potoo_camera_stop_finish (PotooCamera *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

void
potoo_camera_set_settings (PotooCamera *self, PotooCameraSettings *settings)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));
  g_return_if_fail (settings != NULL);

  g_autoptr (PotooCameraSettings) old = self->settings;
  gboolean was_enabled = potoo_camera_settings_get_enabled (old);
  gboolean enabled = potoo_camera_settings_get_enabled (settings);

  self->settings = potoo_camera_settings_ref (settings);
  self->version++;
  if (self->running && was_enabled && !enabled)
    potoo_camera_disconnect (self, POTOO_GAP_DISCONNECTED);
  else if (self->running && enabled &&
           (!was_enabled || potoo_camera_settings_needs_reconnect (old, settings)))
    potoo_camera_reconnect (self, 0);
  potoo_camera_publish (self);
  g_signal_emit (self, signals[SETTINGS_CHANGED], 0);
}

static void
make_fragmenter (PotooCamera *self,
                 PotooFragmentFunc func,
                 gpointer user_data,
                 GDestroyNotify destroy)
{
  g_clear_pointer (&self->fragmenter, potoo_fragmenter_free);
  self->gate = potoo_fragment_gate_new (func, user_data, destroy);
  self->fragmenter = potoo_fragmenter_new (self->id, potoo_fragment_gate_push, self->gate,
                                           (GDestroyNotify) potoo_fragment_gate_free);
}

void
potoo_camera_set_fragment_func (PotooCamera *self,
                                PotooFragmentFunc func,
                                gpointer user_data,
                                GDestroyNotify destroy)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));
  g_return_if_fail (self->pipeline == NULL);

  make_fragmenter (self, func, user_data, destroy);
}

void
potoo_camera_abandon (PotooCamera *self)
{
  g_return_if_fail (POTOO_IS_CAMERA (self) && !self->running);

  self->abandoned = TRUE;
  potoo_fragment_gate_close (self->gate);
}

void
potoo_camera_set_timing (PotooCamera *self, const PotooConnectionTiming *timing)
{
  g_return_if_fail (POTOO_IS_CAMERA (self) && !self->running);

  potoo_connection_policy_init (&self->policy, timing);
}

/* --- the object --- */

const char *
potoo_camera_get_id (PotooCamera *self)
{
  g_return_val_if_fail (POTOO_IS_CAMERA (self), NULL);

  return self->id;
}

PotooStreamHub *
potoo_camera_get_hub (PotooCamera *self)
{
  g_return_val_if_fail (POTOO_IS_CAMERA (self), NULL);

  return self->hub;
}

PotooCameraSnapshot *
potoo_camera_get_snapshot (PotooCamera *self)
{
  g_return_val_if_fail (POTOO_IS_CAMERA (self), NULL);

  g_mutex_lock (&self->snapshot_lock);
  PotooCameraSnapshot *snapshot = potoo_camera_snapshot_ref (self->snapshot);
  g_mutex_unlock (&self->snapshot_lock);
  return snapshot;
}

PotooCamera *
potoo_camera_new (PotooCameraSettings *settings)
{
  g_return_val_if_fail (settings != NULL, NULL);

  PotooCamera *self = g_object_new (POTOO_TYPE_CAMERA, NULL);
  self->settings = potoo_camera_settings_ref (settings);
  self->id = g_strdup (potoo_camera_settings_get_id (settings));
  /* Versions are not stored. Beginning with the time, one that was read before
   * a restart does not match by chance after it. */
  self->version = (guint64) potoo_clock_wall_us ();
  self->hub = potoo_stream_hub_new (self->id, potoo_stream_kind_to_string (POTOO_STREAM_MAIN));
  make_fragmenter (self, NULL, NULL, NULL);
  potoo_camera_metrics_init (&self->metrics, self->id);
  potoo_camera_metrics_set_state (&self->metrics, self->policy.state);
  self->snapshot = make_snapshot (self);
  return self;
}

static void
potoo_camera_finalize (GObject *object)
{
  PotooCamera *self = POTOO_CAMERA (object);

  g_assert (self->pipeline == NULL);
  g_clear_handle_id (&self->connect_source, g_source_remove);
  g_clear_handle_id (&self->stop_source, g_source_remove);
  g_ptr_array_unref (self->stop_tasks);
  potoo_fragmenter_free (self->fragmenter);
  potoo_stream_hub_unref (self->hub);
  potoo_camera_metrics_clear (&self->metrics);
  potoo_camera_snapshot_unref (self->snapshot);
  potoo_camera_settings_unref (self->settings);
  g_mutex_clear (&self->snapshot_lock);
  g_free (self->reason);
  g_free (self->id);
  G_OBJECT_CLASS (potoo_camera_parent_class)->finalize (object);
}

static void
potoo_camera_class_init (PotooCameraClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_camera_finalize;
  signals[STATUS_CHANGED] = g_signal_new ("status-changed", G_TYPE_FROM_CLASS (klass),
                                          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[INTERRUPTED] = g_signal_new ("interrupted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                       0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SETTINGS_CHANGED] = g_signal_new ("settings-changed", G_TYPE_FROM_CLASS (klass),
                                            G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
potoo_camera_init (PotooCamera *self)
{
  g_mutex_init (&self->snapshot_lock);
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  self->told_cause = POTOO_NO_CAUSE;
  potoo_connection_policy_init (&self->policy, &potoo_connection_timing);
}
