/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Life-cycle: a client's DESCRIBE or SETUP → create_element → create_pipeline → configure; then
 * gst-rtsp-server prepares the media, of which each client has its own. All in its client threads.
 */

#include "sim/potoo-sim-factory.h"

#include "sim/potoo-sim-media.h"

struct _PotooSimFactory
{
  GstRTSPMediaFactory parent_instance;
  PotooSimCamera *camera;
  PotooSimFeedId video;
  PotooSimPacer *pacer;
};

G_DEFINE_FINAL_TYPE (PotooSimFactory, potoo_sim_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

/* Static payload types where RFC 3551 has them, dynamic ones elsewhere. */
static const struct
{
  const char *payloader;
  guint pt;
} payloads[POTOO_SIM_N_CODECS] = {
  [POTOO_SIM_CODEC_H264] = { "rtph264pay", 96 },  [POTOO_SIM_CODEC_H265] = { "rtph265pay", 96 },
  [POTOO_SIM_CODEC_AAC] = { "rtpmp4gpay", 97 },   [POTOO_SIM_CODEC_OPUS] = { "rtpopuspay", 97 },
  [POTOO_SIM_CODEC_PCMU] = { "rtppcmupay", 0 },   [POTOO_SIM_CODEC_PCMA] = { "rtppcmapay", 8 },
  [POTOO_SIM_CODEC_G722] = { "rtpg722pay", 9 },   [POTOO_SIM_CODEC_G726] = { "rtpg726pay", 97 },
  [POTOO_SIM_CODEC_L16] = { "rtpL16pay", 97 },    [POTOO_SIM_CODEC_MP2] = { "rtpmpapay", 14 },
  [POTOO_SIM_CODEC_MJPEG] = { "rtpjpegpay", 26 },
};

static gboolean
add_track (GstElement *bin, PotooSimFeed *feed, guint track)
{
  g_autoptr (PotooSimLoop) loop = potoo_sim_feed_get_loop (feed);
  PotooSimCodec codec = potoo_sim_loop_get_params (loop)->codec;
  g_autofree char *source_name = g_strdup_printf ("src%u", track);
  g_autofree char *payloader_name = g_strdup_printf ("pay%u", track);
  GstElement *source = gst_element_factory_make ("appsrc", source_name);
  GstElement *payloader = gst_element_factory_make (payloads[codec].payloader, payloader_name);

  if (source == NULL || payloader == NULL)
    {
      g_warning ("GStreamer's %s is missing: install the base and good plugins",
                 source == NULL ? "appsrc" : payloads[codec].payloader);
      g_clear_object (&source);
      g_clear_object (&payloader);
      return FALSE;
    }
  g_object_set (payloader, "pt", payloads[codec].pt, "timestamp-offset",
                potoo_sim_feed_get_rtp_offset (feed), NULL);
  gst_bin_add_many (GST_BIN (bin), source, payloader, NULL);
  return gst_element_link (source, payloader);
}

static PotooSimFeed *
audio_feed (PotooSimFactory *self)
{
  if (self->video != POTOO_SIM_FEED_MAIN ||
      potoo_sim_camera_has_fault (self->camera, POTOO_SIM_FAULT_NO_AUDIO))
    return NULL;
  return potoo_sim_camera_get_feed (self->camera, POTOO_SIM_FEED_AUDIO);
}

static GstElement *
potoo_sim_factory_create_element (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PotooSimFactory *self = POTOO_SIM_FACTORY (factory);
  PotooSimFeed *audio = audio_feed (self);
  GstElement *bin = gst_bin_new (NULL); /* floating: the media takes it */

  if (add_track (bin, potoo_sim_camera_get_feed (self->camera, self->video), 0) &&
      (audio == NULL || add_track (bin, audio, 1)))
    return bin;
  gst_object_unref (bin);
  return NULL;
}

static GstElement *
potoo_sim_factory_create_pipeline (GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  GstElement *pipeline = GST_RTSP_MEDIA_FACTORY_CLASS (potoo_sim_factory_parent_class)
                             ->create_pipeline (factory, media);
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, 0);
  return pipeline;
}

static void
add_outlet (PotooSimFactory *self, PotooSimMedia *media, PotooSimFeedId feed, guint track)
{
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (GST_RTSP_MEDIA (media));
  g_autofree char *name = g_strdup_printf ("src%u", track);
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (bin), name);

  if (source != NULL)
    potoo_sim_media_set_outlet (
        media, track, potoo_sim_outlet_new (self->camera, feed, self->pacer, GST_APP_SRC (source)));
}

static void
potoo_sim_factory_configure (GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  PotooSimFactory *self = POTOO_SIM_FACTORY (factory);

  GST_RTSP_MEDIA_FACTORY_CLASS (potoo_sim_factory_parent_class)->configure (factory, media);
  gst_rtsp_media_set_rate_control (media, FALSE);
  potoo_sim_media_set_options (POTOO_SIM_MEDIA (media),
                               potoo_sim_camera_get_options (self->camera));
  add_outlet (self, POTOO_SIM_MEDIA (media), self->video, 0);
  add_outlet (self, POTOO_SIM_MEDIA (media), POTOO_SIM_FEED_AUDIO, 1);
}

static void
potoo_sim_factory_class_init (PotooSimFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class = GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  factory_class->create_element = potoo_sim_factory_create_element;
  factory_class->create_pipeline = potoo_sim_factory_create_pipeline;
  factory_class->configure = potoo_sim_factory_configure;
}

static void
potoo_sim_factory_init (PotooSimFactory *self)
{
}

GstRTSPMediaFactory *
potoo_sim_factory_new (PotooSimCamera *camera, PotooSimFeedId video, PotooSimPacer *pacer)
{
  PotooSimFactory *self = g_object_new (POTOO_TYPE_SIM_FACTORY, NULL);
  GstRTSPMediaFactory *factory = GST_RTSP_MEDIA_FACTORY (self);

  self->camera = camera;
  self->video = video;
  self->pacer = pacer;
  gst_rtsp_media_factory_set_media_gtype (factory, POTOO_TYPE_SIM_MEDIA);
  gst_rtsp_media_factory_set_latency (factory, 0);
  gst_rtsp_media_factory_set_protocols (factory, potoo_sim_camera_get_transports (camera));
  return factory;
}
