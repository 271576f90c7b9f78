/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-segments.h"
#include "catalog/potoo-segment-index.h"

G_BEGIN_DECLS

/* Rows of `segments`, for the files of the catalog that read or write them. */

#define POTOO_SEGMENT_STORED_COLUMNS                                                               \
  "id, camera, stream, root, state, recording, start_us, end_us, mono_us, boot_id, "               \
  "duration_ticks, size_bytes, init_bytes, codecs, shift_us, clock_offset_us, class"
#define POTOO_SEGMENT_COLUMNS POTOO_SEGMENT_STORED_COLUMNS ", sha256"

/* 10 bytes a fragment at most, behind the version byte. */
#define POTOO_INDEX_MAX_BYTES (1 + 10 * POTOO_INDEX_MAX_FRAGMENTS)

/* All rows of a bound statement of POTOO_SEGMENT_COLUMNS.
 * (transfer full) (element-type PotooSegment) */
GPtrArray *potoo_catalog_read_segments (PotooDb *db, PotooStatement *statement, GError **error);

/* In the catalog's thread, inserted or instead of the one that is there. */
gboolean potoo_catalog_write_index (PotooDb *db, gint64 id, GBytes *index, GError **error);

void potoo_catalog_fail_no_segment (gint64 id, GError **error);

G_END_DECLS
