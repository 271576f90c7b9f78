/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/app/app.h>

#include "sim/potoo-sim-camera.h"
#include "sim/potoo-sim-pacer.h"

G_BEGIN_DECLS

/**
 * PotooSimOutlet:
 *
 * One feed flowing into one track of one RTSP media: it gives the appsrc each
 * unit when it is due, and lets RTP out of the media only from the first
 * fresh packet on. (gst-rtsp-server needs a packet of each track before it can answer DESCRIBE, and
 * would send it when PLAY comes, seconds later.)
 *
 * It starts when the appsrc first asks for data. Stop it before the pipeline
 * goes; then free it after.
 */
typedef struct _PotooSimOutlet PotooSimOutlet;

/* @appsrc: (transfer none), a reference is kept. */
PotooSimOutlet *potoo_sim_outlet_new (PotooSimCamera *camera,
                                      PotooSimFeedId feed,
                                      PotooSimPacer *pacer,
                                      GstAppSrc *appsrc);
void potoo_sim_outlet_stop (PotooSimOutlet *outlet); /* idempotent */
void potoo_sim_outlet_free (PotooSimOutlet *outlet);

/* The pads where the session's RTP and RTCP leave rtpbin. */
void potoo_sim_outlet_guard_rtp (PotooSimOutlet *outlet, GstPad *pad);
void potoo_sim_outlet_guard_rtcp (PotooSimOutlet *outlet, GstPad *pad);

G_END_DECLS
