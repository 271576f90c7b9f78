/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * PotooClockWatch:
 *
 * Tells at once when the wall clock was set, by POTOO_CLOCK_STEP_US or more; costs nothing
 * meanwhile. Main thread.
 *
 * Signal `clock-set (gint64 step_us)`: the wall clock is @step_us ahead of what it would be by
 * monotonic time since the last one; less than 0: it was set back. A machine that was suspended
 * wakes with a clock that has gone on: that is told as well.
 */
#define POTOO_TYPE_CLOCK_WATCH (potoo_clock_watch_get_type ())
G_DECLARE_FINAL_TYPE (PotooClockWatch, potoo_clock_watch, POTOO, CLOCK_WATCH, GObject)

PotooClockWatch *potoo_clock_watch_new (void);

G_END_DECLS
