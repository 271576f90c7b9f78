/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The threads, one for each root, made when there is something to do. Each does what was asked
 * for first, then its pass. A thread holds the object, so that one that hangs in a dead
 * disk at the end has what it needs.
 */

#include "record/potoo-eviction.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "record/potoo-eviction-private.h"

G_DEFINE_FINAL_TYPE (PotooEviction, potoo_eviction, G_TYPE_OBJECT)

/* --- life --- */

static void
make_metrics (PotooEvictionWorker *worker)
{
  const char *root = potoo_storage_root_get_name (worker->root);

  for (PotooEvictionReason i = 0; i < POTOO_EVICTION_N_REASONS; i++)
    {
      const char *reason = potoo_eviction_reason_to_string (i);
      worker->segments[i] = potoo_metric_new_counter (
          "potoo_evicted_segments_total", "Segments deleted", "root", root, "reason", reason, NULL);
      worker->bytes[i] = potoo_metric_new_counter ("potoo_evicted_bytes_total",
                                                   "Bytes of segments deleted", "root", root,
                                                   "reason", reason, NULL);
    }
  worker->failures = potoo_metric_new_counter (
      "potoo_eviction_failures_total", "Segments that could not be deleted", "root", root, NULL);
  worker->refused = potoo_metric_new_counter ("potoo_eviction_refused_total",
                                              "Deletions of segments refused: too many waited",
                                              "root", root, NULL);
  worker->time = potoo_metric_set_divisor (potoo_metric_new_counter ("potoo_eviction_seconds_total",
                                                                     "Time spent in deleting",
                                                                     "root", root, NULL),
                                           POTOO_SECOND_US);
  worker->time_max = potoo_metric_set_divisor (
      potoo_metric_new_gauge ("potoo_eviction_batch_max_seconds",
                              "Longest deletion of a batch since start", "root", root, NULL),
      POTOO_SECOND_US);
}

static PotooEvictionWorker *
worker_new (PotooEviction *self, PotooStorageRoot *root)
{
  PotooEvictionWorker *worker = g_new0 (PotooEvictionWorker, 1);

  worker->eviction = self;
  worker->root = potoo_storage_root_ref (root);
  g_cond_init (&worker->work);
  g_queue_init (&worker->deletions);
  make_metrics (worker);
  return worker;
}

static void
worker_free (gpointer data)
{
  PotooEvictionWorker *worker = data;

  for (PotooEvictionReason i = 0; i < POTOO_EVICTION_N_REASONS; i++)
    {
      potoo_metric_unref (worker->segments[i]);
      potoo_metric_unref (worker->bytes[i]);
    }
  potoo_metric_unref (worker->failures);
  potoo_metric_unref (worker->refused);
  potoo_metric_unref (worker->time);
  potoo_metric_unref (worker->time_max);
  g_cond_clear (&worker->work);
  potoo_storage_root_unref (worker->root);
  g_free (worker);
}

PotooEviction *
potoo_eviction_new (PotooCatalog *catalog, GPtrArray *roots)
{
  PotooEviction *self = g_object_new (POTOO_TYPE_EVICTION, NULL);

  self->catalog = g_object_ref (catalog);
  for (guint i = 0; i < roots->len; i++)
    g_ptr_array_add (self->workers, worker_new (self, roots->pdata[i]));
  return self;
}

static void
potoo_eviction_finalize (GObject *object)
{
  PotooEviction *self = POTOO_EVICTION (object);

  if (self->pass_destroy != NULL)
    self->pass_destroy (self->pass_data);
  g_ptr_array_unref (self->workers);
  g_hash_table_unref (self->stuck);
  g_clear_object (&self->catalog);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->finished);
  G_OBJECT_CLASS (potoo_eviction_parent_class)->finalize (object);
}

static void
potoo_eviction_class_init (PotooEvictionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_eviction_finalize;
}

static void
potoo_eviction_init (PotooEviction *self)
{
  self->workers = g_ptr_array_new_with_free_func (worker_free);
  self->stuck = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->finished);
}

PotooEvictionWorker *
potoo_eviction_find_worker (PotooEviction *self, PotooStorageRoot *root)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (((PotooEvictionWorker *) self->workers->pdata[i])->root == root)
      return self->workers->pdata[i];
  return NULL;
}

/* --- what was asked for; the worker's thread --- */

/* Why @id was not taken, by its row. */
static GError *
explain (PotooCatalogReader *reader, gint64 id)
{
  GError *error = NULL;
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (reader, id, &error);
  g_autofree char *name = potoo_segment_id_format (id);

  if (row == NULL)
    return error;
  if (row->state == POTOO_SEGMENT_OPEN)
    return g_error_new (POTOO_ERROR, POTOO_ERROR_CONFLICT,
                        _ ("Segment %s is being recorded; delete it when it is closed"), name);
  if (row->class == POTOO_SEGMENT_LOCKED)
    return g_error_new (POTOO_ERROR, POTOO_ERROR_CONFLICT,
                        _ ("Segment %s is locked; remove the lock first"), name);
  return g_error_new (POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no segment %s"), name);
}

static void
do_deletion (PotooEvictionWorker *worker, PotooCatalogReader *reader, GTask *task)
{
  PotooSegment *segment = g_task_get_task_data (task);
  g_autoptr (GPtrArray) segments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  PotooEvictionBatch batch = { POTOO_EVICTION_REQUEST, POTOO_SEGMENT_EVENT, segments, 0, 0 };

  g_ptr_array_add (segments, segment);
  potoo_eviction_run (worker->eviction, worker->root, &batch, &error);
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (batch.n_deleted == 0)
    g_task_return_error (task, explain (reader, segment->id));
  else
    g_task_return_boolean (task, TRUE);
}

/* --- the worker's thread --- */

static gboolean
wait_for_work (PotooEvictionWorker *worker, GTask **task)
{
  PotooEviction *self = worker->eviction;

  g_mutex_lock (&self->lock);
  while (!self->stopping && !worker->woken && worker->deletions.length == 0)
    g_cond_wait (&worker->work, &self->lock);
  gboolean go_on = !self->stopping;
  *task = g_queue_pop_head (&worker->deletions);
  if (*task == NULL)
    worker->woken = FALSE;
  g_mutex_unlock (&self->lock);
  return go_on || *task != NULL;
}

static void
do_work (PotooEvictionWorker *worker, PotooCatalogReader *reader, GTask *task)
{
  PotooEviction *self = worker->eviction;

  if (task == NULL)
    self->pass (self, worker->root, reader, self->pass_data);
  else if (potoo_eviction_is_stopping (self))
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
  else
    do_deletion (worker, reader, task);
}

static gpointer
run (gpointer user_data)
{
  PotooEvictionWorker *worker = user_data;
  g_autoptr (PotooEviction) self = worker->eviction; /* the thread's reference */
  g_autoptr (PotooCatalogReader) reader = NULL;
  GTask *next;

  while (wait_for_work (worker, &next))
    {
      g_autoptr (GTask) task = next;
      g_autoptr (GError) error = NULL;
      if (reader == NULL)
        reader = potoo_catalog_reader_new (self->catalog, &error);
      if (reader != NULL)
        do_work (worker, reader, task);
      else if (task != NULL)
        g_task_return_error (task, g_steal_pointer (&error));
      else
        potoo_log_error (NULL, "Nothing can be deleted from the storage root %s: %s",
                         potoo_storage_root_get_name (worker->root), error->message);
    }
  g_clear_pointer (&reader, potoo_catalog_reader_free);
  g_mutex_lock (&self->lock);
  worker->has_finished = TRUE;
  g_cond_broadcast (&self->finished);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* FALSE when there can be no thread. */
static gboolean
wake_locked (PotooEviction *self, PotooEvictionWorker *worker, GError **error)
{
  if (worker->thread == NULL)
    {
      worker->thread = g_thread_try_new ("eviction", run, worker, error);
      if (worker->thread == NULL)
        return FALSE;
      g_object_ref (self);
    }
  g_cond_signal (&worker->work);
  return TRUE;
}

/* --- any thread --- */

gboolean
potoo_eviction_is_stopping (PotooEviction *self)
{
  g_mutex_lock (&self->lock);
  gboolean stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

void
potoo_eviction_wake (PotooEviction *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (POTOO_IS_EVICTION (self) && self->pass != NULL);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->workers->len && !self->stopping; i++)
    {
      PotooEvictionWorker *worker = self->workers->pdata[i];
      worker->woken = TRUE;
      if (!wake_locked (self, worker, error == NULL ? &error : NULL))
        worker->woken = FALSE;
    }
  g_mutex_unlock (&self->lock);
  if (error != NULL)
    potoo_log_error (NULL, "Nothing can be deleted: %s", error->message);
}

static PotooEvictionWorker *
find_worker_of_row (PotooEviction *self, gint64 row_id)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      PotooEvictionWorker *worker = self->workers->pdata[i];
      if (potoo_storage_root_get_row_id (worker->root) == row_id)
        return worker;
    }
  return NULL;
}

/* Takes @task over when it returns TRUE. */
static gboolean
enqueue (PotooEviction *self, PotooEvictionWorker *worker, GTask *task, GError **error)
{
  gboolean queued = FALSE;

  g_mutex_lock (&self->lock);
  if (self->stopping)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
  else if (worker->deletions.length >= POTOO_EVICTION_MAX_WAITING)
    {
      potoo_metric_add (worker->refused, 1);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                   _ ("Too many segments are being deleted; try again later"));
    }
  else if (wake_locked (self, worker, error))
    {
      g_queue_push_tail (&worker->deletions, task);
      queued = TRUE;
    }
  g_mutex_unlock (&self->lock);
  return queued;
}

void
potoo_eviction_delete_async (PotooEviction *self,
                             const PotooSegment *segment,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (POTOO_IS_EVICTION (self));
  g_return_if_fail (segment != NULL);

  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  PotooEvictionWorker *worker = find_worker_of_row (self, segment->root);
  GError *error = NULL;
  g_task_set_source_tag (task, potoo_eviction_delete_async);
  g_task_set_task_data (task, potoo_segment_copy (segment), (GDestroyNotify) potoo_segment_free);
  if (worker == NULL)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                             _ ("The storage root of this segment is not there: mount its disk, or "
                                "add its [storage-root] group again"));
  else if (enqueue (self, worker, task, &error))
    g_steal_pointer (&task);
  else
    g_task_return_error (task, error);
}

gboolean
potoo_eviction_delete_finish (PotooEviction *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- main thread --- */

void
potoo_eviction_set_pass_func (PotooEviction *self,
                              PotooEvictionPassFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  g_return_if_fail (POTOO_IS_EVICTION (self) && self->pass == NULL);

  self->pass = func;
  self->pass_data = user_data;
  self->pass_destroy = destroy;
}

void
potoo_eviction_stop (PotooEviction *self, gint64 timeout_us)
{
  gint64 deadline_us = potoo_clock_mono_us () + timeout_us;

  g_return_if_fail (POTOO_IS_EVICTION (self));

  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  for (guint i = 0; i < self->workers->len; i++)
    g_cond_signal (&((PotooEvictionWorker *) self->workers->pdata[i])->work);
  for (guint i = 0; i < self->workers->len; i++)
    {
      PotooEvictionWorker *worker = self->workers->pdata[i];
      gboolean in_time = TRUE;
      while (worker->thread != NULL && !worker->has_finished && in_time)
        in_time = g_cond_wait_until (&self->finished, &self->lock, deadline_us);
    }
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->workers->len; i++)
    {
      PotooEvictionWorker *worker = self->workers->pdata[i];
      if (worker->thread != NULL && worker->has_finished)
        g_thread_join (worker->thread);
      else if (worker->thread != NULL)
        g_thread_unref (worker->thread);
      worker->thread = NULL;
    }
}
