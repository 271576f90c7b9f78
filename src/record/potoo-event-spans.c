/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-event-spans.h"

static PotooEventSpan *
get (GArray *spans, guint i)
{
  return &g_array_index (spans, PotooEventSpan, i);
}

/* Of a and b, a begins first. */
static void
merge (PotooEventSpan *a, const PotooEventSpan *b)
{
  a->due_us = MIN (a->due_us, b->due_us);
  a->until_us = MAX (a->until_us, b->until_us);
}

/* The place of the first one that begins after @span does. */
static guint
find_place (GArray *spans, const PotooEventSpan *span)
{
  guint i = 0;

  while (i < spans->len && get (spans, i)->from_us <= span->from_us)
    i++;
  return i;
}

static void
merge_with_next (GArray *spans, guint i)
{
  merge (get (spans, i), get (spans, i + 1));
  g_array_remove_index (spans, i + 1);
}

/* The one whose distance to the next is the least. */
static guint
find_nearest (GArray *spans)
{
  gint64 least_us = G_MAXINT64;
  guint nearest = 0;

  for (guint i = 0; i + 1 < spans->len; i++)
    {
      gint64 distance_us = get (spans, i + 1)->from_us - get (spans, i)->until_us;
      if (distance_us < least_us)
        {
          least_us = distance_us;
          nearest = i;
        }
    }
  return nearest;
}

void
potoo_event_spans_add (GArray *spans, const PotooEventSpan *span, guint max)
{
  g_return_if_fail (span->from_us < span->until_us);

  guint i = find_place (spans, span);
  g_array_insert_val (spans, i, *span);
  if (i > 0 && get (spans, i - 1)->until_us >= span->from_us)
    merge_with_next (spans, --i);
  while (i + 1 < spans->len && get (spans, i)->until_us >= get (spans, i + 1)->from_us)
    merge_with_next (spans, i);
  if (spans->len > max)
    merge_with_next (spans, find_nearest (spans));
}

void
potoo_event_spans_forget (GArray *spans, gint64 time_us)
{
  for (guint i = spans->len; i-- > 0;)
    if (get (spans, i)->until_us < time_us)
      g_array_remove_index (spans, i);
}
