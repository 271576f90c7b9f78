/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writing the tables `segments` and `segment_index`: jobs for the catalog's thread, posted from
 * any. Reading is in potoo-catalog-segment-rows.c. */

#include "catalog/potoo-catalog-segments.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-eviction.h"
#include "catalog/potoo-catalog-segment-rows.h"

void
potoo_catalog_fail_no_segment (gint64 id, GError **error)
{
  g_autofree char *text = potoo_segment_id_format (id);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no segment %s"), text);
}

/* --- ids --- */

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

/* --- rows --- */

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
         potoo_statement_bind_text (statement, 14, s->codecs) |
         sqlite3_bind_int64 (statement, 15, s->shift_us) |
         (s->has_clock_offset ? sqlite3_bind_int64 (statement, 16, s->clock_offset_us)
                              : sqlite3_bind_null (statement, 16));
}

/* Not REPLACE: that would delete the row first, and its index with it. */
static const char put_segment_sql[] =
    "INSERT INTO segments (" POTOO_SEGMENT_STORED_COLUMNS ")"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, " POTOO_CLASS_SQL (
        "?2",
        "?7",
        "max (?8, ?7 + 1)") ")"
                            " ON CONFLICT (id) DO UPDATE SET camera = excluded.camera, stream = excluded.stream,"
                            " root = excluded.root, state = excluded.state, recording = excluded.recording,"
                            " start_us = excluded.start_us, end_us = excluded.end_us, mono_us = excluded.mono_us,"
                            " boot_id = excluded.boot_id, duration_ticks = excluded.duration_ticks,"
                            " size_bytes = excluded.size_bytes, init_bytes = excluded.init_bytes,"
                            " codecs = excluded.codecs, shift_us = excluded.shift_us,"
                            " clock_offset_us = excluded.clock_offset_us, class = excluded.class,"
                            " sha256 = iif (size_bytes = excluded.size_bytes, sha256, NULL) RETURNING class";

gboolean
potoo_catalog_write_index (PotooDb *db, gint64 id, GBytes *index, GError **error)
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
put_row (PotooDb *db, PotooSegment *segment, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, put_segment_sql, error);

  if (statement == NULL || !potoo_db_check (db, bind_segment (statement, segment), error) ||
      potoo_db_step (db, statement, error) <= 0)
    return FALSE;
  segment->class = (PotooSegmentClass) sqlite3_column_int (statement, 0);
  return potoo_db_run (db, statement, error);
}

static gboolean
put_segment_run (PotooDb *db, gpointer data, GError **error)
{
  PutSegment *put = data;

  if (put->raised != NULL && !potoo_id_blocks_raise (put->raised, db, put->segment.id, error))
    return FALSE;
  return put_row (db, &put->segment, error) &&
         (put->index == NULL || potoo_catalog_write_index (db, put->segment.id, put->index, error));
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
  g_return_if_fail (index == NULL || g_bytes_get_size (index) <= POTOO_INDEX_MAX_BYTES);

  PutSegment *put = g_new0 (PutSegment, 1);
  put->segment = *segment;
  put->index = index != NULL ? g_bytes_ref (index) : NULL;
  put->watch = potoo_catalog_get_row_watch (catalog);
  limit_end (&put->segment);
  if (potoo_id_blocks_note_used (potoo_catalog_get_segment_ids (catalog), segment->id))
    put->raised = potoo_catalog_get_segment_ids (catalog);
  /* Growth is merged. The end is not: it would be durable before the gap behind the segment, which
   * is posted in front of it. */
  gboolean grows = segment->state == POTOO_SEGMENT_OPEN;
  potoo_catalog_post (catalog, &(PotooJob){ .run = put_segment_run,
                                            .done = put_segment_done,
                                            .data = put,
                                            .destroy = put_segment_free,
                                            .key = segment->id,
                                            .merge = grows ? put_segment_merge : NULL });
}

typedef struct
{
  gint64 id;
  guint8 sha256[POTOO_SHA256_BYTES];
} SetSha256;

static gboolean
set_sha256_run (PotooDb *db, gpointer data, GError **error)
{
  const SetSha256 *set = data;
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "UPDATE segments SET sha256 = ?2 WHERE id = ?1", error);

  return statement != NULL &&
         potoo_db_check (db,
                         sqlite3_bind_int64 (statement, 1, set->id) |
                             sqlite3_bind_blob (statement, 2, set->sha256, sizeof set->sha256,
                                                SQLITE_TRANSIENT),
                         error) &&
         potoo_db_run (db, statement, error);
}

void
potoo_catalog_set_segment_sha256 (PotooCatalog *catalog,
                                  gint64 id,
                                  const guint8 sha256[POTOO_SHA256_BYTES])
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id > 0 && sha256 != NULL);

  SetSha256 *set = g_new (SetSha256, 1);
  set->id = id;
  memcpy (set->sha256, sha256, sizeof set->sha256);
  potoo_catalog_post (
      catalog, &(PotooJob){ .run = set_sha256_run, .data = set, .destroy = g_free, .key = id });
}

void
potoo_catalog_drop_segment (PotooCatalog *catalog, gint64 id)
{
  potoo_catalog_drop_segments (catalog, &id, 1);
}
