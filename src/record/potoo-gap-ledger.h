/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-gap-keeper.h"
#include "record/potoo-moment.h"
#include "record/potoo-recording-plan.h"

G_BEGIN_DECLS

/**
 * PotooGapLedger:
 *
 * Which of the time that a stream was not recorded is a gap: what the plan wanted and was due. It
 * is told, in order of time, up to where something was recorded and up to where nothing was, and
 * tells the gap keeper where gaps begin and end. While no segment is open, a gap is open as long as
 * recording is due.
 *
 * The writer's thread only, after it was made.
 */
typedef struct _PotooGapLedger PotooGapLedger;

/* @gaps: (transfer none): outlives the ledger */
PotooGapLedger *potoo_gap_ledger_new (PotooGapKeeper *gaps);
void potoo_gap_ledger_free (PotooGapLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooGapLedger, potoo_gap_ledger_free)

/* The gap that an earlier run left open began at @since, by a clock that was set since then: it is
 * divided where the first plan holds. */
void potoo_gap_ledger_inherit (PotooGapLedger *ledger, const PotooMoment *since);

/* Why nothing is recorded from now on, for gaps that begin. An open one stays what it is. */
void potoo_gap_ledger_set_cause (PotooGapLedger *ledger, PotooGapCause cause);
PotooGapCause potoo_gap_ledger_get_cause (PotooGapLedger *ledger);
/* Has become another at @since: an open gap ends there and another begins. */
void potoo_gap_ledger_change_cause (PotooGapLedger *ledger,
                                    const PotooMoment *since,
                                    PotooGapCause cause);

/* A new plan holds. While no segment is open potoo_gap_ledger_review() is to follow. */
void potoo_gap_ledger_set_plan (PotooGapLedger *ledger, PotooRecordingPlan *plan);
/* Nothing is being recorded @now: begins or ends a gap as the plan says. A gap that an earlier run
 * left open ends where the plan, had it held then, wanted no more. */
void potoo_gap_ledger_review (PotooGapLedger *ledger, const PotooMoment *now);

/* A segment that begins at @start was opened. Its fragments may have come after the plan had ended
 * a gap. */
void potoo_gap_ledger_begin_segment (PotooGapLedger *ledger, const PotooMoment *start);
/* What can be read ends at @end, where nothing follows: a gap begins there, if recording is due. To
 * be said before the segment's last row is posted. */
void potoo_gap_ledger_end_segment (PotooGapLedger *ledger, const PotooMoment *end);
/* Nothing was recorded from where the last call ended up to @until. */
void potoo_gap_ledger_pass (PotooGapLedger *ledger, const PotooMoment *until);

/* The wall clock stands as @now says, while no segment is open. The ledger goes by one clock, that
 * of the last segment or of the last call: where another one says otherwise (a fragment of before
 * the step that comes after it), monotonic time counts. When the clock was set since, what is
 * missing up to @now is by the old clock, and what comes by the new one. */
void potoo_gap_ledger_set_clock (PotooGapLedger *ledger, const PotooMoment *now);

G_END_DECLS
