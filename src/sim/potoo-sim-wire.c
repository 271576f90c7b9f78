/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-wire.h"

#include <gst/rtp/rtp.h>

struct _PotooSimWire
{
  PotooSimCamera *camera;
  guint32 rtp_rate;
  gboolean frozen;
  guint32 newest_time;
  PotooSimImpairer *impairer;
  gboolean pushing; /* what the impairer made of a packet comes through the probe, too */
};

PotooSimWire *
potoo_sim_wire_new (PotooSimCamera *camera, PotooSimFeedId feed)
{
  PotooSimWire *wire = g_new0 (PotooSimWire, 1);
  guint seed = (guint) potoo_sim_camera_get_options (camera)->seed;

  wire->camera = camera;
  wire->rtp_rate = potoo_sim_feed_get_rtp_rate (potoo_sim_camera_get_feed (camera, feed));
  wire->impairer = potoo_sim_impairer_new (seed * POTOO_SIM_N_FEEDS + feed);
  return wire;
}

void
potoo_sim_wire_free (PotooSimWire *wire)
{
  potoo_sim_impairer_free (wire->impairer);
  g_free (wire);
}

/* --- time stamps --- */

static gboolean
is_to_freeze (PotooSimWire *wire)
{
  return potoo_sim_camera_has_fault (wire->camera, POTOO_SIM_FAULT_FREEZE_TIME);
}

/* (transfer full) both */
static GstBuffer *
restamp (PotooSimWire *wire, GstBuffer *buffer)
{
  int shift_s = potoo_sim_camera_get_dial (wire->camera, POTOO_SIM_DIAL_RTP_SHIFT);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  buffer = gst_buffer_make_writable (buffer);
  if (!gst_rtp_buffer_map (buffer, GST_MAP_READWRITE, &rtp))
    return buffer;
  if (!wire->frozen)
    wire->newest_time = gst_rtp_buffer_get_timestamp (&rtp) + (guint32) shift_s * wire->rtp_rate;
  gst_rtp_buffer_set_timestamp (&rtp, wire->newest_time);
  gst_rtp_buffer_unmap (&rtp);
  wire->frozen = is_to_freeze (wire);
  return buffer;
}

static gboolean
has_time_fault (PotooSimWire *wire)
{
  return wire->frozen || is_to_freeze (wire) ||
         potoo_sim_camera_get_dial (wire->camera, POTOO_SIM_DIAL_RTP_SHIFT) != 0;
}

/* --- packets --- */

static gboolean
get_rates (PotooSimWire *wire, PotooSimRates *rates)
{
  gboolean any = FALSE;

  for (guint i = 0; i < POTOO_SIM_N_IMPAIRMENTS; i++)
    {
      int rate = potoo_sim_camera_get_dial (wire->camera, POTOO_SIM_DIAL_IMPAIRMENTS + i);
      rates->of_a_million[i] = (guint) rate;
      any |= rate > 0;
    }
  return any;
}

/* Of all of @info. (transfer full) */
static GPtrArray *
impair (PotooSimWire *wire, const PotooSimRates *rates, GstPadProbeInfo *info)
{
  GPtrArray *out = g_ptr_array_new ();
  gboolean single = (info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0;
  guint n = single ? 1 : gst_buffer_list_length (GST_PAD_PROBE_INFO_BUFFER_LIST (info));

  for (guint i = 0; i < n; i++)
    {
      GstBuffer *packet = single ? GST_PAD_PROBE_INFO_BUFFER (info)
                                 : gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), i);
      guint met = potoo_sim_impairer_take (wire->impairer, rates, gst_buffer_ref (packet), out);
      potoo_sim_camera_count_impaired (wire->camera, met);
    }
  gst_mini_object_unref (GST_MINI_OBJECT (info->data));
  info->data = NULL;
  return out;
}

static void
push_all (PotooSimWire *wire, GstPad *pad, GPtrArray *packets)
{
  GstBufferList *list = gst_buffer_list_new_sized (packets->len);

  for (guint i = 0; i < packets->len; i++)
    gst_buffer_list_add (list, packets->pdata[i]);
  wire->pushing = TRUE;
  gst_pad_push_list (pad, list);
  wire->pushing = FALSE;
}

static gboolean
restamp_in_list (GstBuffer **buffer, guint index, gpointer data)
{
  *buffer = restamp (data, *buffer);
  return TRUE;
}

static void
restamp_all (PotooSimWire *wire, GstPadProbeInfo *info)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    info->data = restamp (wire, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    {
      GstBufferList *list = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
      gst_buffer_list_foreach (list, restamp_in_list, wire);
      info->data = list;
    }
}

GstPadProbeReturn
potoo_sim_wire_pass_rtp (PotooSimWire *wire, GstPad *pad, GstPadProbeInfo *info)
{
  PotooSimRates rates;

  if (wire->pushing)
    return GST_PAD_PROBE_OK;
  if (has_time_fault (wire))
    restamp_all (wire, info);
  if (!get_rates (wire, &rates))
    return GST_PAD_PROBE_OK;
  g_autoptr (GPtrArray) out = impair (wire, &rates, info);
  if (out->len > 0)
    push_all (wire, pad, out);
  return GST_PAD_PROBE_HANDLED;
}

/* --- sender reports --- */

void
potoo_sim_wire_pass_rtcp (PotooSimWire *wire, GstPadProbeInfo *info)
{
  int shift_s = potoo_sim_camera_get_dial (wire->camera, POTOO_SIM_DIAL_NTP_SHIFT);
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint32 ssrc, rtp_time, packets, octets;
  guint64 ntp;

  if (shift_s == 0 || !(info->type & GST_PAD_PROBE_TYPE_BUFFER))
    return;
  info->data = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  if (!gst_rtcp_buffer_map (info->data, GST_MAP_READWRITE, &rtcp))
    return;
  if (gst_rtcp_buffer_get_first_packet (&rtcp, &packet) &&
      gst_rtcp_packet_get_type (&packet) == GST_RTCP_TYPE_SR)
    {
      gst_rtcp_packet_sr_get_sender_info (&packet, &ssrc, &ntp, &rtp_time, &packets, &octets);
      ntp += (guint64) ((gint64) shift_s << 32); /* 32.32 fixed point seconds */
      gst_rtcp_packet_sr_set_sender_info (&packet, ssrc, ntp, rtp_time, packets, octets);
    }
  gst_rtcp_buffer_unmap (&rtcp);
}
