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
 * 3. *Waiting for audio* of the same interval, and out: potoo-fragment-assembler.c.
 *
 * `lock` protects everything; the callback runs under it, so that fragments
 * come out in order. Called from the streaming threads of the tracks.
 */

#include "media/potoo-fragmenter.h"

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"
#include "media/potoo-decoding-times.h"
#include "media/potoo-fragment-assembler.h"

#define FRAGMENT_DURATION POTOO_VIDEO_TIMESCALE
#define MIN_GOP_DURATION (POTOO_VIDEO_TIMESCALE / 2) /* shorter ones share a fragment */
#define MAX_FRAGMENT_UNITS 1024
#define MAX_FRAGMENT_BYTES (16 * 1024 * 1024)
/* Pictures that are further apart leave a hole: nothing was recorded between them. A camera that
 * makes one now and then has three times as long as it took before. The same goes for silence, see
 * camera/potoo-connection-policy.c. */
#define MAX_PAUSE (6 * POTOO_VIDEO_TIMESCALE)
#define MAX_PAUSE_PICTURES 3
#define SLOWEST_PICTURES (20 * POTOO_VIDEO_TIMESCALE)
#define MAX_TIME_BACK (3 * POTOO_VIDEO_TIMESCALE) /* B-frames at a few pictures a second */
#define FALLBACK_FRAME_TICKS (POTOO_VIDEO_TIMESCALE / 25)
#define MAX_OVERLAP_US (10 * POTOO_SECOND_US)

typedef struct
{
  GstBuffer *buffer;
  guint64 pts; /* ticks */
  gboolean key;
} Unit;

/* Cut, and not timed yet. */
typedef struct
{
  GArray *units;       /* Unit */
  GstCaps *video_caps; /* set: the init is to be looked at again */
  gboolean key, discontinuous;
} Pending;

struct _PotooFragmenter
{
  GMutex lock;
  char *camera_id;
  GstCaps *caps; /* of video */
  gboolean caps_changed, video_caps_changed;

  GArray *units;
  GstCaps *units_caps; /* set: `units` start with a keyframe that may need another init */
  gsize unit_bytes;
  guint64 max_pts;  /* of `units` */
  gboolean running; /* a keyframe has come */
  gboolean discontinuous;
  guint64 end_ticks; /* of the last timed fragment; 0: none in this run */
  guint64 newest_pts;
  guint64 interval; /* between pictures; falls by an eighth with each */
  gint64 wall_offset_us, wall_end_us;

  Pending *untimed;
  PotooFragmentAssembler *assembler;

  PotooMetric *dropped_leading, *repaired;
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
  gst_clear_caps (&pending->video_caps);
  g_free (pending);
}

PotooFragmenter *
potoo_fragmenter_new (const char *camera_id,
                      const char *stream,
                      PotooFragmentFunc func,
                      gpointer user_data,
                      GDestroyNotify destroy)
{
  PotooFragmenter *self = g_new0 (PotooFragmenter, 1);
  g_mutex_init (&self->lock);
  self->camera_id = g_strdup (camera_id);
  self->assembler = potoo_fragment_assembler_new (camera_id, stream, func, user_data, destroy);
  self->units = new_units ();
  self->discontinuous = TRUE;
  self->dropped_leading = potoo_metric_new_counter (
      "potoo_frames_before_keyframe_total",
      "Video access units dropped because no keyframe had come.", "camera", camera_id, "stream",
      stream, NULL);
  self->repaired = potoo_metric_new_counter ("potoo_timestamps_repaired_total",
                                             "Video access units with an unusable time stamp.",
                                             "camera", camera_id, "stream", stream, NULL);
  return self;
}

void
potoo_fragmenter_free (PotooFragmenter *self)
{
  potoo_fragment_assembler_free (self->assembler);
  gst_clear_caps (&self->caps);
  g_clear_pointer (&self->untimed, pending_free);
  g_array_unref (self->units);
  gst_clear_caps (&self->units_caps);
  potoo_metric_unref (self->dropped_leading);
  potoo_metric_unref (self->repaired);
  g_mutex_clear (&self->lock);
  g_free (self->camera_id);
  g_free (self);
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

/* (transfer full) */
static GArray *
take_samples (Pending *pending, const guint64 *dts, guint64 end)
{
  guint n = pending->units->len;
  GArray *samples = g_array_sized_new (FALSE, FALSE, sizeof (PotooSample), n);

  g_array_set_clear_func (samples, (GDestroyNotify) potoo_sample_clear);
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
      g_array_append_val (samples, sample);
    }
  return samples;
}

/* Wall time of the running time @ticks. A step of the wall clock takes effect
 * with the next run, so that one recording's times stay in order. */
static gint64
wall_of (PotooFragmenter *self, GstClockTime time_ns)
{
  gint64 offset = potoo_clock_wall_offset_us ();

  if (self->end_ticks == 0 || ABS (offset - self->wall_offset_us) < POTOO_CLOCK_STEP_US)
    self->wall_offset_us = offset;
  return (gint64) (time_ns / 1000) + self->wall_offset_us;
}

/* A run begins where the one before ended, if that was just now: what a camera sends at once when
 * it is connected again may be older than the connection. */
static gint64
wall_start_of (PotooFragmenter *self, GstClockTime start_ns)
{
  if (self->end_ticks != 0)
    return self->wall_end_us;
  gint64 start_us = wall_of (self, start_ns);
  gint64 overlap_us = self->wall_end_us - start_us;
  return overlap_us > 0 && overlap_us < MAX_OVERLAP_US ? self->wall_end_us : start_us;
}

/* @next: first presentation time of what follows the untimed fragment. */
static void
time_pending (PotooFragmenter *self, guint64 next)
{
  Pending *pending = g_steal_pointer (&self->untimed);
  g_autofree guint64 *dts = make_decoding_times (pending->units, self->end_ticks);
  guint64 end = MAX (next, dts[pending->units->len - 1] + 1);

  PotooFragmentVideo *video = g_new0 (PotooFragmentVideo, 1);
  video->samples = take_samples (pending, dts, end);
  video->video_caps = g_steal_pointer (&pending->video_caps);
  video->key = pending->key;
  video->discontinuous = pending->discontinuous;
  video->start_ns = gst_util_uint64_scale (dts[0], GST_SECOND, POTOO_VIDEO_TIMESCALE);
  video->end_ns = gst_util_uint64_scale (end, GST_SECOND, POTOO_VIDEO_TIMESCALE);
  video->wall_start_us = wall_start_of (self, video->start_ns);
  video->wall_end_us = MAX (wall_of (self, video->end_ns), video->wall_start_us + 1);
  self->wall_end_us = video->wall_end_us;
  self->end_ticks = end;
  potoo_fragment_assembler_push_video (self->assembler, video);
  pending_free (pending);
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
  potoo_fragment_assembler_end_run (self->assembler);
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
         ABS (potoo_clock_wall_offset_us () - self->wall_offset_us) >= POTOO_CLOCK_STEP_US;
}

/* Time jumps, or stood still. */
static gboolean
follows_hole (PotooFragmenter *self, const Unit *unit)
{
  guint64 ahead = unit->pts > self->newest_pts ? unit->pts - self->newest_pts : 0;
  guint64 longest = MAX (MAX_PAUSE, MAX_PAUSE_PICTURES * self->interval);

  self->interval = MAX (MIN (ahead, SLOWEST_PICTURES), self->interval - self->interval / 8);
  return ahead > longest || unit->pts + MAX_TIME_BACK < self->newest_pts;
}

/* FALSE: drop it. */
static gboolean
starts_or_continues (PotooFragmenter *self, const Unit *unit)
{
  if (self->running && follows_hole (self, unit))
    {
      potoo_metric_add (self->repaired, 1);
      end_run (self, guess_end (self));
    }
  if (self->running && unit->key && has_clock_stepped (self))
    {
      end_run (self, unit->pts);
      self->wall_end_us = 0; /* by the old clock: what follows does not go by it */
    }
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
      gst_caps_replace (&self->units_caps, self->caps);
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

static void
push_picture (PotooFragmenter *self, GstBuffer *buffer, GstClockTime pts_ns)
{
  Unit unit = {
    .buffer = gst_buffer_ref (buffer),
    .pts = potoo_ticks_from_ns (pts_ns, POTOO_VIDEO_TIMESCALE),
    .key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
  };
  push_video (self, &unit);
}

static gboolean
has_track (PotooFragmenter *self, guint track)
{
  return track == 0 ? self->caps != NULL
                    : potoo_fragment_assembler_has_track (self->assembler, track);
}

void
potoo_fragmenter_push (PotooFragmenter *self, guint track, GstBuffer *buffer, GstClockTime pts_ns)
{
  g_return_if_fail (track < POTOO_MAX_TRACKS);

  g_mutex_lock (&self->lock);
  gboolean usable = GST_CLOCK_TIME_IS_VALID (pts_ns) && has_track (self, track) &&
                    gst_buffer_get_size (buffer) > 0;
  if (usable && track == 0)
    push_picture (self, buffer, pts_ns);
  else if (usable)
    potoo_fragment_assembler_push_audio (self->assembler, track, buffer, pts_ns);
  else if (track == 0)
    potoo_metric_add (self->repaired, 1);
  else
    potoo_fragment_assembler_drop_audio (self->assembler);
  potoo_fragment_assembler_advance (
      self->assembler, gst_util_uint64_scale (self->newest_pts, GST_SECOND, POTOO_VIDEO_TIMESCALE));
  g_mutex_unlock (&self->lock);
}

static gboolean
set_video_caps (PotooFragmenter *self, GstCaps *caps)
{
  if (self->caps != NULL && gst_caps_is_equal (self->caps, caps))
    return FALSE;
  self->video_caps_changed = self->caps != NULL;
  gst_caps_replace (&self->caps, caps);
  return TRUE;
}

gboolean
potoo_fragmenter_set_caps (PotooFragmenter *self, guint track, GstCaps *caps)
{
  g_return_val_if_fail (track < POTOO_MAX_TRACKS, FALSE);

  if (!potoo_init_accepts (caps, track == 0 ? POTOO_TRACK_VIDEO : POTOO_TRACK_AUDIO))
    return FALSE;
  g_mutex_lock (&self->lock);
  self->caps_changed |= track == 0
                            ? set_video_caps (self, caps)
                            : potoo_fragment_assembler_set_caps (self->assembler, track, caps);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
potoo_fragmenter_set_clock_offset (PotooFragmenter *self, gint64 offset_us)
{
  g_mutex_lock (&self->lock);
  potoo_fragment_assembler_set_clock_offset (self->assembler, offset_us);
  g_mutex_unlock (&self->lock);
}

void
potoo_fragmenter_flush (PotooFragmenter *self)
{
  g_mutex_lock (&self->lock);
  if (self->running)
    end_run (self, guess_end (self));
  gst_clear_caps (&self->caps);
  potoo_fragment_assembler_reset (self->assembler);
  g_mutex_unlock (&self->lock);
}
