/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "config/potoo-camera-settings.h"
#include "media/potoo-fragmenter.h"
#include "media/potoo-sender-clock.h"
#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooCameraPipeline:
 *
 * One connection to one stream of a camera: source → depay → parse or encode → hub and
 * fragmenter. Sound that cannot be had is left out; video that cannot ends it. It lives for one
 * connection: new → start → (`ended` signal) → stop_async → unref. It never reconnects by itself.
 *
 * Main thread; hub and fragmenter are fed from GStreamer's streaming threads.
 *
 * Signals (main thread): `playing`: the first video access unit has come;
 * `ended (GError)`: once, the connection is over or never came to be; the
 * error's code tells: UNAUTHORIZED, UNREACHABLE, TIMEOUT, NOT_FOUND, UNSUPPORTED (no usable
 * video track), UNAVAILABLE (closed by the camera), FAILED. Its message is for people, without
 * secrets.
 */
#define POTOO_TYPE_CAMERA_PIPELINE (potoo_camera_pipeline_get_type ())
G_DECLARE_FINAL_TYPE (PotooCameraPipeline, potoo_camera_pipeline, POTOO, CAMERA_PIPELINE, GObject)

/* @fragmenter: (nullable): what is not to be recorded needs none. It outlives the pipeline's media,
 * as does @hub. */
PotooCameraPipeline *potoo_camera_pipeline_new (PotooCameraSettings *settings,
                                                PotooStreamHub *hub,
                                                PotooFragmenter *fragmenter);
void potoo_camera_pipeline_start (PotooCameraPipeline *pipeline);

/* Stops in a thread of its own (a dead peer may take 100 ms and more), then
 * flushes the fragmenter. No media comes after the callback. */
void potoo_camera_pipeline_stop_async (PotooCameraPipeline *pipeline,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
void potoo_camera_pipeline_stop_finish (PotooCameraPipeline *pipeline, GAsyncResult *result);

/* Asks the camera for a keyframe (RTCP PLI, where it listens). */
void potoo_camera_pipeline_request_keyframe (PotooCameraPipeline *pipeline);

typedef struct
{
  gint64 last_access_unit_us;  /* monotonic; of video; 0: none yet */
  gint64 last_keyframe_us;     /* monotonic; 0: none yet */
  gint64 bytes_since_keyframe; /* of video */
  gint64 access_units;         /* of video, since start */
  gint64 bytes;                /* of all tracks, since start */
  gint64 interval_us;          /* about the longest between two pictures lately; 0: not known */
  gint64 packets;              /* of video, whether access units came of them or not */
  PotooSenderClock sender;     /* of video */
} PotooPipelineProgress;

/* Any thread. */
void potoo_camera_pipeline_get_progress (PotooCameraPipeline *pipeline,
                                         PotooPipelineProgress *progress);

/* Lets go of what has nothing to do; about once a second, main thread. Returns for people what
 * lacks although video comes: packets on their way, or the sound that the camera offers. (transfer
 * full) (nullable) */
char *potoo_camera_pipeline_look (PotooCameraPipeline *pipeline);

/* What the tracks are, once playing: RFC 6381 codec (nullable), size. (transfer full) strings */
void potoo_camera_pipeline_get_video (PotooCameraPipeline *pipeline,
                                      char **codec,
                                      guint *width,
                                      guint *height);
char *potoo_camera_pipeline_get_audio (PotooCameraPipeline *pipeline); /* (nullable) */

G_END_DECLS
