/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-rtsp-stream.h"

#include "base/potoo-clock.h"

/* So many datagrams are pushed on before more are read. */
#define BATCHES 8

static GstBufferList *
get_packets (PotooRtspStream *stream)
{
  if (stream->packets == NULL)
    stream->packets = gst_buffer_list_new ();
  return stream->packets;
}

/* Of an RTP packet. */
static gboolean
is_wanted (PotooRtspStream *stream, const guint8 *data, gsize length, gint64 now_us)
{
  return potoo_rtcp_receiver_take_packet (&stream->rtcp, data, length, now_us) &&
         (data[1] & 0x7f) == stream->payload_type && !stream->failed;
}

void
potoo_rtsp_stream_take_rtp (PotooRtspStream *stream, const guint8 *data, gsize length)
{
  if (is_wanted (stream, data, length, potoo_clock_mono_us ()))
    gst_buffer_list_add (get_packets (stream), gst_buffer_new_memdup (data, length));
}

void
potoo_rtsp_stream_take_rtcp (PotooRtspStream *stream, const guint8 *data, gsize length)
{
  guint32 rtp_time = 0;
  GstClockTime ntp_ns = 0;

  if (potoo_rtcp_receiver_take_rtcp (&stream->rtcp, data, length, potoo_clock_mono_us (), &rtp_time,
                                     &ntp_ns))
    stream->report (stream->number, rtp_time, ntp_ns, stream->report_data);
}

static void
take_rtp_datagram (const guint8 *data, gsize length, gpointer user_data)
{
  PotooRtspStream *stream = user_data;
  gint64 now_us = potoo_clock_mono_us ();

  if (!is_wanted (stream, data, length, now_us))
    return;
  stream->heard_us = now_us;
  potoo_reorder_window_take (&stream->window, gst_buffer_new_memdup (data, length),
                             GST_READ_UINT32_BE (data + 8), GST_READ_UINT16_BE (data + 2), now_us,
                             get_packets (stream));
}

static void
take_rtcp_datagram (const guint8 *data, gsize length, gpointer user_data)
{
  potoo_rtsp_stream_take_rtcp (user_data, data, length);
}

void
potoo_rtsp_stream_receive (PotooRtspStream *stream)
{
  gint64 now_us = potoo_clock_mono_us ();
  gboolean more = TRUE;

  potoo_udp_ports_receive (stream->ports, POTOO_UDP_RTCP, take_rtcp_datagram, stream);
  for (guint i = 0; i < BATCHES && more; i++)
    more = potoo_udp_ports_receive (stream->ports, POTOO_UDP_RTP, take_rtp_datagram, stream);
  /* What lacks is none of those that had come by then. */
  if (!more && now_us >= potoo_reorder_window_get_deadline_us (&stream->window))
    potoo_reorder_window_expire (&stream->window, now_us, get_packets (stream));
}

gboolean
potoo_rtsp_stream_push (PotooRtspStream *stream)
{
  g_autoptr (GstBufferList) packets = g_steal_pointer (&stream->packets);

  if (packets == NULL || gst_buffer_list_length (packets) == 0)
    return TRUE;
  GstFlowReturn flow = gst_pad_push_list (stream->pad, g_steal_pointer (&packets));
  if (flow == GST_FLOW_OK || flow == GST_FLOW_NOT_LINKED || flow == GST_FLOW_EOS)
    return TRUE;
  stream->failed = TRUE;
  return !stream->is_video && flow != GST_FLOW_FLUSHING;
}

void
potoo_rtsp_stream_clear (PotooRtspStream *stream)
{
  g_clear_pointer (&stream->packets, gst_buffer_list_unref);
  g_clear_pointer (&stream->ports, potoo_udp_ports_free);
  potoo_reorder_window_clear (&stream->window);
}
