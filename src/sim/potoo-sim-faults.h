/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-camera.h"

G_BEGIN_DECLS

/* What can be done to a camera while it runs: one table, from which the control
 * socket, `--help` and the checks are made. */

/* Executes `FAULT [argument]` on @camera. @reply is set to what is to be
 * said beside `ok`, if anything. May take seconds (encoding). Not in a streaming thread. */
gboolean potoo_sim_faults_apply (PotooSimCamera *camera,
                                 const char *name,
                                 const char *argument,
                                 char **reply,
                                 GError **error);

/* The table as text for people. (transfer full) */
char *potoo_sim_faults_help (void);

G_END_DECLS
