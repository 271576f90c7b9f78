/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog/potoo-catalog-query.h"

guint
potoo_catalog_query_limit (const PotooSegmentQuery *query)
{
  if (query->end_us <= query->start_us)
    return 0; /* an empty window overlaps nothing */
  return MIN (query->limit, POTOO_CATALOG_MAX_ROWS);
}

gboolean
potoo_catalog_bind_query (PotooDb *db,
                          PotooStatement *statement,
                          const PotooSegmentQuery *query,
                          gint64 back_us,
                          guint limit,
                          GError **error)
{
  gint64 window_us = MAX (query->start_us, 0); /* no row starts before 1970 */
  gint64 after_us = window_us - back_us - 1, after_id = G_MAXINT64;

  if (query->after_id > 0 && query->after_start_us > after_us)
    {
      after_us = query->after_start_us;
      after_id = query->after_id;
    }
  int results = query->camera != NULL ? potoo_statement_bind_text (statement, 1, query->camera)
                                      : SQLITE_OK;
  results |= sqlite3_bind_int64 (statement, 2, after_us);
  results |= sqlite3_bind_int64 (statement, 3, after_id);
  results |= sqlite3_bind_int64 (statement, 4, window_us);
  results |= sqlite3_bind_int64 (statement, 5, query->end_us);
  results |= sqlite3_bind_int64 (statement, 6, limit);
  return potoo_db_check (db, results, error);
}
