/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "camera/potoo-camera-status.h"

const char *
potoo_camera_state_to_string (PotooCameraState state)
{
  static const char *const names[POTOO_N_CAMERA_STATES] = {
    [POTOO_CAMERA_DISABLED] = "disabled",         [POTOO_CAMERA_CONNECTING] = "connecting",
    [POTOO_CAMERA_STREAMING] = "streaming",       [POTOO_CAMERA_BACKING_OFF] = "backing-off",
    [POTOO_CAMERA_AUTH_FAILED] = "auth-failed",   [POTOO_CAMERA_NO_VIDEO] = "no-video",
    [POTOO_CAMERA_NO_KEYFRAMES] = "no-keyframes",
  };

  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (names), "disabled");
  return names[state];
}

PotooCameraSnapshot *
potoo_camera_snapshot_ref (PotooCameraSnapshot *snapshot)
{
  g_return_val_if_fail (snapshot != NULL, NULL);

  g_atomic_ref_count_inc (&snapshot->ref_count);
  return snapshot;
}

void
potoo_camera_snapshot_unref (PotooCameraSnapshot *snapshot)
{
  g_return_if_fail (snapshot != NULL);

  if (!g_atomic_ref_count_dec (&snapshot->ref_count))
    return;
  potoo_camera_settings_unref (snapshot->settings);
  g_free (snapshot->reason);
  g_free (snapshot->video_codec);
  g_free (snapshot->audio_codec);
  g_free (snapshot);
}
