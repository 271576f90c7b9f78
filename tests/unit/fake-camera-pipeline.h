/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-camera-pipeline.h"

/*
 * A stand-in for media/potoo-camera-pipeline.c: it defines the same functions, and a
 * test that is linked with it drives the camera's side without GStreamer. What was
 * made, started and stopped is in `fake_pipelines`, oldest first. Main thread.
 */

typedef struct
{
  PotooCameraPipeline *pipeline; /* not owned */
  PotooCameraSettings *settings;
  PotooStreamHub *hub;
  gboolean started, stopping;
  gboolean alive; /* until its stop is done */
  guint keyframe_requests;
  PotooPipelineProgress progress;
  char *video, *audio;
  char *no_sound; /* (nullable) */
  guint width, height;
  GTask *stop_task; /* until fake_pipeline_stopped() */
} FakePipeline;

extern GPtrArray *fake_pipelines;            /* FakePipeline, owned */
extern gboolean fake_pipelines_stop_by_hand; /* else the stop is done at once */
extern guint fake_pipelines_most_alive;      /* of one stream at the same time */

void fake_pipelines_reset (void);
FakePipeline *fake_pipeline_newest (void); /* (nullable) */
void fake_pipeline_play (FakePipeline *fake);
void fake_pipeline_end (FakePipeline *fake, int code, const char *message);
void fake_pipeline_stopped (FakePipeline *fake);
