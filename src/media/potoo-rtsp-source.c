/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The thread lives from READY to PAUSED and back: describe, set up, play, then
 * read until something ends it. What one read brings is pushed as one list for each pad.
 * `stopping` and the session's cancel() end every wait of it.
 */

#include <glib/gi18n-lib.h>
#include <gst/video/video.h>

#include "base/potoo-log.h"
#include "media/potoo-camera-track.h"
#include "media/potoo-rtsp-failure.h"
#include "media/potoo-rtsp-source-private.h"
#include "media/potoo-track-format.h"

G_DEFINE_FINAL_TYPE (PotooRtspSource, potoo_rtsp_source, GST_TYPE_ELEMENT)

enum
{
  ON_SDP,
  SELECT_STREAM,
  ACCEPT_CERTIFICATE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "stream_%u",
    GST_PAD_SRC,
    GST_PAD_SOMETIMES,
    GST_STATIC_CAPS ("application/x-rtp"));

/* --- streams and their pads --- */

static gboolean
on_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PotooRtspSource *self = POTOO_RTSP_SOURCE (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_UPSTREAM &&
      gst_video_event_is_force_key_unit (event))
    g_atomic_int_set (&self->want_keyframe, TRUE);
  gst_event_unref (event);
  return TRUE;
}

static GstCaps *
make_caps (const GstSDPMessage *sdp, const GstSDPMedia *media, int *payload_type)
{
  if (gst_sdp_media_formats_len (media) == 0)
    return NULL;
  *payload_type = (int) g_ascii_strtoll (gst_sdp_media_get_format (media, 0), NULL, 10);
  g_autoptr (GstCaps) caps = gst_sdp_media_get_caps_from_media (media, *payload_type);
  if (caps == NULL || gst_caps_get_size (caps) == 0)
    return NULL;
  gst_structure_set_name (gst_caps_get_structure (caps, 0), "application/x-rtp");
  gst_sdp_message_attributes_to_caps (sdp, caps);
  gst_sdp_media_attributes_to_caps (media, caps);
  potoo_track_complete_caps (caps, *payload_type);
  return g_steal_pointer (&caps);
}

static void
add_pad (PotooRtspSource *self, PotooRtspStream *stream, GstCaps *caps)
{
  g_autofree char *name = g_strdup_printf ("stream_%u", stream->number);
  GstSegment segment;

  stream->pad = gst_pad_new_from_static_template (&src_template, name);
  g_autofree char *id = gst_pad_create_stream_id (stream->pad, GST_ELEMENT (self), name);
  gst_pad_set_event_function (stream->pad, on_src_event);
  gst_pad_use_fixed_caps (stream->pad);
  gst_pad_set_active (stream->pad, TRUE);
  gst_pad_push_event (stream->pad, gst_event_new_stream_start (id));
  gst_pad_push_event (stream->pad, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (stream->pad, gst_event_new_segment (&segment));
  gst_element_add_pad (GST_ELEMENT (self), stream->pad);
}

/* Asks for it over the channels or ports that it is to have, and takes what the camera answers. */
static gboolean
set_up_transport (PotooRtspSource *self,
                  PotooRtspStream *stream,
                  const GstSDPMedia *media,
                  GError **error)
{
  g_auto (PotooRtspTransport) transport = { .udp = self->udp, .first = 2 * self->n_streams };

  if (self->udp)
    {
      g_autoptr (GInetSocketAddress) camera = potoo_rtsp_session_get_camera (self->session, error);
      if (camera == NULL || (stream->ports = potoo_udp_ports_new (camera, error)) == NULL)
        return FALSE;
      potoo_udp_ports_set_metrics (stream->ports, self->refused, self->overrun);
      transport.first = potoo_udp_ports_get_port (stream->ports);
    }
  if (!potoo_rtsp_session_set_up (self->session, media, &transport, error))
    return FALSE;
  if (self->udp)
    potoo_udp_ports_set_camera (stream->ports, &transport);
  else
    stream->channel = transport.first;
  return TRUE;
}

/* 0: it is not said. */
static guint
get_clock_rate (GstCaps *caps)
{
  int rate = 0;

  gst_structure_get_int (gst_caps_get_structure (caps, 0), "clock-rate", &rate);
  return (guint) MAX (rate, 0);
}

/* Takes @stream, which could not be set up, back. Video goes on without sound that the camera
 * refuses; FALSE with @error: it is video, or the connection is of no use. */
static gboolean
leave_out (PotooRtspSource *self, PotooRtspStream *stream, GError *failure, GError **error)
{
  potoo_rtsp_stream_clear (stream);
  if (stream->is_video || !potoo_rtsp_failure_is_answer (failure))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  potoo_log_debug (potoo_camera_settings_get_id (self->settings), "The sound is refused: %s",
                   failure->message);
  potoo_post_reason (GST_ELEMENT (self), POTOO_MESSAGE_NO_SOUND,
                     _ ("The sound is left out: the camera refuses to send it"));
  g_error_free (failure);
  return TRUE;
}

/* FALSE with @error: the connection is of no use. */
static gboolean
set_up_stream (PotooRtspSource *self, const GstSDPMessage *sdp, guint number, GError **error)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (sdp, number);
  PotooRtspStream *stream = &self->streams[self->n_streams];
  gboolean wanted = FALSE;
  GError *failure = NULL;

  *stream = (PotooRtspStream){
    .number = number,
    .report = self->report,
    .report_data = self->report_data,
    .is_video = g_strcmp0 (gst_sdp_media_get_media (media), "video") == 0,
  };
  g_autoptr (GstCaps) caps = make_caps (sdp, media, &stream->payload_type);
  if (caps != NULL)
    g_signal_emit (self, signals[SELECT_STREAM], 0, number, caps, &wanted);
  if (!wanted)
    return TRUE;
  if (!set_up_transport (self, stream, media, &failure))
    return leave_out (self, stream, failure, error);
  potoo_rtcp_receiver_init (&stream->rtcp, get_clock_rate (caps));
  add_pad (self, stream, caps);
  self->n_streams++;
  return TRUE;
}

/* --- the thread --- */

static gboolean
open_streams (PotooRtspSource *self, GError **error)
{
  g_autoptr (GstSDPMessage) sdp = potoo_rtsp_session_describe (self->session, error);

  if (sdp == NULL)
    return FALSE;
  g_signal_emit (self, signals[ON_SDP], 0, sdp);
  guint n = MIN (gst_sdp_message_medias_len (sdp), POTOO_MAX_SDP_MEDIA);
  for (guint i = 0; i < n && self->n_streams < POTOO_RTSP_MAX_STREAMS; i++)
    if (!set_up_stream (self, sdp, i, error))
      return FALSE;
  gst_element_no_more_pads (GST_ELEMENT (self));
  return potoo_rtsp_session_play (self->session, potoo_rtsp_source_take_packet, self, error);
}

static void
post_error (PotooRtspSource *self, GError *error)
{
  gst_element_post_message (GST_ELEMENT (self),
                            gst_message_new_error (GST_OBJECT (self), error, NULL));
}

static void
end_streams (PotooRtspSource *self)
{
  for (guint i = 0; i < self->n_streams; i++)
    gst_pad_push_event (self->streams[i].pad, gst_event_new_eos ());
}

static gpointer
run (gpointer user_data)
{
  PotooRtspSource *self = user_data;
  g_autoptr (GError) error = NULL;

  if (open_streams (self, &error))
    potoo_rtsp_source_read (self, &error);
  if (!potoo_rtsp_source_is_stopping (self))
    {
      if (error != NULL)
        post_error (self, error);
      /* What parsers still hold comes out. */
      end_streams (self);
    }
  potoo_rtsp_session_close (self->session);
  return NULL;
}

static gboolean
on_accept_certificate (GTlsConnection *connection,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags flaws,
                       gpointer user_data)
{
  gboolean accepted = FALSE;

  g_signal_emit (user_data, signals[ACCEPT_CERTIFICATE], 0, connection, certificate, flaws,
                 &accepted);
  return accepted;
}

/* On a machine at its limit of threads this camera waits, and nothing else does. */
static void
start (PotooRtspSource *self)
{
  g_autoptr (GError) error = NULL;

  self->session = potoo_rtsp_session_new (self->settings, on_accept_certificate, self);
  self->reader = potoo_interleaved_reader_new (2 * POTOO_RTSP_MAX_STREAMS);
  self->unconnected = FALSE;
  self->stopping = FALSE;
  self->thread = g_thread_try_new ("rtsp-source", run, self, &error);
  if (self->thread == NULL)
    post_error (self, error);
}

static void
stop (PotooRtspSource *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  for (guint i = 0; i < self->n_streams; i++)
    {
      potoo_rtsp_stream_clear (&self->streams[i]);
      gst_element_remove_pad (GST_ELEMENT (self), self->streams[i].pad);
    }
  self->n_streams = 0;
  g_clear_pointer (&self->session, potoo_rtsp_session_free);
  g_clear_pointer (&self->reader, potoo_interleaved_reader_free);
}

/* --- the element --- */

static GstStateChangeReturn
potoo_rtsp_source_change_state (GstElement *element, GstStateChange transition)
{
  PotooRtspSource *self = POTOO_RTSP_SOURCE (element);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY && self->session != NULL)
    {
      g_atomic_int_set (&self->stopping, TRUE);
      potoo_rtsp_session_cancel (self->session);
    }
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (potoo_rtsp_source_parent_class)->change_state (element, transition);
  if (result == GST_STATE_CHANGE_FAILURE)
    return result;
  switch (transition)
    {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      start (self);
      return GST_STATE_CHANGE_NO_PREROLL;
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      return GST_STATE_CHANGE_NO_PREROLL;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      stop (self);
      return result;
    default:
      return result;
    }
}

static void
make_metrics (PotooRtspSource *self, const char *camera, const char *stream)
{
  self->refused = potoo_metric_new_counter (
      "potoo_stream_packets_refused_total",
      "Datagrams to the UDP ports of a stream that were not its camera's, or too long.", "camera",
      camera, "stream", stream, NULL);
  self->overrun = potoo_metric_new_counter (
      "potoo_stream_packets_overrun_total",
      "Datagrams to the UDP ports of a stream that found the kernel's buffer full.", "camera",
      camera, "stream", stream, NULL);
}

GstElement *
potoo_rtsp_source_new (PotooCameraSettings *settings,
                       const char *stream,
                       gboolean udp,
                       PotooSenderReportFunc report,
                       gpointer user_data)
{
  PotooRtspSource *self = g_object_new (POTOO_TYPE_RTSP_SOURCE, NULL);
  self->settings = potoo_camera_settings_ref (settings);
  self->report = report;
  self->report_data = user_data;
  self->udp = udp;
  if (udp)
    make_metrics (self, potoo_camera_settings_get_id (settings), stream);
  return GST_ELEMENT (self);
}

static void
potoo_rtsp_source_finalize (GObject *object)
{
  PotooRtspSource *self = POTOO_RTSP_SOURCE (object);

  g_clear_pointer (&self->settings, potoo_camera_settings_unref);
  g_clear_pointer (&self->refused, potoo_metric_unref);
  g_clear_pointer (&self->overrun, potoo_metric_unref);
  G_OBJECT_CLASS (potoo_rtsp_source_parent_class)->finalize (object);
}

static guint
add_signal (PotooRtspSourceClass *klass, const char *name, GType result, guint n, ...)
{
  va_list types;

  va_start (types, n);
  guint id = g_signal_new_valist (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, NULL, NULL,
                                  NULL, NULL, result, n, types);
  va_end (types);
  return id;
}

static void
potoo_rtsp_source_class_init (PotooRtspSourceClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = potoo_rtsp_source_finalize;
  element_class->change_state = potoo_rtsp_source_change_state;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "RTSP", "Source/Network",
                                         "Receives what an RTSP camera sends", "Potoo");
  signals[ON_SDP] = add_signal (klass, "on-sdp", G_TYPE_NONE, 1, GST_TYPE_SDP_MESSAGE);
  signals[SELECT_STREAM] = add_signal (klass, "select-stream", G_TYPE_BOOLEAN, 2, G_TYPE_UINT,
                                       GST_TYPE_CAPS);
  signals[ACCEPT_CERTIFICATE] = add_signal (klass, "accept-certificate", G_TYPE_BOOLEAN, 3,
                                            G_TYPE_TLS_CONNECTION, G_TYPE_TLS_CERTIFICATE,
                                            G_TYPE_TLS_CERTIFICATE_FLAGS);
}

static void
potoo_rtsp_source_init (PotooRtspSource *self)
{
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
