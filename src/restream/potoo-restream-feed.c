/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What wakes it: the hub (something is in the subscriber's queue again), an
 * appsrc (it has sent what it had), time (pacing over UDP, looking after a viewer
 * that does not take). All of them set the ready time of one source; only
 * its dispatch moves media.
 */

#include "restream/potoo-restream-feed.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

/* Access units in an appsrc: what waits there cannot be skipped any more. */
#define SOURCE_MAX_VIDEO 8
#define SOURCE_MAX_AUDIO 32
/* How many times faster than it was made a GOP goes. Over UDP a burst loses packets. Over TCP it
 * comes whole, but GStreamer's rtpjitterbuffer (1.22) sets the times of a burst back to when it
 * came, which for B-frames is before the first picture, and what comes before that is thrown away.
 */
#define UDP_SPEED 4
#define TCP_SPEED 8
#define MAX_LAG_US (3 * POTOO_SECOND_US)
#define STALLED_POLL_US POTOO_SECOND_US

typedef struct
{
  PotooRestreamFeed *feed;
  GstAppSrc *source; /* (nullable) */
  GstCaps *offered;  /* (nullable): no such track */
  GstCaps *caps;     /* of the last access unit */
  GstClockTime last_dts_ns;
  gboolean wanted;
  int started; /* atomic: the appsrc takes buffers */
  int full;    /* atomic: its next need-data is waited for */
} Track;

struct _PotooRestreamFeed
{
  gatomicrefcount ref_count;
  PotooStreamHub *hub;
  char *camera;
  char *stream;
  GSource *source;
  guint64 bytes; /* atomic */
  PotooMetric *bytes_metric;
  PotooMetric *jumps;

  GMutex lock; /* protects what follows; taken before the hub's */
  PotooSubscriber *subscriber;
  GQueue replay; /* PotooAccessUnit: what it begins with */
  PotooAccessUnit unit;
  gboolean has_unit;
  Track tracks[POTOO_RESTREAM_MAX_TRACKS];
  gboolean playing, udp, stopped;
  gboolean ended; /* this media cannot take what comes now */
  GSocket *connection;
  /* Pacing and lag are counted from here. */
  GstClockTime anchor_ns;
  gint64 anchor_us; /* 0: to be set by the next access unit */
};

/* --- taking from the hub --- */

static gboolean
take (PotooRestreamFeed *self)
{
  if (self->has_unit)
    return TRUE;
  g_autofree PotooAccessUnit *first = g_queue_pop_head (&self->replay);
  if (first != NULL)
    self->unit = *first;
  self->has_unit = first != NULL || potoo_subscriber_take (self->subscriber, &self->unit);
  return self->has_unit;
}

static void
drop (PotooRestreamFeed *self)
{
  potoo_access_unit_clear (&self->unit);
  self->has_unit = FALSE;
}

static void
wake (gpointer user_data)
{
  PotooRestreamFeed *self = user_data;
  g_source_set_ready_time (self->source, 0);
}

static gboolean
start (PotooRestreamFeed *self)
{
  GstCaps *offered[POTOO_RESTREAM_MAX_TRACKS] = { NULL };
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->subscriber = potoo_stream_hub_subscribe (self->hub, G_MAXUINT,
                                                 POTOO_RESTREAM_QUEUE_MAX_BYTES, wake, self);
  gboolean started = potoo_restream_replay_take (&self->replay, self->subscriber, offered);
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    self->tracks[i].offered = offered[i];
  return started;
}

/* Goes on with the newest keyframe. */
static void
jump (PotooRestreamFeed *self)
{
  g_clear_pointer (&self->subscriber, potoo_subscriber_free);
  potoo_restream_replay_clear (&self->replay);
  drop (self);
  self->anchor_us = 0;
  self->subscriber = potoo_stream_hub_subscribe (self->hub, 1, POTOO_RESTREAM_QUEUE_MAX_BYTES, wake,
                                                 self);
  potoo_metric_add (self->jumps, 1);
}

/* Nothing is lost while a viewer makes good what the GOP was old at the start. */
static gboolean
is_too_late (PotooRestreamFeed *self)
{
  gint64 now_us = potoo_clock_mono_us ();
  gint64 age_us = now_us - (gint64) (potoo_restream_unit_get_time (&self->unit) / GST_USECOND);
  gint64 age_at_start_us = self->anchor_us - (gint64) (self->anchor_ns / GST_USECOND);
  gint64 allowed_us = age_at_start_us + MAX_LAG_US - (now_us - self->anchor_us) / 2;

  return age_us > MAX (allowed_us, MAX_LAG_US);
}

static gboolean
has_newer_keyframe (PotooRestreamFeed *self)
{
  PotooAccessUnit keyframe;

  if (!potoo_stream_hub_get_keyframe (self->hub, &keyframe))
    return FALSE;
  gboolean newer = potoo_restream_unit_get_time (&keyframe) >
                   potoo_restream_unit_get_time (&self->unit);
  potoo_access_unit_clear (&keyframe);
  return newer;
}

/* --- giving to the appsrcs --- */

/* All appsrcs that are to come are there and take buffers. */
static gboolean
all_started (PotooRestreamFeed *self)
{
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    if (self->tracks[i].offered != NULL && !g_atomic_int_get (&self->tracks[i].started))
      return FALSE;
  return self->tracks[0].offered != NULL;
}

static gboolean
is_at_limit (Track *track)
{
  guint64 limit = track == &track->feed->tracks[0] ? SOURCE_MAX_VIDEO : SOURCE_MAX_AUDIO;
  return gst_app_src_get_current_level_buffers (track->source) >= limit;
}

/* Looks again after it announced that it waits: need-data may just have come. */
static gboolean
is_full (Track *track)
{
  if (!is_at_limit (track))
    return FALSE;
  g_atomic_int_set (&track->full, TRUE);
  return is_at_limit (track);
}

static gint64
get_due_us (PotooRestreamFeed *self)
{
  GstClockTime time = potoo_restream_unit_get_time (&self->unit);

  if (time <= self->anchor_ns)
    return 0;
  return self->anchor_us +
         (gint64) ((time - self->anchor_ns) / GST_USECOND) / (self->udp ? UDP_SPEED : TCP_SPEED);
}

static void
end_locked (PotooRestreamFeed *self, const char *reason)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  potoo_log_info (self->camera, "An RTSP viewer must connect anew: %s", reason);
  if (self->connection != NULL)
    g_socket_shutdown (self->connection, TRUE, TRUE, NULL);
}

static gboolean
is_same_codec (GstCaps *a, GstCaps *b)
{
  return gst_structure_has_name (gst_caps_get_structure (a, 0),
                                 gst_structure_get_name (gst_caps_get_structure (b, 0)));
}

/* Video may change its size. Audio of another kind than was offered cannot be told from the
 * packets, so it is left out. */
static gboolean
accept_caps (PotooRestreamFeed *self, Track *track)
{
  GstCaps *caps = self->unit.caps;
  gboolean video = self->unit.track == 0;

  if (caps == track->caps || (track->caps != NULL && gst_caps_is_equal (caps, track->caps)))
    return TRUE;
  if (video && !is_same_codec (caps, track->offered))
    {
      end_locked (self, "the camera's video codec has changed");
      return FALSE;
    }
  if (!video && !gst_caps_is_equal (caps, track->offered))
    return FALSE;
  gst_caps_replace (&track->caps, caps);
  gst_app_src_set_caps (track->source, caps);
  return TRUE;
}

/* Decoding times must not go back: a connection's queue in gst-rtsp-server relies on it. */
static void
push (PotooRestreamFeed *self, Track *track)
{
  GstBuffer *buffer = gst_buffer_copy (self->unit.buffer);
  gsize size = gst_buffer_get_size (buffer);
  GstClockTime dts_ns = potoo_restream_unit_get_time (&self->unit);

  if (GST_CLOCK_TIME_IS_VALID (track->last_dts_ns))
    dts_ns = MAX (dts_ns, track->last_dts_ns);
  track->last_dts_ns = dts_ns;
  GST_BUFFER_PTS (buffer) = self->unit.pts_ns;
  GST_BUFFER_DTS (buffer) = dts_ns;
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (gst_app_src_push_buffer (track->source, buffer) != GST_FLOW_OK)
    return;
  __atomic_add_fetch (&self->bytes, size, __ATOMIC_RELAXED);
  potoo_metric_add (self->bytes_metric, (gint64) size);
}

/* TRUE when the access unit was dealt with, FALSE when it must wait: for a wake, or until
 * @ready_us. */
static gboolean
give (PotooRestreamFeed *self, gint64 *ready_us)
{
  Track *track = self->unit.track < POTOO_RESTREAM_MAX_TRACKS ? &self->tracks[self->unit.track]
                                                              : NULL;

  if (track == NULL || track->source == NULL || !track->wanted || self->unit.caps == NULL)
    return TRUE;
  if (is_full (track))
    {
      *ready_us = potoo_clock_mono_us () + STALLED_POLL_US;
      return FALSE;
    }
  gint64 due_us = get_due_us (self);
  if (due_us > potoo_clock_mono_us ())
    {
      *ready_us = due_us;
      return FALSE;
    }
  if (accept_caps (self, track))
    push (self, track);
  return TRUE;
}

static void
set_anchor (PotooRestreamFeed *self)
{
  self->anchor_us = potoo_clock_mono_us ();
  self->anchor_ns = potoo_restream_unit_get_time (&self->unit);
}

static void
flow (PotooRestreamFeed *self)
{
  gint64 ready_us = -1;

  while (!self->ended && all_started (self) && take (self))
    {
      if (self->anchor_us == 0)
        set_anchor (self);
      if (self->playing && is_too_late (self) && has_newer_keyframe (self))
        {
          jump (self);
          continue;
        }
      if (!give (self, &ready_us))
        break;
      drop (self);
    }
  if (ready_us >= 0)
    g_source_set_ready_time (self->source, ready_us);
}

static gboolean
on_ready (gpointer user_data)
{
  PotooRestreamFeed *self = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  /* Before looking: a wake from now on is not overlooked. */
  g_source_set_ready_time (self->source, -1);
  if (!self->stopped)
    flow (self);
  return G_SOURCE_CONTINUE;
}

/* Streaming thread of the appsrc. */
static void
on_need_data (GstAppSrc *source, guint length, gpointer user_data)
{
  Track *track = user_data;
  gboolean first = g_atomic_int_compare_and_exchange (&track->started, FALSE, TRUE);

  if (g_atomic_int_compare_and_exchange (&track->full, TRUE, FALSE) || first)
    wake (track->feed);
}

/* --- life --- */

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSource *
make_source (PotooRestreamFeed *self, GMainContext *context)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_static_name (source, "potoo-restream-feed");
  g_source_set_callback (source, on_ready, potoo_restream_feed_ref (self),
                         (GDestroyNotify) potoo_restream_feed_unref);
  g_source_attach (source, context);
  return source;
}

PotooRestreamFeed *
potoo_restream_feed_new (PotooStreamHub *hub,
                         const char *camera,
                         const char *stream,
                         GMainContext *context,
                         GError **error)
{
  g_autoptr (PotooRestreamFeed) self = g_new0 (PotooRestreamFeed, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_queue_init (&self->replay);
  self->hub = potoo_stream_hub_ref (hub);
  self->camera = g_strdup (camera);
  self->stream = g_strdup (stream);
  self->bytes_metric = potoo_metric_new_counter ("potoo_restream_sent_bytes_total",
                                                 "Media given to RTSP viewers.", "camera", camera,
                                                 "stream", stream, NULL);
  self->jumps = potoo_metric_new_counter ("potoo_restream_jumps_total",
                                          "Slow RTSP viewers moved on to the newest keyframe.",
                                          "camera", camera, "stream", stream, NULL);
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    {
      self->tracks[i].feed = self;
      self->tracks[i].last_dts_ns = GST_CLOCK_TIME_NONE;
      self->tracks[i].wanted = TRUE;
    }
  self->source = make_source (self, context);
  if (start (self))
    return g_steal_pointer (&self);

  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
               _ ("Camera “%s” has no live picture now; try again in a moment"), camera);
  potoo_restream_feed_stop (self);
  return NULL;
}

PotooRestreamFeed *
potoo_restream_feed_ref (PotooRestreamFeed *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
potoo_restream_feed_unref (PotooRestreamFeed *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    {
      g_clear_object (&self->tracks[i].source);
      gst_clear_caps (&self->tracks[i].offered);
      gst_clear_caps (&self->tracks[i].caps);
    }
  g_clear_object (&self->connection);
  g_clear_pointer (&self->source, g_source_unref);
  potoo_stream_hub_unref (self->hub);
  potoo_metric_unref (self->bytes_metric);
  potoo_metric_unref (self->jumps);
  g_mutex_clear (&self->lock);
  g_free (self->camera);
  g_free (self->stream);
  g_free (self);
}

const char *
potoo_restream_feed_get_camera (PotooRestreamFeed *self)
{
  return self->camera;
}

const char *
potoo_restream_feed_get_stream (PotooRestreamFeed *self)
{
  return self->stream;
}

GstCaps *
potoo_restream_feed_get_caps (PotooRestreamFeed *self, guint track)
{
  g_return_val_if_fail (track < POTOO_RESTREAM_MAX_TRACKS, NULL);
  return self->tracks[track].offered;
}

void
potoo_restream_feed_set_source (PotooRestreamFeed *self, guint track, GstAppSrc *source)
{
  GstAppSrcCallbacks callbacks = { .need_data = on_need_data };

  g_return_if_fail (track < POTOO_RESTREAM_MAX_TRACKS && self->tracks[track].source == NULL);

  g_object_set (source, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, "max-bytes",
                G_GUINT64_CONSTANT (0), "caps", self->tracks[track].offered, NULL);
  g_mutex_lock (&self->lock);
  gst_caps_replace (&self->tracks[track].caps, self->tracks[track].offered);
  self->tracks[track].source = g_object_ref (source);
  g_mutex_unlock (&self->lock);
  gst_app_src_set_callbacks (source, &callbacks, &self->tracks[track], NULL);
}

void
potoo_restream_feed_play (PotooRestreamFeed *self, GSocket *connection, gboolean udp, guint tracks)
{
  g_mutex_lock (&self->lock);
  self->playing = TRUE;
  self->udp = udp;
  g_set_object (&self->connection, connection);
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    self->tracks[i].wanted = (tracks & (1u << i)) != 0;
  if (self->has_unit && is_too_late (self) && has_newer_keyframe (self))
    jump (self);
  else if (self->has_unit)
    set_anchor (self);
  g_mutex_unlock (&self->lock);
  wake (self);
}

void
potoo_restream_feed_end (PotooRestreamFeed *self, const char *reason)
{
  g_mutex_lock (&self->lock);
  end_locked (self, reason);
  g_mutex_unlock (&self->lock);
}

void
potoo_restream_feed_stop (PotooRestreamFeed *self)
{
  GstAppSrcCallbacks none = { NULL };

  g_mutex_lock (&self->lock);
  gboolean again = self->stopped;
  self->stopped = TRUE;
  if (!again)
    {
      g_clear_pointer (&self->subscriber, potoo_subscriber_free);
      potoo_restream_replay_clear (&self->replay);
      drop (self);
    }
  g_mutex_unlock (&self->lock);
  if (again)
    return;
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    if (self->tracks[i].source != NULL)
      gst_app_src_set_callbacks (self->tracks[i].source, &none, NULL, NULL);
  g_source_destroy (self->source);
}

guint64
potoo_restream_feed_get_bytes (PotooRestreamFeed *self)
{
  return __atomic_load_n (&self->bytes, __ATOMIC_RELAXED);
}
