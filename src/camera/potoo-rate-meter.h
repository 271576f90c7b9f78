/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define POTOO_RATE_METER_SAMPLES 6

/* Access units and bytes a second over the newest samples: with one sample a
 * second, over the last five seconds. Plain value, zeroed to begin; one thread. */
typedef struct
{
  struct
  {
    gint64 time_us, access_units, bytes;
  } samples[POTOO_RATE_METER_SAMPLES];
  guint n; /* samples added so far */
} PotooRateMeter;

/* @access_units, @bytes: running totals. */
void
potoo_rate_meter_add (PotooRateMeter *meter, gint64 time_us, gint64 access_units, gint64 bytes);
double potoo_rate_meter_get_fps (const PotooRateMeter *meter);
gint64 potoo_rate_meter_get_bitrate (const PotooRateMeter *meter); /* bit/s */

G_END_DECLS
