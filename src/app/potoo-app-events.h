/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "record/potoo-event-list.h"
#include "record/potoo-lock-list.h"

G_BEGIN_DECLS

/* Makes the lists of events and locks, and tells the former of the cameras. Main thread; to be
 * made after recovery and before the camera list starts, and freed after it stopped. */
typedef struct _PotooAppEvents PotooAppEvents;

/* Blocks shortly. */
PotooAppEvents *
potoo_app_events_new (PotooCameraList *cameras, PotooCatalog *catalog, GError **error);
/* Commands are refused from then on. */
void potoo_app_events_free (PotooAppEvents *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppEvents, potoo_app_events_free)

PotooEventList *potoo_app_events_get_events (PotooAppEvents *events); /* (transfer none) */
PotooLockList *potoo_app_events_get_locks (PotooAppEvents *events);   /* (transfer none) */

G_END_DECLS
