/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What goes on while a camera plays: what comes is read, put in order and pushed, and
 * reports tell the camera that somebody is there. Over TCP all comes on the connection. Over UDP
 * that serves to keep the session alive, and to see that the camera is gone; one that closes it
 * while media goes on has not ended the stream (RFC 2326, 1.3). In the source's thread.
 */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "media/potoo-rtsp-source-private.h"

#define READ_TIMEOUT_S 2
#define REPORT_INTERVAL_US (5 * POTOO_SECOND_US)
/* Over UDP: until the first packet; and, once the connection is closed, of silence. */
#define FIRST_PACKET_TIMEOUT_US (5 * POTOO_SECOND_US)
#define END_TIMEOUT_US (2 * POTOO_SECOND_US)
/* Then how soon it is seen that all is to stop. */
#define UNCONNECTED_POLL_US (POTOO_SECOND_US / 10)

/* --- packets --- */

void
potoo_rtsp_source_take_packet (guint8 channel, const guint8 *data, gsize length, gpointer user_data)
{
  PotooRtspSource *self = user_data;

  for (guint i = 0; i < self->n_streams && !self->udp; i++)
    if (self->streams[i].channel == channel)
      potoo_rtsp_stream_take_rtp (&self->streams[i], data, length);
    else if (self->streams[i].channel + 1 == channel)
      potoo_rtsp_stream_take_rtcp (&self->streams[i], data, length);
}

static gboolean
push_packets (PotooRtspSource *self)
{
  for (guint i = 0; i < self->n_streams; i++)
    if (!potoo_rtsp_stream_push (&self->streams[i]))
      return FALSE;
  return TRUE;
}

static void
take_items (PotooRtspSource *self)
{
  PotooInterleavedItem item;

  while (potoo_interleaved_reader_next (self->reader, &item))
    if (item.is_packet)
      potoo_rtsp_source_take_packet (item.channel, item.data, item.length, self);
    else
      potoo_rtsp_session_take_message (self->session, item.data, item.length);
}

/* --- what we send --- */

static gboolean
send_report (PotooRtspSource *self, PotooRtspStream *stream, GBytes *report)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (report, &length);

  if (!self->udp)
    return potoo_rtsp_session_send_packet (self->session, stream->channel + 1, report);
  potoo_udp_ports_send (stream->ports, POTOO_UDP_RTCP, data, length);
  return TRUE;
}

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
      PotooRtspStream *stream = &self->streams[i];
      g_autoptr (GBytes)
          report = potoo_rtcp_receiver_make_report (&stream->rtcp, now_us, want_keyframe);
      if (report != NULL && !send_report (self, stream, report))
        return FALSE;
    }
  return self->unconnected || potoo_rtsp_session_keep_alive (self->session);
}

/* --- over TCP --- */

/* FALSE at the end of what comes on the connection; then @error may be set. */
static gboolean
read_connection (PotooRtspSource *self, GError **error)
{
  g_autoptr (GError) failed = NULL;
  gsize space;
  guint8 *data = potoo_interleaved_reader_get_space (self->reader, &space);
  gssize n = potoo_rtsp_session_read (self->session, data, space, READ_TIMEOUT_S, &failed);

  if (n == 0)
    return FALSE;
  if (n < 0 && !g_error_matches (failed, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, failed->message);
      return FALSE;
    }
  potoo_interleaved_reader_add (self->reader, (gsize) MAX (n, 0));
  take_items (self);
  return TRUE;
}

static void
read_interleaved (PotooRtspSource *self, GError **error)
{
  while (push_packets (self) && !potoo_rtsp_source_is_stopping (self) &&
         read_connection (self, error) && push_packets (self))
    if (!send_reports (self))
      {
        g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                             "Cannot write to the camera");
        return;
      }
}

/* --- over UDP --- */

static gint64
get_wake_us (PotooRtspSource *self, gint64 now_us)
{
  gint64 wake_us = now_us +
                   (self->unconnected ? UNCONNECTED_POLL_US : READ_TIMEOUT_S * POTOO_SECOND_US);

  for (guint i = 0; i < self->n_streams; i++)
    wake_us = MIN (wake_us, potoo_reorder_window_get_deadline_us (&self->streams[i].window));
  return wake_us;
}

/* Until something comes, or is to be done. TRUE when the connection is to be read. */
static gboolean
wait_for_datagrams (PotooRtspSource *self)
{
  GPollFD fds[1 + POTOO_RTSP_MAX_STREAMS * POTOO_UDP_N_PORTS];
  gint64 now_us = potoo_clock_mono_us ();
  gint64 wait_us = MAX (get_wake_us (self, now_us) - now_us, 0);
  guint n = 0;

  for (guint i = 0; i < self->n_streams; i++)
    for (guint port = 0; port < POTOO_UDP_N_PORTS; port++)
      fds[n++] = (GPollFD){
        g_socket_get_fd (potoo_udp_ports_get_socket (self->streams[i].ports, port)), G_IO_IN, 0
      };
  if (!self->unconnected)
    fds[n++] = (GPollFD){ g_socket_get_fd (potoo_rtsp_session_get_socket (self->session)), G_IO_IN,
                          0 };
  g_poll (fds, n, (int) (wait_us / 1000) + 1);
  return !self->unconnected && fds[n - 1].revents != 0;
}

/* Whether no more is to be waited for; @error is set when nothing ever came. */
static gboolean
is_silent (PotooRtspSource *self, GError **error)
{
  gint64 now_us = potoo_clock_mono_us (), heard_us = 0;

  for (guint i = 0; i < self->n_streams; i++)
    heard_us = MAX (heard_us, self->streams[i].heard_us);
  if (self->unconnected && now_us - MAX (heard_us, self->played_us) >= END_TIMEOUT_US)
    return TRUE;
  if (heard_us != 0 || now_us - self->played_us < FIRST_PACKET_TIMEOUT_US)
    return FALSE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_TIMEOUT,
                       _ ("Nothing arrives of what the camera sends over UDP: let it through the "
                          "firewall, or set transport to tcp"));
  return TRUE;
}

static void
read_datagrams (PotooRtspSource *self, GError **error)
{
  self->played_us = potoo_clock_mono_us ();
  while (!potoo_rtsp_source_is_stopping (self) && !is_silent (self, error))
    {
      if (wait_for_datagrams (self) && !read_connection (self, NULL))
        self->unconnected = TRUE;
      for (guint i = 0; i < self->n_streams; i++)
        potoo_rtsp_stream_receive (&self->streams[i]);
      if (!push_packets (self))
        return;
      if (!send_reports (self))
        self->unconnected = TRUE;
    }
}

void
potoo_rtsp_source_read (PotooRtspSource *self, GError **error)
{
  if (self->udp)
    read_datagrams (self, error);
  else
    read_interleaved (self, error);
}
