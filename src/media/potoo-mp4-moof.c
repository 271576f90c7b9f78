/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `moof` and what is in it: ISO/IEC 14496-12, 8.8.4 to 8.8.12. No function here
 * reads outside the bytes it was given, whatever they hold: sums are 64 bits wide of
 * at most MAX_SAMPLES 32-bit numbers. */

#include "media/potoo-mp4-moof.h"

#define MAX_SAMPLES 65536 /* of one track in one fragment */
#define VIDEO_TRACK_ID 1

enum
{
  TFHD_BASE_DATA_OFFSET = 0x000001,
  TFHD_DESCRIPTION_INDEX = 0x000002,
  TFHD_DURATION = 0x000008,
  TFHD_SIZE = 0x000010,
  TFHD_FLAGS = 0x000020,
  TFHD_BASE_IS_MOOF = 0x020000,
};

enum
{
  TRUN_DATA_OFFSET = 0x001,
  TRUN_FIRST_FLAGS = 0x004,
  TRUN_DURATION = 0x100,
  TRUN_SIZE = 0x200,
  TRUN_FLAGS = 0x400,
  TRUN_COMPOSITION = 0x800,
};

#define SAMPLE_IS_NON_SYNC 0x00010000

typedef struct
{
  PotooMp4Defaults defaults;
  gboolean has_time;
  guint64 time_ticks, duration_ticks, n_samples;
  gboolean key;
  guint64 payload_start, payload_end, payload_bytes;
} Traf;

gboolean
potoo_mp4_next_box (GstByteReader *reader, guint32 *type, GstByteReader *content)
{
  guint32 size;

  if (!gst_byte_reader_peek_uint32_be (reader, &size) || size < 8 ||
      size > gst_byte_reader_get_remaining (reader))
    return FALSE;
  gst_byte_reader_skip_unchecked (reader, 4);
  *type = gst_byte_reader_get_uint32_be_unchecked (reader);
  return gst_byte_reader_get_sub_reader (reader, content, size - 8);
}

gboolean
potoo_mp4_find_box (GstByteReader *reader, const char *type, GstByteReader *content)
{
  guint32 found;

  while (potoo_mp4_next_box (reader, &found, content))
    if (found == POTOO_FOURCC (type))
      return TRUE;
  return FALSE;
}

static gboolean
get_version_and_flags (GstByteReader *r, guint8 *version, guint32 *flags)
{
  return gst_byte_reader_get_uint8 (r, version) && gst_byte_reader_get_uint24_be (r, flags);
}

/* Reads a field that stands there only with its flag. */
static gboolean
get_optional (GstByteReader *r, gboolean present, guint32 *value)
{
  return !present || gst_byte_reader_get_uint32_be (r, value);
}

static gboolean
parse_tfhd (GstByteReader *r,
            const PotooMp4Defaults *defaults,
            guint n_defaults,
            PotooMp4Defaults *result)
{
  guint8 version;
  guint32 flags, track_id, ignored;

  if (!get_version_and_flags (r, &version, &flags) ||
      !gst_byte_reader_get_uint32_be (r, &track_id) || (flags & TFHD_BASE_DATA_OFFSET) != 0 ||
      (flags & TFHD_BASE_IS_MOOF) == 0)
    return FALSE;
  guint i = 0;
  while (i < n_defaults && defaults[i].track_id != track_id)
    i++;
  if (i == n_defaults)
    return FALSE;
  *result = defaults[i];
  return get_optional (r, (flags & TFHD_DESCRIPTION_INDEX) != 0, &ignored) &&
         get_optional (r, (flags & TFHD_DURATION) != 0, &result->duration) &&
         get_optional (r, (flags & TFHD_SIZE) != 0, &result->size) &&
         get_optional (r, (flags & TFHD_FLAGS) != 0, &result->flags);
}

static gboolean
parse_tfdt (GstByteReader *r, guint64 *time_ticks)
{
  guint8 version;
  guint32 flags, time32;

  if (!get_version_and_flags (r, &version, &flags))
    return FALSE;
  if (version == 1)
    return gst_byte_reader_get_uint64_be (r, time_ticks);
  if (version != 0 || !gst_byte_reader_get_uint32_be (r, &time32))
    return FALSE;
  *time_ticks = time32;
  return TRUE;
}

static gboolean
parse_samples (GstByteReader *r, guint32 flags, guint32 count, Traf *traf, guint64 *bytes)
{
  for (guint32 i = 0; i < count; i++)
    {
      guint32 duration = traf->defaults.duration, size = traf->defaults.size;
      guint32 sample_flags = traf->defaults.flags, ignored;
      if (!get_optional (r, (flags & TRUN_DURATION) != 0, &duration) ||
          !get_optional (r, (flags & TRUN_SIZE) != 0, &size) ||
          !get_optional (r, (flags & TRUN_FLAGS) != 0, &sample_flags) ||
          !get_optional (r, (flags & TRUN_COMPOSITION) != 0, &ignored))
        return FALSE;
      if (traf->n_samples == 0 && (flags & TRUN_FIRST_FLAGS) == 0)
        traf->key = (sample_flags & SAMPLE_IS_NON_SYNC) == 0;
      traf->n_samples++;
      traf->duration_ticks += duration;
      *bytes += size;
    }
  return TRUE;
}

static gboolean
parse_trun (GstByteReader *r, Traf *traf)
{
  guint8 version;
  guint32 flags, count, data_offset = 0, first_flags = 0;
  guint64 bytes = 0;

  if (!get_version_and_flags (r, &version, &flags) || !gst_byte_reader_get_uint32_be (r, &count) ||
      count == 0 || traf->n_samples + count > MAX_SAMPLES || (flags & TRUN_DATA_OFFSET) == 0 ||
      !gst_byte_reader_get_uint32_be (r, &data_offset) ||
      !get_optional (r, (flags & TRUN_FIRST_FLAGS) != 0, &first_flags))
    return FALSE;
  if ((flags & TRUN_FIRST_FLAGS) != 0 && traf->n_samples == 0)
    traf->key = (first_flags & SAMPLE_IS_NON_SYNC) == 0;
  if (!parse_samples (r, flags, count, traf, &bytes) || gst_byte_reader_get_remaining (r) != 0)
    return FALSE;
  traf->payload_bytes += bytes;
  /* data_offset is signed: a negative one is beyond any end of a payload. */
  return data_offset >= traf->payload_start && data_offset + bytes <= traf->payload_end;
}

static gboolean
parse_traf (GstByteReader *r, const PotooMp4Defaults *defaults, guint n_defaults, Traf *traf)
{
  GstByteReader content;
  guint32 type;
  gboolean has_head = FALSE;

  while (potoo_mp4_next_box (r, &type, &content))
    {
      gboolean ok = TRUE;
      if (type == POTOO_FOURCC ("tfhd"))
        ok = has_head = parse_tfhd (&content, defaults, n_defaults, &traf->defaults);
      else if (type == POTOO_FOURCC ("tfdt"))
        ok = traf->has_time = parse_tfdt (&content, &traf->time_ticks);
      else if (type == POTOO_FOURCC ("trun"))
        ok = has_head && parse_trun (&content, traf);
      if (!ok)
        return FALSE;
    }
  return has_head && traf->has_time && gst_byte_reader_get_remaining (r) == 0;
}

gboolean
potoo_mp4_parse_moof (GstByteReader *moof,
                      const PotooMp4Defaults *defaults,
                      guint n_defaults,
                      guint64 payload_start,
                      guint64 payload_end,
                      PotooMp4Moof *result)
{
  GstByteReader content;
  guint32 type;
  gboolean has_video = FALSE;

  while (potoo_mp4_next_box (moof, &type, &content))
    {
      if (type != POTOO_FOURCC ("traf"))
        continue;
      Traf traf = { .payload_start = payload_start, .payload_end = payload_end };
      if (!parse_traf (&content, defaults, n_defaults, &traf))
        return FALSE;
      result->payload_bytes += traf.payload_bytes;
      if (traf.defaults.track_id != VIDEO_TRACK_ID)
        continue;
      if (has_video)
        return FALSE;
      has_video = TRUE;
      result->time_ticks = traf.time_ticks;
      result->duration_ticks = traf.duration_ticks;
      result->n_samples = traf.n_samples;
      result->key = traf.key;
    }
  return has_video && result->n_samples > 0 && gst_byte_reader_get_remaining (moof) == 0;
}
