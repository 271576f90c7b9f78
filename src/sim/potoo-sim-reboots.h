/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-camera.h"

G_BEGIN_DECLS

/* A camera that goes down and comes up, again and again: it serves for @up_s seconds, then closes
 * all connections and new ones at once, for @down_s. Begins with the first going down after @up_s.
 * 0 and 0: it stays up from now on. Needs the default main context to run; any thread. */
void potoo_sim_reboots_set (PotooSimCamera *camera, guint up_s, guint down_s);

G_END_DECLS
