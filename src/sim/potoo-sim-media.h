/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "sim/potoo-sim-outlet.h"

G_BEGIN_DECLS

/* What gst-rtsp-server makes when a camera's stream is asked for: payloaders
 * fed by outlets, for each client its own: a track that the first client leaves out would be broken
 * for all that share it. Running time is CLOCK_MONOTONIC, so RTP time goes on from one media to the
 * next. */
#define POTOO_TYPE_SIM_MEDIA (potoo_sim_media_get_type ())
G_DECLARE_FINAL_TYPE (PotooSimMedia, potoo_sim_media, POTOO, SIM_MEDIA, GstRTSPMedia)

#define POTOO_SIM_MAX_TRACKS 2

/* What is not to be in the SDP, and what is beside. */
void potoo_sim_media_set_options (PotooSimMedia *media, const PotooSimCameraOptions *options);

/* Before the media is prepared. @track: index of the stream; @outlet:
 * (transfer full) */
void potoo_sim_media_set_outlet (PotooSimMedia *media, guint track, PotooSimOutlet *outlet);

G_END_DECLS
