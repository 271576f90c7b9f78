/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/potoo-clock-watch.h"
#include "catalog/potoo-catalog-correct.h"

G_BEGIN_DECLS

/**
 * PotooTimeCorrector:
 *
 * A board without a clock of its own starts at some time in the past, and records, until it learns
 * the time from the network. What this run recorded before then gets its true times: when the clock
 * was not synchronized, was set forward by more than POTOO_CORRECTION_MIN_US, and is synchronized
 * afterwards. Any other step is somebody's will, and leaves alone what was recorded.
 *
 * Main thread.
 */
#define POTOO_TYPE_TIME_CORRECTOR (potoo_time_corrector_get_type ())
G_DECLARE_FINAL_TYPE (PotooTimeCorrector, potoo_time_corrector, POTOO, TIME_CORRECTOR, GObject)

/* More than any key interval: what was recorded before and after is told apart by its time. */
#define POTOO_CORRECTION_MIN_US (60 * G_USEC_PER_SEC)
/* What was recorded for longer than this before the clock was set is left as it is: its rows are
 * changed in one transaction. */
#define POTOO_CORRECTION_MAX_US (24 * 3600 * (gint64) G_USEC_PER_SEC)

/* @inherited (element-type PotooGap): see potoo_catalog_correct_async(). */
PotooTimeCorrector *
potoo_time_corrector_new (PotooCatalog *catalog, PotooClockWatch *clock, GArray *inherited);

G_END_DECLS
