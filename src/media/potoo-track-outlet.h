/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "media/potoo-fragmenter.h"
#include "media/potoo-rtp-clock.h"
#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooTrackOutlet:
 *
 * Where the access units of a camera's track leave its pipeline: it gives them their time on
 * the monotonic time line and hands them to the hub and the fragmenter. At the start of
 * a connection it holds them until their time is known. Called by one streaming thread, but for
 * what says otherwise.
 */
typedef struct _PotooTrackOutlet PotooTrackOutlet;

/* @index: 0 is video; @fragmenter: (nullable); @element: on whose behalf it posts what is amiss
 * (potoo-camera-track.h). */
PotooTrackOutlet *potoo_track_outlet_new (guint index,
                                          PotooStreamHub *hub,
                                          PotooFragmenter *fragmenter,
                                          PotooRtpClock *clock,
                                          const char *camera_id,
                                          GstElement *element);
void potoo_track_outlet_free (PotooTrackOutlet *outlet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTrackOutlet, potoo_track_outlet_free)

/* An access unit, in the order of decoding; its running time is stream time. */
void potoo_track_outlet_push (PotooTrackOutlet *outlet, GstSample *sample);
/* What is held comes out. While nobody pushes. */
void potoo_track_outlet_flush (PotooTrackOutlet *outlet);

/* Caps of the newest access unit. Any thread. (transfer full) (nullable) */
GstCaps *potoo_track_outlet_get_caps (PotooTrackOutlet *outlet);

/* A video access unit that starts with a keyframe; audio has none. */
gboolean potoo_track_outlet_is_key (PotooTrackOutlet *outlet, GstBuffer *buffer);

G_END_DECLS
