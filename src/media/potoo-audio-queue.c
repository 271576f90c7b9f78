/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-audio-queue.h"

/* Times that come over the network wander by fractions of a millisecond; audio
 * that follows on within this many parts of a second is put exactly on. */
#define SNAP_PARTS 100
/* Audio that falls further behind (several access units with one time; a camera
 * whose sound card is fast; sender reports that came later) comes closer by this part of an access
 * unit's duration each, until it is as close as that. */
#define SLEW_PARTS 32
#define SLEWED_PARTS 1000
#define MAX_HOLE_SECONDS 60

struct _PotooAudioQueue
{
  guint32 timescale;
  guint32 default_duration;
  GQueue samples;      /* PotooSample, owned */
  gsize bytes;         /* of them */
  guint64 next_ticks;  /* where the newest one ends; 0: none yet */
  guint64 floor_ticks; /* none may start before */
  gboolean slewing;
};

PotooAudioQueue *
potoo_audio_queue_new (guint32 timescale, guint32 default_duration_ticks)
{
  PotooAudioQueue *queue = g_new0 (PotooAudioQueue, 1);
  queue->timescale = timescale;
  queue->default_duration = default_duration_ticks;
  g_queue_init (&queue->samples);
  return queue;
}

static void
sample_free (PotooSample *sample)
{
  potoo_sample_clear (sample);
  g_free (sample);
}

/* (transfer full) */
static PotooSample *
take_oldest (PotooAudioQueue *queue)
{
  PotooSample *sample = g_queue_pop_head (&queue->samples);

  queue->bytes -= gst_buffer_get_size (sample->buffer);
  return sample;
}

void
potoo_audio_queue_free (PotooAudioQueue *queue)
{
  g_queue_clear_full (&queue->samples, (GDestroyNotify) sample_free);
  g_free (queue);
}

static guint32
duration_of (PotooAudioQueue *queue, GstBuffer *buffer)
{
  GstClockTime duration = GST_BUFFER_DURATION (buffer);
  if (!GST_CLOCK_TIME_IS_VALID (duration) || duration == 0 || duration > GST_SECOND)
    return queue->default_duration;
  return (guint32) MAX (potoo_ticks_from_ns (duration, queue->timescale), 1);
}

guint
potoo_audio_queue_clear (PotooAudioQueue *queue)
{
  guint n = queue->samples.length;

  g_queue_clear_full (&queue->samples, (GDestroyNotify) sample_free);
  queue->bytes = 0;
  queue->next_ticks = 0;
  return n;
}

/* Whether times went to another time line, and not only astray. */
static gboolean
has_jumped (PotooAudioQueue *queue, guint64 ticks)
{
  return queue->next_ticks != 0 &&
         (ticks + queue->timescale < queue->next_ticks ||
          ticks > queue->next_ticks + (guint64) queue->timescale * MAX_HOLE_SECONDS);
}

static guint64
snap (PotooAudioQueue *queue, guint64 ticks)
{
  guint64 tolerance = queue->timescale / SNAP_PARTS;
  const PotooSample *last = g_queue_peek_tail (&queue->samples);

  if (queue->next_ticks == 0 || ticks > queue->next_ticks + tolerance)
    return ticks;
  guint64 ahead = queue->next_ticks > ticks ? queue->next_ticks - ticks : 0;
  queue->slewing = ahead > (queue->slewing ? queue->timescale / SLEWED_PARTS : tolerance);
  if (!queue->slewing || last == NULL)
    return queue->next_ticks;
  return queue->next_ticks - MIN (ahead, last->duration_ticks / SLEW_PARTS);
}

static void
append (PotooAudioQueue *queue, GstBuffer *buffer, guint64 dts_ticks)
{
  PotooSample *last = g_queue_peek_tail (&queue->samples);
  PotooSample *sample = g_new0 (PotooSample, 1);

  sample->buffer = gst_buffer_ref (buffer);
  sample->key = TRUE;
  sample->duration_ticks = duration_of (queue, buffer);
  sample->dts_ticks = dts_ticks;
  /* A hole is filled by the access unit before it, so that the times of a
   * fragment's samples, which are given as durations, come out right. */
  if (last != NULL)
    last->duration_ticks = (guint32) (dts_ticks - last->dts_ticks);
  queue->next_ticks = dts_ticks + sample->duration_ticks;
  queue->bytes += gst_buffer_get_size (buffer);
  g_queue_push_tail (&queue->samples, sample);
}

/* For one of @size; returns how many had to go. */
static guint
make_room (PotooAudioQueue *queue, gsize size)
{
  guint dropped = 0;

  while (queue->samples.length > 0 && (queue->samples.length >= POTOO_AUDIO_QUEUE_MAX ||
                                       queue->bytes + size > POTOO_AUDIO_QUEUE_MAX_BYTES))
    {
      sample_free (take_oldest (queue));
      dropped++;
    }
  return dropped;
}

guint
potoo_audio_queue_push (PotooAudioQueue *queue, GstBuffer *buffer, GstClockTime pts_ns)
{
  guint64 ticks = potoo_ticks_from_ns (pts_ns, queue->timescale);
  guint dropped = has_jumped (queue, ticks) ? potoo_audio_queue_clear (queue) : 0;

  ticks = snap (queue, ticks);
  if (ticks < queue->floor_ticks || gst_buffer_get_size (buffer) > POTOO_AUDIO_QUEUE_MAX_BYTES)
    return dropped + 1;
  dropped += make_room (queue, gst_buffer_get_size (buffer));
  append (queue, buffer, ticks);
  return dropped;
}

GstClockTime
potoo_audio_queue_get_end_ns (PotooAudioQueue *queue)
{
  return gst_util_uint64_scale (queue->next_ticks, GST_SECOND, queue->timescale);
}

/* The first tick that is not before @time_ns: sound that begins a part of a tick before the first
 * picture would put that off the beginning of its file. */
static guint64
first_tick_at (PotooAudioQueue *queue, GstClockTime time_ns)
{
  return gst_util_uint64_scale_ceil (time_ns, queue->timescale, GST_SECOND);
}

static guint
drop_before_floor (PotooAudioQueue *queue)
{
  guint dropped = 0;

  for (PotooSample *sample = g_queue_peek_head (&queue->samples);
       sample != NULL && sample->dts_ticks < queue->floor_ticks;
       sample = g_queue_peek_head (&queue->samples))
    {
      sample_free (take_oldest (queue));
      dropped++;
    }
  return dropped;
}

guint
potoo_audio_queue_start_at (PotooAudioQueue *queue, GstClockTime start_ns)
{
  queue->floor_ticks = first_tick_at (queue, start_ns);
  return drop_before_floor (queue);
}

guint
potoo_audio_queue_drop_before (PotooAudioQueue *queue, GstClockTime start_ns)
{
  queue->floor_ticks = MAX (queue->floor_ticks, first_tick_at (queue, start_ns));
  return drop_before_floor (queue);
}

GArray *
potoo_audio_queue_take_until (PotooAudioQueue *queue, GstClockTime end_ns)
{
  guint64 end = first_tick_at (queue, end_ns);
  GArray *taken = NULL;

  for (PotooSample *sample = g_queue_peek_head (&queue->samples);
       sample != NULL && sample->dts_ticks < end; sample = g_queue_peek_head (&queue->samples))
    {
      if (taken == NULL)
        {
          taken = g_array_sized_new (FALSE, FALSE, sizeof (PotooSample), 64);
          g_array_set_clear_func (taken, (GDestroyNotify) potoo_sample_clear);
        }
      g_array_append_vals (taken, sample, 1);
      queue->floor_ticks = sample->dts_ticks + sample->duration_ticks;
      g_free (take_oldest (queue));
    }
  return taken;
}
