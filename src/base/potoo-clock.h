/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The clock seam: all time in Potoo is read here. Monotonic time is
 * CLOCK_MONOTONIC, which is also the running time of every camera pipeline;
 * it is never faked. Wall time is UTC in microseconds since 1970. A build with
 * -Dtests=true adds to it the offset, in microseconds, that stands as a decimal
 * number in the file named by POTOO_TEST_CLOCK (re-read at most every 50 ms); that clock is
 * synchronized unless "unsynchronized" stands behind the number.
 * POTOO_TEST_BOOT_ID takes the place of the boot's identity there.
 * Any thread; no locks taken.
 */

#define POTOO_SECOND_US G_GINT64_CONSTANT (1000000)
#define POTOO_DAY_US (24 * 3600 * POTOO_SECOND_US)

gint64 potoo_clock_mono_us (void);
gint64 potoo_clock_wall_us (void);

/* What to add to a monotonic time to get wall time, as the clock stands now. */
gint64 potoo_clock_wall_offset_us (void);

/* The least change of that offset which is taken for a setting of the clock. What NTP slews moves
 * both clocks alike, and does not show in it at all. Less than this a fragment, of about a second,
 * takes up in its length, so that times within a recording go on in order. */
#define POTOO_CLOCK_STEP_US (POTOO_SECOND_US / 2)

/* For how long the machine has been suspended since its boot: monotonic time stands still then, and
 * the offset grows. */
gint64 potoo_clock_suspended_us (void);

/* Whether something that knows the time keeps the wall clock (adjtimex(2)), or nobody tells: until
 * then it may be of 1970, or of when the machine was switched off. */
gboolean potoo_clock_is_synchronized (void);

/* Identity of this boot (/proc/sys/kernel/random/boot_id): monotonic times of
 * one boot cannot be compared with another's. (transfer none), never NULL. */
const char *potoo_clock_boot_id (void);

/* RFC 3339 in UTC with exactly six digits: 2026-11-21T10:15:30.123456Z. */
char *potoo_time_format (gint64 wall_us); /* (transfer full) */

/* Parses RFC 3339 with 0 to 6 digits of a second and `Z` or a numeric offset;
 * years 1970 to 9999. FALSE when @text is anything else. */
gboolean potoo_time_parse (const char *text, gint64 *wall_us);

G_END_DECLS
