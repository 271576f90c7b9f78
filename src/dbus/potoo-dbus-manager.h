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
/* To be exported at POTOO_BUS_PATH. (transfer none) */
GDBusInterfaceSkeleton *potoo_dbus_manager_get_interface (PotooDbusManager *self);

G_END_DECLS
