/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera.h"
#include "camera/potoo-connection-policy.h"

G_BEGIN_DECLS

/* What the camera list (and tests) need of a camera beside its public face. Main thread. */

/* Looks at the connection: watchdogs, measurements. About once a second; FALSE
 * when there is nothing to look at until the state changes. */
gboolean potoo_camera_tick (PotooCamera *camera);

/* Its stop is under way and takes too long: from now on it pushes no fragment and
 * tells no interruption. */
void potoo_camera_abandon (PotooCamera *camera);

/* For tests; before potoo_camera_start(). */
void potoo_camera_set_timing (PotooCamera *camera, const PotooConnectionTiming *timing);

G_END_DECLS
