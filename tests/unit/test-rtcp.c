/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <gst/rtp/rtp.h>

#include "media/potoo-rtcp.h"

#define SSRC 0x11223344u
#define CLOCK_RATE 90000
#define SECOND_US ((gint64) G_USEC_PER_SEC)

static gboolean
take (PotooRtcpReceiver *receiver, guint16 sequence, guint32 ssrc)
{
  guint8 packet[12] = { 0x80, 96 };

  GST_WRITE_UINT16_BE (packet + 2, sequence);
  GST_WRITE_UINT32_BE (packet + 8, ssrc);
  return potoo_rtcp_receiver_take_packet (receiver, packet, sizeof packet, 0);
}

static void
test_packets (void)
{
  PotooRtcpReceiver receiver;
  const guint8 none[12] = { 0x40 };

  potoo_rtcp_receiver_init (&receiver, CLOCK_RATE);
  g_assert_false (potoo_rtcp_receiver_take_packet (&receiver, none, sizeof none, 0));
  g_assert_false (potoo_rtcp_receiver_take_packet (&receiver, (const guint8 *) "\x80", 1, 0));
  g_assert_null (potoo_rtcp_receiver_make_report (&receiver, 0, FALSE));
  g_assert_true (take (&receiver, 65534, SSRC));
  g_assert_true (take (&receiver, 65535, SSRC));
  g_assert_true (take (&receiver, 1, SSRC));
  g_assert_cmpuint (receiver.highest_sequence, ==, 65537);
  g_assert_true (take (&receiver, 7, SSRC + 1));
  g_assert_cmpuint (receiver.highest_sequence, ==, 7);
}

static GstBuffer *
make_sender_report (guint64 ntp, guint32 rtp_time)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  GstBuffer *buffer = gst_rtcp_buffer_new (1400);

  gst_rtcp_buffer_map (buffer, GST_MAP_READWRITE, &rtcp);
  gst_rtcp_buffer_add_packet (&rtcp, GST_RTCP_TYPE_SR, &packet);
  gst_rtcp_packet_sr_set_sender_info (&packet, SSRC, ntp, rtp_time, 1, 2);
  gst_rtcp_buffer_unmap (&rtcp);
  return buffer;
}

static gboolean
take_report (PotooRtcpReceiver *receiver, GstBuffer *buffer, guint32 *rtp_time, GstClockTime *ntp)
{
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  gboolean taken = potoo_rtcp_receiver_take_rtcp (receiver, map.data, map.size, SECOND_US, rtp_time,
                                                  ntp);
  gst_buffer_unmap (buffer, &map);
  return taken;
}

static void
test_sender_report (void)
{
  PotooRtcpReceiver receiver;
  guint64 ntp = gst_rtcp_unix_to_ntp (1700000000 * GST_SECOND + GST_SECOND / 2);
  g_autoptr (GstBuffer) report = make_sender_report (ntp, 4711);
  g_autoptr (GstBuffer) zero = make_sender_report (0, 0);
  const guint8 cut_off[8] = { 0x80, GST_RTCP_TYPE_SR, 0, 9 };
  guint32 rtp_time = 0;
  GstClockTime ntp_ns = 0;

  potoo_rtcp_receiver_init (&receiver, CLOCK_RATE);
  g_assert_false (take_report (&receiver, zero, &rtp_time, &ntp_ns));
  g_assert_false (potoo_rtcp_receiver_take_rtcp (&receiver, cut_off, sizeof cut_off, SECOND_US,
                                                 &rtp_time, &ntp_ns));
  g_assert_true (take_report (&receiver, report, &rtp_time, &ntp_ns));
  g_assert_cmpuint (rtp_time, ==, 4711);
  g_assert_cmpint (ABS ((gint64) (ntp_ns - 1700000000 * GST_SECOND - GST_SECOND / 2)), <, 10);
}

static void
test_receiver_report (void)
{
  PotooRtcpReceiver receiver;
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint64 ntp = gst_rtcp_unix_to_ntp (1700000000 * GST_SECOND);
  g_autoptr (GstBuffer) sent = make_sender_report (ntp, 0);
  guint32 rtp_time, ssrc, highest, last, delay;
  GstClockTime ntp_ns;

  potoo_rtcp_receiver_init (&receiver, CLOCK_RATE);
  take (&receiver, 9, SSRC);
  take_report (&receiver, sent, &rtp_time, &ntp_ns);
  g_autoptr (GBytes) report = potoo_rtcp_receiver_make_report (&receiver, 3 * SECOND_US, TRUE);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (report);
  g_assert_true (gst_rtcp_buffer_validate (buffer));

  gst_rtcp_buffer_map (buffer, GST_MAP_READ, &rtcp);
  g_assert_true (gst_rtcp_buffer_get_first_packet (&rtcp, &packet));
  g_assert_cmpint (gst_rtcp_packet_get_type (&packet), ==, GST_RTCP_TYPE_RR);
  gst_rtcp_packet_get_rb (&packet, 0, &ssrc, NULL, NULL, &highest, NULL, &last, &delay);
  g_assert_cmpuint (ssrc, ==, SSRC);
  g_assert_cmpuint (highest, ==, 9);
  g_assert_cmpuint (last, ==, (guint32) (ntp >> 16));
  g_assert_cmpuint (delay, ==, 2 * 65536);
  g_assert_true (gst_rtcp_packet_move_to_next (&packet));
  g_assert_cmpint (gst_rtcp_packet_get_type (&packet), ==, GST_RTCP_TYPE_SDES);
  g_assert_true (gst_rtcp_packet_move_to_next (&packet));
  g_assert_cmpint (gst_rtcp_packet_get_type (&packet), ==, GST_RTCP_TYPE_PSFB);
  g_assert_cmpuint (gst_rtcp_packet_fb_get_media_ssrc (&packet), ==, SSRC);
  gst_rtcp_buffer_unmap (&rtcp);
}

/* What the next report says. */
static void
assert_lost (PotooRtcpReceiver *receiver, gint32 expected, guint8 expected_fraction)
{
  g_autoptr (GBytes) report = potoo_rtcp_receiver_make_report (receiver, 0, FALSE);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (report);
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint8 fraction;
  gint32 n_lost;

  gst_rtcp_buffer_map (buffer, GST_MAP_READ, &rtcp);
  g_assert_true (gst_rtcp_buffer_get_first_packet (&rtcp, &packet));
  gst_rtcp_packet_get_rb (&packet, 0, NULL, &fraction, &n_lost, NULL, NULL, NULL, NULL);
  gst_rtcp_buffer_unmap (&rtcp);
  g_assert_cmpint (n_lost, ==, expected);
  g_assert_cmpuint (fraction, ==, expected_fraction);
}

static void
test_lost (void)
{
  PotooRtcpReceiver receiver;

  potoo_rtcp_receiver_init (&receiver, CLOCK_RATE);
  take (&receiver, 65534, SSRC);
  take (&receiver, 1, SSRC);
  take (&receiver, 65535, SSRC); /* late */
  assert_lost (&receiver, 1, 256 / 4);
  take (&receiver, 2, SSRC);
  assert_lost (&receiver, 1, 0);
  take (&receiver, 2, SSRC); /* twice */
  take (&receiver, 2, SSRC);
  assert_lost (&receiver, -1, 0);
  take (&receiver, 9000, SSRC); /* it began anew */
  assert_lost (&receiver, 0, 0);
}

/* What the next report says, after a packet of each of @n times of sending and of arrival. */
static guint32
measure_jitter (PotooRtcpReceiver *receiver,
                const gint64 *sent_us,
                const gint64 *came_us,
                guint n,
                guint32 first_time)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint32 jitter;

  for (guint i = 0; i < n; i++)
    {
      guint8 data[12] = { 0x80, 96 };
      GST_WRITE_UINT16_BE (data + 2, (guint16) (receiver->highest_sequence + 1));
      GST_WRITE_UINT32_BE (data + 4, first_time + (guint32) (sent_us[i] * CLOCK_RATE / SECOND_US));
      GST_WRITE_UINT32_BE (data + 8, SSRC);
      g_assert_true (potoo_rtcp_receiver_take_packet (receiver, data, sizeof data, came_us[i]));
    }
  g_autoptr (GBytes) report = potoo_rtcp_receiver_make_report (receiver, 0, FALSE);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (report);
  gst_rtcp_buffer_map (buffer, GST_MAP_READ, &rtcp);
  g_assert_true (gst_rtcp_buffer_get_first_packet (&rtcp, &packet));
  gst_rtcp_packet_get_rb (&packet, 0, NULL, NULL, NULL, NULL, &jitter, NULL, NULL);
  gst_rtcp_buffer_unmap (&rtcp);
  return jitter;
}

/* RFC 3550, A.8, where RTP time and that of arrival wrap. */
static void
test_jitter (void)
{
  const gint64 sent_us[] = { 0, 40000, 80000, 120000 };
  const gint64 even_us[] = { 47721840000, 47721880000, 47721920000, 47721960000 };
  const gint64 late_us[] = { 47722000000, 47722050000, 47722080000, 47722130000 };
  PotooRtcpReceiver receiver;

  potoo_rtcp_receiver_init (&receiver, CLOCK_RATE);
  g_assert_cmpuint (measure_jitter (&receiver, sent_us, even_us, 4, (guint32) -7200), ==, 0);
  /* The first of them is on time, the others come 10 ms, 900 ticks, later or earlier than the one
   * before: 15/16 of what was known and 1/16 of that, three times. */
  g_assert_cmpuint (measure_jitter (&receiver, sent_us, late_us, 4, (guint32) (4 * 3600 - 7200)),
                    ==, 158);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtcp/packets", test_packets);
  g_test_add_func ("/rtcp/sender-report", test_sender_report);
  g_test_add_func ("/rtcp/receiver-report", test_receiver_report);
  g_test_add_func ("/rtcp/lost", test_lost);
  g_test_add_func ("/rtcp/jitter", test_jitter);
  return g_test_run ();
}
