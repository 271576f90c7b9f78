/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"

G_BEGIN_DECLS

#define POTOO_DEMO_CAMERAS 4 /* unless another number is asked for */
#define POTOO_DEMO_MAX_CAMERAS 16

/**
 * PotooDemo:
 *
 * Simulated cameras for a first look: their process, and what makes them cameras of ours. They
 * are connected to and recorded like any other. Main thread.
 *
 * They never come among real ones: a state directory is made for the demo, which a
 * file `demo` in it says, or is refused.
 */
#define POTOO_TYPE_DEMO (potoo_demo_get_type ())
G_DECLARE_FINAL_TYPE (PotooDemo, potoo_demo, POTOO, DEMO, GObject)

/* Claims the state directory, which it makes when it is missing. @n_cameras: 1 to
 * POTOO_DEMO_MAX_CAMERAS. POTOO_ERROR_EXISTS when there is a catalog which is not the demo's,
 * POTOO_ERROR_UNAVAILABLE without the simulator. */
PotooDemo *potoo_demo_new (const char *state_dir, guint n_cameras, GError **error);

/* Starts the simulator; when it is ready its cameras are added, or get its new address if they are
 * known. What was added for a larger @n_cameras before is disabled. Says on
 * standard output where to look: @url (nullable). */
void potoo_demo_start (PotooDemo *demo, PotooCameraList *cameras, const char *url);

/* Ends the simulator; to be called when the cameras are down. Blocks at most about 1 s. */
void potoo_demo_stop (PotooDemo *demo);

G_END_DECLS
