/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/api/v1/clock` */
extern const PotooRoute potoo_web_clock_routes[];

G_END_DECLS
