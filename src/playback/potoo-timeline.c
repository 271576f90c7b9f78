/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "playback/potoo-timeline.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

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
  self->coverage = (PotooCoverage){ .start_us = start_us, .end_us = end_us };
  potoo_coverage_measure (&self->coverage, self->spans, self->gaps, now_us);
  return g_steal_pointer (&self);
}

void
potoo_timeline_free (PotooTimeline *self)
{
  g_clear_pointer (&self->spans, g_array_unref);
  g_clear_pointer (&self->gaps, g_ptr_array_unref);
  g_free (self);
}
