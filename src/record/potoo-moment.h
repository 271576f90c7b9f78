/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-clock.h"
#include "media/potoo-fragment.h"

G_BEGIN_DECLS

/* One moment by both clocks: CLOCK_MONOTONIC, as plans have it, and wall time, as gaps do. */
typedef struct
{
  gint64 mono_us, wall_us;
} PotooMoment;

static inline PotooMoment
potoo_moment_of_start (PotooFragment *fragment)
{
  return (PotooMoment){ (gint64) (potoo_fragment_get_start_ns (fragment) / 1000),
                        potoo_fragment_get_wall_start_us (fragment) };
}

static inline PotooMoment
potoo_moment_of_end (PotooFragment *fragment)
{
  return (PotooMoment){ (gint64) (potoo_fragment_get_end_ns (fragment) / 1000),
                        potoo_fragment_get_wall_end_us (fragment) };
}

/* By how much the wall clock of @other is ahead of that of @moment; 0: it is the same. */
static inline gint64
potoo_moment_get_step_us (const PotooMoment *moment, const PotooMoment *other)
{
  gint64 step_us = (other->wall_us - other->mono_us) - (moment->wall_us - moment->mono_us);
  return ABS (step_us) < POTOO_CLOCK_STEP_US ? 0 : step_us;
}

G_END_DECLS
