/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-rtsp-source.h"

G_BEGIN_DECLS

/* rtspsrc for a camera that sends RTP over UDP, with the signals that PotooRtspSource has;
 * @report gets what sender reports say, in a streaming thread. NULL when it is not installed.
 * (transfer floating) (nullable) */
GstElement *potoo_udp_source_new (PotooCameraSettings *settings,
                                  PotooSenderReportFunc report,
                                  gpointer user_data);

G_END_DECLS
