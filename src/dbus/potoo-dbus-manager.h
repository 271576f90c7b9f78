/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-parts.h"

G_BEGIN_DECLS

/**
 * PotooDbusManager:
 *
 * The recorder as a whole on the bus. Main thread.
 */
#define POTOO_TYPE_DBUS_MANAGER (potoo_dbus_manager_get_type ())
G_DECLARE_FINAL_TYPE (PotooDbusManager, potoo_dbus_manager, POTOO, DBUS_MANAGER, GObject)

PotooDbusManager *potoo_dbus_manager_new (const PotooDbusParts *parts);
void potoo_dbus_manager_set_web_url (PotooDbusManager *self, const char *url); /* (nullable) */
void potoo_dbus_manager_set_overload (PotooDbusManager *self, PotooOverload overload);
void potoo_dbus_manager_tell_segment_dropped (PotooDbusManager *self, gint64 id);
void potoo_dbus_manager_tell_event (PotooDbusManager *self, const PotooEvent *event);
void potoo_dbus_manager_tell_event_dropped (PotooDbusManager *self, gint64 id);
void potoo_dbus_manager_tell_lock (PotooDbusManager *self, const PotooLock *lock);
void potoo_dbus_manager_tell_lock_dropped (PotooDbusManager *self, gint64 id);

const PotooDbusParts *potoo_dbus_manager_get_parts (PotooDbusManager *self);
/* To be exported at POTOO_BUS_PATH. (transfer none) */
GDBusInterfaceSkeleton *potoo_dbus_manager_get_interface (PotooDbusManager *self);

G_END_DECLS
