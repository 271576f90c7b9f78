/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooTimeReference:
 *
 * To bring sound and picture together, rtpbin delays whatever the camera's RTCP
 * sender reports say is ahead: mostly video, by what the camera needs for
 * encoding sound. A recorder needs the opposite: video stays where it arrived, since wall time is
 * told by it, and the other tracks move. This tells by how much video is delayed right
 * now; every track of the connection subtracts it. Any thread.
 */
typedef struct _PotooTimeReference PotooTimeReference;

PotooTimeReference *potoo_time_reference_new (void);
PotooTimeReference *potoo_time_reference_ref (PotooTimeReference *reference);
void potoo_time_reference_unref (PotooTimeReference *reference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTimeReference, potoo_time_reference_unref)

/* @jitter_buffer: the rtpjitterbuffer of video. */
void potoo_time_reference_set (PotooTimeReference *reference, GstElement *jitter_buffer);

/* @time_ns on the time line of video as it arrives; NONE stays NONE. */
GstClockTime potoo_time_reference_apply (PotooTimeReference *reference, GstClockTime time_ns);

G_END_DECLS
