/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-params.h"

G_BEGIN_DECLS

/* Draws or synthesises and encodes one loop; takes seconds. The result is for
 * potoo_sim_loop_parse(). Any thread. (transfer full) */
GBytes *potoo_sim_encode (const PotooSimLoopParams *params, GError **error);

G_END_DECLS
