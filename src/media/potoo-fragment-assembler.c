/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-fragment-assembler.h"

#include <string.h>

#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "media/potoo-audio-queue.h"

#define AUDIO_WAIT (1000 * GST_MSECOND)
#define AUDIO_SILENT (1500 * GST_MSECOND)
#define MAX_AUDIO_STRETCH (250 * GST_MSECOND)
#define MAX_WAITING 4

struct _PotooFragmentAssembler
{
  char *camera_id;
  PotooFragmentFunc func;
  gpointer user_data;
  GDestroyNotify destroy;

  GstCaps *caps[POTOO_MAX_TRACKS]; /* of audio: [0] stays NULL, here and below */
  PotooAudioQueue *audio[POTOO_MAX_TRACKS];
  gboolean audio_held[POTOO_MAX_TRACKS]; /* its caps changed: waits for the next init */
  PotooInit *init;
  GQueue waiting; /* PotooFragmentVideo */
  guint64 sequence;
  gboolean has_clock_offset;
  gint64 clock_offset_us;

  PotooMetric *fragments, *bytes, *frames, *dropped_audio;
};

static void
video_free (PotooFragmentVideo *video)
{
  g_clear_pointer (&video->samples, g_array_unref);
  gst_clear_caps (&video->video_caps);
  g_free (video);
}

/* A new init begins: audio of before its first picture has no place in it. */
static void
release_audio (PotooFragmentAssembler *self, GstClockTime start_ns)
{
  for (guint i = 1; i < POTOO_MAX_TRACKS && self->audio[i] != NULL; i++)
    {
      self->audio_held[i] = FALSE;
      potoo_metric_add (self->dropped_audio, potoo_audio_queue_start_at (self->audio[i], start_ns));
    }
}

/* Makes the init that @video starts, unless the one in use says the same. */
static gboolean
renew_init (PotooFragmentAssembler *self, PotooFragmentVideo *video)
{
  GstCaps *caps[POTOO_MAX_TRACKS] = { video->video_caps };
  guint n = 1;

  for (; n < POTOO_MAX_TRACKS && self->caps[n] != NULL; n++)
    caps[n] = self->caps[n];
  g_autoptr (PotooInit) init = potoo_init_new (caps, n);
  if (init == NULL)
    return FALSE;
  if (self->init != NULL && !video->discontinuous &&
      g_bytes_equal (potoo_init_get_bytes (init), potoo_init_get_bytes (self->init)))
    {
      memset (self->audio_held, FALSE, sizeof self->audio_held);
      return TRUE;
    }
  g_clear_pointer (&self->init, potoo_init_unref);
  self->init = g_steal_pointer (&init);
  release_audio (self, video->start_ns);
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
emit (PotooFragmentAssembler *self, PotooFragmentVideo *video)
{
  PotooFragmentSpec spec = {
    .samples = { video->samples },
    .sequence = self->sequence,
    .key = video->key,
    .discontinuous = video->discontinuous,
    .start_ns = video->start_ns,
    .end_ns = video->end_ns,
    .wall_start_us = video->wall_start_us,
    .wall_end_us = video->wall_end_us,
    .has_clock_offset = self->has_clock_offset,
    .clock_offset_us = self->clock_offset_us,
  };

  if (video->video_caps != NULL && !renew_init (self, video))
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
      if (video->key)
        potoo_metric_add (self->dropped_audio,
                          potoo_audio_queue_drop_before (self->audio[i], video->start_ns));
      spec.samples[i] = potoo_audio_queue_take_until (self->audio[i], video->end_ns);
      if (video->last && spec.samples[i] != NULL)
        end_with_video (spec.samples[i], potoo_init_get_track (self->init, i)->timescale,
                        video->end_ns);
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
has_its_audio (PotooFragmentAssembler *self, const PotooFragmentVideo *video, GstClockTime now)
{
  if (now > video->end_ns + AUDIO_WAIT || self->waiting.length > MAX_WAITING)
    return TRUE;
  for (guint i = 1; i < POTOO_MAX_TRACKS && self->audio[i] != NULL; i++)
    {
      GstClockTime end = potoo_audio_queue_get_end_ns (self->audio[i]);
      if (!self->audio_held[i] && end < video->end_ns && end + AUDIO_SILENT > now)
        return FALSE;
    }
  return TRUE;
}

static void
emit_ready (PotooFragmentAssembler *self, gboolean all, GstClockTime now)
{
  PotooFragmentVideo *video;
  while ((video = g_queue_peek_head (&self->waiting)) != NULL &&
         (all || has_its_audio (self, video, now)))
    {
      emit (self, video);
      video_free (g_queue_pop_head (&self->waiting));
    }
}

void
potoo_fragment_assembler_push_video (PotooFragmentAssembler *self, PotooFragmentVideo *video)
{
  g_queue_push_tail (&self->waiting, video);
}

void
potoo_fragment_assembler_advance (PotooFragmentAssembler *self, GstClockTime now_ns)
{
  emit_ready (self, FALSE, now_ns);
}

void
potoo_fragment_assembler_end_run (PotooFragmentAssembler *self)
{
  PotooFragmentVideo *video = g_queue_peek_tail (&self->waiting);

  if (video != NULL)
    video->last = TRUE;
  emit_ready (self, TRUE, 0);
  for (guint i = 1; i < POTOO_MAX_TRACKS && self->audio[i] != NULL; i++)
    potoo_audio_queue_start_at (self->audio[i], 0);
}

/* --- audio --- */

void
potoo_fragment_assembler_drop_audio (PotooFragmentAssembler *self)
{
  potoo_metric_add (self->dropped_audio, 1);
}

void
potoo_fragment_assembler_push_audio (PotooFragmentAssembler *self,
                                     guint track,
                                     GstBuffer *buffer,
                                     GstClockTime pts_ns)
{
  potoo_metric_add (self->dropped_audio,
                    potoo_audio_queue_push (self->audio[track], buffer, pts_ns));
}

static void
forget_audio (PotooFragmentAssembler *self, guint track)
{
  if (self->audio[track] != NULL)
    potoo_metric_add (self->dropped_audio, potoo_audio_queue_clear (self->audio[track]));
  g_clear_pointer (&self->audio[track], potoo_audio_queue_free);
}

static void
renew_audio_queue (PotooFragmentAssembler *self, guint track, const GstCaps *caps)
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
potoo_fragment_assembler_has_track (PotooFragmentAssembler *self, guint track)
{
  return self->caps[track] != NULL;
}

gboolean
potoo_fragment_assembler_set_caps (PotooFragmentAssembler *self, guint track, GstCaps *caps)
{
  if (self->caps[track] != NULL && gst_caps_is_equal (self->caps[track], caps))
    return FALSE;
  self->audio_held[track] = self->caps[track] != NULL;
  renew_audio_queue (self, track, caps);
  gst_caps_replace (&self->caps[track], caps);
  return TRUE;
}

/* --- life --- */

void
potoo_fragment_assembler_reset (PotooFragmentAssembler *self)
{
  for (guint i = 1; i < POTOO_MAX_TRACKS; i++)
    {
      gst_clear_caps (&self->caps[i]);
      forget_audio (self, i);
    }
  g_clear_pointer (&self->init, potoo_init_unref);
  self->has_clock_offset = FALSE;
}

void
potoo_fragment_assembler_set_clock_offset (PotooFragmentAssembler *self, gint64 offset_us)
{
  self->has_clock_offset = TRUE;
  self->clock_offset_us = offset_us;
}

PotooFragmentAssembler *
potoo_fragment_assembler_new (const char *camera_id,
                              const char *stream,
                              PotooFragmentFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  PotooFragmentAssembler *self = g_new0 (PotooFragmentAssembler, 1);

  self->camera_id = g_strdup (camera_id);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  g_queue_init (&self->waiting);
  self->fragments = potoo_metric_new_counter ("potoo_fragments_total", "Fragments cut.", "camera",
                                              camera_id, "stream", stream, NULL);
  self->bytes = potoo_metric_new_counter ("potoo_fragment_bytes_total", "Bytes of fragments cut.",
                                          "camera", camera_id, "stream", stream, NULL);
  self->frames = potoo_metric_new_counter ("potoo_fragment_frames_total",
                                           "Video access units in fragments.", "camera", camera_id,
                                           "stream", stream, NULL);
  self->dropped_audio = potoo_metric_new_counter ("potoo_audio_dropped_total",
                                                  "Audio access units dropped for want of video.",
                                                  "camera", camera_id, "stream", stream, NULL);
  return self;
}

void
potoo_fragment_assembler_free (PotooFragmentAssembler *self)
{
  potoo_fragment_assembler_reset (self);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) video_free);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  potoo_metric_unref (self->fragments);
  potoo_metric_unref (self->bytes);
  potoo_metric_unref (self->frames);
  potoo_metric_unref (self->dropped_audio);
  g_free (self->camera_id);
  g_free (self);
}
