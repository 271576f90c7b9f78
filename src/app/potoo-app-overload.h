/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/potoo-app-live.h"
#include "app/potoo-app-restream.h"
#include "dbus/potoo-dbus-server.h"
#include "web/potoo-web-change-log.h"

G_BEGIN_DECLS

/* Looks at how long recording waits for a processor, each second while a camera is connected, and
 * ends what serves those who watch when that is too long. Main thread. */
typedef struct _PotooAppOverload PotooAppOverload;

PotooAppOverload *potoo_app_overload_new (PotooCameraList *cameras,
                                          PotooAppLive *live,
                                          PotooAppRestream *restream,
                                          PotooWebChangeLog *log,
                                          PotooDbusServer *dbus);
void potoo_app_overload_free (PotooAppOverload *overload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppOverload, potoo_app_overload_free)

G_END_DECLS
