/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-recorder.h"
#include "web/potoo-web-change-log.h"
#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* `/api/v1/storage` */
extern const PotooRoute potoo_web_storage_routes[];

/* Changes that `/api/v1/changes` sends. Any thread. */

/* `storage-root`: its state is another one. */
void potoo_web_storage_tell_root (PotooWebChangeLog *log, const PotooRootStatus *status);
/* `guarantee`: by the forecast it no longer holds from another day on; @breaks_us 0: it does. */
void
potoo_web_storage_tell_guarantee (PotooWebChangeLog *log, const char *camera, gint64 breaks_us);

G_END_DECLS
