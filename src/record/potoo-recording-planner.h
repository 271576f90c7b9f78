/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config/potoo-camera-settings.h"
#include "record/potoo-recording-plan.h"

G_BEGIN_DECLS

/* All that decides what is recorded of a camera's stream, at one moment. */
typedef struct
{
  PotooCameraSettings *settings;
  gboolean recorded;       /* FALSE: nothing from now on, whatever the settings say */
  PotooSchedule *schedule; /* of the settings, parsed; used while `record` is `schedule` */
  GTimeZone *zone;         /* local time */
  GArray *events;          /* PotooEventSpan, as potoo_event_list_get_spans() gives them */
  /* The plan that this one takes the place of; NULL: the first. What it says of the time before now
   * stays as it is. */
  PotooRecordingPlan *previous;
  gint64 mono_us, wall_us; /* now */
} PotooPlannerInput;

/* A pure function. @next_us: monotonic time at which to plan again though nothing has changed: a
 * span begins or ends, a slot ends, or the wall clock may have been set; G_MAXINT64: never.
 *
 * - `continuous`: from now on, for good. The first plan says since ever: what the last run left
 * open as a gap goes on.
 * - `event`: the spans of the events.
 * - `schedule`: its slots; in a slot `event` what lies in it of the spans of the events.
 * - `off`: nothing.
 * - In each: manual recordings.
 *
 * There is a ring while events may come of which pre-roll is wanted: not while recording goes on in
 * any case, nor while nothing is recorded. Any thread. (transfer full) */
PotooRecordingPlan *potoo_recording_planner_plan (const PotooPlannerInput *input, gint64 *next_us);

G_END_DECLS
