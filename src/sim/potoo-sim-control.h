/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-camera.h"

G_BEGIN_DECLS

/* The control socket: a unix stream socket, mode 0600. Each line is a command
 * `CAMERA FAULT [ARGUMENT]` and gets one line in reply, in order. Main thread. */
typedef struct _PotooSimControl PotooSimControl;

/* @cameras: PotooSimCamera; outlives the control socket. A socket that nobody
 * listens on is replaced. */
PotooSimControl *potoo_sim_control_new (const char *path, GPtrArray *cameras, GError **error);
void potoo_sim_control_free (PotooSimControl *control);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimControl, potoo_sim_control_free)

G_END_DECLS
