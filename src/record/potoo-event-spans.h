/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Time that is to be recorded because of events, CLOCK_MONOTONIC, with pre- and post-roll; never
 * empty. */
typedef struct
{
  gint64 from_us;
  gint64 due_us;   /* when it was known: before it nothing can be missing; may be after until_us */
  gint64 until_us; /* G_MAXINT64: goes on */
  gboolean manual; /* recorded in every mode; others where the mode is `event` */
} PotooEventSpan;

/* Sets of spans: arrays of PotooEventSpan, sorted and disjoint. Pure functions, any thread. */

/* What touches becomes one, due when the first of them is. Should there be more than @max
 * then, the two that lie nearest to each other become one as well: rather more is recorded. */
void potoo_event_spans_add (GArray *spans, const PotooEventSpan *span, guint max);

/* Takes away what ended before @time_us. */
void potoo_event_spans_forget (GArray *spans, gint64 time_us);

G_END_DECLS
