/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "config/potoo-camera-settings.h"
#include "media/potoo-rtcp.h"

G_BEGIN_DECLS

/**
 * PotooRtspSource:
 *
 * A source element for RTSP cameras: one thread that reads the connection, or the UDP ports, and
 * pushes what they bring, several packets at a time, straight into the depayloaders. Packets on a
 * TCP connection come in order and complete, so there is no jitter buffer, no queue and no second
 * thread; over UDP a small window puts them in order (PotooReorderWindow).
 *
 * It has `stream_%u` pads of application/x-rtp; it posts error messages, and sends EOS when the
 * camera ends the stream: when it closes the connection and, over UDP, nothing more comes. An
 * upstream force-key-unit event asks the camera for a keyframe. Signals, all from its thread:
 *
 *   on-sdp (GstSDPMessage): what the camera offers
 *   select-stream (guint number, GstCaps caps) → gboolean: whether to take it
 *   accept-certificate (GTlsConnection, GTlsCertificate, GTlsCertificateFlags) → gboolean
 */
#define POTOO_TYPE_RTSP_SOURCE (potoo_rtsp_source_get_type ())
G_DECLARE_FINAL_TYPE (PotooRtspSource, potoo_rtsp_source, POTOO, RTSP_SOURCE, GstElement)

/* @stream: of the camera, for its metrics; @udp: RTP comes over UDP, else over TCP; @report gets
 * what sender reports say. (transfer floating) */
GstElement *potoo_rtsp_source_new (PotooCameraSettings *settings,
                                   const char *stream,
                                   gboolean udp,
                                   PotooSenderReportFunc report,
                                   gpointer user_data);

G_END_DECLS
