/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 *   appsrc → h264timestamper → h264parse ─┐
 *                                         ├→ hlssink2 (splitmuxsink, mpegtsmux) →
 * GMemoryOutputStream appsrc → aacparse ────────────────────┘
 *
 * The hub gives no decoding times, and the muxer needs them: that is what the
 * timestamper is for. hlssink2's own playlist is thrown away: ours is made of the marks that its
 * splitmuxsink puts on the bus, opened and closed with their running times, which are exact.
 *
 * splitmuxsink lets a GOP go when the next one begins, and holds without bound when keyframes or
 * audio do not come: the feeding side ends silent audio, and what is under way is bounded here.
 */

#include "live/potoo-ts-pipeline.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <gst/app/gstappsrc.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "media/potoo-media.h"
#include "media/potoo-viewing-pool.h"

/* Segments are this long or a GOP, whichever is longer. */
#define TARGET_DURATION_S 1
/* Two GOPs may be under way. */
#define MAX_BYTES_UNDER_WAY (64 * 1024 * 1024)

typedef struct
{
  GOutputStream *stream;
  GstClockTime start_ns; /* NONE until it is marked as opened */
} OpenSegment;

struct _PotooTsPipeline
{
  PotooTsPipelineFuncs funcs;
  GstElement *pipeline;
  GstElement *sources[2]; /* by track; the pipeline's, (nullable) audio */
  gboolean audio_ended;

  GMutex lock;          /* protects all below; no function is called under it */
  GCond ended;          /* of `eos` and `error` */
  GQueue open_segments; /* OpenSegment; the first is being written or just was */
  gsize bytes_under_way;
  GError *error;
  gboolean eos;
};

static void
open_segment_free (OpenSegment *segment)
{
  g_object_unref (segment->stream);
  g_free (segment);
}

/* --- what comes out (streaming threads) --- */

static GOutputStream *
on_get_fragment_stream (GstElement *hlssink, const char *location, PotooTsPipeline *self)
{
  OpenSegment *segment = g_new0 (OpenSegment, 1);

  segment->stream = g_memory_output_stream_new_resizable ();
  segment->start_ns = GST_CLOCK_TIME_NONE;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->open_segments, segment);
  g_mutex_unlock (&self->lock);
  return g_object_ref (segment->stream);
}

static GOutputStream *
on_get_playlist_stream (GstElement *hlssink, const char *location, PotooTsPipeline *self)
{
  return g_memory_output_stream_new_resizable ();
}

static void
on_opened (PotooTsPipeline *self, GstClockTime time_ns)
{
  g_mutex_lock (&self->lock);
  for (GList *link = self->open_segments.head; link != NULL; link = link->next)
    {
      OpenSegment *segment = link->data;
      if (GST_CLOCK_TIME_IS_VALID (segment->start_ns))
        continue;
      segment->start_ns = time_ns;
      break;
    }
  g_mutex_unlock (&self->lock);
}

/* A copy, as long as it needs to be: the stream grows by doubling, and it is its sink that closes
 * it, later, with a warning if it was closed before. (transfer full) */
static GBytes *
copy_bytes (GOutputStream *stream)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (stream);

  return g_bytes_new (g_memory_output_stream_get_data (memory),
                      g_memory_output_stream_get_data_size (memory));
}

static void
on_closed (PotooTsPipeline *self, GstClockTime time_ns)
{
  g_mutex_lock (&self->lock);
  OpenSegment *segment = g_queue_pop_head (&self->open_segments);
  self->bytes_under_way = 0;
  g_mutex_unlock (&self->lock);
  if (segment == NULL)
    return;
  g_autoptr (GBytes) bytes = copy_bytes (segment->stream);
  if (GST_CLOCK_TIME_IS_VALID (segment->start_ns) && GST_CLOCK_TIME_IS_VALID (time_ns) &&
      time_ns >= segment->start_ns && g_bytes_get_size (bytes) > 0)
    self->funcs.segment (bytes, segment->start_ns, time_ns - segment->start_ns,
                         self->funcs.user_data);
  open_segment_free (segment);
}

static void
on_mark (PotooTsPipeline *self, const GstStructure *mark)
{
  GstClockTime time_ns = GST_CLOCK_TIME_NONE;

  if (mark == NULL)
    return;
  gst_structure_get_clock_time (mark, "running-time", &time_ns);
  if (gst_structure_has_name (mark, "splitmuxsink-fragment-opened"))
    on_opened (self, time_ns);
  else if (gst_structure_has_name (mark, "splitmuxsink-fragment-closed"))
    on_closed (self, time_ns);
}

static void
on_error (PotooTsPipeline *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  g_mutex_lock (&self->lock);
  if (self->error == NULL)
    self->error = g_error_new (POTOO_ERROR, POTOO_ERROR_FAILED,
                               _ ("MPEG-TS cannot be made of this video: %s"), error->message);
  g_cond_broadcast (&self->ended);
  g_mutex_unlock (&self->lock);
  self->funcs.failed (self->funcs.user_data);
}

static void
on_eos (PotooTsPipeline *self)
{
  g_mutex_lock (&self->lock);
  self->eos = TRUE;
  g_cond_broadcast (&self->ended);
  g_mutex_unlock (&self->lock);
}

static GstBusSyncReply
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  PotooTsPipeline *self = user_data;

  switch (GST_MESSAGE_TYPE (message))
    {
    case GST_MESSAGE_ELEMENT:
      on_mark (self, gst_message_get_structure (message));
      break;
    case GST_MESSAGE_ERROR:
      on_error (self, message);
      break;
    case GST_MESSAGE_EOS:
      on_eos (self);
      break;
    default:
      potoo_viewing_pool_take (message);
      break;
    }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* --- building --- */

static GstElement *
add_element (PotooTsPipeline *self, const char *name, GError **error)
{
  return potoo_media_add_element (GST_BIN (self->pipeline), name, error);
}

static GstElement *
add_source (PotooTsPipeline *self, GstCaps *caps, GError **error)
{
  GstElement *source = add_element (self, "appsrc", error);

  if (source != NULL)
    g_object_set (source, "caps", caps, "format", GST_FORMAT_TIME, "max-bytes", (guint64) 0, NULL);
  return source;
}

static gboolean
set_link_error (gboolean linked, GError **error)
{
  if (!linked)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                 _ ("GStreamer cannot put this stream into MPEG-TS"));
  return linked;
}

static gboolean
add_video (PotooTsPipeline *self, GstElement *sink, GstCaps *caps, GError **error)
{
  gboolean h265 = gst_structure_has_name (gst_caps_get_structure (caps, 0), "video/x-h265");
  GstElement *timestamper, *parser;

  if ((self->sources[0] = add_source (self, caps, error)) == NULL ||
      (timestamper = add_element (self, h265 ? "h265timestamper" : "h264timestamper", error)) ==
          NULL ||
      (parser = add_element (self, h265 ? "h265parse" : "h264parse", error)) == NULL)
    return FALSE;
  g_object_set (parser, "config-interval", -1, NULL); /* parameter sets with each keyframe */
  return set_link_error (gst_element_link_many (self->sources[0], timestamper, parser, NULL) &&
                             gst_element_link_pads (parser, "src", sink, "video"),
                         error);
}

static gboolean
add_audio (PotooTsPipeline *self, GstElement *sink, GstCaps *caps, GError **error)
{
  GstElement *parser;

  if ((self->sources[1] = add_source (self, caps, error)) == NULL ||
      (parser = add_element (self, "aacparse", error)) == NULL)
    return FALSE;
  return set_link_error (gst_element_link (self->sources[1], parser) &&
                             gst_element_link_pads (parser, "src", sink, "audio"),
                         error);
}

static GstElement *
add_sink (PotooTsPipeline *self, GError **error)
{
  GstElement *sink = add_element (self, "hlssink2", error);

  if (sink == NULL)
    return NULL;
  g_object_set (sink, "target-duration", TARGET_DURATION_S, "send-keyframe-requests", FALSE,
                "playlist-length", 1, "max-files", 0, NULL);
  g_signal_connect (sink, "get-fragment-stream", G_CALLBACK (on_get_fragment_stream), self);
  g_signal_connect (sink, "get-playlist-stream", G_CALLBACK (on_get_playlist_stream), self);
  return sink;
}

/* On the clock of the hub, as every pipeline. */
static void
make_pipeline (PotooTsPipeline *self)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  self->pipeline = gst_object_ref_sink (gst_pipeline_new ("live-ts"));
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  gst_element_set_base_time (self->pipeline, 0);
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE);
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  gst_bus_set_sync_handler (bus, on_bus_message, self, NULL);
}

PotooTsPipeline *
potoo_ts_pipeline_new (GstCaps *video,
                       GstCaps *audio,
                       const PotooTsPipelineFuncs *funcs,
                       GError **error)
{
  g_autoptr (PotooTsPipeline) self = g_new0 (PotooTsPipeline, 1);

  self->funcs = *funcs;
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  make_pipeline (self);
  GstElement *sink = add_sink (self, error);
  if (sink == NULL || !add_video (self, sink, video, error) ||
      (audio != NULL && !add_audio (self, sink, audio, error)))
    return NULL;
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    {
      if (potoo_ts_pipeline_check (self, error))
        g_set_error (error, POTOO_ERROR, POTOO_ERROR_FAILED,
                     _ ("MPEG-TS cannot be made of this video"));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
potoo_ts_pipeline_free (PotooTsPipeline *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (self->pipeline);
  g_queue_clear_full (&self->open_segments, (GDestroyNotify) open_segment_free);
  g_clear_error (&self->error);
  g_cond_clear (&self->ended);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- what goes in (feeding thread) --- */

gboolean
potoo_ts_pipeline_check (PotooTsPipeline *self, GError **error)
{
  g_mutex_lock (&self->lock);
  gboolean failed = self->error != NULL;
  if (failed && error != NULL)
    *error = g_error_copy (self->error);
  g_mutex_unlock (&self->lock);
  return !failed;
}

static gboolean
count_under_way (PotooTsPipeline *self, gsize bytes, GError **error)
{
  g_mutex_lock (&self->lock);
  self->bytes_under_way += bytes;
  gboolean too_many = self->bytes_under_way > MAX_BYTES_UNDER_WAY;
  g_mutex_unlock (&self->lock);
  if (too_many)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE,
                 _ ("No segment came out of %d MiB of video; set a shorter keyframe (I-frame) "
                    "interval in the camera"),
                 MAX_BYTES_UNDER_WAY / (1024 * 1024));
  return !too_many;
}

gboolean
potoo_ts_pipeline_push (PotooTsPipeline *self, const PotooAccessUnit *unit, GError **error)
{
  guint track = unit->track == 0 ? 0 : 1;

  if (!potoo_ts_pipeline_check (self, error) ||
      !count_under_way (self, gst_buffer_get_size (unit->buffer), error))
    return FALSE;
  if (self->sources[track] == NULL || (track == 1 && self->audio_ended))
    return TRUE;
  /* The memory is shared; times and flags are ours. */
  GstBuffer *buffer = gst_buffer_new ();
  gst_buffer_copy_into (buffer, unit->buffer, GST_BUFFER_COPY_MEMORY, 0, -1);
  GST_BUFFER_PTS (buffer) = unit->pts_ns;
  GST_BUFFER_DTS (buffer) = unit->dts_ns;
  if (track == 0 && !unit->key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gst_app_src_push_buffer (GST_APP_SRC (self->sources[track]), buffer);
  return TRUE;
}

gsize
potoo_ts_pipeline_get_waiting_bytes (PotooTsPipeline *self)
{
  gsize bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    if (self->sources[i] != NULL)
      bytes += gst_app_src_get_current_level_bytes (GST_APP_SRC (self->sources[i]));
  return bytes;
}

void
potoo_ts_pipeline_end_audio (PotooTsPipeline *self)
{
  if (self->sources[1] == NULL || self->audio_ended)
    return;
  self->audio_ended = TRUE;
  gst_app_src_end_of_stream (GST_APP_SRC (self->sources[1]));
}

void
potoo_ts_pipeline_drain (PotooTsPipeline *self, gint64 timeout_us)
{
  gint64 until_us = potoo_clock_mono_us () + timeout_us;

  potoo_ts_pipeline_end_audio (self);
  gst_app_src_end_of_stream (GST_APP_SRC (self->sources[0]));
  g_mutex_lock (&self->lock);
  while (!self->eos && self->error == NULL)
    if (!g_cond_wait_until (&self->ended, &self->lock, until_us))
      break;
  g_mutex_unlock (&self->lock);
}
