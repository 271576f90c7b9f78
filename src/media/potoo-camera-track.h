/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "media/potoo-fragmenter.h"
#include "media/potoo-rtp-clock.h"
#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooCameraTrack:
 *
 * One track of a camera pipeline: depayloader → parser → appsink, whose access units go to
 * the hub and the fragmenter in the streaming thread that brought them. It lives as
 * long as its pipeline's media.
 */
typedef struct _PotooCameraTrack PotooCameraTrack;

/* What a camera may send that we take; the table is in potoo-camera-track.c. */
typedef struct _PotooTrackFormat PotooTrackFormat;

/* By RTP caps or SDP names ("video", "H264"); NULL: not one of ours. */
const PotooTrackFormat *potoo_track_format_find (const char *media, const char *encoding_name);
PotooTrackKind potoo_track_format_get_kind (const PotooTrackFormat *format);

/* Read by any thread, each field by itself. */
typedef struct
{
  gint64 last_access_unit_us; /* monotonic; 0: none yet */
  gint64 last_keyframe_us;
  gint64 bytes_since_keyframe;
  gint64 access_units;
  gint64 bytes;
} PotooTrackProgress;

/* Adds its elements to @bin and links them behind @pad of rtspsrc. @index: 0 is video. NULL
 * with an error when an element is missing. Messages it posts on @bin's bus, as application
 * messages of the element: POTOO_MESSAGE_FIRST_ACCESS_UNIT and POTOO_MESSAGE_UNUSABLE (field
 * `reason`). */
#define POTOO_MESSAGE_FIRST_ACCESS_UNIT "potoo-first-access-unit"
#define POTOO_MESSAGE_UNUSABLE "potoo-unusable"

PotooCameraTrack *potoo_camera_track_new (const PotooTrackFormat *format,
                                          guint index,
                                          GstBin *bin,
                                          GstPad *pad,
                                          PotooStreamHub *hub,
                                          PotooFragmenter *fragmenter,
                                          PotooRtpClock *clock,
                                          const char *camera_id,
                                          GError **error);
/* What is held at the start of a connection comes out. After the elements stand still (state NULL),
 * as is the next one. */
void potoo_camera_track_flush (PotooCameraTrack *track);
void potoo_camera_track_free (PotooCameraTrack *track);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCameraTrack, potoo_camera_track_free)

guint potoo_camera_track_get_index (PotooCameraTrack *track);
void potoo_camera_track_get_progress (PotooCameraTrack *track, PotooTrackProgress *progress);
void potoo_camera_track_request_keyframe (PotooCameraTrack *track);
/* Caps of the newest access unit. (transfer full) (nullable) */
GstCaps *potoo_camera_track_get_caps (PotooCameraTrack *track);

void potoo_post_unusable (GstElement *element, const char *reason);

G_END_DECLS
