/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "base/potoo-clock-watch.h"
#include "record/potoo-clock-history.h"

G_BEGIN_DECLS

/**
 * PotooTimeCorrector:
 *
 * Keeps the steps of the wall clock since the machine was started, and dates anew what was recorded
 * before one of them: when somebody asks for it; and by itself when a board without a clock of its
 * own started at some time in the past, and recorded until it learned the time from the network,
 * that is, when the clock was not synchronized in this boot, was only set forward, by more than
 * POTOO_CORRECTION_MIN_US, and is synchronized afterwards. Any other step is somebody's will, and
 * leaves alone what was recorded until he says so.
 *
 * Main thread, except where said.
 */
#define POTOO_TYPE_TIME_CORRECTOR (potoo_time_corrector_get_type ())
G_DECLARE_FINAL_TYPE (PotooTimeCorrector, potoo_time_corrector, POTOO, TIME_CORRECTOR, GObject)

/* A smaller step is no reason to touch recordings unasked. */
#define POTOO_CORRECTION_MIN_US (60 * G_USEC_PER_SEC)
/* What was recorded for longer than this before the clock was set is left as it is unless somebody
 * asks. */
#define POTOO_CORRECTION_MAX_US (24 * 3600 * (gint64) G_USEC_PER_SEC)

/* Before anything is recorded. @inherited (element-type PotooGap): those that were open when this
 * run began; @step_us: by which the clock was set while Potoo did not run. */
PotooTimeCorrector *potoo_time_corrector_new (PotooCatalog *catalog,
                                              PotooClockWatch *clock,
                                              GArray *inherited,
                                              gint64 step_us,
                                              GError **error);

/* As docs/rest.md has it. Any thread. (transfer full) */
JsonObject *potoo_time_corrector_to_json (PotooTimeCorrector *corrector);

/* What was recorded before the step @id is dated later by it, or earlier; one that this was done
 * for is done. The callback comes in the caller's context. Any thread. Errors: see
 * potoo_catalog_correct_async(); POTOO_ERROR_NOT_FOUND: no such step in this boot;
 * POTOO_ERROR_BUSY: one is under way. */
void potoo_time_corrector_correct_async (PotooTimeCorrector *corrector,
                                         gint64 id,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean potoo_time_corrector_correct_finish (PotooTimeCorrector *corrector,
                                              GAsyncResult *result,
                                              GError **error);

G_END_DECLS
