/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reading the tables `segments` and `segment_index`: by whoever holds the reader. */

#include "catalog/potoo-catalog-segment-rows.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "catalog/potoo-catalog-query.h"

#define COLUMNS POTOO_SEGMENT_COLUMNS

static void
read_sha256 (PotooRow *row, int column, PotooSegment *segment)
{
  if (sqlite3_column_type (row->statement, column) == SQLITE_NULL)
    return;
  g_autoptr (GBytes) bytes = potoo_column_dup_blob (row, column, POTOO_SHA256_BYTES);
  segment->has_sha256 = bytes != NULL && g_bytes_get_size (bytes) == POTOO_SHA256_BYTES;
  if (segment->has_sha256)
    memcpy (segment->sha256, g_bytes_get_data (bytes, NULL), POTOO_SHA256_BYTES);
  else
    row->valid = FALSE;
}

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
  s->duration_ticks = potoo_column_int64 (&row, 10, 0,
                                          (gint64) G_MAXUINT32 * POTOO_INDEX_MAX_FRAGMENTS);
  s->size_bytes = potoo_column_int64 (&row, 11, 0, G_MAXINT64);
  s->init_bytes = potoo_column_int64 (&row, 12, 0, G_MAXINT64);
  potoo_column_text (&row, 13, s->codecs, sizeof s->codecs);
  s->shift_us = potoo_column_int64 (&row, 14, s->start_us - G_MAXINT64, s->start_us);
  s->has_clock_offset = sqlite3_column_type (statement, 15) != SQLITE_NULL;
  if (s->has_clock_offset)
    s->clock_offset_us = potoo_column_int64 (&row, 15, G_MININT64, G_MAXINT64);
  s->class = (PotooSegmentClass) potoo_column_int64 (&row, 16, POTOO_SEGMENT_CONTINUOUS,
                                                     POTOO_SEGMENT_LOCKED);
  read_sha256 (&row, 17, s);
  row.valid = row.valid && potoo_slug_is_valid (s->camera);
  if (!potoo_row_check (db, &row, "segments", s->id, error))
    return NULL;
  return g_steal_pointer (&s);
}

GPtrArray *
potoo_catalog_read_segments (PotooDb *db, PotooStatement *statement, GError **error)
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
  return potoo_catalog_read_segments (db, statement, error);
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
  return potoo_catalog_read_segments (db, statement, error);
}

PotooSegment *
potoo_catalog_reader_get_segment (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (
      db, "SELECT " COLUMNS " FROM segments WHERE id = ?1", id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;
  if (result > 0)
    return read_segment (db, statement, error);
  if (result == 0)
    potoo_catalog_fail_no_segment (id, error);
  return NULL;
}

GBytes *
potoo_catalog_reader_get_index (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (
      db, "SELECT fragments FROM segment_index WHERE id = ?1", id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;
  if (result == 0)
    {
      g_autofree char *text = potoo_segment_id_format (id);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("Segment %s has no index"), text);
    }
  if (result <= 0)
    return NULL;
  PotooRow row = { statement, TRUE };
  g_autoptr (GBytes) blob = potoo_column_dup_blob (&row, 0, POTOO_INDEX_MAX_BYTES);
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
      statement = potoo_db_prepare_for (db,
                                        "SELECT " COLUMNS " FROM segments"
                                        " WHERE root = ?1 AND state IN (0, 3) ORDER BY id",
                                        root, error);

  if (statement == NULL)
    return NULL;
  return potoo_catalog_read_segments (db, statement, error);
}

GPtrArray *
potoo_catalog_reader_list_root_segments (PotooCatalogReader *reader,
                                         gint64 root,
                                         gint64 after_id,
                                         guint limit,
                                         GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "SELECT " COLUMNS " FROM segments INDEXED BY segments_by_root"
                                    " WHERE root = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                                    error);

  if (statement == NULL ||
      !potoo_db_check (db,
                       sqlite3_bind_int64 (statement, 1, root) |
                           sqlite3_bind_int64 (statement, 2, after_id) |
                           sqlite3_bind_int64 (statement, 3, MIN (limit, POTOO_CATALOG_MAX_ROWS)),
                       error))
    return NULL;
  return potoo_catalog_read_segments (db, statement, error);
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
