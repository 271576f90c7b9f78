/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

typedef enum
{
  POTOO_CAMERA_DISABLED,
  POTOO_CAMERA_CONNECTING,
  POTOO_CAMERA_STREAMING,
  POTOO_CAMERA_BACKING_OFF,
  POTOO_CAMERA_AUTH_FAILED,
  POTOO_CAMERA_NO_VIDEO,
  POTOO_CAMERA_NO_KEYFRAMES,
} PotooCameraState;

#define POTOO_N_CAMERA_STATES (POTOO_CAMERA_NO_KEYFRAMES + 1)

const char *potoo_camera_state_to_string (PotooCameraState state); /* "backing-off" */

/**
 * PotooCameraSnapshot:
 *
 * What a camera was at one moment: settings and status, immutable and reference-counted, for any
 * thread.
 */
typedef struct
{
  gatomicrefcount ref_count;
  PotooCameraSettings *settings;
  guint64 version;            /* grows with each change of the settings: the ETag */
  PotooCameraState state;     /* of `main` */
  PotooCameraState sub_state; /* DISABLED while nobody takes it */
  char *reason;       /* (nullable) in human words, translated; why it is not streaming, or lacks */
  gint64 since_us;    /* wall time at which it entered this state */
  gint64 retry_at_us; /* wall time of the next try; 0 when none is planned */
  char *video_codec;  /* (nullable) RFC 6381, while streaming */
  char *audio_codec;  /* (nullable) */
  guint width, height;
  gint64
      pre_roll_us; /* held of `main` for the pre-roll of an event; less than 0: nothing is to be */
  double fps;      /* measured over the last seconds */
  gint64 bitrate;  /* bit/s, measured */
  gboolean has_clock_offset, has_clock_drift; /* the camera tells its time, and has for a while */
  gint64 clock_offset_us;                     /* by which its clock is ahead of ours */
  double clock_drift_ppm;                     /* by which it is faster than ours */
} PotooCameraSnapshot;

PotooCameraSnapshot *potoo_camera_snapshot_ref (PotooCameraSnapshot *snapshot);
void potoo_camera_snapshot_unref (PotooCameraSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCameraSnapshot, potoo_camera_snapshot_unref)

G_END_DECLS
