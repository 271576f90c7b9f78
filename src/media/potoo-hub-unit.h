/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/*
 * What the ring and the queues of a stream hub are made of: units shared by
 * reference count, and lists of them that know their bytes. Units: any thread;
 * queues: under their owner's lock.
 */

/* Buffer, memory and list nodes of an access unit: in the bytes of each, so that
 * a bound in bytes bounds their number too. */
#define POTOO_HUB_UNIT_OVERHEAD_BYTES 512

typedef struct
{
  gatomicrefcount ref_count;
  PotooAccessUnit unit; /* immutable once it is in a queue */
  gsize bytes;
} PotooHubUnit;

PotooHubUnit *potoo_hub_unit_new (const PotooAccessUnit *unit); /* copies references */
PotooHubUnit *potoo_hub_unit_ref (PotooHubUnit *self);
void potoo_hub_unit_unref (PotooHubUnit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooHubUnit, potoo_hub_unit_unref)

/* Decoding time, or else presentation time; may be GST_CLOCK_TIME_NONE. */
GstClockTime potoo_hub_unit_get_time (const PotooHubUnit *self);

typedef struct
{
  GQueue units; /* PotooHubUnit, owned */
  gsize bytes;
} PotooUnitQueue;

void potoo_unit_queue_append (PotooUnitQueue *queue, PotooHubUnit *unit); /* adds a reference */
PotooHubUnit *potoo_unit_queue_pop (PotooUnitQueue *queue);    /* (transfer full) (nullable) */
GList *potoo_unit_queue_find_keyframe (PotooUnitQueue *queue); /* the newest; (nullable) */

/* Moves the units before @end (NULL: all) to @trash: freeing media is for
 * after the lock was released, with potoo_hub_units_free(). */
void potoo_unit_queue_discard (PotooUnitQueue *queue, GList *end, GQueue *trash);
void potoo_hub_units_free (GQueue *units);

G_END_DECLS
