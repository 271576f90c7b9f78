/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A batch, in the thread of its root. What is in a file's way (a directory without the right to
 * write, a file that is made immutable) is the matter of whoever put it there: it is
 * told once, the segment stays what it was, and the next ones are gone on with.
 */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-eviction.h"
#include "record/potoo-eviction-private.h"
#include "record/potoo-segment-removal.h"

static const char *const reasons[POTOO_EVICTION_N_REASONS] = { "age", "camera", "root", "request" };

const char *
potoo_eviction_reason_to_string (PotooEvictionReason reason)
{
  g_return_val_if_fail (reason < POTOO_EVICTION_N_REASONS, NULL);

  return reasons[reason];
}

/* --- what is stuck --- */

static void
forget_old_locked (PotooEviction *eviction)
{
  if (g_hash_table_size (eviction->stuck) == 0 ||
      potoo_clock_mono_us () - eviction->stuck_since_us < POTOO_EVICTION_STUCK_US)
    return;
  g_hash_table_remove_all (eviction->stuck);
  for (guint i = 0; i < eviction->workers->len; i++)
    ((PotooEvictionWorker *) eviction->workers->pdata[i])->n_stuck = 0;
}

guint
potoo_eviction_get_n_stuck (PotooEviction *eviction)
{
  g_mutex_lock (&eviction->lock);
  forget_old_locked (eviction);
  guint n = g_hash_table_size (eviction->stuck);
  g_mutex_unlock (&eviction->lock);
  return n;
}

void
potoo_eviction_leave_out_stuck (PotooEviction *eviction, GPtrArray *segments)
{
  g_mutex_lock (&eviction->lock);
  for (guint i = segments->len; i > 0; i--)
    if (g_hash_table_contains (eviction->stuck, &((PotooSegment *) segments->pdata[i - 1])->id))
      g_ptr_array_remove_index (segments, i - 1);
  g_mutex_unlock (&eviction->lock);
}

/* Returns whether it is the first for a while. */
static gboolean
note_stuck (PotooEvictionWorker *worker, gint64 id)
{
  PotooEviction *eviction = worker->eviction;

  g_mutex_lock (&eviction->lock);
  gboolean first = g_hash_table_size (eviction->stuck) == 0;
  if (first)
    eviction->stuck_since_us = potoo_clock_mono_us ();
  if (worker->n_stuck < POTOO_EVICTION_MAX_STUCK &&
      g_hash_table_add (eviction->stuck, g_memdup2 (&id, sizeof id)))
    worker->n_stuck++;
  g_mutex_unlock (&eviction->lock);
  return first;
}

static gboolean
is_hopeless (PotooEvictionWorker *worker)
{
  g_mutex_lock (&worker->eviction->lock);
  gboolean hopeless = worker->n_stuck >= POTOO_EVICTION_MAX_STUCK;
  g_mutex_unlock (&worker->eviction->lock);
  return hopeless;
}

/* The segment is what it was, but for what its row has become since it was listed. */
static void
put_back (PotooEvictionWorker *worker, const PotooSegment *segment, const GError *why)
{
  potoo_catalog_unmark_segment (worker->eviction->catalog, segment->id, segment->state);
  potoo_metric_add (worker->failures, 1);
  if (note_stuck (worker, segment->id))
    potoo_log_error (segment->camera,
                     "A segment cannot be deleted, and stays: %s (others that cannot are "
                     "counted, and all are tried again in an hour)",
                     why->message);
}

/* --- the batch --- */

/* The rows that are to go now, of those in the batch. (transfer full) (nullable) */
static GPtrArray *
mark (PotooEvictionWorker *worker, const PotooEvictionBatch *batch, GError **error)
{
  gint64 ids[POTOO_EVICTION_BATCH];
  guint n = MIN (batch->segments->len, POTOO_EVICTION_BATCH);
  GPtrArray *marked = g_ptr_array_new ();

  for (guint i = 0; i < n; i++)
    ids[i] = ((PotooSegment *) batch->segments->pdata[i])->id;
  g_autoptr (GArray) taken = potoo_catalog_mark_segments_deleting (worker->eviction->catalog, ids,
                                                                   n, batch->class, error);
  for (guint i = 0; taken != NULL && i < n; i++)
    for (guint j = 0; j < taken->len; j++)
      if (g_array_index (taken, gint64, j) == ids[i])
        g_ptr_array_add (marked, batch->segments->pdata[i]);
  if (taken == NULL)
    g_clear_pointer (&marked, g_ptr_array_unref);
  return marked;
}

static void
settle (PotooEvictionWorker *worker,
        PotooEvictionBatch *batch,
        GPtrArray *marked,
        const PotooRemovalOutcome *outcomes,
        const GError *failure)
{
  gint64 gone[POTOO_EVICTION_BATCH];

  for (guint i = 0; i < marked->len; i++)
    {
      const PotooSegment *segment = marked->pdata[i];
      if (outcomes[i] == POTOO_REMOVAL_LEFT)
        put_back (worker, segment, failure);
      if (outcomes[i] != POTOO_REMOVAL_GONE)
        continue;
      gone[batch->n_deleted++] = segment->id;
      batch->deleted_bytes += segment->size_bytes;
    }
  if (batch->n_deleted > 0)
    potoo_catalog_drop_segments (worker->eviction->catalog, gone, batch->n_deleted);
  potoo_metric_add (worker->segments[batch->reason], batch->n_deleted);
  potoo_metric_add (worker->bytes[batch->reason], batch->deleted_bytes);
}

gboolean
potoo_eviction_run (PotooEviction *eviction,
                    PotooStorageRoot *root,
                    PotooEvictionBatch *batch,
                    GError **error)
{
  PotooEvictionWorker *worker = potoo_eviction_find_worker (eviction, root);
  PotooRemovalOutcome outcomes[POTOO_EVICTION_BATCH] = { POTOO_REMOVAL_GONE };
  g_autoptr (GError) failure = NULL;
  gint64 begun_us = potoo_clock_mono_us ();

  g_return_val_if_fail (worker != NULL, FALSE);
  g_return_val_if_fail (batch->segments->len <= POTOO_EVICTION_BATCH, FALSE);

  batch->n_deleted = 0;
  batch->deleted_bytes = 0;
  if (batch->reason != POTOO_EVICTION_REQUEST && is_hopeless (worker))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_IO,
                   _ ("%d segments could not be deleted; this is tried again in an hour"),
                   POTOO_EVICTION_MAX_STUCK);
      return FALSE;
    }
  g_autoptr (GPtrArray) marked = mark (worker, batch, error);
  if (marked == NULL)
    return FALSE;
  potoo_segment_removal_run (root, marked, outcomes, &failure);
  settle (worker, batch, marked, outcomes, failure);
  potoo_storage_root_add_used (root, -batch->deleted_bytes);
  gint64 took_us = potoo_clock_mono_us () - begun_us;
  potoo_metric_add (worker->time, took_us);
  potoo_metric_set_max (worker->time_max, took_us);
  /* When none of them could be deleted the next ones hardly can. */
  if (failure == NULL || batch->n_deleted > 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
