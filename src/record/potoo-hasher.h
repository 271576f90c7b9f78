/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/**
 * PotooHasher:
 *
 * Notes the SHA-256 of segments once they are closed, so that what happens to them later is seen:
 * while they are still in the page cache as a rule, in a thread of the lowest priority that is
 * there only while there is something to read. What does not fit into its queue is hashed by the
 * next verification that repairs.
 */
typedef struct _PotooHasher PotooHasher;

#define POTOO_HASHER_MAX_QUEUE 1024

PotooHasher *potoo_hasher_new (PotooCatalog *catalog, PotooRecorder *recorder);
/* Ends its thread, which is left to itself when a disk holds it for longer than @timeout_us. */
void potoo_hasher_free (PotooHasher *hasher, gint64 timeout_us);

/* @segment is closed, durably. Any thread, never blocks. */
void potoo_hasher_push (PotooHasher *hasher, const PotooSegment *segment);

G_END_DECLS
