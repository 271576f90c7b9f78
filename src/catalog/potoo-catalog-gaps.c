/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table `gaps`. Writing: jobs for the catalog's thread, posted from any.
 * Reading: by whoever holds the reader. */

#include "catalog/potoo-catalog-gaps.h"

#include "base/potoo-log.h"
#include "catalog/potoo-catalog-query.h"

#define COLUMNS POTOO_GAP_COLUMNS

/* `end_us` of a gap that goes on, in the table: it then overlaps all that comes. */
#define OPEN_END_US G_MAXINT64

static const char *const cause_names[POTOO_GAP_N_CAUSES] = {
  [POTOO_GAP_DISCONNECTED] = "disconnected",
  [POTOO_GAP_AUTH] = "auth",
  [POTOO_GAP_STALLED] = "stalled",
  [POTOO_GAP_NO_VIDEO] = "no-video",
  [POTOO_GAP_NO_KEYFRAMES] = "no-keyframes",
  [POTOO_GAP_DISK_FULL] = "disk-full",
  [POTOO_GAP_DISK_SLOW] = "disk-slow",
  [POTOO_GAP_DISK_ERROR] = "disk-error",
  [POTOO_GAP_CRASH] = "crash",
  [POTOO_GAP_POWER] = "power",
  [POTOO_GAP_SHUTDOWN] = "shutdown",
  [POTOO_GAP_DAMAGED] = "damaged",
  [POTOO_GAP_CLOCK_STEP] = "clock-step",
};

const char *
potoo_gap_cause_to_string (PotooGapCause cause)
{
  g_return_val_if_fail ((guint) cause < G_N_ELEMENTS (cause_names), "unknown");
  return cause_names[cause];
}

gboolean
potoo_gap_cause_parse (const char *text, PotooGapCause *cause)
{
  if (g_strcmp0 (text, "lost") == 0) /* what it was named in catalogs of before the first release */
    text = cause_names[POTOO_GAP_DAMAGED];
  for (guint i = 0; i < G_N_ELEMENTS (cause_names); i++)
    if (g_strcmp0 (text, cause_names[i]) == 0)
      {
        *cause = (PotooGapCause) i;
        return TRUE;
      }
  return FALSE;
}

/* --- writing --- */

gint64
potoo_catalog_take_gap_id (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), 0);

  return potoo_id_blocks_take (potoo_catalog_get_gap_ids (catalog),
                               potoo_catalog_get_writer (catalog));
}

gint64
potoo_catalog_wait_for_gap_id (PotooCatalog *catalog)
{
  gint64 id = potoo_catalog_take_gap_id (catalog);

  /* Ids are used up faster than the writer thread reserves them: let it. */
  if (id == 0 && potoo_catalog_sync (catalog, NULL))
    id = potoo_catalog_take_gap_id (catalog);
  if (id == 0)
    potoo_log_error (NULL, "The catalog has no id for a gap, which is not written down");
  return id;
}

gboolean
potoo_catalog_write_gap (PotooDb *db, const PotooGap *gap, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "INSERT OR REPLACE INTO gaps (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)", error);

  return statement != NULL &&
         potoo_db_check (
             db,
             sqlite3_bind_int64 (statement, 1, gap->id) |
                 potoo_statement_bind_text (statement, 2, gap->camera) |
                 sqlite3_bind_int64 (statement, 3, gap->stream) |
                 sqlite3_bind_int64 (statement, 4, gap->start_us) |
                 sqlite3_bind_int64 (statement, 5, gap->end_us == 0 ? OPEN_END_US : gap->end_us) |
                 potoo_statement_bind_text (statement, 6, potoo_gap_cause_to_string (gap->cause)),
             error) &&
         potoo_db_run (db, statement, error);
}

/* A camera stream has one open gap: when the end of an older one was lost (a full
 * queue), it ends where the new one begins. */
static gboolean
end_other_open_gaps (PotooDb *db, const PotooGap *gap, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db,
      "UPDATE gaps SET end_us = max (start_us, ?4) WHERE camera = ?1 AND stream = ?2"
      " AND end_us = 9223372036854775807 AND end_us - start_us > 3600000000 AND id <> ?3",
      error);

  return statement != NULL &&
         potoo_db_check (db,
                         potoo_statement_bind_text (statement, 1, gap->camera) |
                             sqlite3_bind_int64 (statement, 2, gap->stream) |
                             sqlite3_bind_int64 (statement, 3, gap->id) |
                             sqlite3_bind_int64 (statement, 4, gap->start_us),
                         error) &&
         potoo_db_run (db, statement, error);
}

typedef struct
{
  PotooGap gap;
  PotooRowWatch *watch;
} PutGap;

static gboolean
put_gap_run (PotooDb *db, gpointer data, GError **error)
{
  const PotooGap *gap = &((PutGap *) data)->gap;

  return (gap->end_us != 0 || end_other_open_gaps (db, gap, error)) &&
         potoo_catalog_write_gap (db, gap, error);
}

static void
put_gap_done (gpointer data, const GError *error)
{
  const PutGap *put = data;

  if (error == NULL)
    potoo_row_watch_tell_gap (put->watch, &put->gap);
}

void
potoo_catalog_put_gap (PotooCatalog *catalog, const PotooGap *gap)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (gap != NULL && gap->id > 0 && gap->start_us >= 0);
  g_return_if_fail (potoo_slug_is_valid (gap->camera));

  PutGap *put = g_new0 (PutGap, 1);
  PotooGap *copy = &put->gap;
  *copy = *gap;
  put->watch = potoo_catalog_get_row_watch (catalog);
  if (copy->end_us != 0 && copy->end_us < copy->start_us)
    {
      potoo_log_warning (gap->camera, "gap %" G_GINT64_FORMAT ": its end is before its start",
                         gap->id);
      copy->end_us = MAX (copy->start_us, 1);
    }
  potoo_catalog_post (
      catalog,
      &(PotooJob){ .run = put_gap_run, .done = put_gap_done, .data = put, .destroy = g_free });
}

static gboolean
drop_gap_run (PotooDb *db, gpointer data, GError **error)
{
  const PotooDropJob *drop = data;
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare_for (db, "DELETE FROM gaps WHERE id = ?1", drop->id, error);

  return statement != NULL && potoo_db_run (db, statement, error);
}

static void
drop_gap_done (gpointer data, const GError *error)
{
  const PotooDropJob *drop = data;

  if (error == NULL)
    potoo_row_watch_tell_gap_dropped (drop->watch, drop->id);
}

void
potoo_catalog_drop_gap (PotooCatalog *catalog, gint64 id)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id > 0);

  potoo_catalog_post (catalog, &(PotooJob){ .run = drop_gap_run,
                                            .done = drop_gap_done,
                                            .data = potoo_drop_job_new (catalog, id),
                                            .destroy = g_free });
}

/* --- reading --- */

static PotooGap *
read_gap (PotooDb *db, PotooStatement *statement, GError **error)
{
  PotooRow row = { statement, TRUE };
  g_autofree PotooGap *gap = g_new0 (PotooGap, 1);
  char cause[33];

  gap->id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  potoo_column_text (&row, 1, gap->camera, sizeof gap->camera);
  gap->stream = (PotooStreamKind) potoo_column_int64 (&row, 2, POTOO_STREAM_MAIN, POTOO_STREAM_SUB);
  gap->start_us = potoo_column_int64 (&row, 3, 0, G_MAXINT64);
  gap->end_us = potoo_column_int64 (&row, 4, gap->start_us, G_MAXINT64);
  if (gap->end_us == OPEN_END_US)
    gap->end_us = 0;
  potoo_column_text (&row, 5, cause, sizeof cause);
  row.valid = row.valid && potoo_slug_is_valid (gap->camera) &&
              potoo_gap_cause_parse (cause, &gap->cause);
  if (!potoo_row_check (db, &row, "gaps", gap->id, error))
    return NULL;
  return g_steal_pointer (&gap);
}

gboolean
potoo_catalog_read_gaps (PotooDb *db, PotooStatement *statement, GPtrArray *list, GError **error)
{
  int result;

  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooGap *gap = read_gap (db, statement, error);
      if (gap == NULL)
        return FALSE;
      g_ptr_array_add (list, gap);
    }
  return result == 0;
}

/* Appends to @list, up to the query's limit, what @by_camera or @of_all selects. */
static gboolean
append_gaps (PotooDb *db,
             const PotooSegmentQuery *query,
             const char *by_camera,
             const char *of_all,
             gint64 back_us,
             GPtrArray *list,
             GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, query->camera != NULL ? by_camera : of_all, error);

  return statement != NULL &&
         potoo_catalog_bind_query (db, statement, query, back_us,
                                   potoo_catalog_query_limit (query) - list->len, error) &&
         potoo_catalog_read_gaps (db, statement, list, error);
}

/* Long gaps that started more than an hour before the window: by their end. The planner would
 * go by the start instead, to be spared sorting these few. */
#define SELECT_LONG                                                                                \
  "end_us > ?4 AND end_us - start_us > 3600000000 AND start_us < ?4 - 3600000000"                  \
  " AND start_us < ?5 AND (start_us, id) > (?2, ?3) ORDER BY start_us, id LIMIT ?6"
/* All others that overlap it, long or not: by their start. */
#define SELECT_NEAR                                                                                \
  "(start_us, id) > (?2, ?3) AND start_us < ?5 AND (end_us > ?4 OR start_us >= ?4)"                \
  " ORDER BY start_us, id LIMIT ?6"

GPtrArray *
potoo_catalog_reader_list_gaps (PotooCatalogReader *reader,
                                const PotooSegmentQuery *query,
                                GError **error)
{
  g_return_val_if_fail (reader != NULL && query != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);

  /* What the first finds starts before all that the second finds, so that the
   * two follow on each other in order. */
  if (!append_gaps (db, query,
                    "SELECT " COLUMNS
                    " FROM gaps INDEXED BY gaps_long_by_camera WHERE camera = ?1 AND " SELECT_LONG,
                    "SELECT " COLUMNS " FROM gaps INDEXED BY gaps_long WHERE " SELECT_LONG,
                    G_MAXINT64 / 2, list, error) ||
      !append_gaps (db, query, "SELECT " COLUMNS " FROM gaps WHERE camera = ?1 AND " SELECT_NEAR,
                    "SELECT " COLUMNS " FROM gaps WHERE " SELECT_NEAR, POTOO_GAP_LONG_US, list,
                    error))
    return NULL;
  return g_steal_pointer (&list);
}

GPtrArray *
potoo_catalog_reader_list_open_gaps (PotooCatalogReader *reader, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db,
      "SELECT " COLUMNS " FROM gaps WHERE end_us = 9223372036854775807"
      " AND end_us - start_us > 3600000000 ORDER BY camera, stream",
      error);

  if (statement == NULL || !potoo_catalog_read_gaps (db, statement, list, error))
    return NULL;
  return g_steal_pointer (&list);
}
