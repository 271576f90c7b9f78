/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-ring.h"
#include "record/potoo-gap-ledger.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/**
 * PotooSegmentChain:
 *
 * The segments of one camera stream, one after the other, and the gaps between them: where a
 * segment or a recording begins and ends, and what becomes of a disk that fails. What it is given
 * is written; what is to be written others decide.
 *
 * The writer's thread only, after it was made.
 */
typedef struct _PotooSegmentChain PotooSegmentChain;

typedef struct
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  const char *camera;
  PotooStreamKind stream;
  const PotooGap *open_gap; /* (nullable): left open by an earlier run … */
  gint64 clock_step_us;     /* … since which the clock was set by so much; 0: nobody knows … */
  gint64 least_us;          /* … when it was for longer than so much */
  gint64 segment_duration_us;
} PotooSegmentChainSpec;

PotooSegmentChain *potoo_segment_chain_new (const PotooSegmentChainSpec *spec);
/* Main thread, while the writer's hangs in the disk of @stalled: one that goes on on @root with
 * @first, where @plan (nullable) holds. */
PotooSegmentChain *potoo_segment_chain_new_successor (PotooSegmentChain *stalled,
                                                      PotooStorageRoot *root,
                                                      PotooRecordingPlan *plan,
                                                      PotooFragment *first);
/* Closes nothing. */
void potoo_segment_chain_free (PotooSegmentChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSegmentChain, potoo_segment_chain_free)

/* What decides which of the time that is not recorded is a gap. */
PotooGapLedger *potoo_segment_chain_get_ledger (PotooSegmentChain *chain);
/* Cause and start of the open gap. (transfer none) (nullable) */
const PotooGap *potoo_segment_chain_get_open_gap (PotooSegmentChain *chain);

/* Writes @fragment, to the open segment or to one that it begins; what cannot be written is
 * counted. */
void potoo_segment_chain_write (PotooSegmentChain *chain, PotooFragment *fragment);
/* Closes the open segment, if there is one; when recording is due at its end a gap because of
 * @cause begins there. */
void potoo_segment_chain_end (PotooSegmentChain *chain, PotooGapCause cause);

gboolean potoo_segment_chain_is_open (PotooSegmentChain *chain); /* a segment is */
/* Of the fragment that continues the open segment, or the last one; POTOO_NO_SEQUENCE: there was
 * none. */
guint64 potoo_segment_chain_get_next_sequence (PotooSegmentChain *chain);
/* Of the open segment. */
PotooMoment potoo_segment_chain_get_end (PotooSegmentChain *chain);

/* Monotonic time of the oldest fragment that is not synced; 0: none. */
gint64 potoo_segment_chain_get_unsynced_us (PotooSegmentChain *chain);
void potoo_segment_chain_sync (PotooSegmentChain *chain);

/* --- going elsewhere --- */

/* TRUE when nothing is lost by going on with @next on another root: a new segment begins there
 * anyway. */
gboolean potoo_segment_chain_may_move (PotooSegmentChain *chain, PotooFragment *next);
/* Closes what is open and goes on on @root, from the next key fragment on; the gap in between has
 * no length when that is the next fragment. */
void potoo_segment_chain_move (PotooSegmentChain *chain, PotooStorageRoot *root);
/* To be said after all that may have changed it: how far is durable, should the disk hang. */
void potoo_segment_chain_publish_durable (PotooSegmentChain *chain);
/* The disk answers after all, when a successor has long gone on. */
void potoo_segment_chain_complete_hand_over (PotooSegmentChain *chain);

G_END_DECLS
