/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-manager.h"

G_BEGIN_DECLS

/* The manager's methods for events, locks and segments. Main thread. */
extern const PotooDbusMethod potoo_dbus_events_methods[];

G_END_DECLS
