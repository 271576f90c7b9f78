/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-queue.h"
#include "record/potoo-fragment-selector.h"
#include "record/potoo-segment-chain.h"

G_BEGIN_DECLS

/**
 * PotooStreamRecorder:
 *
 * What a writer does for one camera stream: takes the messages of its queue in order and
 * applies the plan: the selector says which fragments are written, the segment chain writes them,
 * the gap ledger keeps account of what is missing. While recording is due, either a segment is open
 * or a gap is.
 *
 * The writer's thread only, after it was made.
 */
typedef struct _PotooStreamRecorder PotooStreamRecorder;

/* @ring: (transfer none) */
PotooStreamRecorder *potoo_stream_recorder_new (const PotooSegmentChainSpec *spec,
                                                PotooFragmentRing *ring);
/* Closes nothing: the last message does that. */
void potoo_stream_recorder_free (PotooStreamRecorder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStreamRecorder, potoo_stream_recorder_free)

/* FALSE after the last message. */
gboolean potoo_stream_recorder_handle (PotooStreamRecorder *self, const PotooMessage *message);

/* Monotonic time of the oldest fragment that is not synced; 0: none. */
gint64 potoo_stream_recorder_get_unsynced_us (PotooStreamRecorder *self);
void potoo_stream_recorder_sync (PotooStreamRecorder *self);

/* --- handing over --- */

/* The fragment that came last was to be written, and no root has taken it. */
gboolean potoo_stream_recorder_lacks (PotooStreamRecorder *self);
/* Name of the root that the plan wants. (transfer none) (nullable) */
const char *potoo_stream_recorder_get_pinned_root (PotooStreamRecorder *self);
/* Any thread. (transfer none) */
PotooFragmentRing *potoo_stream_recorder_get_ring (PotooStreamRecorder *self);
/* TRUE when nothing is lost by going on with @next on another root: a new segment begins there
 * anyway. */
gboolean potoo_stream_recorder_may_move (PotooStreamRecorder *self, PotooFragment *next);
/* Closes what is open and goes on on @root, from the next key fragment on; the gap in between has
 * no length when that is the next fragment. */
void potoo_stream_recorder_move (PotooStreamRecorder *self, PotooStorageRoot *root);

/* Main thread, while the writer's hangs in the disk of @stalled: a recorder that goes on on @root
 * with
 * @first, which @stalled will never get; HAND_OVER is to be its last message. @plan: (nullable):
 * the one that holds there. It takes over what waits in the ring, in a ring of its own. */
PotooStreamRecorder *potoo_stream_recorder_new_successor (PotooStreamRecorder *stalled,
                                                          PotooStorageRoot *root,
                                                          PotooRecordingPlan *plan,
                                                          PotooFragment *first);

G_END_DECLS
