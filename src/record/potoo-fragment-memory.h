/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"

G_BEGIN_DECLS

/**
 * PotooFragmentMemory:
 *
 * A number of bytes that many holders of fragments share: the queues of all streams, or all rings.
 * When they are used up, the holder with the lowest priority gives way, and among holders of one
 * priority the one that holds most: its oldest group goes. A fragment for which only more important
 * ones could make room is not taken. Any thread.
 *
 * Its lock protects all that its holders have. It is held for a few instructions, and what is let
 * go of is freed outside.
 */
typedef struct _PotooFragmentMemory PotooFragmentMemory;

/* @used, @bound: (transfer full): gauges */
PotooFragmentMemory *
potoo_fragment_memory_new (gint64 max_bytes, PotooMetric *used, PotooMetric *bound);
PotooFragmentMemory *potoo_fragment_memory_ref (PotooFragmentMemory *memory);
void potoo_fragment_memory_unref (PotooFragmentMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooFragmentMemory, potoo_fragment_memory_unref)

gint64 potoo_fragment_memory_get_bytes (PotooFragmentMemory *memory); /* that are held */

void potoo_fragment_memory_lock (PotooFragmentMemory *memory);
void potoo_fragment_memory_unlock (PotooFragmentMemory *memory);

typedef struct _PotooFragmentHolder PotooFragmentHolder;

/* Both are called under the lock. */
typedef struct
{
  /* How much it holds, in whatever holders of one priority are compared by. */
  gint64 (*weigh) (PotooFragmentHolder *holder);
  /* Lets its oldest group go, for what was pushed with @push. FALSE: that is rather to go itself.
   */
  gboolean (*give_way) (PotooFragmentHolder *holder, gpointer push);
} PotooFragmentHolderClass;

/* The first member of each kind of holder, which is made of zeroes. */
struct _PotooFragmentHolder
{
  const PotooFragmentHolderClass *class;
  PotooFragmentMemory *memory;
  gint64 bytes;   /* under the lock, as what follows */
  guint priority; /* to be set by the holder */
};

void potoo_fragment_holder_init (PotooFragmentHolder *holder,
                                 const PotooFragmentHolderClass *class,
                                 PotooFragmentMemory *memory);
/* It must hold nothing any more. */
void potoo_fragment_holder_clear (PotooFragmentHolder *holder);

/* --- under the lock --- */

/* Whether @bytes more may be held by @holder, after others, or itself, gave way. */
gboolean potoo_fragment_holder_make_room (PotooFragmentHolder *holder, gint64 bytes, gpointer push);
/* It holds @bytes more, or less. */
void potoo_fragment_holder_add (PotooFragmentHolder *holder, gint64 bytes);

G_END_DECLS
