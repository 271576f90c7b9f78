/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-hub-unit.h"

G_BEGIN_DECLS

/**
 * PotooHubRing:
 *
 * The newest groups of pictures of a stream, which takers begin with: POTOO_HUB_RING_GOPS at
 * most, and bounded in bytes and time. Plain value, zeroed but for @max_bytes; under its
 * owner's lock.
 */
typedef struct
{
  gsize max_bytes;
  PotooUnitQueue queue; /* empty, or starts with a keyframe and ends with the newest unit */
  guint n_keyframes;
  gboolean waiting; /* for a keyframe, because a GOP was too large */
} PotooHubRing;

/* Two whole GOPs and the one under way: what an HLS packager needs to give its
 * first playlist at once. */
#define POTOO_HUB_RING_GOPS 3
#define POTOO_HUB_RING_MAX_BYTES (64 * 1024 * 1024)

/* Adds a reference to @unit; what had to go for it is in @trash (potoo_hub_units_free()). Returns
 * how many units nobody can begin with, because their GOP is too large. */
guint potoo_hub_ring_append (PotooHubRing *ring, PotooHubUnit *unit, GQueue *trash);
void potoo_hub_ring_clear (PotooHubRing *ring, GQueue *trash);

/* The keyframe at most @gops back from which all up to now fits into @max_bytes; NULL: none. */
GList *potoo_hub_ring_find_start (PotooHubRing *ring, guint gops, gsize max_bytes);

G_END_DECLS
