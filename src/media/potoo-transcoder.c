/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Nothing in it waits for a clock, a preroll or another thread, so that stopping it takes as
 * long as one access unit does. Errors are taken from the bus in the thread that posts them:
 * nobody runs a loop for this pipeline. */

#include "media/potoo-transcoder.h"

#include <glib/gi18n-lib.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <time.h>

#include "base/potoo-error.h"
#include "media/potoo-media.h"

struct _PotooTranscoder
{
  PotooTranscoderFuncs funcs;
  gpointer user_data;
  guint max_waiting;
  GstElement *pipeline;
  GstElement *source, *last; /* the pipeline's */
  gint64 cpu_us;             /* atomic */
  gint failed;               /* atomic */
};

/* --- its thread --- */

static void
note_cpu_time (PotooTranscoder *self)
{
  struct timespec used;

  if (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used) == 0)
    __atomic_store_n (&self->cpu_us, (gint64) used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000,
                      __ATOMIC_RELAXED);
}

static GstFlowReturn
on_new_sample (GstAppSink *sink, gpointer user_data)
{
  PotooTranscoder *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  note_cpu_time (self);
  if (gst_sample_get_buffer (sample) != NULL && gst_sample_get_caps (sample) != NULL)
    self->funcs.output (sample, self->user_data);
  return GST_FLOW_OK;
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  PotooTranscoder *self = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR &&
      g_atomic_int_compare_and_exchange (&self->failed, FALSE, TRUE))
    {
      g_autoptr (GError) error = NULL;
      gst_message_parse_error (message, &error, NULL);
      self->funcs.failed (error->message, self->user_data);
    }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* --- making it --- */

PotooTranscoder *
potoo_transcoder_new (const PotooTranscoderFuncs *funcs,
                      gpointer user_data,
                      guint max_waiting,
                      GError **error)
{
  g_autoptr (PotooTranscoder) self = g_new0 (PotooTranscoder, 1);

  self->funcs = *funcs;
  self->user_data = user_data;
  self->max_waiting = max_waiting;
  self->pipeline = gst_object_ref_sink (gst_pipeline_new ("transcoder"));
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  gst_bus_set_sync_handler (bus, on_message, self, NULL);
  self->source = potoo_transcoder_add (self, "appsrc", error);
  if (self->source == NULL)
    return NULL;
  g_object_set (self->source, "format", GST_FORMAT_TIME, "is-live", TRUE, "block", FALSE,
                "max-bytes", G_GUINT64_CONSTANT (0), "max-buffers", (guint64) max_waiting,
                "leaky-type", GST_APP_LEAKY_TYPE_DOWNSTREAM, NULL);
  return g_steal_pointer (&self);
}

GstElement *
potoo_transcoder_add (PotooTranscoder *self, const char *name, GError **error)
{
  GstElement *element = potoo_media_add_element (GST_BIN (self->pipeline), name, error);

  if (element == NULL)
    return NULL;
  if (self->last != NULL && !gst_element_link (self->last, element))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("GStreamer's element %s does not fit here"), name);
      return NULL;
    }
  self->last = element;
  return element;
}

gboolean
potoo_transcoder_restrict (PotooTranscoder *self, const char *caps_text, GError **error)
{
  GstElement *filter = potoo_transcoder_add (self, "capsfilter", error);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);

  if (filter == NULL)
    return FALSE;
  g_object_set (filter, "caps", caps, NULL);
  return TRUE;
}

gboolean
potoo_transcoder_start (PotooTranscoder *self, GstCaps *input, const char *output, GError **error)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  g_autoptr (GstCaps) caps = gst_caps_from_string (output);
  GstElement *sink = potoo_transcoder_add (self, "appsink", error);

  if (sink == NULL)
    return FALSE;
  g_object_set (sink, "caps", caps, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE,
                "wait-on-eos", FALSE, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, self, NULL);
  gst_app_src_set_caps (GST_APP_SRC (self->source), input);
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                       _ ("GStreamer's encoder does not start"));
  return FALSE;
}

/* --- using it --- */

/* Only the bytes and the time: flags are of the stream it came from. */
static GstBuffer *
copy_with_time (GstBuffer *buffer, GstClockTime pts_ns)
{
  GstBuffer *copy = gst_buffer_new ();

  gst_buffer_copy_into (copy, buffer, GST_BUFFER_COPY_MEMORY, 0, -1);
  GST_BUFFER_PTS (copy) = pts_ns;
  return copy;
}

gboolean
potoo_transcoder_push (PotooTranscoder *self, GstBuffer *buffer, GstClockTime pts_ns)
{
  if (g_atomic_int_get (&self->failed))
    return TRUE;
  gboolean fits = gst_app_src_get_current_level_buffers (GST_APP_SRC (self->source)) <
                  self->max_waiting;
  gst_app_src_push_buffer (GST_APP_SRC (self->source), copy_with_time (buffer, pts_ns));
  return fits;
}

void
potoo_transcoder_force_keyframe (PotooTranscoder *self)
{
  gst_element_send_event (
      self->source, gst_video_event_new_downstream_force_key_unit (
                        GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, TRUE, 1));
}

gint64
potoo_transcoder_get_cpu_us (PotooTranscoder *self)
{
  return __atomic_load_n (&self->cpu_us, __ATOMIC_RELAXED);
}

void
potoo_transcoder_free (PotooTranscoder *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (self->pipeline);
  g_free (self);
}
