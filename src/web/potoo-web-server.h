/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "camera/potoo-camera-tester.h"
#include "config/potoo-config.h"
#include "live/potoo-live.h"
#include "live/potoo-snapshots.h"
#include "record/potoo-event-list.h"
#include "record/potoo-eviction.h"
#include "record/potoo-lock-list.h"
#include "record/potoo-recorder.h"
#include "record/potoo-retention.h"
#include "record/potoo-time-corrector.h"
#include "record/potoo-verifier.h"
#include "web/potoo-web-change-log.h"

G_BEGIN_DECLS

/* What the resources work on; all outlive the server. */
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
  PotooLive *live;
  PotooSnapshots *snapshots;
  PotooWebChangeLog *changes;
  PotooCameraTester *tester;
  gint64 started_mono_us;
} PotooWebContext;

/**
 * PotooWebServer:
 *
 * The HTTP service: listeners and a worker thread with its own GMainContext and read-only catalog
 * connection. Main thread.
 */
#define POTOO_TYPE_WEB_SERVER (potoo_web_server_get_type ())
G_DECLARE_FINAL_TYPE (PotooWebServer, potoo_web_server, POTOO, WEB_SERVER, GObject)

/* Listens; POTOO_ERROR_INVALID_CONFIG for an address that may not be listened on,
 * else the system's error, naming the address. */
PotooWebServer *
potoo_web_server_new (PotooConfig *config, const PotooWebContext *context, GError **error);
/* After this `/readyz` says 200. */
void potoo_web_server_set_ready (PotooWebServer *server, gboolean ready);
/* Refuses new requests, lets those under way end for at most @timeout_us, joins. Blocks. */
void potoo_web_server_stop (PotooWebServer *server, gint64 timeout_us);
/* `http://127.0.0.1:8080` for the first TCP listener. (transfer full) (nullable) */
char *potoo_web_server_get_url (PotooWebServer *server);

G_END_DECLS
