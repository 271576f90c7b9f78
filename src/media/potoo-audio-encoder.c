/* SPDX-License-Identifier: GPL-3.0-or-later */

/* decoder → audioconvert → audioresample → voaacenc or opusenc. Where the encoder takes
 * the camera's sampling rate, which is nearly always, the two in the middle pass
 * everything on as it is. */

#include "media/potoo-audio-encoder.h"

#include "base/potoo-clock.h"
#include "media/potoo-transcoder.h"

#define MAX_WAITING 100 /* packets of 20 to 40 ms */
/* Packets that are further off than that from where the last one ended are a hole. */
#define TOLERANCE_NS ((gint64) (20 * GST_MSECOND))

typedef struct
{
  const char *encoder;
  const char *input; /* what it gets, of what it can take: bounds for what cameras say */
  const char *output;
  guint delay_samples; /* by which what comes out lies behind its time */
  guint channel_bits;  /* a second, of each channel */
} Codec;

/* voaacenc begins with a window of nothing and looks 576 samples ahead, and does not say so;
 * opusenc does. Measured at 8 to 48 kHz. */
static const Codec codecs[] = {
  [POTOO_AUDIO_AAC] = { "voaacenc",
                        "audio/x-raw,channels=[1,2],"
                        "rate={8000,11025,12000,16000,22050,24000,32000,44100,48000}",
                        "audio/mpeg,mpegversion=4,stream-format=raw", 1024 + 576, 48000 },
  [POTOO_AUDIO_OPUS] = { "opusenc",
                         "audio/x-raw,channels=[1,2],rate={8000,12000,16000,24000,48000}",
                         "audio/x-opus", 0, 32000 },
};

struct _PotooAudioEncoder
{
  const char *const *decoders;
  const Codec *codec;
  PotooAudioEncoderFuncs funcs;
  gpointer user_data;
  gint failed; /* atomic */

  GMutex lock;                 /* protects what follows; never held while waiting */
  PotooTranscoder *transcoder; /* (nullable) */
  GstCaps *caps;               /* of what it takes */
  gint64 pushed_us;

  GstClockTime last_pts_ns; /* the pushing thread's */
};

/* --- its transcoder's thread --- */

static GstClockTime
get_delay (PotooAudioEncoder *self, GstCaps *caps)
{
  int rate = 0;

  if (self->codec->delay_samples == 0 ||
      !gst_structure_get_int (gst_caps_get_structure (caps, 0), "rate", &rate) || rate <= 0)
    return 0;
  return gst_util_uint64_scale_int (self->codec->delay_samples * GST_SECOND, 1, rate);
}

static void
on_output (GstSample *sample, gpointer user_data)
{
  PotooAudioEncoder *self = user_data;
  GstCaps *caps = gst_sample_get_caps (sample);
  g_autoptr (GstBuffer) buffer = gst_buffer_copy (gst_sample_get_buffer (sample));

  if (GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) -= MIN (GST_BUFFER_PTS (buffer), get_delay (self, caps));
  g_autoptr (GstSample)
      timed = gst_sample_new (buffer, caps, gst_sample_get_segment (sample), NULL);
  self->funcs.take (timed, self->user_data);
}

static void
fail (const char *reason, gpointer user_data)
{
  PotooAudioEncoder *self = user_data;

  if (g_atomic_int_compare_and_exchange (&self->failed, FALSE, TRUE))
    self->funcs.failed (reason, self->user_data);
}

/* --- the pushing thread --- */

static gboolean
add_decoders (PotooAudioEncoder *self, PotooTranscoder *transcoder, GError **error)
{
  for (guint i = 0; self->decoders[i] != NULL; i++)
    {
      GstElement *decoder = potoo_transcoder_add (transcoder, self->decoders[i], error);
      if (decoder == NULL)
        return FALSE;
      /* What is broken is left out, however much that is. */
      if (g_object_class_find_property (G_OBJECT_GET_CLASS (decoder), "max-errors") != NULL)
        g_object_set (decoder, "max-errors", -1, NULL);
    }
  return TRUE;
}

static gboolean
add_encoder (PotooAudioEncoder *self, PotooTranscoder *transcoder, GError **error)
{
  GstElement *encoder;

  if (potoo_transcoder_add (transcoder, "audioconvert", error) == NULL ||
      potoo_transcoder_add (transcoder, "audioresample", error) == NULL ||
      !potoo_transcoder_restrict (transcoder, self->codec->input, error) ||
      (encoder = potoo_transcoder_add (transcoder, self->codec->encoder, error)) == NULL)
    return FALSE;
  g_object_set (encoder, "tolerance", TOLERANCE_NS, "bitrate", self->codec->channel_bits, NULL);
  return TRUE;
}

static PotooTranscoder *
make_transcoder (PotooAudioEncoder *self, GstCaps *caps, GError **error)
{
  static const PotooTranscoderFuncs funcs = { .output = on_output, .failed = fail };
  g_autoptr (PotooTranscoder) transcoder = potoo_transcoder_new (&funcs, self, MAX_WAITING, error);

  if (transcoder == NULL || !add_decoders (self, transcoder, error) ||
      !add_encoder (self, transcoder, error) ||
      !potoo_transcoder_start (transcoder, caps, self->codec->output, error))
    return NULL;
  return g_steal_pointer (&transcoder);
}

/* Makes it when there is none that takes @caps. */
static void
renew_transcoder (PotooAudioEncoder *self, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->lock);
  gboolean fits = self->transcoder != NULL && gst_caps_is_equal (caps, self->caps);
  g_autoptr (PotooTranscoder) old = fits ? NULL : g_steal_pointer (&self->transcoder);
  g_mutex_unlock (&self->lock);
  if (fits)
    return;
  g_clear_pointer (&old, potoo_transcoder_free); /* nothing of it comes among what is new */
  g_autoptr (PotooTranscoder) made = make_transcoder (self, caps, &error);
  if (made == NULL)
    {
      fail (error->message, self);
      return;
    }
  self->last_pts_ns = GST_CLOCK_TIME_NONE;
  g_mutex_lock (&self->lock);
  self->transcoder = g_steal_pointer (&made);
  gst_caps_replace (&self->caps, caps);
  g_mutex_unlock (&self->lock);
}

/* Sound whose time stands still follows on; the encoder counts. */
static GstClockTime
take_time (PotooAudioEncoder *self, GstClockTime pts_ns)
{
  if (!GST_CLOCK_TIME_IS_VALID (pts_ns) || pts_ns == self->last_pts_ns)
    return GST_CLOCK_TIME_NONE;
  self->last_pts_ns = pts_ns;
  return pts_ns;
}

gboolean
potoo_audio_encoder_push (PotooAudioEncoder *self, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  gboolean whole = TRUE;

  if (g_atomic_int_get (&self->failed))
    return TRUE;
  renew_transcoder (self, gst_sample_get_caps (sample));
  GstClockTime pts_ns = take_time (
      self, gst_segment_to_running_time (gst_sample_get_segment (sample), GST_FORMAT_TIME,
                                         GST_BUFFER_PTS (buffer)));
  g_mutex_lock (&self->lock);
  self->pushed_us = potoo_clock_mono_us ();
  if (self->transcoder != NULL)
    whole = potoo_transcoder_push (self->transcoder, buffer, pts_ns);
  g_mutex_unlock (&self->lock);
  return whole;
}

/* --- life --- */

void
potoo_audio_encoder_look (PotooAudioEncoder *self, gint64 now_us)
{
  g_autoptr (PotooTranscoder) idle = NULL;

  g_mutex_lock (&self->lock);
  if (now_us - self->pushed_us >= POTOO_AUDIO_ENCODER_IDLE_US)
    idle = g_steal_pointer (&self->transcoder);
  g_mutex_unlock (&self->lock);
}

PotooAudioEncoder *
potoo_audio_encoder_new (const char *const *decoders,
                         PotooAudioCodec codec,
                         const PotooAudioEncoderFuncs *funcs,
                         gpointer user_data)
{
  g_return_val_if_fail (codec < G_N_ELEMENTS (codecs), NULL);

  PotooAudioEncoder *self = g_new0 (PotooAudioEncoder, 1);
  self->decoders = decoders;
  self->codec = &codecs[codec];
  self->funcs = *funcs;
  self->user_data = user_data;
  self->last_pts_ns = GST_CLOCK_TIME_NONE;
  g_mutex_init (&self->lock);
  return self;
}

void
potoo_audio_encoder_free (PotooAudioEncoder *self)
{
  g_clear_pointer (&self->transcoder, potoo_transcoder_free);
  gst_clear_caps (&self->caps);
  g_mutex_clear (&self->lock);
  g_free (self);
}
