/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-metrics.h"
#include "camera/potoo-camera.h"
#include "camera/potoo-connection-policy.h"
#include "camera/potoo-fragment-gate.h"
#include "camera/potoo-rate-meter.h"

G_BEGIN_DECLS

/* What potoo-camera.c (settings, what is published) and potoo-camera-connection.c (pipelines
 * and their watchdogs) share. Main thread. */

#define POTOO_NO_CAUSE (-1)

struct _PotooCamera
{
  GObject parent_instance;

  char *id;
  PotooCameraSettings *settings;
  guint64 version;

  PotooStreamHub *hub;
  PotooFragmentGate *gate; /* owned by the fragmenter */
  PotooFragmenter *fragmenter;

  gboolean running; /* between start and stop */
  PotooConnectionPolicy policy;
  guint connect_source;
  GPtrArray *stop_tasks; /* GTask: who waits for the stop */

  PotooCameraPipeline *pipeline; /* (nullable) */
  gboolean stopping;             /* the pipeline's stop is under way */
  guint stop_source;             /* tells when that takes too long */
  gint64 stop_began_us;
  gboolean stop_hangs; /* it took too long, and goes on */
  int stop_cause;      /* … to be told when it is done, or POTOO_NO_CAUSE */
  int told_cause;      /* of the interruption that goes on, or POTOO_NO_CAUSE */
  gboolean abandoned;  /* tells nothing any more */

  char *reason; /* (nullable) */
  PotooPipelineProgress progress;
  PotooRateMeter rate;
  PotooCameraMetrics metrics;

  GMutex snapshot_lock; /* protects the pointer alone */
  PotooCameraSnapshot *snapshot;
};

/* --- potoo-camera.c --- */

/* Makes a new snapshot and tells when it differs. */
void potoo_camera_publish (PotooCamera *camera);
/* @cause: PotooGapCause or POTOO_NO_CAUSE */
void potoo_camera_tell_interrupted (PotooCamera *camera, int cause);
void potoo_camera_set_reason (PotooCamera *camera, const char *reason); /* (nullable) */
void potoo_camera_return_stop_tasks (PotooCamera *camera);

/* --- potoo-camera-connection.c --- */

/* For good, until potoo_camera_reconnect(); @cause as above. */
void potoo_camera_disconnect (PotooCamera *camera, int cause);
/* Ends the connection, if there is one, and makes a new one after @delay_us. */
void potoo_camera_reconnect (PotooCamera *camera, gint64 delay_us);

G_END_DECLS
