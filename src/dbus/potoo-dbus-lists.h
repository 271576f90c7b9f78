/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-calls.h"
#include "dbus/potoo-dbus-reader.h"

G_BEGIN_DECLS

/* Answer a method whose last arguments are (xxus), a window and a page, with (aa{sv}s). Main
 * thread. */
void potoo_dbus_list_segments (PotooDbusCall *call, PotooDbusReader *reader, const char *camera);
void potoo_dbus_list_gaps (PotooDbusCall *call, PotooDbusReader *reader, const char *camera);
/* @camera, @kind: (nullable): all */
void potoo_dbus_list_events (PotooDbusCall *call,
                             PotooDbusReader *reader,
                             const char *camera,
                             const PotooEventKind *kind);
void potoo_dbus_list_locks (PotooDbusCall *call, PotooDbusReader *reader, const char *camera);

/* Answers a method whose arguments are (xx), a window, with (aa{sv}), all at once. Main thread. */
void potoo_dbus_list_coverage (PotooDbusCall *call, PotooDbusReader *reader, const char *camera);

G_END_DECLS
