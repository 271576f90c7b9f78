/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-camera-track.h"

#include <glib/gi18n-lib.h>
#include <gst/app/gstappsink.h>
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
#define SAME_TIME_NS (5 * GST_MSECOND)

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
  PotooFragmenter *fragmenter;
  PotooTimeReference *reference;
  GstElement *appsink; /* (transfer full) */

  GMutex lock;   /* protects caps: read by main, written by the streaming thread */
  GstCaps *caps; /* of the newest access unit */
  gboolean storable;
  gsize bytes_since_access_unit; /* streaming thread only */
  GstClockTime last_pts_ns;      /* streaming thread only */
  gboolean too_large;
  PotooTrackProgress progress; /* written by the streaming thread, atomic */

  PotooMetric *discontinuities, *received, *untimed;
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

static void
count_access_unit (PotooCameraTrack *self, GstBuffer *buffer, gboolean key)
{
  PotooTrackProgress *p = &self->progress;
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

  self->storable = potoo_fragmenter_set_caps (self->fragmenter, self->index, caps);
  if (self->storable)
    return;
  if (self->format->kind == POTOO_TRACK_VIDEO)
    potoo_post_unusable (self->appsink, _ ("The camera's video cannot be stored in MP4"));
  else
    potoo_log_warning (self->camera_id, "The audio track cannot be stored in MP4; it is left out");
}

/* After a pause of this process the jitter buffer gives all that has queued up
 * one and the same time, give or take, and the parsers leave the repeated ones
 * without any. Nothing is lost for that: such a picture follows the one before at
 * once, sound follows on. B-frames step back by a whole picture or more. */
static GstClockTime
complete_time (PotooCameraTrack *self, GstBuffer *buffer, GstClockTime pts_ns)
{
  gboolean video = self->format->kind == POTOO_TRACK_VIDEO;
  GstClockTime last_ns = self->last_pts_ns;

  if (GST_CLOCK_TIME_IS_VALID (last_ns))
    {
      gboolean untimed = !GST_CLOCK_TIME_IS_VALID (pts_ns);
      gboolean repeated = video && pts_ns <= last_ns && last_ns - pts_ns < SAME_TIME_NS;
      gboolean follows = !video && GST_BUFFER_DURATION_IS_VALID (buffer);
      if (untimed || repeated)
        pts_ns = last_ns + (follows ? GST_BUFFER_DURATION (buffer) : TICK_NS);
      potoo_metric_add (self->untimed, untimed || repeated);
    }
  self->last_pts_ns = pts_ns;
  return pts_ns;
}

static GstFlowReturn
on_new_sample (GstAppSink *appsink, gpointer user_data)
{
  PotooCameraTrack *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (appsink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstCaps *caps = gst_sample_get_caps (sample);
  if (buffer == NULL || caps == NULL)
    return GST_FLOW_OK;
  take_caps (self, caps);

  gboolean video = self->format->kind == POTOO_TRACK_VIDEO;
  GstClockTime pts = potoo_time_reference_apply (
      self->reference, gst_segment_to_running_time (gst_sample_get_segment (sample),
                                                    GST_FORMAT_TIME, GST_BUFFER_PTS (buffer)));
  pts = complete_time (self, buffer, pts);
  PotooAccessUnit unit = {
    .track = self->index,
    .buffer = buffer,
    .caps = caps,
    .pts_ns = pts,
    .dts_ns = GST_CLOCK_TIME_NONE,
    .key = video && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
  };
  gboolean first = self->progress.access_units == 0;
  count_access_unit (self, buffer, unit.key);
  if (GST_CLOCK_TIME_IS_VALID (pts))
    potoo_stream_hub_push (self->hub, &unit);
  if (self->storable)
    potoo_fragmenter_push (self->fragmenter, self->index, buffer, pts);
  if (first && video)
    gst_element_post_message (
        self->appsink,
        gst_message_new_application (GST_OBJECT (self->appsink),
                                     gst_structure_new_empty (POTOO_MESSAGE_FIRST_ACCESS_UNIT)));
  return GST_FLOW_OK;
}

static gsize
get_probe_size (GstPadProbeInfo *info)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    return gst_buffer_list_calculate_size (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  return gst_buffer_get_size (GST_PAD_PROBE_INFO_BUFFER (info));
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  PotooCameraTrack *self = user_data;

  self->bytes_since_access_unit += get_probe_size (info);
  if (self->bytes_since_access_unit <= MAX_ACCESS_UNIT_BYTES)
    return GST_PAD_PROBE_OK;
  if (!self->too_large)
    {
      g_autofree char *reason = g_strdup_printf (
          _ ("The camera sent more than %d MiB without completing a picture"),
          MAX_ACCESS_UNIT_BYTES / (1024 * 1024));
      self->too_large = TRUE;
      potoo_post_unusable (self->appsink, reason);
    }
  return GST_PAD_PROBE_DROP;
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
                        PotooTimeReference *reference,
                        const char *camera_id,
                        GError **error)
{
  const char *kind = format->kind == POTOO_TRACK_VIDEO ? "video" : "audio";
  g_autoptr (PotooCameraTrack) self = g_new0 (PotooCameraTrack, 1);

  g_mutex_init (&self->lock);
  self->format = format;
  self->index = index;
  self->camera_id = g_strdup (camera_id);
  self->hub = potoo_stream_hub_ref (hub);
  self->fragmenter = fragmenter;
  self->reference = potoo_time_reference_ref (reference);
  self->discontinuities = potoo_metric_new_counter (
      "potoo_stream_discontinuities_total",
      "Access units that do not follow on from the one before: something was lost on the way.",
      "camera", camera_id, "track", kind, NULL);
  self->received = potoo_metric_new_counter ("potoo_stream_received_bytes_total",
                                             "Bytes of access units received.", "camera", camera_id,
                                             "track", kind, NULL);
  self->untimed = potoo_metric_new_counter ("potoo_stream_untimed_total",
                                            "Access units that came without a time of their own.",
                                            "camera", camera_id, "track", kind, NULL);
  self->last_pts_ns = GST_CLOCK_TIME_NONE;
  if (!build (self, bin, pad, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
potoo_camera_track_free (PotooCameraTrack *self)
{
  gst_clear_object (&self->appsink);
  gst_clear_caps (&self->caps);
  potoo_stream_hub_unref (self->hub);
  potoo_time_reference_unref (self->reference);
  potoo_metric_unref (self->discontinuities);
  potoo_metric_unref (self->received);
  potoo_metric_unref (self->untimed);
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
