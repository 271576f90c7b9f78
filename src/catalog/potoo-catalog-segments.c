/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The tables `segments` and `segment_index`. Writing: jobs for the catalog's
 * thread, posted from any. Reading: by whoever holds the reader. */

#include "catalog/potoo-catalog-segments.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-query.h"
#include "catalog/potoo-segment-index.h"

#define COLUMNS                                                                                    \
  "id, camera, stream, root, state, recording, start_us, end_us, mono_us, boot_id, "               \
  "duration_ticks, size_bytes, init_bytes, codecs"

/* 10 bytes a fragment at most, behind the version byte. */
#define INDEX_MAX_BYTES (1 + 10 * POTOO_INDEX_MAX_FRAGMENTS)

static void
fail_not_found (gint64 id, GError **error)
{
  g_autofree char *text = potoo_segment_id_format (id);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no segment %s"), text);
}

/* --- writing --- */

gint64
potoo_catalog_take_segment_id (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), 0);

  return potoo_id_blocks_take (potoo_catalog_get_segment_ids (catalog),
                               potoo_catalog_get_writer (catalog));
}

gboolean
potoo_catalog_is_plausible_segment_id (PotooCatalog *catalog, gint64 id)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), FALSE);

  return id > 0 && potoo_id_blocks_is_plausible (potoo_catalog_get_segment_ids (catalog), id);
}

typedef struct
{
  PotooIdBlocks *raised; /* (nullable): the ids that the segment's own is to be taken from */
  PotooSegment segment;
  GBytes *index; /* (nullable) */
  PotooRowWatch *watch;
} PutSegment;

static void
put_segment_free (gpointer data)
{
  PutSegment *put = data;

  g_clear_pointer (&put->index, g_bytes_unref);
  g_free (put);
}

/* PotooJobMergeFunc: the row of the newer one; its index, unless it has none. */
static void
put_segment_merge (gpointer data, gpointer newer)
{
  PutSegment *put = data, *from = newer;

  put->segment = from->segment;
  if (from->raised != NULL)
    put->raised = from->raised;
  if (from->index == NULL)
    return;
  g_clear_pointer (&put->index, g_bytes_unref);
  put->index = g_bytes_ref (from->index);
}

static int
bind_segment (PotooStatement *statement, const PotooSegment *s)
{
  return sqlite3_bind_int64 (statement, 1, s->id) |
         potoo_statement_bind_text (statement, 2, s->camera) |
         sqlite3_bind_int64 (statement, 3, s->stream) | sqlite3_bind_int64 (statement, 4, s->root) |
         sqlite3_bind_int64 (statement, 5, s->state) |
         sqlite3_bind_int64 (statement, 6, s->recording) |
         sqlite3_bind_int64 (statement, 7, s->start_us) |
         sqlite3_bind_int64 (statement, 8, s->end_us) |
         sqlite3_bind_int64 (statement, 9, s->mono_us) |
         potoo_statement_bind_text (statement, 10, s->boot_id) |
         sqlite3_bind_int64 (statement, 11, s->duration_ticks) |
         sqlite3_bind_int64 (statement, 12, s->size_bytes) |
         sqlite3_bind_int64 (statement, 13, s->init_bytes) |
         potoo_statement_bind_text (statement, 14, s->codecs);
}

/* Not REPLACE: that would delete the row first, and its index with it. */
static const char put_segment_sql[] =
    "INSERT INTO segments (" COLUMNS ")"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    " ON CONFLICT (id) DO UPDATE SET camera = excluded.camera, stream = excluded.stream,"
    " root = excluded.root, state = excluded.state, recording = excluded.recording,"
    " start_us = excluded.start_us, end_us = excluded.end_us, mono_us = excluded.mono_us,"
    " boot_id = excluded.boot_id, duration_ticks = excluded.duration_ticks,"
    " size_bytes = excluded.size_bytes, init_bytes = excluded.init_bytes,"
    " codecs = excluded.codecs";

static gboolean
put_index (PotooDb *db, gint64 id, GBytes *index, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db,
      "INSERT INTO segment_index (id, fragments) VALUES (?1, ?2)"
      " ON CONFLICT (id) DO UPDATE SET fragments = excluded.fragments",
      error);
  gsize length;
  const void *data = g_bytes_get_data (index, &length);

  return statement != NULL &&
         potoo_db_check (db,
                         sqlite3_bind_int64 (statement, 1, id) |
                             sqlite3_bind_blob64 (statement, 2, data, length, SQLITE_TRANSIENT),
                         error) &&
         potoo_db_run (db, statement, error);
}

static gboolean
put_segment_run (PotooDb *db, gpointer data, GError **error)
{
  const PutSegment *put = data;

  if (put->raised != NULL && !potoo_id_blocks_raise (put->raised, db, put->segment.id, error))
    return FALSE;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, put_segment_sql, error);
  return statement != NULL && potoo_db_check (db, bind_segment (statement, &put->segment), error) &&
         potoo_db_run (db, statement, error) &&
         (put->index == NULL || put_index (db, put->segment.id, put->index, error));
}

static void
put_segment_done (gpointer data, const GError *error)
{
  const PutSegment *put = data;

  if (error == NULL)
    potoo_row_watch_tell_segment (put->watch, &put->segment);
}

/* A clock step may make a segment's times senseless; its row is worth more than its
 * exact end, which the file knows. */
static void
limit_end (PotooSegment *segment)
{
  gint64 end_us = CLAMP (segment->end_us, segment->start_us,
                         segment->start_us + POTOO_SEGMENT_MAX_DURATION_US);

  if (end_us != segment->end_us)
    potoo_log_warning (
        segment->camera, "segment %016" G_GINT64_MODIFIER "x: its end is %s its start",
        (guint64) segment->id, segment->end_us < segment->start_us ? "before" : "too far behind");
  segment->end_us = end_us;
}

void
potoo_catalog_put_segment (PotooCatalog *catalog, const PotooSegment *segment, GBytes *index)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (segment != NULL && segment->id > 0 && segment->start_us >= 0);
  g_return_if_fail (potoo_slug_is_valid (segment->camera));
  g_return_if_fail (index == NULL || g_bytes_get_size (index) <= INDEX_MAX_BYTES);

  PutSegment *put = g_new0 (PutSegment, 1);
  put->segment = *segment;
  put->index = index != NULL ? g_bytes_ref (index) : NULL;
  put->watch = potoo_catalog_get_row_watch (catalog);
  limit_end (&put->segment);
  if (potoo_id_blocks_note_used (potoo_catalog_get_segment_ids (catalog), segment->id))
    put->raised = potoo_catalog_get_segment_ids (catalog);
  potoo_catalog_post (catalog, &(PotooJob){ .run = put_segment_run,
                                            .done = put_segment_done,
                                            .data = put,
                                            .destroy = put_segment_free,
                                            .key = segment->id,
                                            .merge = put_segment_merge });
}

static gboolean
run_with_id (PotooDb *db, const char *sql, gint64 id, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  return statement != NULL && potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error) &&
         potoo_db_run (db, statement, error);
}

static gboolean
mark_deleting_run (PotooDb *db, gpointer data, GError **error)
{
  gint64 id = *(gint64 *) data;

  if (!run_with_id (db, "UPDATE segments SET state = 3 WHERE id = ?1", id, error))
    return FALSE;
  if (sqlite3_changes (potoo_db_get_handle (db)) == 1)
    return TRUE;
  fail_not_found (id, error);
  return FALSE;
}

void
potoo_catalog_mark_segment_deleting_async (PotooCatalog *catalog,
                                           gint64 id,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id > 0);

  potoo_catalog_post_async (catalog,
                            &(PotooJob){ .run = mark_deleting_run,
                                         .data = g_memdup2 (&id, sizeof id),
                                         .destroy = g_free,
                                         .key = id },
                            potoo_catalog_mark_segment_deleting_async, callback, user_data);
}

gboolean
potoo_catalog_mark_segment_deleting_finish (PotooCatalog *catalog,
                                            GAsyncResult *result,
                                            GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_mark_segment_deleting_async,
                                    error);
}

static gboolean
drop_run (PotooDb *db, gpointer data, GError **error)
{
  /* its index goes with it: ON DELETE CASCADE */
  return run_with_id (db, "DELETE FROM segments WHERE id = ?1", ((PotooDropJob *) data)->id, error);
}

static void
drop_done (gpointer data, const GError *error)
{
  const PotooDropJob *drop = data;

  if (error == NULL)
    potoo_row_watch_tell_segment_dropped (drop->watch, drop->id);
}

void
potoo_catalog_drop_segment (PotooCatalog *catalog, gint64 id)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id > 0);

  potoo_catalog_post (catalog, &(PotooJob){ .run = drop_run,
                                            .done = drop_done,
                                            .data = potoo_drop_job_new (catalog, id),
                                            .destroy = g_free,
                                            .key = id });
}

/* --- reading --- */

/* (transfer full): NULL when the row makes no sense */
static PotooSegment *
read_segment (PotooDb *db, PotooStatement *statement, GError **error)
{
  PotooRow row = { statement, TRUE };
  g_autoptr (PotooSegment) s = g_new0 (PotooSegment, 1);

  s->id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  potoo_column_text (&row, 1, s->camera, sizeof s->camera);
  s->stream = (PotooStreamKind) potoo_column_int64 (&row, 2, POTOO_STREAM_MAIN, POTOO_STREAM_SUB);
  s->root = potoo_column_int64 (&row, 3, 1, G_MAXINT64);
  s->state = (PotooSegmentState) potoo_column_int64 (&row, 4, POTOO_SEGMENT_OPEN,
                                                     POTOO_SEGMENT_DELETING);
  s->recording = potoo_column_int64 (&row, 5, 1, G_MAXINT64);
  s->start_us = potoo_column_int64 (&row, 6, 0, G_MAXINT64 - POTOO_SEGMENT_MAX_DURATION_US);
  s->end_us = potoo_column_int64 (&row, 7, s->start_us,
                                  s->start_us + POTOO_SEGMENT_MAX_DURATION_US);
  s->mono_us = potoo_column_int64 (&row, 8, G_MININT64, G_MAXINT64);
  potoo_column_text (&row, 9, s->boot_id, sizeof s->boot_id);
  s->duration_ticks = potoo_column_int64 (&row, 10, 0, G_MAXINT64);
  s->size_bytes = potoo_column_int64 (&row, 11, 0, G_MAXINT64);
  s->init_bytes = potoo_column_int64 (&row, 12, 0, G_MAXINT64);
  potoo_column_text (&row, 13, s->codecs, sizeof s->codecs);
  row.valid = row.valid && potoo_slug_is_valid (s->camera);
  if (!potoo_row_check (db, &row, "segments", s->id, error))
    return NULL;
  return g_steal_pointer (&s);
}

/* All rows of a bound statement. */
static GPtrArray *
read_segments (PotooDb *db, PotooStatement *statement, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_segment_free);
  int result;

  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooSegment *segment = read_segment (db, statement, error);
      if (segment == NULL)
        return NULL;
      g_ptr_array_add (list, segment);
    }
  return result == 0 ? g_steal_pointer (&list) : NULL;
}

/* A segment that was just opened is an instant: it counts when it stands in the window. */
#define SELECT_OVERLAP                                                                             \
  "(start_us, id) > (?2, ?3) AND start_us < ?5"                                                    \
  " AND (end_us > ?4 OR start_us >= ?4) AND state <> 3"                                            \
  " ORDER BY start_us, id LIMIT ?6"

GPtrArray *
potoo_catalog_reader_list_segments (PotooCatalogReader *reader,
                                    const PotooSegmentQuery *query,
                                    GError **error)
{
  g_return_val_if_fail (reader != NULL && query != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  const char *sql = query->camera != NULL
                        ? "SELECT " COLUMNS " FROM segments WHERE camera = ?1 AND " SELECT_OVERLAP
                        : "SELECT " COLUMNS " FROM segments WHERE " SELECT_OVERLAP;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  if (statement == NULL ||
      !potoo_catalog_bind_query (db, statement, query, POTOO_SEGMENT_MAX_DURATION_US,
                                 potoo_catalog_query_limit (query), error))
    return NULL;
  return read_segments (db, statement, error);
}

GPtrArray *
potoo_catalog_reader_list_stream (PotooCatalogReader *reader,
                                  const PotooSegmentQuery *query,
                                  PotooStreamKind stream,
                                  GError **error)
{
  g_return_val_if_fail (reader != NULL && query != NULL && query->camera != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "SELECT " COLUMNS " FROM segments WHERE camera = ?1 AND stream = ?7 AND " SELECT_OVERLAP,
      error);

  if (statement == NULL ||
      !potoo_catalog_bind_query (db, statement, query, POTOO_SEGMENT_MAX_DURATION_US,
                                 potoo_catalog_query_limit (query), error) ||
      !potoo_db_check (db, sqlite3_bind_int64 (statement, 7, stream), error))
    return NULL;
  return read_segments (db, statement, error);
}

PotooSegment *
potoo_catalog_reader_get_segment (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT " COLUMNS " FROM segments WHERE id = ?1", error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error))
    return NULL;
  int result = potoo_db_step (db, statement, error);
  if (result > 0)
    return read_segment (db, statement, error);
  if (result == 0)
    fail_not_found (id, error);
  return NULL;
}

GBytes *
potoo_catalog_reader_get_index (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT fragments FROM segment_index WHERE id = ?1", error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error))
    return NULL;
  int result = potoo_db_step (db, statement, error);
  if (result == 0)
    {
      g_autofree char *text = potoo_segment_id_format (id);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("Segment %s has no index"), text);
    }
  if (result <= 0)
    return NULL;
  PotooRow row = { statement, TRUE };
  g_autoptr (GBytes) blob = potoo_column_dup_blob (&row, 0, INDEX_MAX_BYTES);
  if (!potoo_row_check (db, &row, "segment_index", id, error))
    return NULL;
  return g_steal_pointer (&blob);
}

GPtrArray *
potoo_catalog_reader_list_unfinished (PotooCatalogReader *reader, gint64 root, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "SELECT " COLUMNS " FROM segments"
                                    " WHERE root = ?1 AND state IN (0, 3) ORDER BY id",
                                    error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, root), error))
    return NULL;
  return read_segments (db, statement, error);
}

/* The last to end started at most the longest duration before the last to start. */
static const char last_segment_sql[] =
    "SELECT " COLUMNS " FROM segments WHERE camera = ?1 AND stream = ?2 AND state <> 3"
    " AND start_us >= ?3 + (SELECT start_us FROM segments WHERE camera = ?1 AND stream = ?2"
    " AND state <> 3 ORDER BY start_us DESC LIMIT 1)"
    " ORDER BY end_us DESC, id DESC LIMIT 1";

PotooSegment *
potoo_catalog_reader_get_last_segment (PotooCatalogReader *reader,
                                       const char *camera,
                                       PotooStreamKind stream,
                                       GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, last_segment_sql, error);

  if (statement == NULL ||
      !potoo_db_check (db,
                       potoo_statement_bind_text (statement, 1, camera) |
                           sqlite3_bind_int64 (statement, 2, stream) |
                           sqlite3_bind_int64 (statement, 3, -POTOO_SEGMENT_MAX_DURATION_US),
                       error))
    return NULL;
  return potoo_db_step (db, statement, error) > 0 ? read_segment (db, statement, error) : NULL;
}
