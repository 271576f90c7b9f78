/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The facade: roots, their writers, and the queues of the streams. All that works is in
 * potoo-writer.c and below. Main thread; the list of roots never changes after
 * new(), so what may be called from any thread reads it without a lock. */

#include "record/potoo-recorder.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "record/potoo-clean-mark.h"
#include "record/potoo-last-run.h"
#include "record/potoo-writer.h"

struct _PotooRecorder
{
  GObject parent_instance;
  PotooConfig *config;
  PotooCatalog *catalog;
  GPtrArray *roots;      /* PotooStorageRoot */
  GPtrArray *writers;    /* PotooWriter, one for each root */
  GPtrArray *queues;     /* PotooFragmentQueue */
  GHashTable *open_gaps; /* stream key → PotooGap, until its stream is added */
  GPtrArray *metrics;
  gboolean started, stopped;
};

G_DEFINE_FINAL_TYPE (PotooRecorder, potoo_recorder, G_TYPE_OBJECT)

#define DISPOSE_STOP_US (10 * POTOO_SECOND_US)

static void
potoo_recorder_dispose (GObject *object)
{
  PotooRecorder *self = POTOO_RECORDER (object);

  if (self->started && !self->stopped)
    potoo_recorder_stop (self, DISPOSE_STOP_US);
  G_OBJECT_CLASS (potoo_recorder_parent_class)->dispose (object);
}

static void
potoo_recorder_finalize (GObject *object)
{
  PotooRecorder *self = POTOO_RECORDER (object);

  g_ptr_array_unref (self->queues);
  g_ptr_array_unref (self->writers);
  g_ptr_array_unref (self->roots);
  g_ptr_array_unref (self->metrics);
  g_clear_pointer (&self->open_gaps, g_hash_table_unref);
  g_clear_pointer (&self->config, potoo_config_unref);
  g_clear_object (&self->catalog);
  G_OBJECT_CLASS (potoo_recorder_parent_class)->finalize (object);
}

static void
potoo_recorder_class_init (PotooRecorderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = potoo_recorder_dispose;
  object_class->finalize = potoo_recorder_finalize;
}

static void
potoo_recorder_init (PotooRecorder *self)
{
  self->roots = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_storage_root_unref);
  self->writers = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_writer_unref);
  self->queues = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_queue_unref);
  self->metrics = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_metric_unref);
}

static void
publish_recovery (PotooRecorder *self, PotooStorageRoot *root, const PotooRecoveryReport *report)
{
  const struct
  {
    const char *outcome;
    guint n;
  } rows[] = {
    { "repaired", report->repaired },     { "damaged", report->damaged },
    { "dropped", report->dropped },       { "deleted", report->deleted },
    { "adopted", report->adopted },       { "foreign", report->foreign },
    { "unreadable", report->unreadable },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      PotooMetric *metric = potoo_metric_new_gauge (
          "potoo_recovery_files", "Files and rows that the start of this run dealt with", "root",
          potoo_storage_root_get_name (root), "outcome", rows[i].outcome, NULL);
      potoo_metric_set (metric, rows[i].n);
      g_ptr_array_add (self->metrics, metric);
    }
  PotooMetric *cut = potoo_metric_new_gauge ("potoo_recovery_cut_bytes",
                                             "Bytes of torn fragments cut at the start of this run",
                                             "root", potoo_storage_root_get_name (root), NULL);
  potoo_metric_set (cut, report->cut_bytes);
  g_ptr_array_add (self->metrics, cut);
}

static gboolean
open_roots (PotooRecorder *self, GError **error)
{
  guint n;
  const PotooConfigRoot *roots = potoo_config_get_roots (self->config, &n);
  gint64 sync_interval_us = potoo_config_get_sync_interval_us (self->config);

  for (guint i = 0; i < n; i++)
    {
      PotooStorageRoot *root = potoo_storage_root_open (&roots[i], self->catalog, error);
      if (root == NULL)
        return FALSE;
      g_ptr_array_add (self->roots, root);
      g_ptr_array_add (self->writers, potoo_writer_new (root, self->catalog, sync_interval_us));
    }
  return TRUE;
}

/* A stream may have recorded to any of the roots: their ends are put together. */
static gboolean
recover (PotooRecorder *self, GError **error)
{
  g_auto (PotooRecoveryReport) all = { 0 };
  potoo_recovery_report_init (&all);

  for (guint i = 0; i < self->roots->len; i++)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      potoo_recovery_report_init (&report);
      g_hash_table_unref (report.ends);
      report.ends = g_hash_table_ref (all.ends);
      if (!potoo_recovery_run (self->roots->pdata[i], self->catalog, &report, error))
        return FALSE;
      publish_recovery (self, self->roots->pdata[i], &report);
    }
  self->open_gaps = potoo_last_run_settle (self->catalog, &all, error);
  return self->open_gaps != NULL;
}

PotooRecorder *
potoo_recorder_new (PotooConfig *config, PotooCatalog *catalog, GError **error)
{
  g_autoptr (PotooRecorder) self = g_object_new (POTOO_TYPE_RECORDER, NULL);

  self->config = potoo_config_ref (config);
  self->catalog = g_object_ref (catalog);
  /* Who asks once we are ready is to see what became of the last run. */
  if (!open_roots (self, error) || !recover (self, error) || !potoo_catalog_sync (catalog, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
potoo_recorder_start (PotooRecorder *self, GError **error)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self) && !self->started, FALSE);

  potoo_last_run_note_start (self->catalog);
  for (guint i = 0; i < self->writers->len; i++)
    if (!potoo_writer_start (self->writers->pdata[i], error))
      return FALSE;
  self->started = TRUE;
  return TRUE;
}

gboolean
potoo_recorder_stop (PotooRecorder *self, gint64 timeout_us)
{
  gint64 deadline_us = potoo_clock_mono_us () + timeout_us;
  gboolean clean = TRUE;

  g_return_val_if_fail (POTOO_IS_RECORDER (self), FALSE);

  if (!self->started || self->stopped)
    return TRUE;
  self->stopped = TRUE;
  for (guint i = 0; i < self->queues->len; i++)
    potoo_fragment_queue_end (self->queues->pdata[i], POTOO_MESSAGE_SHUT_DOWN);
  for (guint i = 0; i < self->writers->len; i++)
    {
      PotooStorageRoot *root = self->roots->pdata[i];
      if (potoo_writer_stop (self->writers->pdata[i], deadline_us))
        potoo_clean_mark_put (self->catalog, root, potoo_clock_wall_us ());
      else
        {
          clean = FALSE;
          potoo_log_error (
              NULL,
              _ ("Storage root %s does not answer: its open segments are repaired at the next start"),
              potoo_storage_root_get_name (root));
        }
    }
  if (clean)
    potoo_last_run_note_clean_stop (self->catalog);
  return clean;
}

/* The one with the fewest streams, the first of several. */
static guint
choose_root (PotooRecorder *self)
{
  guint best = 0;

  for (guint i = 1; i < self->writers->len; i++)
    if (potoo_writer_get_n_streams (self->writers->pdata[i]) <
        potoo_writer_get_n_streams (self->writers->pdata[best]))
      best = i;
  return best;
}

PotooFragmentQueue *
potoo_recorder_add_stream (PotooRecorder *self, const char *camera, PotooStreamKind stream)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self) && !self->stopped, NULL);
  g_return_val_if_fail (potoo_slug_is_valid (camera), NULL);

  g_autofree char *key = potoo_stream_key (camera, stream);
  guint chosen = choose_root (self);
  PotooStreamRecorderSpec spec = {
    .root = self->roots->pdata[chosen],
    .catalog = self->catalog,
    .camera = camera,
    .stream = stream,
    .open_gap = g_hash_table_lookup (self->open_gaps, key),
    .segment_duration_us = potoo_config_get_segment_duration_us (self->config),
  };
  PotooStreamRecorder *recorder = potoo_stream_recorder_new (&spec);
  PotooFragmentQueue *queue = potoo_writer_add_stream (self->writers->pdata[chosen], camera, stream,
                                                       recorder);
  g_hash_table_remove (self->open_gaps, key);
  g_ptr_array_add (self->queues, queue);
  return queue;
}

void
potoo_recorder_remove_stream (PotooRecorder *self, PotooFragmentQueue *queue)
{
  g_return_if_fail (POTOO_IS_RECORDER (self));

  potoo_fragment_queue_end (queue, POTOO_MESSAGE_REMOVE);
  g_ptr_array_remove_fast (self->queues, queue);
}

GPtrArray *
potoo_recorder_list_roots (PotooRecorder *self)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self), NULL);

  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_root_status_free);
  for (guint i = 0; i < self->roots->len; i++)
    g_ptr_array_add (list, potoo_storage_root_get_status (self->roots->pdata[i]));
  return list;
}

int
potoo_recorder_open_segment (PotooRecorder *self, const PotooSegment *segment, GError **error)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self), -1);

  for (guint i = 0; i < self->roots->len; i++)
    {
      PotooStorageRoot *root = self->roots->pdata[i];
      if (potoo_storage_root_get_row_id (root) != segment->root)
        continue;
      g_autofree char *path = potoo_segment_relative_path (segment);
      return potoo_storage_root_open_file (root, path, O_RDONLY, error);
    }
  g_set_error (
      error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
      _ ("The storage root of this segment is not configured: add its [storage-root] group again"));
  return -1;
}
