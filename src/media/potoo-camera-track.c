/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-camera-track.h"

#include <glib/gi18n-lib.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "media/potoo-audio-encoder.h"
#include "media/potoo-media.h"
#include "media/potoo-track-inlet.h"
#include "media/potoo-track-outlet.h"
#include "media/potoo-video-encoder.h"

struct _PotooCameraTrack
{
  const PotooTrackFormat *format;
  guint index;
  char *camera_id;
  GstElement *elements[3]; /* (transfer full): depayloader, parser (nullable), appsink */
  PotooTrackInlet *inlet;
  PotooTrackOutlet *outlet;
  PotooAudioEncoder *audio_encoder; /* (nullable) */
  PotooVideoEncoder *video_encoder; /* (nullable) */
  PotooTrackProgress progress;      /* but for packets; atomic, written by the streaming thread, or
                                       the encoder's if there is one */

  PotooMetric *discontinuities, *received, *dropped, *lost, *damaged;
};

void
potoo_post_reason (GstElement *element, const char *message, const char *reason)
{
  /* What a camera says of itself may be in it, cut anywhere; GStreamer leaves such a field out. */
  g_autofree char *valid = g_utf8_make_valid (reason, -1);

  gst_element_post_message (
      element,
      gst_message_new_application (
          GST_OBJECT (element), gst_structure_new (message, "reason", G_TYPE_STRING, valid, NULL)));
}

static GstElement *
get_appsink (PotooCameraTrack *self)
{
  return self->elements[2];
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

/* Falls by an eighth with each access unit, so that one late picture is soon forgotten. */
static void
note_interval (PotooTrackProgress *p, gint64 now_us)
{
  if (p->access_units > 0)
    store (&p->interval_us, MAX (now_us - p->last_access_unit_us, p->interval_us * 7 / 8));
}

static void
count_access_unit (PotooCameraTrack *self, GstBuffer *buffer)
{
  PotooTrackProgress *p = &self->progress;
  gboolean key = potoo_track_outlet_is_key (self->outlet, buffer);
  gint64 size = (gint64) gst_buffer_get_size (buffer);
  gint64 now = potoo_clock_mono_us ();

  potoo_metric_add (self->received, size);
  note_interval (p, now);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) && p->access_units > 0)
    potoo_metric_add (self->discontinuities, 1);
  store (&p->last_access_unit_us, now);
  store (&p->bytes, p->bytes + size);
  store (&p->bytes_since_keyframe, key ? 0 : p->bytes_since_keyframe + size);
  if (key)
    store (&p->last_keyframe_us, now);
  store (&p->access_units, p->access_units + 1);
}

/* An access unit as hub and fragmenter take it. */
static void
take_sample (GstSample *sample, gpointer user_data)
{
  PotooCameraTrack *self = user_data;
  gboolean first = self->progress.access_units == 0;

  count_access_unit (self, gst_sample_get_buffer (sample));
  potoo_track_outlet_push (self->outlet, sample);
  if (first && self->format->kind == POTOO_TRACK_VIDEO)
    gst_element_post_message (
        get_appsink (self),
        gst_message_new_application (GST_OBJECT (get_appsink (self)),
                                     gst_structure_new_empty (POTOO_MESSAGE_FIRST_ACCESS_UNIT)));
}

/* FALSE: nothing is left of a picture. */
static gboolean
is_to_be_kept (PotooCameraTrack *self, GstBuffer *unit)
{
  PotooPictureState state = potoo_track_inlet_end_access_unit (self->inlet, unit);

  if (state != POTOO_PICTURE_WHOLE)
    potoo_metric_add (self->damaged, 1);
  return state != POTOO_PICTURE_NONE;
}

static GstFlowReturn
on_new_sample (GstAppSink *appsink, gpointer user_data)
{
  PotooCameraTrack *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (appsink);
  gboolean whole = TRUE;

  if (sample == NULL)
    return GST_FLOW_EOS;
  if (gst_sample_get_buffer (sample) == NULL || gst_sample_get_caps (sample) == NULL)
    return GST_FLOW_OK;
  if (!is_to_be_kept (self, gst_sample_get_buffer (sample)))
    return GST_FLOW_OK;
  if (self->audio_encoder != NULL)
    whole = potoo_audio_encoder_push (self->audio_encoder, sample);
  else if (self->video_encoder != NULL)
    whole = potoo_video_encoder_push (self->video_encoder, sample);
  else
    take_sample (sample, self);
  if (!whole)
    potoo_metric_add (self->dropped, 1);
  return GST_FLOW_OK;
}

/* --- encoders --- */

static void
on_no_sound (const char *reason, gpointer user_data)
{
  PotooCameraTrack *self = user_data;
  g_autofree char *text = g_strdup_printf (_ ("The sound is left out: %s"), reason);

  potoo_post_reason (get_appsink (self), POTOO_MESSAGE_NO_SOUND, text);
}

static void
on_no_video (const char *reason, gpointer user_data)
{
  PotooCameraTrack *self = user_data;
  g_autofree char *text = g_strdup_printf (_ ("The camera sends %s video: %s"),
                                           self->format->encoding_name, reason);

  potoo_post_reason (get_appsink (self), POTOO_MESSAGE_UNUSABLE, text);
}

static void
make_encoder (PotooCameraTrack *self, PotooCameraSettings *settings)
{
  static const PotooAudioEncoderFuncs audio_funcs = { take_sample, on_no_sound };
  static const PotooVideoEncoderFuncs video_funcs = { take_sample, on_no_video };

  if (!self->format->encoded)
    return;
  if (self->format->kind == POTOO_TRACK_AUDIO)
    self->audio_encoder = potoo_audio_encoder_new (self->format->decoders,
                                                   potoo_camera_settings_get_audio_codec (settings),
                                                   &audio_funcs, self);
  else
    self->video_encoder = potoo_video_encoder_new (potoo_transcode_budget_get (), &video_funcs,
                                                   self);
}

void
potoo_camera_track_look (PotooCameraTrack *self, gint64 now_us)
{
  if (self->audio_encoder != NULL)
    potoo_audio_encoder_look (self->audio_encoder, now_us);
}

void
potoo_camera_track_flush (PotooCameraTrack *self)
{
  g_clear_pointer (&self->audio_encoder, potoo_audio_encoder_free);
  g_clear_pointer (&self->video_encoder, potoo_video_encoder_free);
  potoo_track_outlet_flush (self->outlet);
}

/* --- elements --- */

static GstElement *
make_appsink (PotooCameraTrack *self, GstBin *bin, GError **error)
{
  GstElement *appsink = potoo_media_add_element (bin, "appsink", error);
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  g_autoptr (GstCaps) caps = NULL;

  if (appsink == NULL)
    return NULL;
  if (self->format->caps != NULL)
    caps = gst_caps_from_string (self->format->caps);
  g_object_set (appsink, "caps", caps, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE,
                "wait-on-eos", FALSE, "max-buffers", 4, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (appsink), &callbacks, self, NULL);
  return gst_object_ref (appsink);
}

static GstElement *
make_element (GstBin *bin, const char *name, GError **error)
{
  GstElement *element = potoo_media_add_element (bin, name, error);
  return element != NULL ? gst_object_ref (element) : NULL;
}

static gboolean
link_elements (PotooCameraTrack *self, GstPad *pad)
{
  GstElement *depayloader = self->elements[0], *parser = self->elements[1];
  g_autoptr (GstPad) sink = gst_element_get_static_pad (depayloader, "sink");

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (depayloader), "request-keyframe") != NULL)
    g_object_set (depayloader, "request-keyframe", TRUE, NULL);
  potoo_track_inlet_watch (self->inlet, sink);
  gboolean linked = parser != NULL
                        ? gst_element_link_many (depayloader, parser, get_appsink (self), NULL)
                        : gst_element_link (depayloader, get_appsink (self));
  for (gsize i = G_N_ELEMENTS (self->elements); i-- > 0;)
    if (self->elements[i] != NULL)
      gst_element_sync_state_with_parent (self->elements[i]);
  return linked && !GST_PAD_LINK_FAILED (gst_pad_link (pad, sink));
}

static gboolean
build (PotooCameraTrack *self, GstBin *bin, GError **error)
{
  const PotooTrackFormat *format = self->format;

  return (self->elements[0] = make_element (bin, format->depayloader, error)) != NULL &&
         (format->parser == NULL ||
          (self->elements[1] = make_element (bin, format->parser, error)) != NULL) &&
         (self->elements[2] = make_appsink (self, bin, error)) != NULL;
}

static void
drop_elements (PotooCameraTrack *self, GstBin *bin)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->elements); i++)
    {
      if (self->elements[i] == NULL)
        continue;
      gst_element_set_state (self->elements[i], GST_STATE_NULL);
      gst_bin_remove (bin, self->elements[i]);
    }
}

static void
make_metrics (PotooCameraTrack *self, const char *stream)
{
  const char *kind = self->format->kind == POTOO_TRACK_VIDEO ? "video" : "audio";

  self->discontinuities = potoo_metric_new_counter (
      "potoo_stream_discontinuities_total",
      "Access units that do not follow on from the one before: something was lost on the way.",
      "camera", self->camera_id, "stream", stream, "track", kind, NULL);
  self->received = potoo_metric_new_counter (
      "potoo_stream_received_bytes_total", "Bytes of access units received, or encoded of these.",
      "camera", self->camera_id, "stream", stream, "track", kind, NULL);
  self->lost = potoo_metric_new_counter (
      "potoo_stream_packets_lost_total",
      "RTP packets that never came, by the numbers of those that did.", "camera", self->camera_id,
      "stream", stream, "track", kind, NULL);
  self->damaged = potoo_metric_new_counter (
      "potoo_stream_damaged_total",
      "Video access units of which packets, or whole pictures that they build upon, are missing.",
      "camera", self->camera_id, "stream", stream, "track", kind, NULL);
  self->dropped = potoo_metric_new_counter (
      "potoo_transcode_dropped_total",
      "Access units dropped because the machine is too slow to encode them.", "camera",
      self->camera_id, "stream", stream, "track", kind, NULL);
}

PotooCameraTrack *
potoo_camera_track_new (const PotooTrackFormat *format,
                        guint index,
                        GstBin *bin,
                        GstPad *pad,
                        PotooStreamHub *hub,
                        PotooFragmenter *fragmenter,
                        PotooRtpClock *clock,
                        PotooCameraSettings *settings,
                        GError **error)
{
  g_autoptr (PotooCameraTrack) self = g_new0 (PotooCameraTrack, 1);

  self->format = format;
  self->index = index;
  self->camera_id = g_strdup (potoo_camera_settings_get_id (settings));
  make_metrics (self, potoo_stream_hub_get_stream (hub));
  if (!build (self, bin, error))
    {
      drop_elements (self, bin);
      return NULL;
    }
  self->inlet = potoo_track_inlet_new (format, clock, self->lost, get_appsink (self));
  self->outlet = potoo_track_outlet_new (index, hub, fragmenter, clock, self->camera_id,
                                         get_appsink (self));
  make_encoder (self, settings);
  if (!link_elements (self, pad))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("The camera's %s stream cannot be read"), self->format->encoding_name);
      drop_elements (self, bin);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
potoo_camera_track_free (PotooCameraTrack *self)
{
  g_clear_pointer (&self->audio_encoder, potoo_audio_encoder_free);
  g_clear_pointer (&self->video_encoder, potoo_video_encoder_free);
  g_clear_pointer (&self->inlet, potoo_track_inlet_free);
  g_clear_pointer (&self->outlet, potoo_track_outlet_free);
  for (gsize i = 0; i < G_N_ELEMENTS (self->elements); i++)
    gst_clear_object (&self->elements[i]);
  potoo_metric_unref (self->discontinuities);
  potoo_metric_unref (self->received);
  potoo_metric_unref (self->dropped);
  potoo_metric_unref (self->lost);
  potoo_metric_unref (self->damaged);
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
  progress->interval_us = load (&p->interval_us);
  potoo_track_inlet_get_packets (self->inlet, &progress->packets, &progress->lost);
}

void
potoo_camera_track_request_keyframe (PotooCameraTrack *self)
{
  if (self->video_encoder != NULL)
    potoo_video_encoder_request_keyframe (self->video_encoder);
  else
    gst_element_send_event (get_appsink (self), gst_video_event_new_upstream_force_key_unit (
                                                    GST_CLOCK_TIME_NONE, TRUE, 1));
}

GstCaps *
potoo_camera_track_get_caps (PotooCameraTrack *self)
{
  return potoo_track_outlet_get_caps (self->outlet);
}

gboolean
potoo_camera_track_has_element (PotooCameraTrack *self, GstObject *element)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->elements); i++)
    if ((gpointer) self->elements[i] == (gpointer) element)
      return element != NULL;
  return FALSE;
}

void
potoo_camera_track_silence (PotooCameraTrack *self)
{
  potoo_track_inlet_silence (self->inlet);
}
