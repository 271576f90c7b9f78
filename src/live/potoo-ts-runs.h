/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "live/potoo-live-window.h"
#include "live/potoo-ts-pipeline.h"
#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooTsRuns:
 *
 * The access units of a stream, in the order in which a hub gives them, into one pipeline after
 * another: each for a run without interruption. Belongs to one thread, which may wait in it.
 */
typedef struct _PotooTsRuns PotooTsRuns;

/* @window: a new run breaks it, and none for long clears it; @n_runs: counts them; @funcs: of the
 * pipelines. */
PotooTsRuns *potoo_ts_runs_new (const char *camera_id,
                                PotooLiveWindow *window,
                                PotooMetric *n_runs,
                                const PotooTsPipelineFuncs *funcs);
/* Ends the run without waiting for what has not come out yet. */
void potoo_ts_runs_free (PotooTsRuns *runs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTsRuns, potoo_ts_runs_free)

/* FALSE with an error when the run's pipeline fails, or none can be made: it is of no more use. */
gboolean potoo_ts_runs_take (PotooTsRuns *runs, const PotooAccessUnit *unit, GError **error);
/* TRUE when the pipeline has not kept up: what comes waits with whoever has it. */
gboolean potoo_ts_runs_is_congested (PotooTsRuns *runs);
/* To be called now and then, also when nothing is to be taken: ends a run that has got nothing for
 * long. Errors as above. */
gboolean potoo_ts_runs_look (PotooTsRuns *runs, GError **error);

G_END_DECLS
