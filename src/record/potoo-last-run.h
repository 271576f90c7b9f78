/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"
#include "record/potoo-recovery.h"

G_BEGIN_DECLS

/* How the last run of the daemon ended, and what that means for the gaps of
 * each stream. The setting `recorder-run` holds the boot id of the run that
 * wrote it last, and whether it stopped cleanly; `recorder-clock` how the wall clock stood to
 * that of the boot. Main thread; blocks (start and stop only). */

/* Settles the gap rows that the last run left open: one after which something was recorded ends
 * there; one of a camera that is gone ends now; others go on. A stream that was being recorded when
 * the last run ended gets a gap from its end on, of cause crash or power. Returns the gaps
 * that are open now: stream key → PotooGap. (transfer full) */
GHashTable *
potoo_last_run_settle (PotooCatalog *catalog, PotooRecoveryReport *report, GError **error);

void potoo_last_run_note_start (PotooCatalog *catalog);
/* How the wall clock stands: at the start, and when it was set. */
void potoo_last_run_note_clock (PotooCatalog *catalog);
/* By how much the clock was set while Potoo did not run, 0 when it was not; a machine that was
 * suspended did not set it. FALSE when the machine was started anew: nobody knows. */
gboolean potoo_last_run_find_clock_step (PotooCatalog *catalog, gint64 *step_us);
/* The open segment of the stream ends at @end_us, and nothing more is wanted for now: if the run
 * ends before it is closed, nothing is missing. */
void potoo_last_run_note_held (PotooCatalog *catalog,
                               const char *camera,
                               PotooStreamKind stream,
                               gint64 end_us);
void potoo_last_run_note_clean_stop (PotooCatalog *catalog);

G_END_DECLS
