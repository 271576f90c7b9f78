/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "playback/potoo-timeline.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

typedef struct
{
  gint64 start_us, end_us;
} Interval;

static int
compare_starts (gconstpointer a, gconstpointer b)
{
  const Interval *one = a, *other = b;
  return one->start_us < other->start_us ? -1 : one->start_us > other->start_us;
}

static void
add_interval (GArray *intervals, gint64 start_us, gint64 end_us)
{
  const Interval interval = { start_us, end_us };

  if (start_us < end_us)
    g_array_append_val (intervals, interval);
}

/* The time that the intervals cover together; sorts them. */
static gint64
measure_union (GArray *intervals)
{
  gint64 covered_us = 0, reached_us = G_MININT64;

  g_array_sort (intervals, compare_starts);
  for (guint i = 0; i < intervals->len; i++)
    {
      const Interval *interval = &g_array_index (intervals, Interval, i);
      if (interval->end_us <= reached_us)
        continue;
      covered_us += interval->end_us - MAX (interval->start_us, reached_us);
      reached_us = interval->end_us;
    }
  return covered_us;
}

static void
measure (PotooTimeline *self, gint64 start_us, gint64 end_us, gint64 now_us)
{
  g_autoptr (GArray) intervals = g_array_new (FALSE, FALSE, sizeof (Interval));

  for (guint i = 0; i < self->spans->len; i++)
    {
      const PotooSpan *span = &g_array_index (self->spans, PotooSpan, i);
      add_interval (intervals, span->start_us, span->end_us);
    }
  self->recorded_us = measure_union (intervals);
  for (guint i = 0; i < self->gaps->len; i++)
    {
      const PotooGap *gap = self->gaps->pdata[i];
      add_interval (intervals, MAX (gap->start_us, start_us),
                    MIN (gap->end_us != 0 ? gap->end_us : now_us, end_us));
    }
  self->wanted_us = measure_union (intervals);
}

static void
clip_spans (GArray *spans, gint64 start_us, gint64 end_us)
{
  for (guint i = 0; i < spans->len; i++)
    {
      PotooSpan *span = &g_array_index (spans, PotooSpan, i);
      span->start_us = MAX (span->start_us, start_us);
      span->end_us = MIN (span->end_us, end_us);
    }
}

static gboolean
load_gaps (PotooTimeline *self,
           PotooCatalogReader *reader,
           const char *camera,
           PotooStreamKind stream,
           gint64 start_us,
           gint64 end_us,
           GError **error)
{
  const PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = end_us, .limit = POTOO_TIMELINE_MAX_ROWS
  };

  self->gaps = potoo_catalog_reader_list_gaps (reader, &query, error);
  if (self->gaps == NULL)
    return FALSE;
  gboolean all = self->gaps->len < POTOO_TIMELINE_MAX_ROWS;
  for (guint i = self->gaps->len; i > 0; i--)
    if (((const PotooGap *) self->gaps->pdata[i - 1])->stream != stream)
      g_ptr_array_remove_index (self->gaps, i - 1);
  if (!all || self->spans->len >= POTOO_TIMELINE_MAX_ROWS)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("The window holds %d spans or gaps, or more: ask for a shorter one"),
                   POTOO_TIMELINE_MAX_ROWS);
      return FALSE;
    }
  return TRUE;
}

PotooTimeline *
potoo_timeline_new (PotooCatalogReader *reader,
                    const char *camera,
                    PotooStreamKind stream,
                    gint64 start_us,
                    gint64 end_us,
                    gint64 now_us,
                    GError **error)
{
  g_return_val_if_fail (start_us < end_us && end_us - start_us <= POTOO_TIMELINE_MAX_US, NULL);

  g_autoptr (PotooTimeline) self = g_new0 (PotooTimeline, 1);
  self->spans = potoo_catalog_reader_list_spans (reader, camera, stream, start_us, end_us,
                                                 POTOO_TIMELINE_MAX_ROWS, error);
  if (self->spans == NULL || !load_gaps (self, reader, camera, stream, start_us, end_us, error))
    return NULL;
  clip_spans (self->spans, start_us, end_us);
  measure (self, start_us, end_us, now_us);
  return g_steal_pointer (&self);
}

void
potoo_timeline_free (PotooTimeline *self)
{
  g_clear_pointer (&self->spans, g_array_unref);
  g_clear_pointer (&self->gaps, g_ptr_array_unref);
  g_free (self);
}
