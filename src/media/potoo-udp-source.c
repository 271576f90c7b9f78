/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-udp-source.h"

#include <glib/gi18n-lib.h>
#include <gst/rtp/rtp.h>
#include <gst/rtsp/rtsp.h>

#include "base/potoo-error.h"
#include "media/potoo-rtsp-failure.h"

#define CONNECT_TIMEOUT_US (5 * 1000 * 1000)
#define SILENCE_TIMEOUT_US (5 * 1000 * 1000)
/* How long a lost packet is waited for. Packets in order do not wait. */
#define REORDER_TIMEOUT_MS 200
/* With and without credentials, for each of a few redirects. */
#define MAX_DESCRIBES 10
#define BUFFER_BYTES (2 * 1024 * 1024) /* a burst of a keyframe */
/* Of a track, by their SSRC, which anyone can make up: each gets a jitter buffer and two threads. A
 * camera has one, and takes another when it begins anew. */
#define MAX_SENDERS 16

/* Who wants to know of the reports of a stream. */
typedef struct
{
  guint number;
  PotooSenderReportFunc func;
  gpointer user_data;
} Report;

static void
free_report (gpointer report, GClosure *closure)
{
  g_free (report);
}

/* @sync: what the jitter buffer makes of an RTCP sender report of the stream. */
static void
on_sync (GstElement *jitter_buffer, GstStructure *sync, gpointer user_data)
{
  const Report *report = user_data;
  const GValue *value = gst_structure_get_value (sync, "sr-buffer");
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint64 ntp = 0;
  guint32 rtp_time = 0;

  if (value == NULL || !gst_rtcp_buffer_map (gst_value_get_buffer (value), GST_MAP_READ, &rtcp))
    return;
  if (gst_rtcp_buffer_get_first_packet (&rtcp, &packet) &&
      gst_rtcp_packet_get_type (&packet) == GST_RTCP_TYPE_SR)
    gst_rtcp_packet_sr_get_sender_info (&packet, NULL, &ntp, &rtp_time, NULL, NULL);
  gst_rtcp_buffer_unmap (&rtcp);
  if (ntp != 0)
    report->func (report->number, rtp_time, gst_rtcp_ntp_to_unix (ntp), report->user_data);
}

static void
on_new_jitter_buffer (GstElement *rtpbin,
                      GstElement *jitter_buffer,
                      guint session,
                      guint ssrc,
                      gpointer user_data)
{
  Report *report = g_memdup2 (user_data, sizeof *report);

  /* Else a stream whose first sequence number nobody told would be held back by
   * the whole latency once, at its start. */
  g_object_set (jitter_buffer, "faststart-min-packets", 1, NULL);
  report->number = session;
  g_signal_connect_data (jitter_buffer, "handle-sync", G_CALLBACK (on_sync), report, free_report,
                         0);
}

static void
on_new_manager (GstElement *source, GstElement *rtpbin, gpointer user_data)
{
  g_object_set (rtpbin, "max-streams", MAX_SENDERS, NULL);
  g_signal_connect_data (rtpbin, "new-jitterbuffer", G_CALLBACK (on_new_jitter_buffer),
                         g_memdup2 (user_data, sizeof (Report)), free_report, 0);
}

/* --- redirects --- */

typedef struct
{
  char *url;
  guint n_describes;
} Way;

static void
free_way (gpointer user_data, GClosure *closure)
{
  Way *way = user_data;

  g_free (way->url);
  g_free (way);
}

static gboolean
check_way (Way *way, const char *location, GstRTSPMessage *request, GError **error)
{
  GstRTSPMethod method = GST_RTSP_INVALID;

  if (!potoo_rtsp_check_redirect (way->url, location, error))
    return FALSE;
  gst_rtsp_message_parse_request (request, &method, NULL, NULL);
  if (method != GST_RTSP_DESCRIBE || ++way->n_describes <= MAX_DESCRIBES)
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNREACHABLE,
                       _ ("The camera sends us on in a circle"));
  return FALSE;
}

/* rtspsrc follows a redirect to anywhere, as often as one comes, and takes the password with
 * it: `location` is where it went. Its thread. */
static gboolean
on_before_send (GstElement *source, GstRTSPMessage *request, gpointer user_data)
{
  g_autofree char *location = NULL;
  g_autoptr (GError) error = NULL;

  g_object_get (source, "location", &location, NULL);
  if (check_way (user_data, location, request, &error))
    return TRUE;
  gst_element_post_message (source, gst_message_new_error (GST_OBJECT (source), error, NULL));
  return FALSE;
}

GstElement *
potoo_udp_source_new (PotooCameraSettings *settings, PotooSenderReportFunc func, gpointer user_data)
{
  GstElement *source = gst_element_factory_make ("rtspsrc", NULL);
  const Report report = { .func = func, .user_data = user_data };

  if (source == NULL)
    return NULL;
  g_object_set (source, "location", potoo_camera_settings_get_url (settings), "protocols",
                GST_RTSP_LOWER_TRANS_UDP, "latency", REORDER_TIMEOUT_MS, "tcp-timeout",
                (guint64) CONNECT_TIMEOUT_US, "timeout", (guint64) SILENCE_TIMEOUT_US,
                "do-retransmission", TRUE, "udp-buffer-size", BUFFER_BYTES, "user-agent",
                "Potoo/" PACKAGE_VERSION, NULL);
  if (potoo_camera_settings_get_username (settings) != NULL)
    g_object_set (source, "user-id", potoo_camera_settings_get_username (settings), "user-pw",
                  potoo_camera_settings_get_password (settings), NULL);
  if (!potoo_camera_settings_get_tls_verify (settings))
    g_object_set (source, "tls-validation-flags", 0, NULL);
  Way *way = g_new0 (Way, 1);
  way->url = g_strdup (potoo_camera_settings_get_url (settings));
  g_signal_connect_data (source, "before-send", G_CALLBACK (on_before_send), way, free_way, 0);
  g_signal_connect_data (source, "new-manager", G_CALLBACK (on_new_manager),
                         g_memdup2 (&report, sizeof report), free_report, 0);
  return source;
}
