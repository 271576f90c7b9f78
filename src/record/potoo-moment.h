/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

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

G_END_DECLS
