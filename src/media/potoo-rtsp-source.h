/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

/**
 * PotooRtspSource:
 *
 * A source element for cameras that send RTP over TCP: one thread that reads the
 * connection and pushes what it brings, several packets at a time, straight into the
 * depayloaders. Packets on a TCP connection come in order and complete, so there is no jitter
 * buffer, no queue and no second thread. rtspsrc is for all else.
 *
 * It shows itself like rtspsrc: `stream_%u` pads of application/x-rtp, error messages on the bus,
 * EOS when the camera closes the connection, an upstream force-key-unit
 * event asks the camera for a keyframe; and these signals, all from its thread:
 *
 *   on-sdp (GstSDPMessage): what the camera offers
 *   select-stream (guint number, GstCaps caps) → gboolean: whether to take it
 *   accept-certificate (GTlsConnection, GTlsCertificate, GTlsCertificateFlags) → gboolean
 */
#define POTOO_TYPE_RTSP_SOURCE (potoo_rtsp_source_get_type ())
G_DECLARE_FINAL_TYPE (PotooRtspSource, potoo_rtsp_source, POTOO, RTSP_SOURCE, GstElement)

/* A sender report of the media @number of the SDP: at @rtp_time the camera's clock said @ntp_ns
 * (since 1970). In a streaming thread. */
typedef void (*PotooSenderReportFunc) (guint number,
                                       guint32 rtp_time,
                                       GstClockTime ntp_ns,
                                       gpointer user_data);

/* (transfer floating) */
GstElement *potoo_rtsp_source_new (PotooCameraSettings *settings,
                                   PotooSenderReportFunc report,
                                   gpointer user_data);

G_END_DECLS
