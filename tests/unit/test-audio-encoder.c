/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <gst/gst.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "media/potoo-audio-encoder.h"

#define RATE 8000
#define PACKET 320
#define PACKET_NS ((GstClockTime) PACKET * GST_SECOND / RATE)
#define START ((GstClockTime) 1000 * GST_SECOND)
#define DELAY ((gint64) (200 * GST_MSECOND)) /* 1600 samples */
#define LIMIT_US (5 * POTOO_SECOND_US)

typedef struct
{
  PotooAudioEncoder *encoder;
  GMutex lock; /* protects what follows */
  GCond changed;
  GArray *times, *durations; /* GstClockTime */
  GstCaps *caps;
  char *failure;
} Rig;

static const char *const mulaw[] = { "mulawdec", NULL };
static const char *const mpeg[] = { "mpegaudioparse", "mpg123audiodec", NULL };

static void
on_take (GstSample *sample, gpointer user_data)
{
  Rig *rig = user_data;
  GstBuffer *buffer = gst_sample_get_buffer (sample);

  g_mutex_lock (&rig->lock);
  g_array_append_val (rig->times, GST_BUFFER_PTS (buffer));
  g_array_append_val (rig->durations, GST_BUFFER_DURATION (buffer));
  gst_caps_replace (&rig->caps, gst_sample_get_caps (sample));
  g_cond_signal (&rig->changed);
  g_mutex_unlock (&rig->lock);
}

static void
on_failed (const char *reason, gpointer user_data)
{
  Rig *rig = user_data;

  g_mutex_lock (&rig->lock);
  g_assert_null (rig->failure); /* it is told once */
  rig->failure = g_strdup (reason);
  g_cond_signal (&rig->changed);
  g_mutex_unlock (&rig->lock);
}

static void
rig_init (Rig *rig, const char *const *decoders, PotooAudioCodec codec)
{
  static const PotooAudioEncoderFuncs funcs = { on_take, on_failed };

  *rig = (Rig){ 0 };
  g_mutex_init (&rig->lock);
  g_cond_init (&rig->changed);
  rig->times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  rig->durations = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  rig->encoder = potoo_audio_encoder_new (decoders, codec, &funcs, rig);
}

static void
rig_clear (Rig *rig)
{
  g_clear_pointer (&rig->encoder, potoo_audio_encoder_free);
  g_array_unref (rig->times);
  g_array_unref (rig->durations);
  gst_clear_caps (&rig->caps);
  g_free (rig->failure);
  g_mutex_clear (&rig->lock);
  g_cond_clear (&rig->changed);
}

static GstClockTime
time_at (Rig *rig, guint i)
{
  return g_array_index (rig->times, GstClockTime, i);
}

static void
wait_for (Rig *rig, guint n)
{
  gint64 until_us = g_get_monotonic_time () + LIMIT_US;

  g_mutex_lock (&rig->lock);
  while (rig->times->len < n && rig->failure == NULL)
    if (!g_cond_wait_until (&rig->changed, &rig->lock, until_us))
      break;
  g_assert_null (rig->failure);
  g_assert_cmpuint (rig->times->len, >=, n);
  g_mutex_unlock (&rig->lock);
}

static void
wait_for_failure (Rig *rig)
{
  gint64 until_us = g_get_monotonic_time () + LIMIT_US;

  g_mutex_lock (&rig->lock);
  while (rig->failure == NULL && g_cond_wait_until (&rig->changed, &rig->lock, until_us))
    ;
  g_assert_nonnull (rig->failure);
  g_mutex_unlock (&rig->lock);
}

static void
push (Rig *rig, const char *caps_text, gsize size, GstClockTime pts_ns)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstSegment segment;

  gst_buffer_memset (buffer, 0, 0x55, size);
  GST_BUFFER_PTS (buffer) = pts_ns;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_autoptr (GstSample) sample = gst_sample_new (buffer, caps, &segment, NULL);
  potoo_audio_encoder_push (rig->encoder, sample);
}

static void
push_mulaw (Rig *rig, guint n, GstClockTime start_ns)
{
  for (guint i = 0; i < n; i++)
    push (rig, "audio/x-mulaw,rate=8000,channels=1", PACKET, start_ns + i * PACKET_NS);
}

/* --- times --- */

static void
test_aac_times (void)
{
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  push_mulaw (&rig, 50, START);
  wait_for (&rig, 14);
  for (guint i = 0; i < 14; i++)
    {
      gint64 expected = (gint64) (START + i * (GstClockTime) 1024 * GST_SECOND / RATE) - DELAY;
      g_assert_cmpint (ABS ((gint64) time_at (&rig, i) - expected), <, GST_MSECOND / 10);
    }
  const GstStructure *s = gst_caps_get_structure (rig.caps, 0);
  g_assert_cmpstr (gst_structure_get_string (s, "stream-format"), ==, "raw");
  g_assert_true (gst_structure_has_field (s, "codec_data"));
  rig_clear (&rig);
}

static void
test_opus_times (void)
{
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_OPUS);
  push_mulaw (&rig, 50, START);
  wait_for (&rig, 90);
  for (guint i = 2; i < 90; i++)
    g_assert_cmpint (
        ABS ((gint64) (time_at (&rig, i) - time_at (&rig, i - 1)) - (gint64) (20 * GST_MSECOND)), <,
        GST_MSECOND / 10);
  rig_clear (&rig);
}

/* Sound that pauses goes on at its own time: the encoder fills its last window with the begin of
 * it, and gives the rest the time that it has. */
static void
test_hole (void)
{
  const GstClockTime later = START + 7 * GST_SECOND, unit = (GstClockTime) 1024 * GST_SECOND / RATE;
  const GstClockTime filled = (8 * 1024 - 25 * PACKET) * GST_SECOND / RATE;
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  push_mulaw (&rig, 25, START);
  push_mulaw (&rig, 25, later);
  wait_for (&rig, 14);
  for (guint i = 0; i < 14; i++)
    {
      GstClockTime expected = i < 8 ? START + i * unit : later + filled + (i - 8) * unit;
      g_assert_cmpint (ABS ((gint64) time_at (&rig, i) + DELAY - (gint64) expected), <,
                       GST_MSECOND);
    }
  rig_clear (&rig);
}

/* Time stamps that stand still: the sound follows on. */
static void
test_time_stands_still (void)
{
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  for (guint i = 0; i < 50; i++)
    push (&rig, "audio/x-mulaw,rate=8000,channels=1", PACKET, START);
  wait_for (&rig, 14);
  g_assert_cmpint (ABS ((gint64) (time_at (&rig, 13) - time_at (&rig, 0)) -
                        (gint64) (13 * (GstClockTime) 1024 * GST_SECOND / RATE)),
                   <, GST_MSECOND);
  rig_clear (&rig);
}

/* --- what the camera sends --- */

static void
test_samples (void)
{
  static const char *const none[] = { NULL };
  Rig rig;

  rig_init (&rig, none, POTOO_AUDIO_OPUS);
  for (guint i = 0; i < 50; i++)
    push (&rig, "audio/x-raw,format=S16BE,layout=interleaved,rate=44100,channels=2", 4 * 441,
          START + i * 10 * GST_MSECOND);
  wait_for (&rig, 20);
  rig_clear (&rig);
}

static void
test_caps_change (void)
{
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  push_mulaw (&rig, 50, START);
  wait_for (&rig, 14);
  guint before = rig.times->len;
  for (guint i = 0; i < 100; i++)
    push (&rig, "audio/x-mulaw,rate=16000,channels=1", PACKET,
          START + 3 * GST_SECOND + i * PACKET_NS / 2);
  wait_for (&rig, before + 20);
  rig_clear (&rig);
}

/* However much of it: it is left out, and what comes after is heard. */
static void
test_garbage (void)
{
  Rig rig;

  rig_init (&rig, mpeg, POTOO_AUDIO_AAC);
  for (guint i = 0; i < 200; i++)
    push (&rig, "audio/mpeg,mpegversion=1", 400, START + i * PACKET_NS);
  g_usleep (100000);
  g_assert_null (rig.failure);
  rig_clear (&rig);
}

static void
test_unusable_caps (void)
{
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  push (&rig, "video/x-raw,format=I420,width=16,height=16", 400, START);
  wait_for_failure (&rig);
  push_mulaw (&rig, 50, START); /* nothing more is told */
  g_usleep (50000);
  g_assert_cmpuint (rig.times->len, ==, 0);
  rig_clear (&rig);
}

/* --- life --- */

static void
test_idle (void)
{
  Rig rig;

  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  potoo_audio_encoder_look (rig.encoder, potoo_clock_mono_us ());
  push_mulaw (&rig, 50, START);
  wait_for (&rig, 14);
  potoo_audio_encoder_look (rig.encoder, potoo_clock_mono_us () + POTOO_AUDIO_ENCODER_IDLE_US);
  guint before = rig.times->len;
  push_mulaw (&rig, 50, START + 20 * GST_SECOND);
  wait_for (&rig, before + 14);
  g_assert_cmpint (
      ABS ((gint64) time_at (&rig, before) + DELAY - (gint64) (START + 20 * GST_SECOND)), <,
      GST_MSECOND);
  rig_clear (&rig);
}

/* In the middle of it. */
static void
test_free_under_load (void)
{
  for (guint i = 0; i < 20; i++)
    {
      Rig rig;
      rig_init (&rig, mulaw, i % 2 == 0 ? POTOO_AUDIO_AAC : POTOO_AUDIO_OPUS);
      push_mulaw (&rig, 200, START);
      rig_clear (&rig);
    }
}

static void
test_missing_encoder (void)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPluginFeature) feature = gst_registry_lookup_feature (registry, "voaacenc");
  Rig rig;

  gst_registry_remove_feature (registry, feature);
  rig_init (&rig, mulaw, POTOO_AUDIO_AAC);
  push_mulaw (&rig, 50, START);
  wait_for_failure (&rig);
  g_assert_nonnull (strstr (rig.failure, "voaacenc"));
  g_assert_nonnull (strstr (rig.failure, "gstreamer1.0-plugins-bad"));
  rig_clear (&rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audio-encoder/aac-times", test_aac_times);
  g_test_add_func ("/audio-encoder/opus-times", test_opus_times);
  g_test_add_func ("/audio-encoder/hole", test_hole);
  g_test_add_func ("/audio-encoder/time-stands-still", test_time_stands_still);
  g_test_add_func ("/audio-encoder/samples", test_samples);
  g_test_add_func ("/audio-encoder/caps-change", test_caps_change);
  g_test_add_func ("/audio-encoder/garbage", test_garbage);
  g_test_add_func ("/audio-encoder/unusable-caps", test_unusable_caps);
  g_test_add_func ("/audio-encoder/idle", test_idle);
  g_test_add_func ("/audio-encoder/free-under-load", test_free_under_load);
  g_test_add_func ("/audio-encoder/missing-encoder", test_missing_encoder); /* the last */
  return g_test_run ();
}
