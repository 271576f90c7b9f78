/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Joins the pure connection policy to the world: timers and the stream's pipelines, one
 * after the other. A living pipeline keeps the owner alive, and the connection with it.
 *
 * A pipeline's way out is the same whatever ends it (the camera, a watchdog, a change of
 * settings, a stop): begin_stop() stops listening to it and starts its stop;
 * on_pipeline_stopped() lets go of it, tells `interrupted` — now all its fragments are
 * pushed — and `stopped`, and connects again when that is due. The state that is
 * published does not wait for it.
 */

#include "camera/potoo-camera-connection.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"

static void connect_when_due (PotooCameraConnection *self);

/* --- what is told --- */

static void
tell_changed (PotooCameraConnection *self)
{
  self->events->changed (self->owner);
  potoo_camera_metrics_set_state (&self->metrics, self->policy.state);
}

/* @cause: PotooGapCause or POTOO_NO_CAUSE */
static void
tell_interrupted (PotooCameraConnection *self, int cause)
{
  if (cause == POTOO_NO_CAUSE || cause == self->told_cause || self->abandoned)
    return;
  self->told_cause = cause;
  if (self->events->interrupted != NULL)
    self->events->interrupted (self->owner, (PotooGapCause) cause);
}

static void
set_reason (PotooCameraConnection *self, const char *reason)
{
  if (reason != NULL && g_strcmp0 (self->reason, reason) != 0)
    potoo_log_warning (self->camera_id, "%s: %s", self->stream, reason);
  g_autofree char *old = self->reason;
  self->reason = reason != NULL ? potoo_mask_secrets (reason) : NULL;
}

/* --- the end of a connection --- */

static void
count_progress (PotooCameraConnection *self)
{
  PotooPipelineProgress now;

  potoo_camera_pipeline_get_progress (self->pipeline, &now);
  potoo_camera_metrics_progress (&self->metrics, &self->progress, &now);
  self->progress = now;
}

static void
show_sender (PotooCameraConnection *self)
{
  gint64 offset_us;

  if (potoo_sender_clock_get_offset (&self->progress.sender, &offset_us))
    potoo_fragmenter_set_clock_offset (self->fragmenter, offset_us);
  potoo_camera_metrics_set_sender (&self->metrics, self->camera_id, self->stream,
                                   &self->progress.sender);
}

/* Until it is through nothing is connected: the camera would count that as one more viewer. */
static gboolean
on_stop_timer (gpointer user_data)
{
  PotooCameraConnection *self = user_data;
  g_autoptr (GObject) owner = g_object_ref (self->owner);

  self->stop_source = 0;
  self->stop_hangs = TRUE;
  potoo_metric_set (self->metrics.stop_hangs, 1);
  potoo_log_warning (self->camera_id, "The last connection has not ended within %d s",
                     (int) (self->policy.timing.stop_timeout_us / POTOO_SECOND_US));
  tell_changed (self);
  return G_SOURCE_REMOVE;
}

static void
forget_stop (PotooCameraConnection *self)
{
  g_clear_handle_id (&self->stop_source, g_source_remove);
  self->stopping = FALSE;
  if (!self->stop_hangs)
    return;
  self->stop_hangs = FALSE;
  potoo_metric_set (self->metrics.stop_hangs, 0);
  potoo_log_info (self->camera_id, "The last connection has ended, after %d s",
                  (int) ((potoo_clock_mono_us () - self->stop_began_us) / POTOO_SECOND_US));
  tell_changed (self);
}

static void
on_pipeline_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooCameraConnection *self = user_data;
  /* The reference that the living pipeline had. */
  g_autoptr (GObject) owner = self->owner;

  potoo_camera_pipeline_stop_finish (POTOO_CAMERA_PIPELINE (source), result);
  count_progress (self);
  self->progress.sender = (PotooSenderClock){ 0 };
  show_sender (self);
  g_clear_object (&self->pipeline);
  forget_stop (self);
  potoo_stream_hub_flush (self->hub);
  tell_interrupted (self, self->stop_cause);
  if (self->events->stopped != NULL)
    self->events->stopped (self->owner);
  connect_when_due (self);
}

static void
begin_stop (PotooCameraConnection *self, int cause)
{
  if (self->pipeline == NULL || self->stopping)
    return;
  self->stopping = TRUE;
  self->stop_cause = cause;
  self->stop_began_us = potoo_clock_mono_us ();
  self->stop_source = g_timeout_add (
      (guint) MIN (self->policy.timing.stop_timeout_us / 1000, G_MAXINT), on_stop_timer, self);
  g_signal_handlers_disconnect_by_data (self->pipeline, self);
  potoo_camera_pipeline_stop_async (self->pipeline, on_pipeline_stopped, self);
}

/* The connection, or the try, is over because of @cause; the policy plans the next one. */
static void
fail (PotooCameraConnection *self, PotooGapCause cause, const char *reason)
{
  potoo_connection_policy_fail (&self->policy, potoo_clock_mono_us (), cause, g_random_double ());
  potoo_camera_metrics_disconnect (&self->metrics, cause);
  set_reason (self, reason);
  begin_stop (self, cause);
  connect_when_due (self);
  tell_changed (self);
}

static void
on_ended (PotooCameraPipeline *pipeline, const GError *error, PotooCameraConnection *self)
{
  fail (self, potoo_connection_cause_of (error), error->message);
}

/* --- the begin of a connection --- */

static void
on_playing (PotooCameraPipeline *pipeline, PotooCameraConnection *self)
{
  potoo_connection_policy_playing (&self->policy, potoo_clock_mono_us ());
  potoo_metric_add (self->metrics.connects, 1);
  potoo_log_info (self->camera_id, "Connected to %s", self->stream);
  self->told_cause = POTOO_NO_CAUSE;
  set_reason (self, NULL);
  tell_changed (self);
}

static void
connect_now (PotooCameraConnection *self)
{
  potoo_connection_policy_begin (&self->policy, potoo_clock_mono_us ());
  potoo_metric_add (self->metrics.attempts, 1);
  self->progress = (PotooPipelineProgress){ 0 };
  self->rate = (PotooRateMeter){ 0 };
  self->pipeline = potoo_camera_pipeline_new (self->settings, self->hub, self->fragmenter);
  g_object_ref (self->owner); /* until on_pipeline_stopped() */
  g_signal_connect (self->pipeline, "playing", G_CALLBACK (on_playing), self);
  g_signal_connect (self->pipeline, "ended", G_CALLBACK (on_ended), self);
  potoo_camera_pipeline_start (self->pipeline);
  tell_changed (self);
}

static gboolean
on_connect_timer (gpointer user_data)
{
  PotooCameraConnection *self = user_data;
  g_autoptr (GObject) owner = g_object_ref (self->owner);

  self->connect_source = 0;
  connect_when_due (self);
  return G_SOURCE_REMOVE;
}

/* Brings the timer in line with the policy. While a pipeline is alive nothing is
 * begun: on_pipeline_stopped() comes here again. */
static void
connect_when_due (PotooCameraConnection *self)
{
  g_clear_handle_id (&self->connect_source, g_source_remove);
  if (self->pipeline != NULL || self->policy.retry_us == 0)
    return;

  gint64 wait_us = self->policy.retry_us - potoo_clock_mono_us ();
  if (wait_us <= 0)
    connect_now (self);
  else
    self->connect_source = g_timeout_add ((guint) MIN (wait_us / 1000 + 1, G_MAXINT),
                                          on_connect_timer, self);
}

/* --- the watchdogs --- */

static void
give_up (PotooCameraConnection *self, PotooConnectionAdvice advice)
{
  const PotooConnectionTiming *timing = &self->policy.timing;
  g_autofree char *reason = NULL;

  if (advice == POTOO_ADVICE_TIMED_OUT)
    {
      reason = g_strdup_printf (
          _ ("The camera did not answer within %d s; check address and network"),
          (int) (timing->start_timeout_us / POTOO_SECOND_US));
      fail (self, POTOO_GAP_DISCONNECTED, reason);
    }
  else if (advice == POTOO_ADVICE_NO_DATA && self->progress.packets > 0)
    fail (self, POTOO_GAP_NO_KEYFRAMES,
          _ ("The camera sends video, but no keyframe with it; set a shorter keyframe (I-frame) "
             "interval in the camera"));
  else if (advice == POTOO_ADVICE_NO_DATA)
    fail (self, POTOO_GAP_STALLED, _ ("The camera accepted the connection but sends no video"));
  else
    {
      reason = g_strdup_printf (_ ("No video came for %d s; connecting again"),
                                (int) (timing->stall_timeout_us / POTOO_SECOND_US));
      fail (self, POTOO_GAP_STALLED, reason);
    }
}

static void
request_keyframe (PotooCameraConnection *self)
{
  potoo_metric_add (self->metrics.keyframe_requests, 1);
  potoo_camera_pipeline_request_keyframe (self->pipeline);
}

static void
act_on (PotooCameraConnection *self, PotooConnectionAdvice advice)
{
  switch (advice)
    {
    case POTOO_ADVICE_NONE:
      break;
    case POTOO_ADVICE_REQUEST_KEYFRAME:
      request_keyframe (self);
      break;
    case POTOO_ADVICE_NO_KEYFRAMES:
      set_reason (self, _ ("The camera sends video without keyframes; set a shorter keyframe "
                           "(I-frame) interval in the camera"));
      tell_interrupted (self, POTOO_GAP_NO_KEYFRAMES);
      break;
    case POTOO_ADVICE_KEYFRAMES_BACK:
      self->told_cause = POTOO_NO_CAUSE;
      set_reason (self, NULL);
      break;
    case POTOO_ADVICE_TIMED_OUT:
    case POTOO_ADVICE_NO_DATA:
    case POTOO_ADVICE_STALLED:
      give_up (self, advice);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* A camera that streams has a reason only for what it lacks all the same. */
static void
look_at_sound (PotooCameraConnection *self)
{
  g_autofree char *reason = potoo_camera_pipeline_look (self->pipeline);

  if (self->policy.state == POTOO_CAMERA_STREAMING)
    set_reason (self, reason);
}

gboolean
potoo_camera_connection_tick (PotooCameraConnection *self)
{
  if (self->pipeline == NULL || self->stopping)
    return self->policy.state == POTOO_CAMERA_CONNECTING;

  g_autoptr (GObject) owner = g_object_ref (self->owner);
  gint64 now_us = potoo_clock_mono_us ();
  count_progress (self);
  show_sender (self);
  potoo_rate_meter_add (&self->rate, now_us, self->progress.access_units, self->progress.bytes);
  act_on (self, potoo_connection_policy_check (&self->policy, now_us, &self->progress));
  if (self->pipeline != NULL && !self->stopping)
    look_at_sound (self);
  tell_changed (self);
  return TRUE;
}

gboolean
potoo_camera_connection_is_playing (const PotooCameraConnection *self)
{
  return self->pipeline != NULL && !self->stopping && self->policy.playing_us != 0;
}

/* --- commands --- */

void
potoo_camera_connection_disconnect (PotooCameraConnection *self, int cause)
{
  potoo_connection_policy_disable (&self->policy);
  set_reason (self, NULL);
  connect_when_due (self);
  begin_stop (self, cause);
  potoo_camera_metrics_set_state (&self->metrics, self->policy.state);
  if (self->pipeline == NULL)
    tell_interrupted (self, cause);
}

void
potoo_camera_connection_connect (PotooCameraConnection *self,
                                 PotooCameraSettings *settings,
                                 gint64 delay_us)
{
  potoo_camera_settings_ref (settings);
  g_clear_pointer (&self->settings, potoo_camera_settings_unref);
  self->settings = settings;
  potoo_connection_policy_schedule (&self->policy, potoo_clock_mono_us () + delay_us);
  set_reason (self, NULL);
  begin_stop (self, POTOO_GAP_DISCONNECTED);
  connect_when_due (self);
  potoo_camera_metrics_set_state (&self->metrics, self->policy.state);
}

void
potoo_camera_connection_init (PotooCameraConnection *self,
                              const char *camera_id,
                              const char *stream,
                              const PotooCameraConnectionEvents *events,
                              gpointer owner)
{
  *self = (PotooCameraConnection){
    .owner = owner,
    .events = events,
    .camera_id = camera_id,
    .stream = stream,
    .told_cause = POTOO_NO_CAUSE,
    .hub = potoo_stream_hub_new (camera_id, stream),
  };
  potoo_connection_policy_init (&self->policy, &potoo_connection_timing);
  potoo_camera_metrics_init (&self->metrics, camera_id, stream);
  potoo_camera_metrics_set_state (&self->metrics, self->policy.state);
}

void
potoo_camera_connection_clear (PotooCameraConnection *self)
{
  g_assert (self->pipeline == NULL);
  g_clear_handle_id (&self->connect_source, g_source_remove);
  g_clear_handle_id (&self->stop_source, g_source_remove);
  g_clear_pointer (&self->fragmenter, potoo_fragmenter_free);
  g_clear_pointer (&self->settings, potoo_camera_settings_unref);
  potoo_stream_hub_unref (self->hub);
  potoo_camera_metrics_clear (&self->metrics);
  g_free (self->reason);
}
