/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `moov` and what recovery needs of it: ISO/IEC 14496-12, 8.2 to 8.8. The codec strings come from
 * the same function of GStreamer that named them when the file was made, fed with the configuration
 * record of the sample entry. */

#include "media/potoo-mp4-moov.h"

#include <gst/pbutils/pbutils.h>

#define VISUAL_ENTRY_SIZE 78 /* fields in front of the boxes of a sample entry */
#define AUDIO_ENTRY_SIZE 28
#define ESDS_MAX_DEPTH 3
#define AVCC_MIN_SIZE 7
#define HVCC_MIN_SIZE 23

/* Walks down @path, a NULL-terminated list of box types. */
static gboolean
descend (const GstByteReader *from, const char *const *path, GstByteReader *content)
{
  GstByteReader at = *from;
  for (; *path != NULL; path++)
    {
      if (!potoo_mp4_find_box (&at, *path, content))
        return FALSE;
      at = *content;
    }
  return TRUE;
}

static GstCaps *
caps_with_record (const char *media_type, const guint8 *record, gsize size)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (record, size);
  GstCaps *caps = gst_caps_new_empty_simple (media_type);
  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
  return caps;
}

/* The size of an MPEG-4 descriptor: 7 bits a byte, the top bit says that more follow. */
static gboolean
get_descriptor (GstByteReader *r, guint8 *tag)
{
  guint8 byte = 0x80;

  if (!gst_byte_reader_get_uint8 (r, tag))
    return FALSE;
  for (int i = 0; i < 4 && (byte & 0x80) != 0; i++)
    if (!gst_byte_reader_get_uint8 (r, &byte))
      return FALSE;
  return (byte & 0x80) == 0;
}

/* AudioSpecificConfig out of `esds`: ES_Descriptor (3), DecoderConfigDescriptor (4),
 * DecoderSpecificInfo (5). */
static GstCaps *
caps_of_esds (GstByteReader *r)
{
  static const guint skips[ESDS_MAX_DEPTH] = { 3, 13, 0 };
  const guint8 *config;

  if (!gst_byte_reader_skip (r, 4))
    return NULL;
  for (guint i = 0; i < ESDS_MAX_DEPTH; i++)
    {
      guint8 tag;
      if (!get_descriptor (r, &tag) || tag != 3 + i || !gst_byte_reader_skip (r, skips[i]))
        return NULL;
    }
  if (!gst_byte_reader_get_data (r, 2, &config))
    return NULL;
  GstCaps *caps = caps_with_record ("audio/mpeg", config, 2);
  gst_caps_set_simple (caps, "mpegversion", G_TYPE_INT, 4, "stream-format", G_TYPE_STRING, "raw",
                       NULL);
  return caps;
}

static GstCaps *
caps_of_visual_entry (GstByteReader *entry, gboolean h264)
{
  GstByteReader record;

  if (!gst_byte_reader_skip (entry, VISUAL_ENTRY_SIZE) ||
      !potoo_mp4_find_box (entry, h264 ? "avcC" : "hvcC", &record) ||
      gst_byte_reader_get_remaining (&record) < (h264 ? AVCC_MIN_SIZE : HVCC_MIN_SIZE))
    return NULL;
  GstCaps *caps = caps_with_record (h264 ? "video/x-h264" : "video/x-h265", record.data,
                                    gst_byte_reader_get_size (&record));
  gst_caps_set_simple (caps, "stream-format", G_TYPE_STRING, h264 ? "avc" : "hvc1", NULL);
  return caps;
}

static GstCaps *
caps_of_entry (guint32 type, GstByteReader *entry)
{
  GstByteReader record;

  if (type == POTOO_FOURCC ("avc1"))
    return caps_of_visual_entry (entry, TRUE);
  if (type == POTOO_FOURCC ("hvc1"))
    return caps_of_visual_entry (entry, FALSE);
  if (type == POTOO_FOURCC ("Opus"))
    return gst_caps_new_empty_simple ("audio/x-opus");
  if (type == POTOO_FOURCC ("mp4a") && gst_byte_reader_skip (entry, AUDIO_ENTRY_SIZE) &&
      potoo_mp4_find_box (entry, "esds", &record))
    return caps_of_esds (&record);
  return NULL;
}

static void
add_codec (GstByteReader *trak, PotooMp4Moov *result)
{
  static const char *const path[] = { "mdia", "minf", "stbl", "stsd", NULL };
  GstByteReader stsd, entry;
  guint32 type;

  if (!descend (trak, path, &stsd) || !gst_byte_reader_skip (&stsd, 8) ||
      !potoo_mp4_next_box (&stsd, &type, &entry))
    return;
  g_autoptr (GstCaps) caps = caps_of_entry (type, &entry);
  g_autofree char *codec = caps != NULL ? gst_codec_utils_caps_get_mime_codec (caps) : NULL;
  if (codec == NULL)
    return;
  if (result->codecs[0] != '\0')
    g_strlcat (result->codecs, ",", sizeof result->codecs);
  g_strlcat (result->codecs, codec, sizeof result->codecs);
}

static guint32
get_timescale (GstByteReader *trak)
{
  static const char *const path[] = { "mdia", "mdhd", NULL };
  GstByteReader mdhd;
  guint8 version;
  guint32 timescale = 0;

  if (!descend (trak, path, &mdhd) || !gst_byte_reader_get_uint8 (&mdhd, &version) ||
      !gst_byte_reader_skip (&mdhd, version == 1 ? 3 + 16 : 3 + 8) ||
      !gst_byte_reader_get_uint32_be (&mdhd, &timescale))
    return 0;
  return timescale;
}

static gboolean
parse_trex (GstByteReader *r, PotooMp4Moov *result)
{
  PotooMp4Defaults d;

  if (result->n_defaults == POTOO_MP4_MAX_TRACKS || !gst_byte_reader_skip (r, 4) ||
      !gst_byte_reader_get_uint32_be (r, &d.track_id) || !gst_byte_reader_skip (r, 4) ||
      !gst_byte_reader_get_uint32_be (r, &d.duration) ||
      !gst_byte_reader_get_uint32_be (r, &d.size) || !gst_byte_reader_get_uint32_be (r, &d.flags))
    return FALSE;
  result->defaults[result->n_defaults++] = d;
  return TRUE;
}

static gboolean
parse_mvex (GstByteReader *mvex, const guint8 *base, PotooMp4Moov *result)
{
  GstByteReader content;
  guint32 type;

  while (potoo_mp4_next_box (mvex, &type, &content))
    {
      if (type == POTOO_FOURCC ("mehd") && gst_byte_reader_get_remaining (&content) == 12 &&
          content.data[0] == 1)
        {
          result->mehd_offset = (gsize) (content.data + 4 - base);
          result->duration_ticks = GST_READ_UINT64_BE (content.data + 4);
        }
      else if (type == POTOO_FOURCC ("trex") && !parse_trex (&content, result))
        return FALSE;
    }
  return gst_byte_reader_get_remaining (mvex) == 0;
}

gboolean
potoo_mp4_parse_moov (GstByteReader *moov, PotooMp4Moov *result)
{
  GstByteReader content;
  guint32 type;
  guint n_tracks = 0;

  *result = (PotooMp4Moov){ 0 };
  while (potoo_mp4_next_box (moov, &type, &content))
    {
      if (type == POTOO_FOURCC ("trak"))
        {
          if (n_tracks == POTOO_MP4_MAX_TRACKS)
            return FALSE;
          if (n_tracks++ == 0)
            result->video_timescale = get_timescale (&content);
          add_codec (&content, result);
        }
      else if (type == POTOO_FOURCC ("mvex") && !parse_mvex (&content, moov->data, result))
        return FALSE;
    }
  return gst_byte_reader_get_remaining (moov) == 0;
}
