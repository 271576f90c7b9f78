/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/api/v1/segments/{id}/media.mp4` */
extern const PotooRoute potoo_web_media_routes[];

G_END_DECLS
