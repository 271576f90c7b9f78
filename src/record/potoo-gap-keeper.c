/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A gap whose id could not be had (the catalog has been stuck for long) is kept
 * in memory, with id 0, and gets its id with its next change. */

#include "record/potoo-gap-keeper.h"

#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

struct _PotooGapKeeper
{
  PotooCatalog *catalog;
  PotooGap gap;
  gboolean open;
  PotooMetric *is_open, *count, *no_id;
};

PotooGapKeeper *
potoo_gap_keeper_new (PotooCatalog *catalog,
                      const char *camera,
                      PotooStreamKind stream,
                      const PotooGap *open)
{
  PotooGapKeeper *keeper = g_new0 (PotooGapKeeper, 1);
  const char *stream_name = potoo_stream_kind_to_string (stream);

  keeper->catalog = g_object_ref (catalog);
  g_strlcpy (keeper->gap.camera, camera, sizeof keeper->gap.camera);
  keeper->gap.stream = stream;
  keeper->is_open = potoo_metric_new_gauge ("potoo_recording_gap", "1 while a gap is open",
                                            "camera", camera, "stream", stream_name, NULL);
  keeper->count = potoo_metric_new_counter ("potoo_recording_gaps_total", "Gaps that began",
                                            "camera", camera, "stream", stream_name, NULL);
  keeper->no_id = potoo_metric_new_counter ("potoo_recording_gap_ids_missing_total",
                                            "Gaps for which the catalog had no id left", "camera",
                                            camera, "stream", stream_name, NULL);
  if (open != NULL)
    {
      keeper->gap = *open;
      keeper->gap.end_us = 0;
      keeper->open = TRUE;
      potoo_metric_set (keeper->is_open, 1);
    }
  return keeper;
}

void
potoo_gap_keeper_free (PotooGapKeeper *keeper)
{
  g_object_unref (keeper->catalog);
  potoo_metric_unref (keeper->is_open);
  potoo_metric_unref (keeper->count);
  potoo_metric_unref (keeper->no_id);
  g_free (keeper);
}

const PotooGap *
potoo_gap_keeper_get_open (PotooGapKeeper *keeper)
{
  return keeper->open ? &keeper->gap : NULL;
}

static void
post (PotooGapKeeper *keeper)
{
  if (keeper->gap.id == 0)
    keeper->gap.id = potoo_catalog_take_gap_id (keeper->catalog);
  if (keeper->gap.id == 0)
    potoo_metric_add (keeper->no_id, 1);
  else
    potoo_catalog_put_gap (keeper->catalog, &keeper->gap);
}

void
potoo_gap_keeper_begin (PotooGapKeeper *keeper, gint64 start_us, PotooGapCause cause)
{
  if (keeper->open && keeper->gap.cause == cause)
    return;
  potoo_gap_keeper_end (keeper, start_us);
  keeper->open = TRUE;
  keeper->gap.id = 0;
  keeper->gap.start_us = start_us;
  keeper->gap.end_us = 0;
  keeper->gap.cause = cause;
  potoo_log_info (keeper->gap.camera, "Not recorded from now on: %s",
                  potoo_gap_cause_to_string (cause));
  post (keeper);
  potoo_metric_set (keeper->is_open, 1);
  potoo_metric_add (keeper->count, 1);
}

void
potoo_gap_keeper_end (PotooGapKeeper *keeper, gint64 end_us)
{
  if (!keeper->open)
    return;
  keeper->open = FALSE;
  if (end_us <= keeper->gap.start_us)
    {
      if (keeper->gap.id != 0)
        potoo_catalog_drop_gap (keeper->catalog, keeper->gap.id);
      potoo_metric_set (keeper->is_open, 0);
      return;
    }
  keeper->gap.end_us = end_us;
  post (keeper);
  potoo_metric_set (keeper->is_open, 0);
  potoo_log_info (keeper->gap.camera, "Gap of %.3f s ended (%s)",
                  (double) (end_us - keeper->gap.start_us) / G_USEC_PER_SEC,
                  potoo_gap_cause_to_string (keeper->gap.cause));
}
