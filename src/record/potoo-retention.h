/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-eviction.h"
#include "record/potoo-recorder.h"
#include "record/potoo-storage-report.h"

G_BEGIN_DECLS

/**
 * PotooRetention:
 *
 * Sees to it that there is room before it is needed, and that nothing is kept longer than it may
 * be. Its passes (choose, delete, again until nothing is to go) run in the threads of
 * PotooEviction; main only says when: at once when a writer tells of pressure or settings
 * change, else by one timer for the next that grows too old, none if nothing does.
 *
 * Signal `guarantee-changed (const char *camera, gint64 breaks_us)`, on main: when the guarantee
 * of a camera will no longer hold, by the forecast, is another day; 0: it holds.
 *
 * Main thread, except where said.
 */
#define POTOO_TYPE_RETENTION (potoo_retention_get_type ())
G_DECLARE_FINAL_TYPE (PotooRetention, potoo_retention, POTOO, RETENTION, GObject)

/* @roots: (element-type PotooStorageRoot), those of @recorder. Nothing happens before the cameras
 * are told. Blocks shortly. */
PotooRetention *potoo_retention_new (PotooCatalog *catalog,
                                     PotooRecorder *recorder,
                                     GPtrArray *roots,
                                     GError **error);
/* Ends all deleting; blocks at most @timeout_us. Before the recorder stops. */
void potoo_retention_stop (PotooRetention *retention, gint64 timeout_us);

/* All cameras that there are, as they are set now; a pass follows.
 * @settings: (element-type PotooCameraSettings) */
void potoo_retention_set_cameras (PotooRetention *retention, GPtrArray *settings);

PotooEviction *potoo_retention_get_eviction (PotooRetention *retention); /* (transfer none) */

/* --- any thread; these never block --- */

/* A pass now. */
void potoo_retention_wake (PotooRetention *retention);
/* A segment was closed: its camera may have too much now. */
void potoo_retention_note_segment (PotooRetention *retention, const PotooSegment *segment);

/* All recordings of a camera that is about to be removed are to go, also over a restart, once there
 * is no such camera; those that are locked when their lock is gone. */
void potoo_retention_condemn (PotooRetention *retention, const char *camera);
/* It was not removed for who asked; another who did is not concerned. */
void potoo_retention_take_back (PotooRetention *retention, const char *camera);
/* A new camera has adopted its recordings: whoever asked. */
void potoo_retention_spare (PotooRetention *retention, const char *camera);

/* --- any thread --- */

/* What time it is for whoever deletes by age (potoo-retention-clock.h). */
gint64 potoo_retention_get_time (PotooRetention *retention);
/* As potoo_storage_report_new(), with the rules and roots of now. */
PotooStorageReport *
potoo_retention_report (PotooRetention *retention, PotooCatalogReader *reader, GError **error);

G_END_DECLS
