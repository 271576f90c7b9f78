/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"

G_BEGIN_DECLS

/* Why something was refused before a handler saw it, or its answer could not be sent. */
typedef enum
{
  POTOO_WEB_REJECT_HOST,
  POTOO_WEB_REJECT_ORIGIN,
  POTOO_WEB_REJECT_RIGHT,
  POTOO_WEB_REJECT_MEDIA_TYPE,
  POTOO_WEB_REJECT_BODY_SIZE,
  POTOO_WEB_REJECT_FRAMING,
  POTOO_WEB_REJECT_URI_SIZE,
  POTOO_WEB_REJECT_CONNECTIONS,
  POTOO_WEB_REJECT_IN_FLIGHT,
  POTOO_WEB_REJECT_TIMEOUT,
  POTOO_WEB_REJECT_STOPPING,
  POTOO_WEB_REJECT_MEMORY,
  POTOO_WEB_N_REJECTS,
} PotooWebReject;

/* The counters of one server; counting: the worker's thread. */
typedef struct
{
  PotooMetric *connections;
  PotooMetric *connections_total;
  PotooMetric *accept_errors;
  PotooMetric *in_flight;
  PotooMetric *reply_bytes;
  PotooMetric *sent_bytes;
  PotooMetric *aborted;
  PotooMetric *short_files;
  PotooMetric *unreadable_indexes;
  PotooMetric *rejected[POTOO_WEB_N_REJECTS];
  GHashTable *requests; /* "ROUTE CLASS" → PotooMetric, made on first use; bounded by the routes */
} PotooWebMetrics;

PotooWebMetrics *potoo_web_metrics_new (void);
void potoo_web_metrics_free (PotooWebMetrics *metrics);

void potoo_web_metrics_reject (PotooWebMetrics *metrics, PotooWebReject why);
/* @route: (nullable): the path of the route's row */
void potoo_web_metrics_count_request (PotooWebMetrics *metrics, const char *route, guint status);

G_END_DECLS
