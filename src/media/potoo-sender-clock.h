/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooSenderClock:
 *
 * How a camera's clock goes against ours, by its RTCP sender reports (RFC 3550, 6.4.1): by how much
 * it is ahead, and how fast it drifts. Zeroed, no report has come. A plain value; copy freely.
 */
typedef struct
{
  gint64 mono_us, ahead_us; /* newest report: sender's time - CLOCK_MONOTONIC; 0: none */
  struct
  {
    gint64 mono_us, ahead_us;
  } begins[2]; /* of the time over which drift is measured, and of the one that comes after it */
} PotooSenderClock;

/* Drift is told when reports reach over so long, and is that of the last 10 to 20 minutes. What the
 * time of arrival trembles, less than a millisecond, is then less than 17 parts in a million, and
 * soon less than one. */
#define POTOO_SENDER_MIN_US (60 * G_USEC_PER_SEC)
#define POTOO_SENDER_WINDOW_US (600 * (gint64) G_USEC_PER_SEC)

/* At the monotonic time @mono_us the sender's clock said @sender_us. A clock that was set, the
 * sender's, is measured anew. */
void potoo_sender_clock_add (PotooSenderClock *clock, gint64 mono_us, gint64 sender_us);

/* By how much the sender's clock is ahead of ours as it stands now. FALSE when it never told a time
 * of day: its clock may count from when it was switched on. */
gboolean potoo_sender_clock_get_offset (const PotooSenderClock *clock, gint64 *offset_us);

/* By how many parts in a million the sender's clock is faster than ours. FALSE: not known yet. */
gboolean potoo_sender_clock_get_drift (const PotooSenderClock *clock, double *ppm);

G_END_DECLS
