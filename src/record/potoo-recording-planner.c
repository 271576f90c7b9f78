/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-recording-planner.h"

#include "base/potoo-clock.h"
#include "record/potoo-event-list.h"

/* For how long a plan repeats what was wanted: fragments come later than that only through a queue,
 * and there the plan is in front of them that holds for them. */
#define PAST_US (60 * POTOO_SECOND_US)
/* How far ahead the slots of a schedule are planned, so that it does not matter how late the next
 * plan comes. */
#define AHEAD_US POTOO_DAY_US
#define AHEAD_SLOTS 32
/* How far back the first plan looks: the last run may have left a gap open. */
#define FIRST_BACK_US POTOO_DAY_US
/* How long before a slot begins there is a ring for it. */
#define RING_AHEAD_US (120 * POTOO_SECOND_US)
/* A clock that was set is noticed after this. */
#define LOOK_US (60 * POTOO_SECOND_US)

typedef struct
{
  const PotooPlannerInput *input;
  GArray *spans; /* PotooRecordingSpan */
  gint64 ring_us;
  gint64 next_us;
} Planning;

static void
add (Planning *planning, gint64 from_us, gint64 due_us, gint64 until_us)
{
  const PotooRecordingSpan span = { from_us, due_us, until_us };

  if (from_us < until_us)
    g_array_append_val (planning->spans, span);
}

/* What was wanted so far. */
static void
add_past (Planning *planning)
{
  PotooRecordingPlan *previous = planning->input->previous;
  gint64 now_us = planning->input->mono_us;

  for (guint i = 0; previous != NULL && i < previous->n_spans; i++)
    {
      const PotooRecordingSpan *span = &previous->spans[i];
      if (span->until_us > now_us - PAST_US)
        add (planning, span->from_us, span->due_us, MIN (span->until_us, now_us));
    }
}

/* What lies of the events' spans in [@from_us, @until_us). */
static void
add_events (Planning *planning, gboolean manual, gint64 from_us, gint64 until_us)
{
  GArray *events = planning->input->events;

  for (guint i = 0; i < events->len; i++)
    {
      const PotooEventSpan *event = &g_array_index (events, PotooEventSpan, i);
      if (event->manual == manual)
        add (planning, MAX (event->from_us, from_us), event->due_us,
             MIN (event->until_us, until_us));
    }
}

/* The longest that a ring may be needed: an event may be told of late. */
static gint64
get_pre_roll_us (Planning *planning)
{
  return potoo_camera_settings_get_pre_roll_us (planning->input->settings) + POTOO_EVENT_LATE_US;
}

/* --- schedule --- */

/* Where the slots begin to matter: at what an event still wants of the time before now. */
static gint64
get_first_slot_us (Planning *planning)
{
  const PotooPlannerInput *input = planning->input;
  gint64 first_us = input->previous == NULL ? input->mono_us - FIRST_BACK_US : input->mono_us;

  for (guint i = 0; i < input->events->len; i++)
    first_us = MIN (first_us, g_array_index (input->events, PotooEventSpan, i).from_us);
  return MAX (first_us, input->mono_us - FIRST_BACK_US);
}

static void
add_slot (Planning *planning, PotooRecordMode mode, gint64 from_us, gint64 until_us)
{
  const PotooPlannerInput *input = planning->input;
  gint64 now_us = input->mono_us;
  gboolean soon = until_us > now_us && from_us < now_us + RING_AHEAD_US;

  if (until_us > now_us)
    planning->next_us = MIN (planning->next_us, until_us);
  if (mode == POTOO_RECORD_CONTINUOUS)
    {
      gint64 begin_us = input->previous == NULL ? from_us : MAX (from_us, now_us);
      add (planning, begin_us, begin_us, until_us);
      /* It begins with the keyframe in front of it. */
      if (soon && from_us > now_us)
        planning->ring_us = MAX (planning->ring_us, POTOO_EVENT_LATE_US);
    }
  if (mode == POTOO_RECORD_EVENT)
    {
      add_events (planning, FALSE, from_us, until_us);
      if (soon)
        planning->ring_us = get_pre_roll_us (planning);
    }
}

static void
add_schedule (Planning *planning)
{
  const PotooPlannerInput *input = planning->input;
  gint64 offset_us = input->wall_us - input->mono_us;
  gint64 from_us = get_first_slot_us (planning), until_us;
  guint ahead = 0;

  planning->next_us = input->mono_us + LOOK_US;
  while (from_us < input->mono_us + AHEAD_US && ahead < AHEAD_SLOTS)
    {
      PotooRecordMode mode = potoo_schedule_get_mode (input->schedule, input->zone,
                                                      from_us + offset_us, &until_us);
      until_us -= offset_us;
      add_slot (planning, mode, from_us, until_us);
      ahead += until_us > input->mono_us;
      from_us = until_us;
    }
}

/* --- the plan --- */

static void
add_wanted (Planning *planning)
{
  const PotooPlannerInput *input = planning->input;
  gint64 since_us = input->previous == NULL ? G_MININT64 : input->mono_us;

  switch (potoo_camera_settings_get_record (input->settings))
    {
    case POTOO_RECORD_CONTINUOUS:
      add (planning, since_us, since_us, G_MAXINT64);
      break;
    case POTOO_RECORD_EVENT:
      add_events (planning, FALSE, G_MININT64, G_MAXINT64);
      planning->ring_us = get_pre_roll_us (planning);
      break;
    case POTOO_RECORD_SCHEDULE:
      add_schedule (planning);
      break;
    case POTOO_RECORD_OFF:
      break;
    default:
      g_return_if_reached ();
    }
  add_events (planning, TRUE, G_MININT64, G_MAXINT64);
}

/* Where spans begin or end a gap may do so, though no fragment comes. */
static void
look_at_ends (Planning *planning, PotooRecordingPlan *plan)
{
  gint64 now_us = planning->input->mono_us;

  for (guint i = 0; i < plan->n_spans; i++)
    {
      const PotooRecordingSpan *span = &plan->spans[i];
      const gint64 times[] = { span->from_us, span->due_us, span->until_us };
      for (gsize j = 0; j < G_N_ELEMENTS (times); j++)
        if (times[j] > now_us)
          planning->next_us = MIN (planning->next_us, times[j]);
    }
}

PotooRecordingPlan *
potoo_recording_planner_plan (const PotooPlannerInput *input, gint64 *next_us)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (PotooRecordingSpan));
  Planning planning = { .input = input, .spans = spans, .next_us = G_MAXINT64 };

  add_past (&planning);
  if (input->recorded)
    add_wanted (&planning);
  const PotooRecordingPlanSpec spec = {
    .spans = (const PotooRecordingSpan *) (const void *) spans->data,
    .n_spans = spans->len,
    .ring_us = planning.ring_us,
    .priority = potoo_camera_settings_get_priority (input->settings),
    .root = potoo_camera_settings_get_storage_root (input->settings),
  };
  PotooRecordingPlan *plan = potoo_recording_plan_new (&spec);
  look_at_ends (&planning, plan);
  *next_us = planning.next_us;
  return plan;
}
