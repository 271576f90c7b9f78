/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/api/v1/segments`, `/api/v1/segments/{id}` */
extern const PotooRoute potoo_web_segments_routes[];

G_END_DECLS
