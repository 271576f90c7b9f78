/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-rtcp.h"

#include <gst/rtp/rtp.h>

#define RTP_HEADER_BYTES 12
#define MTU 1400
#define CNAME "potoo"
/* Unit of the delay since the last sender report. */
#define PARTS_A_SECOND 65536
#define MAX_LOST 0x7fffff /* 24 bits with a sign */

void
potoo_rtcp_receiver_init (PotooRtcpReceiver *receiver, guint clock_rate)
{
  *receiver = (PotooRtcpReceiver){ .own_ssrc = g_random_int (), .clock_rate = clock_rate };
}

/* RFC 3550, A.8: all wraps at 32 bits, differences are right nevertheless. */
static void
measure_jitter (PotooRtcpReceiver *receiver, guint32 rtp_time, gint64 mono_us, gboolean is_first)
{
  guint32 arrival = (guint32) (mono_us / G_USEC_PER_SEC * receiver->clock_rate +
                               mono_us % G_USEC_PER_SEC * receiver->clock_rate / G_USEC_PER_SEC);
  guint32 transit = arrival - rtp_time;
  gint32 step = (gint32) (transit - receiver->transit);

  receiver->transit = transit;
  if (is_first)
    receiver->jitter_16 = 0;
  else
    receiver->jitter_16 += (guint32) ABS ((gint64) step) - ((receiver->jitter_16 + 8) >> 4);
}

gboolean
potoo_rtcp_receiver_take_packet (PotooRtcpReceiver *receiver,
                                 const guint8 *packet,
                                 gsize length,
                                 gint64 mono_us)
{
  if (length < RTP_HEADER_BYTES || packet[0] >> 6 != GST_RTP_VERSION)
    return FALSE;
  guint16 sequence = GST_READ_UINT16_BE (packet + 2);
  guint32 ssrc = GST_READ_UINT32_BE (packet + 8);
  gint16 step = (gint16) (sequence - (guint16) receiver->highest_sequence);
  gboolean is_first = !receiver->started || ssrc != receiver->ssrc ||
                      step > POTOO_RTP_MAX_DROPOUT || step <= -POTOO_RTP_MAX_MISORDER;
  if (is_first)
    {
      receiver->started = TRUE;
      receiver->ssrc = ssrc;
      receiver->first_sequence = receiver->highest_sequence = sequence;
      receiver->n_received = receiver->n_received_before = receiver->n_expected_before = 0;
    }
  else if (step > 0)
    receiver->highest_sequence += (guint32) step;
  receiver->n_received++;
  measure_jitter (receiver, GST_READ_UINT32_BE (packet + 4), mono_us, is_first);
  return TRUE;
}

gboolean
potoo_rtcp_receiver_take_rtcp (PotooRtcpReceiver *receiver,
                               const guint8 *rtcp,
                               gsize length,
                               gint64 mono_us,
                               guint32 *rtp_time,
                               GstClockTime *ntp_ns)
{
  GstRTCPBuffer mapped = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint64 ntp = 0;

  if (!gst_rtcp_buffer_validate_data ((guint8 *) rtcp, (guint) length))
    return FALSE;
  g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (rtcp, length);
  if (!gst_rtcp_buffer_map (buffer, GST_MAP_READ, &mapped))
    return FALSE;
  if (gst_rtcp_buffer_get_first_packet (&mapped, &packet) &&
      gst_rtcp_packet_get_type (&packet) == GST_RTCP_TYPE_SR)
    gst_rtcp_packet_sr_get_sender_info (&packet, NULL, &ntp, rtp_time, NULL, NULL);
  gst_rtcp_buffer_unmap (&mapped);
  if (ntp == 0)
    return FALSE;
  receiver->last_report = (guint32) (ntp >> 16);
  receiver->last_report_mono_us = mono_us;
  *ntp_ns = gst_rtcp_ntp_to_unix (ntp);
  return TRUE;
}

/* RFC 3550, A.3 */
static void
count_lost (PotooRtcpReceiver *receiver, gint32 *n_lost, guint8 *fraction)
{
  guint32 n_expected = receiver->highest_sequence - receiver->first_sequence + 1;
  gint64 expected_since = n_expected - receiver->n_expected_before;
  gint64 lost_since = expected_since - (receiver->n_received - receiver->n_received_before);

  *n_lost = (gint32) MIN ((gint64) n_expected - receiver->n_received, MAX_LOST);
  *fraction = lost_since > 0 ? (guint8) MIN (lost_since * 256 / expected_since, G_MAXUINT8) : 0;
  receiver->n_expected_before = n_expected;
  receiver->n_received_before = receiver->n_received;
}

static void
add_report (PotooRtcpReceiver *receiver, GstRTCPBuffer *rtcp, gint64 mono_us)
{
  GstRTCPPacket packet;
  guint32 delay = 0;
  gint32 n_lost;
  guint8 fraction;

  count_lost (receiver, &n_lost, &fraction);
  if (receiver->last_report_mono_us != 0)
    delay = (guint32) ((mono_us - receiver->last_report_mono_us) * PARTS_A_SECOND / G_USEC_PER_SEC);
  gst_rtcp_buffer_add_packet (rtcp, GST_RTCP_TYPE_RR, &packet);
  gst_rtcp_packet_rr_set_ssrc (&packet, receiver->own_ssrc);
  gst_rtcp_packet_add_rb (&packet, receiver->ssrc, fraction, n_lost, receiver->highest_sequence,
                          receiver->jitter_16 >> 4, receiver->last_report, delay);
}

static void
add_cname (PotooRtcpReceiver *receiver, GstRTCPBuffer *rtcp)
{
  GstRTCPPacket packet;

  gst_rtcp_buffer_add_packet (rtcp, GST_RTCP_TYPE_SDES, &packet);
  gst_rtcp_packet_sdes_add_item (&packet, receiver->own_ssrc);
  gst_rtcp_packet_sdes_add_entry (&packet, GST_RTCP_SDES_CNAME, sizeof CNAME - 1,
                                  (const guint8 *) CNAME);
}

static void
add_picture_loss (PotooRtcpReceiver *receiver, GstRTCPBuffer *rtcp)
{
  GstRTCPPacket packet;

  gst_rtcp_buffer_add_packet (rtcp, GST_RTCP_TYPE_PSFB, &packet);
  gst_rtcp_packet_fb_set_type (&packet, GST_RTCP_PSFB_TYPE_PLI);
  gst_rtcp_packet_fb_set_sender_ssrc (&packet, receiver->own_ssrc);
  gst_rtcp_packet_fb_set_media_ssrc (&packet, receiver->ssrc);
}

GBytes *
potoo_rtcp_receiver_make_report (PotooRtcpReceiver *receiver,
                                 gint64 mono_us,
                                 gboolean want_keyframe)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  gpointer data = NULL;
  gsize length = 0;

  if (!receiver->started)
    return NULL;
  g_autoptr (GstBuffer) buffer = gst_rtcp_buffer_new (MTU);
  gst_rtcp_buffer_map (buffer, GST_MAP_READWRITE, &rtcp);
  add_report (receiver, &rtcp, mono_us);
  add_cname (receiver, &rtcp);
  if (want_keyframe)
    add_picture_loss (receiver, &rtcp);
  gst_rtcp_buffer_unmap (&rtcp);
  gst_buffer_extract_dup (buffer, 0, gst_buffer_get_size (buffer), &data, &length);
  return g_bytes_new_take (data, length);
}
