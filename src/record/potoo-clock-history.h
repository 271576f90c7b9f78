/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "catalog/potoo-catalog-correct.h"

G_BEGIN_DECLS

/**
 * PotooClockHistory:
 *
 * The steps of the wall clock since the machine was started, over all runs of Potoo meanwhile, each
 * with what tells the recordings of before from those of after it, and whether those of before were
 * dated anew. A value; it is kept as a setting. Its times follow what is dated anew.
 */
typedef struct _PotooClockHistory PotooClockHistory;

#define POTOO_CLOCK_HISTORY_SETTING "clock-history"
/* The oldest is forgotten first. */
#define POTOO_CLOCK_HISTORY_MAX_STEPS 64

typedef struct
{
  gint64 id; /* 1, 2, … */
  gint64 mono_us;
  gint64 after_us; /* wall: when it was set, by the clock as it was then set */
  gint64 step_us;  /* below 0: back. A machine that was suspended is no step */
  PotooIdMarks ids;
  gboolean corrected;
} PotooClockStep;

/* Of a boot whose first run begins with ids of @from. @inherited (element-type PotooGap): were open
 * then. */
PotooClockHistory *
potoo_clock_history_new (const PotooIdMarks *from, gint64 begun_us, GArray *inherited);
/* NULL when @text is none, or that of another boot. */
PotooClockHistory *potoo_clock_history_parse (const char *text);
PotooClockHistory *potoo_clock_history_copy (PotooClockHistory *history);
void potoo_clock_history_free (PotooClockHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooClockHistory, potoo_clock_history_free)

char *potoo_clock_history_to_text (PotooClockHistory *history); /* (transfer full) */

/* The clock was seen to be kept by something that knows the time: what steps there are from now on
 * are somebody's will. */
void potoo_clock_history_set_trusted (PotooClockHistory *history);
gboolean potoo_clock_history_is_trusted (PotooClockHistory *history);

/* @step: without its id, which is returned. */
gint64 potoo_clock_history_add (PotooClockHistory *history, const PotooClockStep *step);
guint potoo_clock_history_get_n_steps (PotooClockHistory *history);
const PotooClockStep *potoo_clock_history_get_step (PotooClockHistory *history, guint i);
/* (nullable): none of this id */
const PotooClockStep *potoo_clock_history_find (PotooClockHistory *history, gint64 id);

/* What is to be done for the step @id, which there is; texts are the caller's to fill in. */
void potoo_clock_history_prepare (PotooClockHistory *history, gint64 id, PotooCorrection *out);
/* It was done. */
void potoo_clock_history_note_corrected (PotooClockHistory *history, gint64 id);

G_END_DECLS
