/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-calls.h"
#include "dbus/potoo-dbus-reader.h"

G_BEGIN_DECLS

/* Answers a method whose last arguments are (xxus), a window and a page, with (aa{sv}s): segments,
 * gaps, events or locks. @camera: (nullable): of events and locks, all; @event_kind: (nullable): of
 * events, only these. Main thread. */
void potoo_dbus_list_rows (PotooDbusCall *call,
                           PotooDbusReader *reader,
                           PotooDbusRead kind,
                           const char *camera,
                           const PotooEventKind *event_kind);

/* Answers a method whose arguments are (xx), a window, with (aa{sv}), all at once. Main thread. */
void potoo_dbus_list_coverage (PotooDbusCall *call, PotooDbusReader *reader, const char *camera);

G_END_DECLS
