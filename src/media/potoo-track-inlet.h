/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "base/potoo-metrics.h"
#include "media/potoo-loss-meter.h"
#include "media/potoo-rtp-clock.h"
#include "media/potoo-track-format.h"

G_BEGIN_DECLS

/**
 * PotooTrackInlet:
 *
 * Where the RTP packets of a camera's track come into its pipeline: before they are depayloaded it
 * gives each its stream time, counts those that are missing, and lets none through when an access
 * unit does not end. Called by one streaming thread, but for what says otherwise.
 */
typedef struct _PotooTrackInlet PotooTrackInlet;

/* @lost: counts packets that never came; @element: on whose behalf it posts that the camera cannot
 * be used (potoo-camera-track.h). */
PotooTrackInlet *potoo_track_inlet_new (const PotooTrackFormat *format,
                                        PotooRtpClock *clock,
                                        PotooMetric *lost,
                                        GstElement *element);
/* After the elements stand still. */
void potoo_track_inlet_free (PotooTrackInlet *inlet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTrackInlet, potoo_track_inlet_free)

/* Takes what comes to @pad, the sink of a depayloader. Once. */
void potoo_track_inlet_watch (PotooTrackInlet *inlet, GstPad *pad);

/* @unit has come of the packets: the next ones are another's. Tells what is left of it. */
PotooPictureState potoo_track_inlet_end_access_unit (PotooTrackInlet *inlet, GstBuffer *unit);

/* Nothing is let through any more. Any thread. */
void potoo_track_inlet_silence (PotooTrackInlet *inlet);

/* How many packets came, and how many should have come between them. Any thread. */
void potoo_track_inlet_get_packets (PotooTrackInlet *inlet, gint64 *packets, gint64 *lost);

G_END_DECLS
