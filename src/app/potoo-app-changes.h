/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "dbus/potoo-dbus-server.h"
#include "record/potoo-hasher.h"
#include "record/potoo-retention.h"
#include "web/potoo-web-change-log.h"

G_BEGIN_DECLS

/* Joins cameras and catalog to the log that `/api/v1/changes` sends: cameras when
 * their settings or state change, segments when they open and close, gaps when they
 * begin and end; segments and gaps also to D-Bus, what may let something be deleted to
 * retention, and what is closed to @hasher, which outlives it. Main thread; to be made before the
 * camera list starts and freed after it stopped. */
typedef struct _PotooAppChanges PotooAppChanges;

PotooAppChanges *potoo_app_changes_new (PotooCameraList *cameras,
                                        PotooCatalog *catalog,
                                        PotooRetention *retention,
                                        PotooHasher *hasher,
                                        PotooWebChangeLog *log,
                                        PotooDbusServer *dbus);
void potoo_app_changes_free (PotooAppChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppChanges, potoo_app_changes_free)

G_END_DECLS
