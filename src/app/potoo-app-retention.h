/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "record/potoo-retention.h"
#include "web/potoo-web-change-log.h"

G_BEGIN_DECLS

/* Makes retention, which recorder and cameras tell when there is something to do, and joins what
 * becomes of storage roots and guarantees to the log that `/api/v1/changes` sends. Main thread;
 * to be made before the recorder starts and freed before it stops. */
typedef struct _PotooAppRetention PotooAppRetention;

PotooAppRetention *
potoo_app_retention_new (PotooCatalog *catalog, PotooRecorder *recorder, GError **error);
/* Ends all deleting; waits at most half a second. */
void potoo_app_retention_free (PotooAppRetention *retention);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppRetention, potoo_app_retention_free)

/* Before the camera list starts: nothing is deleted before its cameras are known. */
void potoo_app_retention_follow (PotooAppRetention *retention, PotooCameraList *cameras);

/* Once. */
void potoo_app_retention_tell (PotooAppRetention *retention, PotooWebChangeLog *log);

PotooRetention *potoo_app_retention_get (PotooAppRetention *retention); /* (transfer none) */

G_END_DECLS
