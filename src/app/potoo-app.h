/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-bus.h"

G_BEGIN_DECLS

/**
 * PotooApp:
 *
 * The composition root: makes every part, joins them, takes them down in order.
 * Main thread; the default main context runs between start and the stop callback.
 */
#define POTOO_TYPE_APP (potoo_app_get_type ())
G_DECLARE_FINAL_TYPE (PotooApp, potoo_app, POTOO, APP, GObject)

/* @config_path: (nullable): the file, or NULL for the defaults; @state_dir: absolute. */
PotooApp *potoo_app_new (const char *config_path, const char *state_dir);

/* Records @n_cameras (1 to POTOO_DEMO_MAX_CAMERAS) simulated cameras as well. Before the start. */
void potoo_app_set_demo (PotooApp *app, guint n_cameras);

/* Which bus to be on: the session bus unless another is said. Before the start. */
void potoo_app_set_bus (PotooApp *app, PotooBusKind bus);

/* Opens the storage, which is recovered: nothing is recorded yet, so that the process may end at
 * any moment. With a lost catalog it takes as long as reading all recordings does. On an error
 * nothing is left open. */
gboolean potoo_app_open (PotooApp *app, GError **error);

/* After potoo_app_open(): brings all else up; on an error nothing is left running. */
gboolean potoo_app_start (PotooApp *app, GError **error);

/* Re-reads the configuration; an invalid file changes nothing. What it says is logged. */
void potoo_app_reload (PotooApp *app);

/* Disconnects the cameras, finalises what is recorded, ends every thread; at
 * most about 3 s. */
void potoo_app_stop_async (PotooApp *app, GAsyncReadyCallback callback, gpointer user_data);
/* FALSE when a disk did not take the last data in time. */
gboolean potoo_app_stop_finish (PotooApp *app, GAsyncResult *result, GError **error);

G_END_DECLS
