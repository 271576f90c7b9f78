/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"
#include "record/potoo-moment.h"

G_BEGIN_DECLS

/**
 * PotooGapKeeper:
 *
 * The gap rows of one camera stream: at most one is open. A row is posted when a
 * gap begins and again when it ends; a gap of no length leaves none. Rows have the wall times that
 * the fragments at their two ends say, each row by one clock: who tells of a moment does so by the
 * clock that potoo_gap_keeper_set_clock() told last.
 *
 * The writer's thread only, after it was made, except where said.
 */
typedef struct _PotooGapKeeper PotooGapKeeper;

/* @open: (nullable): the row that an earlier run left open; it goes on. */
PotooGapKeeper *potoo_gap_keeper_new (PotooCatalog *catalog,
                                      const char *camera,
                                      PotooStreamKind stream,
                                      const PotooGap *open);
/* The gap that an earlier run left open began in the future, as the clock stands now: when its end
 * is before its start, it has lasted for @least_us, since nobody knows for how long. To be said
 * before anything else. */
void potoo_gap_keeper_set_least (PotooGapKeeper *keeper, gint64 least_us);
/* Leaves an open row as it stands. */
void potoo_gap_keeper_free (PotooGapKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooGapKeeper, potoo_gap_keeper_free)

/* NULL when none is open. (transfer none) (nullable) */
const PotooGap *potoo_gap_keeper_get_open (PotooGapKeeper *keeper);

/* A gap because of @cause from @start on. An open one of the same cause goes on;
 * one of another cause ends at @start. */
void potoo_gap_keeper_begin (PotooGapKeeper *keeper, const PotooMoment *start, PotooGapCause cause);
/* Ends the open gap, if there is one. */
void potoo_gap_keeper_end (PotooGapKeeper *keeper, const PotooMoment *end);

/* The same, when it ends because no more is wanted: fragments of the time before may still come. */
void potoo_gap_keeper_end_for_now (PotooGapKeeper *keeper, const PotooMoment *end);
/* They came: from @start_us on all is recorded, and what was ended for now, or by a clock that was
 * set, since the last call has no part in it. @told_us: what the first of them says itself, perhaps
 * by an older clock. */
void potoo_gap_keeper_take_back (PotooGapKeeper *keeper, gint64 start_us, gint64 told_us);

/* The wall clock was set, at the moment that is @before by the old one and @after by the new one:
 * an open gap is divided there, so that the two are as long as what is missing. When the clock was
 * set forward while recording was due (a gap is open, or something is @recorded), what it left out
 * has a row of its own, because of `clock-step`; when the machine was suspended meanwhile time did
 * pass, and recordings are missing. */
void potoo_gap_keeper_set_clock (PotooGapKeeper *keeper,
                                 const PotooMoment *before,
                                 const PotooMoment *after,
                                 gboolean recorded);

/* --- handing over --- */

/* Gaps that begin from now on are expected to have no length: their rows are there for the case
 * that this run dies, and they are told of only if they turn out to have one. */
void potoo_gap_keeper_set_quiet (PotooGapKeeper *keeper, gboolean quiet);

/* Up to where the open segment is durable; NULL: none is open. */
void potoo_gap_keeper_note_durable (PotooGapKeeper *keeper, const PotooMoment *durable);

/* Main thread, while the writer's hangs: the keeper of the recorder that goes on with the fragment
 * that starts at @until, perhaps by another clock. An open gap is divided there. When a segment is
 * open instead, what is not durable of it is declared lost, as a gap up to @until. What is before
 * @until stays with @keeper: if the disk answers after all, end() and settle() take back what turns
 * out to be recorded. (transfer full) */
PotooGapKeeper *potoo_gap_keeper_new_successor (PotooGapKeeper *keeper, const PotooMoment *until);
/* The disk has answered, and all that is before @until was told. @end: where the segment ends that
 * is closed whole only now, what lacks behind it is missing because of @cause; NULL: none was open.
 */
void potoo_gap_keeper_settle (PotooGapKeeper *keeper, const PotooMoment *end, PotooGapCause cause);

G_END_DECLS
