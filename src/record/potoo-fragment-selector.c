/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-fragment-selector.h"

struct _PotooFragmentSelector
{
  PotooFragmentRing *ring;
  PotooRecordingPlan *plan; /* (nullable) */
  guint64 seen;             /* sequence of the newest fragment that came */
  gboolean ring_is_older;   /* it is as the plan before wanted it, until a fragment comes */
};

PotooFragmentSelector *
potoo_fragment_selector_new (PotooFragmentRing *ring)
{
  PotooFragmentSelector *self = g_new0 (PotooFragmentSelector, 1);

  self->ring = potoo_fragment_ring_ref (ring);
  self->seen = POTOO_NO_SEQUENCE;
  return self;
}

void
potoo_fragment_selector_free (PotooFragmentSelector *self)
{
  g_clear_pointer (&self->plan, potoo_recording_plan_unref);
  potoo_fragment_ring_unref (self->ring);
  g_free (self);
}

PotooRecordingPlan *
potoo_fragment_selector_get_plan (PotooFragmentSelector *self)
{
  return self->plan;
}

static gboolean
is_wanted (PotooFragmentSelector *self, PotooFragment *fragment)
{
  return self->plan != NULL &&
         potoo_recording_plan_find (self->plan,
                                    (gint64) (potoo_fragment_get_start_ns (fragment) / 1000),
                                    (gint64) (potoo_fragment_get_end_ns (fragment) / 1000)) != NULL;
}

static guint64
sequence_at (GPtrArray *fragments, guint i)
{
  return potoo_fragment_get_sequence (fragments->pdata[i]);
}

/* Where writing begins for the fragment at @i to be shown; those in front of @from are not to be
 * had any more. */
static guint
find_start (GPtrArray *fragments, guint from, guint i, guint64 next)
{
  guint start = i;

  while (!potoo_fragment_is_key (fragments->pdata[start]) && sequence_at (fragments, start) != next)
    {
      if (start == from || sequence_at (fragments, start - 1) + 1 != sequence_at (fragments, start))
        return i;
      start--;
    }
  return start;
}

/* Takes from @waiting what is to be written; the rest, behind it, goes (back) into the ring. What
 * is passed over in front of it is let go of: nothing is written out of order. */
static GPtrArray *
select_from (PotooFragmentSelector *self, GPtrArray *waiting, guint64 next)
{
  GPtrArray *selected = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_unref);
  guint done = 0;

  for (guint i = 0; i < waiting->len; i++)
    {
      if (!is_wanted (self, waiting->pdata[i]))
        continue;
      for (guint j = find_start (waiting, done, i, next); j <= i; j++)
        g_ptr_array_add (selected, potoo_fragment_ref (waiting->pdata[j]));
      done = i + 1;
      next = sequence_at (waiting, i) + 1;
    }
  for (guint i = done; i < waiting->len; i++)
    potoo_fragment_ring_push (self->ring, waiting->pdata[i], sequence_at (waiting, i) == next);
  return selected;
}

void
potoo_fragment_selector_resume (PotooFragmentSelector *self, PotooRecordingPlan *plan)
{
  potoo_recording_plan_ref (plan);
  g_clear_pointer (&self->plan, potoo_recording_plan_unref);
  self->plan = plan;
}

/* Whether what comes next is wanted: it may need what is in @waiting to be shown. */
static gboolean
precedes_wanted (PotooFragmentSelector *self, GPtrArray *waiting)
{
  if (waiting->len == 0)
    return FALSE;
  gint64 end_us = (gint64) (potoo_fragment_get_end_ns (waiting->pdata[waiting->len - 1]) / 1000);
  return potoo_recording_plan_find (self->plan, end_us, G_MAXINT64) != NULL;
}

GPtrArray *
potoo_fragment_selector_set_plan (PotooFragmentSelector *self,
                                  PotooRecordingPlan *plan,
                                  guint64 next)
{
  g_autoptr (GPtrArray) waiting = potoo_fragment_ring_take_all (self->ring);

  potoo_fragment_selector_resume (self, plan);
  self->ring_is_older = plan->ring_us == 0 && precedes_wanted (self, waiting);
  if (!self->ring_is_older)
    potoo_fragment_ring_set_up (self->ring, plan->ring_us, plan->priority);
  return select_from (self, waiting, next);
}

/* A fragment has come: what it needed of the ring it has got. */
static void
bring_ring_up_to_date (PotooFragmentSelector *self)
{
  if (self->ring_is_older)
    potoo_fragment_ring_set_up (self->ring, self->plan->ring_us, self->plan->priority);
  self->ring_is_older = FALSE;
}

GPtrArray *
potoo_fragment_selector_add (PotooFragmentSelector *self, PotooFragment *fragment, guint64 next)
{
  gboolean again = potoo_fragment_get_sequence (fragment) == self->seen;

  self->seen = potoo_fragment_get_sequence (fragment);
  if (!is_wanted (self, fragment))
    {
      if (!again)
        potoo_fragment_ring_push (self->ring, fragment, self->seen == next);
      bring_ring_up_to_date (self);
      return g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_unref);
    }
  g_autoptr (GPtrArray) waiting = potoo_fragment_ring_take_all (self->ring);
  g_ptr_array_add (waiting, potoo_fragment_ref (fragment));
  bring_ring_up_to_date (self);
  return select_from (self, waiting, next);
}

gboolean
potoo_fragment_selector_may_continue (PotooFragmentSelector *self, guint64 next, gint64 end_us)
{
  if (self->plan == NULL)
    return FALSE;
  if (potoo_recording_plan_find (self->plan, end_us, end_us) != NULL)
    return TRUE;
  if (self->seen + 1 == next)
    return self->plan->ring_us > 0 ||
           potoo_recording_plan_find (self->plan, end_us, G_MAXINT64) != NULL;
  g_autoptr (PotooFragment) oldest = potoo_fragment_ring_peek (self->ring);
  return oldest != NULL && potoo_fragment_get_sequence (oldest) == next &&
         !potoo_fragment_is_key (oldest);
}
