/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "media/potoo-fragment.h"
#include "record/potoo-fragment-memory.h"

G_BEGIN_DECLS

/* Instead of the sequence of a fragment: there is none. */
#define POTOO_NO_SEQUENCE G_MAXUINT64

/**
 * PotooFragmentRing:
 *
 * The newest fragments of a stream that were not written, for an event that is told of later: its
 * pre-roll. They follow on each other by sequence, mostly. What is dropped is dropped up to the
 * next key fragment. The stream's recorder fills and empties it; others drop from it when memory is
 * short: rings of one priority shrink to the same time. Any thread.
 */
typedef struct _PotooFragmentRing PotooFragmentRing;

/* Of all rings. (transfer full) */
PotooFragmentMemory *potoo_fragment_ring_memory_new (gint64 max_bytes);

PotooFragmentRing *
potoo_fragment_ring_new (PotooFragmentMemory *memory, const char *camera, PotooStreamKind stream);
/* Takes over what @ring holds. */
PotooFragmentRing *potoo_fragment_ring_new_successor (PotooFragmentRing *ring);
PotooFragmentRing *potoo_fragment_ring_ref (PotooFragmentRing *ring);
void potoo_fragment_ring_unref (PotooFragmentRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooFragmentRing, potoo_fragment_ring_unref)

/* At least the newest @length_us are held, and what is needed to show them; 0: nothing. */
void potoo_fragment_ring_set_up (PotooFragmentRing *ring, gint64 length_us, guint priority);

/* A fragment that is no key fragment is taken only when it follows on the newest, or on what was
 * written (@follows): else nothing could show it. */
void potoo_fragment_ring_push (PotooFragmentRing *ring, PotooFragment *fragment, gboolean follows);

/* All that it holds, in order; it is empty then. (transfer full) (element-type PotooFragment) */
GPtrArray *potoo_fragment_ring_take_all (PotooFragmentRing *ring);

/* The oldest. (transfer full) (nullable) */
PotooFragment *potoo_fragment_ring_peek (PotooFragmentRing *ring);

/* How much it holds, from the oldest to the newest; -1: there is no ring. */
gint64 potoo_fragment_ring_get_held_us (PotooFragmentRing *ring);

G_END_DECLS
