/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-nal.h"

#include <string.h>

/* Offset of the next 00 00 01 at or after @from, or @size. */
static gsize
find_start_code (const guint8 *data, gsize size, gsize from)
{
  for (gsize i = from; i + 3 <= size; i++)
    if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1)
      return i;
  return size;
}

gboolean
potoo_sim_nal_next (const guint8 *data,
                    gsize size,
                    gsize *offset,
                    const guint8 **nal,
                    gsize *nal_size)
{
  gsize start = find_start_code (data, size, *offset);

  if (start == size)
    return FALSE;
  start += 3;
  gsize end = find_start_code (data, size, start);
  *offset = end;
  /* trailing_zero_8bits and the zero_byte of the next start code */
  while (end > start && data[end - 1] == 0)
    end--;
  *nal = data + start;
  *nal_size = end - start;
  return TRUE;
}

static PotooSimNalKind
kind_of_h264 (guint type)
{
  if (type == 7 || type == 8)
    return POTOO_SIM_NAL_PARAMETER_SET;
  if (type == 5)
    return POTOO_SIM_NAL_KEY_SLICE;
  return type >= 1 && type <= 4 ? POTOO_SIM_NAL_SLICE : POTOO_SIM_NAL_OTHER;
}

static PotooSimNalKind
kind_of_h265 (guint type)
{
  if (type >= 32 && type <= 34)
    return POTOO_SIM_NAL_PARAMETER_SET;
  if (type == 19 || type == 20)
    return POTOO_SIM_NAL_KEY_SLICE;
  return type < 32 ? POTOO_SIM_NAL_SLICE : POTOO_SIM_NAL_OTHER;
}

PotooSimNalKind
potoo_sim_nal_kind (PotooSimCodec codec, const guint8 *nal, gsize nal_size)
{
  if (nal_size == 0)
    return POTOO_SIM_NAL_OTHER;
  return codec == POTOO_SIM_CODEC_H265 ? kind_of_h265 ((nal[0] >> 1) & 0x3f)
                                       : kind_of_h264 (nal[0] & 0x1f);
}

void
potoo_sim_nal_append_filler (PotooSimCodec codec, GstBuffer *picture, gsize size)
{
  static const guint8 h264_head[] = { 0, 0, 0, 1, 12 };
  static const guint8 h265_head[] = { 0, 0, 0, 1, 38 << 1, 1 };
  gboolean is_h265 = codec == POTOO_SIM_CODEC_H265;
  gsize head_size = is_h265 ? sizeof h265_head : sizeof h264_head;
  gsize total = head_size + size + 1;

  if (codec != POTOO_SIM_CODEC_H264 && !is_h265)
    return;
  guint8 *data = g_malloc (total);
  memcpy (data, is_h265 ? h265_head : h264_head, head_size);
  memset (data + head_size, 0xff, size);
  data[total - 1] = 0x80; /* rbsp_trailing_bits */
  gst_buffer_append_memory (picture,
                            gst_memory_new_wrapped (0, data, total, 0, total, data, g_free));
}
