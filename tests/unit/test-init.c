/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "fragmenter-rig.h"
#include "media/potoo-fragment-private.h"

#define H265                                                                                       \
  "video/x-h265,stream-format=hvc1,alignment=au,width=3840,height=2160,"                           \
  "pixel-aspect-ratio=4/3,"                                                                        \
  "codec_data=(buffer)0101600000009000000000005df000fcfdf8f800000f00"
#define ENTRY "moov/trak/mdia/minf/stbl/stsd"
#define AUDIO_ENTRY "moov/trak1/mdia/minf/stbl/stsd"

static PotooInit *
make_init (const char *video, const char *audio)
{
  GstCaps *caps[2] = { gst_caps_from_string (video), NULL };
  if (audio != NULL)
    caps[1] = gst_caps_from_string (audio);
  PotooInit *init = potoo_init_new (caps, audio != NULL ? 2 : 1);
  gst_clear_caps (&caps[0]);
  gst_clear_caps (&caps[1]);
  return init;
}

static const guint8 *
find (PotooInit *init, const char *path, gsize *content_size)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (potoo_init_get_bytes (init), &size);
  const guint8 *content = find_box (data, size, path, content_size);
  g_assert_nonnull (content);
  return content;
}

/* The boxes inside the one sample entry of a `stsd`, behind @head bytes of fields. */
static const guint8 *
find_in_entry (PotooInit *init,
               const char *stsd,
               const char *entry,
               gsize head,
               const char *type,
               gsize *content_size)
{
  gsize size;
  const guint8 *data = find (init, stsd, &size);

  g_assert_cmpuint (GST_READ_UINT32_BE (data + 4), ==, 1);
  data = find_box (data + 8, size - 8, entry, &size);
  g_assert_nonnull (data);
  return find_box (data + head, size - head, type, content_size);
}

static void
test_video (void)
{
  static const guint8 avcc[] = { 0x01, 0x42, 0xc0, 0x1e };
  static const guint8 pasp[] = { 0, 0, 0, 4, 0, 0, 0, 3 };
  g_autoptr (PotooInit) h264 = make_init (RIG_H264, NULL);
  g_autoptr (PotooInit) h265 = make_init (H265, NULL);
  gsize size;

  const guint8 *data = find_in_entry (h264, ENTRY, "avc1", 78, "avcC", &size);
  g_assert_cmpuint (size, ==, 25);
  g_assert_cmpmem (data, sizeof avcc, avcc, sizeof avcc);
  g_assert_null (find_in_entry (h264, ENTRY, "avc1", 78, "pasp", &size));
  g_assert_cmpstr (potoo_init_get_track (h264, 0)->codec, ==, "avc1.42C01E");

  g_assert_nonnull (find_in_entry (h265, ENTRY, "hvc1", 78, "hvcC", &size));
  g_assert_cmpuint (size, ==, 23);
  data = find_in_entry (h265, ENTRY, "hvc1", 78, "pasp", &size);
  g_assert_cmpmem (data, size, pasp, sizeof pasp);
  g_assert_cmpuint (potoo_init_get_track (h265, 0)->width, ==, 3840);
  g_assert_true (g_str_has_prefix (potoo_init_get_track (h265, 0)->codec, "hvc1.1."));
  data = find (h265, "moov/trak/tkhd", &size);
  g_assert_cmpuint (size, ==, 84);
  g_assert_cmpuint (GST_READ_UINT32_BE (data + 76), ==, 3840 << 16);
  g_assert_cmpuint (GST_READ_UINT32_BE (data + 80), ==, 2160 << 16);
}

static void
test_movie (void)
{
  g_autoptr (PotooInit) init = make_init (RIG_H264, RIG_AAC_16K);
  const guint8 *start = g_bytes_get_data (potoo_init_get_bytes (init), NULL);
  gsize size;

  const guint8 *mehd = find (init, "moov/mvex/mehd", &size);
  g_assert_cmpuint (size, ==, 12);
  g_assert_true (mehd + 4 == start + potoo_init_get_mehd_offset (init));
  g_assert_cmpuint (mehd[0], ==, 1);
  g_assert_cmpuint (GST_READ_UINT64_BE (mehd + 4), ==, 0);
  const guint8 *mvhd = find (init, "moov/mvhd", &size);
  g_assert_cmpuint (size, ==, 100);
  g_assert_cmpuint (GST_READ_UINT32_BE (mvhd + 12), ==, POTOO_VIDEO_TIMESCALE);
  g_assert_cmpuint (GST_READ_UINT32_BE (mvhd + 96), ==, 3);
  g_assert_cmpuint (GST_READ_UINT32_BE (find (init, "moov/trak/mdia/mdhd", &size) + 12), ==,
                    POTOO_VIDEO_TIMESCALE);
  g_assert_cmpuint (GST_READ_UINT32_BE (find (init, "moov/trak1/mdia/mdhd", &size) + 12), ==,
                    16000);
  for (guint32 i = 0; i < 2; i++)
    {
      g_autofree char *trex = g_strdup_printf ("moov/mvex/trex%u", i);
      g_autofree char *tkhd = g_strdup_printf ("moov/trak%u/tkhd", i);
      g_assert_cmpuint (GST_READ_UINT32_BE (find (init, trex, &size) + 4), ==, i + 1);
      g_assert_cmpuint (GST_READ_UINT32_BE (find (init, tkhd, &size) + 12), ==, i + 1);
      g_assert_cmpuint (potoo_init_get_track (init, i)->track_id, ==, i + 1);
    }
}

static void
test_aac (void)
{
  /* ES, DecoderConfig (AAC, audio, no rates), AudioSpecificConfig, SLConfig */
  static const guint8 esds[] = { 0, 0, 0, 0, 3, 25, 0, 0, 0, 4, 17,   0x40, 0x15, 0, 0, 0,
                                 0, 0, 0, 0, 0, 0,  0, 0, 5, 2, 0x11, 0x90, 6,    1, 2 };
  g_autoptr (PotooInit) init = make_init (RIG_H264, RIG_AAC);
  gsize size;
  const guint8 *data = find_in_entry (init, AUDIO_ENTRY, "mp4a", 28, "esds", &size);

  g_assert_cmpmem (data, size, esds, sizeof esds);
  g_assert_cmpstr (potoo_init_get_track (init, 1)->codec, ==, "mp4a.40.2");
  g_assert_cmpuint (potoo_init_get_track (init, 1)->channels, ==, 2);
}

static void
test_opus (void)
{
  static const guint8 stereo[] = { 0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0 };
  static const guint8 surround[] = {
    0, 6, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5
  };
  g_autoptr (PotooInit) plain = make_init (RIG_H264, RIG_OPUS);
  g_autoptr (PotooInit) many = make_init (
      RIG_H264, "audio/x-opus,rate=48000,channels=6,channel-mapping-family=1,stream-count=4,"
                "coupled-count=2,channel-mapping=(int)<0,4,1,2,3,5>");
  gsize size;

  const guint8 *data = find_in_entry (plain, AUDIO_ENTRY, "Opus", 28, "dOps", &size);
  g_assert_cmpmem (data, size, stereo, sizeof stereo);
  data = find_in_entry (many, AUDIO_ENTRY, "Opus", 28, "dOps", &size);
  g_assert_cmpmem (data, size, surround, sizeof surround);
  g_assert_cmpuint (potoo_init_get_track (many, 1)->timescale, ==, 48000);
}

static char *
aac_of (guint n)
{
  GString *text = g_string_new (
      "audio/mpeg,mpegversion=4,stream-format=raw,rate=48000,channels=2,codec_data=(buffer)");
  for (guint i = 0; i < n; i++)
    g_string_append (text, "11");
  return g_string_free (text, FALSE);
}

static void
test_refused (void)
{
  static const char *const videos[] = {
    "video/x-h264,stream-format=avc,width=640,height=360,codec_data=(buffer)014d",
    "video/x-h265,stream-format=hvc1,width=640,height=360,codec_data=(buffer)0101600000009000",
    "video/x-h264,stream-format=avc,width=0,height=360,codec_data=(buffer)0142c01effe10000",
    "video/x-h264,stream-format=avc,width=65536,height=9,codec_data=(buffer)0142c01effe10000",
    "video/x-h264,stream-format=avc,width=[1,9],height=9,codec_data=(buffer)0142c01effe10000",
    "video/x-h264,stream-format=avc,width=640,codec_data=(buffer)0142c01effe10000",
    "video/x-h264,stream-format=avc,width=640,height=360,codec_data=(string)0142c01e",
    RIG_H264 ";" RIG_H264_LARGE,
  };
  g_autofree char *largest = aac_of (64);
  g_autofree char *too_large = aac_of (65);
  g_autofree char *too_small = aac_of (1);

  for (guint i = 0; i < G_N_ELEMENTS (videos); i++)
    g_assert_null (make_init (videos[i], NULL));
  g_assert_null (make_init (RIG_AAC, NULL));
  g_assert_null (make_init (RIG_H264, "audio/x-opus"));
  g_assert_null (make_init (RIG_H264, "audio/x-opus,channels=7,channel-mapping-family=0"));
  g_assert_null (make_init (RIG_H264, RIG_H264));
  g_assert_null (make_init (RIG_H264, too_large));
  g_assert_null (make_init (RIG_H264, too_small));
  g_autoptr (PotooInit) init = make_init (RIG_H264, largest);
  gsize size;
  const guint8 *esds = find_in_entry (init, AUDIO_ENTRY, "mp4a", 28, "esds", &size);
  g_assert_cmpuint (size, ==, 6 + esds[5]);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/init/video", test_video);
  g_test_add_func ("/init/movie", test_movie);
  g_test_add_func ("/init/aac", test_aac);
  g_test_add_func ("/init/opus", test_opus);
  g_test_add_func ("/init/refused", test_refused);
  return g_test_run ();
}
