/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-manager.h"

G_BEGIN_DECLS

/* The manager's methods for events, locks and segments. They answer as long as @manager lives. Main
 * thread. */
void potoo_dbus_events_connect (PotooDbusManager *manager);

G_END_DECLS
