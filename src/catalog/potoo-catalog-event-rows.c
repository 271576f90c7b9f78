/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reading the table `events`: by whoever holds the reader. */

#include "catalog/potoo-catalog-event-rows.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "catalog/potoo-catalog-query.h"

#define COLUMNS POTOO_EVENT_COLUMNS

void
potoo_catalog_fail_no_event (gint64 id, GError **error)
{
  g_autofree char *text = potoo_segment_id_format (id);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no event %s"), text);
}

static double
read_score (PotooRow *row, int column)
{
  if (sqlite3_column_type (row->statement, column) == SQLITE_NULL)
    return -1;
  double score = sqlite3_column_double (row->statement, column);
  row->valid = row->valid && sqlite3_column_type (row->statement, column) == SQLITE_FLOAT &&
               score >= 0 && score <= 1;
  return score;
}

/* An end at the largest integer is given as 0. */
static gint64
read_end (PotooRow *row, int column, gint64 start_us)
{
  gint64 end_us = potoo_column_int64 (row, column, start_us, G_MAXINT64);

  if (end_us == POTOO_EVENT_OPEN_END_US)
    return 0;
  row->valid = row->valid && end_us <= POTOO_TIME_MAX_US;
  return end_us;
}

static PotooEvent *
read_event (PotooDb *db, PotooStatement *statement, GError **error)
{
  PotooRow row = { statement, TRUE };
  g_autoptr (PotooEvent) event = g_new0 (PotooEvent, 1);
  char kind[33];

  event->id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  potoo_column_text (&row, 1, event->camera, sizeof event->camera);
  potoo_column_text (&row, 2, kind, sizeof kind);
  event->start_us = potoo_column_int64 (&row, 3, 0, POTOO_TIME_MAX_US);
  event->end_us = read_end (&row, 4, event->start_us);
  event->keep_start_us = potoo_column_int64 (&row, 5, 0, event->start_us);
  event->keep_end_us = read_end (&row, 6, event->end_us);
  event->score = read_score (&row, 7);
  event->title = potoo_column_dup_text (&row, 8, 4 * POTOO_EVENT_TITLE_MAX);
  if (sqlite3_column_type (statement, 9) != SQLITE_NULL)
    event->metadata = potoo_column_dup_text (&row, 9, POTOO_EVENT_METADATA_MAX_BYTES);
  row.valid = row.valid && potoo_slug_is_valid (event->camera) &&
              potoo_event_kind_parse (kind, &event->kind) &&
              (event->end_us == 0) == (event->keep_end_us == 0);
  return potoo_row_check (db, &row, "events", event->id, error) ? g_steal_pointer (&event) : NULL;
}

gboolean
potoo_catalog_read_events (PotooDb *db, PotooStatement *statement, GPtrArray *list, GError **error)
{
  int result;

  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooEvent *event = read_event (db, statement, error);
      if (event == NULL)
        return FALSE;
      g_ptr_array_add (list, event);
    }
  return result == 0;
}

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_event_free);
}

PotooEvent *
potoo_catalog_reader_get_event (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (
      db, "SELECT " COLUMNS " FROM events WHERE id = ?1", id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;
  if (result > 0)
    return read_event (db, statement, error);
  if (result == 0)
    potoo_catalog_fail_no_event (id, error);
  return NULL;
}

/* Appends to @list, up to the query's limit, what @sql selects. */
static gboolean
append_events (PotooDb *db,
               const PotooSegmentQuery *query,
               const PotooEventKind *kind,
               const char *sql,
               gint64 back_us,
               GPtrArray *list,
               GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);
  const char *name = kind != NULL ? potoo_event_kind_to_string (*kind) : NULL;

  return statement != NULL &&
         potoo_catalog_bind_query (db, statement, query, back_us,
                                   potoo_catalog_query_limit (query) - list->len, error) &&
         (name == NULL ||
          potoo_db_check (db, potoo_statement_bind_text (statement, 7, name), error)) &&
         potoo_catalog_read_events (db, statement, list, error);
}

/* Long events that started more than two hours before the window: few, by their end. */
static const char long_sql[] =
    "SELECT " COLUMNS " FROM events INDEXED BY events_long"
    " WHERE end_us > ?4 AND end_us - start_us > 7200000000 AND start_us < ?4 - 7200000000"
    " AND start_us < ?5 AND (start_us, id) > (?2, ?3) AND (?1 IS NULL OR camera = ?1)"
    " AND (?7 IS NULL OR kind = ?7) ORDER BY start_us, id LIMIT ?6";

/* All others that overlap it, long or not: by their start. */
#define SELECT_NEAR(condition)                                                                     \
  "SELECT " COLUMNS " FROM events WHERE " condition                                                \
  "(start_us, id) > (?2, ?3) AND start_us < ?5 AND (end_us > ?4 OR start_us >= ?4)"                \
  " ORDER BY start_us, id LIMIT ?6"

static const char *
near_sql (const char *camera, const PotooEventKind *kind)
{
  if (camera == NULL)
    return kind == NULL ? SELECT_NEAR ("") : SELECT_NEAR ("kind = ?7 AND ");
  return kind == NULL ? SELECT_NEAR ("camera = ?1 AND ")
                      : SELECT_NEAR ("camera = ?1 AND kind = ?7 AND ");
}

GPtrArray *
potoo_catalog_reader_list_events (PotooCatalogReader *reader,
                                  const PotooSegmentQuery *query,
                                  const PotooEventKind *kind,
                                  GError **error)
{
  g_return_val_if_fail (reader != NULL && query != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GPtrArray) list = new_list ();

  /* What the first finds starts before all that the second finds, so that the
   * two follow on each other in order. */
  if (!append_events (db, query, kind, long_sql, G_MAXINT64 / 2, list, error) ||
      !append_events (db, query, kind, near_sql (query->camera, kind), POTOO_EVENT_LONG_US, list,
                      error))
    return NULL;
  return g_steal_pointer (&list);
}

GPtrArray *
potoo_catalog_reader_list_open_events (PotooCatalogReader *reader, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GPtrArray) list = new_list ();
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "SELECT " COLUMNS " FROM events INDEXED BY events_long"
                                    " WHERE end_us = 9223372036854775807"
                                    " AND end_us - start_us > 7200000000 ORDER BY id",
                                    error);

  if (statement == NULL || !potoo_catalog_read_events (db, statement, list, error))
    return NULL;
  return g_steal_pointer (&list);
}
