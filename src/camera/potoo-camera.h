/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-status.h"
#include "catalog/potoo-catalog-gaps.h"
#include "media/potoo-camera-pipeline.h"

G_BEGIN_DECLS

/**
 * PotooCamera:
 *
 * One camera: its settings, and the connections to its streams `main` and `sub` with their
 * state machines, back-off and watchdogs. Main thread,
 * except where said. The watchdogs and measurements run in the ticks that
 * PotooCameraList gives; a camera keeps timers of its own only for its next try and for a
 * connection whose end takes too long, which `status.reason` then says.
 *
 * Of each stream at most one pipeline is alive: the next one is made after the one before was
 * stopped. While one is alive it keeps the camera alive.
 *
 * Signals: `status-changed`: a new snapshot stands (not for fps and bitrate alone,
 * which are measured anew each second);
 * `interrupted (PotooGapCause)`: media stopped or does not come, and why (repeated
 * when the cause changes); of a connection that ended it comes when all its fragments
 * were pushed; not for potoo_camera_stop_async(): who stops a camera knows why;
 * `sub-interrupted (PotooGapCause)`: the same of `sub`;
 * `settings-changed`.
 */
#define POTOO_TYPE_CAMERA (potoo_camera_get_type ())
G_DECLARE_FINAL_TYPE (PotooCamera, potoo_camera, POTOO, CAMERA, GObject)

PotooCamera *potoo_camera_new (PotooCameraSettings *settings);
const char *potoo_camera_get_id (PotooCamera *camera);

/* Live media of a stream; lives as long as the camera and beyond every connection. `sub`
 * is connected when somebody subscribes, or says potoo_stream_hub_want(), and until 15 s after
 * the last one; nothing comes of it while there is no `sub_url`. Any thread. (transfer none) */
PotooStreamHub *potoo_camera_get_hub (PotooCamera *camera, PotooStreamKind stream);

/* Where fragments of @stream go; called from streaming threads. Before potoo_camera_start(), or
 * when the stream is to be recorded. */
void potoo_camera_set_fragment_func (PotooCamera *camera,
                                     PotooStreamKind stream,
                                     PotooFragmentFunc func,
                                     gpointer user_data,
                                     GDestroyNotify destroy);

/* While @recorded, `sub` is connected though nobody takes from its hub. */
void potoo_camera_set_sub_recorded (PotooCamera *camera, gboolean recorded);

/* What tells how much of `main` is held for pre-roll, in microseconds; less than 0: nothing is to
 * be. Called on main. NULL: nothing tells. */
typedef gint64 (*PotooPreRollFunc) (gpointer user_data);
void
potoo_camera_set_pre_roll_func (PotooCamera *camera, PotooPreRollFunc func, gpointer user_data);

/* Connects after @delay_us (if enabled). */
void potoo_camera_start (PotooCamera *camera, gint64 delay_us);
/* Calls back when no media comes any more, however often it is called. */
void
potoo_camera_stop_async (PotooCamera *camera, GAsyncReadyCallback callback, gpointer user_data);
void potoo_camera_stop_finish (PotooCamera *camera, GAsyncResult *result);

/* Connects anew, at once, only when a setting changed that needs it. */
void potoo_camera_set_settings (PotooCamera *camera, PotooCameraSettings *settings);
PotooCameraSnapshot *
potoo_camera_get_snapshot (PotooCamera *camera); /* any thread (transfer full) */

G_END_DECLS
