/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-camera.h"
#include "sim/potoo-sim-pacer.h"

G_BEGIN_DECLS

/* Makes the media of one stream of a camera when it is asked for. */
#define POTOO_TYPE_SIM_FACTORY (potoo_sim_factory_get_type ())
G_DECLARE_FINAL_TYPE (PotooSimFactory, potoo_sim_factory, POTOO, SIM_FACTORY, GstRTSPMediaFactory)

/* @video: main (with the camera's audio) or sub. Camera and pacer outlive all media. */
GstRTSPMediaFactory *
potoo_sim_factory_new (PotooSimCamera *camera, PotooSimFeedId video, PotooSimPacer *pacer);

G_END_DECLS
