/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-request.h"

G_BEGIN_DECLS

/* `/api/v1/cameras`, `/api/v1/cameras/{id}` */
extern const PotooRoute potoo_web_cameras_routes[];

/* TRUE for a camera that is there, and for a removed one that left recordings; else the request is
 * answered. */
gboolean potoo_web_cameras_check_known (PotooWebRequest *request, const char *id);

G_END_DECLS
