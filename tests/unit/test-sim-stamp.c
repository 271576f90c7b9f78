/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "sim/potoo-sim-nal.h"
#include "sim/potoo-sim-stamp.h"

static void
test_h264 (void)
{
  static const char expected[] = "\0\0\0\1\6\5\x36"
                                 "potoo-camera-sim0123456789abcdef 0006500000000001 0fff\x80";
  guint8 out[POTOO_SIM_STAMP_MAX];
  gsize size = potoo_sim_stamp_write (POTOO_SIM_CODEC_H264, G_GUINT64_CONSTANT (0x0123456789abcdef),
                                      G_GINT64_CONSTANT (0x0006500000000001), 0xfff, out);

  g_assert_cmpmem (out, size, expected, sizeof expected - 1);
}

static void
test_h265 (void)
{
  static const char expected[] = "\0\0\0\1\x4e\1\5\x36"
                                 "potoo-camera-sim0000000000000000 0000000000000000 0000\x80";
  guint8 out[POTOO_SIM_STAMP_MAX];
  gsize size = potoo_sim_stamp_write (POTOO_SIM_CODEC_H265, 0, 0, 0, out);

  g_assert_cmpmem (out, size, expected, sizeof expected - 1);
}

/* Whatever the numbers, no 00 00 0x may come up inside the NAL unit. */
static void
test_needs_no_emulation_prevention (void)
{
  static const guint64 numbers[] = { 0, 1, 255, 65536, G_MAXUINT64 };
  guint8 out[POTOO_SIM_STAMP_MAX];

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (PotooSimCodec codec = POTOO_SIM_CODEC_H264; codec <= POTOO_SIM_CODEC_H265; codec++)
      {
        gsize size = potoo_sim_stamp_write (codec, numbers[i], (gint64) numbers[i], 0, out);
        for (gsize b = 4; b < size; b++)
          g_assert_cmpint (out[b], !=, 0);
      }
}

/* A stamp is one NAL unit, and none that the loop would keep. */
static void
test_is_one_nal (void)
{
  guint8 out[POTOO_SIM_STAMP_MAX];
  gsize size = potoo_sim_stamp_write (POTOO_SIM_CODEC_H264, 7, 7, 7, out);
  const guint8 *nal;
  gsize nal_size, offset = 0;

  g_assert_true (potoo_sim_nal_next (out, size, &offset, &nal, &nal_size));
  g_assert_cmpint (nal_size, ==, size - 4);
  g_assert_cmpint (potoo_sim_nal_kind (POTOO_SIM_CODEC_H264, nal, nal_size), ==,
                   POTOO_SIM_NAL_OTHER);
  g_assert_false (potoo_sim_nal_next (out, size, &offset, &nal, &nal_size));
}

static void
test_nal_split (void)
{
  static const guint8 stream[] = { 9, 0, 0,    1, 0x67, 1, 0, 0, 0, 1, 0x68, 0, 0, 0,
                                   0, 1, 0x65, 0, 0,    3, 1, 0, 0, 1, 0,    0, 1, 0x41 };
  static const struct
  {
    gsize size;
    PotooSimNalKind kind;
  } expected[] = {
    { 2, POTOO_SIM_NAL_PARAMETER_SET }, { 1, POTOO_SIM_NAL_PARAMETER_SET },
    { 5, POTOO_SIM_NAL_KEY_SLICE },     { 0, POTOO_SIM_NAL_OTHER },
    { 1, POTOO_SIM_NAL_SLICE },
  };
  const guint8 *nal;
  gsize nal_size, offset = 0;

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_true (potoo_sim_nal_next (stream, sizeof stream, &offset, &nal, &nal_size));
      g_assert_cmpint (nal_size, ==, expected[i].size);
      g_assert_cmpint (potoo_sim_nal_kind (POTOO_SIM_CODEC_H264, nal, nal_size), ==,
                       expected[i].kind);
    }
  g_assert_false (potoo_sim_nal_next (stream, sizeof stream, &offset, &nal, &nal_size));
}

static void
test_nal_of_nothing (void)
{
  static const guint8 short_streams[] = { 0, 0, 1 };
  const guint8 *nal;
  gsize nal_size, offset = 0;

  for (gsize size = 0; size < sizeof short_streams; size++)
    g_assert_false (potoo_sim_nal_next (short_streams, size, &offset, &nal, &nal_size));
  g_assert_true (potoo_sim_nal_next (short_streams, 3, &offset, &nal, &nal_size));
  g_assert_cmpint (nal_size, ==, 0);
}

static void
test_nal_kinds_h265 (void)
{
  static const struct
  {
    guint type;
    PotooSimNalKind kind;
  } expected[] = {
    { 1, POTOO_SIM_NAL_SLICE },          { 19, POTOO_SIM_NAL_KEY_SLICE },
    { 20, POTOO_SIM_NAL_KEY_SLICE },     { 32, POTOO_SIM_NAL_PARAMETER_SET },
    { 34, POTOO_SIM_NAL_PARAMETER_SET }, { 35, POTOO_SIM_NAL_OTHER },
    { 39, POTOO_SIM_NAL_OTHER },
  };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      guint8 nal[] = { (guint8) (expected[i].type << 1), 1 };
      g_assert_cmpint (potoo_sim_nal_kind (POTOO_SIM_CODEC_H265, nal, 2), ==, expected[i].kind);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/stamp/h264", test_h264);
  g_test_add_func ("/sim/stamp/h265", test_h265);
  g_test_add_func ("/sim/stamp/no-emulation-prevention", test_needs_no_emulation_prevention);
  g_test_add_func ("/sim/stamp/one-nal", test_is_one_nal);
  g_test_add_func ("/sim/nal/split", test_nal_split);
  g_test_add_func ("/sim/nal/nothing", test_nal_of_nothing);
  g_test_add_func ("/sim/nal/kinds-h265", test_nal_kinds_h265);
  return g_test_run ();
}
