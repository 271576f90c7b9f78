/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* What is counted of a stream's segments; reference-counted, for the recorder that goes on with it.
 */
typedef struct
{
  gatomicrefcount ref_count;
  PotooMetric *fragments, *bytes, *frames;
  PotooMetric *unwritten_fragments;
  PotooMetric *opened, *closed, *damaged, *no_id;
} PotooSegmentMetrics;

PotooSegmentMetrics *potoo_segment_metrics_new (const char *camera, PotooStreamKind stream);
PotooSegmentMetrics *potoo_segment_metrics_ref (PotooSegmentMetrics *metrics);
void potoo_segment_metrics_unref (PotooSegmentMetrics *metrics);

G_END_DECLS
