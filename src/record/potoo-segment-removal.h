/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/* The files of segments whose rows are marked as deleting. */

typedef enum
{
  POTOO_REMOVAL_GONE, /* durably, or it was not there: its row is to go */
  POTOO_REMOVAL_LEFT, /* it is there and cannot be unlinked: it is a segment as before */
  POTOO_REMOVAL_OPEN, /* not known: the next start goes on with it */
} PotooRemovalOutcome;

/* Unlinks the files of @segments (element-type PotooSegment), syncs each directory once, and takes
 * away those of days and cameras that are empty then. @outcomes: one for each. @error: (nullable):
 * the first. Blocks on the disk. */
void potoo_segment_removal_run (PotooStorageRoot *root,
                                GPtrArray *segments,
                                PotooRemovalOutcome *outcomes,
                                GError **error);

G_END_DECLS
