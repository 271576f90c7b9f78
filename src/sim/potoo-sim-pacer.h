/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooSimPacer:
 *
 * One thread that calls many callbacks at their times: the heartbeat of all
 * simulated cameras. Callbacks run in that thread with the pacer's lock held, so they must
 * not block nor call the pacer; in return no callback runs once
 * potoo_sim_pacer_remove() has returned.
 */
typedef struct _PotooSimPacer PotooSimPacer;
typedef struct _PotooSimBeat PotooSimBeat;

/* Called at @due_us (monotonic) or later; returns when to be called next. */
typedef gint64 (*PotooSimBeatFunc) (gpointer data, gint64 due_us);

PotooSimPacer *potoo_sim_pacer_new (void);
void potoo_sim_pacer_free (PotooSimPacer *pacer); /* all beats are removed before */

PotooSimBeat *
potoo_sim_pacer_add (PotooSimPacer *pacer, gint64 due_us, PotooSimBeatFunc func, gpointer data);
void potoo_sim_pacer_remove (PotooSimPacer *pacer, PotooSimBeat *beat);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimPacer, potoo_sim_pacer_free)

G_END_DECLS
