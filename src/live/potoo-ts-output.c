/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The thread's life: subscribe → (collect → run → end the run)* → unsubscribe.
 *
 * Collecting: what tracks a run has must be known before its pipeline is made, so
 * the first access units are held back until audio was seen, a second keyframe
 * came (the first segment needs that one anyway) or 1.5 s passed.
 *
 * A run ends at a keyframe that does not follow on (the camera reconnected, or this
 * thread was too slow), that has other caps, or when the audio that the run lacks has come
 * steadily. Its pipeline is drained, so nothing of it is lost. When no video has come for 5 s, or
 * longer if pictures are further apart, what was before is taken out of the window: it must
 * not be shown as live.
 *
 * Audio that falls silent is ended in the pipeline, which would wait for it else.
 */

#include "live/potoo-ts-output.h"

#include "base/potoo-clock.h"
#include "base/potoo-cpu.h"
#include "base/potoo-log.h"
#include "live/potoo-ts-pipeline.h"

#define GOPS 3 /* two whole ones and the one under way: the first playlist at once */
#define QUEUE_MAX_BYTES (64 * 1024 * 1024)
#define COLLECT_MAX_NS (1500 * GST_MSECOND)
#define COLLECT_MAX_UNITS 2000
#define COLLECT_MAX_BYTES (16 * 1024 * 1024)
#define AUDIO_SILENT_NS (2 * GST_SECOND)
#define AUDIO_STEADY_NS (2 * GST_SECOND)
#define STALE_US (5 * G_USEC_PER_SEC)
#define STALE_STEPS 3 /* from picture to picture */
#define MAX_STEP_US (20 * G_USEC_PER_SEC)
#define WAITING_MAX_BYTES (8 * 1024 * 1024)
#define CONGESTED_WAIT_US (20 * 1000)
#define IDLE_WAIT_US (500 * 1000)
#define DRAIN_TIMEOUT_US (1 * G_USEC_PER_SEC)

struct _PotooTsOutput
{
  gatomicrefcount ref_count;
  char *camera_id;
  PotooStreamHub *hub;
  PotooLiveWindow *window;
  PotooTsOutputMetrics metrics;
  GThread *thread;

  GMutex lock; /* protects what follows; never held while anybody is called but `changed` */
  GCond wake;
  gboolean woken, stopping, ended;
  char *failure;
  PotooTsOutputChangedFunc changed; /* NULL: abandoned */
  gpointer user_data;

  /* the thread's own */
  PotooTsPipeline *pipeline; /* (nullable) of the run */
  GQueue collected;          /* PotooAccessUnit, before the run */
  guint collected_keyframes;
  gsize collected_bytes;
  GstCaps *video_caps, *audio_caps; /* of the run; (nullable) audio */
  GstClockTime run_start_ns;
  gint64 last_video_us; /* when video was taken; 0: none yet, or not for long */
  GstClockTime last_pts_ns;
  gint64 step_us;                              /* to the newest picture from the one before */
  GstClockTime last_audio_ns, steady_audio_ns; /* of AAC, whether the run takes it or not */
  gboolean audio_ended, audio_changed;
};

static void
access_unit_free (PotooAccessUnit *unit)
{
  potoo_access_unit_clear (unit);
  g_free (unit);
}

static void
tell_changed (PotooTsOutput *self)
{
  g_mutex_lock (&self->lock);
  if (self->changed != NULL)
    self->changed (self, self->user_data);
  g_mutex_unlock (&self->lock);
}

/* --- from other threads --- */

static void
on_wake (gpointer user_data)
{
  PotooTsOutput *self = user_data;

  g_mutex_lock (&self->lock);
  self->woken = TRUE;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

static void
on_segment (GBytes *segment, GstClockTime start_ns, GstClockTime duration_ns, gpointer user_data)
{
  PotooTsOutput *self = user_data;

  potoo_live_window_add (self->window, segment,
                         (gint64) GST_TIME_AS_USECONDS (start_ns) + potoo_clock_wall_offset_us (),
                         (gint64) GST_TIME_AS_USECONDS (duration_ns));
  potoo_metric_add (self->metrics.segments, 1);
  tell_changed (self);
}

/* --- the thread: runs --- */

static void
fail (PotooTsOutput *self, const GError *error)
{
  potoo_log_warning (self->camera_id, "The live output has ended: %s", error->message);
  g_mutex_lock (&self->lock);
  if (self->failure == NULL)
    self->failure = g_strdup (error->message);
  self->stopping = TRUE;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_stopping (PotooTsOutput *self)
{
  g_mutex_lock (&self->lock);
  gboolean stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

static void
forget_collected (PotooTsOutput *self)
{
  g_queue_clear_full (&self->collected, (GDestroyNotify) access_unit_free);
  self->collected_keyframes = 0;
  self->collected_bytes = 0;
}

static void
end_run (PotooTsOutput *self, gboolean drain)
{
  forget_collected (self);
  if (self->pipeline != NULL && drain)
    potoo_ts_pipeline_drain (self->pipeline, DRAIN_TIMEOUT_US);
  g_clear_pointer (&self->pipeline, potoo_ts_pipeline_free);
  gst_clear_caps (&self->video_caps);
  gst_clear_caps (&self->audio_caps);
  self->audio_ended = self->audio_changed = FALSE;
}

static gboolean
is_aac (const PotooAccessUnit *unit)
{
  return unit->track != 0 && unit->caps != NULL && gst_caps_get_size (unit->caps) > 0 &&
         gst_structure_has_name (gst_caps_get_structure (unit->caps, 0), "audio/mpeg");
}

static gboolean
push (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  g_autoptr (GError) error = NULL;

  if (potoo_ts_pipeline_push (self->pipeline, unit, &error))
    return TRUE;
  fail (self, error);
  return FALSE;
}

static void
push_audio (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  if (self->audio_caps == NULL || self->audio_ended || unit->pts_ns < self->run_start_ns)
    return;
  self->audio_changed |= !gst_caps_is_equal (self->audio_caps, unit->caps);
  if (!self->audio_changed)
    push (self, unit);
}

static void
push_video (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  if (self->audio_caps != NULL && !self->audio_ended &&
      unit->pts_ns > self->last_audio_ns + AUDIO_SILENT_NS)
    {
      potoo_log_debug (self->camera_id, "Audio is silent; the live output goes on without it");
      potoo_ts_pipeline_end_audio (self->pipeline);
      self->audio_ended = TRUE;
    }
  push (self, unit);
}

static const PotooAccessUnit *
find_collected_audio (PotooTsOutput *self)
{
  for (GList *link = self->collected.tail; link != NULL; link = link->prev)
    if (is_aac (link->data))
      return link->data;
  return NULL;
}

static void
start_run (PotooTsOutput *self)
{
  PotooTsPipelineFuncs funcs = { on_segment, on_wake, self };
  const PotooAccessUnit *video = g_queue_peek_head (&self->collected);
  const PotooAccessUnit *audio = find_collected_audio (self);
  g_autoptr (GError) error = NULL;

  self->video_caps = gst_caps_ref (video->caps);
  self->audio_caps = audio != NULL ? gst_caps_ref (audio->caps) : NULL;
  self->run_start_ns = video->pts_ns;
  self->pipeline = potoo_ts_pipeline_new (self->video_caps, self->audio_caps, &funcs, &error);
  if (self->pipeline == NULL)
    {
      fail (self, error);
      return;
    }
  potoo_metric_add (self->metrics.runs, 1);
  potoo_live_window_break (self->window);
  PotooAccessUnit *unit;
  while ((unit = g_queue_pop_head (&self->collected)) != NULL)
    {
      if (unit->track == 0)
        push_video (self, unit);
      else if (is_aac (unit))
        push_audio (self, unit);
      access_unit_free (unit);
    }
}

/* --- the thread: access units --- */

static void
collect (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  const PotooAccessUnit *first = g_queue_peek_head (&self->collected);
  PotooAccessUnit *copy;

  if (first == NULL && !unit->key)
    return;
  copy = g_memdup2 (unit, sizeof *unit);
  gst_buffer_ref (copy->buffer);
  gst_caps_ref (copy->caps);
  g_queue_push_tail (&self->collected, copy);
  self->collected_keyframes += unit->key ? 1 : 0;
  self->collected_bytes += gst_buffer_get_size (unit->buffer);
  first = g_queue_peek_head (&self->collected);
  if (is_aac (unit) || self->collected_keyframes > 1 ||
      unit->pts_ns > first->pts_ns + COLLECT_MAX_NS || self->collected.length > COLLECT_MAX_UNITS ||
      self->collected_bytes > COLLECT_MAX_BYTES)
    start_run (self);
}

/* Follows AAC whether the run takes it or not. */
static void
note_audio (PotooTsOutput *self, GstClockTime pts_ns)
{
  if (pts_ns < self->last_audio_ns || pts_ns > self->last_audio_ns + AUDIO_SILENT_NS)
    self->steady_audio_ns = pts_ns;
  self->last_audio_ns = pts_ns;
}

static gboolean
is_steady_audio_missed (PotooTsOutput *self, GstClockTime now_ns)
{
  gboolean taken = self->audio_caps != NULL && !self->audio_ended;

  return !taken && now_ns < self->last_audio_ns + AUDIO_SILENT_NS &&
         self->last_audio_ns > self->steady_audio_ns + AUDIO_STEADY_NS;
}

/* Whether @unit, a keyframe, cannot go into the run. */
static gboolean
needs_new_run (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  return unit->discontinuous || self->audio_changed ||
         !gst_caps_is_equal (self->video_caps, unit->caps) ||
         is_steady_audio_missed (self, unit->pts_ns);
}

/* A run that has got nothing for so long is not worth its last second: it goes at once. */
static void
end_stale_run (PotooTsOutput *self, gint64 now_us)
{
  gint64 stale_us = MAX (STALE_US, STALE_STEPS * MIN (self->step_us, MAX_STEP_US));

  if (self->last_video_us == 0 || now_us < self->last_video_us + stale_us)
    return;
  end_run (self, FALSE);
  potoo_live_window_clear (self->window);
  self->last_video_us = 0;
}

/* A B-frame is shown before what came before it: that is no step. */
static void
note_step (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  if (unit->discontinuous)
    self->step_us = 0;
  else if (unit->pts_ns > self->last_pts_ns)
    self->step_us = (gint64) ((unit->pts_ns - self->last_pts_ns) / 1000);
  self->last_pts_ns = unit->pts_ns;
}

static void
take_video (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  gint64 now_us = potoo_clock_mono_us ();

  end_stale_run (self, now_us);
  note_step (self, unit);
  self->last_video_us = now_us;
  if (self->pipeline != NULL && unit->key && needs_new_run (self, unit))
    end_run (self, TRUE);
  if (self->pipeline == NULL && unit->discontinuous)
    forget_collected (self);
  if (self->pipeline == NULL)
    collect (self, unit);
  else
    push_video (self, unit);
}

static void
take_audio (PotooTsOutput *self, const PotooAccessUnit *unit)
{
  if (!is_aac (unit))
    return;
  note_audio (self, unit->pts_ns);
  if (self->pipeline == NULL)
    collect (self, unit);
  else
    push_audio (self, unit);
}

static gboolean
is_congested (PotooTsOutput *self)
{
  return self->pipeline != NULL &&
         potoo_ts_pipeline_get_waiting_bytes (self->pipeline) > WAITING_MAX_BYTES;
}

/* What waits in the subscriber, as long as the pipeline takes it. */
static void
take_all (PotooTsOutput *self, PotooSubscriber *subscriber)
{
  PotooAccessUnit unit;

  while (!is_stopping (self) && !is_congested (self) && potoo_subscriber_take (subscriber, &unit))
    {
      if (unit.caps != NULL && GST_CLOCK_TIME_IS_VALID (unit.pts_ns))
        {
          if (unit.track == 0)
            take_video (self, &unit);
          else
            take_audio (self, &unit);
        }
      potoo_access_unit_clear (&unit);
    }
}

/* --- the thread: its life --- */

/* FALSE when it is to end. */
static gboolean
wait_for_units (PotooTsOutput *self)
{
  gint64 until_us = potoo_clock_mono_us () +
                    (is_congested (self) ? CONGESTED_WAIT_US : IDLE_WAIT_US);

  g_mutex_lock (&self->lock);
  while (!self->woken && !self->stopping)
    if (!g_cond_wait_until (&self->wake, &self->lock, until_us))
      break;
  self->woken = FALSE;
  gboolean go_on = !self->stopping;
  g_mutex_unlock (&self->lock);
  return go_on;
}

static gpointer
run (gpointer user_data)
{
  PotooTsOutput *self = user_data;
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (self->hub, GOPS, QUEUE_MAX_BYTES,
                                                            on_wake, self);

  potoo_cpu_give_way ();
  do
    {
      g_autoptr (GError) error = NULL;
      take_all (self, subscriber);
      end_stale_run (self, potoo_clock_mono_us ());
      if (self->pipeline != NULL && !potoo_ts_pipeline_check (self->pipeline, &error))
        fail (self, error);
    }
  while (wait_for_units (self));
  potoo_subscriber_free (subscriber);
  end_run (self, FALSE);

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->wake);
  if (self->changed != NULL)
    self->changed (self, self->user_data);
  g_mutex_unlock (&self->lock);
  potoo_ts_output_unref (self);
  return NULL;
}

/* --- the object --- */

/* On a machine at its limit of threads this output fails, and nothing else does. */
static void
start_thread (PotooTsOutput *self)
{
  g_autoptr (GError) error = NULL;

  self->thread = g_thread_try_new ("potoo-live", run, potoo_ts_output_ref (self), &error);
  if (self->thread != NULL)
    return;
  fail (self, error);
  self->ended = TRUE;
  potoo_ts_output_unref (self);
}

PotooTsOutput *
potoo_ts_output_new (const char *camera_id,
                     PotooStreamHub *hub,
                     const PotooTsOutputMetrics *metrics,
                     PotooTsOutputChangedFunc changed,
                     gpointer user_data)
{
  PotooTsOutput *self = g_new0 (PotooTsOutput, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->camera_id = g_strdup (camera_id);
  self->hub = potoo_stream_hub_ref (hub);
  self->window = potoo_live_window_new (POTOO_TS_OUTPUT_MAX_BYTES, metrics->bytes);
  self->metrics.segments = potoo_metric_ref (metrics->segments);
  self->metrics.runs = potoo_metric_ref (metrics->runs);
  self->metrics.bytes = potoo_metric_ref (metrics->bytes);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->changed = changed;
  self->user_data = user_data;
  start_thread (self);
  return self;
}

PotooTsOutput *
potoo_ts_output_ref (PotooTsOutput *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
potoo_ts_output_unref (PotooTsOutput *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->thread, g_thread_unref);
  potoo_stream_hub_unref (self->hub);
  potoo_live_window_unref (self->window);
  potoo_metric_unref (self->metrics.segments);
  potoo_metric_unref (self->metrics.runs);
  potoo_metric_unref (self->metrics.bytes);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
  g_free (self->failure);
  g_free (self->camera_id);
  g_free (self);
}

PotooLiveWindow *
potoo_ts_output_get_window (PotooTsOutput *self)
{
  return self->window;
}

void
potoo_ts_output_stop (PotooTsOutput *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

gboolean
potoo_ts_output_has_ended (PotooTsOutput *self, char **failure)
{
  g_mutex_lock (&self->lock);
  gboolean ended = self->ended;
  if (ended && failure != NULL)
    *failure = g_strdup (self->failure);
  g_mutex_unlock (&self->lock);
  return ended;
}

gboolean
potoo_ts_output_join (PotooTsOutput *self, gint64 until_us)
{
  g_mutex_lock (&self->lock);
  while (!self->ended)
    if (!g_cond_wait_until (&self->wake, &self->lock, until_us))
      break;
  gboolean ended = self->ended;
  self->changed = NULL;
  g_mutex_unlock (&self->lock);
  if (ended && self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
  return ended;
}
