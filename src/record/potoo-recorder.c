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
#include "base/potoo-main.h"
#include "base/potoo-text.h"
#include "record/potoo-clean-mark.h"
#include "record/potoo-last-run.h"
#include "record/potoo-writer-set.h"

struct _PotooRecorder
{
  GObject parent_instance;
  PotooConfig *config;
  PotooCatalog *catalog;
  GPtrArray *roots;   /* PotooStorageRoot */
  GPtrArray *writers; /* PotooWriter, one for each root */
  GPtrArray *queues;  /* PotooFragmentQueue */
  PotooWriterSet *set;
  PotooFragmentMemory *queue_memory, *ring_memory;
  GHashTable *open_gaps; /* stream key → PotooGap, until its stream is added */
  GArray *inherited;     /* PotooGap: the same, at the start */
  gint64 clock_step_us;  /* by which the clock was set while Potoo did not run … */
  gint64 least_gap_us;   /* … or for how long it was down at least; 0: as long as gaps tell */
  GArray *states;        /* PotooRootState of each root, as it was told last */
  PotooRootWatch watch;
  gboolean started, stopped;
};

enum
{
  SIGNAL_ROOT_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (PotooRecorder, potoo_recorder, G_TYPE_OBJECT)

#define DISPOSE_STOP_US (10 * POTOO_SECOND_US)

static void
potoo_recorder_dispose (GObject *object)
{
  PotooRecorder *self = POTOO_RECORDER (object);

  if (self->started && !self->stopped)
    potoo_recorder_stop (self, DISPOSE_STOP_US);
  for (guint i = 0; i < self->roots->len; i++)
    potoo_storage_root_set_watch (self->roots->pdata[i], NULL);
  G_OBJECT_CLASS (potoo_recorder_parent_class)->dispose (object);
}

static void
potoo_recorder_finalize (GObject *object)
{
  PotooRecorder *self = POTOO_RECORDER (object);

  g_ptr_array_unref (self->queues);
  g_clear_pointer (&self->set, potoo_writer_set_unref);
  g_clear_pointer (&self->queue_memory, potoo_fragment_memory_unref);
  g_clear_pointer (&self->ring_memory, potoo_fragment_memory_unref);
  g_ptr_array_unref (self->writers);
  g_ptr_array_unref (self->roots);
  g_array_unref (self->states);
  g_clear_pointer (&self->open_gaps, g_hash_table_unref);
  g_clear_pointer (&self->inherited, g_array_unref);
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
  signals[SIGNAL_ROOT_CHANGED] = g_signal_new ("root-changed", G_TYPE_FROM_CLASS (klass),
                                               G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                               1, G_TYPE_STRING);
}

static void
potoo_recorder_init (PotooRecorder *self)
{
  self->roots = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_storage_root_unref);
  self->writers = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_writer_unref);
  self->queues = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_queue_unref);
  self->states = g_array_new (FALSE, TRUE, sizeof (PotooRootState));
}

static gboolean
tell_changed_roots (gpointer user_data)
{
  PotooRecorder *self = user_data;

  for (guint i = 0; i < self->roots->len; i++)
    {
      PotooRootState *told = &g_array_index (self->states, PotooRootState, i);
      PotooRootState state = potoo_storage_root_get_state (self->roots->pdata[i]);
      if (state == *told)
        continue;
      *told = state;
      g_signal_emit (self, signals[SIGNAL_ROOT_CHANGED], 0,
                     potoo_storage_root_get_name (self->roots->pdata[i]));
    }
  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
on_root_changed (gpointer user_data)
{
  potoo_main_post (tell_changed_roots, user_data);
}

static gboolean
check_stalls (gpointer user_data)
{
  PotooRecorder *self = user_data;

  for (guint i = 0; i < self->writers->len && !self->stopped; i++)
    potoo_writer_check_stall (self->writers->pdata[i], self->set);
  return G_SOURCE_REMOVE;
}

/* A streaming thread. */
static void
on_queue_late (gpointer user_data)
{
  potoo_main_post (check_stalls, user_data);
}

static void
make_roots (PotooRecorder *self)
{
  unsigned n;
  gint64 sync_interval_us = potoo_config_get_sync_interval_us (self->config);

  potoo_config_get_roots (self->config, &n);
  for (unsigned i = 0; i < n; i++)
    {
      PotooStorageRoot *root = potoo_storage_root_new (self->config, i, self->catalog);
      g_ptr_array_add (self->roots, root);
      g_ptr_array_add (self->writers, potoo_writer_new (root, self->catalog, sync_interval_us));
    }
  self->set = potoo_writer_set_new (self->writers);
}

/* Whoever looks at what was recorded is to know why its times are not in order. */
static void
tell_clock (gint64 step_us, gint64 behind_us)
{
  g_autofree char *size = potoo_duration_format (step_us != 0 ? ABS (step_us) : behind_us);

  if (step_us != 0)
    potoo_log_warning (NULL, "The clock was set %s by %s while Potoo did not run",
                       step_us < 0 ? "back" : "forward", size);
  else if (behind_us >= POTOO_CLOCK_STEP_US)
    potoo_log_warning (NULL,
                       "The clock is %s behind the end of what was recorded before: it was set "
                       "back while the machine was off, or is wrong",
                       size);
}

/* A gap that is divided where the clock was set has an end that this run tells only for its second
 * part. Before a machine was started it was off for a time that nobody knows. */
static void
inherit_gaps (PotooRecorder *self)
{
  gint64 now_us = potoo_clock_wall_us (), behind_us = 0;
  GHashTableIter iter;
  gpointer gap;

  if (!potoo_last_run_find_clock_step (self->catalog, &self->clock_step_us))
    self->least_gap_us = potoo_clock_mono_us () + potoo_clock_suspended_us ();
  self->inherited = g_array_new (FALSE, FALSE, sizeof (PotooGap));
  g_hash_table_iter_init (&iter, self->open_gaps);
  while (g_hash_table_iter_next (&iter, NULL, &gap))
    {
      if (self->least_gap_us > 0)
        behind_us = MAX (behind_us, ((const PotooGap *) gap)->start_us - now_us);
      if (self->clock_step_us == 0)
        g_array_append_vals (self->inherited, gap, 1);
    }
  tell_clock (self->clock_step_us, behind_us);
}

/* A stream may have recorded to any of the roots: their ends are put together. One that cannot be
 * used now is recovered by its writer when it can; until then the catalog says what it has. */
static gboolean
recover (PotooRecorder *self, GError **error)
{
  g_auto (PotooRecoveryReport) all = { 0 };
  potoo_recovery_report_init (&all, self->catalog);
  if (!potoo_recovery_report_resume (&all, error))
    return FALSE;
  for (guint i = 0; i < self->writers->len; i++)
    if (!potoo_writer_bring_up (self->writers->pdata[i], &all, error))
      return FALSE;
  if (!potoo_recovery_note_absent (self->catalog, self->roots, &all, error))
    return FALSE;
  self->open_gaps = potoo_last_run_settle (self->catalog, &all, error);
  if (self->open_gaps == NULL)
    return FALSE;
  inherit_gaps (self);
  return TRUE;
}

PotooRecorder *
potoo_recorder_new (PotooConfig *config, PotooCatalog *catalog, GError **error)
{
  g_autoptr (PotooRecorder) self = g_object_new (POTOO_TYPE_RECORDER, NULL);

  self->config = potoo_config_ref (config);
  const PotooMemoryBudget *budget = potoo_config_get_memory_budget (config);
  self->queue_memory = potoo_fragment_queue_memory_new (budget->queues);
  self->ring_memory = potoo_fragment_ring_memory_new (budget->pre_roll);
  self->catalog = g_object_ref (catalog);
  if (!potoo_storage_root_check_paths (config, error))
    return NULL;
  make_roots (self);
  /* Who asks once we are ready is to see what became of the last run. */
  if (!recover (self, error) || !potoo_catalog_sync (catalog, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
potoo_recorder_set_pressure_func (PotooRecorder *self, PotooPressureFunc func, gpointer user_data)
{
  g_return_if_fail (POTOO_IS_RECORDER (self));

  self->watch.pressure = func;
  self->watch.pressure_data = user_data;
  for (guint i = 0; i < self->roots->len; i++)
    potoo_storage_root_set_watch (self->roots->pdata[i], &self->watch);
}

gboolean
potoo_recorder_start (PotooRecorder *self, GError **error)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self) && !self->started, FALSE);

  potoo_last_run_note_start (self->catalog);
  self->watch.changed = on_root_changed;
  self->watch.changed_data = self;
  for (guint i = 0; i < self->writers->len; i++)
    {
      PotooRootState state = potoo_storage_root_get_state (self->roots->pdata[i]);
      g_array_append_val (self->states, state);
      potoo_storage_root_set_watch (self->roots->pdata[i], &self->watch);
    }
  for (guint i = 0; i < self->writers->len; i++)
    if (!potoo_writer_start (self->writers->pdata[i], self->set, error))
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
        {
          if (potoo_writer_knows_files (self->writers->pdata[i]))
            potoo_clean_mark_put (self->catalog, root, potoo_clock_wall_us ());
        }
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

void
potoo_recorder_note_clock (PotooRecorder *self)
{
  g_return_if_fail (POTOO_IS_RECORDER (self));

  potoo_last_run_note_clock (self->catalog);
}

GArray *
potoo_recorder_get_inherited_gaps (PotooRecorder *self)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self), NULL);

  return self->inherited;
}

PotooRecorderMemory
potoo_recorder_get_memory (PotooRecorder *self)
{
  return (PotooRecorderMemory){
    .budget = potoo_config_get_memory_budget (self->config)->total,
    .queues = potoo_fragment_memory_get_bytes (self->queue_memory),
    .pre_roll = potoo_fragment_memory_get_bytes (self->ring_memory),
  };
}

gint64
potoo_recorder_get_clock_step (PotooRecorder *self)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self), 0);

  return self->clock_step_us;
}

PotooFragmentQueue *
potoo_recorder_add_stream (PotooRecorder *self, const char *camera, PotooStreamKind stream)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self) && !self->stopped, NULL);
  g_return_val_if_fail (potoo_slug_is_valid (camera), NULL);

  g_autofree char *key = potoo_stream_key (camera, stream);
  PotooWriter *writer = potoo_writer_set_choose (self->set, NULL);
  if (writer == NULL)
    writer = potoo_writer_set_choose_any (self->set, NULL);
  PotooSegmentChainSpec spec = {
    .root = potoo_writer_get_root (writer),
    .catalog = self->catalog,
    .camera = camera,
    .stream = stream,
    .open_gap = g_hash_table_lookup (self->open_gaps, key),
    .clock_step_us = self->clock_step_us,
    .least_us = self->least_gap_us,
    .segment_duration_us = potoo_config_get_segment_duration_us (self->config),
  };
  g_autoptr (PotooFragmentRing) ring = potoo_fragment_ring_new (self->ring_memory, camera, stream);
  PotooStreamRecorder *recorder = potoo_stream_recorder_new (&spec, ring);
  PotooFragmentQueue *queue = potoo_writer_add_stream (writer, self->queue_memory, camera, stream,
                                                       recorder);
  potoo_fragment_queue_set_late_func (queue, on_queue_late, self);
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

GPtrArray *
potoo_recorder_get_storage_roots (PotooRecorder *self)
{
  g_return_val_if_fail (POTOO_IS_RECORDER (self), NULL);

  GPtrArray *roots = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_storage_root_unref);
  for (guint i = 0; i < self->roots->len; i++)
    g_ptr_array_add (roots, potoo_storage_root_ref (self->roots->pdata[i]));
  return roots;
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
