/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A viewer's media: for each track appsrc → parser → payloader. The parser puts the parameter
 * sets in front of each keyframe; the payloader's own way to do so breaks pictures of several
 * slices. Nothing is decoded.
 *
 * Life-cycle: a viewer's DESCRIBE or SETUP → create_element → create_pipeline → configure, all in
 * the re-stream's thread.
 */

#include "restream/potoo-restream-factory.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "media/potoo-viewing-pool.h"
#include "restream/potoo-restream-media.h"

#define UDP_SEND_BUFFER_BYTES (512 * 1024)

struct _PotooRestreamFactory
{
  GstRTSPMediaFactory parent_instance;
  char *camera;
  char *stream;
  PotooRestreamLookupFunc lookup;
  gpointer user_data;
  GMainContext *context;
  PotooRestreamFeed *next_feed; /* from construct to create_element */
  PotooMetric *refused;
};

G_DEFINE_FINAL_TYPE (PotooRestreamFactory, potoo_restream_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

typedef struct
{
  const char *media_type;
  const char *parser; /* (nullable) */
  const char *payloader;
  guint payload_type;
} Format;

static const Format formats[] = {
  { "video/x-h264", "h264parse", "rtph264pay", 96 },
  { "video/x-h265", "h265parse", "rtph265pay", 96 },
  { "audio/mpeg", NULL, "rtpmp4gpay", 97 },
  { "audio/x-opus", NULL, "rtpopuspay", 97 },
};

static const Format *
find_format (GstCaps *caps)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (gst_structure_has_name (gst_caps_get_structure (caps, 0), formats[i].media_type))
      return &formats[i];
  return NULL;
}

/* Adds it to @bin; NULL when it is not installed. */
static GstElement *
add_element (GstElement *bin, const char *factory, const char *name)
{
  GstElement *element = gst_element_factory_make (factory, name);

  if (element != NULL)
    gst_bin_add (GST_BIN (bin), element);
  return element;
}

static GstElement *
add_payloader (GstElement *bin, const Format *format, guint track)
{
  g_autofree char *name = g_strdup_printf ("pay%u", track);
  GstElement *payloader = add_element (bin, format->payloader, name);

  if (payloader == NULL)
    return NULL;
  g_object_set (payloader, "pt", format->payload_type, NULL);
  if (format->parser != NULL)
    gst_util_set_object_arg (G_OBJECT (payloader), "aggregate-mode", "zero-latency");
  return payloader;
}

/* FALSE when there is no way to send it. */
static gboolean
add_track (GstElement *bin, guint track, PotooRestreamFeed *feed, PotooRestreamThrottle *throttle)
{
  const Format *format = find_format (potoo_restream_feed_get_caps (feed, track));
  GstElement *source = format != NULL ? add_element (bin, "appsrc", NULL) : NULL;
  GstElement *payloader = format != NULL ? add_payloader (bin, format, track) : NULL;
  GstElement *parser = NULL;

  if (source == NULL || payloader == NULL)
    return FALSE;
  if (format->parser != NULL)
    {
      parser = add_element (bin, format->parser, NULL);
      if (parser == NULL)
        return FALSE;
      g_object_set (parser, "config-interval", -1, NULL);
    }
  g_autoptr (GstPad) pad = gst_element_get_static_pad (payloader, "src");
  potoo_restream_throttle_attach (throttle, pad);
  potoo_restream_feed_set_source (feed, track, GST_APP_SRC (source));
  return parser != NULL ? gst_element_link_many (source, parser, payloader, NULL)
                        : gst_element_link (source, payloader);
}

/* (transfer floating), as gst-rtsp-server takes it */
static GstElement *
make_bin (PotooRestreamFactory *self, PotooRestreamFeed *feed, PotooRestreamThrottle *throttle)
{
  GstElement *bin = gst_bin_new (NULL);

  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    if (potoo_restream_feed_get_caps (feed, i) != NULL && !add_track (bin, i, feed, throttle))
      {
        potoo_log_error (self->camera,
                         _ ("Cannot re-stream: an element of GStreamer is missing; install its "
                            "base and good plugins"));
        gst_object_unref (bin);
        return NULL;
      }
  return bin;
}

static PotooRestreamFeed *
make_feed (PotooRestreamFactory *self, GError **error)
{
  g_autoptr (PotooStreamHub)
      hub = self->lookup (self->camera, self->stream, self->user_data, error);

  if (hub == NULL)
    return NULL;
  return potoo_restream_feed_new (hub, self->camera, self->stream, self->context, error);
}

static const char feed_key[] = "potoo-restream-feed";
static const char throttle_key[] = "potoo-restream-throttle";

static void
discard_feed (gpointer feed)
{
  potoo_restream_feed_stop (feed);
  potoo_restream_feed_unref (feed);
}

/* NULL is answered with 503, see potoo-restream-client.c. */
static GstRTSPMedia *
potoo_restream_factory_construct (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PotooRestreamFactory *self = POTOO_RESTREAM_FACTORY (factory);
  g_autoptr (GError) error = NULL;

  if (potoo_restream_media_count () >= POTOO_RESTREAM_MAX_MEDIA)
    {
      potoo_log_debug (self->camera, "RTSP: there are %d media already", POTOO_RESTREAM_MAX_MEDIA);
      potoo_metric_add (self->refused, 1);
      return NULL;
    }
  self->next_feed = make_feed (self, &error);
  if (self->next_feed == NULL)
    {
      potoo_log_debug (self->camera, "RTSP: %s", error->message);
      return NULL;
    }
  return GST_RTSP_MEDIA_FACTORY_CLASS (potoo_restream_factory_parent_class)
      ->construct (factory, url);
}

static GstElement *
potoo_restream_factory_create_element (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  PotooRestreamFactory *self = POTOO_RESTREAM_FACTORY (factory);
  PotooRestreamFeed *feed = g_steal_pointer (&self->next_feed);
  PotooRestreamThrottle *throttle = potoo_restream_throttle_new ();
  GstElement *bin = make_bin (self, feed, throttle);
  if (bin == NULL)
    {
      potoo_restream_throttle_unref (throttle);
      discard_feed (feed);
      return NULL;
    }
  g_object_set_data_full (G_OBJECT (bin), throttle_key, throttle,
                          (GDestroyNotify) potoo_restream_throttle_unref);
  g_object_set_data_full (G_OBJECT (bin), feed_key, feed, discard_feed);
  return bin;
}

static GstElement *
potoo_restream_factory_create_pipeline (GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  GstElement *pipeline = GST_RTSP_MEDIA_FACTORY_CLASS (potoo_restream_factory_parent_class)
                             ->create_pipeline (factory, media);
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline, 0);
  potoo_viewing_pool_serve (pipeline);
  return pipeline;
}

static void
potoo_restream_factory_configure (GstRTSPMediaFactory *factory, GstRTSPMedia *media)
{
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media);

  GST_RTSP_MEDIA_FACTORY_CLASS (potoo_restream_factory_parent_class)->configure (factory, media);
  potoo_restream_media_set_feed (POTOO_RESTREAM_MEDIA (media),
                                 g_object_get_data (G_OBJECT (bin), feed_key),
                                 g_object_get_data (G_OBJECT (bin), throttle_key));
}

/* Media are as many as viewers: none is shared, so none needs a key to be found by. */
static char *
potoo_restream_factory_gen_key (GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
  return NULL;
}

static void
potoo_restream_factory_finalize (GObject *object)
{
  PotooRestreamFactory *self = POTOO_RESTREAM_FACTORY (object);

  g_free (self->camera);
  g_free (self->stream);
  g_main_context_unref (self->context);
  potoo_metric_unref (self->refused);
  G_OBJECT_CLASS (potoo_restream_factory_parent_class)->finalize (object);
}

static void
potoo_restream_factory_class_init (PotooRestreamFactoryClass *klass)
{
  GstRTSPMediaFactoryClass *factory_class = GST_RTSP_MEDIA_FACTORY_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = potoo_restream_factory_finalize;
  factory_class->gen_key = potoo_restream_factory_gen_key;
  factory_class->construct = potoo_restream_factory_construct;
  factory_class->create_element = potoo_restream_factory_create_element;
  factory_class->create_pipeline = potoo_restream_factory_create_pipeline;
  factory_class->configure = potoo_restream_factory_configure;
}

static void
potoo_restream_factory_init (PotooRestreamFactory *self)
{
}

GstRTSPMediaFactory *
potoo_restream_factory_new (const char *camera,
                            const char *stream,
                            PotooRestreamLookupFunc lookup,
                            gpointer user_data,
                            GMainContext *context)
{
  PotooRestreamFactory *self = g_object_new (POTOO_TYPE_RESTREAM_FACTORY, NULL);
  GstRTSPMediaFactory *factory = GST_RTSP_MEDIA_FACTORY (self);

  self->camera = g_strdup (camera);
  self->stream = g_strdup (stream);
  self->lookup = lookup;
  self->user_data = user_data;
  self->context = g_main_context_ref (context);
  self->refused = potoo_metric_new_counter ("potoo_restream_refused_media_total",
                                            "RTSP media refused: there are too many.", "camera",
                                            camera, "stream", stream, NULL);
  gst_rtsp_media_factory_set_media_gtype (factory, POTOO_TYPE_RESTREAM_MEDIA);
  gst_rtsp_media_factory_set_shared (factory, FALSE);
  gst_rtsp_media_factory_set_latency (factory, 0);
  gst_rtsp_media_factory_set_buffer_size (factory, UDP_SEND_BUFFER_BYTES);
  gst_rtsp_media_factory_set_protocols (factory,
                                        GST_RTSP_LOWER_TRANS_TCP | GST_RTSP_LOWER_TRANS_UDP);
  return factory;
}
