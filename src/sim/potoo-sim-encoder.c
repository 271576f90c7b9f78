/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A pipeline `appsrc ! encoder ! appsink` that runs as fast as it can in the
 * calling thread's company: raw units are pushed (appsrc blocks when the
 * encoder lags), then the encoded ones are taken. Nothing of it lives on.
 *
 * Audio is encoded for two turns of the loop and the second is kept: the
 * encoder's start-up is outside, so that the loop follows itself seamlessly. */

#include "sim/potoo-sim-encoder.h"

#include <math.h>

#include <gst/app/app.h>
#include <gst/audio/audio.h>
#include <gst/video/video.h>

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-loop.h"
#include "sim/potoo-sim-picture.h"

#define RAW_QUEUE_UNITS 4
#define TONE_HZ 440
#define MARK_PARTS 5 /* of a second */
#define AMPLITUDE 6000

typedef struct
{
  const PotooSimLoopParams *params;
  GstElement *pipeline;
  GstAppSrc *src;
  GstAppSink *sink;
  gsize unit_size; /* bytes of one raw unit */
} Encoding;

static char *
describe_video (const PotooSimLoopParams *params)
{
  g_autofree char *format = g_strdup_printf ("video/x-%s,stream-format=byte-stream,alignment=au",
                                             potoo_sim_codec_name (params->codec));

  if (params->codec == POTOO_SIM_CODEC_H265)
    return g_strdup_printf (
        "x265enc speed-preset=ultrafast bitrate=%u key-int-max=%u "
        "option-string=keyint=%u:min-keyint=%u:scenecut=0:open-gop=0:bframes=%u:b-adapt=0:"
        "b-pyramid=0:repeat-headers=1:slices=%u:frame-threads=1:log-level=none ! %s",
        params->bitrate_kbit, params->gop, params->gop, params->gop, params->bframes,
        params->slices, format);
  return g_strdup_printf (
      "x264enc speed-preset=ultrafast bitrate=%u key-int-max=%u bframes=%u b-adapt=false "
      "b-pyramid=false aud=false "
      "option-string=min-keyint=%u:scenecut=0:open-gop=0:slices=%u ! %s",
      params->bitrate_kbit, params->gop, params->bframes, params->gop, params->slices, format);
}

static char *
describe (const PotooSimLoopParams *params)
{
  switch (params->codec)
    {
    case POTOO_SIM_CODEC_H264:
    case POTOO_SIM_CODEC_H265:
      return describe_video (params);
    case POTOO_SIM_CODEC_AAC:
      return g_strdup ("voaacenc bitrate=48000 ! aacparse ! audio/mpeg,stream-format=raw");
    case POTOO_SIM_CODEC_OPUS:
      return g_strdup ("opusenc bitrate=32000 frame-size=20 ! audio/x-opus");
    case POTOO_SIM_CODEC_PCMU:
      return g_strdup ("mulawenc");
    case POTOO_SIM_CODEC_PCMA:
      return g_strdup ("alawenc");
    case POTOO_SIM_CODEC_G722:
      return g_strdup ("avenc_g722");
    case POTOO_SIM_CODEC_G726:
      return g_strdup ("avenc_g726 bitrate=32000");
    case POTOO_SIM_CODEC_L16:
      return g_strdup ("audioconvert ! audio/x-raw,format=S16BE");
    case POTOO_SIM_CODEC_MP2:
      return g_strdup ("audioconvert ! twolamemp2enc bitrate=64 mode=mono");
    case POTOO_SIM_CODEC_MJPEG:
      return g_strdup ("jpegenc quality=80");
    case POTOO_SIM_CODEC_NONE:
      break;
    }
  g_return_val_if_reached (NULL);
}

static GstCaps *
raw_caps (const PotooSimLoopParams *params)
{
  if (potoo_sim_codec_is_video (params->codec))
    return gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT,
                                (int) params->width, "height", G_TYPE_INT, (int) params->height,
                                "framerate", GST_TYPE_FRACTION, (int) params->rate_num,
                                (int) params->rate_den, NULL);
  return gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, GST_AUDIO_NE (S16), "layout",
                              G_TYPE_STRING, "interleaved", "channels", G_TYPE_INT, 1, "rate",
                              G_TYPE_INT, (int) potoo_sim_codec_sample_rate (params->codec), NULL);
}

/* The first error on the bus, in words of what was being done. */
static void
set_bus_error (Encoding *encoding, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (encoding->pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) cause = NULL;

  if (message != NULL)
    gst_message_parse_error (message, &cause, NULL);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_FAILED, _ ("Cannot encode %s: %s"),
               potoo_sim_codec_name (encoding->params->codec),
               cause != NULL ? cause->message : _ ("the encoder stopped early"));
}

static gboolean
encoding_start (Encoding *encoding, GError **error)
{
  g_autofree char *encoder = describe (encoding->params);
  g_autofree char *description = g_strdup_printf (
      "appsrc name=src format=time block=true ! %s ! appsink name=sink sync=false", encoder);
  g_autoptr (GstCaps) caps = raw_caps (encoding->params);

  encoding->pipeline = gst_parse_launch_full (description, NULL, GST_PARSE_FLAG_FATAL_ERRORS,
                                              error);
  if (encoding->pipeline == NULL)
    return FALSE;
  encoding->src = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (encoding->pipeline), "src"));
  encoding->sink = GST_APP_SINK (gst_bin_get_by_name (GST_BIN (encoding->pipeline), "sink"));
  gst_app_src_set_caps (encoding->src, caps);
  gst_app_src_set_max_bytes (encoding->src, RAW_QUEUE_UNITS * encoding->unit_size);
  if (gst_element_set_state (encoding->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    return TRUE;
  set_bus_error (encoding, error);
  return FALSE;
}

static void
encoding_clear (Encoding *encoding)
{
  if (encoding->pipeline != NULL)
    gst_element_set_state (encoding->pipeline, GST_STATE_NULL);
  g_clear_pointer ((GstElement **) &encoding->src, gst_object_unref);
  g_clear_pointer ((GstElement **) &encoding->sink, gst_object_unref);
  g_clear_pointer (&encoding->pipeline, gst_object_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Encoding, encoding_clear)

static gboolean
push (Encoding *encoding, guint i, GstBuffer *buffer, GError **error)
{
  guint64 den = (guint64) encoding->params->rate_den * GST_SECOND;

  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, den, encoding->params->rate_num);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (i + 1, den, encoding->params->rate_num) -
                                 GST_BUFFER_PTS (buffer);
  if (gst_app_src_push_buffer (encoding->src, buffer) == GST_FLOW_OK)
    return TRUE;
  set_bus_error (encoding, error);
  return FALSE;
}

static gboolean
push_pictures (Encoding *encoding, PotooSimPicture *picture, GError **error)
{
  for (guint i = 0; i < encoding->params->n_units; i++)
    {
      GstBuffer *buffer = gst_buffer_new_allocate (NULL, encoding->unit_size, NULL);
      GstMapInfo map;
      if (gst_buffer_map (buffer, &map, GST_MAP_WRITE))
        {
          potoo_sim_picture_draw (picture, i, encoding->params->n_units, map.data);
          gst_buffer_unmap (buffer, &map);
        }
      if (!push (encoding, i, buffer, error))
        return FALSE;
    }
  return TRUE;
}

/* A steady tone with a whole number of cycles in the loop, silent for the first fifth of a second
 * of it: that marks the time. */
static gboolean
push_tone (Encoding *encoding, guint n_units, GError **error)
{
  guint samples = potoo_sim_codec_samples_per_unit (encoding->params->codec);
  guint64 period = (guint64) samples * encoding->params->n_units;
  double cycles = round (TONE_HZ * (double) period /
                         potoo_sim_codec_sample_rate (encoding->params->codec));

  for (guint i = 0; i < n_units; i++)
    {
      g_autofree gint16 *data = g_new (gint16, samples);
      for (guint s = 0; s < samples; s++)
        {
          guint64 at = ((guint64) i * samples + s) % period;
          gboolean silent = at < potoo_sim_codec_sample_rate (encoding->params->codec) / MARK_PARTS;
          data[s] = (gint16) (silent ? 0
                                     : AMPLITUDE *
                                           sin (2 * G_PI * cycles * (double) at / (double) period));
        }
      if (!push (encoding, i, gst_buffer_new_wrapped (g_steal_pointer (&data), 2 * samples), error))
        return FALSE;
    }
  return TRUE;
}

/* Takes all that comes; @skip units first, then those of the loop. */
static GBytes *
collect (Encoding *encoding, guint skip, GError **error)
{
  g_autoptr (PotooSimLoopBuilder) builder = potoo_sim_loop_builder_new (encoding->params);
  g_autoptr (GstCaps) caps = NULL;
  gboolean is_video = potoo_sim_codec_is_video (encoding->params->codec);

  for (guint i = 0;; i++)
    {
      g_autoptr (GstSample) sample = gst_app_sink_pull_sample (encoding->sink);
      if (sample == NULL)
        break;
      gst_caps_replace (&caps, gst_sample_get_caps (sample));
      if (i < skip || (!is_video && i >= skip + encoding->params->n_units))
        continue;
      GstBuffer *buffer = gst_sample_get_buffer (sample);
      GstMapInfo map;
      if (gst_buffer_map (buffer, &map, GST_MAP_READ))
        {
          potoo_sim_loop_builder_add (builder, map.data, map.size, GST_BUFFER_PTS (buffer));
          gst_buffer_unmap (buffer, &map);
        }
    }
  if (caps != NULL && gst_app_sink_is_eos (encoding->sink))
    return potoo_sim_loop_builder_end (builder, caps, error);
  set_bus_error (encoding, error);
  return NULL;
}

static GBytes *
encode_video (Encoding *encoding, GError **error)
{
  g_autoptr (PotooSimPicture)
      picture = potoo_sim_picture_new (encoding->params->width, encoding->params->height);

  encoding->unit_size = potoo_sim_picture_size (picture);
  if (!encoding_start (encoding, error) || !push_pictures (encoding, picture, error))
    return NULL;
  gst_app_src_end_of_stream (encoding->src);
  return collect (encoding, 0, error);
}

static GBytes *
encode_audio (Encoding *encoding, GError **error)
{
  guint turn = encoding->params->n_units;

  encoding->unit_size = 2 * potoo_sim_codec_samples_per_unit (encoding->params->codec);
  if (!encoding_start (encoding, error) || !push_tone (encoding, 2 * turn + 1, error))
    return NULL;
  gst_app_src_end_of_stream (encoding->src);
  return collect (encoding, turn, error);
}

GBytes *
potoo_sim_encode (const PotooSimLoopParams *params, GError **error)
{
  g_auto (Encoding) encoding = { .params = params };

  return potoo_sim_codec_is_video (params->codec) ? encode_video (&encoding, error)
                                                  : encode_audio (&encoding, error);
}
