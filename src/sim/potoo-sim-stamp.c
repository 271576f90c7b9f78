/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-stamp.h"

#include <string.h>

#define UUID_SIZE 16
#define PAYLOAD_USER_DATA_UNREGISTERED 5

static guint8 *
put_hex (guint8 *out, guint64 value, guint digits)
{
  for (guint i = 0; i < digits; i++)
    out[i] = (guint8) "0123456789abcdef"[(value >> (4 * (digits - 1 - i))) & 0xf];
  return out + digits;
}

gsize
potoo_sim_stamp_write (PotooSimCodec codec,
                       guint64 number,
                       gint64 wall_us,
                       guint position,
                       guint8 out[POTOO_SIM_STAMP_MAX])
{
  static const guint8 h264_head[] = { 0, 0, 0, 1, 0x06 };       /* nal_unit_type 6 */
  static const guint8 h265_head[] = { 0, 0, 0, 1, 39 << 1, 1 }; /* PREFIX_SEI_NUT, temporal id 0 */
  gboolean is_h265 = codec == POTOO_SIM_CODEC_H265;
  guint8 *at = out;

  gsize head_size = is_h265 ? sizeof h265_head : sizeof h264_head;
  memcpy (at, is_h265 ? h265_head : h264_head, head_size);
  at += head_size;
  *at++ = PAYLOAD_USER_DATA_UNREGISTERED;
  *at++ = UUID_SIZE + POTOO_SIM_STAMP_TEXT;
  memcpy (at, POTOO_SIM_STAMP_UUID, UUID_SIZE);
  at = put_hex (at + UUID_SIZE, number, 16);
  *at++ = ' ';
  at = put_hex (at, (guint64) wall_us, 16);
  *at++ = ' ';
  at = put_hex (at, position, 4);
  *at++ = 0x80; /* rbsp_trailing_bits */
  return (gsize) (at - out);
}
