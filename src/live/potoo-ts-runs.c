/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Collecting: what tracks a run has must be known before its pipeline is made, so
 * the first access units are held back until audio was seen, a second keyframe
 * came (the first segment needs that one anyway) or 1.5 s passed.
 *
 * A run ends at a keyframe that does not follow on (the camera reconnected, or the
 * taker was too slow), that has other caps, or when the audio that the run lacks has come
 * steadily. Its pipeline is drained, so nothing of it is lost. When no video has come for 5 s, or
 * longer if pictures are further apart, what was before is taken out of the window: it must
 * not be shown as live.
 *
 * Audio that falls silent is ended in the pipeline, which would wait for it else.
 */

#include "live/potoo-ts-runs.h"

#include "base/potoo-clock.h"
#include "base/potoo-log.h"

#define COLLECT_MAX_NS (1500 * GST_MSECOND)
#define COLLECT_MAX_UNITS 2000
#define COLLECT_MAX_BYTES (16 * 1024 * 1024)
#define AUDIO_SILENT_NS (2 * GST_SECOND)
#define AUDIO_STEADY_NS (2 * GST_SECOND)
#define STALE_US (5 * G_USEC_PER_SEC)
#define STALE_STEPS 3 /* from picture to picture */
#define MAX_STEP_US (20 * G_USEC_PER_SEC)
#define WAITING_MAX_BYTES (8 * 1024 * 1024)
#define DRAIN_TIMEOUT_US (1 * G_USEC_PER_SEC)

struct _PotooTsRuns
{
  char *camera_id;
  PotooLiveWindow *window;
  PotooMetric *n_runs;
  PotooTsPipelineFuncs funcs;

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

/* --- runs --- */

static void
forget_collected (PotooTsRuns *self)
{
  g_queue_clear_full (&self->collected, (GDestroyNotify) access_unit_free);
  self->collected_keyframes = 0;
  self->collected_bytes = 0;
}

static void
end_run (PotooTsRuns *self, gboolean drain)
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
push_audio (PotooTsRuns *self, const PotooAccessUnit *unit, GError **error)
{
  if (self->audio_caps == NULL || self->audio_ended || unit->pts_ns < self->run_start_ns)
    return TRUE;
  self->audio_changed |= !gst_caps_is_equal (self->audio_caps, unit->caps);
  return self->audio_changed || potoo_ts_pipeline_push (self->pipeline, unit, error);
}

static gboolean
push_video (PotooTsRuns *self, const PotooAccessUnit *unit, GError **error)
{
  if (self->audio_caps != NULL && !self->audio_ended &&
      unit->pts_ns > self->last_audio_ns + AUDIO_SILENT_NS)
    {
      potoo_log_debug (self->camera_id, "Audio is silent; the live output goes on without it");
      potoo_ts_pipeline_end_audio (self->pipeline);
      self->audio_ended = TRUE;
    }
  return potoo_ts_pipeline_push (self->pipeline, unit, error);
}

static gboolean
push_collected (PotooTsRuns *self, GError **error)
{
  PotooAccessUnit *unit;
  gboolean pushed = TRUE;

  while (pushed && (unit = g_queue_pop_head (&self->collected)) != NULL)
    {
      if (unit->track == 0)
        pushed = push_video (self, unit, error);
      else if (is_aac (unit))
        pushed = push_audio (self, unit, error);
      access_unit_free (unit);
    }
  return pushed;
}

static const PotooAccessUnit *
find_collected_audio (PotooTsRuns *self)
{
  for (GList *link = self->collected.tail; link != NULL; link = link->prev)
    if (is_aac (link->data))
      return link->data;
  return NULL;
}

static gboolean
start_run (PotooTsRuns *self, GError **error)
{
  const PotooAccessUnit *video = g_queue_peek_head (&self->collected);
  const PotooAccessUnit *audio = find_collected_audio (self);

  self->video_caps = gst_caps_ref (video->caps);
  self->audio_caps = audio != NULL ? gst_caps_ref (audio->caps) : NULL;
  self->run_start_ns = video->pts_ns;
  self->pipeline = potoo_ts_pipeline_new (self->video_caps, self->audio_caps, &self->funcs, error);
  if (self->pipeline == NULL)
    return FALSE;
  potoo_metric_add (self->n_runs, 1);
  potoo_live_window_break (self->window);
  return push_collected (self, error);
}

/* --- access units --- */

static gboolean
collect (PotooTsRuns *self, const PotooAccessUnit *unit, GError **error)
{
  const PotooAccessUnit *first = g_queue_peek_head (&self->collected);
  PotooAccessUnit *copy;

  if (first == NULL && !unit->key)
    return TRUE;
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
    return start_run (self, error);
  return TRUE;
}

/* Follows AAC whether the run takes it or not. */
static void
note_audio (PotooTsRuns *self, GstClockTime pts_ns)
{
  if (pts_ns < self->last_audio_ns || pts_ns > self->last_audio_ns + AUDIO_SILENT_NS)
    self->steady_audio_ns = pts_ns;
  self->last_audio_ns = pts_ns;
}

static gboolean
is_steady_audio_missed (PotooTsRuns *self, GstClockTime now_ns)
{
  gboolean taken = self->audio_caps != NULL && !self->audio_ended;

  return !taken && now_ns < self->last_audio_ns + AUDIO_SILENT_NS &&
         self->last_audio_ns > self->steady_audio_ns + AUDIO_STEADY_NS;
}

/* Whether @unit, a keyframe, cannot go into the run. */
static gboolean
needs_new_run (PotooTsRuns *self, const PotooAccessUnit *unit)
{
  return unit->discontinuous || self->audio_changed ||
         !gst_caps_is_equal (self->video_caps, unit->caps) ||
         is_steady_audio_missed (self, unit->pts_ns);
}

/* A run that has got nothing for so long is not worth its last second: it goes at once. */
static void
end_stale_run (PotooTsRuns *self, gint64 now_us)
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
note_step (PotooTsRuns *self, const PotooAccessUnit *unit)
{
  if (unit->discontinuous)
    self->step_us = 0;
  else if (unit->pts_ns > self->last_pts_ns)
    self->step_us = (gint64) ((unit->pts_ns - self->last_pts_ns) / 1000);
  self->last_pts_ns = unit->pts_ns;
}

static gboolean
take_video (PotooTsRuns *self, const PotooAccessUnit *unit, GError **error)
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
    return collect (self, unit, error);
  return push_video (self, unit, error);
}

static gboolean
take_audio (PotooTsRuns *self, const PotooAccessUnit *unit, GError **error)
{
  if (!is_aac (unit))
    return TRUE;
  note_audio (self, unit->pts_ns);
  if (self->pipeline == NULL)
    return collect (self, unit, error);
  return push_audio (self, unit, error);
}

gboolean
potoo_ts_runs_take (PotooTsRuns *self, const PotooAccessUnit *unit, GError **error)
{
  if (unit->caps == NULL || !GST_CLOCK_TIME_IS_VALID (unit->pts_ns))
    return TRUE;
  return unit->track == 0 ? take_video (self, unit, error) : take_audio (self, unit, error);
}

gboolean
potoo_ts_runs_is_congested (PotooTsRuns *self)
{
  return self->pipeline != NULL &&
         potoo_ts_pipeline_get_waiting_bytes (self->pipeline) > WAITING_MAX_BYTES;
}

gboolean
potoo_ts_runs_look (PotooTsRuns *self, GError **error)
{
  end_stale_run (self, potoo_clock_mono_us ());
  return self->pipeline == NULL || potoo_ts_pipeline_check (self->pipeline, error);
}

/* --- the object --- */

PotooTsRuns *
potoo_ts_runs_new (const char *camera_id,
                   PotooLiveWindow *window,
                   PotooMetric *n_runs,
                   const PotooTsPipelineFuncs *funcs)
{
  PotooTsRuns *self = g_new0 (PotooTsRuns, 1);

  self->camera_id = g_strdup (camera_id);
  self->window = potoo_live_window_ref (window);
  self->n_runs = potoo_metric_ref (n_runs);
  self->funcs = *funcs;
  return self;
}

void
potoo_ts_runs_free (PotooTsRuns *self)
{
  end_run (self, FALSE);
  potoo_live_window_unref (self->window);
  potoo_metric_unref (self->n_runs);
  g_free (self->camera_id);
  g_free (self);
}
