/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera.h"
#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/**
 * PotooCameraList:
 *
 * All cameras. Belongs to the main thread; the `_async` commands and the
 * snapshot functions may be called from any thread: commands run on main and
 * their callback comes in the caller's thread-default context. A command is done
 * when the catalog has it durably; on any error nothing has changed.
 *
 * Signals (main thread): `camera-added (PotooCamera)`, `camera-removed (PotooCamera)`; `ticked
 * (gboolean)` each second while a camera is connected, and with FALSE when none is any more.
 */
#define POTOO_TYPE_CAMERA_LIST (potoo_camera_list_get_type ())
G_DECLARE_FINAL_TYPE (PotooCameraList, potoo_camera_list, POTOO, CAMERA_LIST, GObject)

PotooCameraList *potoo_camera_list_new (PotooCatalog *catalog);
/* Loads the cameras (signals come) and connects the enabled ones staggered. Blocks shortly. */
gboolean potoo_camera_list_start (PotooCameraList *list, GError **error);
/* Disconnects all of them and calls back when every pipeline is down, or after 1.9 s; those
 * that hang then push no fragments and tell nothing any more. */
void potoo_camera_list_stop_async (PotooCameraList *list,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
void potoo_camera_list_stop_finish (PotooCameraList *list, GAsyncResult *result);

#define POTOO_MAX_CAMERAS 512

/* @settings: validated. POTOO_ERROR_EXISTS when the id is taken by a camera, or by recordings of a
 * removed one, which @adopt makes those of the new one. The finish functions give the camera as it
 * is now. (transfer full) */
void potoo_camera_list_add_async (PotooCameraList *list,
                                  PotooCameraSettings *settings,
                                  gboolean adopt,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
PotooCameraSnapshot *
potoo_camera_list_add_finish (PotooCameraList *list, GAsyncResult *result, GError **error);

/* @if_version: 0, or fail with POTOO_ERROR_PRECONDITION_FAILED when the settings' version differs.
 */
void potoo_camera_list_patch_async (PotooCameraList *list,
                                    const char *id,
                                    JsonObject *patch,
                                    guint64 if_version,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
PotooCameraSnapshot *
potoo_camera_list_patch_finish (PotooCameraList *list, GAsyncResult *result, GError **error);

void potoo_camera_list_remove_async (PotooCameraList *list,
                                     const char *id,
                                     guint64 if_version,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean
potoo_camera_list_remove_finish (PotooCameraList *list, GAsyncResult *result, GError **error);

/* Any thread. By id, sorted. (transfer full) (element-type PotooCameraSnapshot) */
GPtrArray *potoo_camera_list_get_snapshots (PotooCameraList *list);
PotooCameraSnapshot *potoo_camera_list_get_snapshot (PotooCameraList *list,
                                                     const char *id); /* (nullable) */

G_END_DECLS
