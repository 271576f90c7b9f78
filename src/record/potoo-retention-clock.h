/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/* What time it is for whoever deletes by age. A wall clock that is set far ahead, by a mistake or
 * by a dead battery, would make everything old at once: a jump of more than
 * POTOO_RETENTION_JUMP_US counts only when it has stood for POTOO_RETENTION_DOUBT_US. Until then
 * time goes on from where it was. A plain value, for one thread at a time. */

#define POTOO_RETENTION_JUMP_US (24 * 3600 * G_GINT64_CONSTANT (1000000))
#define POTOO_RETENTION_DOUBT_US (3600 * G_GINT64_CONSTANT (1000000))

/* Of the catalog: what was believed last, in microseconds since 1970; to be kept to a
 * POTOO_RETENTION_DOUBT_US. */
#define POTOO_RETENTION_CLOCK_SETTING "retention-clock"

typedef struct
{
  gint64 wall_us;          /* believed last; 0: none yet */
  gint64 mono_us;          /* then */
  gint64 doubted_since_us; /* monotonic; 0: the wall clock is believed */
} PotooRetentionClock;

/* @wall_us: as believed by an earlier run, 0: not known. */
void potoo_retention_clock_init (PotooRetentionClock *clock, gint64 wall_us, gint64 mono_us);
/* As the last run left it. */
gboolean
potoo_retention_clock_load (PotooRetentionClock *clock, PotooCatalogReader *reader, GError **error);
/* The time to go by, when the clocks show @wall_us and @mono_us. */
gint64 potoo_retention_clock_read (PotooRetentionClock *clock, gint64 wall_us, gint64 mono_us);

G_END_DECLS
