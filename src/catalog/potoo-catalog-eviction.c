/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Segments on their way out, in batches. Choosing: by whoever holds the reader; the rest: jobs for
 * the catalog's thread, posted from any. */

#include "catalog/potoo-catalog-eviction.h"

#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-segment-rows.h"

/* --- choosing --- */

#define SELECT(index, condition)                                                                   \
  "SELECT " POTOO_SEGMENT_COLUMNS " FROM segments INDEXED BY " index " WHERE root = ?1" condition  \
  " AND class = ?2 AND end_us < ?3 AND state IN (1, 2) ORDER BY end_us, id LIMIT ?4"

static GPtrArray *
list_of_root (PotooDb *db, const PotooEvictableQuery *query, gint64 root, GError **error)
{
  const char *sql = query->camera != NULL
                        ? SELECT ("segments_evictable_by_camera", " AND camera = ?5")
                        : SELECT ("segments_evictable", "");
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  if (statement == NULL ||
      !potoo_db_check (
          db,
          sqlite3_bind_int64 (statement, 1, root) |
              sqlite3_bind_int (statement, 2, (int) query->class) |
              sqlite3_bind_int64 (statement, 3, query->before_us) |
              sqlite3_bind_int64 (statement, 4, MIN (query->limit, POTOO_CATALOG_MAX_ROWS)),
          error) ||
      (query->camera != NULL &&
       !potoo_db_check (db, potoo_statement_bind_text (statement, 5, query->camera), error)))
    return NULL;
  return potoo_catalog_read_segments (db, statement, error);
}

static int
compare_ends (gconstpointer a, gconstpointer b)
{
  const PotooSegment *one = *(const PotooSegment *const *) a;
  const PotooSegment *other = *(const PotooSegment *const *) b;

  if (one->end_us != other->end_us)
    return one->end_us < other->end_us ? -1 : 1;
  return one->id < other->id ? -1 : one->id > other->id;
}

/* The oldest of each root: one index for all of them would have to be sorted. */
static GPtrArray *
list_of_all (PotooDb *db, const PotooEvictableQuery *query, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_segment_free);
  g_autoptr (PotooStatement) roots = potoo_db_prepare (db, "SELECT id FROM storage_roots", error);
  int result = -1;

  while (roots != NULL && (result = potoo_db_step (db, roots, error)) > 0)
    {
      GPtrArray *some = list_of_root (db, query, sqlite3_column_int64 (roots, 0), error);
      if (some == NULL)
        return NULL;
      g_ptr_array_extend_and_steal (all, some);
    }
  if (result < 0)
    return NULL;
  g_ptr_array_sort (all, compare_ends);
  if (all->len > query->limit)
    g_ptr_array_set_size (all, (int) query->limit);
  return g_steal_pointer (&all);
}

GPtrArray *
potoo_catalog_reader_list_evictable (PotooCatalogReader *reader,
                                     const PotooEvictableQuery *query,
                                     GError **error)
{
  g_return_val_if_fail (reader != NULL && query != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  return query->root != 0 ? list_of_root (db, query, query->root, error)
                          : list_of_all (db, query, error);
}

/* --- marking and dropping --- */

typedef struct
{
  gint64 *ids;
  gsize n;
  PotooSegmentClass class;
  GArray *done; /* gint64: marked, or dropped without having been marked */
  PotooRowWatch *watch;
} Batch;

static Batch *
batch_new (PotooCatalog *catalog, const gint64 *ids, gsize n)
{
  Batch *batch = g_new0 (Batch, 1);

  batch->ids = g_memdup2 (ids, n * sizeof *ids);
  batch->n = n;
  batch->done = g_array_new (FALSE, FALSE, sizeof (gint64));
  batch->watch = potoo_catalog_get_row_watch (catalog);
  return batch;
}

static void
batch_free (gpointer data)
{
  Batch *batch = data;

  g_free (batch->ids);
  g_array_unref (batch->done);
  g_free (batch);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static gboolean
mark_one (PotooDb *db, gint64 id, PotooSegmentClass class, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "UPDATE segments SET state = 3 WHERE id = ?1 AND state IN (1, 2) AND class <= ?2", error);

  return statement != NULL &&
         potoo_db_check (db,
                         sqlite3_bind_int64 (statement, 1, id) |
                             sqlite3_bind_int (statement, 2, (int) class),
                         error) &&
         potoo_db_run (db, statement, error);
}

static gboolean
mark_run (PotooDb *db, gpointer data, GError **error)
{
  Batch *batch = data;

  g_array_set_size (batch->done, 0);
  for (gsize i = 0; i < batch->n; i++)
    {
      if (!mark_one (db, batch->ids[i], batch->class, error))
        return FALSE;
      if (sqlite3_changes (potoo_db_get_handle (db)) > 0)
        g_array_append_val (batch->done, batch->ids[i]);
    }
  return TRUE;
}

static void
batch_done (gpointer data, const GError *error)
{
  const Batch *batch = data;

  for (guint i = 0; error == NULL && i < batch->done->len; i++)
    potoo_row_watch_tell_segment_dropped (batch->watch, g_array_index (batch->done, gint64, i));
}

GArray *
potoo_catalog_mark_segments_deleting (PotooCatalog *catalog,
                                      const gint64 *ids,
                                      gsize n,
                                      PotooSegmentClass class,
                                      GError **error)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), NULL);
  g_return_val_if_fail (n <= POTOO_CATALOG_MAX_DELETING, NULL);

  g_autoptr (Batch) batch = batch_new (catalog, ids, n);
  batch->class = class;
  if (!potoo_catalog_run_told (catalog, mark_run, batch_done, batch, error))
    return NULL;
  return g_array_ref (batch->done);
}

typedef struct
{
  gint64 id;
  PotooSegmentState state;
  GPtrArray *rows; /* (nullable) PotooSegment: as it is then */
  PotooRowWatch *watch;
} Unmark;

static void
unmark_free (gpointer data)
{
  Unmark *unmark = data;

  g_clear_pointer (&unmark->rows, g_ptr_array_unref);
  g_free (unmark);
}

static gboolean
unmark_run (PotooDb *db, gpointer data, GError **error)
{
  Unmark *unmark = data;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db,
      "UPDATE segments SET state = ?2, class = " POTOO_CLASS_SQL (
          "segments.camera", "segments.start_us",
          "max (segments.end_us, segments.start_us + 1)") " WHERE id = ?1 AND state = 3"
                                                          " RETURNING " POTOO_SEGMENT_COLUMNS,
      error);

  g_clear_pointer (&unmark->rows, g_ptr_array_unref);
  if (statement != NULL && potoo_db_check (db,
                                           sqlite3_bind_int64 (statement, 1, unmark->id) |
                                               sqlite3_bind_int (statement, 2, (int) unmark->state),
                                           error))
    unmark->rows = potoo_catalog_read_segments (db, statement, error);
  return unmark->rows != NULL;
}

static void
unmark_done (gpointer data, const GError *error)
{
  const Unmark *unmark = data;

  for (guint i = 0; error == NULL && i < unmark->rows->len; i++)
    potoo_row_watch_tell_segment (unmark->watch, unmark->rows->pdata[i]);
}

void
potoo_catalog_unmark_segment (PotooCatalog *catalog, gint64 id, PotooSegmentState state)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));

  Unmark *unmark = g_new0 (Unmark, 1);
  unmark->id = id;
  unmark->state = state;
  unmark->watch = potoo_catalog_get_row_watch (catalog);
  potoo_catalog_post (catalog, &(PotooJob){ .run = unmark_run,
                                            .done = unmark_done,
                                            .data = unmark,
                                            .destroy = unmark_free,
                                            .key = id });
}

/* Those that were marked were told then. */
static gboolean
drop_one (PotooDb *db, gint64 id, GArray *done, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (
      db, "DELETE FROM segments WHERE id = ?1 RETURNING state", id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;
  if (result > 0 && sqlite3_column_int (statement, 0) != POTOO_SEGMENT_DELETING)
    g_array_append_val (done, id);
  return result == 0 || (result > 0 && potoo_db_run (db, statement, error));
}

static gboolean
drop_run (PotooDb *db, gpointer data, GError **error)
{
  Batch *batch = data;

  g_array_set_size (batch->done, 0);
  for (gsize i = 0; i < batch->n; i++)
    if (!drop_one (db, batch->ids[i], batch->done, error))
      return FALSE;
  return TRUE;
}

void
potoo_catalog_drop_segments (PotooCatalog *catalog, const gint64 *ids, gsize n)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (n <= POTOO_CATALOG_MAX_DELETING);

  potoo_catalog_post (catalog, &(PotooJob){ .run = drop_run,
                                            .done = batch_done,
                                            .flags = POTOO_JOB_BARRIER,
                                            .data = batch_new (catalog, ids, n),
                                            .destroy = batch_free });
}
