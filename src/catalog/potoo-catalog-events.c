/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writing the table `events`: jobs for the catalog's thread, posted from any, which also see to
 * the class of segments. Reading is in potoo-catalog-event-rows.c. */

#include "catalog/potoo-catalog-events.h"

#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-event-rows.h"

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
find_before (PotooDb *db, gint64 id, PotooProtected *before, GError **error)
{
  return potoo_protected_find (
      before, db, "SELECT camera, keep_start_us, keep_end_us FROM events WHERE id = ?1", id, error);
}

static int
bind_event (PotooStatement *statement, const PotooEvent *event)
{
  gboolean open = event->end_us == 0;

  int results = sqlite3_bind_int64 (statement, 1, event->id) |
                potoo_statement_bind_text (statement, 2, event->camera) |
                potoo_statement_bind_text (statement, 3, potoo_event_kind_to_string (event->kind)) |
                sqlite3_bind_int64 (statement, 4, event->start_us) |
                sqlite3_bind_int64 (statement, 5, open ? POTOO_EVENT_OPEN_END_US : event->end_us) |
                sqlite3_bind_int64 (statement, 6, event->keep_start_us) |
                sqlite3_bind_int64 (statement, 7,
                                    open ? POTOO_EVENT_OPEN_END_US : event->keep_end_us) |
                potoo_statement_bind_text (statement, 9, event->title) |
                potoo_statement_bind_text (statement, 10, event->metadata);
  return event->score >= 0 ? results | sqlite3_bind_double (statement, 8, event->score) : results;
}

static gboolean
put_row (PotooDb *db, const PotooEvent *event, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "INSERT OR REPLACE INTO events (" POTOO_EVENT_COLUMNS ")"
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
  int known = find_before (db, event->id, &before, error);
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

static gboolean
drop_event_run (PotooDb *db, gpointer data, GError **error)
{
  const PotooDropJob *drop = data;
  int dropped = potoo_protected_drop (
      db, "DELETE FROM events WHERE id = ?1 RETURNING camera, keep_start_us, keep_end_us", drop->id,
      POTOO_SEGMENT_EVENT, error);

  if (dropped == 0)
    potoo_catalog_fail_no_event (drop->id, error);
  return dropped > 0;
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
