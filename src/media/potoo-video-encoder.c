/* SPDX-License-Identifier: GPL-3.0-or-later */

/* jpegdec → videoconvert → openh264enc → h264parse. JPEG uses the full range of brightness and
 * openh264enc cannot say so in its stream: videoconvert makes it what players take for
 * granted. */

#include "media/potoo-video-encoder.h"

#include "base/potoo-clock.h"
#include "media/potoo-transcoder.h"

#define MAX_WAITING 2
#define COUNTING_US (1 * POTOO_SECOND_US)
#define MEASURE_US (2 * POTOO_SECOND_US)
#define KEY_INTERVAL (1900 * GST_MSECOND)
#define BITS_PER_PIXEL 0.1
#define MIN_BITRATE 100000.0
#define MAX_BITRATE 12000000.0
#define RAW_FORMAT "video/x-raw,format=I420,colorimetry=bt709"
#define OUTPUT_FORMAT "video/x-h264,stream-format=avc,alignment=au"

struct _PotooVideoEncoder
{
  PotooTranscodeBudget *budget;
  PotooVideoEncoderFuncs funcs;
  gpointer user_data;
  gint failed;    /* atomic */
  gint want_key;  /* atomic */
  gint n_encoded; /* atomic */

  /* the pushing thread's */
  PotooTranscoder *transcoder; /* (nullable) while pictures are counted */
  PotooTranscodeShare *share;  /* … */
  int width, height;
  guint n_counted;
  gint64 first_us; /* of those counted */
  GstClockTime key_ns;
  gint64 measured_us, measured_cpu_us;
};

/* --- its transcoder's thread --- */

static void
on_output (GstSample *sample, gpointer user_data)
{
  PotooVideoEncoder *self = user_data;

  g_atomic_int_inc (&self->n_encoded);
  self->funcs.take (sample, self->user_data);
}

static void
fail (const char *reason, gpointer user_data)
{
  PotooVideoEncoder *self = user_data;

  if (g_atomic_int_compare_and_exchange (&self->failed, FALSE, TRUE))
    self->funcs.failed (reason, self->user_data);
}

/* --- the pushing thread --- */

static void
set_up_encoder (PotooVideoEncoder *self, GstElement *encoder, double fps)
{
  double bitrate = BITS_PER_PIXEL * self->width * self->height * fps;

  gst_util_set_object_arg (G_OBJECT (encoder), "complexity", "low");
  gst_util_set_object_arg (G_OBJECT (encoder), "rate-control", "bitrate");
  g_object_set (encoder, "bitrate", (guint) CLAMP (bitrate, MIN_BITRATE, MAX_BITRATE), "gop-size",
                0, "multi-thread", 1, "scene-change-detection", FALSE, "background-detection",
                FALSE, "adaptive-quantization", FALSE, NULL);
}

static gboolean
add_elements (PotooVideoEncoder *self, PotooTranscoder *transcoder, double fps, GError **error)
{
  GstElement *decoder = potoo_transcoder_add (transcoder, "jpegdec", error);
  GstElement *convert, *encoder;

  if (decoder == NULL ||
      (convert = potoo_transcoder_add (transcoder, "videoconvert", error)) == NULL ||
      !potoo_transcoder_restrict (transcoder, RAW_FORMAT, error) ||
      (encoder = potoo_transcoder_add (transcoder, "openh264enc", error)) == NULL ||
      potoo_transcoder_add (transcoder, "h264parse", error) == NULL)
    return FALSE;
  g_object_set (decoder, "max-errors", -1, NULL);
  g_object_set (convert, "n-threads", 1, NULL);
  set_up_encoder (self, encoder, fps);
  return TRUE;
}

static GstCaps *
describe_input (const GstCaps *caps, double fps)
{
  GstCaps *input = gst_caps_copy (caps);
  int numerator = 25, denominator = 1;

  gst_util_double_to_fraction (fps, &numerator, &denominator);
  gst_caps_set_simple (input, "framerate", GST_TYPE_FRACTION, MAX (numerator, 1), denominator,
                       NULL);
  return input;
}

/* The share is taken before anything is made. */
static gboolean
begin (PotooVideoEncoder *self, const GstCaps *caps, double fps, GError **error)
{
  static const PotooTranscoderFuncs funcs = { .output = on_output, .failed = fail };
  g_autoptr (GstCaps) input = describe_input (caps, fps);

  self->share = potoo_transcode_budget_take (self->budget, (guint) self->width,
                                             (guint) self->height, fps, error);
  if (self->share == NULL)
    return FALSE;
  g_autoptr (PotooTranscoder) made = potoo_transcoder_new (&funcs, self, MAX_WAITING, error);
  if (made == NULL || !add_elements (self, made, fps, error) ||
      !potoo_transcoder_start (made, input, OUTPUT_FORMAT, error))
    return FALSE;
  self->transcoder = g_steal_pointer (&made);
  self->measured_us = potoo_clock_mono_us ();
  self->measured_cpu_us = 0;
  g_atomic_int_set (&self->n_encoded, 0);
  self->key_ns = GST_CLOCK_TIME_NONE;
  return TRUE;
}

static void
let_go (PotooVideoEncoder *self)
{
  g_clear_pointer (&self->transcoder, potoo_transcoder_free);
  g_clear_pointer (&self->share, potoo_transcode_share_free);
}

/* Another size is another cost: it is asked for anew. */
static void
take_size (PotooVideoEncoder *self, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  int width = 0, height = 0;

  gst_structure_get_int (s, "width", &width);
  gst_structure_get_int (s, "height", &height);
  if (width == self->width && height == self->height)
    return;
  let_go (self);
  self->width = width;
  self->height = height;
  self->n_counted = 0;
}

/* The rate of pictures, when it is known. */
static gboolean
count (PotooVideoEncoder *self, double *fps)
{
  gint64 now_us = potoo_clock_mono_us ();

  if (self->n_counted++ == 0)
    self->first_us = now_us;
  gint64 elapsed_us = now_us - self->first_us;
  if (self->n_counted < 2 || elapsed_us < COUNTING_US)
    return FALSE;
  *fps = (double) (self->n_counted - 1) * POTOO_SECOND_US / (double) elapsed_us;
  return TRUE;
}

static void
begin_when_counted (PotooVideoEncoder *self, GstSample *sample)
{
  g_autoptr (GError) error = NULL;
  double fps;

  if (!count (self, &fps) || begin (self, gst_sample_get_caps (sample), fps, &error))
    return;
  let_go (self);
  fail (error->message, self);
}

static void
measure (PotooVideoEncoder *self)
{
  gint64 now_us = potoo_clock_mono_us ();

  if (now_us - self->measured_us < MEASURE_US)
    return;
  gint64 cpu_us = potoo_transcoder_get_cpu_us (self->transcoder);
  potoo_transcode_share_measure (self->share,
                                 (guint) g_atomic_int_and ((guint *) &self->n_encoded, 0),
                                 cpu_us - self->measured_cpu_us, now_us - self->measured_us);
  self->measured_us = now_us;
  self->measured_cpu_us = cpu_us;
}

static void
force_keyframe_when_due (PotooVideoEncoder *self, GstClockTime pts_ns)
{
  gboolean due = !GST_CLOCK_TIME_IS_VALID (self->key_ns) || pts_ns >= self->key_ns + KEY_INTERVAL ||
                 pts_ns < self->key_ns;

  if (!g_atomic_int_exchange (&self->want_key, FALSE) && !due)
    return;
  potoo_transcoder_force_keyframe (self->transcoder);
  self->key_ns = pts_ns;
}

gboolean
potoo_video_encoder_push (PotooVideoEncoder *self, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstClockTime pts_ns = gst_segment_to_running_time (gst_sample_get_segment (sample),
                                                     GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));

  if (g_atomic_int_get (&self->failed) || !GST_CLOCK_TIME_IS_VALID (pts_ns))
    return TRUE;
  take_size (self, gst_sample_get_caps (sample));
  if (self->transcoder == NULL)
    begin_when_counted (self, sample);
  if (self->transcoder == NULL)
    return TRUE;
  measure (self);
  force_keyframe_when_due (self, pts_ns);
  return potoo_transcoder_push (self->transcoder, buffer, pts_ns);
}

void
potoo_video_encoder_request_keyframe (PotooVideoEncoder *self)
{
  g_atomic_int_set (&self->want_key, TRUE);
}

/* --- life --- */

PotooVideoEncoder *
potoo_video_encoder_new (PotooTranscodeBudget *budget,
                         const PotooVideoEncoderFuncs *funcs,
                         gpointer user_data)
{
  PotooVideoEncoder *self = g_new0 (PotooVideoEncoder, 1);

  self->budget = budget;
  self->funcs = *funcs;
  self->user_data = user_data;
  return self;
}

void
potoo_video_encoder_free (PotooVideoEncoder *self)
{
  let_go (self);
  g_free (self);
}
