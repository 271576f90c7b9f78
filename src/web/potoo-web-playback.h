/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/api/v1/cameras/{id}/timeline` and `/api/v1/cameras/{id}/playback.m3u8` */
extern const PotooRoute potoo_web_playback_routes[];

G_END_DECLS
