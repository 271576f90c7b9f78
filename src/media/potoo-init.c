/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Builds `ftyp` + `moov` from caps: ISO/IEC 14496-12 (boxes), 14496-14 (`esds`),
 * 14496-15 (`avcC`, `hvcC`) and "Encapsulation of Opus in ISOBMFF" (`dOps`). The configuration
 * records themselves come ready-made from the parsers as codec_data. */

#include "media/potoo-fragment-private.h"

#include <gst/base/gstbytewriter.h>
#include <gst/pbutils/pbutils.h>

#include "media/potoo-box.h"

struct _PotooInit
{
  gatomicrefcount ref_count;
  GBytes *bytes;
  gsize mehd_offset;
  guint n_tracks;
  PotooTrackInfo tracks[POTOO_MAX_TRACKS];
};

#define MATRIX_SIZE 36
static const guint8 unity_matrix[MATRIX_SIZE] = { 0, 1, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0,
                                                  0, 0, 0, 0, 0, 1, 0, 0, 0,    0, 0, 0,
                                                  0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0 };
#define LANGUAGE_UND 0x55c4

/* Configuration records: the fixed part at least; parameter sets are a few hundred bytes. */
#define MIN_AVCC_SIZE 7
#define MIN_HVCC_SIZE 23
#define MAX_RECORD_SIZE (64 * 1024)
#define MAX_AUDIO_CONFIG_SIZE 64 /* so that every descriptor's size fits in one byte */
#define MAX_AUDIO_RATE 192000

/* --- caps --- */

static GstBuffer *
get_codec_data (const GstCaps *caps)
{
  const GValue *value = gst_structure_get_value (gst_caps_get_structure (caps, 0), "codec_data");
  return value != NULL && GST_VALUE_HOLDS_BUFFER (value) ? gst_value_get_buffer (value) : NULL;
}

static gboolean
has_format (const GstStructure *s, const char *name, const char *stream_format)
{
  return gst_structure_has_name (s, name) &&
         g_strcmp0 (gst_structure_get_string (s, "stream-format"), stream_format) == 0;
}

static gboolean
is_h264 (const GstStructure *s)
{
  return has_format (s, "video/x-h264", "avc");
}

static gboolean
is_h265 (const GstStructure *s)
{
  return has_format (s, "video/x-h265", "hvc1");
}

static gboolean
is_aac (const GstStructure *s)
{
  int version = 0;
  return has_format (s, "audio/mpeg", "raw") &&
         gst_structure_get_int (s, "mpegversion", &version) && version == 4;
}

static gboolean
is_opus (const GstStructure *s)
{
  return gst_structure_has_name (s, "audio/x-opus");
}

static gboolean
has_codec_data (const GstCaps *caps, gsize min_size, gsize max_size)
{
  GstBuffer *codec_data = get_codec_data (caps);
  gsize size = codec_data != NULL ? gst_buffer_get_size (codec_data) : 0;
  return size >= min_size && size <= max_size;
}

static gboolean
has_int (const GstStructure *s, const char *field, int max)
{
  int value = 0;
  return gst_structure_get_int (s, field, &value) && value > 0 && value <= max;
}

static gboolean
has_opus_channels (const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  guint8 channels, family, streams, coupled, mapping[256];
  return gst_structure_has_field_typed (s, "channel-mapping-family", G_TYPE_INT) &&
         gst_codec_utils_opus_parse_caps ((GstCaps *) caps, NULL, &channels, &family, &streams,
                                          &coupled, mapping);
}

gboolean
potoo_init_accepts (const GstCaps *caps, PotooTrackKind kind)
{
  if (caps == NULL || !gst_caps_is_fixed (caps))
    return FALSE;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  if (kind == POTOO_TRACK_VIDEO)
    return (is_h264 (s) || is_h265 (s)) &&
           has_codec_data (caps, is_h264 (s) ? MIN_AVCC_SIZE : MIN_HVCC_SIZE, MAX_RECORD_SIZE) &&
           has_int (s, "width", G_MAXUINT16) && has_int (s, "height", G_MAXUINT16);
  if (is_aac (s))
    return has_codec_data (caps, 2, MAX_AUDIO_CONFIG_SIZE) && has_int (s, "rate", MAX_AUDIO_RATE);
  return is_opus (s) && has_opus_channels (caps);
}

static void
fill_track_info (PotooTrackInfo *info, guint32 track_id, GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  int width = 0, height = 0, rate = 0, channels = 0;

  info->track_id = track_id;
  info->kind = is_h264 (s) || is_h265 (s) ? POTOO_TRACK_VIDEO : POTOO_TRACK_AUDIO;
  gst_structure_get_int (s, "width", &width);
  gst_structure_get_int (s, "height", &height);
  gst_structure_get_int (s, "rate", &rate);
  gst_structure_get_int (s, "channels", &channels);
  info->width = (guint) width;
  info->height = (guint) height;
  info->rate = is_opus (s) ? 48000 : (guint) rate;
  info->channels = channels > 0 ? (guint) channels : 2;
  info->timescale = info->kind == POTOO_TRACK_VIDEO ? POTOO_VIDEO_TIMESCALE : info->rate;
  g_autofree char *codec = gst_codec_utils_caps_get_mime_codec (caps);
  g_strlcpy (info->codec, codec != NULL ? codec : "", sizeof info->codec);
}

/* --- sample entries --- */

static void
put_codec_data_box (GstByteWriter *w, const char *type, GstBuffer *codec_data)
{
  GstMapInfo map;
  guint box = potoo_box_begin (w, type);
  if (gst_buffer_map (codec_data, &map, GST_MAP_READ))
    {
      gst_byte_writer_put_data (w, map.data, (guint) map.size);
      gst_buffer_unmap (codec_data, &map);
    }
  potoo_box_end (w, box);
}

static void
put_pixel_aspect_ratio (GstByteWriter *w, const GstStructure *s)
{
  int n = 1, d = 1;
  if (!gst_structure_get_fraction (s, "pixel-aspect-ratio", &n, &d) || n == d || n <= 0 || d <= 0)
    return;
  guint box = potoo_box_begin (w, "pasp");
  gst_byte_writer_put_uint32_be (w, (guint32) n);
  gst_byte_writer_put_uint32_be (w, (guint32) d);
  potoo_box_end (w, box);
}

static void
put_sample_entry_head (GstByteWriter *w)
{
  gst_byte_writer_fill (w, 0, 6);
  gst_byte_writer_put_uint16_be (w, 1); /* data_reference_index */
}

static void
put_visual_entry (GstByteWriter *w, const PotooTrackInfo *info, GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  guint box = potoo_box_begin (w, is_h264 (s) ? "avc1" : "hvc1");

  put_sample_entry_head (w);
  gst_byte_writer_fill (w, 0, 16);
  gst_byte_writer_put_uint16_be (w, (guint16) info->width);
  gst_byte_writer_put_uint16_be (w, (guint16) info->height);
  gst_byte_writer_put_uint32_be (w, 0x00480000); /* 72 dpi */
  gst_byte_writer_put_uint32_be (w, 0x00480000);
  gst_byte_writer_put_uint32_be (w, 0);
  gst_byte_writer_put_uint16_be (w, 1); /* frame_count */
  gst_byte_writer_fill (w, 0, 32);      /* compressorname */
  gst_byte_writer_put_uint16_be (w, 0x18);
  gst_byte_writer_put_uint16_be (w, 0xffff);
  put_codec_data_box (w, is_h264 (s) ? "avcC" : "hvcC", get_codec_data (caps));
  put_pixel_aspect_ratio (w, s);
  potoo_box_end (w, box);
}

/* A descriptor's tag and its size in one byte: all of ours are below 128. */
static void
put_descriptor_head (GstByteWriter *w, guint8 tag, gsize size)
{
  gst_byte_writer_put_uint8 (w, tag);
  gst_byte_writer_put_uint8 (w, (guint8) size);
}

static void
put_esds (GstByteWriter *w, GstBuffer *codec_data)
{
  gsize config_size = gst_buffer_get_size (codec_data);
  guint box = potoo_full_box_begin (w, "esds", 0, 0);
  g_autofree guint8 *config = g_malloc (config_size);

  gst_buffer_extract (codec_data, 0, config, config_size);
  put_descriptor_head (w, 3, 3 + 2 + 13 + 2 + config_size + 3); /* ES_Descriptor */
  gst_byte_writer_put_uint16_be (w, 0);
  gst_byte_writer_put_uint8 (w, 0);
  put_descriptor_head (w, 4, 13 + 2 + config_size); /* DecoderConfigDescriptor */
  gst_byte_writer_put_uint8 (w, 0x40);              /* MPEG-4 audio */
  gst_byte_writer_put_uint8 (w, 0x15);              /* audio stream */
  gst_byte_writer_put_uint24_be (w, 0);             /* buffer size and bit rates: unknown */
  gst_byte_writer_put_uint32_be (w, 0);
  gst_byte_writer_put_uint32_be (w, 0);
  put_descriptor_head (w, 5, config_size); /* AudioSpecificConfig */
  gst_byte_writer_put_data (w, config, (guint) config_size);
  put_descriptor_head (w, 6, 1); /* SLConfigDescriptor */
  gst_byte_writer_put_uint8 (w, 2);
  potoo_box_end (w, box);
}

static void
put_dops (GstByteWriter *w, GstCaps *caps)
{
  guint32 rate = 48000;
  guint8 channels = 2, family = 0, streams = 1, coupled = 1, mapping[256];

  gst_codec_utils_opus_parse_caps (caps, &rate, &channels, &family, &streams, &coupled, mapping);
  guint box = potoo_box_begin (w, "dOps");
  gst_byte_writer_put_uint8 (w, 0); /* version */
  gst_byte_writer_put_uint8 (w, channels);
  gst_byte_writer_put_uint16_be (w, 0); /* PreSkip: we join a running encoder */
  gst_byte_writer_put_uint32_be (w, rate);
  gst_byte_writer_put_uint16_be (w, 0); /* OutputGain */
  gst_byte_writer_put_uint8 (w, family);
  if (family != 0)
    {
      gst_byte_writer_put_uint8 (w, streams);
      gst_byte_writer_put_uint8 (w, coupled);
      gst_byte_writer_put_data (w, mapping, channels);
    }
  potoo_box_end (w, box);
}

static void
put_audio_entry (GstByteWriter *w, const PotooTrackInfo *info, GstCaps *caps)
{
  gboolean opus = is_opus (gst_caps_get_structure (caps, 0));
  guint box = potoo_box_begin (w, opus ? "Opus" : "mp4a");

  put_sample_entry_head (w);
  gst_byte_writer_fill (w, 0, 8);
  gst_byte_writer_put_uint16_be (w, (guint16) info->channels);
  gst_byte_writer_put_uint16_be (w, 16); /* samplesize */
  gst_byte_writer_put_uint32_be (w, 0);
  gst_byte_writer_put_uint32_be (w, info->rate <= G_MAXUINT16 ? info->rate << 16 : 0);
  if (opus)
    put_dops (w, caps);
  else
    put_esds (w, get_codec_data (caps));
  potoo_box_end (w, box);
}

/* --- moov --- */

static void
put_mvhd (GstByteWriter *w, guint n_tracks)
{
  guint box = potoo_full_box_begin (w, "mvhd", 0, 0);
  gst_byte_writer_fill (w, 0, 8); /* no creation times: files tell wall time by `prft` */
  gst_byte_writer_put_uint32_be (w, POTOO_VIDEO_TIMESCALE);
  gst_byte_writer_put_uint32_be (w, 0);          /* duration: see mehd */
  gst_byte_writer_put_uint32_be (w, 0x00010000); /* rate */
  gst_byte_writer_put_uint16_be (w, 0x0100);     /* volume */
  gst_byte_writer_fill (w, 0, 10);
  gst_byte_writer_put_data (w, unity_matrix, MATRIX_SIZE);
  gst_byte_writer_fill (w, 0, 24);
  gst_byte_writer_put_uint32_be (w, n_tracks + 1); /* next_track_ID */
  potoo_box_end (w, box);
}

static void
put_tkhd (GstByteWriter *w, const PotooTrackInfo *info)
{
  guint box = potoo_full_box_begin (w, "tkhd", 0, 7); /* enabled, in movie, in preview */
  gst_byte_writer_fill (w, 0, 8);
  gst_byte_writer_put_uint32_be (w, info->track_id);
  gst_byte_writer_fill (w, 0, 4 + 4 + 8 + 2);
  gst_byte_writer_put_uint16_be (w, info->kind == POTOO_TRACK_AUDIO ? 1 : 0); /* alternate_group */
  gst_byte_writer_put_uint16_be (w, info->kind == POTOO_TRACK_AUDIO ? 0x0100 : 0);
  gst_byte_writer_put_uint16_be (w, 0);
  gst_byte_writer_put_data (w, unity_matrix, MATRIX_SIZE);
  gst_byte_writer_put_uint32_be (w, info->width << 16);
  gst_byte_writer_put_uint32_be (w, info->height << 16);
  potoo_box_end (w, box);
}

static void
put_mdhd (GstByteWriter *w, const PotooTrackInfo *info)
{
  guint box = potoo_full_box_begin (w, "mdhd", 0, 0);
  gst_byte_writer_fill (w, 0, 8);
  gst_byte_writer_put_uint32_be (w, info->timescale);
  gst_byte_writer_put_uint32_be (w, 0);
  gst_byte_writer_put_uint16_be (w, LANGUAGE_UND);
  gst_byte_writer_put_uint16_be (w, 0);
  potoo_box_end (w, box);
}

static void
put_hdlr (GstByteWriter *w, const PotooTrackInfo *info)
{
  gboolean video = info->kind == POTOO_TRACK_VIDEO;
  guint box = potoo_full_box_begin (w, "hdlr", 0, 0);
  gst_byte_writer_put_uint32_be (w, 0);
  gst_byte_writer_put_data (w, (const guint8 *) (video ? "vide" : "soun"), 4);
  gst_byte_writer_fill (w, 0, 12);
  gst_byte_writer_put_string (w, video ? "Video" : "Audio");
  potoo_box_end (w, box);
}

static void
put_media_header (GstByteWriter *w, const PotooTrackInfo *info)
{
  gboolean video = info->kind == POTOO_TRACK_VIDEO;
  guint box = potoo_full_box_begin (w, video ? "vmhd" : "smhd", 0, video ? 1 : 0);
  gst_byte_writer_fill (w, 0, video ? 8 : 4);
  potoo_box_end (w, box);
}

static void
put_dinf (GstByteWriter *w)
{
  guint dinf = potoo_box_begin (w, "dinf");
  guint dref = potoo_full_box_begin (w, "dref", 0, 0);
  gst_byte_writer_put_uint32_be (w, 1);
  guint url = potoo_full_box_begin (w, "url ", 0, 1); /* the media is in this file */
  potoo_box_end (w, url);
  potoo_box_end (w, dref);
  potoo_box_end (w, dinf);
}

static void
put_stbl (GstByteWriter *w, const PotooTrackInfo *info, GstCaps *caps)
{
  static const char *const empty_tables[] = { "stts", "stsc", "stco" };
  guint stbl = potoo_box_begin (w, "stbl");
  guint stsd = potoo_full_box_begin (w, "stsd", 0, 0);

  gst_byte_writer_put_uint32_be (w, 1);
  if (info->kind == POTOO_TRACK_VIDEO)
    put_visual_entry (w, info, caps);
  else
    put_audio_entry (w, info, caps);
  potoo_box_end (w, stsd);

  for (gsize i = 0; i < G_N_ELEMENTS (empty_tables); i++)
    {
      guint box = potoo_full_box_begin (w, empty_tables[i], 0, 0);
      gst_byte_writer_put_uint32_be (w, 0);
      potoo_box_end (w, box);
    }
  guint stsz = potoo_full_box_begin (w, "stsz", 0, 0);
  gst_byte_writer_fill (w, 0, 8);
  potoo_box_end (w, stsz);
  potoo_box_end (w, stbl);
}

static void
put_trak (GstByteWriter *w, const PotooTrackInfo *info, GstCaps *caps)
{
  guint trak = potoo_box_begin (w, "trak");
  put_tkhd (w, info);
  guint mdia = potoo_box_begin (w, "mdia");
  put_mdhd (w, info);
  put_hdlr (w, info);
  guint minf = potoo_box_begin (w, "minf");
  put_media_header (w, info);
  put_dinf (w);
  put_stbl (w, info, caps);
  potoo_box_end (w, minf);
  potoo_box_end (w, mdia);
  potoo_box_end (w, trak);
}

/* Returns where in the bytes the value of `mehd` stands. */
static gsize
put_mvex (GstByteWriter *w, const PotooTrackInfo *tracks, guint n_tracks)
{
  guint mvex = potoo_box_begin (w, "mvex");
  guint mehd = potoo_full_box_begin (w, "mehd", 1, 0);
  gsize mehd_offset = gst_byte_writer_get_size (w);

  gst_byte_writer_put_uint64_be (w, 0);
  potoo_box_end (w, mehd);
  for (guint i = 0; i < n_tracks; i++)
    {
      guint trex = potoo_full_box_begin (w, "trex", 0, 0);
      gst_byte_writer_put_uint32_be (w, tracks[i].track_id);
      gst_byte_writer_put_uint32_be (w, 1); /* default_sample_description_index */
      gst_byte_writer_fill (w, 0, 12);
      potoo_box_end (w, trex);
    }
  potoo_box_end (w, mvex);
  return mehd_offset;
}

static void
put_ftyp (GstByteWriter *w)
{
  guint box = potoo_box_begin (w, "ftyp");
  gst_byte_writer_put_data (w, (const guint8 *) "iso6\0\0\0\0iso5iso6mp41", 20);
  potoo_box_end (w, box);
}

PotooInit *
potoo_init_new (GstCaps *const *caps, guint n_tracks)
{
  g_return_val_if_fail (n_tracks >= 1 && n_tracks <= POTOO_MAX_TRACKS, NULL);

  for (guint i = 0; i < n_tracks; i++)
    if (!potoo_init_accepts (caps[i], i == 0 ? POTOO_TRACK_VIDEO : POTOO_TRACK_AUDIO))
      return NULL;

  PotooInit *init = g_new0 (PotooInit, 1);
  g_atomic_ref_count_init (&init->ref_count);
  init->n_tracks = n_tracks;
  for (guint i = 0; i < n_tracks; i++)
    fill_track_info (&init->tracks[i], i + 1, caps[i]);

  GstByteWriter w;
  gst_byte_writer_init (&w);
  put_ftyp (&w);
  guint moov = potoo_box_begin (&w, "moov");
  put_mvhd (&w, n_tracks);
  for (guint i = 0; i < n_tracks; i++)
    put_trak (&w, &init->tracks[i], caps[i]);
  init->mehd_offset = put_mvex (&w, init->tracks, n_tracks);
  potoo_box_end (&w, moov);
  guint size = gst_byte_writer_get_size (&w);
  init->bytes = g_bytes_new_take (gst_byte_writer_reset_and_get_data (&w), size);
  return init;
}

PotooInit *
potoo_init_ref (PotooInit *init)
{
  g_atomic_ref_count_inc (&init->ref_count);
  return init;
}

void
potoo_init_unref (PotooInit *init)
{
  if (!g_atomic_ref_count_dec (&init->ref_count))
    return;
  g_bytes_unref (init->bytes);
  g_free (init);
}

GBytes *
potoo_init_get_bytes (PotooInit *init)
{
  return init->bytes;
}

gsize
potoo_init_get_mehd_offset (PotooInit *init)
{
  return init->mehd_offset;
}

guint
potoo_init_get_n_tracks (PotooInit *init)
{
  return init->n_tracks;
}

const PotooTrackInfo *
potoo_init_get_track (PotooInit *init, guint i)
{
  g_return_val_if_fail (i < init->n_tracks, NULL);
  return &init->tracks[i];
}
