/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment.h"

G_BEGIN_DECLS

/**
 * PotooFragmenter:
 *
 * Turns access units into fragments. Access units of several tracks may be
 * pushed from several threads (a lock inside orders them); fragments come out in
 * order through the callback, in the thread of the push that completed them.
 * Nothing waits for a track: audio that is silent, late or gone only lacks.
 */
typedef struct _PotooFragmenter PotooFragmenter;

PotooFragmenter *potoo_fragmenter_new (const char *camera_id,
                                       const char *stream,
                                       PotooFragmentFunc func,
                                       gpointer user_data,
                                       GDestroyNotify destroy);
void potoo_fragmenter_free (PotooFragmenter *fragmenter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooFragmenter, potoo_fragmenter_free)

/* Caps of track @track (0 is video, audio from 1 on without holes):
 * `video/x-h264,stream-format=avc`, `video/x-h265,stream-format=hvc1`,
 * `audio/mpeg,mpegversion=4,stream-format=raw`, `audio/x-opus`, each with its codec_data or equal.
 * Changed caps, or a new track, give a new init from the next keyframe on. FALSE: caps that MP4
 * cannot hold. */
gboolean potoo_fragmenter_set_caps (PotooFragmenter *fragmenter, guint track, GstCaps *caps);

/* @pts_ns: running time; @buffer: (transfer none), one access unit in the order of
 * decoding, a keyframe unless GST_BUFFER_FLAG_DELTA_UNIT. Decoding times are made here. Video
 * before the first keyframe is dropped and counted. */
void potoo_fragmenter_push (PotooFragmenter *fragmenter,
                            guint track,
                            GstBuffer *buffer,
                            GstClockTime pts_ns);

/* By how much the camera's clock is ahead of ours: fragments tell it from now on, to the end of the
 * run. */
void potoo_fragmenter_set_clock_offset (PotooFragmenter *fragmenter, gint64 offset_us);

/* Ends the run: what is pending comes out, and the tracks are forgotten; the next
 * push starts anew, with a keyframe, as a discontinuity. */
void potoo_fragmenter_flush (PotooFragmenter *fragmenter);

G_END_DECLS
