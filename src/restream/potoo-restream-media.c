/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Life-cycle, as GstRTSPMedia has it: construct (the factory) → prepare → complete_pipeline at
 * PLAY → unprepare → finalize. A feed that waits for an appsrc, and a throttle that waits in a
 * streaming thread, are ended before the pipeline is. */

#include "restream/potoo-restream-media.h"

#include <stdio.h>

#include "base/potoo-clock.h"

/* The first sender report comes after about half of this: viewers need it to put
 * sound to picture. */
#define RTCP_INTERVAL_MIN (1 * GST_SECOND)
#define EARLY_RTCP_US (POTOO_SECOND_US / 4)
/* DESCRIBE waits in the thread of all connections until each track has a packet, which is
 * there at once, or something is wrong with the media. */
#define PREPARE_TIMEOUT_MS 2000

struct _PotooRestreamMedia
{
  GstRTSPMedia parent_instance;
  PotooRestreamFeed *feed;
  PotooRestreamThrottle *throttle;
  GSource *timeout; /* from prepare() on */
  int prepared;     /* atomic */
};

G_DEFINE_FINAL_TYPE (PotooRestreamMedia, potoo_restream_media, GST_TYPE_RTSP_MEDIA)

static int n_media; /* atomic */

guint
potoo_restream_media_count (void)
{
  return (guint) g_atomic_int_get (&n_media);
}

/* gst_rtsp_media_get_status() would wait here for what this thread is to bring about. */
static gboolean
on_timeout (gpointer user_data)
{
  PotooRestreamMedia *self = user_data;
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (GST_RTSP_MEDIA (self));

  if (!g_atomic_int_get (&self->prepared))
    GST_ELEMENT_ERROR (bin, STREAM, FAILED, ("No packets of a live stream in time"), (NULL));
  return G_SOURCE_REMOVE;
}

static void
clear_timeout (PotooRestreamMedia *self)
{
  if (self->timeout == NULL)
    return;
  g_source_destroy (self->timeout);
  g_clear_pointer (&self->timeout, g_source_unref);
}

static gboolean
potoo_restream_media_prepare (GstRTSPMedia *media, GstRTSPThread *thread)
{
  PotooRestreamMedia *self = POTOO_RESTREAM_MEDIA (media);

  clear_timeout (self);
  g_atomic_int_set (&self->prepared, FALSE);
  self->timeout = g_timeout_source_new (PREPARE_TIMEOUT_MS);
  g_source_set_callback (self->timeout, on_timeout, g_object_ref (self), g_object_unref);
  g_source_attach (self->timeout, thread->context);
  return GST_RTSP_MEDIA_CLASS (potoo_restream_media_parent_class)->prepare (media, thread);
}

static void
stop (PotooRestreamMedia *self)
{
  clear_timeout (self);
  if (self->throttle != NULL)
    potoo_restream_throttle_stop (self->throttle);
  if (self->feed != NULL)
    potoo_restream_feed_stop (self->feed);
}

static gboolean
potoo_restream_media_unprepare (GstRTSPMedia *media)
{
  stop (POTOO_RESTREAM_MEDIA (media));
  return GST_RTSP_MEDIA_CLASS (potoo_restream_media_parent_class)->unprepare (media);
}

/* Else gst-rtsp-server would keep a viewer to whom nothing comes. */
static gboolean
potoo_restream_media_handle_message (GstRTSPMedia *media, GstMessage *message)
{
  PotooRestreamMedia *self = POTOO_RESTREAM_MEDIA (media);

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    {
      g_autoptr (GError) error = NULL;
      gst_message_parse_error (message, &error, NULL);
      potoo_restream_feed_end (self->feed, error->message);
    }
  return GST_RTSP_MEDIA_CLASS (potoo_restream_media_parent_class)->handle_message (media, message);
}

/* When a track's first packet went out, which is after PLAY. */
typedef struct
{
  gatomicrefcount ref_count;
  gint64 opened_us; /* atomic */
} Gate;

static void
gate_unref (Gate *gate)
{
  if (g_atomic_ref_count_dec (&gate->ref_count))
    g_free (gate);
}

static GstPadProbeReturn
on_first_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Gate *gate = user_data;
  __atomic_store_n (&gate->opened_us, potoo_clock_mono_us (), __ATOMIC_RELAXED);
  return GST_PAD_PROBE_REMOVE;
}

/* The first sender report may have been made before rtpbin knew the time of any packet, and is
 * held until PLAY; by what it says ffmpeg would shift a track by hours. */
static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Gate *gate = user_data;
  gint64 opened_us = __atomic_load_n (&gate->opened_us, __ATOMIC_RELAXED);

  if (opened_us == 0 || potoo_clock_mono_us () - opened_us < EARLY_RTCP_US)
    return GST_PAD_PROBE_DROP;
  return GST_PAD_PROBE_REMOVE;
}

static void
add_probe (GstPad *pad, Gate *gate, GstPadProbeCallback probe)
{
  g_atomic_ref_count_inc (&gate->ref_count);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, probe, gate,
                     (GDestroyNotify) gate_unref);
}

/* A gate for each track, by the number in the names of its pads. */
static void
on_rtpbin_pad (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  Gate **gates = user_data;
  guint track;

  if (sscanf (GST_PAD_NAME (pad), "send_rtp_src_%2u", &track) == 1 &&
      track < POTOO_RESTREAM_MAX_TRACKS)
    add_probe (pad, gates[track], on_first_rtp);
  else if (sscanf (GST_PAD_NAME (pad), "send_rtcp_src_%2u", &track) == 1 &&
           track < POTOO_RESTREAM_MAX_TRACKS)
    add_probe (pad, gates[track], on_rtcp);
}

static void
gates_free (gpointer data, GClosure *closure)
{
  Gate **gates = data;

  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    gate_unref (gates[i]);
  g_free (gates);
}

static gboolean
potoo_restream_media_setup_rtpbin (GstRTSPMedia *media, GstElement *rtpbin)
{
  Gate **gates = g_new0 (Gate *, POTOO_RESTREAM_MAX_TRACKS);

  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    {
      gates[i] = g_new0 (Gate, 1);
      g_atomic_ref_count_init (&gates[i]->ref_count);
    }
  g_signal_connect_data (rtpbin, "pad-added", G_CALLBACK (on_rtpbin_pad), gates, gates_free, 0);
  return TRUE;
}

/* Players show it as the title. */
static gboolean
potoo_restream_media_setup_sdp (GstRTSPMedia *media, GstSDPMessage *sdp, GstSDPInfo *info)
{
  PotooRestreamMedia *self = POTOO_RESTREAM_MEDIA (media);

  gst_sdp_message_set_session_name (sdp, potoo_restream_feed_get_camera (self->feed));
  gst_sdp_message_set_information (sdp, "Potoo");
  return GST_RTSP_MEDIA_CLASS (potoo_restream_media_parent_class)->setup_sdp (media, sdp, info);
}

static void
potoo_restream_media_prepared (GstRTSPMedia *media)
{
  g_atomic_int_set (&POTOO_RESTREAM_MEDIA (media)->prepared, TRUE);
  for (guint i = 0; i < gst_rtsp_media_n_streams (media); i++)
    {
      g_autoptr (GObject)
          session = gst_rtsp_stream_get_rtpsession (gst_rtsp_media_get_stream (media, i));
      if (session != NULL)
        g_object_set (session, "rtcp-min-interval", (guint64) RTCP_INTERVAL_MIN, NULL);
    }
}

static void
potoo_restream_media_finalize (GObject *object)
{
  PotooRestreamMedia *self = POTOO_RESTREAM_MEDIA (object);

  stop (self);
  G_OBJECT_CLASS (potoo_restream_media_parent_class)->finalize (object);
  g_clear_pointer (&self->feed, potoo_restream_feed_unref);
  g_clear_pointer (&self->throttle, potoo_restream_throttle_unref);
  g_atomic_int_add (&n_media, -1);
}

static void
potoo_restream_media_class_init (PotooRestreamMediaClass *klass)
{
  GstRTSPMediaClass *media_class = GST_RTSP_MEDIA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = potoo_restream_media_finalize;
  media_class->prepare = potoo_restream_media_prepare;
  media_class->unprepare = potoo_restream_media_unprepare;
  media_class->handle_message = potoo_restream_media_handle_message;
  media_class->setup_rtpbin = potoo_restream_media_setup_rtpbin;
  media_class->setup_sdp = potoo_restream_media_setup_sdp;
  media_class->prepared = potoo_restream_media_prepared;
}

static void
potoo_restream_media_init (PotooRestreamMedia *self)
{
  g_atomic_int_inc (&n_media);
}

void
potoo_restream_media_set_feed (PotooRestreamMedia *self,
                               PotooRestreamFeed *feed,
                               PotooRestreamThrottle *throttle)
{
  g_return_if_fail (self->feed == NULL);

  self->feed = potoo_restream_feed_ref (feed);
  self->throttle = potoo_restream_throttle_ref (throttle);
}

PotooRestreamFeed *
potoo_restream_media_get_feed (PotooRestreamMedia *self)
{
  return self->feed;
}

void
potoo_restream_media_play (PotooRestreamMedia *self,
                           GSocket *connection,
                           gboolean udp,
                           guint tracks)
{
  clear_timeout (self);
  potoo_restream_throttle_set_transport (self->throttle, udp ? NULL : connection);
  potoo_restream_feed_play (self->feed, connection, udp, tracks);
}
