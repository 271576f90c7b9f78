/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-overload.h"
#include "web/potoo-web-change-log.h"
#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/api/v1/system` */
extern const PotooRoute potoo_web_system_routes[];

/* The change `overload`. Any thread. */
void potoo_web_system_tell_overload (PotooWebChangeLog *log, PotooOverload overload);

G_END_DECLS
