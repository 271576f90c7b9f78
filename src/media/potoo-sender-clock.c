/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-sender-clock.h"

#include "base/potoo-clock.h"

/* Times of day that are believed: 2000 to 2100. */
#define EARLIEST_US (946684800 * POTOO_SECOND_US)
#define LATEST_US (4102444800 * POTOO_SECOND_US)
/* No clock drifts like that (one part in a hundred, over the time between two reports). */
#define DRIFT_PARTS 100
#define TREMBLE_US (20 * 1000)

static void
begin_at (PotooSenderClock *clock, guint i, gint64 mono_us, gint64 ahead_us)
{
  clock->begins[i].mono_us = mono_us;
  clock->begins[i].ahead_us = ahead_us;
}

static gboolean
was_set (const PotooSenderClock *clock, gint64 mono_us, gint64 ahead_us)
{
  gint64 passed_us = mono_us - clock->mono_us;

  return passed_us < 0 || ABS (ahead_us - clock->ahead_us) > passed_us / DRIFT_PARTS + TREMBLE_US;
}

void
potoo_sender_clock_add (PotooSenderClock *clock, gint64 mono_us, gint64 sender_us)
{
  gint64 ahead_us = sender_us - mono_us;

  if (clock->mono_us == 0 || was_set (clock, mono_us, ahead_us))
    {
      begin_at (clock, 0, mono_us, ahead_us);
      begin_at (clock, 1, mono_us, ahead_us);
    }
  else if (mono_us - clock->begins[1].mono_us >= POTOO_SENDER_WINDOW_US)
    {
      clock->begins[0] = clock->begins[1];
      begin_at (clock, 1, mono_us, ahead_us);
    }
  clock->mono_us = mono_us;
  clock->ahead_us = ahead_us;
}

gboolean
potoo_sender_clock_get_offset (const PotooSenderClock *clock, gint64 *offset_us)
{
  gint64 sender_us = clock->mono_us + clock->ahead_us;

  if (clock->mono_us == 0 || sender_us < EARLIEST_US || sender_us >= LATEST_US)
    return FALSE;
  *offset_us = clock->ahead_us - potoo_clock_wall_offset_us ();
  return TRUE;
}

gboolean
potoo_sender_clock_get_drift (const PotooSenderClock *clock, double *ppm)
{
  gint64 passed_us = clock->mono_us - clock->begins[0].mono_us;

  if (clock->mono_us == 0 || passed_us < POTOO_SENDER_MIN_US)
    return FALSE;
  *ppm = (double) (clock->ahead_us - clock->begins[0].ahead_us) * 1e6 / (double) passed_us;
  return TRUE;
}
