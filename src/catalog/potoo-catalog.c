/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The catalog as its users hold it: the writer with its thread, the blocks of
 * ids, and connections for readers. The tables are in files of their own. */

#include "catalog/potoo-catalog.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-log.h"
#include "catalog/potoo-catalog-damage.h"
#include "catalog/potoo-catalog-migrate.h"
#include "catalog/potoo-catalog-private.h"

#define FILE_NAME "catalog.db"

struct _PotooCatalog
{
  GObject parent_instance;
  char *path;
  PotooCatalogWriter *writer;
  PotooIdBlocks *segment_ids;
  PotooIdBlocks *gap_ids;
  PotooIdBlocks *event_ids;
  PotooIdBlocks *lock_ids;
  PotooRowWatch *row_watch;
  int refusals; /* atomic: jobs refused since one was accepted */
  int lacks;    /* atomic: one was, in this run */

  GMutex run_lock; /* protects the `finished` of every potoo_catalog_run() */
  GCond run_done;
};

struct _PotooCatalogReader
{
  PotooDb *db;
};

G_DEFINE_FINAL_TYPE (PotooCatalog, potoo_catalog, G_TYPE_OBJECT)

static void
potoo_catalog_finalize (GObject *object)
{
  PotooCatalog *catalog = POTOO_CATALOG (object);

  g_clear_pointer (&catalog->writer, potoo_catalog_writer_free);
  g_clear_pointer (&catalog->segment_ids, potoo_id_blocks_free);
  g_clear_pointer (&catalog->gap_ids, potoo_id_blocks_free);
  g_clear_pointer (&catalog->event_ids, potoo_id_blocks_free);
  g_clear_pointer (&catalog->lock_ids, potoo_id_blocks_free);
  g_clear_pointer (&catalog->row_watch, potoo_row_watch_free);
  g_free (catalog->path);
  g_mutex_clear (&catalog->run_lock);
  g_cond_clear (&catalog->run_done);
  G_OBJECT_CLASS (potoo_catalog_parent_class)->finalize (object);
}

static void
potoo_catalog_class_init (PotooCatalogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_catalog_finalize;
}

static void
potoo_catalog_init (PotooCatalog *catalog)
{
  catalog->row_watch = potoo_row_watch_new ();
  g_mutex_init (&catalog->run_lock);
  g_cond_init (&catalog->run_done);
}

void
potoo_catalog_set_memory (gint64 bytes)
{
  sqlite3_soft_heap_limit64 (bytes);
}

gint64
potoo_catalog_get_memory (void)
{
  return sqlite3_memory_used ();
}

#define IN_USE(table) "SELECT 1 FROM " table " WHERE id BETWEEN ?1 AND ?2 LIMIT 1"

/* The first block of each kind; one transaction, since a commit waits for the disk. */
static gboolean
reserve_ids (PotooCatalog *catalog, PotooDb *db, GError **error)
{
  return potoo_db_exec (db, "BEGIN IMMEDIATE", error) &&
         (catalog->segment_ids = potoo_id_blocks_new ("segment", IN_USE ("segments"), db, error)) !=
             NULL &&
         (catalog->gap_ids = potoo_id_blocks_new ("gap", IN_USE ("gaps"), db, error)) != NULL &&
         (catalog->event_ids = potoo_id_blocks_new ("event", IN_USE ("events"), db, error)) !=
             NULL &&
         (catalog->lock_ids = potoo_id_blocks_new ("lock", IN_USE ("locks"), db, error)) != NULL &&
         potoo_db_exec (db, "COMMIT", error);
}

PotooCatalog *
potoo_catalog_open_with_migrations (const char *state_dir,
                                    const char *const *migrations,
                                    GError **error)
{
  g_autoptr (PotooCatalog) catalog = g_object_new (POTOO_TYPE_CATALOG, NULL);

  catalog->path = g_build_filename (state_dir, FILE_NAME, NULL);
  g_autoptr (PotooDb) db = potoo_db_open (catalog->path, POTOO_DB_WRITER, error);
  if (db == NULL || !potoo_catalog_migrate (db, migrations, error) ||
      !reserve_ids (catalog, db, error))
    return NULL;
  catalog->writer = potoo_catalog_writer_new (g_steal_pointer (&db));
  return g_steal_pointer (&catalog);
}

PotooCatalog *
potoo_catalog_open (const char *state_dir, GError **error)
{
  g_auto (GStrv) migrations = potoo_catalog_load_migrations ();

  g_return_val_if_fail (state_dir != NULL, NULL);

  return potoo_catalog_open_with_migrations (state_dir, (const char *const *) migrations, error);
}

void
potoo_catalog_close (PotooCatalog *catalog)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));

  potoo_catalog_writer_stop (catalog->writer);
}

char *
potoo_catalog_get_error (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), NULL);

  if (potoo_catalog_has_noted_damage (catalog->path))
    return g_strdup_printf (_ ("Catalog %s is damaged; start Potoo anew: it then takes the newest "
                               "good backup"),
                            catalog->path);
  return potoo_catalog_writer_get_error (catalog->writer);
}

const char *
potoo_catalog_get_path (PotooCatalog *catalog)
{
  return catalog->path;
}

PotooIdBlocks *
potoo_catalog_get_segment_ids (PotooCatalog *catalog)
{
  return catalog->segment_ids;
}

PotooIdBlocks *
potoo_catalog_get_gap_ids (PotooCatalog *catalog)
{
  return catalog->gap_ids;
}

PotooIdBlocks *
potoo_catalog_get_event_ids (PotooCatalog *catalog)
{
  return catalog->event_ids;
}

PotooIdBlocks *
potoo_catalog_get_lock_ids (PotooCatalog *catalog)
{
  return catalog->lock_ids;
}

PotooRowWatch *
potoo_catalog_get_row_watch (PotooCatalog *catalog)
{
  return catalog->row_watch;
}

PotooCatalogWriter *
potoo_catalog_get_writer (PotooCatalog *catalog)
{
  return catalog->writer;
}

/* --- jobs without an outcome --- */

void
potoo_catalog_post (PotooCatalog *catalog, const PotooJob *job)
{
  g_autoptr (GError) error = NULL;

  if (potoo_catalog_writer_post (catalog->writer, job, &error))
    {
      g_atomic_int_set (&catalog->refusals, 0);
      return;
    }
  g_atomic_int_set (&catalog->lacks, TRUE);
  if (g_atomic_int_add (&catalog->refusals, 1) == 0) /* the first of a run; all are counted */
    potoo_log_error (NULL, "catalog: a job was dropped: %s", error->message);
}

gboolean
potoo_catalog_lacks_rows (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), FALSE);

  return g_atomic_int_get (&catalog->lacks);
}

/* --- jobs with an outcome --- */

typedef struct
{
  GTask *task;
  PotooJob inner;
} AsyncJob;

static gboolean
async_run (PotooDb *db, gpointer data, GError **error)
{
  AsyncJob *job = data;
  return job->inner.run (db, job->inner.data, error);
}

static void
async_done (gpointer data, const GError *error)
{
  AsyncJob *job = data;

  if (job->inner.done != NULL)
    job->inner.done (job->inner.data, error);
  if (error != NULL)
    g_task_return_error (job->task, g_error_copy (error));
  else
    g_task_return_boolean (job->task, TRUE);
}

static void
async_free (gpointer data)
{
  AsyncJob *job = data;

  if (job->inner.destroy != NULL)
    job->inner.destroy (job->inner.data);
  g_object_unref (job->task);
  g_free (job);
}

void
potoo_catalog_post_async (PotooCatalog *catalog,
                          const PotooJob *job,
                          gpointer source_tag,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (catalog, NULL, callback, user_data);
  g_autoptr (GError) error = NULL;
  AsyncJob *async = g_new0 (AsyncJob, 1);
  const PotooJob posted = { .run = async_run,
                            .done = async_done,
                            .flags = POTOO_JOB_AWAITED,
                            .data = async,
                            .destroy = async_free,
                            .key = job->key };

  g_task_set_source_tag (task, source_tag);
  async->task = g_object_ref (task);
  async->inner = *job;
  if (!potoo_catalog_writer_post (catalog->writer, &posted, &error))
    g_task_return_error (task, g_steal_pointer (&error));
}

gboolean
potoo_catalog_post_finish (PotooCatalog *catalog,
                           GAsyncResult *result,
                           gpointer source_tag,
                           GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, catalog), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

typedef struct
{
  PotooCatalog *catalog;
  PotooJobFunc run;      /* (nullable) */
  PotooJobDoneFunc done; /* (nullable) */
  gpointer data;
  gboolean finished;
  GError *error;
} BlockingJob;

static gboolean
blocking_run (PotooDb *db, gpointer data, GError **error)
{
  BlockingJob *job = data;
  return job->run == NULL || job->run (db, job->data, error);
}

static void
blocking_done (gpointer data, const GError *error)
{
  BlockingJob *job = data;
  PotooCatalog *catalog = job->catalog;

  if (job->done != NULL)
    job->done (job->data, error);
  g_mutex_lock (&catalog->run_lock);
  job->error = error != NULL ? g_error_copy (error) : NULL;
  job->finished = TRUE;
  g_cond_broadcast (&catalog->run_done);
  g_mutex_unlock (&catalog->run_lock);
}

gboolean
potoo_catalog_run_told (PotooCatalog *catalog,
                        PotooJobFunc run,
                        PotooJobDoneFunc done,
                        gpointer data,
                        GError **error)
{
  BlockingJob blocking = { .catalog = catalog, .run = run, .done = done, .data = data };
  const PotooJob job = { .run = blocking_run,
                         .done = blocking_done,
                         .flags = POTOO_JOB_AWAITED | POTOO_JOB_UNBOUNDED | POTOO_JOB_BARRIER,
                         .data = &blocking };

  if (!potoo_catalog_writer_post (catalog->writer, &job, error))
    return FALSE;
  g_mutex_lock (&catalog->run_lock);
  while (!blocking.finished)
    g_cond_wait (&catalog->run_done, &catalog->run_lock);
  g_mutex_unlock (&catalog->run_lock);
  if (blocking.error == NULL)
    return TRUE;
  g_propagate_error (error, blocking.error);
  return FALSE;
}

gboolean
potoo_catalog_run (PotooCatalog *catalog, PotooJobFunc run, gpointer data, GError **error)
{
  return potoo_catalog_run_told (catalog, run, NULL, data, error);
}

gboolean
potoo_catalog_sync (PotooCatalog *catalog, GError **error)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), FALSE);

  return potoo_catalog_run (catalog, NULL, NULL, error);
}

/* --- readers --- */

PotooCatalogReader *
potoo_catalog_reader_new (PotooCatalog *catalog, GError **error)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), NULL);

  PotooDb *db = potoo_db_open (catalog->path, POTOO_DB_READER, error);
  if (db == NULL)
    return NULL;
  PotooCatalogReader *reader = g_new0 (PotooCatalogReader, 1);
  reader->db = db;
  return reader;
}

void
potoo_catalog_reader_free (PotooCatalogReader *reader)
{
  potoo_db_close (reader->db);
  g_free (reader);
}

PotooDb *
potoo_catalog_reader_get_db (PotooCatalogReader *reader)
{
  return reader->db;
}
