/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-track-outlet.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-cpu.h"
#include "base/potoo-metrics.h"
#include "media/potoo-camera-track.h"

/* The least step of a video time, rounded up. */
#define TICK_NS (GST_SECOND / POTOO_VIDEO_TIMESCALE + 1)
/* Access units that wait at the start of a connection. */
#define MAX_HELD 128
#define MAX_HELD_BYTES (32 * 1024 * 1024)

/* Each change of caps may begin a segment: a file, a row, and a flush of the disk. */
#define MAX_CAPS_CHANGES 60
#define CAPS_CHANGES_US (60 * POTOO_SECOND_US)

struct _PotooTrackOutlet
{
  guint index;
  PotooStreamHub *hub;
  PotooFragmenter *fragmenter; /* (nullable) */
  PotooRtpClock *clock;
  GstElement *element;

  GMutex lock;   /* protects caps: read by any thread, written by the pushing one */
  GstCaps *caps; /* of the newest access unit */
  gboolean storable;
  gint64 changes_since_us; /* monotonic */
  guint n_changes;         /* of caps, since then */
  gboolean unsteady;       /* they were too many */
  GstClockTime last_pts_ns;
  GQueue held; /* GstSample */
  gsize bytes_held;
  guint n_jumps;

  PotooMetric *untimed, *jumps;
};

gboolean
potoo_track_outlet_is_key (PotooTrackOutlet *self, GstBuffer *buffer)
{
  return self->index == 0 && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

/* FALSE when they change too often. */
static gboolean
count_change (PotooTrackOutlet *self)
{
  gint64 now_us = potoo_clock_mono_us ();

  if (now_us - self->changes_since_us > CAPS_CHANGES_US)
    {
      self->changes_since_us = now_us;
      self->n_changes = 0;
    }
  return ++self->n_changes <= MAX_CAPS_CHANGES;
}

static void
leave_out (PotooTrackOutlet *self)
{
  self->unsteady = TRUE;
  self->storable = FALSE;
  if (self->index == 0)
    potoo_post_reason (self->element, POTOO_MESSAGE_UNUSABLE,
                       _ ("The camera changes the format of its video too often"));
  else
    potoo_post_reason (self->element, POTOO_MESSAGE_NO_SOUND,
                       _ ("The sound is left out: its format changes too often"));
}

static void
take_caps (PotooTrackOutlet *self, GstCaps *caps)
{
  if (caps == self->caps || self->unsteady)
    return;
  if (self->caps != NULL && !gst_caps_is_equal (caps, self->caps) && !count_change (self))
    {
      leave_out (self);
      return;
    }
  g_mutex_lock (&self->lock);
  gst_caps_replace (&self->caps, caps);
  g_mutex_unlock (&self->lock);

  self->storable = self->fragmenter != NULL &&
                   potoo_fragmenter_set_caps (self->fragmenter, self->index, caps);
  if (self->storable || self->fragmenter == NULL)
    return;
  if (self->index == 0)
    potoo_post_reason (self->element, POTOO_MESSAGE_UNUSABLE,
                       _ ("The camera's video cannot be stored in MP4"));
  else
    potoo_post_reason (self->element, POTOO_MESSAGE_NO_SOUND,
                       _ ("The sound is left out: it cannot be stored in MP4"));
}

/* Parsers leave a time out that repeats the one before. Nothing is lost for that: such
 * a picture follows the one before at once, sound follows on. */
static GstClockTime
complete_time (PotooTrackOutlet *self, GstBuffer *buffer, GstClockTime pts_ns)
{
  gboolean follows = self->index != 0 && GST_BUFFER_DURATION_IS_VALID (buffer);

  if (!GST_CLOCK_TIME_IS_VALID (pts_ns) && GST_CLOCK_TIME_IS_VALID (self->last_pts_ns))
    {
      pts_ns = self->last_pts_ns + (follows ? GST_BUFFER_DURATION (buffer) : TICK_NS);
      potoo_metric_add (self->untimed, 1);
    }
  self->last_pts_ns = pts_ns;
  return pts_ns;
}

static void
count_jumps (PotooTrackOutlet *self)
{
  guint n = potoo_rtp_clock_get_n_jumps (self->clock);

  if (n == self->n_jumps)
    return;
  potoo_metric_add (self->jumps, n - self->n_jumps);
  self->n_jumps = n;
}

static void
take_sample (PotooTrackOutlet *self, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstCaps *caps = gst_sample_get_caps (sample);
  GstClockTime stream_ns = gst_segment_to_running_time (gst_sample_get_segment (sample),
                                                        GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  GstClockTime pts_ns = complete_time (self, buffer,
                                       potoo_rtp_clock_apply (self->clock, stream_ns));
  PotooAccessUnit unit = {
    .track = self->index,
    .buffer = buffer,
    .caps = caps,
    .pts_ns = pts_ns,
    .dts_ns = GST_CLOCK_TIME_NONE,
    .key = potoo_track_outlet_is_key (self, buffer),
  };

  count_jumps (self);
  take_caps (self, caps);
  if (GST_CLOCK_TIME_IS_VALID (pts_ns))
    potoo_stream_hub_push (self->hub, &unit);
  if (self->storable)
    potoo_fragmenter_push (self->fragmenter, self->index, buffer, pts_ns);
}

static guint
count_shown_later (GList *head, GList *end, GstClockTime pts_ns)
{
  guint n = 0;

  for (GList *link = head; link != end; link = link->next)
    {
      GstClockTime other_ns = GST_BUFFER_PTS (gst_sample_get_buffer (link->data));
      n += GST_CLOCK_TIME_IS_VALID (other_ns) && other_ns > pts_ns ? 1 : 0;
    }
  return n;
}

/* How many of the held pictures come before one that is shown before them. */
static guint
count_reordered (PotooTrackOutlet *self)
{
  guint depth = 0;

  for (GList *link = self->held.head; link != NULL; link = link->next)
    depth = MAX (depth, count_shown_later (self->held.head, link,
                                           GST_BUFFER_PTS (gst_sample_get_buffer (link->data))));
  return depth;
}

void
potoo_track_outlet_flush (PotooTrackOutlet *self)
{
  GstSample *sample;

  if (self->held.length > 0 && self->index == 0)
    potoo_stream_hub_expect_reorder (self->hub, count_reordered (self));
  while ((sample = g_queue_pop_head (&self->held)) != NULL)
    {
      take_sample (self, sample);
      gst_sample_unref (sample);
    }
}

/* At the start of a connection the first access units wait until their time is known. */
static gboolean
is_held (PotooTrackOutlet *self)
{
  return self->held.length < MAX_HELD && self->bytes_held < MAX_HELD_BYTES &&
         !potoo_rtp_clock_is_settled (self->clock);
}

void
potoo_track_outlet_push (PotooTrackOutlet *self, GstSample *sample)
{
  if (self->fragmenter != NULL)
    potoo_cpu_watch_thread ();
  if (is_held (self))
    {
      self->bytes_held += gst_buffer_get_size (gst_sample_get_buffer (sample));
      g_queue_push_tail (&self->held, gst_sample_ref (sample));
      return;
    }
  potoo_track_outlet_flush (self);
  take_sample (self, sample);
}

GstCaps *
potoo_track_outlet_get_caps (PotooTrackOutlet *self)
{
  g_mutex_lock (&self->lock);
  GstCaps *caps = self->caps != NULL ? gst_caps_ref (self->caps) : NULL;
  g_mutex_unlock (&self->lock);
  return caps;
}

/* --- life --- */

PotooTrackOutlet *
potoo_track_outlet_new (guint index,
                        PotooStreamHub *hub,
                        PotooFragmenter *fragmenter,
                        PotooRtpClock *clock,
                        const char *camera_id,
                        GstElement *element)
{
  const char *kind = index == 0 ? "video" : "audio";
  const char *stream = potoo_stream_hub_get_stream (hub);
  PotooTrackOutlet *self = g_new0 (PotooTrackOutlet, 1);

  g_mutex_init (&self->lock);
  g_queue_init (&self->held);
  self->index = index;
  self->hub = potoo_stream_hub_ref (hub);
  self->fragmenter = fragmenter;
  self->clock = potoo_rtp_clock_ref (clock);
  self->element = gst_object_ref (element);
  self->last_pts_ns = GST_CLOCK_TIME_NONE;
  self->untimed = potoo_metric_new_counter (
      "potoo_stream_untimed_total", "Access units that came without a time of their own.", "camera",
      camera_id, "stream", stream, "track", kind, NULL);
  self->jumps = potoo_metric_new_counter ("potoo_stream_time_jumps_total",
                                          "Times at which RTP time stamps did not go on from the "
                                          "ones before, or fell behind for good.",
                                          "camera", camera_id, "stream", stream, "track", kind,
                                          NULL);
  return self;
}

void
potoo_track_outlet_free (PotooTrackOutlet *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_sample_unref);
  gst_clear_caps (&self->caps);
  gst_object_unref (self->element);
  potoo_stream_hub_unref (self->hub);
  potoo_rtp_clock_unref (self->clock);
  potoo_metric_unref (self->untimed);
  potoo_metric_unref (self->jumps);
  g_mutex_clear (&self->lock);
  g_free (self);
}
