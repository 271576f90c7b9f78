/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-hasher.h"

#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "record/potoo-content-hash.h"

/* Several times what many cameras write, and little of a disk. */
#define BANDWIDTH G_GINT64_CONSTANT (64000000)

struct _PotooHasher
{
  gatomicrefcount ref_count;
  PotooCatalog *catalog;
  PotooRecorder *recorder;
  GCancellable *cancellable;
  PotooMetric *segments, *bytes, *skipped, *failed, *waiting;

  GMutex lock; /* protects what follows */
  GCond ended;
  GQueue queue; /* PotooSegment */
  gboolean running;
};

PotooHasher *
potoo_hasher_new (PotooCatalog *catalog, PotooRecorder *recorder)
{
  PotooHasher *self = g_new0 (PotooHasher, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->catalog = g_object_ref (catalog);
  self->recorder = g_object_ref (recorder);
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  g_queue_init (&self->queue);
  self->segments = potoo_metric_new_counter ("potoo_hashed_segments_total",
                                             "Segments hashed after they were closed", NULL);
  self->bytes = potoo_metric_new_counter ("potoo_hashed_bytes_total", "Bytes of them", NULL);
  self->skipped = potoo_metric_new_counter ("potoo_hash_skipped_segments_total",
                                            "Segments not hashed because too many waited", NULL);
  self->failed = potoo_metric_new_counter ("potoo_hash_failed_segments_total",
                                           "Segments that could not be read to be hashed", NULL);
  self->waiting = potoo_metric_new_gauge ("potoo_hash_queue_segments",
                                          "Closed segments that wait to be hashed", NULL);
  return self;
}

static void
hasher_unref (PotooHasher *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  PotooMetric *const metrics[] = { self->segments, self->bytes, self->skipped, self->failed,
                                   self->waiting };
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    potoo_metric_unref (metrics[i]);
  g_queue_clear_full (&self->queue, (GDestroyNotify) potoo_segment_free);
  g_cond_clear (&self->ended);
  g_mutex_clear (&self->lock);
  g_object_unref (self->cancellable);
  g_object_unref (self->recorder);
  g_object_unref (self->catalog);
  g_free (self);
}

void
potoo_hasher_free (PotooHasher *self, gint64 timeout_us)
{
  gint64 deadline_us = potoo_clock_mono_us () + timeout_us;

  g_cancellable_cancel (self->cancellable);
  g_mutex_lock (&self->lock);
  while (self->running && g_cond_wait_until (&self->ended, &self->lock, deadline_us))
    ;
  g_mutex_unlock (&self->lock);
  hasher_unref (self);
}

static void
hash_segment (PotooHasher *self, const PotooSegment *segment, PotooPacer *pacer)
{
  g_autoptr (GError) error = NULL;
  guint8 sha256[POTOO_SHA256_BYTES];
  int fd = potoo_recorder_open_segment (self->recorder, segment, &error);
  gboolean done = fd >= 0 && potoo_content_hash (fd, segment->size_bytes, pacer, sha256, &error);

  if (fd >= 0)
    close (fd);
  if (done)
    {
      potoo_catalog_set_segment_sha256 (self->catalog, segment->id, sha256);
      potoo_metric_add (self->segments, 1);
      potoo_metric_add (self->bytes, segment->size_bytes);
    }
  else if (!g_cancellable_is_cancelled (self->cancellable))
    {
      /* It may have been deleted meanwhile; if not, verification tells. */
      potoo_metric_add (self->failed, 1);
      potoo_log_debug (segment->camera, "not hashed: %s", error->message);
    }
}

/* NULL when nothing waits: then the thread is to end. */
static PotooSegment *
take (PotooHasher *self)
{
  g_mutex_lock (&self->lock);
  PotooSegment *segment = g_queue_pop_head (&self->queue);
  potoo_metric_set (self->waiting, self->queue.length);
  if (segment == NULL)
    {
      self->running = FALSE;
      g_cond_broadcast (&self->ended);
    }
  g_mutex_unlock (&self->lock);
  return segment;
}

static gpointer
hasher_main (gpointer data)
{
  PotooHasher *self = data;
  PotooPacer pacer = { .bandwidth = BANDWIDTH, .cancellable = self->cancellable };
  PotooSegment *segment;

  potoo_background_enter ();
  while ((segment = take (self)) != NULL)
    {
      if (!g_cancellable_is_cancelled (self->cancellable))
        hash_segment (self, segment, &pacer);
      potoo_segment_free (segment);
    }
  hasher_unref (self);
  return NULL;
}

static void
start_thread_locked (PotooHasher *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  GThread *thread = g_thread_try_new ("hasher", hasher_main, self, NULL);

  if (thread != NULL)
    {
      self->running = TRUE;
      g_thread_unref (thread);
    }
  else
    hasher_unref (self); /* the next one tries again */
}

void
potoo_hasher_push (PotooHasher *self, const PotooSegment *segment)
{
  g_mutex_lock (&self->lock);
  gboolean fits = self->queue.length < POTOO_HASHER_MAX_QUEUE;
  if (fits)
    g_queue_push_tail (&self->queue, potoo_segment_copy (segment));
  potoo_metric_set (self->waiting, self->queue.length);
  if (!self->running && !g_cancellable_is_cancelled (self->cancellable))
    start_thread_locked (self);
  g_mutex_unlock (&self->lock);
  if (!fits)
    potoo_metric_add (self->skipped, 1);
}
