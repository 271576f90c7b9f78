/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog/potoo-catalog-amend.h"

#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-segment-rows.h"

typedef struct
{
  PotooSegment before, after;
  GBytes *index; /* (nullable) */
  gboolean changed;
  PotooRowWatch *watch;
} Amend;

static void
amend_free (gpointer data)
{
  Amend *amend = data;

  g_clear_pointer (&amend->index, g_bytes_unref);
  g_free (amend);
}

static gboolean
update_row (PotooDb *db, const Amend *amend, GError **error)
{
  const PotooSegment *before = &amend->before, *after = &amend->after;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db,
      "UPDATE segments SET state = ?1, recording = ?2, end_us = ?3, duration_ticks = ?4,"
      " size_bytes = ?5, init_bytes = ?6, codecs = ?7, sha256 = iif (?12, NULL, sha256),"
      " class = " POTOO_CLASS_SQL (
          "segments.camera", "segments.start_us",
          "max (?3, segments.start_us + 1)") " WHERE id = ?8 AND state = ?9 AND size_bytes = ?10 AND end_us = ?11",
      error);

  return statement != NULL &&
         potoo_db_check (db,
                         sqlite3_bind_int64 (statement, 1, after->state) |
                             sqlite3_bind_int64 (statement, 2, after->recording) |
                             sqlite3_bind_int64 (statement, 3, after->end_us) |
                             sqlite3_bind_int64 (statement, 4, after->duration_ticks) |
                             sqlite3_bind_int64 (statement, 5, after->size_bytes) |
                             sqlite3_bind_int64 (statement, 6, after->init_bytes) |
                             potoo_statement_bind_text (statement, 7, after->codecs) |
                             sqlite3_bind_int64 (statement, 8, before->id) |
                             sqlite3_bind_int64 (statement, 9, before->state) |
                             sqlite3_bind_int64 (statement, 10, before->size_bytes) |
                             sqlite3_bind_int64 (statement, 11, before->end_us) |
                             sqlite3_bind_int (statement, 12, amend->index != NULL),
                         error) &&
         potoo_db_run (db, statement, error);
}

static gboolean
amend_run (PotooDb *db, gpointer data, GError **error)
{
  Amend *amend = data;

  amend->changed = FALSE;
  if (!update_row (db, amend, error))
    return FALSE;
  amend->changed = sqlite3_changes (potoo_db_get_handle (db)) == 1;
  return !amend->changed || amend->index == NULL ||
         potoo_catalog_write_index (db, amend->before.id, amend->index, error);
}

static void
amend_done (gpointer data, const GError *error)
{
  Amend *amend = data;

  if (error == NULL && amend->changed)
    potoo_row_watch_tell_segment (amend->watch, &amend->after);
}

void
potoo_catalog_amend_segment (PotooCatalog *catalog,
                             const PotooSegment *before,
                             const PotooSegment *after,
                             GBytes *index)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (before->id == after->id && after->end_us >= after->start_us);

  Amend *amend = g_new0 (Amend, 1);
  amend->before = *before;
  amend->after = *after;
  amend->index = index != NULL ? g_bytes_ref (index) : NULL;
  amend->watch = potoo_catalog_get_row_watch (catalog);
  potoo_catalog_post (catalog, &(PotooJob){ .run = amend_run,
                                            .done = amend_done,
                                            .data = amend,
                                            .destroy = amend_free,
                                            .key = before->id });
}

/* --- ids --- */

gint64
potoo_catalog_get_first_segment_id (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), 0);

  return potoo_id_blocks_get_first (potoo_catalog_get_segment_ids (catalog));
}

typedef struct
{
  PotooIdBlocks *blocks;
  gint64 id;
} Raise;

static gboolean
raise_run (PotooDb *db, gpointer data, GError **error)
{
  Raise *raise = data;
  return potoo_id_blocks_begin_behind (raise->blocks, db, raise->id, error);
}

gboolean
potoo_catalog_raise_segment_ids (PotooCatalog *catalog, gint64 id, GError **error)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), FALSE);

  Raise raise = { potoo_catalog_get_segment_ids (catalog), id };
  return potoo_catalog_run (catalog, raise_run, &raise, error);
}
