/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-options.h"

G_BEGIN_DECLS

/* All simulated cameras behind one RTSP port of 127.0.0.1 or [::1], and the control
 * socket. Main thread; serves in the main context and threads of its own. */
typedef struct _PotooSimServer PotooSimServer;

/* Encodes what is not cached, which takes seconds, then serves. */
PotooSimServer *potoo_sim_server_new (const PotooSimOptions *options, GError **error);
/* Closes all connections. */
void potoo_sim_server_free (PotooSimServer *server);

/* `{"port":8555,"cameras":[{"id":"cam1","main":"rtsp://…","sub":"rtsp://…"}]}`
 * (transfer full) */
char *potoo_sim_server_describe (PotooSimServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimServer, potoo_sim_server_free)

G_END_DECLS
