/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* What all segments add up to, and how much was recorded on which day: kept by the catalog as rows
 * change, exact in every transaction, read without looking at a segment. */

typedef struct
{
  gint64 segments;
  gint64 bytes; /* durable and indexed, as in PotooSegment */
} PotooTotal;

typedef struct
{
  PotooTotal kept[POTOO_SEGMENT_N_CLASSES]; /* by class; in every state but deleting */
  PotooTotal deleting; /* not kept any more, but the files may still be there */
} PotooTotals;

gint64 potoo_totals_get_kept_bytes (const PotooTotals *totals);
/* What lies on the disk, and counts for a quota: a segment until its row is dropped. */
gint64 potoo_totals_get_used_bytes (const PotooTotals *totals);
void potoo_totals_add (PotooTotals *totals, const PotooTotals *more);

typedef struct
{
  gint64 root;
  char camera[POTOO_SLUG_MAX + 1];
  PotooStreamKind stream;
  PotooTotals totals;
} PotooStreamTotals;

/* Of each stream of a camera on each root that holds any; by root, camera, stream. @root 0, @camera
 * NULL: all. (transfer full) (element-type PotooStreamTotals) */
GArray *potoo_catalog_reader_list_totals (PotooCatalogReader *reader,
                                          gint64 root,
                                          const char *camera,
                                          GError **error);
/* Their sum. */
gboolean potoo_catalog_reader_get_totals (PotooCatalogReader *reader,
                                          gint64 root,
                                          const char *camera,
                                          PotooTotals *totals,
                                          GError **error);

#define POTOO_RECORDED_DAYS_MAX 400

/* By segments that started on that day (UTC), also when they are evicted meanwhile. */
typedef struct
{
  gint64 day;         /* since 1970-01-01 */
  gint64 bytes;       /* of all streams */
  gint64 recorded_us; /* of `main` */
} PotooRecordedDay;

/* The newest POTOO_RECORDED_DAYS_MAX days on which something was recorded, from @first_day on, in
 * order. (transfer full) (element-type PotooRecordedDay) */
GArray *potoo_catalog_reader_list_recorded_days (PotooCatalogReader *reader,
                                                 const char *camera,
                                                 gint64 first_day,
                                                 GError **error);

/* Gaps of @camera that began before @since_us may have been dropped with age
 * (potoo-catalog-ageing.h); 0: none that began at @start_us or later. */
gboolean potoo_catalog_reader_find_aged_gaps (PotooCatalogReader *reader,
                                              const char *camera,
                                              gint64 start_us,
                                              gint64 now_us,
                                              gint64 *since_us,
                                              GError **error);

G_END_DECLS
