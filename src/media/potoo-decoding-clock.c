/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-decoding-clock.h"

#include <string.h>

#define DEFAULT_FRAME (40 * GST_MSECOND)
#define MIN_FRAME GST_MSECOND
#define MAX_FRAME GST_SECOND
/* Further apart than that are not two pictures of one sequence. */
#define MAX_STEP (10 * GST_SECOND)

void
potoo_decoding_clock_init (PotooDecodingClock *clock)
{
  *clock = (PotooDecodingClock){ .last_ns = GST_CLOCK_TIME_NONE, .frame_ns = DEFAULT_FRAME };
}

void
potoo_decoding_clock_restart (PotooDecodingClock *clock)
{
  clock->n_pending = clock->n_recent = clock->at = 0;
  clock->last_ns = GST_CLOCK_TIME_NONE;
}

void
potoo_decoding_clock_expect (PotooDecodingClock *clock, guint depth)
{
  clock->depth = MAX (clock->depth, MIN (depth, POTOO_MAX_REORDER));
}

static void
learn_depth (PotooDecodingClock *clock, GstClockTime pts_ns)
{
  guint later = 0;

  for (guint i = 0; i < clock->n_recent; i++)
    later += clock->recent[i] > pts_ns ? 1 : 0;
  potoo_decoding_clock_expect (clock, later);
  clock->recent[clock->at] = pts_ns;
  clock->at = (clock->at + 1) % POTOO_MAX_REORDER;
  clock->n_recent = MIN (clock->n_recent + 1, POTOO_MAX_REORDER);
}

static void
insert (PotooDecodingClock *clock, GstClockTime pts_ns)
{
  guint i = clock->n_pending++;

  for (; i > 0 && clock->pending[i - 1] > pts_ns; i--)
    clock->pending[i] = clock->pending[i - 1];
  clock->pending[i] = pts_ns;
}

static GstClockTime
take_first (PotooDecodingClock *clock)
{
  GstClockTime first = clock->pending[0];

  clock->n_pending--;
  memmove (clock->pending, clock->pending + 1, clock->n_pending * sizeof first);
  return first;
}

/* Before as many pictures have come as are reordered: the time before the first one. */
static GstClockTime
count_down (PotooDecodingClock *clock)
{
  GstClockTime lead = (clock->depth + 1 - clock->n_pending) * clock->frame_ns;
  return clock->pending[0] - MIN (clock->pending[0], lead);
}

static gboolean
has_jumped (PotooDecodingClock *clock, GstClockTime pts_ns)
{
  return GST_CLOCK_TIME_IS_VALID (clock->last_ns) &&
         (pts_ns > clock->last_ns + MAX_STEP || pts_ns + MAX_STEP < clock->last_ns);
}

GstClockTime
potoo_decoding_clock_next (PotooDecodingClock *clock, GstClockTime pts_ns)
{
  GstClockTime last_ns = clock->last_ns;

  if (has_jumped (clock, pts_ns))
    potoo_decoding_clock_restart (clock);
  learn_depth (clock, pts_ns);
  insert (clock, pts_ns);
  GstClockTime dts_ns = clock->n_pending > clock->depth ? take_first (clock) : count_down (clock);
  if (GST_CLOCK_TIME_IS_VALID (clock->last_ns))
    {
      dts_ns = MAX (dts_ns, last_ns + 1);
      clock->frame_ns = CLAMP (dts_ns - last_ns, MIN_FRAME, MAX_FRAME);
    }
  clock->last_ns = dts_ns;
  return dts_ns;
}
