/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"
#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

/* Inserts or replaces. */
void potoo_catalog_put_camera_async (PotooCatalog *catalog,
                                     PotooCameraSettings *settings,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean
potoo_catalog_put_camera_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

/* Takes the camera away; its segments and gaps stay, and so does its id's
 * reservation while it has any (potoo_catalog_reader_has_recordings()). */
void potoo_catalog_remove_camera_async (PotooCatalog *catalog,
                                        const char *id,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean
potoo_catalog_remove_camera_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

/* All else that there is of a camera goes too: gaps, events, locks, days. Nothing happens while
 * there is such a camera, or a segment of one. Any thread, never blocks. */
void potoo_catalog_forget_camera (PotooCatalog *catalog, const char *id);

/* All cameras by id. A stored camera that does not parse (hand-edited catalog) is
 * skipped with a logged error. (transfer full) (element-type PotooCameraSettings) */
GPtrArray *potoo_catalog_reader_list_cameras (PotooCatalogReader *reader, GError **error);

/* -1 on error, else 0 or 1: whether there are segments (gaps alone do not reserve an id, or a
 * camera that never connected could not be added again). */
int potoo_catalog_reader_has_recordings (PotooCatalogReader *reader,
                                         const char *camera,
                                         GError **error);

G_END_DECLS
