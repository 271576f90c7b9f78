/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-decoding-times.h"

/* Spreads @count times evenly over what follows @previous, the last one on @limit. */
static void
spread (guint64 *dts, guint count, guint64 previous, guint64 limit)
{
  guint64 span = limit > previous ? limit - previous : 0;
  guint64 floor = previous + 1;

  for (guint i = 0; i < count; i++)
    {
      dts[i] = MAX (previous + span * (i + 1) / count, floor);
      floor = dts[i] + 1;
    }
}

guint64 *
potoo_decoding_times_new (const guint64 *pts, guint n, guint64 start)
{
  guint64 *dts = g_new (guint64, n);
  guint64 earliest = G_MAXUINT64;

  g_return_val_if_fail (n > 0, dts);

  for (guint i = n; i-- > 0;)
    dts[i] = earliest = MIN (earliest, pts[i]);
  dts[0] = start;
  for (guint i = 1, next = 1; i < n; i = next)
    {
      guint64 limit = dts[i];
      while (next < n && dts[next] == limit)
        next++;
      spread (&dts[i], next - i, dts[i - 1], limit);
    }
  return dts;
}
