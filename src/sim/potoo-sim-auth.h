/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-camera.h"

G_BEGIN_DECLS

/* The gate that every RTSP request passes. It knows from the request's path
 * which camera is meant, applies the faults that concern requests, and asks
 * for digest credentials (RFC 2617, realm POTOO_SIM_REALM) where the camera has them. Threads of
 * gst-rtsp-server. */
#define POTOO_TYPE_SIM_AUTH (potoo_sim_auth_get_type ())
G_DECLARE_FINAL_TYPE (PotooSimAuth, potoo_sim_auth, POTOO, SIM_AUTH, GstRTSPAuth)

/* @cameras: id → PotooSimCamera; not owned, not changed while serving. */
PotooSimAuth *potoo_sim_auth_new (GHashTable *cameras);

G_END_DECLS
