/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a camera is to others: its settings, the commands, the snapshot and the signals.
 * `main` is connected while the camera is enabled; `sub` only while it is recorded or somebody
 * takes from its hub, and a little longer. Main thread, but for the snapshot.
 */

#include "camera/potoo-camera-private.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-main.h"
#include "camera/potoo-camera-connection.h"
#include "camera/potoo-fragment-gate.h"

struct _PotooCamera
{
  GObject parent_instance;

  char *id;
  PotooCameraSettings *settings;
  guint64 version;
  gboolean running;      /* between start and stop */
  GPtrArray *stop_tasks; /* GTask: who waits for the stop */

  PotooCameraConnection main, sub;
  PotooFragmentGate *main_gate, *sub_gate; /* owned by the connections' fragmenters */
  gboolean sub_recorded;
  PotooPreRollFunc pre_roll; /* (nullable) */
  gpointer pre_roll_data;

  GMutex snapshot_lock; /* protects the pointer alone */
  PotooCameraSnapshot *snapshot;
};

G_DEFINE_FINAL_TYPE (PotooCamera, potoo_camera, G_TYPE_OBJECT)

enum
{
  STATUS_CHANGED,
  INTERRUPTED,
  SUB_INTERRUPTED,
  SETTINGS_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* --- what is published --- */

static void
describe_connection (const PotooCameraConnection *connection, PotooCameraSnapshot *snapshot)
{
  snapshot->state = connection->policy.state;
  snapshot->reason = g_strdup (
      connection->stop_hangs
          ? _ ("The last connection does not end; no new one is made until it has ended")
          : connection->reason);
  if (connection->policy.retry_us != 0)
    snapshot->retry_at_us = snapshot->since_us + connection->policy.retry_us -
                            potoo_clock_mono_us ();
  if (!potoo_camera_connection_is_playing (connection))
    return;
  potoo_camera_pipeline_get_video (connection->pipeline, &snapshot->video_codec, &snapshot->width,
                                   &snapshot->height);
  snapshot->audio_codec = potoo_camera_pipeline_get_audio (connection->pipeline);
  snapshot->fps = potoo_rate_meter_get_fps (&connection->rate);
  snapshot->bitrate = potoo_rate_meter_get_bitrate (&connection->rate);
  snapshot->has_clock_offset = potoo_sender_clock_get_offset (&connection->progress.sender,
                                                              &snapshot->clock_offset_us);
  snapshot->has_clock_drift = potoo_sender_clock_get_drift (&connection->progress.sender,
                                                            &snapshot->clock_drift_ppm);
}

static PotooCameraSnapshot *
make_snapshot (PotooCamera *self)
{
  PotooCameraSnapshot *snapshot = g_new0 (PotooCameraSnapshot, 1);
  gint64 wall_us = potoo_clock_wall_us ();

  g_atomic_ref_count_init (&snapshot->ref_count);
  snapshot->settings = potoo_camera_settings_ref (self->settings);
  snapshot->version = self->version;
  snapshot->since_us = wall_us;
  snapshot->sub_state = self->sub.policy.state;
  snapshot->pre_roll_us = self->pre_roll != NULL &&
                                  self->main.policy.state == POTOO_CAMERA_STREAMING
                              ? self->pre_roll (self->pre_roll_data)
                              : -1;
  describe_connection (&self->main, snapshot);
  return snapshot;
}

/* Whether anything but measurements differs; the retry time is read anew from two
 * clocks each time, so it differs when it does by more than their noise. */
static gboolean
status_differs (const PotooCameraSnapshot *a, const PotooCameraSnapshot *b)
{
  return a->settings != b->settings || a->version != b->version || a->state != b->state ||
         a->sub_state != b->sub_state || g_strcmp0 (a->reason, b->reason) != 0 ||
         ABS (a->retry_at_us - b->retry_at_us) > POTOO_SECOND_US / 10 ||
         g_strcmp0 (a->video_codec, b->video_codec) != 0 ||
         g_strcmp0 (a->audio_codec, b->audio_codec) != 0 || a->width != b->width ||
         a->height != b->height;
}

/* Makes a new snapshot and tells when it differs. */
static void
publish (PotooCamera *self)
{
  g_autoptr (PotooCameraSnapshot) old = potoo_camera_get_snapshot (self);
  PotooCameraSnapshot *new = make_snapshot (self);
  gboolean differs = status_differs (old, new);

  if (new->state == old->state)
    new->since_us = old->since_us;
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

/* --- what the connections tell --- */

static void
on_changed (gpointer owner)
{
  publish (owner);
}

static void
on_interrupted (gpointer owner, PotooGapCause cause)
{
  g_signal_emit (owner, signals[INTERRUPTED], 0, (int) cause);
}

static void
on_sub_interrupted (gpointer owner, PotooGapCause cause)
{
  g_signal_emit (owner, signals[SUB_INTERRUPTED], 0, (int) cause);
}

static void
return_stop_tasks (PotooCamera *self)
{
  if (self->main.pipeline != NULL || self->sub.pipeline != NULL)
    return;
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);

  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
}

static void
on_stopped (gpointer owner)
{
  return_stop_tasks (owner);
}

static const PotooCameraConnectionEvents main_events = { on_changed, on_interrupted, on_stopped };
static const PotooCameraConnectionEvents sub_events = { on_changed, on_sub_interrupted,
                                                        on_stopped };

/* --- the sub stream --- */

static void
connect_sub (PotooCamera *self, gint64 delay_us)
{
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_for_sub (self->settings);

  if (self->running && potoo_camera_settings_get_enabled (self->settings) && settings != NULL)
    potoo_camera_connection_connect (&self->sub, settings, delay_us);
}

/* Main, for who takes from the hub of `sub`. */
static gboolean
on_sub_wanted (gpointer user_data)
{
  PotooCamera *self = user_data;

  if (self->sub.policy.state == POTOO_CAMERA_DISABLED)
    {
      connect_sub (self, 0);
      publish (self);
    }
  return G_SOURCE_REMOVE;
}

static void
post_sub_wanted (gpointer user_data)
{
  potoo_main_post (on_sub_wanted, user_data);
}

static gboolean
tick_sub (PotooCamera *self)
{
  gint64 idle_since_us = potoo_stream_hub_get_idle_since_us (self->sub.hub);

  if (self->sub.policy.state == POTOO_CAMERA_DISABLED)
    return FALSE;
  if (!self->sub_recorded && idle_since_us != 0 &&
      potoo_clock_mono_us () - idle_since_us > self->sub.policy.timing.linger_us)
    {
      potoo_camera_connection_disconnect (&self->sub, POTOO_NO_CAUSE);
      publish (self);
    }
  else
    potoo_camera_connection_tick (&self->sub);
  return TRUE;
}

gboolean
potoo_camera_tick (PotooCamera *self)
{
  g_return_val_if_fail (POTOO_IS_CAMERA (self), FALSE);

  g_autoptr (PotooCamera) alive = g_object_ref (self);
  gboolean more = potoo_camera_connection_tick (&self->main);
  return tick_sub (self) || more;
}

/* --- commands --- */

void
potoo_camera_start (PotooCamera *self, gint64 delay_us)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));
  g_return_if_fail (!self->running);

  self->running = TRUE;
  if (potoo_camera_settings_get_enabled (self->settings))
    potoo_camera_connection_connect (&self->main, self->settings, delay_us);
  if (self->sub_recorded)
    connect_sub (self, delay_us);
  publish (self);
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
      potoo_camera_connection_disconnect (&self->sub, POTOO_NO_CAUSE);
      potoo_camera_connection_disconnect (&self->main, POTOO_NO_CAUSE);
      publish (self);
    }
  return_stop_tasks (self);
}

void
potoo_camera_stop_finish (PotooCamera *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
apply_to_main (PotooCamera *self, PotooCameraSettings *old)
{
  gboolean was_enabled = potoo_camera_settings_get_enabled (old);
  gboolean enabled = potoo_camera_settings_get_enabled (self->settings);

  if (was_enabled && !enabled)
    potoo_camera_connection_disconnect (&self->main, POTOO_GAP_DISCONNECTED);
  else if (enabled && (!was_enabled || potoo_camera_settings_needs_reconnect (old, self->settings)))
    potoo_camera_connection_connect (&self->main, self->settings, 0);
}

static void
apply_to_sub (PotooCamera *self, PotooCameraSettings *old)
{
  g_autoptr (PotooCameraSettings) before = potoo_camera_settings_for_sub (old);
  g_autoptr (PotooCameraSettings) now = potoo_camera_settings_for_sub (self->settings);
  gboolean usable = now != NULL && potoo_camera_settings_get_enabled (now);

  if (before != NULL && usable && !potoo_camera_settings_needs_reconnect (before, now))
    return;
  potoo_camera_connection_disconnect (&self->sub, POTOO_GAP_DISCONNECTED);
  if (usable && (self->sub_recorded || potoo_stream_hub_get_idle_since_us (self->sub.hub) == 0))
    connect_sub (self, 0);
}

void
potoo_camera_set_settings (PotooCamera *self, PotooCameraSettings *settings)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));
  g_return_if_fail (settings != NULL);

  g_autoptr (PotooCameraSettings) old = self->settings;

  self->settings = potoo_camera_settings_ref (settings);
  self->version++;
  if (self->running)
    {
      apply_to_main (self, old);
      apply_to_sub (self, old);
    }
  publish (self);
  g_signal_emit (self, signals[SETTINGS_CHANGED], 0);
}

/* Returns the gate, which it owns. */
static PotooFragmentGate *
make_fragmenter (PotooCamera *self, PotooCameraConnection *connection)
{
  PotooFragmentGate *gate = potoo_fragment_gate_new (NULL, NULL, NULL);

  connection->fragmenter = potoo_fragmenter_new (self->id, connection->stream,
                                                 potoo_fragment_gate_push, gate,
                                                 (GDestroyNotify) potoo_fragment_gate_free);
  return gate;
}

void
potoo_camera_set_fragment_func (PotooCamera *self,
                                PotooStreamKind stream,
                                PotooFragmentFunc func,
                                gpointer user_data,
                                GDestroyNotify destroy)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));

  potoo_fragment_gate_open (stream == POTOO_STREAM_SUB ? self->sub_gate : self->main_gate, func,
                            user_data, destroy);
}

void
potoo_camera_set_sub_recorded (PotooCamera *self, gboolean recorded)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));

  self->sub_recorded = recorded;
  if (!recorded || !self->running || self->sub.policy.state != POTOO_CAMERA_DISABLED)
    return;
  connect_sub (self, 0);
  publish (self);
}

void
potoo_camera_set_pre_roll_func (PotooCamera *self, PotooPreRollFunc func, gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA (self));

  self->pre_roll = func;
  self->pre_roll_data = user_data;
}

void
potoo_camera_abandon (PotooCamera *self)
{
  g_return_if_fail (POTOO_IS_CAMERA (self) && !self->running);

  self->main.abandoned = self->sub.abandoned = TRUE;
  potoo_fragment_gate_close (self->main_gate);
  potoo_fragment_gate_close (self->sub_gate);
}

void
potoo_camera_set_timing (PotooCamera *self, const PotooConnectionTiming *timing)
{
  g_return_if_fail (POTOO_IS_CAMERA (self) && !self->running);

  potoo_connection_policy_init (&self->main.policy, timing);
  potoo_connection_policy_init (&self->sub.policy, timing);
}

/* --- the object --- */

const char *
potoo_camera_get_id (PotooCamera *self)
{
  g_return_val_if_fail (POTOO_IS_CAMERA (self), NULL);

  return self->id;
}

PotooStreamHub *
potoo_camera_get_hub (PotooCamera *self, PotooStreamKind stream)
{
  g_return_val_if_fail (POTOO_IS_CAMERA (self), NULL);

  return stream == POTOO_STREAM_SUB ? self->sub.hub : self->main.hub;
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
  potoo_camera_connection_init (
      &self->main, self->id, potoo_stream_kind_to_string (POTOO_STREAM_MAIN), &main_events, self);
  potoo_camera_connection_init (&self->sub, self->id,
                                potoo_stream_kind_to_string (POTOO_STREAM_SUB), &sub_events, self);
  potoo_stream_hub_set_wanted_func (self->sub.hub, post_sub_wanted, self);
  self->main_gate = make_fragmenter (self, &self->main);
  self->sub_gate = make_fragmenter (self, &self->sub);
  self->snapshot = make_snapshot (self);
  return self;
}

static void
potoo_camera_dispose (GObject *object)
{
  PotooCamera *self = POTOO_CAMERA (object);

  /* Viewers may keep the hub; nobody refers to the camera from here on. */
  potoo_stream_hub_set_wanted_func (self->sub.hub, NULL, NULL);
  G_OBJECT_CLASS (potoo_camera_parent_class)->dispose (object);
}

static void
potoo_camera_finalize (GObject *object)
{
  PotooCamera *self = POTOO_CAMERA (object);

  g_ptr_array_unref (self->stop_tasks);
  potoo_camera_connection_clear (&self->main);
  potoo_camera_connection_clear (&self->sub);
  potoo_camera_snapshot_unref (self->snapshot);
  potoo_camera_settings_unref (self->settings);
  g_mutex_clear (&self->snapshot_lock);
  g_free (self->id);
  G_OBJECT_CLASS (potoo_camera_parent_class)->finalize (object);
}

static void
potoo_camera_class_init (PotooCameraClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = potoo_camera_dispose;
  G_OBJECT_CLASS (klass)->finalize = potoo_camera_finalize;
  signals[STATUS_CHANGED] = g_signal_new ("status-changed", G_TYPE_FROM_CLASS (klass),
                                          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[INTERRUPTED] = g_signal_new ("interrupted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                       0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SUB_INTERRUPTED] = g_signal_new ("sub-interrupted", G_TYPE_FROM_CLASS (klass),
                                           G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                           G_TYPE_INT);
  signals[SETTINGS_CHANGED] = g_signal_new ("settings-changed", G_TYPE_FROM_CLASS (klass),
                                            G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
potoo_camera_init (PotooCamera *self)
{
  g_mutex_init (&self->snapshot_lock);
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}
