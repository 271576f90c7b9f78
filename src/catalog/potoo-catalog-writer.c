/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The catalog's write thread. It sleeps until jobs are due, takes up to a
 * thousand of them, and does them in one transaction: a commit waits for the
 * disk, so many cameras share one. When the transaction fails as a whole (disk full,
 * I/O error), those who wait for an outcome are told, and the rest goes back
 * to the head of the queue to be tried again, slower and slower.
 *
 * One lock protects the queue; it is never held during SQL or a callback. */

#include "catalog/potoo-catalog-writer.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

#define RETRY_MIN_US 250000
#define RETRY_MAX_US (10 * POTOO_SECOND_US)
#define TRIES_AT_STOP 4

typedef struct
{
  PotooJob job;
  GError *error; /* of the job itself, in this transaction */
} Pending;

typedef struct
{
  PotooMetric *waiting;
  PotooMetric *jobs;
  PotooMetric *dropped;
  PotooMetric *merged;
  PotooMetric *failed;
  PotooMetric *transactions;
  PotooMetric *failed_transactions;
  PotooMetric *commit_time;
  PotooMetric *commit_time_max;
  PotooMetric *size;
} Metrics;

struct _PotooCatalogWriter
{
  PotooDb *db; /* the thread's alone */
  GThread *thread;
  Metrics metrics;

  GMutex lock; /* protects all that follows */
  GCond wake;
  GQueue waiting;     /* Pending */
  GHashTable *by_key; /* key → the last Pending of it that waits */
  guint n_running;    /* taken, neither done nor put back */
  guint n_awaited;    /* of those that wait */
  gint64 due_us;      /* monotonic: until then jobs may linger */
  gint64 retry_at_us; /* monotonic: not before, after a failure */
  guint n_failures;   /* in a row */
  gboolean stopping;
  char *error; /* of the last transaction, if it failed */
};

static void
metrics_init (Metrics *m)
{
  m->waiting = potoo_metric_new_gauge ("potoo_catalog_queue_jobs",
                                       "Jobs that wait for the catalog's writer", NULL);
  m->jobs = potoo_metric_new_counter ("potoo_catalog_jobs_total", "Jobs done", NULL);
  m->dropped = potoo_metric_new_counter ("potoo_catalog_dropped_jobs_total",
                                         "Jobs refused or given up: queue full or stopped", NULL);
  m->merged = potoo_metric_new_counter ("potoo_catalog_merged_jobs_total",
                                        "Jobs merged into one that waited", NULL);
  m->failed = potoo_metric_new_counter ("potoo_catalog_failed_jobs_total", "Jobs that failed",
                                        NULL);
  m->transactions = potoo_metric_new_counter ("potoo_catalog_transactions_total",
                                              "Transactions committed", NULL);
  m->failed_transactions = potoo_metric_new_counter ("potoo_catalog_failed_transactions_total",
                                                     "Transactions that failed", NULL);
  m->commit_time = potoo_metric_set_divisor (
      potoo_metric_new_counter ("potoo_catalog_commit_seconds_total", "Time spent in commits",
                                NULL),
      POTOO_SECOND_US);
  m->commit_time_max = potoo_metric_set_divisor (
      potoo_metric_new_gauge ("potoo_catalog_commit_max_seconds", "The longest commit", NULL),
      POTOO_SECOND_US);
  m->size = potoo_metric_new_gauge ("potoo_catalog_size_bytes", "Size of the catalog", NULL);
}

static void
metrics_clear (Metrics *m)
{
  potoo_metric_unref (m->waiting);
  potoo_metric_unref (m->jobs);
  potoo_metric_unref (m->dropped);
  potoo_metric_unref (m->merged);
  potoo_metric_unref (m->failed);
  potoo_metric_unref (m->transactions);
  potoo_metric_unref (m->failed_transactions);
  potoo_metric_unref (m->commit_time);
  potoo_metric_unref (m->commit_time_max);
  potoo_metric_unref (m->size);
}

static void
pending_free (Pending *pending)
{
  if (pending->job.destroy != NULL)
    pending->job.destroy (pending->job.data);
  g_clear_error (&pending->error);
  g_free (pending);
}

static gboolean
is_awaited (const Pending *pending)
{
  return (pending->job.flags & POTOO_JOB_AWAITED) != 0;
}

/* --- posting --- */

static gboolean
may_post_locked (PotooCatalogWriter *writer, const PotooJob *job, GError **error)
{
  if (writer->stopping)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("The catalog is closed"));
      return FALSE;
    }
  if (writer->waiting.length + writer->n_running >= POTOO_CATALOG_MAX_JOBS &&
      !(job->flags & POTOO_JOB_UNBOUNDED))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                   _ ("The catalog has too much to do; try again later"));
      return FALSE;
    }
  return TRUE;
}

/* The waiting job that takes @job in; NULL when there is none. */
static Pending *
find_merge_locked (PotooCatalogWriter *writer, const PotooJob *job)
{
  if (job->key == 0 || job->merge == NULL)
    return NULL;
  Pending *last = g_hash_table_lookup (writer->by_key, &job->key);
  return last != NULL && last->job.merge == job->merge ? last : NULL;
}

static void
append_locked (PotooCatalogWriter *writer, const PotooJob *job)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->job = *job;
  if (writer->waiting.length == 0)
    writer->due_us = potoo_clock_mono_us () + POTOO_CATALOG_LINGER_US;
  g_queue_push_tail (&writer->waiting, pending);
  if (job->flags & POTOO_JOB_BARRIER)
    g_hash_table_remove_all (writer->by_key);
  if (job->key != 0)
    g_hash_table_replace (writer->by_key, &pending->job.key, pending);
  if (is_awaited (pending))
    writer->n_awaited++;
  if (is_awaited (pending) || writer->waiting.length == 1 ||
      writer->waiting.length == POTOO_CATALOG_MAX_BATCH)
    g_cond_signal (&writer->wake);
}

gboolean
potoo_catalog_writer_post (PotooCatalogWriter *writer, const PotooJob *job, GError **error)
{
  g_mutex_lock (&writer->lock);
  Pending *into = writer->stopping ? NULL : find_merge_locked (writer, job);
  gboolean posted = into != NULL || may_post_locked (writer, job, error);
  if (into != NULL)
    into->job.merge (into->job.data, job->data);
  else if (posted)
    append_locked (writer, job);
  potoo_metric_set (writer->metrics.waiting, writer->waiting.length + writer->n_running);
  g_mutex_unlock (&writer->lock);

  if (into != NULL)
    potoo_metric_add (writer->metrics.merged, 1);
  if (!posted)
    potoo_metric_add (writer->metrics.dropped, 1);
  if ((into != NULL || !posted) && job->destroy != NULL)
    job->destroy (job->data);
  return posted;
}

char *
potoo_catalog_writer_get_error (PotooCatalogWriter *writer)
{
  g_mutex_lock (&writer->lock);
  char *error = g_strdup (writer->error);
  g_mutex_unlock (&writer->lock);
  return error;
}

/* --- taking --- */

/* When the jobs that wait are to be done (monotonic); 0: now; G_MAXINT64: not before more come. */
static gint64
due_locked (PotooCatalogWriter *writer)
{
  if (writer->waiting.length == 0)
    return writer->stopping ? 0 : G_MAXINT64;
  if (writer->n_awaited > 0)
    return 0;
  if (writer->n_failures > 0)
    return writer->retry_at_us;
  if (writer->stopping || writer->waiting.length >= POTOO_CATALOG_MAX_BATCH)
    return 0;
  return writer->due_us;
}

static void
wait_until_due_locked (PotooCatalogWriter *writer)
{
  gint64 due_us;

  while ((due_us = due_locked (writer)) > potoo_clock_mono_us ())
    if (due_us == G_MAXINT64)
      g_cond_wait (&writer->wake, &writer->lock);
    else
      g_cond_wait_until (&writer->wake, &writer->lock, due_us);
}

static void
forget_key_locked (PotooCatalogWriter *writer, Pending *pending)
{
  if (pending->job.key != 0 &&
      g_hash_table_lookup (writer->by_key, &pending->job.key) == (gpointer) pending)
    g_hash_table_remove (writer->by_key, &pending->job.key);
}

/* FALSE: there is nothing more to do, for good. */
static gboolean
take_batch (PotooCatalogWriter *writer, GQueue *batch)
{
  g_mutex_lock (&writer->lock);
  wait_until_due_locked (writer);
  while (batch->length < POTOO_CATALOG_MAX_BATCH && writer->waiting.length > 0)
    {
      Pending *pending = g_queue_pop_head (&writer->waiting);
      forget_key_locked (writer, pending);
      if (is_awaited (pending))
        writer->n_awaited--;
      g_queue_push_tail (batch, pending);
    }
  writer->n_running = batch->length;
  writer->due_us = 0;
  g_mutex_unlock (&writer->lock);
  return batch->length > 0;
}

/* --- doing --- */

/* What concerns the whole database and not this one job. */
static gboolean
is_trouble_of_disk (const GError *error)
{
  return g_error_matches (error, POTOO_ERROR, POTOO_ERROR_DISK_FULL) ||
         g_error_matches (error, POTOO_ERROR, POTOO_ERROR_IO) ||
         g_error_matches (error, POTOO_ERROR, POTOO_ERROR_BUSY);
}

/* FALSE with @error when the transaction cannot go on. */
static gboolean
run_job (PotooDb *db, Pending *pending, GError **error)
{
  g_clear_error (&pending->error);
  if (!potoo_db_exec (db, "SAVEPOINT job", error))
    return FALSE;
  if (pending->job.run (db, pending->job.data, &pending->error))
    return potoo_db_exec (db, "RELEASE job", error);

  /* SQLite ends the transaction by itself after some errors. */
  if (sqlite3_get_autocommit (potoo_db_get_handle (db)) || is_trouble_of_disk (pending->error))
    {
      g_propagate_error (error, g_steal_pointer (&pending->error));
      return FALSE;
    }
  return potoo_db_exec (db, "ROLLBACK TO job", error) && potoo_db_exec (db, "RELEASE job", error);
}

static gboolean
run_jobs (PotooDb *db, GQueue *batch, GError **error)
{
  for (GList *link = batch->head; link != NULL; link = link->next)
    if (!run_job (db, link->data, error))
      return FALSE;
  return TRUE;
}

static gboolean
commit (PotooCatalogWriter *writer, GError **error)
{
  gint64 start_us = potoo_clock_mono_us ();
  gboolean done = potoo_db_exec (writer->db, "COMMIT", error);
  gint64 duration_us = potoo_clock_mono_us () - start_us;

  potoo_metric_add (writer->metrics.commit_time, duration_us);
  potoo_metric_set_max (writer->metrics.commit_time_max, duration_us);
  return done;
}

static gboolean
run_transaction (PotooCatalogWriter *writer, GQueue *batch, GError **error)
{
  if (potoo_db_exec (writer->db, "BEGIN IMMEDIATE", error) && run_jobs (writer->db, batch, error) &&
      commit (writer, error))
    return TRUE;
  if (!sqlite3_get_autocommit (potoo_db_get_handle (writer->db)))
    potoo_db_exec (writer->db, "ROLLBACK", NULL);
  return FALSE;
}

static void
measure_size (PotooCatalogWriter *writer)
{
  gint64 pages, page_size;

  if (potoo_db_get_int64 (writer->db, "PRAGMA page_count", &pages, NULL) &&
      potoo_db_get_int64 (writer->db, "PRAGMA page_size", &page_size, NULL))
    potoo_metric_set (writer->metrics.size, pages * page_size);
}

/* --- outcomes --- */

static void
settle (PotooCatalogWriter *writer, Pending *pending, const GError *error)
{
  potoo_metric_add (error == NULL ? writer->metrics.jobs : writer->metrics.failed, 1);
  if (pending->job.done != NULL)
    pending->job.done (pending->job.data, error);
  pending_free (pending);
}

/* @error: of the whole transaction; (nullable): then each has its own, if any. Failures that
 * nobody waits for are logged, in one line however many they are. */
static void
settle_all (PotooCatalogWriter *writer, GQueue *batch, const GError *error)
{
  g_autofree char *first = NULL;
  guint n_unheard = 0;
  Pending *pending;

  while ((pending = g_queue_pop_head (batch)) != NULL)
    {
      const GError *own = error != NULL ? error : pending->error;
      if (own != NULL && !is_awaited (pending) && n_unheard++ == 0)
        first = g_strdup (own->message);
      settle (writer, pending, own);
    }
  if (n_unheard > 0)
    potoo_log_error (NULL, "catalog: %u jobs failed, the first with: %s", n_unheard, first);
}

static void
batch_committed (PotooCatalogWriter *writer, GQueue *batch)
{
  potoo_metric_add (writer->metrics.transactions, 1);
  measure_size (writer);

  g_mutex_lock (&writer->lock);
  writer->n_running = 0;
  gboolean recovered = writer->n_failures > 0;
  writer->n_failures = 0;
  g_clear_pointer (&writer->error, g_free);
  potoo_metric_set (writer->metrics.waiting, writer->waiting.length);
  g_mutex_unlock (&writer->lock);

  if (recovered)
    potoo_log_info (NULL, "catalog: writing works again");
  settle_all (writer, batch, NULL);
}

/* Sorts @batch into those that are told now (@told) and those that stay. @hopeless: trying again is
 * of no use. */
static void
put_back_locked (PotooCatalogWriter *writer, GQueue *batch, GQueue *told, gboolean hopeless)
{
  gboolean give_up = writer->stopping && writer->n_failures >= TRIES_AT_STOP;
  Pending *pending;

  while ((pending = g_queue_pop_tail (batch)) != NULL)
    if (is_awaited (pending) || give_up || hopeless)
      g_queue_push_head (told, pending);
    else
      g_queue_push_head (&writer->waiting, pending);
  while (give_up && (pending = g_queue_pop_head (&writer->waiting)) != NULL)
    {
      forget_key_locked (writer, pending);
      g_queue_push_tail (told, pending);
    }
  if (give_up)
    writer->n_awaited = 0;
}

static void
batch_failed (PotooCatalogWriter *writer, GQueue *batch, const GError *error)
{
  GQueue told = G_QUEUE_INIT;

  potoo_metric_add (writer->metrics.failed_transactions, 1);
  g_mutex_lock (&writer->lock);
  gint64 delay_us = RETRY_MIN_US << MIN (writer->n_failures, 6);
  if (writer->stopping)
    delay_us = RETRY_MIN_US;
  gboolean is_news = g_strcmp0 (writer->error, error->message) != 0;
  writer->n_failures++;
  writer->retry_at_us = potoo_clock_mono_us () + MIN (delay_us, RETRY_MAX_US);
  writer->n_running = 0;
  g_free (writer->error);
  writer->error = g_strdup (error->message);
  put_back_locked (writer, batch, &told, g_error_matches (error, POTOO_ERROR, POTOO_ERROR_CORRUPT));
  potoo_metric_set (writer->metrics.waiting, writer->waiting.length);
  g_mutex_unlock (&writer->lock);

  if (is_news)
    potoo_log_error (NULL, "%s; will be tried again", error->message);
  settle_all (writer, &told, error);
}

/* --- life --- */

static gpointer
writer_main (gpointer data)
{
  PotooCatalogWriter *writer = data;
  GQueue batch = G_QUEUE_INIT;

  while (take_batch (writer, &batch))
    {
      g_autoptr (GError) error = NULL;
      if (run_transaction (writer, &batch, &error))
        batch_committed (writer, &batch);
      else
        batch_failed (writer, &batch, error);
    }
  g_clear_pointer (&writer->db, potoo_db_close);
  return NULL;
}

PotooCatalogWriter *
potoo_catalog_writer_new (PotooDb *db)
{
  PotooCatalogWriter *writer = g_new0 (PotooCatalogWriter, 1);

  writer->db = db;
  metrics_init (&writer->metrics);
  g_mutex_init (&writer->lock);
  g_cond_init (&writer->wake);
  g_queue_init (&writer->waiting);
  writer->by_key = g_hash_table_new (g_int64_hash, g_int64_equal);
  measure_size (writer);
  writer->thread = g_thread_new ("catalog", writer_main, writer);
  return writer;
}

void
potoo_catalog_writer_stop (PotooCatalogWriter *writer)
{
  g_return_if_fail (g_thread_self () != writer->thread);

  g_mutex_lock (&writer->lock);
  writer->stopping = TRUE;
  g_cond_signal (&writer->wake);
  g_mutex_unlock (&writer->lock);
  g_clear_pointer (&writer->thread, g_thread_join);
}

void
potoo_catalog_writer_free (PotooCatalogWriter *writer)
{
  potoo_catalog_writer_stop (writer);
  g_hash_table_unref (writer->by_key);
  g_free (writer->error);
  metrics_clear (&writer->metrics);
  g_mutex_clear (&writer->lock);
  g_cond_clear (&writer->wake);
  g_free (writer);
}
