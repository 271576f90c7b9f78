/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-metrics.h"
#include "camera/potoo-connection-policy.h"
#include "camera/potoo-rate-meter.h"

G_BEGIN_DECLS

/**
 * PotooCameraConnection:
 *
 * The connections to one stream of a camera, one after the other: state machine, back-off,
 * watchdogs, and the pipeline while there is one. At most one pipeline is alive: the next
 * one is made after the one before was stopped. A value in its owner, which reads it. Main thread.
 */

#define POTOO_NO_CAUSE (-1)

typedef struct
{
  void (*changed) (gpointer owner); /* state, reason or measurements */
  /* (nullable) media stopped or does not come, and why; of a connection that ended it comes when
   * all its fragments were pushed */
  void (*interrupted) (gpointer owner, PotooGapCause cause);
  void (*stopped) (gpointer owner); /* (nullable) the pipeline is gone */
} PotooCameraConnectionEvents;

typedef struct
{
  GObject *owner; /* not owned */
  const PotooCameraConnectionEvents *events;
  const char *camera_id; /* the owner's */
  const char *stream;    /* static */
  PotooCameraSettings *settings;
  PotooStreamHub *hub;
  PotooFragmenter *fragmenter; /* (nullable) */

  PotooConnectionPolicy policy;
  guint connect_source;
  PotooCameraPipeline *pipeline; /* (nullable) */
  gboolean stopping;             /* the pipeline's stop is under way */
  guint stop_source;             /* tells when that takes too long */
  gint64 stop_began_us;
  gboolean stop_hangs; /* it took too long, and goes on */
  int stop_cause;      /* … to be told when it is done, or POTOO_NO_CAUSE */
  int told_cause;      /* of the interruption that goes on, or POTOO_NO_CAUSE */
  gboolean abandoned;  /* tells no interruption any more */

  char *reason; /* (nullable) */
  PotooPipelineProgress progress;
  PotooRateMeter rate;
  PotooCameraMetrics metrics;
} PotooCameraConnection;

/* @camera_id lives as long as the connection; @stream is static. */
void potoo_camera_connection_init (PotooCameraConnection *connection,
                                   const char *camera_id,
                                   const char *stream,
                                   const PotooCameraConnectionEvents *events,
                                   gpointer owner);
/* There is no pipeline. */
void potoo_camera_connection_clear (PotooCameraConnection *connection);

/* Ends the connection, if there is one, and makes a new one after @delay_us, and again whenever it
 * ends, with @settings. */
void potoo_camera_connection_connect (PotooCameraConnection *connection,
                                      PotooCameraSettings *settings,
                                      gint64 delay_us);
/* For good, until it is connected again; @cause: PotooGapCause or POTOO_NO_CAUSE. */
void potoo_camera_connection_disconnect (PotooCameraConnection *connection, int cause);

/* Looks at the connection: watchdogs, measurements. About once a second; FALSE
 * when there is nothing to look at until the state changes. */
gboolean potoo_camera_connection_tick (PotooCameraConnection *connection);

gboolean potoo_camera_connection_is_playing (const PotooCameraConnection *connection);

G_END_DECLS
