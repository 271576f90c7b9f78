/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The thread lives from READY to PAUSED and back: describe, set up, play, then
 * read until something ends it. What one read brings is pushed as one list for each pad.
 * `stopping` and the session's cancel() end every wait of it.
 */

#include "media/potoo-rtsp-source.h"

#include <glib/gi18n-lib.h>
#include <gst/sdp/sdp.h>
#include <gst/video/video.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "media/potoo-interleaved-reader.h"
#include "media/potoo-rtcp.h"
#include "media/potoo-rtsp-failure.h"
#include "media/potoo-rtsp-session.h"
#include "media/potoo-track-format.h"

#define MAX_STREAMS 4
#define READ_TIMEOUT_S 2
#define REPORT_INTERVAL_US (5 * 1000 * 1000)

typedef struct
{
  guint number;  /* of the media in the SDP */
  guint channel; /* of RTP; RTCP has the next one */
  int payload_type;
  gboolean is_video, failed;
  GstPad *pad;
  GstBufferList *packets; /* (nullable) not pushed yet */
  PotooRtcpReceiver rtcp;
} Stream;

struct _PotooRtspSource
{
  GstElement parent_instance;

  PotooCameraSettings *settings;
  PotooSenderReportFunc report;
  gpointer report_data;
  PotooRtspSession *session; /* from READY to PAUSED and back */
  GThread *thread;
  gint stopping;      /* atomic */
  gint want_keyframe; /* atomic */

  /* the thread's */
  Stream streams[MAX_STREAMS];
  guint n_streams;
  PotooInterleavedReader *reader;
  gint64 report_us;
};

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

static gboolean
is_stopping (PotooRtspSource *self)
{
  return g_atomic_int_get (&self->stopping) != 0;
}

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
add_pad (PotooRtspSource *self, Stream *stream, GstCaps *caps)
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

/* FALSE with @error: the connection is of no use. */
static gboolean
set_up_stream (PotooRtspSource *self, const GstSDPMessage *sdp, guint number, GError **error)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (sdp, number);
  Stream stream = { .number = number, .channel = 2 * self->n_streams };
  g_autoptr (GstCaps) caps = make_caps (sdp, media, &stream.payload_type);
  gboolean wanted = FALSE;

  if (caps != NULL)
    g_signal_emit (self, signals[SELECT_STREAM], 0, number, caps, &wanted);
  if (!wanted)
    return TRUE;
  if (!potoo_rtsp_session_set_up (self->session, media, &stream.channel, error))
    return FALSE;
  stream.is_video = g_strcmp0 (gst_sdp_media_get_media (media), "video") == 0;
  potoo_rtcp_receiver_init (&stream.rtcp);
  add_pad (self, &stream, caps);
  self->streams[self->n_streams++] = stream;
  return TRUE;
}

static Stream *
find_stream (PotooRtspSource *self, guint channel, gboolean *is_rtcp)
{
  for (guint i = 0; i < self->n_streams; i++)
    if (self->streams[i].channel == channel || self->streams[i].channel + 1 == channel)
      {
        *is_rtcp = self->streams[i].channel != channel;
        return &self->streams[i];
      }
  return NULL;
}

/* --- packets --- */

static void
take_rtp (Stream *stream, const guint8 *data, gsize length)
{
  if (!potoo_rtcp_receiver_take_packet (&stream->rtcp, data, length) ||
      (data[1] & 0x7f) != stream->payload_type || stream->failed)
    return;
  if (stream->packets == NULL)
    stream->packets = gst_buffer_list_new ();
  gst_buffer_list_add (stream->packets, gst_buffer_new_memdup (data, length));
}

static void
take_rtcp (PotooRtspSource *self, Stream *stream, const guint8 *data, gsize length)
{
  guint32 rtp_time = 0;
  GstClockTime ntp_ns = 0;

  if (potoo_rtcp_receiver_take_rtcp (&stream->rtcp, data, length, potoo_clock_mono_us (), &rtp_time,
                                     &ntp_ns))
    self->report (stream->number, rtp_time, ntp_ns, self->report_data);
}

static void
take_packet (guint8 channel, const guint8 *data, gsize length, gpointer user_data)
{
  PotooRtspSource *self = user_data;
  gboolean is_rtcp = FALSE;
  Stream *stream = find_stream (self, channel, &is_rtcp);

  if (stream == NULL)
    return;
  if (is_rtcp)
    take_rtcp (self, stream, data, length);
  else
    take_rtp (stream, data, length);
}

/* FALSE when an element behind has failed and said so, or everything stops. Other streams go on
 * when one of sound has failed. */
static gboolean
push_stream (Stream *stream)
{
  GstFlowReturn flow = gst_pad_push_list (stream->pad, g_steal_pointer (&stream->packets));

  if (flow == GST_FLOW_OK || flow == GST_FLOW_NOT_LINKED || flow == GST_FLOW_EOS)
    return TRUE;
  stream->failed = TRUE;
  return !stream->is_video && flow != GST_FLOW_FLUSHING;
}

static gboolean
push_packets (PotooRtspSource *self)
{
  for (guint i = 0; i < self->n_streams; i++)
    if (self->streams[i].packets != NULL && !push_stream (&self->streams[i]))
      return FALSE;
  return TRUE;
}

static gboolean
take_items (PotooRtspSource *self)
{
  PotooInterleavedItem item;

  while (potoo_interleaved_reader_next (self->reader, &item))
    if (item.is_packet)
      take_packet (item.channel, item.data, item.length, self);
    else
      potoo_rtsp_session_take_message (self->session, item.data, item.length);
  return push_packets (self);
}

/* --- what we send --- */

static gboolean
send_reports (PotooRtspSource *self)
{
  gboolean want_keyframe = g_atomic_int_exchange (&self->want_keyframe, FALSE);
  gint64 now_us = potoo_clock_mono_us ();

  if (!want_keyframe && now_us < self->report_us)
    return TRUE;
  self->report_us = now_us + REPORT_INTERVAL_US;
  for (guint i = 0; i < self->n_streams; i++)
    {
      Stream *stream = &self->streams[i];
      g_autoptr (GBytes)
          report = potoo_rtcp_receiver_make_report (&stream->rtcp, now_us, want_keyframe);
      if (report != NULL &&
          !potoo_rtsp_session_send_packet (self->session, stream->channel + 1, report))
        return FALSE;
    }
  return potoo_rtsp_session_keep_alive (self->session);
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
  for (guint i = 0; i < n && self->n_streams < MAX_STREAMS; i++)
    if (!set_up_stream (self, sdp, i, error))
      return FALSE;
  gst_element_no_more_pads (GST_ELEMENT (self));
  return potoo_rtsp_session_play (self->session, take_packet, self, error);
}

/* Returns at the end of the stream (TRUE), on an error, or when everything stops. */
static gboolean
read_stream (PotooRtspSource *self, GError **error)
{
  while (push_packets (self) && !is_stopping (self))
    {
      g_autoptr (GError) failed = NULL;
      gsize space;
      guint8 *data = potoo_interleaved_reader_get_space (self->reader, &space);
      gssize n = potoo_rtsp_session_read (self->session, data, space, READ_TIMEOUT_S, &failed);
      if (n == 0)
        return TRUE;
      if (n < 0 && !g_error_matches (failed, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, failed->message);
          return FALSE;
        }
      potoo_interleaved_reader_add (self->reader, (gsize) MAX (n, 0));
      if (!take_items (self))
        return FALSE;
      if (!send_reports (self))
        {
          g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                               "Cannot write to the camera");
          return FALSE;
        }
    }
  return FALSE;
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
    read_stream (self, &error);
  if (!is_stopping (self))
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

static void
start (PotooRtspSource *self)
{
  self->session = potoo_rtsp_session_new (self->settings, on_accept_certificate, self);
  self->reader = potoo_interleaved_reader_new (2 * MAX_STREAMS);
  self->stopping = FALSE;
  self->thread = g_thread_new ("rtsp-source", run, self);
}

static void
stop (PotooRtspSource *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  for (guint i = 0; i < self->n_streams; i++)
    {
      g_clear_pointer (&self->streams[i].packets, gst_buffer_list_unref);
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

GstElement *
potoo_rtsp_source_new (PotooCameraSettings *settings,
                       PotooSenderReportFunc report,
                       gpointer user_data)
{
  PotooRtspSource *self = g_object_new (POTOO_TYPE_RTSP_SOURCE, NULL);
  self->settings = potoo_camera_settings_ref (settings);
  self->report = report;
  self->report_data = user_data;
  return GST_ELEMENT (self);
}

static void
potoo_rtsp_source_finalize (GObject *object)
{
  PotooRtspSource *self = POTOO_RTSP_SOURCE (object);

  g_clear_pointer (&self->settings, potoo_camera_settings_unref);
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
  gst_element_class_set_static_metadata (element_class, "RTSP over TCP", "Source/Network",
                                         "Receives RTP interleaved in an RTSP connection", "Potoo");
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
