/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* Choosing what goes, and taking it out of the catalog in batches: marked as deleting, durably →
 * files unlinked → rows dropped. */

typedef struct
{
  gint64 root;        /* 0: any */
  const char *camera; /* (nullable): any */
  PotooSegmentClass class;
  gint64 before_us; /* those that ended before; G_MAXINT64: all */
  unsigned limit;
} PotooEvictableQuery;

/* Closed and damaged segments of that class, those that ended first first.
 * (transfer full) (element-type PotooSegment) */
GPtrArray *potoo_catalog_reader_list_evictable (PotooCatalogReader *reader,
                                                const PotooEvictableQuery *query,
                                                GError **error);

#define POTOO_CATALOG_MAX_DELETING 1000

/* Marks those of @n segments, at most POTOO_CATALOG_MAX_DELETING, that are closed or damaged and of
 * @class or a less protected one, all in one transaction. What was locked, or dropped, since it was
 * listed is passed over. Blocks: not in main, nor in the catalog's thread.
 * Returns the ids that are marked, durably: (transfer full) (element-type gint64) */
GArray *potoo_catalog_mark_segments_deleting (PotooCatalog *catalog,
                                              const gint64 *ids,
                                              gsize n,
                                              PotooSegmentClass class,
                                              GError **error);
/* Takes the mark off again: the segment is what it was, in @state. Any thread, never blocks. */
void potoo_catalog_unmark_segment (PotooCatalog *catalog, gint64 id, PotooSegmentState state);
/* Their rows and indexes go, in one transaction, whatever their state. Any thread, never blocks. */
void potoo_catalog_drop_segments (PotooCatalog *catalog, const gint64 *ids, gsize n);

G_END_DECLS
