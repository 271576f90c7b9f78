/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * From access units to fragments, in three steps:
 *
 * 1. *Collecting.* Video access units gather in decoding order in `units`. The
 *    cut comes before a keyframe, or after a second, but only where every
 *    picture so far is shown before all that follow, so that the fragments'
 *    presentation intervals do not overlap even with B-frames.
 * 2. *Timing.* Decoding times are made from presentation times
 *    (potoo-decoding-times.h). The fragment's end is where the next one's
 *    pictures begin: with B-frames that is known one picture later, and as
 *    nobody says that a stream has none, that picture is always waited for.
 * 3. *Waiting for audio* of the same interval, at most AUDIO_WAIT of video time
 *    and not at all for a track that is silent. Audio that comes later still
 *    goes into the next fragment, at its own right time, unless that starts with
 *    a keyframe: then it is dropped.
 *
 * `lock` protects everything; the callback runs under it, so that fragments
 * come out in order. Called from the streaming threads of the tracks.
 */

#include "media/potoo-fragmenter.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "media/potoo-audio-queue.h"
#include "media/potoo-decoding-times.h"

#define FRAGMENT_DURATION POTOO_VIDEO_TIMESCALE
#define MIN_GOP_DURATION (POTOO_VIDEO_TIMESCALE / 2) /* shorter ones share a fragment */
#define MAX_FRAGMENT_UNITS 1024
#define MAX_FRAGMENT_BYTES (16 * 1024 * 1024)
#define AUDIO_WAIT (1000 * GST_MSECOND)
#define AUDIO_SILENT (1500 * GST_MSECOND)
#define MAX_AUDIO_STRETCH (250 * GST_MSECOND)
#define MAX_TIME_AHEAD (10 * POTOO_VIDEO_TIMESCALE)
#define MAX_TIME_BACK (3 * POTOO_VIDEO_TIMESCALE) /* B-frames at a few pictures a second */
#define FALLBACK_FRAME_TICKS (POTOO_VIDEO_TIMESCALE / 25)
#define CLOCK_STEP_US (500 * 1000)
#define MAX_WAITING 4

typedef struct
{
  GstBuffer *buffer;
  guint64 pts; /* ticks */
  gboolean key;
} Unit;

/* A fragment on its way from the cut to the callback. */
typedef struct
{
  GArray *units;       /* until timed (Unit) */
  GArray *samples;     /* from then on (PotooSample) */
  GstCaps *video_caps; /* set: the init is to be looked at again */
  gboolean key, discontinuous;
  gboolean last; /* of its run */
  GstClockTime start_ns, end_ns;
  gint64 wall_start_us, wall_end_us;
} Pending;

struct _PotooFragmenter
{
  GMutex lock;
  char *camera_id;
  PotooFragmentFunc func;
  gpointer user_data;
  GDestroyNotify destroy;

  GstCaps *caps[POTOO_MAX_TRACKS];
  PotooAudioQueue *audio[POTOO_MAX_TRACKS]; /* [0] stays NULL */
  gboolean audio_held[POTOO_MAX_TRACKS];    /* its caps changed: waits for the next init */
  gboolean caps_changed, video_caps_changed;
  PotooInit *init;

  GArray *units;
  GstCaps *units_caps; /* set: `units` start with a keyframe that may need another init */
  gsize unit_bytes;
  guint64 max_pts;  /* of `units` */
  gboolean running; /* a keyframe has come */
  gboolean discontinuous;
  guint64 end_ticks; /* of the last timed fragment; 0: none in this run */
  guint64 newest_pts;
  gint64 wall_offset_us, wall_end_us;

  Pending *untimed;
  GQueue waiting; /* Pending with samples */
  guint64 sequence;

  PotooMetric *fragments, *bytes, *frames;
  PotooMetric *dropped_leading, *dropped_audio, *repaired;
};

static void
clear_unit (Unit *unit)
{
  gst_clear_buffer (&unit->buffer);
}

static GArray *
new_units (void)
{
  GArray *units = g_array_sized_new (FALSE, FALSE, sizeof (Unit), 64);
  g_array_set_clear_func (units, (GDestroyNotify) clear_unit);
  return units;
}

static void
pending_free (Pending *pending)
{
  g_clear_pointer (&pending->units, g_array_unref);
  g_clear_pointer (&pending->samples, g_array_unref);
  gst_clear_caps (&pending->video_caps);
  g_free (pending);
}

PotooFragmenter *
potoo_fragmenter_new (const char *camera_id,
                      PotooFragmentFunc func,
                      gpointer user_data,
                      GDestroyNotify destroy)
{
  PotooFragmenter *self = g_new0 (PotooFragmenter, 1);
  g_mutex_init (&self->lock);
  self->camera_id = g_strdup (camera_id);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  self->units = new_units ();
  g_queue_init (&self->waiting);
  self->discontinuous = TRUE;
  self->fragments = potoo_metric_new_counter ("potoo_fragments_total", "Fragments cut.", "camera",
                                              camera_id, NULL);
  self->bytes = potoo_metric_new_counter ("potoo_fragment_bytes_total", "Bytes of fragments cut.",
                                          "camera", camera_id, NULL);
  self->frames = potoo_metric_new_counter (
      "potoo_fragment_frames_total", "Video access units in fragments.", "camera", camera_id, NULL);
  self->dropped_leading = potoo_metric_new_counter (
      "potoo_frames_before_keyframe_total",
      "Video access units dropped because no keyframe had come.", "camera", camera_id, NULL);
  self->dropped_audio = potoo_metric_new_counter ("potoo_audio_dropped_total",
                                                  "Audio access units dropped for want of video.",
                                                  "camera", camera_id, NULL);
  self->repaired = potoo_metric_new_counter ("potoo_timestamps_repaired_total",
                                             "Video access units with an unusable time stamp.",
                                             "camera", camera_id, NULL);
  return self;
}

static void
forget_audio (PotooFragmenter *self, guint track)
{
  if (self->audio[track] != NULL)
    potoo_metric_add (self->dropped_audio, potoo_audio_queue_clear (self->audio[track]));
  g_clear_pointer (&self->audio[track], potoo_audio_queue_free);
}

static void
forget_tracks (PotooFragmenter *self)
{
  for (guint i = 0; i < POTOO_MAX_TRACKS; i++)
    {
      gst_clear_caps (&self->caps[i]);
      forget_audio (self, i);
    }
  g_clear_pointer (&self->init, potoo_init_unref);
}

void
potoo_fragmenter_free (PotooFragmenter *self)
{
  forget_tracks (self);
  g_clear_pointer (&self->untimed, pending_free);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) pending_free);
  g_array_unref (self->units);
  gst_clear_caps (&self->units_caps);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  potoo_metric_unref (self->fragments);
  potoo_metric_unref (self->bytes);
  potoo_metric_unref (self->frames);
  potoo_metric_unref (self->dropped_leading);
  potoo_metric_unref (self->dropped_audio);
  potoo_metric_unref (self->repaired);
  g_mutex_clear (&self->lock);
  g_free (self->camera_id);
  g_free (self);
}

/* --- 3. waiting for audio, and out --- */

/* A new init begins: audio of before its first picture has no place in it. */
static void
release_audio (PotooFragmenter *self, GstClockTime start_ns)
{
  for (guint i = 1; i < POTOO_MAX_TRACKS && self->audio[i] != NULL; i++)
    {
      self->audio_held[i] = FALSE;
      potoo_metric_add (self->dropped_audio, potoo_audio_queue_start_at (self->audio[i], start_ns));
    }
}

/* Makes the init that @pending starts, unless the one in use says the same. */
static gboolean
renew_init (PotooFragmenter *self, Pending *pending)
{
  GstCaps *caps[POTOO_MAX_TRACKS] = { pending->video_caps };
  guint n = 1;

  for (; n < POTOO_MAX_TRACKS && self->caps[n] != NULL; n++)
    caps[n] = self->caps[n];
  g_autoptr (PotooInit) init = potoo_init_new (caps, n);
  if (init == NULL)
    return FALSE;
  if (self->init != NULL && !pending->discontinuous &&
      g_bytes_equal (potoo_init_get_bytes (init), potoo_init_get_bytes (self->init)))
    {
      memset (self->audio_held, FALSE, sizeof self->audio_held);
      return TRUE;
    }
  g_clear_pointer (&self->init, potoo_init_unref);
  self->init = g_steal_pointer (&init);
  release_audio (self, pending->start_ns);
  return TRUE;
}

/* The sound of a run ends no earlier than its picture, if it goes on until then: a browser that is
 * to play what comes after a gap counts more than two lengths of the last access unit without
 * sound as a hole (Media Source Extensions, coded frame processing) and stops there. */
static void
end_with_video (GArray *samples, guint32 timescale, GstClockTime end_ns)
{
  PotooSample *last = &g_array_index (samples, PotooSample, samples->len - 1);
  guint64 own_end = last->dts_ticks + last->duration_ticks;
  guint64 end = potoo_ticks_from_ns (end_ns, timescale);

  if (end > own_end && end - own_end <= potoo_ticks_from_ns (MAX_AUDIO_STRETCH, timescale))
    last->duration_ticks = (guint32) (end - last->dts_ticks);
}

static void
emit (PotooFragmenter *self, Pending *pending)
{
  PotooFragmentSpec spec = {
    .samples = { pending->samples },
    .sequence = self->sequence,
    .key = pending->key,
    .discontinuous = pending->discontinuous,
    .start_ns = pending->start_ns,
    .end_ns = pending->end_ns,
    .wall_start_us = pending->wall_start_us,
    .wall_end_us = pending->wall_end_us,
  };

  if (pending->video_caps != NULL && !renew_init (self, pending))
    {
      potoo_log_warning (self->camera_id, "Cannot describe the stream in MP4; it is dropped");
      return;
    }
  spec.init = self->init;
  for (guint i = 1; i < potoo_init_get_n_tracks (self->init); i++)
    {
      if (self->audio[i] == NULL || self->audio_held[i])
        continue;
      /* A file may start here, and then has its first picture at 0. */
      if (pending->key)
        potoo_metric_add (self->dropped_audio,
                          potoo_audio_queue_drop_before (self->audio[i], pending->start_ns));
      spec.samples[i] = potoo_audio_queue_take_until (self->audio[i], pending->end_ns);
      if (pending->last && spec.samples[i] != NULL)
        end_with_video (spec.samples[i], potoo_init_get_track (self->init, i)->timescale,
                        pending->end_ns);
    }

  g_autoptr (PotooFragment) fragment = potoo_fragment_new (&spec);
  for (guint i = 1; i < POTOO_MAX_TRACKS; i++)
    g_clear_pointer (&spec.samples[i], g_array_unref);
  self->sequence++;
  potoo_metric_add (self->fragments, 1);
  potoo_metric_add (self->bytes, (gint64) potoo_fragment_get_size (fragment));
  potoo_metric_add (self->frames, potoo_fragment_get_n_frames (fragment));
  self->func (fragment, self->user_data);
}

static gboolean
has_its_audio (PotooFragmenter *self, const Pending *pending)
{
  GstClockTime now = gst_util_uint64_scale (self->newest_pts, GST_SECOND, POTOO_VIDEO_TIMESCALE);

  if (now > pending->end_ns + AUDIO_WAIT || self->waiting.length > MAX_WAITING)
    return TRUE;
  for (guint i = 1; i < POTOO_MAX_TRACKS && self->audio[i] != NULL; i++)
    {
      GstClockTime end = potoo_audio_queue_get_end_ns (self->audio[i]);
      if (!self->audio_held[i] && end < pending->end_ns && end + AUDIO_SILENT > now)
        return FALSE;
    }
  return TRUE;
}

static void
emit_ready (PotooFragmenter *self, gboolean all)
{
  Pending *pending;
  while ((pending = g_queue_peek_head (&self->waiting)) != NULL &&
         (all || has_its_audio (self, pending)))
    {
      emit (self, pending);
      pending_free (g_queue_pop_head (&self->waiting));
    }
}

/* --- 2. timing --- */

static guint64
first_shown (const GArray *units)
{
  guint64 first = G_MAXUINT64;
  for (guint i = 0; i < units->len; i++)
    first = MIN (first, g_array_index (units, Unit, i).pts);
  return first;
}

/* Pictures that are shown first, but come later, need some of the time before. */
static gboolean
starts_out_of_order (const GArray *units)
{
  return g_array_index (units, Unit, 0).pts > first_shown (units);
}

static guint64 *
make_decoding_times (const GArray *units, guint64 start)
{
  g_autofree guint64 *pts = g_new (guint64, units->len);

  if (start == 0)
    {
      start = first_shown (units);
      if (starts_out_of_order (units))
        start -= MIN (start, FALLBACK_FRAME_TICKS);
    }
  for (guint i = 0; i < units->len; i++)
    pts[i] = g_array_index (units, Unit, i).pts;
  return potoo_decoding_times_new (pts, units->len, start);
}

static void
take_samples (Pending *pending, const guint64 *dts, guint64 end)
{
  guint n = pending->units->len;

  pending->samples = g_array_sized_new (FALSE, FALSE, sizeof (PotooSample), n);
  g_array_set_clear_func (pending->samples, (GDestroyNotify) potoo_sample_clear);
  for (guint i = 0; i < n; i++)
    {
      Unit *unit = &g_array_index (pending->units, Unit, i);
      PotooSample sample = {
        .buffer = g_steal_pointer (&unit->buffer),
        .dts_ticks = dts[i],
        .duration_ticks = (guint32) ((i + 1 < n ? dts[i + 1] : end) - dts[i]),
        .composition_ticks = (gint32) (gint64) (unit->pts - dts[i]),
        .key = unit->key,
      };
      g_array_append_val (pending->samples, sample);
    }
  g_clear_pointer (&pending->units, g_array_unref);
}

/* Wall time of the running time @ticks. A step of the wall clock takes effect
 * with the next run, so that one recording's times stay in order. */
static gint64
wall_of (PotooFragmenter *self, GstClockTime time_ns)
{
  gint64 offset = potoo_clock_wall_offset_us ();

  if (self->end_ticks == 0 || ABS (offset - self->wall_offset_us) < CLOCK_STEP_US)
    self->wall_offset_us = offset;
  return (gint64) (time_ns / 1000) + self->wall_offset_us;
}

/* @next: first presentation time of what follows the untimed fragment. */
static void
time_pending (PotooFragmenter *self, guint64 next)
{
  Pending *pending = g_steal_pointer (&self->untimed);
  g_autofree guint64 *dts = make_decoding_times (pending->units, self->end_ticks);
  guint64 end = MAX (next, dts[pending->units->len - 1] + 1);

  take_samples (pending, dts, end);
  pending->start_ns = gst_util_uint64_scale (dts[0], GST_SECOND, POTOO_VIDEO_TIMESCALE);
  pending->end_ns = gst_util_uint64_scale (end, GST_SECOND, POTOO_VIDEO_TIMESCALE);
  pending->wall_start_us = self->end_ticks == 0 ? wall_of (self, pending->start_ns)
                                                : self->wall_end_us;
  pending->wall_end_us = MAX (wall_of (self, pending->end_ns), pending->wall_start_us + 1);
  self->wall_end_us = pending->wall_end_us;
  self->end_ticks = end;
  g_queue_push_tail (&self->waiting, pending);
}

/* The untimed fragment ends where `units` begin. */
static void
time_before_units (PotooFragmenter *self)
{
  const GArray *before = self->untimed->units;
  guint64 next = first_shown (self->units);

  if (starts_out_of_order (self->units))
    {
      guint64 last = g_array_index (before, Unit, before->len - 1).pts;
      next -= next > last ? (next - last) / 2 : 0;
    }
  time_pending (self, next);
}

/* --- 1. collecting --- */

static void
cut (PotooFragmenter *self)
{
  Unit *first = &g_array_index (self->units, Unit, 0);

  if (self->untimed != NULL)
    time_before_units (self);
  Pending *pending = g_new0 (Pending, 1);
  pending->key = first->key;
  pending->discontinuous = self->discontinuous;
  pending->video_caps = g_steal_pointer (&self->units_caps);
  pending->units = self->units;
  self->untimed = pending;
  self->discontinuous = FALSE;
  self->units = new_units ();
  self->unit_bytes = 0;
}

static gboolean
is_cut_before (PotooFragmenter *self, const Unit *unit)
{
  if (self->units->len == 0)
    return FALSE;
  if (self->units->len >= MAX_FRAGMENT_UNITS || self->unit_bytes >= MAX_FRAGMENT_BYTES)
    return TRUE;
  if (unit->key && self->video_caps_changed)
    return TRUE;
  if (unit->pts <= self->max_pts)
    return FALSE;
  const Unit *first = &g_array_index (self->units, Unit, 0);
  guint64 duration = unit->pts - first->pts;
  if (unit->key)
    return !first->key || duration >= MIN_GOP_DURATION;
  return duration >= FRAGMENT_DURATION;
}

static guint64
guess_end (PotooFragmenter *self)
{
  guint64 frame = FALLBACK_FRAME_TICKS;

  if (self->units->len > 1)
    frame = MAX ((self->max_pts - first_shown (self->units)) / (self->units->len - 1), 1);
  return self->max_pts + frame;
}

static void
end_run (PotooFragmenter *self, guint64 end)
{
  cut (self);
  time_pending (self, end);
  ((Pending *) g_queue_peek_tail (&self->waiting))->last = TRUE;
  emit_ready (self, TRUE);
  for (guint i = 1; i < POTOO_MAX_TRACKS && self->audio[i] != NULL; i++)
    potoo_audio_queue_start_at (self->audio[i], 0);
  self->running = FALSE;
  self->discontinuous = TRUE;
  self->caps_changed = TRUE;
  self->max_pts = self->newest_pts = 0;
  self->end_ticks = 0;
}

static gboolean
has_clock_stepped (PotooFragmenter *self)
{
  return self->end_ticks != 0 &&
         ABS (potoo_clock_wall_offset_us () - self->wall_offset_us) >= CLOCK_STEP_US;
}

/* FALSE: drop it. */
static gboolean
starts_or_continues (PotooFragmenter *self, const Unit *unit)
{
  if (self->running && (unit->pts > self->newest_pts + MAX_TIME_AHEAD ||
                        unit->pts + MAX_TIME_BACK < self->newest_pts))
    {
      potoo_metric_add (self->repaired, 1);
      end_run (self, guess_end (self));
    }
  if (self->running && unit->key && has_clock_stepped (self))
    end_run (self, unit->pts);
  if (!self->running && !unit->key)
    {
      potoo_metric_add (self->dropped_leading, 1);
      return FALSE;
    }
  self->running = TRUE;
  return TRUE;
}

static void
push_video (PotooFragmenter *self, Unit *unit)
{
  if (!starts_or_continues (self, unit))
    {
      clear_unit (unit);
      return;
    }
  if (is_cut_before (self, unit))
    {
      cut (self);
      self->max_pts = 0;
    }
  if (self->units->len == 0 && unit->key && self->caps_changed)
    {
      gst_caps_replace (&self->units_caps, self->caps[0]);
      self->caps_changed = self->video_caps_changed = FALSE;
    }
  gboolean first_is_known = self->units->len > 0 &&
                            unit->pts > g_array_index (self->units, Unit, 0).pts;
  self->max_pts = MAX (self->max_pts, unit->pts);
  self->newest_pts = MAX (self->newest_pts, unit->pts);
  self->unit_bytes += gst_buffer_get_size (unit->buffer);
  g_array_append_vals (self->units, unit, 1);
  if (self->untimed != NULL && first_is_known)
    time_before_units (self);
}

void
potoo_fragmenter_push (PotooFragmenter *self, guint track, GstBuffer *buffer, GstClockTime pts_ns)
{
  g_return_if_fail (track < POTOO_MAX_TRACKS);

  g_mutex_lock (&self->lock);
  if (!GST_CLOCK_TIME_IS_VALID (pts_ns) || self->caps[track] == NULL ||
      gst_buffer_get_size (buffer) == 0)
    potoo_metric_add (track == 0 ? self->repaired : self->dropped_audio, 1);
  else if (track == 0)
    {
      Unit unit = {
        .buffer = gst_buffer_ref (buffer),
        .pts = potoo_ticks_from_ns (pts_ns, POTOO_VIDEO_TIMESCALE),
        .key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
      };
      push_video (self, &unit);
    }
  else
    potoo_metric_add (self->dropped_audio,
                      potoo_audio_queue_push (self->audio[track], buffer, pts_ns));
  emit_ready (self, FALSE);
  g_mutex_unlock (&self->lock);
}

static void
renew_audio_queue (PotooFragmenter *self, guint track, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean opus = gst_structure_has_name (s, "audio/x-opus");
  int rate = 48000;

  if (!opus)
    gst_structure_get_int (s, "rate", &rate);
  forget_audio (self, track);
  self->audio[track] = potoo_audio_queue_new ((guint32) rate, opus ? 960 : 1024);
}

gboolean
potoo_fragmenter_set_caps (PotooFragmenter *self, guint track, GstCaps *caps)
{
  g_return_val_if_fail (track < POTOO_MAX_TRACKS, FALSE);

  if (!potoo_init_accepts (caps, track == 0 ? POTOO_TRACK_VIDEO : POTOO_TRACK_AUDIO))
    return FALSE;
  g_mutex_lock (&self->lock);
  if (self->caps[track] == NULL || !gst_caps_is_equal (self->caps[track], caps))
    {
      if (track > 0)
        {
          self->audio_held[track] = self->caps[track] != NULL;
          renew_audio_queue (self, track, caps);
        }
      else
        self->video_caps_changed = self->caps[0] != NULL;
      gst_caps_replace (&self->caps[track], caps);
      self->caps_changed = TRUE;
    }
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
potoo_fragmenter_flush (PotooFragmenter *self)
{
  g_mutex_lock (&self->lock);
  if (self->running)
    end_run (self, guess_end (self));
  forget_tracks (self);
  g_mutex_unlock (&self->lock);
}
