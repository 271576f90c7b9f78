/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * appsrc → decoder → videoscale → videoconvert (twice) → jpegenc → appsink, for one access
 * unit, all of it in the thread that runs the task: made, waited for, taken down.
 */

#include "media/potoo-still-picture.h"

#include <glib/gi18n-lib.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "media/potoo-media.h"
#include "media/potoo-viewing-pool.h"

#define QUALITY 85
#define POLL_NS (100 * GST_MSECOND)
#define MAX_JPEG_SIDE 65535

typedef struct
{
  GstBuffer *buffer;
  GstCaps *caps;
  guint height;
} StillPicture;

typedef struct
{
  GstElement *pipeline;
  GstElement *source, *sink; /* the pipeline's */
} StillPipeline;

static void
still_picture_free (StillPicture *picture)
{
  gst_clear_buffer (&picture->buffer);
  gst_clear_caps (&picture->caps);
  g_free (picture);
}

/* --- size --- */

static void
get_pixel_aspect (const GstStructure *s, int *numerator, int *denominator)
{
  if (gst_structure_get_fraction (s, "pixel-aspect-ratio", numerator, denominator) &&
      *numerator > 0 && *denominator > 0)
    return;
  *numerator = *denominator = 1;
}

gboolean
potoo_still_picture_get_size (const GstCaps *caps,
                              guint height,
                              guint *picture_width,
                              guint *picture_height)
{
  int w = 0, h = 0, numerator, denominator;

  g_return_val_if_fail (GST_IS_CAPS (caps) && gst_caps_get_size (caps) > 0, FALSE);

  const GstStructure *s = gst_caps_get_structure (caps, 0);
  if (!gst_structure_get_int (s, "width", &w) || !gst_structure_get_int (s, "height", &h) ||
      w < 1 || h < 1)
    return FALSE;
  get_pixel_aspect (s, &numerator, &denominator);
  *picture_height = height > 0 && height < (guint) h ? height : (guint) h;
  guint64 width = gst_util_uint64_scale_round (
      gst_util_uint64_scale_round ((guint64) w, (guint64) numerator, (guint64) denominator),
      *picture_height, (guint64) h);
  *picture_width = (guint) CLAMP (width, 1, MAX_JPEG_SIDE);
  return *picture_height <= MAX_JPEG_SIDE;
}

/* What the picture goes through: scaled, as BT.709, then with full range as BT.601, which is what
 * JFIF means. In one step videoconvert would leave the range of BT.601 video as it is, dull
 * (GStreamer 1.22 looks at the matrix alone); what is BT.709 already passes the first one. */
typedef struct
{
  GstCaps *narrow, *full;
} StillFormats;

static void
still_formats_clear (StillFormats *formats)
{
  gst_clear_caps (&formats->narrow);
  gst_clear_caps (&formats->full);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (StillFormats, still_formats_clear)

static GstCaps *
make_raw_caps (guint width, guint height, const char *colorimetry)
{
  return gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT,
                              (int) width, "height", G_TYPE_INT, (int) height, "pixel-aspect-ratio",
                              GST_TYPE_FRACTION, 1, 1, "colorimetry", G_TYPE_STRING, colorimetry,
                              NULL);
}

static gboolean
still_formats_init (StillFormats *formats, const StillPicture *picture, GError **error)
{
  guint width, height;

  if (!potoo_still_picture_get_size (picture->caps, 0, &width, &height))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("The video does not tell its size; no picture can be made of it"));
      return FALSE;
    }
  if ((guint64) width * height > POTOO_STILL_PICTURE_MAX_PIXELS)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("The video is %u×%u: too large to make a picture of"), width, height);
      return FALSE;
    }
  potoo_still_picture_get_size (picture->caps, picture->height, &width, &height);
  formats->narrow = make_raw_caps (width, height, "bt709");
  formats->full = make_raw_caps (width, height, "1:4:0:0");
  return TRUE;
}

/* --- the pipeline --- */

static void
still_pipeline_clear (StillPipeline *self)
{
  if (self->pipeline == NULL)
    return;
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->pipeline);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (StillPipeline, still_pipeline_clear)

/* (nullable) */
static const char *
find_decoder (GstCaps *caps, GError **error)
{
  const char *media_type = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  if (g_str_equal (media_type, "video/x-h264"))
    return "avdec_h264";
  if (g_str_equal (media_type, "video/x-h265"))
    return "avdec_h265";
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
               _ ("No picture can be made of video of type %s"), media_type);
  return NULL;
}

static gboolean
still_pipeline_build (StillPipeline *self, const StillPicture *picture, GError **error)
{
  const char *decoder = find_decoder (picture->caps, error);
  g_auto (StillFormats) formats = { NULL };
  GstElement *decode, *scale, *narrow, *full, *encode;

  if (decoder == NULL || !still_formats_init (&formats, picture, error))
    return FALSE;
  self->pipeline = gst_object_ref_sink (gst_pipeline_new ("still-picture"));
  potoo_viewing_pool_serve (self->pipeline);
  GstBin *bin = GST_BIN (self->pipeline);
  if ((self->source = potoo_media_add_element (bin, "appsrc", error)) == NULL ||
      (decode = potoo_media_add_element (bin, decoder, error)) == NULL ||
      (scale = potoo_media_add_element (bin, "videoscale", error)) == NULL ||
      (narrow = potoo_media_add_element (bin, "videoconvert", error)) == NULL ||
      (full = potoo_media_add_element (bin, "videoconvert", error)) == NULL ||
      (encode = potoo_media_add_element (bin, "jpegenc", error)) == NULL ||
      (self->sink = potoo_media_add_element (bin, "appsink", error)) == NULL)
    return FALSE;
  g_object_set (self->source, "caps", picture->caps, "format", GST_FORMAT_TIME, NULL);
  g_object_set (decode, "max-threads", 1, NULL); /* threads would each wait for another picture */
  g_object_set (encode, "quality", QUALITY, NULL);
  g_object_set (self->sink, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  if (gst_element_link_many (self->source, decode, scale, narrow, NULL) &&
      gst_element_link_filtered (narrow, full, formats.narrow) &&
      gst_element_link_filtered (full, encode, formats.full) &&
      gst_element_link (encode, self->sink))
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
               _ ("GStreamer cannot make pictures of this video"));
  return FALSE;
}

static void
set_decode_error (GstMessage *message, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (message != NULL)
    gst_message_parse_error (message, &reason, NULL);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
               _ ("The camera's newest keyframe cannot be decoded: %s"),
               reason != NULL ? reason->message : _ ("it gives no picture"));
}

/* (transfer full) */
static GstSample *
still_pipeline_wait (StillPipeline *self, GCancellable *cancellable, GError **error)
{
  gint64 until_us = potoo_clock_mono_us () + POTOO_STILL_PICTURE_TIMEOUT_US;
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));

  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (self->sink), POLL_NS);
      if (sample != NULL)
        return sample;
      g_autoptr (GstMessage) failure = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
      if (failure != NULL || gst_app_sink_is_eos (GST_APP_SINK (self->sink)))
        {
          set_decode_error (failure, error);
          return NULL;
        }
      if (potoo_clock_mono_us () < until_us)
        continue;
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_TIMEOUT,
                   _ ("The camera's newest keyframe could not be decoded in time"));
      return NULL;
    }
  return NULL;
}

/* (transfer full): trimmed, since jpegenc's buffer is as large as the raw picture may need. */
static GBytes *
make_bytes (GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  gsize size = buffer != NULL ? gst_buffer_get_size (buffer) : 0;
  gpointer data = g_malloc (size);

  if (buffer != NULL)
    gst_buffer_extract (buffer, 0, data, size);
  return g_bytes_new_take (data, size);
}

static void
encode_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  StillPicture *picture = data;
  g_auto (StillPipeline) pipeline = { NULL };
  g_autoptr (GError) error = NULL;

  if (!still_pipeline_build (&pipeline, picture, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  gst_element_set_state (pipeline.pipeline, GST_STATE_PLAYING);
  gst_app_src_push_buffer (GST_APP_SRC (pipeline.source), g_steal_pointer (&picture->buffer));
  gst_app_src_end_of_stream (GST_APP_SRC (pipeline.source));
  g_autoptr (GstSample) sample = still_pipeline_wait (&pipeline, cancellable, &error);
  if (sample == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, make_bytes (sample), (GDestroyNotify) g_bytes_unref);
}

/* Only the bytes: a time, and the flag of a discontinuity, are of the stream it came from. */
static GstBuffer *
copy_without_times (GstBuffer *buffer)
{
  GstBuffer *copy = gst_buffer_new ();

  gst_buffer_copy_into (copy, buffer, GST_BUFFER_COPY_MEMORY, 0, -1);
  GST_BUFFER_PTS (copy) = GST_BUFFER_DTS (copy) = 0;
  return copy;
}

void
potoo_still_picture_encode_async (const PotooAccessUnit *unit,
                                  guint height,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (unit != NULL && GST_IS_BUFFER (unit->buffer));
  g_return_if_fail (GST_IS_CAPS (unit->caps) && gst_caps_get_size (unit->caps) > 0);

  StillPicture *picture = g_new0 (StillPicture, 1);
  picture->buffer = copy_without_times (unit->buffer);
  picture->caps = gst_caps_ref (unit->caps);
  picture->height = height;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, potoo_still_picture_encode_async);
  g_task_set_task_data (task, picture, (GDestroyNotify) still_picture_free);
  g_task_run_in_thread (task, encode_in_thread);
}

GBytes *
potoo_still_picture_encode_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
