/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table `locks`. Writing: jobs for the catalog's thread, posted from any, which also see to the
 * class of segments. Reading: by whoever holds the reader. */

#include "catalog/potoo-catalog-locks.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-query.h"

#define COLUMNS POTOO_LOCK_COLUMNS

PotooLock *
potoo_lock_copy (const PotooLock *lock)
{
  PotooLock *copy = g_memdup2 (lock, sizeof *lock);

  copy->reason = g_strdup (lock->reason != NULL ? lock->reason : "");
  return copy;
}

void
potoo_lock_free (PotooLock *lock)
{
  g_free (lock->reason);
  g_free (lock);
}

gint64
potoo_catalog_take_lock_id (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), 0);

  return potoo_id_blocks_take (potoo_catalog_get_lock_ids (catalog),
                               potoo_catalog_get_writer (catalog));
}

/* --- putting --- */

static gboolean
fail (const char *why, GError **error)
{
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, why);
  return FALSE;
}

static gboolean
is_time (gint64 time_us)
{
  return time_us >= 0 && time_us <= POTOO_TIME_MAX_US;
}

static gboolean
check_lock (const PotooLock *lock, GError **error)
{
  if (!is_time (lock->start_us) || !is_time (lock->end_us) || !is_time (lock->expires_us) ||
      !is_time (lock->created_us) || lock->end_us <= lock->start_us)
    return fail (_ ("The lock ends before it starts, or is not within the years 1970 to 9999"),
                 error);
  if (lock->end_us - lock->start_us > POTOO_LOCK_MAX_US)
    return fail (_ ("A lock lasts at most 31 days; use several"), error);
  if (!g_utf8_validate (lock->reason, -1, NULL) ||
      g_utf8_strlen (lock->reason, -1) > POTOO_LOCK_REASON_MAX)
    return fail (_ ("The reason of a lock has at most 200 characters"), error);
  return TRUE;
}

/* What the lock of that id locked until now: 1, 0: there is none, -1: error. */
static int
find_before (PotooDb *db, gint64 id, PotooProtected *before, GError **error)
{
  return potoo_protected_find (
      before, db, "SELECT camera, start_us, end_us FROM locks WHERE id = ?1", id, error);
}

static gboolean
check_room (PotooDb *db, GError **error)
{
  gint64 n = 0;

  if (!potoo_db_get_int64 (db, "SELECT count (*) FROM locks", &n, error))
    return FALSE;
  if (n < POTOO_LOCKS_MAX)
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
               _ ("There are %d locks, and there may not be more: remove some"), POTOO_LOCKS_MAX);
  return FALSE;
}

static gboolean
check_segments (PotooDb *db, const PotooProtected *time, GError **error)
{
  int has = potoo_catalog_has_segments (db, time, error);

  if (has == 0)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                 _ ("Camera %s has no recording in that time"), time->camera);
  return has > 0;
}

static gboolean
put_row (PotooDb *db, const PotooLock *lock, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "INSERT OR REPLACE INTO locks (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", error);

  return statement != NULL &&
         potoo_db_check (db,
                         sqlite3_bind_int64 (statement, 1, lock->id) |
                             potoo_statement_bind_text (statement, 2, lock->camera) |
                             sqlite3_bind_int64 (statement, 3, lock->start_us) |
                             sqlite3_bind_int64 (statement, 4, lock->end_us) |
                             potoo_statement_bind_text (statement, 5, lock->reason) |
                             sqlite3_bind_int64 (statement, 6, lock->expires_us) |
                             sqlite3_bind_int64 (statement, 7, lock->created_us),
                         error) &&
         potoo_db_run (db, statement, error);
}

typedef struct
{
  PotooLock *lock;
  PotooRowWatch *watch;
} PutLock;

static void
put_lock_free (gpointer data)
{
  PutLock *put = data;

  potoo_lock_free (put->lock);
  g_free (put);
}

static gboolean
put_lock_run (PotooDb *db, gpointer data, GError **error)
{
  const PotooLock *lock = ((PutLock *) data)->lock;
  PotooProtected before, now;

  if (!check_lock (lock, error))
    return FALSE;
  potoo_protected_init (&now, lock->camera, lock->start_us, lock->end_us);
  int known = find_before (db, lock->id, &before, error);
  return known >= 0 && (known || check_room (db, error)) && check_segments (db, &now, error) &&
         put_row (db, lock, error) &&
         potoo_catalog_update_class (db, POTOO_SEGMENT_LOCKED, known ? &before : NULL, &now, error);
}

static void
put_lock_done (gpointer data, const GError *error)
{
  const PutLock *put = data;

  if (error == NULL)
    potoo_row_watch_tell_lock (put->watch, put->lock);
}

void
potoo_catalog_put_lock_async (PotooCatalog *catalog,
                              const PotooLock *lock,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (lock != NULL && lock->id > 0 && potoo_slug_is_valid (lock->camera));

  PutLock *put = g_new0 (PutLock, 1);
  put->lock = potoo_lock_copy (lock);
  put->watch = potoo_catalog_get_row_watch (catalog);
  potoo_catalog_post_async (
      catalog,
      &(PotooJob){
          .run = put_lock_run, .done = put_lock_done, .data = put, .destroy = put_lock_free },
      potoo_catalog_put_lock_async, callback, user_data);
}

gboolean
potoo_catalog_put_lock_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_put_lock_async, error);
}

/* --- dropping --- */

static void
fail_not_found (gint64 id, GError **error)
{
  g_autofree char *text = potoo_segment_id_format (id);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no lock %s"), text);
}

static gboolean
drop_lock_run (PotooDb *db, gpointer data, GError **error)
{
  const PotooDropJob *drop = data;
  int dropped = potoo_protected_drop (
      db, "DELETE FROM locks WHERE id = ?1 RETURNING camera, start_us, end_us", drop->id,
      POTOO_SEGMENT_LOCKED, error);

  if (dropped == 0)
    fail_not_found (drop->id, error);
  return dropped > 0;
}

static void
drop_lock_done (gpointer data, const GError *error)
{
  const PotooDropJob *drop = data;

  if (error == NULL)
    potoo_row_watch_tell_lock_dropped (drop->watch, drop->id);
}

void
potoo_catalog_drop_lock_async (PotooCatalog *catalog,
                               gint64 id,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (id > 0);

  potoo_catalog_post_async (catalog,
                            &(PotooJob){ .run = drop_lock_run,
                                         .done = drop_lock_done,
                                         .data = potoo_drop_job_new (catalog, id),
                                         .destroy = g_free },
                            potoo_catalog_drop_lock_async, callback, user_data);
}

gboolean
potoo_catalog_drop_lock_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_drop_lock_async, error);
}

/* --- reading --- */

static PotooLock *
read_lock (PotooDb *db, PotooStatement *statement, GError **error)
{
  PotooRow row = { statement, TRUE };
  g_autoptr (PotooLock) lock = g_new0 (PotooLock, 1);

  lock->id = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  potoo_column_text (&row, 1, lock->camera, sizeof lock->camera);
  lock->start_us = potoo_column_int64 (&row, 2, 0, POTOO_TIME_MAX_US);
  lock->end_us = potoo_column_int64 (&row, 3, lock->start_us + 1,
                                     lock->start_us + POTOO_LOCK_MAX_US);
  lock->reason = potoo_column_dup_text (&row, 4, 4 * POTOO_LOCK_REASON_MAX);
  lock->expires_us = potoo_column_int64 (&row, 5, 0, POTOO_TIME_MAX_US);
  lock->created_us = potoo_column_int64 (&row, 6, 0, POTOO_TIME_MAX_US);
  row.valid = row.valid && potoo_slug_is_valid (lock->camera);
  return potoo_row_check (db, &row, "locks", lock->id, error) ? g_steal_pointer (&lock) : NULL;
}

GPtrArray *
potoo_catalog_read_locks (PotooDb *db, PotooStatement *statement, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_lock_free);
  int result;

  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooLock *lock = read_lock (db, statement, error);
      if (lock == NULL)
        return NULL;
      g_ptr_array_add (list, lock);
    }
  return result == 0 ? g_steal_pointer (&list) : NULL;
}

PotooLock *
potoo_catalog_reader_get_lock (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (
      db, "SELECT " COLUMNS " FROM locks WHERE id = ?1", id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;
  if (result > 0)
    return read_lock (db, statement, error);
  if (result == 0)
    fail_not_found (id, error);
  return NULL;
}

GPtrArray *
potoo_catalog_reader_list_locks (PotooCatalogReader *reader,
                                 const PotooSegmentQuery *query,
                                 GError **error)
{
  g_return_val_if_fail (reader != NULL && query != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "SELECT " COLUMNS " FROM locks INDEXED BY locks_by_start"
                                    " WHERE (start_us, id) > (?2, ?3) AND start_us < ?5"
                                    " AND end_us > ?4 AND (?1 IS NULL OR camera = ?1)"
                                    " ORDER BY start_us, id LIMIT ?6",
                                    error);

  if (statement == NULL || !potoo_catalog_bind_query (db, statement, query, POTOO_LOCK_MAX_US,
                                                      potoo_catalog_query_limit (query), error))
    return NULL;
  return potoo_catalog_read_locks (db, statement, error);
}
