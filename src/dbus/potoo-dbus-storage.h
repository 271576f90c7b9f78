/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-calls.h"
#include "dbus/potoo-dbus-reader.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/* Answers with (aa{sv}aa{sv}): roots, cameras. Main thread. */
void
potoo_dbus_list_storage (PotooDbusCall *call, PotooDbusReader *reader, PotooRetention *retention);

/* Answers with (a{sv}). Main thread. */
void potoo_dbus_get_memory (PotooDbusCall *call, PotooRecorder *recorder);

/* The dictionaries, floating. */
GVariant *potoo_dbus_storage_from_root (const PotooStorageReportRoot *root);
GVariant *potoo_dbus_storage_from_camera (const PotooStorageReportCamera *camera);

G_END_DECLS
