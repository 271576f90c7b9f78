/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "sim/potoo-sim-impairer.h"
#include "sim/potoo-sim-nal.h"
#include "sim/potoo-sim-sdp.h"

#define N_PACKETS 20000
#define PACKET_BYTES 100
#define HEADER_BYTES 12
#define PERCENT (POTOO_SIM_ALL_PACKETS / 100)

/* --- packets --- */

/* Their first four bytes are their number. */
static GstBuffer *
make_packet (guint32 number)
{
  GstBuffer *packet = gst_buffer_new_allocate (NULL, PACKET_BYTES, NULL);

  gst_buffer_memset (packet, 0, 0, PACKET_BYTES);
  gst_buffer_fill (packet, 0, &number, sizeof number);
  return packet;
}

static guint32
number_of (GstBuffer *packet)
{
  guint32 number = 0;

  gst_buffer_extract (packet, 0, &number, sizeof number);
  return number;
}

/* What comes of N_PACKETS; @met: how many met with each impairment. */
static GPtrArray *
impair (const PotooSimRates *rates, guint32 seed, guint met[POTOO_SIM_N_IMPAIRMENTS])
{
  g_autoptr (PotooSimImpairer) impairer = potoo_sim_impairer_new (seed);
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);

  memset (met, 0, POTOO_SIM_N_IMPAIRMENTS * sizeof *met);
  for (guint32 i = 0; i < N_PACKETS; i++)
    {
      guint bits = potoo_sim_impairer_take (impairer, rates, make_packet (i), out);
      for (guint j = 0; j < POTOO_SIM_N_IMPAIRMENTS; j++)
        met[j] += (bits >> j) & 1;
    }
  return out;
}

static void
test_nothing (void)
{
  const PotooSimRates rates = { { 0 } };
  guint met[POTOO_SIM_N_IMPAIRMENTS];
  g_autoptr (GPtrArray) out = impair (&rates, 1, met);

  g_assert_cmpuint (out->len, ==, N_PACKETS);
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpuint (number_of (out->pdata[i]), ==, i);
}

static void
test_lose (void)
{
  const PotooSimRates rates = { { [POTOO_SIM_LOSE] = 5 * PERCENT } };
  guint met[POTOO_SIM_N_IMPAIRMENTS];
  g_autoptr (GPtrArray) out = impair (&rates, 1, met);

  g_assert_cmpuint (out->len + met[POTOO_SIM_LOSE], ==, N_PACKETS);
  g_assert_cmpuint (met[POTOO_SIM_LOSE], >, N_PACKETS * 4 / 100);
  g_assert_cmpuint (met[POTOO_SIM_LOSE], <, N_PACKETS * 6 / 100);
}

static void
test_lose_all (void)
{
  const PotooSimRates rates = { { [POTOO_SIM_LOSE] = POTOO_SIM_ALL_PACKETS } };
  guint met[POTOO_SIM_N_IMPAIRMENTS];
  g_autoptr (GPtrArray) out = impair (&rates, 1, met);

  g_assert_cmpuint (out->len, ==, 0);
}

static void
test_reorder (void)
{
  const PotooSimRates rates = { { [POTOO_SIM_REORDER] = 2 * PERCENT } };
  guint met[POTOO_SIM_N_IMPAIRMENTS], late = 0;
  g_autoptr (GPtrArray) out = impair (&rates, 1, met);
  guint32 highest = 0;

  /* The last may still wait. */
  g_assert_cmpuint (out->len, >=, N_PACKETS - 1);
  for (guint i = 0; i < out->len; i++)
    {
      guint32 number = number_of (out->pdata[i]);
      if (number < highest)
        {
          late++;
          g_assert_cmpuint (highest - number, ==, 3);
        }
      highest = MAX (highest, number);
    }
  g_assert_cmpuint (late, >, N_PACKETS / 100);
  g_assert_cmpuint (met[POTOO_SIM_REORDER] - late, <=, 1);
}

static void
test_duplicate (void)
{
  const PotooSimRates rates = { { [POTOO_SIM_DUPLICATE] = 2 * PERCENT } };
  guint met[POTOO_SIM_N_IMPAIRMENTS];
  g_autoptr (GPtrArray) out = impair (&rates, 1, met);
  guint doubled = 0;

  for (guint i = 1; i < out->len; i++)
    doubled += out->pdata[i] == out->pdata[i - 1];
  g_assert_cmpuint (doubled, ==, met[POTOO_SIM_DUPLICATE]);
  g_assert_cmpuint (out->len, ==, N_PACKETS + doubled);
}

static guint
count_bits (GstBuffer *packet)
{
  guint8 bytes[PACKET_BYTES];
  guint n = 0;

  gst_buffer_extract (packet, 0, bytes, sizeof bytes);
  for (guint i = HEADER_BYTES; i < PACKET_BYTES; i++)
    for (guint bit = 0; bit < 8; bit++)
      n += (bytes[i] >> bit) & 1;
  return n;
}

/* The header stays as it is, and so does what the packet was made of. */
static void
test_corrupt (void)
{
  const PotooSimRates rates = { { [POTOO_SIM_CORRUPT] = POTOO_SIM_ALL_PACKETS } };
  g_autoptr (PotooSimImpairer) impairer = potoo_sim_impairer_new (1);
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  g_autoptr (GstBuffer) shared = make_packet (4711);

  for (guint i = 0; i < 100; i++)
    {
      GstBuffer *packet = gst_buffer_copy (shared);
      g_assert_cmpuint (potoo_sim_impairer_take (impairer, &rates, packet, out), ==,
                        1 << POTOO_SIM_CORRUPT);
    }
  g_assert_cmpuint (count_bits (shared), ==, 0);
  for (guint i = 0; i < out->len; i++)
    {
      g_assert_cmpuint (number_of (out->pdata[i]), ==, 4711);
      g_assert_cmpuint (count_bits (out->pdata[i]), ==, 1);
    }
}

/* The same packets are lost whatever else is on, and others with another seed. */
static void
test_seed (void)
{
  const PotooSimRates some = { { [POTOO_SIM_LOSE] = PERCENT } };
  const PotooSimRates more = { { [POTOO_SIM_LOSE] = PERCENT, [POTOO_SIM_CORRUPT] = PERCENT } };
  guint met[POTOO_SIM_N_IMPAIRMENTS], n_alike = 0;
  g_autoptr (GPtrArray) first = impair (&some, 7, met);
  g_autoptr (GPtrArray) second = impair (&more, 7, met);
  g_autoptr (GPtrArray) other = impair (&some, 8, met);

  g_assert_cmpuint (first->len, ==, second->len);
  for (guint i = 0; i < first->len; i++)
    g_assert_cmpuint (number_of (first->pdata[i]), ==, number_of (second->pdata[i]));
  for (guint i = 0; i < MIN (first->len, other->len); i++)
    n_alike += number_of (first->pdata[i]) == number_of (other->pdata[i]);
  g_assert_cmpuint (n_alike, <, first->len);
}

/* --- descriptions --- */

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
                          "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n";

static void
test_sdp (void)
{
  for (guint i = 0; i < POTOO_SIM_SDP_N_KINDS; i++)
    {
      PotooSimSdpKind kind;
      g_assert_true (
          potoo_sim_sdp_kind_parse (potoo_sim_sdp_kind_name ((PotooSimSdpKind) i), &kind));
      g_assert_cmpint (kind, ==, i);
      for (guint32 seed = 0; seed < 50; seed++)
        {
          g_autoptr (GByteArray) first = potoo_sim_sdp_spoil (sdp, kind, seed);
          g_autoptr (GByteArray) again = potoo_sim_sdp_spoil (sdp, kind, seed);
          g_assert_cmpmem (first->data, first->len, again->data, again->len);
          gboolean same = first->len == strlen (sdp) && memcmp (first->data, sdp, first->len) == 0;
          g_assert_true (same == (kind == POTOO_SIM_SDP_GOOD) || kind == POTOO_SIM_SDP_LINES ||
                         kind == POTOO_SIM_SDP_NUMBERS);
        }
      for (guint32 seed = 0; seed < 5; seed++)
        {
          g_autoptr (GByteArray) nothing = potoo_sim_sdp_spoil ("", kind, seed);
          g_assert_cmpuint (nothing->len, <, 2000000);
        }
    }
  PotooSimSdpKind kind;
  g_assert_false (potoo_sim_sdp_kind_parse ("", &kind));
}

/* --- filler --- */

static void
check_filler (PotooSimCodec codec, gsize size)
{
  g_autoptr (GstBuffer) picture = gst_buffer_new ();
  GstMapInfo map;
  gsize offset = 0, nal_size;
  const guint8 *nal;

  potoo_sim_nal_append_filler (codec, picture, size);
  g_assert_true (gst_buffer_map (picture, &map, GST_MAP_READ));
  g_assert_cmpuint (map.size, >=, size);
  g_assert_cmpuint (map.size, <=, size + 8);
  g_assert_true (potoo_sim_nal_next (map.data, map.size, &offset, &nal, &nal_size));
  g_assert_cmpint (potoo_sim_nal_kind (codec, nal, nal_size), ==, POTOO_SIM_NAL_OTHER);
  g_assert_false (potoo_sim_nal_next (map.data, map.size, &offset, &nal, &nal_size));
  gst_buffer_unmap (picture, &map);
}

static void
test_filler (void)
{
  check_filler (POTOO_SIM_CODEC_H264, 0);
  check_filler (POTOO_SIM_CODEC_H264, 100000);
  check_filler (POTOO_SIM_CODEC_H265, 1000);
  g_autoptr (GstBuffer) picture = gst_buffer_new ();
  potoo_sim_nal_append_filler (POTOO_SIM_CODEC_MJPEG, picture, 100);
  g_assert_cmpuint (gst_buffer_get_size (picture), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/sim/impairer/nothing", test_nothing);
  g_test_add_func ("/sim/impairer/lose", test_lose);
  g_test_add_func ("/sim/impairer/lose-all", test_lose_all);
  g_test_add_func ("/sim/impairer/reorder", test_reorder);
  g_test_add_func ("/sim/impairer/duplicate", test_duplicate);
  g_test_add_func ("/sim/impairer/corrupt", test_corrupt);
  g_test_add_func ("/sim/impairer/seed", test_seed);
  g_test_add_func ("/sim/sdp", test_sdp);
  g_test_add_func ("/sim/filler", test_filler);
  return g_test_run ();
}
