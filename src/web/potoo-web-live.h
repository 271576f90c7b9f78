/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/live/{id}/ts.m3u8` and its segments, `/api/v1/cameras/{id}/snapshot.jpg` */
extern const PotooRoute potoo_web_live_routes[];

G_END_DECLS
