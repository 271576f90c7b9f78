/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-media.h"

#include <stdio.h>

#define RTCP_INTERVAL_MIN (1 * GST_SECOND)

struct _PotooSimMedia
{
  GstRTSPMedia parent_instance;
  PotooSimOutlet *outlets[POTOO_SIM_MAX_TRACKS]; /* in the order of the streams */
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
