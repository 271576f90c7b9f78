/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooSegmentIndex:
 *
 * The index of one segment: for each fragment its size in bytes, its duration
 * in ticks of 1/90000 s and whether it starts with a keyframe. As a blob: a version byte
 * 1, then for each fragment two LEB128 varints, zigzag(size - size before) and
 * duration << 1 | key. About 6 bytes a fragment. Not thread-safe.
 */
typedef struct _PotooSegmentIndex PotooSegmentIndex;

typedef struct
{
  guint64 offset;     /* in the file */
  guint32 size;       /* bytes */
  guint64 time_ticks; /* since the segment's first fragment */
  guint32 duration_ticks;
  gboolean key;
} PotooIndexEntry;

#define POTOO_INDEX_MAX_FRAGMENTS 100000

PotooSegmentIndex *potoo_segment_index_new (gsize init_bytes);
/* Checks everything; NULL with POTOO_ERROR_CORRUPT otherwise. */
PotooSegmentIndex *potoo_segment_index_parse (GBytes *blob, gsize init_bytes, GError **error);
void potoo_segment_index_free (PotooSegmentIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSegmentIndex, potoo_segment_index_free)

gboolean potoo_segment_index_append (PotooSegmentIndex *index,
                                     guint32 size,
                                     guint32 duration_ticks,
                                     gboolean key);
guint potoo_segment_index_get_n (PotooSegmentIndex *index);
const PotooIndexEntry *potoo_segment_index_get (PotooSegmentIndex *index, guint i);
guint64 potoo_segment_index_get_end (PotooSegmentIndex *index); /* file offset */
guint64 potoo_segment_index_get_duration_ticks (PotooSegmentIndex *index);
/* The last key fragment that starts at or before @time_ticks. */
guint potoo_segment_index_find_key (PotooSegmentIndex *index, guint64 time_ticks);
GBytes *potoo_segment_index_to_blob (PotooSegmentIndex *index); /* (transfer full) */

G_END_DECLS
