/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "config/potoo-camera-settings.h"
#include "media/potoo-fragmenter.h"
#include "media/potoo-rtp-clock.h"
#include "media/potoo-stream-hub.h"
#include "media/potoo-track-format.h"

G_BEGIN_DECLS

/**
 * PotooCameraTrack:
 *
 * One track of a camera pipeline: depayloader → parser → appsink, whose access units go to
 * the hub and the fragmenter in the streaming thread that brought them; those that are encoded
 * first, from the encoder's thread. It lives as long as its pipeline's media.
 */
typedef struct _PotooCameraTrack PotooCameraTrack;

/* Read by any thread, each field by itself. */
typedef struct
{
  gint64 last_access_unit_us; /* monotonic; 0: none yet */
  gint64 last_keyframe_us;
  gint64 bytes_since_keyframe;
  gint64 access_units;
  gint64 bytes;
  gint64 interval_us; /* about the longest between two access units lately; 0: not known */
  gint64 packets;     /* of RTP, whether access units came of them or not */
  gint64 lost;        /* packets that should have come between them */
} PotooTrackProgress;

/* Adds its elements to @bin and links them behind @pad of the source. @index: 0 is video. NULL
 * with an error when an element is missing. Messages it posts on @bin's bus, as application
 * messages of the element: POTOO_MESSAGE_FIRST_ACCESS_UNIT, POTOO_MESSAGE_UNUSABLE (field
 * `reason`) and POTOO_MESSAGE_NO_SOUND (the same: there is no sound, and video goes on). */
#define POTOO_MESSAGE_FIRST_ACCESS_UNIT "potoo-first-access-unit"
#define POTOO_MESSAGE_UNUSABLE "potoo-unusable"
#define POTOO_MESSAGE_NO_SOUND "potoo-no-sound"

PotooCameraTrack *potoo_camera_track_new (const PotooTrackFormat *format,
                                          guint index,
                                          GstBin *bin,
                                          GstPad *pad,
                                          PotooStreamHub *hub,
                                          PotooFragmenter *fragmenter,
                                          PotooRtpClock *clock,
                                          PotooCameraSettings *settings,
                                          GError **error);
/* What is held at the start of a connection comes out, and encoders stop. After the elements stand
 * still (state NULL), as is the next one. */
void potoo_camera_track_flush (PotooCameraTrack *track);
void potoo_camera_track_free (PotooCameraTrack *track);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCameraTrack, potoo_camera_track_free)

guint potoo_camera_track_get_index (PotooCameraTrack *track);
void potoo_camera_track_get_progress (PotooCameraTrack *track, PotooTrackProgress *progress);
void potoo_camera_track_request_keyframe (PotooCameraTrack *track);
/* Lets go of an encoder that has nothing to do. */
void potoo_camera_track_look (PotooCameraTrack *track, gint64 now_us);
/* Whether @element is one of its own. */
gboolean potoo_camera_track_has_element (PotooCameraTrack *track, GstObject *element);
/* Nothing comes from it any more. */
void potoo_camera_track_silence (PotooCameraTrack *track);
/* Caps of the newest access unit. (transfer full) (nullable) */
GstCaps *potoo_camera_track_get_caps (PotooCameraTrack *track);

void potoo_post_reason (GstElement *element, const char *message, const char *reason);

G_END_DECLS
