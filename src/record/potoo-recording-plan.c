/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-recording-plan.h"

#include <string.h>

static int
compare_spans (gconstpointer a, gconstpointer b)
{
  const PotooRecordingSpan *first = a, *second = b;

  if (first->from_us != second->from_us)
    return first->from_us < second->from_us ? -1 : 1;
  return first->due_us < second->due_us ? -1 : first->due_us > second->due_us;
}

/* Appends @span, which does not begin before the last one does. Time that is due only later than
 * the last span ends stays a span of its own, which touches it: else what lacks between would
 * become a gap. */
static void
add_span (GArray *spans, PotooRecordingSpan span)
{
  PotooRecordingSpan *last = spans->len > 0
                                 ? &g_array_index (spans, PotooRecordingSpan, spans->len - 1)
                                 : NULL;

  if (span.from_us >= span.until_us)
    return;
  if (last == NULL || span.from_us > last->until_us)
    g_array_append_val (spans, span);
  else if (span.due_us <= last->until_us)
    {
      last->due_us = MIN (last->due_us, span.due_us);
      last->until_us = MAX (last->until_us, span.until_us);
    }
  else if (span.until_us > last->until_us)
    {
      span.from_us = last->until_us;
      g_array_append_val (spans, span);
    }
}

/* Two neighbours become one, with what lies between. */
static void
merge_nearest (GArray *spans)
{
  guint nearest = 0;
  guint64 least = G_MAXUINT64;

  for (guint i = 0; i + 1 < spans->len; i++)
    {
      const PotooRecordingSpan *span = &g_array_index (spans, PotooRecordingSpan, i);
      guint64 distance = (guint64) span[1].from_us - (guint64) span[0].until_us;
      if (distance < least)
        {
          least = distance;
          nearest = i;
        }
    }
  PotooRecordingSpan *span = &g_array_index (spans, PotooRecordingSpan, nearest);
  span[0].due_us = MIN (span[0].due_us, span[1].due_us);
  span[0].until_us = span[1].until_us;
  g_array_remove_index (spans, nearest + 1);
}

PotooRecordingPlan *
potoo_recording_plan_new (const PotooRecordingPlanSpec *spec)
{
  g_return_val_if_fail (spec->ring_us >= 0, NULL);

  PotooRecordingPlan *plan = g_new0 (PotooRecordingPlan, 1);
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (PotooRecordingSpan));
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (PotooRecordingSpan));

  if (spec->n_spans > 0)
    g_array_append_vals (sorted, spec->spans, spec->n_spans);
  g_array_sort (sorted, compare_spans);
  for (guint i = 0; i < sorted->len; i++)
    add_span (spans, g_array_index (sorted, PotooRecordingSpan, i));
  while (spans->len > POTOO_PLAN_MAX_SPANS)
    merge_nearest (spans);
  g_atomic_ref_count_init (&plan->ref_count);
  plan->ring_us = spec->ring_us;
  plan->priority = spec->priority;
  plan->root = g_strdup (spec->root);
  plan->n_spans = spans->len;
  if (spans->len > 0)
    memcpy (plan->spans, spans->data, spans->len * sizeof (PotooRecordingSpan));
  return plan;
}

PotooRecordingPlan *
potoo_recording_plan_new_endless (void)
{
  const PotooRecordingSpan span = { G_MININT64, G_MININT64, G_MAXINT64 };
  return potoo_recording_plan_new (&(PotooRecordingPlanSpec){ .spans = &span, .n_spans = 1 });
}

PotooRecordingPlan *
potoo_recording_plan_new_empty (void)
{
  return potoo_recording_plan_new (&(PotooRecordingPlanSpec){ .n_spans = 0 });
}

PotooRecordingPlan *
potoo_recording_plan_ref (PotooRecordingPlan *plan)
{
  g_atomic_ref_count_inc (&plan->ref_count);
  return plan;
}

void
potoo_recording_plan_unref (PotooRecordingPlan *plan)
{
  if (!g_atomic_ref_count_dec (&plan->ref_count))
    return;
  g_free (plan->root);
  g_free (plan);
}

const PotooRecordingSpan *
potoo_recording_plan_find (PotooRecordingPlan *plan, gint64 start_us, gint64 end_us)
{
  for (guint i = 0; i < plan->n_spans; i++)
    {
      const PotooRecordingSpan *span = &plan->spans[i];
      if (span->until_us > start_us && (span->from_us < end_us || span->from_us <= start_us))
        return span;
    }
  return NULL;
}
