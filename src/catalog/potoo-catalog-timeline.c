/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Queries over long times of one stream. A month of five-minute segments is nine
 * thousand rows, so they are merged while they are read, and only the columns that this
 * needs are looked at. */

#include "catalog/potoo-catalog-timeline.h"

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-private.h"

/* A segment starts at the very microsecond at which the one before it in its recording ended. Rows
 * mended after a crash may be a fragment off. */
#define SAME_TIME_US (1 * POTOO_SECOND_US)

gboolean
potoo_segment_follows (gint64 recording_before,
                       gint64 end_before_us,
                       gint64 recording,
                       gint64 start_us)
{
  return recording == recording_before && ABS (start_us - end_before_us) <= SAME_TIME_US;
}

static gboolean
read_span (PotooDb *db, PotooStatement *statement, PotooSpan *span, GError **error)
{
  PotooRow row = { statement, TRUE };

  gint64 id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  span->recording = potoo_column_int64 (&row, 1, 1, G_MAXINT64);
  span->start_us = potoo_column_int64 (&row, 2, 0, G_MAXINT64 - POTOO_SEGMENT_MAX_DURATION_US);
  span->end_us = potoo_column_int64 (&row, 3, span->start_us,
                                     span->start_us + POTOO_SEGMENT_MAX_DURATION_US);
  span->open = potoo_column_int64 (&row, 4, POTOO_SEGMENT_OPEN, POTOO_SEGMENT_DELETING) ==
               POTOO_SEGMENT_OPEN;
  return potoo_row_check (db, &row, "segments", id, error);
}

/* Recordings may overlap when the clock was set back, so the one that @next continues need not be
 * the last; one of the last few it is. */
#define LOOK_BACK 4

static void
merge_span (GArray *spans, const PotooSpan *next)
{
  for (guint i = spans->len; i > 0 && i + LOOK_BACK > spans->len; i--)
    {
      PotooSpan *span = &g_array_index (spans, PotooSpan, i - 1);
      if (!potoo_segment_follows (span->recording, span->end_us, next->recording, next->start_us))
        continue;
      span->end_us = MAX (span->end_us, next->end_us);
      span->open = next->open;
      return;
    }
  g_array_append_vals (spans, next, 1);
}

#define SELECT_SPANS(index, condition)                                                             \
  "SELECT id, recording, start_us, end_us, state FROM segments INDEXED BY " index                  \
  " WHERE " condition " AND camera = ?1 AND stream = ?2 AND start_us > ?3 AND start_us < ?5"       \
  " AND (end_us > ?4 OR start_us >= ?4)"

/* The one that is open is not in the index of the others: it would change it at each sync. */
static const char spans_sql[] = SELECT_SPANS (
    "segments_of_timeline",
    "state IN (1, 2)") " UNION ALL " SELECT_SPANS ("segments_open",
                                                   "state = 0") " ORDER BY start_us, id";

GArray *
potoo_catalog_reader_list_spans (PotooCatalogReader *reader,
                                 const char *camera,
                                 PotooStreamKind stream,
                                 gint64 start_us,
                                 gint64 end_us,
                                 guint limit,
                                 GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (PotooSpan));
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, spans_sql, error);
  int result = -1;

  if (statement != NULL &&
      potoo_db_check (
          db,
          potoo_statement_bind_text (statement, 1, camera) |
              sqlite3_bind_int64 (statement, 2, stream) |
              sqlite3_bind_int64 (statement, 3, start_us - POTOO_SEGMENT_MAX_DURATION_US - 1) |
              sqlite3_bind_int64 (statement, 4, start_us) |
              sqlite3_bind_int64 (statement, 5, end_us),
          error))
    result = 1;
  while (result > 0 && spans->len <= limit && (result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooSpan span;
      if (!read_span (db, statement, &span, error))
        return NULL;
      merge_span (spans, &span);
    }
  if (result < 0)
    return NULL;
  g_array_set_size (spans, MIN (spans->len, limit));
  return g_steal_pointer (&spans);
}

/* With ?1 @camera, ?2 @second and ?3 @third. (transfer full) */
static PotooStatement *
prepare (PotooDb *db,
         const char *sql,
         const char *camera,
         gint64 second,
         gint64 third,
         GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  if (statement == NULL || !potoo_db_check (db,
                                            potoo_statement_bind_text (statement, 1, camera) |
                                                sqlite3_bind_int64 (statement, 2, second) |
                                                sqlite3_bind_int64 (statement, 3, third),
                                            error))
    return NULL;
  return g_steal_pointer (&statement);
}

/* --- runs --- */

#define SELECT_TIMES(index, condition, order)                                                      \
  "SELECT start_us, end_us FROM segments INDEXED BY " index " WHERE " condition                    \
  " AND camera = ?1 AND stream = 0 AND start_us >= ?2 AND start_us < ?3 ORDER BY start_us" order

static const char *const runs_sql[] = {
  SELECT_TIMES ("segments_of_timeline", "state IN (1, 2)", ""),
  SELECT_TIMES ("segments_open", "state = 0", ""),
};
static const char first_sql[] = SELECT_TIMES ("segments_of_timeline",
                                              "state IN (1, 2)",
                                              " LIMIT 1");
static const char last_sql[] = SELECT_TIMES ("segments_of_timeline",
                                             "state IN (1, 2)",
                                             " DESC LIMIT 1");

/* Of thousands of rows: without the checks that were made when a row was put. */
static PotooSpan
read_times (PotooStatement *statement)
{
  PotooSpan span = { .start_us = sqlite3_column_int64 (statement, 0) };

  span.end_us = CLAMP (sqlite3_column_int64 (statement, 1), span.start_us,
                       span.start_us + POTOO_SEGMENT_MAX_DURATION_US);
  return span;
}

/* 1, 0 when there is none, -1 with an error. */
static int
read_first (PotooDb *db,
            const char *sql,
            const char *camera,
            gint64 start_us,
            gint64 end_us,
            PotooSpan *span,
            GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (db, sql, camera, start_us, end_us, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  if (result > 0)
    *span = read_times (statement);
  return result;
}

gboolean
potoo_catalog_reader_get_extent (PotooCatalogReader *reader,
                                 const char *camera,
                                 gint64 start_us,
                                 gint64 end_us,
                                 PotooSpan *extent,
                                 GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL, FALSE);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  PotooSpan first = { 0 }, last = { 0 };
  if (read_first (db, first_sql, camera, start_us, end_us, &first, error) < 0 ||
      read_first (db, last_sql, camera, start_us, end_us, &last, error) < 0)
    return FALSE;
  *extent = (PotooSpan){ .start_us = first.start_us, .end_us = last.end_us };
  return TRUE;
}

static void
add_run (GArray *runs, const PotooSpan *run)
{
  PotooSpan *last = runs->len > 0 ? &g_array_index (runs, PotooSpan, runs->len - 1) : NULL;

  if (last != NULL && last->start_us <= run->start_us && run->start_us <= last->end_us)
    last->end_us = MAX (last->end_us, run->end_us);
  else
    g_array_append_vals (runs, run, 1);
}

gboolean
potoo_catalog_reader_add_runs (PotooCatalogReader *reader,
                               const char *camera,
                               gint64 start_us,
                               gint64 end_us,
                               GArray *runs,
                               gint64 *length_us,
                               GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL && runs != NULL, FALSE);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  *length_us = 0;
  for (guint i = 0; i < G_N_ELEMENTS (runs_sql); i++)
    {
      g_autoptr (PotooStatement)
          statement = prepare (db, runs_sql[i], camera, start_us, end_us, error);
      int result = statement != NULL ? 1 : -1;
      while (result > 0 && (result = potoo_db_step (db, statement, error)) > 0)
        {
          const PotooSpan run = read_times (statement);
          *length_us += run.end_us - run.start_us;
          add_run (runs, &run);
        }
      if (result < 0)
        return FALSE;
    }
  return TRUE;
}

/* --- what is nearest --- */

/* One time out of one row; 0 when there is none. */
static gboolean
find_time (PotooDb *db,
           const char *sql,
           const char *camera,
           PotooStreamKind stream,
           gint64 time_us,
           gint64 *result_us,
           GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (db, sql, camera, stream, time_us, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  *result_us = 0;
  if (result <= 0)
    return result == 0;
  PotooRow row = { statement, TRUE };
  gint64 id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  *result_us = potoo_column_int64 (&row, 1, 0, G_MAXINT64);
  return potoo_row_check (db, &row, "segments", id, error);
}

gboolean
potoo_catalog_reader_find_nearest (PotooCatalogReader *reader,
                                   const char *camera,
                                   PotooStreamKind stream,
                                   gint64 start_us,
                                   gint64 end_us,
                                   gint64 *before_us,
                                   gint64 *after_us,
                                   GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL, FALSE);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  return find_time (db,
                    "SELECT id, end_us FROM segments WHERE camera = ?1 AND stream = ?2"
                    " AND start_us < ?3 AND state <> 3 ORDER BY start_us DESC LIMIT 1",
                    camera, stream, start_us, before_us, error) &&
         find_time (db,
                    "SELECT id, start_us FROM segments WHERE camera = ?1 AND stream = ?2"
                    " AND start_us >= ?3 AND state <> 3 ORDER BY start_us LIMIT 1",
                    camera, stream, end_us, after_us, error);
}
