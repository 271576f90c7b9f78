/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table `events`. Writing: jobs for the catalog's thread, posted from any, which also see to
 * the class of segments. Reading: by whoever holds the reader. */

#include "catalog/potoo-catalog-events.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-query.h"

#define COLUMNS                                                                                    \
  "id, camera, kind, start_us, end_us, keep_start_us, keep_end_us, score, title, metadata"

/* Ends of an event that goes on, in the table: it then overlaps all that comes. */
#define OPEN_END_US G_MAXINT64

/* Of the oldest, so many go for each that comes when there are too many. */
#define DROP_OLD 2

gint64
potoo_catalog_take_event_id (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), 0);

  return potoo_id_blocks_take (potoo_catalog_get_event_ids (catalog),
                               potoo_catalog_get_writer (catalog));
}

/* --- putting --- */

/* What the event of that id kept until now: 1, 0: there is none, -1: error. */
static int
read_before (PotooDb *db, gint64 id, PotooProtected *before, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "SELECT camera, keep_start_us, keep_end_us FROM events WHERE id = ?1", error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error))
    return -1;
  int result = potoo_db_step (db, statement, error);
  if (result > 0)
    potoo_protected_read (before, statement, 0);
  return result;
}

static int
bind_event (PotooStatement *statement, const PotooEvent *event)
{
  gboolean open = event->end_us == 0;

  int results = sqlite3_bind_int64 (statement, 1, event->id) |
                potoo_statement_bind_text (statement, 2, event->camera) |
                potoo_statement_bind_text (statement, 3, potoo_event_kind_to_string (event->kind)) |
                sqlite3_bind_int64 (statement, 4, event->start_us) |
                sqlite3_bind_int64 (statement, 5, open ? OPEN_END_US : event->end_us) |
                sqlite3_bind_int64 (statement, 6, event->keep_start_us) |
                sqlite3_bind_int64 (statement, 7, open ? OPEN_END_US : event->keep_end_us) |
                potoo_statement_bind_text (statement, 9, event->title) |
                potoo_statement_bind_text (statement, 10, event->metadata);
  return event->score >= 0 ? results | sqlite3_bind_double (statement, 8, event->score) : results;
}

static gboolean
put_row (PotooDb *db, const PotooEvent *event, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "INSERT OR REPLACE INTO events (" COLUMNS ")"
                                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                                    error);

  return statement != NULL && potoo_db_check (db, bind_event (statement, event), error) &&
         potoo_db_run (db, statement, error);
}

typedef struct
{
  gint64 id;
  PotooProtected kept;
} OldEvent;

typedef struct
{
  PotooEvent *event;
  GArray *old; /* OldEvent: what went for it */
  PotooRowWatch *watch;
} PutEvent;

static void
put_event_free (gpointer data)
{
  PutEvent *put = data;

  potoo_event_free (put->event);
  g_array_unref (put->old);
  g_free (put);
}

static gboolean
delete_old (PotooDb *db, gint64 last_id, GArray *old, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "DELETE FROM events WHERE id IN"
                                    " (SELECT id FROM events WHERE id <= ?1 ORDER BY id LIMIT ?2)"
                                    " RETURNING camera, keep_start_us, keep_end_us, id",
                                    error);
  int result = -1;

  if (statement != NULL && potoo_db_check (db,
                                           sqlite3_bind_int64 (statement, 1, last_id) |
                                               sqlite3_bind_int (statement, 2, DROP_OLD),
                                           error))
    while ((result = potoo_db_step (db, statement, error)) > 0)
      {
        OldEvent event = { .id = sqlite3_column_int64 (statement, 3) };
        potoo_protected_read (&event.kept, statement, 0);
        g_array_append_val (old, event);
      }
  return result == 0;
}

static gboolean
make_room (PotooDb *db, PutEvent *put, GError **error)
{
  if (!delete_old (db, put->event->id - POTOO_EVENTS_MAX, put->old, error))
    return FALSE;
  for (guint i = 0; i < put->old->len; i++)
    if (!potoo_catalog_update_class (db, POTOO_SEGMENT_EVENT,
                                     &g_array_index (put->old, OldEvent, i).kept, NULL, error))
      return FALSE;
  return TRUE;
}

static gboolean
put_event_run (PotooDb *db, gpointer data, GError **error)
{
  PutEvent *put = data;
  const PotooEvent *event = put->event;
  PotooProtected before, now;

  g_array_set_size (put->old, 0);
  if (!potoo_event_check (event, error))
    return FALSE;
  potoo_protected_init (&now, event->camera, event->keep_start_us, event->keep_end_us);
  int known = read_before (db, event->id, &before, error);
  return known >= 0 && put_row (db, event, error) &&
         potoo_catalog_update_class (db, POTOO_SEGMENT_EVENT, known ? &before : NULL, &now,
                                     error) &&
         (known || make_room (db, put, error));
}

static void
put_event_done (gpointer data, const GError *error)
{
  const PutEvent *put = data;

  if (error != NULL)
    return;
  potoo_row_watch_tell_event (put->watch, put->event);
  for (guint i = 0; i < put->old->len; i++)
    potoo_row_watch_tell_event_dropped (put->watch, g_array_index (put->old, OldEvent, i).id);
}

static PotooJob
put_event_job (PotooCatalog *catalog, const PotooEvent *event)
{
  PutEvent *put = g_new0 (PutEvent, 1);

  put->event = potoo_event_copy (event);
  put->old = g_array_new (FALSE, FALSE, sizeof (OldEvent));
  put->watch = potoo_catalog_get_row_watch (catalog);
  return (PotooJob){
    .run = put_event_run, .done = put_event_done, .data = put, .destroy = put_event_free
  };
}

void
potoo_catalog_put_event (PotooCatalog *catalog, const PotooEvent *event)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (event != NULL && event->id > 0 && potoo_slug_is_valid (event->camera));

  const PotooJob job = put_event_job (catalog, event);
  potoo_catalog_post (catalog, &job);
}

void
potoo_catalog_put_event_async (PotooCatalog *catalog,
                               const PotooEvent *event,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (event != NULL && event->id > 0 && potoo_slug_is_valid (event->camera));

  const PotooJob job = put_event_job (catalog, event);
  potoo_catalog_post_async (catalog, &job, potoo_catalog_put_event_async, callback, user_data);
}

gboolean
potoo_catalog_put_event_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_put_event_async, error);
}

/* --- dropping --- */

static void
fail_not_found (gint64 id, GError **error)
{
  g_autofree char *text = potoo_segment_id_format (id);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no event %s"), text);
}

static gboolean
drop_event_run (PotooDb *db, gpointer data, GError **error)
{
  const PotooDropJob *drop = data;
  PotooProtected before;

  int known = read_before (db, drop->id, &before, error);
  if (known == 0)
    fail_not_found (drop->id, error);
  if (known <= 0)
    return FALSE;
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "DELETE FROM events WHERE id = ?1", error);
  return statement != NULL &&
         potoo_db_check (db, sqlite3_bind_int64 (statement, 1, drop->id), error) &&
         potoo_db_run (db, statement, error) &&
         potoo_catalog_update_class (db, POTOO_SEGMENT_EVENT, &before, NULL, error);
}

static void
drop_event_done (gpointer data, const GError *error)
{
  const PotooDropJob *drop = data;

  if (error == NULL)
    potoo_row_watch_tell_event_dropped (drop->watch, drop->id);
}

void
potoo_catalog_drop_event_async (PotooCatalog *catalog,
                                gint64 id,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id > 0);

  potoo_catalog_post_async (catalog,
                            &(PotooJob){ .run = drop_event_run,
                                         .done = drop_event_done,
                                         .data = potoo_drop_job_new (catalog, id),
                                         .destroy = g_free },
                            potoo_catalog_drop_event_async, callback, user_data);
}

gboolean
potoo_catalog_drop_event_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_drop_event_async, error);
}

/* --- reading --- */

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

  if (end_us == OPEN_END_US)
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

static gboolean
read_events (PotooDb *db, PotooStatement *statement, GPtrArray *list, GError **error)
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
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT " COLUMNS " FROM events WHERE id = ?1", error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error))
    return NULL;
  int result = potoo_db_step (db, statement, error);
  if (result > 0)
    return read_event (db, statement, error);
  if (result == 0)
    fail_not_found (id, error);
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
         read_events (db, statement, list, error);
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

  if (statement == NULL || !read_events (db, statement, list, error))
    return NULL;
  return g_steal_pointer (&list);
}
