/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "camera/potoo-camera-status.h"
#include "catalog/potoo-catalog-gaps.h"
#include "media/potoo-camera-pipeline.h"

G_BEGIN_DECLS

/* Why a connection fails: disconnected, auth, stalled, no-video. */
#define POTOO_N_DISCONNECT_CAUSES 4

/* What is counted of the connections to one stream of a camera. */
typedef struct
{
  PotooMetric *states[POTOO_N_CAMERA_STATES]; /* 1 for the state that stands, 0 for others */
  PotooMetric *attempts;
  PotooMetric *connects;
  PotooMetric *disconnects[POTOO_N_DISCONNECT_CAUSES];
  PotooMetric *stalls;
  PotooMetric *auth_failures;
  PotooMetric *keyframe_requests;
  PotooMetric *stop_hangs; /* 1 while a connection's end takes too long */
  PotooMetric *access_units;
  PotooMetric *bytes;
  PotooMetric *clock_offset, *clock_drift; /* (nullable): the camera does not tell its time */
} PotooCameraMetrics;

void
potoo_camera_metrics_init (PotooCameraMetrics *metrics, const char *camera_id, const char *stream);
void potoo_camera_metrics_clear (PotooCameraMetrics *metrics);

void potoo_camera_metrics_set_state (PotooCameraMetrics *metrics, PotooCameraState state);
void potoo_camera_metrics_disconnect (PotooCameraMetrics *metrics, PotooGapCause cause);
/* What @sender says of the camera's clock. */
void potoo_camera_metrics_set_sender (PotooCameraMetrics *metrics,
                                      const char *camera_id,
                                      const char *stream,
                                      const PotooSenderClock *sender);
/* Adds what came between two looks at the same pipeline. */
void potoo_camera_metrics_progress (PotooCameraMetrics *metrics,
                                    const PotooPipelineProgress *before,
                                    const PotooPipelineProgress *now);

G_END_DECLS
