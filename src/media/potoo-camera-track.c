/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-camera-track.h"

#include <glib/gi18n-lib.h>
#include <gst/app/gstappsink.h>
#include <gst/rtp/rtp.h>
#include <gst/video/video.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

/* A camera that never ends an access unit must not fill the memory. */
#define MAX_ACCESS_UNIT_BYTES (32 * 1024 * 1024)
/* The least step of a video time, rounded up. */
#define TICK_NS (GST_SECOND / POTOO_VIDEO_TIMESCALE + 1)
/* Access units that wait at the start of a connection. */
#define MAX_HELD 128

struct _PotooTrackFormat
{
  const char *media, *encoding_name;
  PotooTrackKind kind;
  const char *depayloader, *parser;
  const char *caps; /* what the parser is asked for */
};

static const PotooTrackFormat formats[] = {
  { "video", "H264", POTOO_TRACK_VIDEO, "rtph264depay", "h264parse",
    "video/x-h264,stream-format=avc,alignment=au" },
  { "video", "H265", POTOO_TRACK_VIDEO, "rtph265depay", "h265parse",
    "video/x-h265,stream-format=hvc1,alignment=au" },
  { "audio", "MPEG4-GENERIC", POTOO_TRACK_AUDIO, "rtpmp4gdepay", "aacparse",
    "audio/mpeg,mpegversion=4,stream-format=raw" },
  { "audio", "MP4A-LATM", POTOO_TRACK_AUDIO, "rtpmp4adepay", "aacparse",
    "audio/mpeg,mpegversion=4,stream-format=raw" },
  { "audio", "OPUS", POTOO_TRACK_AUDIO, "rtpopusdepay", "opusparse", "audio/x-opus" },
};

struct _PotooCameraTrack
{
  const PotooTrackFormat *format;
  guint index;
  char *camera_id;
  PotooStreamHub *hub;
  PotooFragmenter *fragmenter; /* (nullable) */
  PotooRtpClock *clock;
  GstElement *appsink; /* (transfer full) */

  GMutex lock;   /* protects caps: read by main, written by the streaming thread */
  GstCaps *caps; /* of the newest access unit */
  gboolean storable;
  gsize bytes_since_access_unit; /* streaming thread only */
  GstClockTime last_pts_ns;      /* streaming thread only */
  GQueue held;                   /* GstSample; streaming thread only */
  gsize bytes_held;
  gboolean too_large;
  PotooTrackProgress progress; /* written by the streaming thread, atomic */

  guint n_jumps; /* streaming thread only */

  PotooMetric *discontinuities, *received, *untimed, *jumps;
};

const PotooTrackFormat *
potoo_track_format_find (const char *media, const char *encoding_name)
{
  if (media == NULL || encoding_name == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strcmp (formats[i].media, media) == 0 &&
        g_ascii_strcasecmp (formats[i].encoding_name, encoding_name) == 0)
      return &formats[i];
  return NULL;
}

PotooTrackKind
potoo_track_format_get_kind (const PotooTrackFormat *format)
{
  return format->kind;
}

void
potoo_post_unusable (GstElement *element, const char *reason)
{
  gst_element_post_message (
      element, gst_message_new_application (GST_OBJECT (element),
                                            gst_structure_new (POTOO_MESSAGE_UNUSABLE, "reason",
                                                               G_TYPE_STRING, reason, NULL)));
}

static void
store (gint64 *field, gint64 value)
{
  __atomic_store_n (field, value, __ATOMIC_RELAXED);
}

static gint64
load (const gint64 *field)
{
  return __atomic_load_n (field, __ATOMIC_RELAXED);
}

static gboolean
is_key (PotooCameraTrack *self, GstBuffer *buffer)
{
  return self->format->kind == POTOO_TRACK_VIDEO &&
         !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

static void
count_access_unit (PotooCameraTrack *self, GstBuffer *buffer)
{
  PotooTrackProgress *p = &self->progress;
  gboolean key = is_key (self, buffer);
  gint64 size = (gint64) gst_buffer_get_size (buffer);
  gint64 now = potoo_clock_mono_us ();

  self->bytes_since_access_unit = 0;
  potoo_metric_add (self->received, size);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) && p->access_units > 0)
    potoo_metric_add (self->discontinuities, 1);
  store (&p->last_access_unit_us, now);
  store (&p->bytes, p->bytes + size);
  store (&p->bytes_since_keyframe, key ? 0 : p->bytes_since_keyframe + size);
  if (key)
    store (&p->last_keyframe_us, now);
  store (&p->access_units, p->access_units + 1);
}

static void
take_caps (PotooCameraTrack *self, GstCaps *caps)
{
  if (caps == self->caps)
    return;
  g_mutex_lock (&self->lock);
  gst_caps_replace (&self->caps, caps);
  g_mutex_unlock (&self->lock);

  self->storable = self->fragmenter != NULL &&
                   potoo_fragmenter_set_caps (self->fragmenter, self->index, caps);
  if (self->storable || self->fragmenter == NULL)
    return;
  if (self->format->kind == POTOO_TRACK_VIDEO)
    potoo_post_unusable (self->appsink, _ ("The camera's video cannot be stored in MP4"));
  else
    potoo_log_warning (self->camera_id, "The audio track cannot be stored in MP4; it is left out");
}

/* Parsers leave a time out that repeats the one before. Nothing is lost for that: such
 * a picture follows the one before at once, sound follows on. */
static GstClockTime
complete_time (PotooCameraTrack *self, GstBuffer *buffer, GstClockTime pts_ns)
{
  gboolean follows = self->format->kind == POTOO_TRACK_AUDIO &&
                     GST_BUFFER_DURATION_IS_VALID (buffer);

  if (!GST_CLOCK_TIME_IS_VALID (pts_ns) && GST_CLOCK_TIME_IS_VALID (self->last_pts_ns))
    {
      pts_ns = self->last_pts_ns + (follows ? GST_BUFFER_DURATION (buffer) : TICK_NS);
      potoo_metric_add (self->untimed, 1);
    }
  self->last_pts_ns = pts_ns;
  return pts_ns;
}

static void
count_jumps (PotooCameraTrack *self)
{
  guint n = potoo_rtp_clock_get_n_jumps (self->clock);

  if (n == self->n_jumps)
    return;
  potoo_metric_add (self->jumps, n - self->n_jumps);
  self->n_jumps = n;
}

static void
take_sample (PotooCameraTrack *self, GstSample *sample)
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
    .key = is_key (self, buffer),
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
count_reordered (PotooCameraTrack *self)
{
  guint depth = 0;

  for (GList *link = self->held.head; link != NULL; link = link->next)
    depth = MAX (depth, count_shown_later (self->held.head, link,
                                           GST_BUFFER_PTS (gst_sample_get_buffer (link->data))));
  return depth;
}

void
potoo_camera_track_flush (PotooCameraTrack *self)
{
  GstSample *sample;

  if (self->held.length > 0 && self->format->kind == POTOO_TRACK_VIDEO)
    potoo_stream_hub_expect_reorder (self->hub, count_reordered (self));
  while ((sample = g_queue_pop_head (&self->held)) != NULL)
    {
      take_sample (self, sample);
      gst_sample_unref (sample);
    }
}

/* At the start of a connection the first access units wait until their time is known. */
static gboolean
is_held (PotooCameraTrack *self)
{
  return self->held.length < MAX_HELD && self->bytes_held < MAX_ACCESS_UNIT_BYTES &&
         !potoo_rtp_clock_is_settled (self->clock);
}

static GstFlowReturn
on_new_sample (GstAppSink *appsink, gpointer user_data)
{
  PotooCameraTrack *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (appsink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  if (buffer == NULL || gst_sample_get_caps (sample) == NULL)
    return GST_FLOW_OK;

  gboolean first = self->progress.access_units == 0;
  count_access_unit (self, buffer);
  if (is_held (self))
    {
      self->bytes_held += gst_buffer_get_size (buffer);
      g_queue_push_tail (&self->held, g_steal_pointer (&sample));
    }
  else
    {
      potoo_camera_track_flush (self);
      take_sample (self, sample);
    }
  if (first && self->format->kind == POTOO_TRACK_VIDEO)
    gst_element_post_message (
        self->appsink,
        gst_message_new_application (GST_OBJECT (self->appsink),
                                     gst_structure_new_empty (POTOO_MESSAGE_FIRST_ACCESS_UNIT)));
  return GST_FLOW_OK;
}

/* --- packets, before the depayloader --- */

static gsize
get_probe_size (GstPadProbeInfo *info)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    return gst_buffer_list_calculate_size (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  return gst_buffer_get_size (GST_PAD_PROBE_INFO_BUFFER (info));
}

static gboolean
is_too_large (PotooCameraTrack *self, GstPadProbeInfo *info)
{
  self->bytes_since_access_unit += get_probe_size (info);
  if (self->bytes_since_access_unit <= MAX_ACCESS_UNIT_BYTES)
    return FALSE;
  if (!self->too_large)
    {
      g_autofree char *reason = g_strdup_printf (
          _ ("The camera sent more than %d MiB without completing a picture"),
          MAX_ACCESS_UNIT_BYTES / (1024 * 1024));
      self->too_large = TRUE;
      potoo_post_unusable (self->appsink, reason);
    }
  return TRUE;
}

/* The jitter buffer's time gives way to stream time. (transfer full) */
static GstBuffer *
stamp (PotooCameraTrack *self, GstBuffer *packet)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  GstClockTime now = (GstClockTime) potoo_clock_mono_us () * GST_USECOND;

  if (!gst_rtp_buffer_map (packet, GST_MAP_READ, &rtp))
    return packet;
  guint32 rtp_time = gst_rtp_buffer_get_timestamp (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  packet = gst_buffer_make_writable (packet);
  GST_BUFFER_PTS (packet) = potoo_rtp_clock_observe (self->clock, rtp_time, now);
  return packet;
}

static gboolean
stamp_in_list (GstBuffer **packet, guint index, gpointer user_data)
{
  *packet = stamp (user_data, *packet);
  return TRUE;
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  PotooCameraTrack *self = user_data;

  if (is_too_large (self, info))
    return GST_PAD_PROBE_DROP;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    {
      GstBufferList *list = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
      gst_buffer_list_foreach (list, stamp_in_list, self);
      info->data = list;
    }
  else
    info->data = stamp (self, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_appsink (PotooCameraTrack *self)
{
  GstElement *appsink = gst_element_factory_make ("appsink", NULL);
  if (appsink == NULL)
    return NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (self->format->caps);
  g_object_set (appsink, "caps", caps, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE,
                "wait-on-eos", FALSE, "max-buffers", 4, NULL);
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  gst_app_sink_set_callbacks (GST_APP_SINK (appsink), &callbacks, self, NULL);
  return appsink;
}

static gboolean
build (PotooCameraTrack *self, GstBin *bin, GstPad *pad, GError **error)
{
  GstElement *elements[] = {
    gst_element_factory_make (self->format->depayloader, NULL),
    gst_element_factory_make (self->format->parser, NULL),
    make_appsink (self),
  };
  gboolean complete = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (elements); i++)
    {
      if (elements[i] == NULL)
        complete = FALSE;
      else
        gst_bin_add (bin, elements[i]);
    }
  if (!complete)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("GStreamer's %s, %s or appsink is not installed"), self->format->depayloader,
                   self->format->parser);
      return FALSE;
    }
  self->appsink = gst_object_ref (elements[2]);
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (elements[0]), "request-keyframe") != NULL)
    g_object_set (elements[0], "request-keyframe", TRUE, NULL);

  g_autoptr (GstPad) sink = gst_element_get_static_pad (elements[0], "sink");
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp, self,
                     NULL);
  gboolean linked = gst_element_link_many (elements[0], elements[1], elements[2], NULL);
  for (gsize i = G_N_ELEMENTS (elements); i-- > 0;)
    gst_element_sync_state_with_parent (elements[i]);
  if (!linked || GST_PAD_LINK_FAILED (gst_pad_link (pad, sink)))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("The camera's %s stream cannot be read"), self->format->encoding_name);
      return FALSE;
    }
  return TRUE;
}

PotooCameraTrack *
potoo_camera_track_new (const PotooTrackFormat *format,
                        guint index,
                        GstBin *bin,
                        GstPad *pad,
                        PotooStreamHub *hub,
                        PotooFragmenter *fragmenter,
                        PotooRtpClock *clock,
                        const char *camera_id,
                        GError **error)
{
  const char *kind = format->kind == POTOO_TRACK_VIDEO ? "video" : "audio";
  const char *stream = potoo_stream_hub_get_stream (hub);
  g_autoptr (PotooCameraTrack) self = g_new0 (PotooCameraTrack, 1);

  g_mutex_init (&self->lock);
  g_queue_init (&self->held);
  self->format = format;
  self->index = index;
  self->camera_id = g_strdup (camera_id);
  self->hub = potoo_stream_hub_ref (hub);
  self->fragmenter = fragmenter;
  self->clock = potoo_rtp_clock_ref (clock);
  self->discontinuities = potoo_metric_new_counter (
      "potoo_stream_discontinuities_total",
      "Access units that do not follow on from the one before: something was lost on the way.",
      "camera", camera_id, "stream", stream, "track", kind, NULL);
  self->received = potoo_metric_new_counter ("potoo_stream_received_bytes_total",
                                             "Bytes of access units received.", "camera", camera_id,
                                             "stream", stream, "track", kind, NULL);
  self->untimed = potoo_metric_new_counter (
      "potoo_stream_untimed_total", "Access units that came without a time of their own.", "camera",
      camera_id, "stream", stream, "track", kind, NULL);
  self->jumps = potoo_metric_new_counter ("potoo_stream_time_jumps_total",
                                          "Times at which RTP time stamps did not go on from the "
                                          "ones before, or fell behind for good.",
                                          "camera", camera_id, "stream", stream, "track", kind,
                                          NULL);
  self->last_pts_ns = GST_CLOCK_TIME_NONE;
  if (!build (self, bin, pad, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
potoo_camera_track_free (PotooCameraTrack *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_sample_unref);
  gst_clear_object (&self->appsink);
  gst_clear_caps (&self->caps);
  potoo_stream_hub_unref (self->hub);
  potoo_rtp_clock_unref (self->clock);
  potoo_metric_unref (self->discontinuities);
  potoo_metric_unref (self->received);
  potoo_metric_unref (self->untimed);
  potoo_metric_unref (self->jumps);
  g_mutex_clear (&self->lock);
  g_free (self->camera_id);
  g_free (self);
}

guint
potoo_camera_track_get_index (PotooCameraTrack *self)
{
  return self->index;
}

void
potoo_camera_track_get_progress (PotooCameraTrack *self, PotooTrackProgress *progress)
{
  const PotooTrackProgress *p = &self->progress;
  progress->last_access_unit_us = load (&p->last_access_unit_us);
  progress->last_keyframe_us = load (&p->last_keyframe_us);
  progress->bytes_since_keyframe = load (&p->bytes_since_keyframe);
  progress->access_units = load (&p->access_units);
  progress->bytes = load (&p->bytes);
}

void
potoo_camera_track_request_keyframe (PotooCameraTrack *self)
{
  gst_element_send_event (
      self->appsink, gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, TRUE, 1));
}

GstCaps *
potoo_camera_track_get_caps (PotooCameraTrack *self)
{
  g_mutex_lock (&self->lock);
  GstCaps *caps = self->caps != NULL ? gst_caps_ref (self->caps) : NULL;
  g_mutex_unlock (&self->lock);
  return caps;
}
