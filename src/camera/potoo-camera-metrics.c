/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "camera/potoo-camera-metrics.h"

static const PotooGapCause disconnect_causes[POTOO_N_DISCONNECT_CAUSES] = {
  POTOO_GAP_DISCONNECTED, POTOO_GAP_AUTH, POTOO_GAP_STALLED, POTOO_GAP_NO_VIDEO
};

static PotooMetric *
counter_new (const char *name, const char *help, const char *camera_id, const char *stream)
{
  return potoo_metric_new_counter (name, help, "camera", camera_id, "stream", stream, NULL);
}

void
potoo_camera_metrics_init (PotooCameraMetrics *metrics, const char *camera_id, const char *stream)
{
  for (guint i = 0; i < POTOO_N_CAMERA_STATES; i++)
    metrics->states[i] = potoo_metric_new_gauge (
        "potoo_camera_state", "1 for the state in which the camera's connection is", "camera",
        camera_id, "stream", stream, "state", potoo_camera_state_to_string (i), NULL);
  for (guint i = 0; i < POTOO_N_DISCONNECT_CAUSES; i++)
    metrics->disconnects[i] = potoo_metric_new_counter (
        "potoo_camera_disconnects_total", "Connections and tries that failed, by cause", "camera",
        camera_id, "stream", stream, "cause", potoo_gap_cause_to_string (disconnect_causes[i]),
        NULL);
  metrics->attempts = counter_new ("potoo_camera_connection_attempts_total",
                                   "Tries to connect to the camera", camera_id, stream);
  metrics->connects = counter_new ("potoo_camera_connects_total", "Tries that led to video",
                                   camera_id, stream);
  metrics->stalls = counter_new ("potoo_camera_stalls_total",
                                 "Connections given up because video stopped", camera_id, stream);
  metrics->auth_failures = counter_new ("potoo_camera_auth_failures_total",
                                        "Tries that the camera refused for their credentials",
                                        camera_id, stream);
  metrics->keyframe_requests = counter_new ("potoo_camera_keyframe_requests_total",
                                            "Keyframes asked for because none came", camera_id,
                                            stream);
  metrics->stop_hangs = potoo_metric_new_gauge (
      "potoo_camera_stop_hangs", "1 while the end of the last connection takes too long", "camera",
      camera_id, "stream", stream, NULL);
  metrics->access_units = counter_new ("potoo_camera_access_units_total",
                                       "Video access units received", camera_id, stream);
  metrics->bytes = counter_new ("potoo_camera_media_bytes_total", "Media received, of all tracks",
                                camera_id, stream);
}

void
potoo_camera_metrics_clear (PotooCameraMetrics *metrics)
{
  for (guint i = 0; i < POTOO_N_CAMERA_STATES; i++)
    g_clear_pointer (&metrics->states[i], potoo_metric_unref);
  for (guint i = 0; i < POTOO_N_DISCONNECT_CAUSES; i++)
    g_clear_pointer (&metrics->disconnects[i], potoo_metric_unref);
  g_clear_pointer (&metrics->attempts, potoo_metric_unref);
  g_clear_pointer (&metrics->connects, potoo_metric_unref);
  g_clear_pointer (&metrics->stalls, potoo_metric_unref);
  g_clear_pointer (&metrics->auth_failures, potoo_metric_unref);
  g_clear_pointer (&metrics->keyframe_requests, potoo_metric_unref);
  g_clear_pointer (&metrics->stop_hangs, potoo_metric_unref);
  g_clear_pointer (&metrics->access_units, potoo_metric_unref);
  g_clear_pointer (&metrics->bytes, potoo_metric_unref);
  g_clear_pointer (&metrics->clock_offset, potoo_metric_unref);
  g_clear_pointer (&metrics->clock_drift, potoo_metric_unref);
}

void
potoo_camera_metrics_set_state (PotooCameraMetrics *metrics, PotooCameraState state)
{
  for (guint i = 0; i < POTOO_N_CAMERA_STATES; i++)
    potoo_metric_set (metrics->states[i], i == (guint) state);
}

void
potoo_camera_metrics_disconnect (PotooCameraMetrics *metrics, PotooGapCause cause)
{
  for (guint i = 0; i < POTOO_N_DISCONNECT_CAUSES; i++)
    if (disconnect_causes[i] == cause)
      potoo_metric_add (metrics->disconnects[i], 1);
  if (cause == POTOO_GAP_STALLED)
    potoo_metric_add (metrics->stalls, 1);
  if (cause == POTOO_GAP_AUTH)
    potoo_metric_add (metrics->auth_failures, 1);
}

/* What is not known has no series. */
static void
show (PotooMetric **metric,
      gboolean known,
      PotooMetric *(*make) (const char *, const char *),
      const char *camera_id,
      const char *stream,
      gint64 value)
{
  if (!known)
    g_clear_pointer (metric, potoo_metric_unref);
  else if (*metric == NULL)
    *metric = make (camera_id, stream);
  if (known)
    potoo_metric_set (*metric, value);
}

static PotooMetric *
offset_new (const char *camera_id, const char *stream)
{
  PotooMetric *metric = potoo_metric_new_gauge ("potoo_camera_clock_offset_seconds",
                                                "By how much the camera's clock is ahead", "camera",
                                                camera_id, "stream", stream, NULL);
  return potoo_metric_set_divisor (metric, G_USEC_PER_SEC);
}

static PotooMetric *
drift_new (const char *camera_id, const char *stream)
{
  PotooMetric *metric = potoo_metric_new_gauge (
      "potoo_camera_clock_drift_ppm", "By how many parts in a million the camera's clock is faster",
      "camera", camera_id, "stream", stream, NULL);
  return potoo_metric_set_divisor (metric, 1000);
}

void
potoo_camera_metrics_set_sender (PotooCameraMetrics *metrics,
                                 const char *camera_id,
                                 const char *stream,
                                 const PotooSenderClock *sender)
{
  gint64 offset_us = 0;
  double ppm = 0;
  gboolean has_offset = potoo_sender_clock_get_offset (sender, &offset_us);
  gboolean has_drift = potoo_sender_clock_get_drift (sender, &ppm);

  show (&metrics->clock_offset, has_offset, offset_new, camera_id, stream, offset_us);
  show (&metrics->clock_drift, has_drift, drift_new, camera_id, stream, (gint64) (ppm * 1000));
}

void
potoo_camera_metrics_progress (PotooCameraMetrics *metrics,
                               const PotooPipelineProgress *before,
                               const PotooPipelineProgress *now)
{
  /* Totals fall when the pipeline tries anew over another transport. */
  potoo_metric_add (metrics->access_units, MAX (0, now->access_units - before->access_units));
  potoo_metric_add (metrics->bytes, MAX (0, now->bytes - before->bytes));
}
