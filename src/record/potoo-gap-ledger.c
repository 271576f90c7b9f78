/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-gap-ledger.h"

#include "base/potoo-clock.h"

/* What ends so little before the plan wants no more is whole: media stops between two pictures, and
 * a camera that is disabled takes what is under way with it. The ledger counts in fragments. */
#define SLACK_US (1000 * 1000)

struct _PotooGapLedger
{
  PotooGapKeeper *gaps;
  PotooRecordingPlan *plan; /* (nullable) */
  PotooGapCause cause;
  PotooMoment settled;  /* all is said of the time before; its clock is the one gone by */
  PotooMoment recorded; /* the end of the last segment: media may be ahead of messages */
};

PotooGapLedger *
potoo_gap_ledger_new (PotooGapKeeper *gaps)
{
  PotooGapLedger *self = g_new0 (PotooGapLedger, 1);

  self->gaps = gaps;
  self->cause = POTOO_GAP_DISCONNECTED;
  return self;
}

void
potoo_gap_ledger_free (PotooGapLedger *self)
{
  g_clear_pointer (&self->plan, potoo_recording_plan_unref);
  g_free (self);
}

void
potoo_gap_ledger_inherit (PotooGapLedger *self, const PotooMoment *since)
{
  self->settled = *since;
}

void
potoo_gap_ledger_set_cause (PotooGapLedger *self, PotooGapCause cause)
{
  self->cause = cause;
}

PotooGapCause
potoo_gap_ledger_get_cause (PotooGapLedger *self)
{
  return self->cause;
}

/* --- the wall clock --- */

/* By how much the clock of @moment is ahead of the one gone by; 0: it is the same. */
static gint64
get_step_us (PotooGapLedger *self, const PotooMoment *moment)
{
  return self->settled.wall_us == 0 ? 0 : potoo_moment_get_step_us (&self->settled, moment);
}

/* @moment by the clock gone by: what comes late may still tell the time by another one. */
static PotooMoment
by_own_clock (PotooGapLedger *self, const PotooMoment *moment)
{
  return (PotooMoment){ moment->mono_us, moment->wall_us - get_step_us (self, moment) };
}

void
potoo_gap_ledger_set_clock (PotooGapLedger *self, const PotooMoment *now)
{
  gint64 step_us = get_step_us (self, now);

  if (step_us == 0 || now->mono_us < self->settled.mono_us || self->plan == NULL)
    return;
  potoo_gap_ledger_pass (self, now);
  potoo_gap_keeper_set_clock (self->gaps, &self->settled, now, FALSE);
  self->settled = *now;
}

void
potoo_gap_ledger_change_cause (PotooGapLedger *self, const PotooMoment *since, PotooGapCause cause)
{
  const PotooMoment start = by_own_clock (self, since);

  self->cause = cause;
  if (potoo_gap_keeper_get_open (self->gaps) != NULL)
    potoo_gap_keeper_begin (self->gaps, &start, cause);
}

void
potoo_gap_ledger_set_plan (PotooGapLedger *self, PotooRecordingPlan *plan)
{
  g_clear_pointer (&self->plan, potoo_recording_plan_unref);
  self->plan = potoo_recording_plan_ref (plan);
}

/* From when on what @span wants is missed. */
static gint64
get_due_us (const PotooRecordingSpan *span)
{
  return MAX (span->from_us, span->due_us);
}

static gboolean
is_due (PotooGapLedger *self, gint64 mono_us)
{
  for (guint i = 0; self->plan != NULL && i < self->plan->n_spans; i++)
    {
      const PotooRecordingSpan *span = &self->plan->spans[i];
      if (get_due_us (span) <= mono_us && mono_us < span->until_us)
        return TRUE;
    }
  return FALSE;
}

/* The moment at @mono_us, between what is settled and @until. */
static PotooMoment
moment_at (PotooGapLedger *self, gint64 mono_us, const PotooMoment *until)
{
  if (mono_us == self->settled.mono_us)
    return self->settled;
  return (PotooMoment){ mono_us, until->wall_us - (until->mono_us - mono_us) };
}

void
potoo_gap_ledger_begin_segment (PotooGapLedger *self, const PotooMoment *start)
{
  const PotooMoment end = by_own_clock (self, start);

  potoo_gap_keeper_end (self->gaps, &end);
  potoo_gap_keeper_take_back (self->gaps, end.wall_us, start->wall_us);
}

void
potoo_gap_ledger_pass (PotooGapLedger *self, const PotooMoment *moment)
{
  const PotooMoment until = by_own_clock (self, moment);

  /* Fragments may be a little ahead of the messages between them, and those of the ring are behind.
   */
  if (until.mono_us < self->settled.mono_us)
    return;
  for (guint i = 0; self->plan != NULL && i < self->plan->n_spans; i++)
    {
      const PotooRecordingSpan *span = &self->plan->spans[i];
      gint64 start_us = MAX (get_due_us (span), self->settled.mono_us);
      if (start_us > until.mono_us || start_us >= span->until_us)
        continue;
      gboolean open = potoo_gap_keeper_get_open (self->gaps) != NULL;
      if (!open && span->until_us != G_MAXINT64 && span->until_us - start_us < SLACK_US)
        continue;
      const PotooMoment start = moment_at (self, start_us, &until);
      if (!open)
        potoo_gap_keeper_begin (self->gaps, &start, self->cause);
      if (span->until_us > until.mono_us)
        continue;
      const PotooMoment end = moment_at (self, span->until_us, &until);
      potoo_gap_keeper_end_for_now (self->gaps, &end);
    }
  self->settled = until;
}

void
potoo_gap_ledger_end_segment (PotooGapLedger *self, const PotooMoment *end)
{
  self->settled = self->recorded = *end;
  potoo_gap_ledger_pass (self, end);
}

/* When the open gap began, by the clock as it stands @now. */
static PotooMoment
get_begin (PotooGapLedger *self, const PotooMoment *now)
{
  gint64 wall_us = potoo_gap_keeper_get_open (self->gaps)->start_us;
  return (PotooMoment){ now->mono_us - (now->wall_us - wall_us), wall_us };
}

void
potoo_gap_ledger_review (PotooGapLedger *self, const PotooMoment *now)
{
  if (potoo_gap_keeper_get_open (self->gaps) != NULL)
    {
      const PotooMoment begin = get_begin (self, now);
      if (begin.mono_us < now->mono_us && is_due (self, begin.mono_us))
        {
          self->settled = begin;
          potoo_gap_ledger_pass (self, now);
        }
      else if (!is_due (self, now->mono_us))
        potoo_gap_keeper_end_for_now (self->gaps, now);
    }
  else if (is_due (self, now->mono_us))
    {
      const PotooMoment recorded = by_own_clock (self, &self->recorded);
      potoo_gap_keeper_begin (self->gaps, now->mono_us < recorded.mono_us ? &recorded : now,
                              self->cause);
    }
  if (now->mono_us > self->settled.mono_us)
    self->settled = *now;
}
