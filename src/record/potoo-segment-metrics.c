/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-segment-metrics.h"

PotooSegmentMetrics *
potoo_segment_metrics_new (const char *camera, PotooStreamKind stream)
{
  PotooSegmentMetrics *metrics = g_new0 (PotooSegmentMetrics, 1);
  const struct
  {
    PotooMetric **metric;
    const char *name, *help;
  } rows[] = {
    { &metrics->fragments, "potoo_recorded_fragments_total", "Fragments written" },
    { &metrics->bytes, "potoo_recorded_bytes_total", "Bytes of fragments written" },
    { &metrics->frames, "potoo_recorded_frames_total", "Video frames written" },
    { &metrics->unwritten_fragments, "potoo_unwritten_fragments_total",
      "Fragments not written though the plan wants recording" },
    { &metrics->opened, "potoo_segments_opened_total", "Segments begun" },
    { &metrics->closed, "potoo_segments_closed_total", "Segments closed whole" },
    { &metrics->damaged, "potoo_segments_damaged_total",
      "Segments ended by a failed write or sync" },
    { &metrics->no_id, "potoo_segment_ids_missing_total",
      "Segments not begun because the catalog had no id left" },
  };

  g_atomic_ref_count_init (&metrics->ref_count);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    *rows[i].metric = potoo_metric_new_counter (rows[i].name, rows[i].help, "camera", camera,
                                                "stream", potoo_stream_kind_to_string (stream),
                                                NULL);
  return metrics;
}

PotooSegmentMetrics *
potoo_segment_metrics_ref (PotooSegmentMetrics *metrics)
{
  g_atomic_ref_count_inc (&metrics->ref_count);
  return metrics;
}

void
potoo_segment_metrics_unref (PotooSegmentMetrics *metrics)
{
  PotooMetric *const all[] = { metrics->fragments, metrics->bytes,
                               metrics->frames,    metrics->unwritten_fragments,
                               metrics->opened,    metrics->closed,
                               metrics->damaged,   metrics->no_id };

  if (!g_atomic_ref_count_dec (&metrics->ref_count))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    potoo_metric_unref (all[i]);
  g_free (metrics);
}
