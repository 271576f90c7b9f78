/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Time that is to be recorded: a fragment that overlaps [from, until) is kept, and what comes
 * before it from its keyframe on. Times are CLOCK_MONOTONIC, as in fragments; from G_MININT64 to
 * G_MAXINT64. What lacks before @due_us is no gap: nobody knew yet. @due_us may lie outside. */
typedef struct
{
  gint64 from_us, due_us, until_us;
} PotooRecordingSpan;

/* When there are more spans, those that lie nearest to each other become one. */
#define POTOO_PLAN_MAX_SPANS 64

/**
 * PotooRecordingPlan:
 *
 * What is kept of a camera's streams, and for how long fragments that are not (yet) are held in the
 * fragment ring: immutable and reference-counted, for any thread. It decides on fragments by their
 * own times, so that it does not matter when it reaches who applies it: a new plan repeats what the
 * one before said of time whose fragments may still come.
 */
typedef struct
{
  gatomicrefcount ref_count;
  gint64 ring_us; /* 0: no ring */
  guint priority; /* 1–10, who keeps memory longer; see potoo-fragment-ring.h */
  char *root;     /* (nullable): name of the storage root that is to be written to */
  guint n_spans;
  PotooRecordingSpan spans[POTOO_PLAN_MAX_SPANS]; /* sorted, disjoint; they may touch */
} PotooRecordingPlan;

typedef struct
{
  const PotooRecordingSpan *spans; /* in any order; overlapping ones merge, empty ones go */
  guint n_spans;
  gint64 ring_us;
  guint priority;
  const char *root; /* (nullable) */
} PotooRecordingPlanSpec;

PotooRecordingPlan *potoo_recording_plan_new (const PotooRecordingPlanSpec *spec);
/* Everything, from always and for good. */
PotooRecordingPlan *potoo_recording_plan_new_endless (void);
PotooRecordingPlan *potoo_recording_plan_new_empty (void);
PotooRecordingPlan *potoo_recording_plan_ref (PotooRecordingPlan *plan);
void potoo_recording_plan_unref (PotooRecordingPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRecordingPlan, potoo_recording_plan_unref)

/* The first span that overlaps [@start_us, @end_us); a moment when both are the same. (nullable) */
const PotooRecordingSpan *
potoo_recording_plan_find (PotooRecordingPlan *plan, gint64 start_us, gint64 end_us);

G_END_DECLS
