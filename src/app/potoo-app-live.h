/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "live/potoo-live.h"
#include "live/potoo-snapshots.h"

G_BEGIN_DECLS

/* Makes live outputs and snapshots, and joins the cameras' hubs to them. Main thread; to be made
 * before the camera list starts and freed after it stopped, and after the web server. */
typedef struct _PotooAppLive PotooAppLive;

PotooAppLive *potoo_app_live_new (PotooCameraList *cameras);
/* Ends all outputs; waits at most a second. */
void potoo_app_live_free (PotooAppLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppLive, potoo_app_live_free)

PotooLive *potoo_app_live_get_outputs (PotooAppLive *live);        /* (transfer none) */
PotooSnapshots *potoo_app_live_get_snapshots (PotooAppLive *live); /* (transfer none) */

G_END_DECLS
