/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* The recordings of one stream of a camera by time, for looking at and playing them. */

/* A run without a gap: segments of one recording that follow on each other. */
typedef struct
{
  gint64 start_us, end_us; /* wall */
  gint64 recording;
  gboolean open; /* its last segment is being written */
} PotooSpan;

/* What overlaps the window, by start; not clipped to it. At most @limit spans.
 * (transfer full) (element-type PotooSpan) */
GArray *potoo_catalog_reader_list_spans (PotooCatalogReader *reader,
                                         const char *camera,
                                         PotooStreamKind stream,
                                         gint64 start_us,
                                         gint64 end_us,
                                         guint limit,
                                         GError **error);

/* For sums over long times, much cheaper than the above; of the main stream, of the segments that
 * start in a window. */

/* From where the first one starts to where the last one ends, as a span without a recording, but
 * for one that is being written; both 0: there is none. */
gboolean potoo_catalog_reader_get_extent (PotooCatalogReader *reader,
                                          const char *camera,
                                          gint64 start_us,
                                          gint64 end_us,
                                          PotooSpan *extent,
                                          GError **error);
/* Appends to @runs (PotooSpan) when something was recorded, whichever recording; *@length_us: the
 * sum of the segments. */
gboolean potoo_catalog_reader_add_runs (PotooCatalogReader *reader,
                                        const char *camera,
                                        gint64 start_us,
                                        gint64 end_us,
                                        GArray *runs,
                                        gint64 *length_us,
                                        GError **error);

/* The recorded times that are nearest to a window without recordings: where the last segment that
 * started before @start_us ended, and where the first one at or after @end_us starts; 0: none. */
gboolean potoo_catalog_reader_find_nearest (PotooCatalogReader *reader,
                                            const char *camera,
                                            PotooStreamKind stream,
                                            gint64 start_us,
                                            gint64 end_us,
                                            gint64 *before_us,
                                            gint64 *after_us,
                                            GError **error);

/* TRUE when nothing is missing between two segments of one stream. */
gboolean potoo_segment_follows (gint64 recording_before,
                                gint64 end_before_us,
                                gint64 recording,
                                gint64 start_us);

G_END_DECLS
