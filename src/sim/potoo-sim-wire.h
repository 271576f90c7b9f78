/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-camera.h"

G_BEGIN_DECLS

/**
 * PotooSimWire:
 *
 * What becomes of one track's RTP and RTCP on its way out of the media, by the camera's faults:
 * time stamps that are not as they should be, packets that do not arrive as they were sent, sender
 * reports of a clock that is wrong. Nothing is touched while no such fault is on. Called in
 * probes, by the streaming thread of RTP and that of RTCP.
 */
typedef struct _PotooSimWire PotooSimWire;

PotooSimWire *potoo_sim_wire_new (PotooSimCamera *camera, PotooSimFeedId feed);
void potoo_sim_wire_free (PotooSimWire *wire);

/* What a probe for buffers and lists of them on @pad returns. */
GstPadProbeReturn potoo_sim_wire_pass_rtp (PotooSimWire *wire, GstPad *pad, GstPadProbeInfo *info);
/* The same for single buffers. */
void potoo_sim_wire_pass_rtcp (PotooSimWire *wire, GstPadProbeInfo *info);

G_END_DECLS
