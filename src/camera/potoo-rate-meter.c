/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "camera/potoo-rate-meter.h"

#include "base/potoo-clock.h"

#define N POTOO_RATE_METER_SAMPLES

void
potoo_rate_meter_add (PotooRateMeter *meter, gint64 time_us, gint64 access_units, gint64 bytes)
{
  guint at = meter->n % N;

  meter->samples[at].time_us = time_us;
  meter->samples[at].access_units = access_units;
  meter->samples[at].bytes = bytes;
  meter->n = meter->n + 1 < 2 * N ? meter->n + 1 : N;
}

/* Indices of the oldest and newest sample; FALSE while there is nothing to compare. */
static gboolean
get_window (const PotooRateMeter *meter, guint *oldest, guint *newest, double *seconds)
{
  if (meter->n < 2)
    return FALSE;
  *newest = (meter->n - 1) % N;
  *oldest = meter->n <= N ? 0 : meter->n % N;
  gint64 us = meter->samples[*newest].time_us - meter->samples[*oldest].time_us;
  *seconds = (double) us / (double) POTOO_SECOND_US;
  return us > 0;
}

double
potoo_rate_meter_get_fps (const PotooRateMeter *meter)
{
  guint oldest, newest;
  double seconds;

  if (!get_window (meter, &oldest, &newest, &seconds))
    return 0;
  return MAX (0,
              (double) (meter->samples[newest].access_units - meter->samples[oldest].access_units) /
                  seconds);
}

gint64
potoo_rate_meter_get_bitrate (const PotooRateMeter *meter)
{
  guint oldest, newest;
  double seconds;

  if (!get_window (meter, &oldest, &newest, &seconds))
    return 0;
  double bytes = (double) (meter->samples[newest].bytes - meter->samples[oldest].bytes);
  return (gint64) MAX (0, bytes * 8 / seconds);
}
