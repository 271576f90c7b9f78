/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooMetric:
 *
 * One time series of the process-wide registry that `/metrics` prints: a number
 * with a name, a help text and up to four labels. Adding to it is one relaxed
 * atomic operation (any thread, streaming threads too); creating and freeing
 * take the registry's lock. The series disappears with the last reference, so
 * an owner (a camera, a queue) holds its own. Of two with the same name and labels (a
 * camera that is removed and added again, while the old one is not gone yet) only the
 * newer is printed: Prometheus refuses a page that tells a series twice.
 *
 * Names follow Prometheus: `potoo_` + noun + base unit, counters end in
 * `_total`. Series that share a name have the same type, help and names of labels.
 */
typedef struct _PotooMetric PotooMetric;

/* @...: label name and value pairs, NULL-terminated. (transfer full) */
PotooMetric *
potoo_metric_new_counter (const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;
PotooMetric *
potoo_metric_new_gauge (const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;

/* A gauge that is asked when it is printed, in any thread and under the registry's lock. */
PotooMetric *potoo_metric_new_asked (const char *name, const char *help, gint64 (*ask) (void));

PotooMetric *potoo_metric_ref (PotooMetric *metric);
void potoo_metric_unref (PotooMetric *metric);

void potoo_metric_add (PotooMetric *metric, gint64 n);         /* counters: n >= 0 */
void potoo_metric_set (PotooMetric *metric, gint64 value);     /* gauges */
void potoo_metric_set_max (PotooMetric *metric, gint64 value); /* keeps the larger */
gint64 potoo_metric_get (PotooMetric *metric);

/* Prints the value divided by @divisor (e.g. 1000000 for a metric that is
 * kept in microseconds and named `_seconds`). To be called right after
 * creation. Returns @metric. */
PotooMetric *potoo_metric_set_divisor (PotooMetric *metric, gint64 divisor);

/* All series in Prometheus text exposition format 0.0.4, sorted by name and labels.
 * (transfer full) */
char *potoo_metrics_render (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooMetric, potoo_metric_unref)

G_END_DECLS
