/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-media.h"

#include <stdio.h>

#define RTCP_INTERVAL_MIN (1 * GST_SECOND)

struct _PotooSimMedia
{
  GstRTSPMedia parent_instance;
  PotooSimOutlet *outlets[POTOO_SIM_MAX_TRACKS]; /* in the order of the streams */
  gboolean hides_sets, has_metadata;
};

G_DEFINE_FINAL_TYPE (PotooSimMedia, potoo_sim_media, GST_TYPE_RTSP_MEDIA)

/* Called by rtpbin with its lock held. */
static void
on_rtpbin_pad (GstElement *rtpbin, GstPad *pad, PotooSimMedia *media)
{
  g_autofree char *name = gst_pad_get_name (pad);
  guint track;

  if (sscanf (name, "send_rtp_src_%u", &track) == 1 && track < POTOO_SIM_MAX_TRACKS)
    potoo_sim_outlet_guard_rtp (media->outlets[track], pad);
  else if (sscanf (name, "send_rtcp_src_%u", &track) == 1 && track < POTOO_SIM_MAX_TRACKS)
    potoo_sim_outlet_guard_rtcp (media->outlets[track], pad);
}

static gboolean
potoo_sim_media_setup_rtpbin (GstRTSPMedia *media, GstElement *rtpbin)
{
  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (on_rtpbin_pad), media);
  return TRUE;
}

/* Sender reports early and often: clients map RTP time to wall time by them. */
static void
potoo_sim_media_prepared (GstRTSPMedia *media)
{
  for (guint i = 0; i < gst_rtsp_media_n_streams (media); i++)
    {
      g_autoptr (GObject)
          session = gst_rtsp_stream_get_rtpsession (gst_rtsp_media_get_stream (media, i));
      if (session != NULL)
        g_object_set (session, "rtcp-min-interval", (guint64) RTCP_INTERVAL_MIN, NULL);
    }
}

static void
potoo_sim_media_unprepared (GstRTSPMedia *media)
{
  PotooSimMedia *self = POTOO_SIM_MEDIA (media);

  for (guint i = 0; i < POTOO_SIM_MAX_TRACKS; i++)
    if (self->outlets[i] != NULL)
      potoo_sim_outlet_stop (self->outlets[i]);
}

/* `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=…;…` */
static void
hide_parameter_sets (GstSDPMedia *media)
{
  g_autoptr (GRegex) sets = g_regex_new ("sprop-[a-z-]*(sets|sps|pps|vps)=[^;]*;?", 0, 0, NULL);

  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *old = gst_sdp_media_get_attribute (media, i);
      GstSDPAttribute new = { 0 };
      if (g_strcmp0 (old->key, "fmtp") != 0)
        continue;
      g_autofree char *value = g_regex_replace_literal (sets, old->value, -1, 0, "", 0, NULL);
      gst_sdp_attribute_set (&new, old->key, value);
      gst_sdp_media_replace_attribute (media, i, &new);
    }
}

/* As cameras that speak ONVIF have it. */
static void
add_metadata (GstSDPMessage *sdp)
{
  GstSDPMedia *media = NULL;

  gst_sdp_media_new (&media);
  gst_sdp_media_set_media (media, "application");
  gst_sdp_media_set_proto (media, "RTP/AVP");
  gst_sdp_media_add_format (media, "107");
  gst_sdp_media_add_attribute (media, "rtpmap", "107 vnd.onvif.metadata/90000");
  gst_sdp_media_add_attribute (media, "control", "metadata");
  gst_sdp_message_add_media (sdp, media);
  gst_sdp_media_free (media);
}

static gboolean
potoo_sim_media_setup_sdp (GstRTSPMedia *media, GstSDPMessage *sdp, GstSDPInfo *info)
{
  PotooSimMedia *self = POTOO_SIM_MEDIA (media);

  if (!GST_RTSP_MEDIA_CLASS (potoo_sim_media_parent_class)->setup_sdp (media, sdp, info))
    return FALSE;
  for (guint i = 0; self->hides_sets && i < gst_sdp_message_medias_len (sdp); i++)
    hide_parameter_sets ((GstSDPMedia *) gst_sdp_message_get_media (sdp, i));
  if (self->has_metadata)
    add_metadata (sdp);
  return TRUE;
}

void
potoo_sim_media_set_options (PotooSimMedia *self, const PotooSimCameraOptions *options)
{
  self->hides_sets = !options->sprop;
  self->has_metadata = options->metadata;
}

/* The parent's finalize takes the pipeline down, whose callbacks and probes
 * refer to the outlets: they go after it. */
static void
potoo_sim_media_finalize (GObject *object)
{
  PotooSimMedia *self = POTOO_SIM_MEDIA (object);
  PotooSimOutlet *outlets[POTOO_SIM_MAX_TRACKS];

  for (guint i = 0; i < POTOO_SIM_MAX_TRACKS; i++)
    outlets[i] = g_steal_pointer (&self->outlets[i]);
  for (guint i = 0; i < POTOO_SIM_MAX_TRACKS; i++)
    if (outlets[i] != NULL)
      potoo_sim_outlet_stop (outlets[i]);
  G_OBJECT_CLASS (potoo_sim_media_parent_class)->finalize (object);
  for (guint i = 0; i < POTOO_SIM_MAX_TRACKS; i++)
    g_clear_pointer (&outlets[i], potoo_sim_outlet_free);
}

static void
potoo_sim_media_class_init (PotooSimMediaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_sim_media_finalize;
  GST_RTSP_MEDIA_CLASS (klass)->setup_rtpbin = potoo_sim_media_setup_rtpbin;
  GST_RTSP_MEDIA_CLASS (klass)->prepared = potoo_sim_media_prepared;
  GST_RTSP_MEDIA_CLASS (klass)->setup_sdp = potoo_sim_media_setup_sdp;
  GST_RTSP_MEDIA_CLASS (klass)->unprepared = potoo_sim_media_unprepared;
}

static void
potoo_sim_media_init (PotooSimMedia *self)
{
}

void
potoo_sim_media_set_outlet (PotooSimMedia *self, guint track, PotooSimOutlet *outlet)
{
  g_return_if_fail (track < POTOO_SIM_MAX_TRACKS && self->outlets[track] == NULL);
  self->outlets[track] = outlet;
}
