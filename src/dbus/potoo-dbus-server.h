/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-bus.h"
#include "base/potoo-overload.h"
#include "camera/potoo-camera-list.h"
#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"
#include "live/potoo-snapshots.h"
#include "record/potoo-event-list.h"
#include "record/potoo-eviction.h"
#include "record/potoo-lock-list.h"
#include "record/potoo-recorder.h"
#include "record/potoo-retention.h"
#include "record/potoo-time-corrector.h"
#include "record/potoo-verifier.h"
#include "restream/potoo-restream-server.h"

G_BEGIN_DECLS

/* What the exported objects work on; all outlive the server. */
typedef struct
{
  PotooCatalog *catalog;
  PotooCameraList *cameras;
  PotooRecorder *recorder;
  PotooEviction *eviction;
  PotooRetention *retention;
  PotooVerifier *verifier;
  PotooTimeCorrector *corrector;
  PotooEventList *events;
  PotooLockList *locks;
  PotooSnapshots *snapshots;
  PotooRestreamServer *restream; /* (nullable) */
} PotooDbusContext;

/**
 * PotooDbusServer:
 *
 * Potoo on D-Bus, as data/org.potoo.Nvr1.*.xml say: a manager, and an object for each camera that
 * follows it. Without a bus it waits for one; nothing else depends on it. Main thread, except
 * where said.
 */
#define POTOO_TYPE_DBUS_SERVER (potoo_dbus_server_get_type ())
G_DECLARE_FINAL_TYPE (PotooDbusServer, potoo_dbus_server, POTOO, DBUS_SERVER, GObject)

/* Before the camera list starts. */
PotooDbusServer *potoo_dbus_server_new (const PotooDbusContext *context);
/* Connects. @web_url: (nullable) */
void potoo_dbus_server_start (PotooDbusServer *server, PotooBusKind bus, const char *web_url);

/* Calls get POTOO_ERROR_UNAVAILABLE from now on; those under way end, for which it waits at most
 * half a second. Calls back when the answers are on their way and the name is given back. */
void potoo_dbus_server_stop_async (PotooDbusServer *server,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
void potoo_dbus_server_stop_finish (PotooDbusServer *server, GAsyncResult *result);

/* Main thread. */
void potoo_dbus_server_tell_overload (PotooDbusServer *server, PotooOverload overload);

/* What changed in the recordings, when it is durable. Any thread, never blocks. */
void potoo_dbus_server_tell_segment (PotooDbusServer *server, const PotooSegment *segment);
void potoo_dbus_server_tell_segment_dropped (PotooDbusServer *server, gint64 id);
void potoo_dbus_server_tell_gap (PotooDbusServer *server, const PotooGap *gap);
void potoo_dbus_server_tell_event (PotooDbusServer *server, const PotooEvent *event);
void potoo_dbus_server_tell_event_dropped (PotooDbusServer *server, gint64 id);
void potoo_dbus_server_tell_lock (PotooDbusServer *server, const PotooLock *lock);
void potoo_dbus_server_tell_lock_dropped (PotooDbusServer *server, gint64 id);

G_END_DECLS
