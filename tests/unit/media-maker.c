/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media-maker.h"

#include <string.h>

#define AUDIO_RATE 48000
#define AUDIO_FRAME 1024

static GstCaps *
video_caps (guint width)
{
  static const guint8 avcc[] = { 1,    0x64, 0,    0x1f, 0xff, 0xe1, 0,    4,   0x67,
                                 0x64, 0,    0x1f, 1,    0,    2,    0x68, 0xee };
  g_autoptr (GstBuffer) codec_data = gst_buffer_new_memdup (avcc, sizeof avcc);
  return gst_caps_new_simple ("video/x-h264", "stream-format", G_TYPE_STRING, "avc", "alignment",
                              G_TYPE_STRING, "au", "width", G_TYPE_INT, (int) width, "height",
                              G_TYPE_INT, 720, "codec_data", GST_TYPE_BUFFER, codec_data, NULL);
}

static GstCaps *
audio_caps (void)
{
  static const guint8 config[] = { 0x11, 0x90 };
  g_autoptr (GstBuffer) codec_data = gst_buffer_new_memdup (config, sizeof config);
  return gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format",
                              G_TYPE_STRING, "raw", "rate", G_TYPE_INT, AUDIO_RATE, "channels",
                              G_TYPE_INT, 2, "codec_data", GST_TYPE_BUFFER, codec_data, NULL);
}

static PotooInit *
make_init (gboolean audio, guint width)
{
  GstCaps *caps[] = { video_caps (width), audio_caps () };
  PotooInit *init = potoo_init_new (caps, audio ? 2 : 1);
  gst_caps_unref (caps[0]);
  gst_caps_unref (caps[1]);
  g_assert_nonnull (init);
  return init;
}

void
media_maker_init (MediaMaker *maker, gboolean audio)
{
  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  *maker = (MediaMaker){
    .init = make_init (audio, 1280),
    .audio = audio,
    .at_ns = 1000 * GST_SECOND,
    .wall_offset_us = MEDIA_MAKER_WALL_US - 1000 * G_USEC_PER_SEC,
    .frames = 25,
    .frame_bytes = 100,
  };
}

void
media_maker_clear (MediaMaker *maker)
{
  potoo_init_unref (maker->init);
}

void
media_maker_change_init (MediaMaker *maker)
{
  potoo_init_unref (maker->init);
  maker->init = make_init (maker->audio, 640);
}

static void
add_sample (GArray *samples,
            guint64 dts_ticks,
            guint32 duration,
            gint32 composition,
            gboolean key,
            gsize bytes)
{
  PotooSample sample = {
    .buffer = gst_buffer_new_allocate (NULL, bytes, NULL),
    .dts_ticks = dts_ticks,
    .duration_ticks = duration,
    .composition_ticks = composition,
    .key = key,
  };
  gst_buffer_memset (sample.buffer, 0, (guint8) dts_ticks | 1, bytes); /* media has no zeros */
  g_array_append_val (samples, sample);
}

static GArray *
new_samples (void)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (PotooSample));
  g_array_set_clear_func (samples, (GDestroyNotify) potoo_sample_clear);
  return samples;
}

static gint64
wall_of (MediaMaker *maker, GstClockTime time_ns)
{
  return (gint64) (time_ns / 1000) + maker->wall_offset_us;
}

PotooFragment *
media_maker_next (MediaMaker *maker, MediaFlags flags)
{
  g_autoptr (GArray) video = new_samples ();
  g_autoptr (GArray) audio = new_samples ();
  guint64 start = potoo_ticks_from_ns (maker->at_ns, POTOO_VIDEO_TIMESCALE);
  guint64 end = start + maker->frames * MEDIA_MAKER_FRAME_TICKS;
  GstClockTime end_ns = gst_util_uint64_scale (end, GST_SECOND, POTOO_VIDEO_TIMESCALE);

  for (guint i = 0; i < maker->frames; i++)
    add_sample (video, start + i * MEDIA_MAKER_FRAME_TICKS, MEDIA_MAKER_FRAME_TICKS,
                maker->reorder ? 2 * MEDIA_MAKER_FRAME_TICKS : 0,
                i == 0 && (flags & MEDIA_KEY) != 0, maker->frame_bytes);
  /* Audio that begins a little earlier than its video. */
  guint64 audio_start = potoo_ticks_from_ns (maker->at_ns, AUDIO_RATE) - 480;
  for (guint i = 0; maker->audio && i < 10; i++)
    add_sample (audio, audio_start + i * AUDIO_FRAME, AUDIO_FRAME, 0, TRUE, 20);

  PotooFragmentSpec spec = {
    .init = maker->init,
    .samples = { video, maker->audio ? audio : NULL },
    .sequence = maker->sequence++,
    .key = (flags & MEDIA_KEY) != 0,
    .discontinuous = (flags & MEDIA_DISCONTINUOUS) != 0,
    .start_ns = maker->at_ns,
    .end_ns = end_ns,
    .wall_start_us = wall_of (maker, maker->at_ns),
    .wall_end_us = wall_of (maker, end_ns),
  };
  maker->at_ns = end_ns;
  maker->wall_end_us = spec.wall_end_us;
  return potoo_fragment_new (&spec);
}

void
media_maker_skip (MediaMaker *maker, gint64 duration_us)
{
  maker->at_ns += (GstClockTime) duration_us * 1000;
}

static gboolean
append_piece (const guint8 *data, gsize size, gpointer user_data)
{
  g_byte_array_append (user_data, data, (guint) size);
  return TRUE;
}

GByteArray *
media_maker_file (MediaMaker *maker, guint n)
{
  GByteArray *file = g_byte_array_new ();
  GstClockTime origin = GST_CLOCK_TIME_NONE;
  gsize init_size;
  const guint8 *init = g_bytes_get_data (potoo_init_get_bytes (maker->init), &init_size);

  g_byte_array_append (file, init, (guint) init_size);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (PotooFragment)
          fragment = media_maker_next (maker, i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
      if (i == 0)
        origin = potoo_fragment_get_origin_ns (fragment);
      guint at = file->len;
      g_byte_array_set_size (file, at + (guint) potoo_fragment_get_header_size (fragment));
      potoo_fragment_copy_header (fragment, origin, file->data + at);
      g_assert_true (potoo_fragment_foreach_payload (fragment, append_piece, file));
      g_assert_cmpuint (file->len, ==, at + potoo_fragment_get_size (fragment));
    }
  return file;
}
