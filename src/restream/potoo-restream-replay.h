/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/*
 * What a viewer's media begins with, out of what a hub's ring holds: the newest keyframe and what
 * came after it. Audio of just before the keyframe is taken along: gst-rtsp-server answers
 * DESCRIBE when it has a packet of each track, and the next audio may be long in coming.
 */

#define POTOO_RESTREAM_MAX_TRACKS 2 /* 0: video, 1: audio */

/* Of a subscriber: at least a GOP; what waits is mostly what the ring holds too. */
#define POTOO_RESTREAM_QUEUE_MAX_BYTES (32 * 1024 * 1024)

/**
 * potoo_restream_replay_take:
 * @replay: (element-type PotooAccessUnit): an empty queue
 * @subscriber: new, of the whole ring; what it takes from then on follows on
 * @caps: (out): POTOO_RESTREAM_MAX_TRACKS of them (transfer full); NULL: no such track
 *
 * FALSE without a keyframe, and for a stream too young to know whether it has audio.
 */
gboolean potoo_restream_replay_take (GQueue *replay, PotooSubscriber *subscriber, GstCaps **caps);
/* Whether it would be TRUE for a subscriber that came now. */
gboolean potoo_restream_replay_can_begin (PotooStreamHub *hub);
void potoo_restream_replay_clear (GQueue *replay);

/* Decoding time, or else presentation time. */
GstClockTime potoo_restream_unit_get_time (const PotooAccessUnit *unit);

G_END_DECLS
