/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-metrics.h"

static const char *const reject_names[POTOO_WEB_N_REJECTS] = {
  [POTOO_WEB_REJECT_HOST] = "host",           [POTOO_WEB_REJECT_ORIGIN] = "origin",
  [POTOO_WEB_REJECT_RIGHT] = "right",         [POTOO_WEB_REJECT_MEDIA_TYPE] = "media-type",
  [POTOO_WEB_REJECT_BODY_SIZE] = "body-size", [POTOO_WEB_REJECT_FRAMING] = "framing",
  [POTOO_WEB_REJECT_URI_SIZE] = "uri-size",   [POTOO_WEB_REJECT_CONNECTIONS] = "connections",
  [POTOO_WEB_REJECT_IN_FLIGHT] = "in-flight", [POTOO_WEB_REJECT_TIMEOUT] = "timeout",
  [POTOO_WEB_REJECT_STOPPING] = "stopping",   [POTOO_WEB_REJECT_MEMORY] = "memory",
};

PotooWebMetrics *
potoo_web_metrics_new (void)
{
  PotooWebMetrics *metrics = g_new0 (PotooWebMetrics, 1);

  metrics->connections = potoo_metric_new_gauge ("potoo_http_connections", "Open HTTP connections.",
                                                 NULL);
  metrics->connections_total = potoo_metric_new_counter ("potoo_http_connections_total",
                                                         "HTTP connections accepted.", NULL);
  metrics->accept_errors = potoo_metric_new_counter (
      "potoo_http_accept_errors_total", "Failures to accept an HTTP connection.", NULL);
  metrics->in_flight = potoo_metric_new_gauge ("potoo_http_requests_in_flight",
                                               "Requests under way.", NULL);
  metrics->reply_bytes = potoo_metric_new_gauge (
      "potoo_http_reply_bytes", "Answers in memory that clients have not taken yet.", NULL);
  metrics->sent_bytes = potoo_metric_new_counter ("potoo_http_sent_bytes_total",
                                                  "Bytes of HTTP response bodies sent.", NULL);
  metrics->aborted = potoo_metric_new_counter ("potoo_http_aborted_total",
                                               "Requests whose client went away early.", NULL);
  metrics->short_files = potoo_metric_new_counter (
      "potoo_http_short_files_total", "Segment files found shorter than their row.", NULL);
  metrics->unreadable_indexes = potoo_metric_new_counter (
      "potoo_http_unreadable_indexes_total",
      "Segments left out of a playlist because their index is damaged.", NULL);
  for (guint i = 0; i < POTOO_WEB_N_REJECTS; i++)
    metrics->rejected[i] = potoo_metric_new_counter ("potoo_http_rejected_total",
                                                     "Requests and connections refused.", "reason",
                                                     reject_names[i], NULL);
  metrics->requests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify) potoo_metric_unref);
  return metrics;
}

void
potoo_web_metrics_free (PotooWebMetrics *metrics)
{
  potoo_metric_unref (metrics->connections);
  potoo_metric_unref (metrics->connections_total);
  potoo_metric_unref (metrics->accept_errors);
  potoo_metric_unref (metrics->in_flight);
  potoo_metric_unref (metrics->reply_bytes);
  potoo_metric_unref (metrics->sent_bytes);
  potoo_metric_unref (metrics->aborted);
  potoo_metric_unref (metrics->short_files);
  potoo_metric_unref (metrics->unreadable_indexes);
  for (guint i = 0; i < POTOO_WEB_N_REJECTS; i++)
    potoo_metric_unref (metrics->rejected[i]);
  g_hash_table_unref (metrics->requests);
  g_free (metrics);
}

void
potoo_web_metrics_reject (PotooWebMetrics *metrics, PotooWebReject why)
{
  potoo_metric_add (metrics->rejected[why], 1);
}

void
potoo_web_metrics_count_request (PotooWebMetrics *metrics, const char *route, guint status)
{
  char class[] = { (char) ('0' + MIN (status / 100, 9)), 'x', 'x', '\0' };
  g_autofree char *key = g_strdup_printf ("%s %s", route != NULL ? route : "none", class);
  PotooMetric *metric = g_hash_table_lookup (metrics->requests, key);

  if (metric == NULL)
    {
      metric = potoo_metric_new_counter ("potoo_http_requests_total", "HTTP requests answered.",
                                         "route", route != NULL ? route : "none", "status", class,
                                         NULL);
      g_hash_table_insert (metrics->requests, g_steal_pointer (&key), metric);
    }
  potoo_metric_add (metric, 1);
}
