/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web-fakes.h"

#include <fcntl.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-settings.h"
#include "catalog/potoo-catalog-timeline.h"
#include "catalog/potoo-catalog-totals.h"

WebFakes web_fakes;

/* --- catalog --- */

struct _PotooCatalogReader
{
  int unused;
};

PotooCatalogReader *
potoo_catalog_reader_new (PotooCatalog *catalog, GError **error)
{
  return g_new0 (PotooCatalogReader, 1);
}

char *
potoo_catalog_get_error (PotooCatalog *catalog)
{
  return NULL;
}

void
potoo_catalog_reader_free (PotooCatalogReader *reader)
{
  g_free (reader);
}

static gboolean
fail (GError **error)
{
  if (web_fakes.catalog_fails)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_IO, "catalog.db: disk I/O error");
  return web_fakes.catalog_fails;
}

PotooSegment *
potoo_segment_copy (const PotooSegment *segment)
{
  return g_memdup2 (segment, sizeof *segment);
}

void
potoo_segment_free (PotooSegment *segment)
{
  g_free (segment);
}

char *
potoo_segment_relative_path (const PotooSegment *segment)
{
  g_autofree char *id = potoo_segment_id_format (segment->id);
  return g_strdup_printf ("%s/2026-11-21/101530Z-main-%s.mp4", segment->camera, id);
}

const char *
potoo_stream_kind_to_string (PotooStreamKind kind)
{
  return kind == POTOO_STREAM_MAIN ? "main" : "sub";
}

gboolean
potoo_stream_kind_parse (const char *text, PotooStreamKind *kind)
{
  *kind = strcmp (text, "sub") == 0 ? POTOO_STREAM_SUB : POTOO_STREAM_MAIN;
  return TRUE;
}

const char *
potoo_segment_state_to_string (PotooSegmentState state)
{
  return state == POTOO_SEGMENT_OPEN ? "open" : "closed";
}

const char *
potoo_gap_cause_to_string (PotooGapCause cause)
{
  return "disconnected";
}

static gboolean
is_wanted (const PotooSegmentQuery *query,
           const char *camera,
           gint64 start_us,
           gint64 end_us,
           gint64 id)
{
  return (query->camera == NULL || strcmp (query->camera, camera) == 0) &&
         start_us < query->end_us && end_us > query->start_us &&
         (start_us > query->after_start_us ||
          (start_us == query->after_start_us && id > query->after_id));
}

GPtrArray *
potoo_catalog_reader_list_segments (PotooCatalogReader *reader,
                                    const PotooSegmentQuery *query,
                                    GError **error)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_segment_free);

  if (fail (error))
    {
      g_ptr_array_unref (found);
      return NULL;
    }
  for (guint i = 0; i < web_fakes.segments->len && found->len < query->limit; i++)
    {
      PotooSegment *segment = web_fakes.segments->pdata[i];
      if (is_wanted (query, segment->camera, segment->start_us, segment->end_us, segment->id))
        g_ptr_array_add (found, potoo_segment_copy (segment));
    }
  return found;
}

PotooSegment *
potoo_catalog_reader_get_segment (PotooCatalogReader *reader, gint64 id, GError **error)
{
  for (guint i = 0; i < web_fakes.segments->len; i++)
    {
      PotooSegment *segment = web_fakes.segments->pdata[i];
      if (segment->id == id)
        return potoo_segment_copy (segment);
    }
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, "There is no such segment");
  return NULL;
}

GPtrArray *
potoo_catalog_reader_list_gaps (PotooCatalogReader *reader,
                                const PotooSegmentQuery *query,
                                GError **error)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < web_fakes.gaps->len && found->len < query->limit; i++)
    {
      PotooGap *gap = web_fakes.gaps->pdata[i];
      if (is_wanted (query, gap->camera, gap->start_us, gap->end_us != 0 ? gap->end_us : G_MAXINT64,
                     gap->id))
        g_ptr_array_add (found, g_memdup2 (gap, sizeof *gap));
    }
  return found;
}

int
potoo_catalog_reader_has_recordings (PotooCatalogReader *reader, const char *camera, GError **error)
{
  for (guint i = 0; i < web_fakes.segments->len; i++)
    if (strcmp (((PotooSegment *) web_fakes.segments->pdata[i])->camera, camera) == 0)
      return 1;
  return 0;
}

/* Nothing to play; tests/integration/test_playback.py has the real ones. */

GPtrArray *
potoo_catalog_reader_list_stream (PotooCatalogReader *reader,
                                  const PotooSegmentQuery *query,
                                  PotooStreamKind stream,
                                  GError **error)
{
  return fail (error) ? NULL : g_ptr_array_new ();
}

GArray *
potoo_catalog_reader_list_spans (PotooCatalogReader *reader,
                                 const char *camera,
                                 PotooStreamKind stream,
                                 gint64 start_us,
                                 gint64 end_us,
                                 guint limit,
                                 GError **error)
{
  return fail (error) ? NULL : g_array_new (FALSE, FALSE, sizeof (PotooSpan));
}

GArray *
potoo_catalog_reader_list_recorded_days (PotooCatalogReader *reader,
                                         const char *camera,
                                         gint64 first_day,
                                         GError **error)
{
  return fail (error) ? NULL : g_array_new (FALSE, FALSE, sizeof (PotooRecordedDay));
}

gboolean
potoo_catalog_reader_find_aged_gaps (PotooCatalogReader *reader,
                                     const char *camera,
                                     gint64 start_us,
                                     gint64 now_us,
                                     gint64 *since_us,
                                     GError **error)
{
  *since_us = 0;
  return TRUE;
}

gboolean
potoo_catalog_reader_get_extent (PotooCatalogReader *reader,
                                 const char *camera,
                                 gint64 start_us,
                                 gint64 end_us,
                                 PotooSpan *extent,
                                 GError **error)
{
  *extent = (PotooSpan){ 0 };
  return !fail (error);
}

gboolean
potoo_catalog_reader_add_runs (PotooCatalogReader *reader,
                               const char *camera,
                               gint64 start_us,
                               gint64 end_us,
                               GArray *runs,
                               gint64 *length_us,
                               GError **error)
{
  *length_us = 0;
  return !fail (error);
}

gboolean
potoo_catalog_reader_find_nearest (PotooCatalogReader *reader,
                                   const char *camera,
                                   PotooStreamKind stream,
                                   gint64 start_us,
                                   gint64 end_us,
                                   gint64 *before_us,
                                   gint64 *after_us,
                                   GError **error)
{
  *before_us = *after_us = 0;
  return !fail (error);
}

gboolean
potoo_segment_follows (gint64 recording_before,
                       gint64 end_before_us,
                       gint64 recording,
                       gint64 start_us)
{
  return FALSE;
}

GBytes *
potoo_catalog_reader_get_index (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, "There is no index");
  return NULL;
}

GPtrArray *
potoo_catalog_reader_list_roots (PotooCatalogReader *reader, GError **error)
{
  return fail (error) ? NULL : g_ptr_array_new ();
}

PotooSegment *
web_fakes_add_segment (gint64 id, const char *camera, gint64 start_us, gint64 size)
{
  PotooSegment *segment = g_new0 (PotooSegment, 1);

  segment->id = segment->recording = id;
  g_strlcpy (segment->camera, camera, sizeof segment->camera);
  g_strlcpy (segment->codecs, "avc1.64001f,mp4a.40.2", sizeof segment->codecs);
  segment->state = POTOO_SEGMENT_CLOSED;
  segment->start_us = start_us;
  segment->end_us = start_us + 300 * POTOO_SECOND_US;
  segment->duration_ticks = 300 * 90000 + 1;
  segment->size_bytes = size;
  g_ptr_array_add (web_fakes.segments, segment);
  return segment;
}

void
web_fakes_add_gap (gint64 id, const char *camera, gint64 start_us, gint64 end_us)
{
  PotooGap *gap = g_new0 (PotooGap, 1);

  gap->id = id;
  g_strlcpy (gap->camera, camera, sizeof gap->camera);
  gap->start_us = start_us;
  gap->end_us = end_us;
  g_ptr_array_add (web_fakes.gaps, gap);
}

/* --- recorder --- */

int
potoo_recorder_open_segment (PotooRecorder *recorder, const PotooSegment *segment, GError **error)
{
  int fd = open (web_fakes.media_path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    potoo_set_error_errno (error, errno, "Cannot open %s", web_fakes.media_path);
  return fd;
}

PotooRecorderMemory
potoo_recorder_get_memory (PotooRecorder *recorder)
{
  return (PotooRecorderMemory){ .budget = 256000000 };
}

gint64
potoo_catalog_get_memory (void)
{
  return 0;
}

/* --- retention --- */

PotooStorageReport *
potoo_retention_report (PotooRetention *retention, PotooCatalogReader *reader, GError **error)
{
  if (fail (error))
    return NULL;
  PotooStorageReport *report = g_new0 (PotooStorageReport, 1);
  PotooStorageReportRoot *root = g_new0 (PotooStorageReportRoot, 1);
  root->status = g_new0 (PotooRootStatus, 1);
  root->status->name = (char *) "main";
  root->status->path = (char *) "/recordings";
  root->status->total_bytes = G_MAXINT64;
  report->roots = g_ptr_array_new_with_free_func (g_free);
  report->cameras = g_ptr_array_new ();
  g_ptr_array_add (report->roots, root);
  return report;
}

void
potoo_storage_report_free (PotooStorageReport *report)
{
  g_free (((PotooStorageReportRoot *) report->roots->pdata[0])->status);
  g_ptr_array_unref (report->roots);
  g_ptr_array_unref (report->cameras);
  g_free (report);
}

const char *
potoo_root_state_to_string (PotooRootState state)
{
  return "ok";
}

void
potoo_retention_condemn (PotooRetention *retention, const char *camera)
{
  web_fakes.n_condemned++;
}

void
potoo_retention_take_back (PotooRetention *retention, const char *camera)
{
  web_fakes.n_condemned--;
}

/* --- camera list --- */

struct _PotooCameraList
{
  GObject parent_instance;
  GMutex lock; /* protects the following */
  GHashTable *cameras;
  GPtrArray *held;
};

G_DEFINE_FINAL_TYPE (PotooCameraList, potoo_camera_list, G_TYPE_OBJECT)

static void
potoo_camera_list_finalize (GObject *object)
{
  PotooCameraList *list = POTOO_CAMERA_LIST (object);

  g_hash_table_unref (list->cameras);
  g_ptr_array_unref (list->held);
  g_mutex_clear (&list->lock);
  G_OBJECT_CLASS (potoo_camera_list_parent_class)->finalize (object);
}

static void
potoo_camera_list_class_init (PotooCameraListClass *class)
{
  G_OBJECT_CLASS (class)->finalize = potoo_camera_list_finalize;
}

static void
potoo_camera_list_init (PotooCameraList *list)
{
  g_mutex_init (&list->lock);
  list->cameras = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) potoo_camera_snapshot_unref);
  list->held = g_ptr_array_new ();
}

PotooCameraSnapshot *
potoo_camera_snapshot_ref (PotooCameraSnapshot *snapshot)
{
  g_atomic_ref_count_inc (&snapshot->ref_count);
  return snapshot;
}

void
potoo_camera_snapshot_unref (PotooCameraSnapshot *snapshot)
{
  if (!g_atomic_ref_count_dec (&snapshot->ref_count))
    return;
  potoo_camera_settings_unref (snapshot->settings);
  g_free (snapshot->reason);
  g_free (snapshot);
}

const char *
potoo_camera_state_to_string (PotooCameraState state)
{
  return "connecting";
}

static PotooCameraSnapshot *
snapshot_new (PotooCameraSettings *settings, guint64 version)
{
  PotooCameraSnapshot *snapshot = g_new0 (PotooCameraSnapshot, 1);

  g_atomic_ref_count_init (&snapshot->ref_count);
  snapshot->settings = potoo_camera_settings_ref (settings);
  snapshot->version = version;
  snapshot->reason = g_strdup ("Not yet connected");
  snapshot->since_us = 1;
  return snapshot;
}

static int
compare_snapshots (gconstpointer a, gconstpointer b)
{
  const PotooCameraSnapshot *first = *(PotooCameraSnapshot *const *) a;
  const PotooCameraSnapshot *second = *(PotooCameraSnapshot *const *) b;

  return strcmp (potoo_camera_settings_get_id (first->settings),
                 potoo_camera_settings_get_id (second->settings));
}

GPtrArray *
potoo_camera_list_get_snapshots (PotooCameraList *list)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_camera_snapshot_unref);
  GHashTableIter iter;
  gpointer snapshot;

  g_mutex_lock (&list->lock);
  g_hash_table_iter_init (&iter, list->cameras);
  while (g_hash_table_iter_next (&iter, NULL, &snapshot))
    g_ptr_array_add (found, potoo_camera_snapshot_ref (snapshot));
  g_mutex_unlock (&list->lock);
  g_ptr_array_sort (found, compare_snapshots);
  return found;
}

PotooCameraSnapshot *
potoo_camera_list_get_snapshot (PotooCameraList *list, const char *id)
{
  g_mutex_lock (&list->lock);
  PotooCameraSnapshot *snapshot = g_hash_table_lookup (list->cameras, id);
  if (snapshot != NULL)
    potoo_camera_snapshot_ref (snapshot);
  g_mutex_unlock (&list->lock);
  return snapshot;
}

/* Takes @task and @snapshot (nullable). */
static void
finish (PotooCameraList *list, GTask *task, PotooCameraSnapshot *snapshot, GError *error)
{
  if (snapshot != NULL)
    g_task_set_task_data (task, snapshot, (GDestroyNotify) potoo_camera_snapshot_unref);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (web_fakes.hold)
    {
      g_mutex_lock (&list->lock);
      g_ptr_array_add (list->held, task);
      g_mutex_unlock (&list->lock);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static PotooCameraList *the_list;

guint
web_fakes_release (void)
{
  g_mutex_lock (&the_list->lock);
  guint n = the_list->held->len;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GTask) task = the_list->held->pdata[i];
      g_task_return_boolean (task, TRUE);
    }
  g_ptr_array_set_size (the_list->held, 0);
  g_mutex_unlock (&the_list->lock);
  return n;
}

guint
web_fakes_count_held (void)
{
  g_mutex_lock (&the_list->lock);
  guint n = the_list->held->len;
  g_mutex_unlock (&the_list->lock);
  return n;
}

static void
put (PotooCameraList *list, PotooCameraSnapshot *snapshot)
{
  g_mutex_lock (&list->lock);
  g_hash_table_replace (list->cameras, g_strdup (potoo_camera_settings_get_id (snapshot->settings)),
                        potoo_camera_snapshot_ref (snapshot));
  g_mutex_unlock (&list->lock);
}

static PotooCameraSnapshot *
finish_with_snapshot (GAsyncResult *result, GError **error)
{
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  return potoo_camera_snapshot_ref (g_task_get_task_data (G_TASK (result)));
}

void
potoo_camera_list_add_async (PotooCameraList *list,
                             PotooCameraSettings *settings,
                             gboolean adopt,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = g_task_new (list, NULL, callback, user_data);
  g_autoptr (PotooCameraSnapshot)
      old = potoo_camera_list_get_snapshot (list, potoo_camera_settings_get_id (settings));

  if (old != NULL)
    {
      finish (list, task, NULL, g_error_new (POTOO_ERROR, POTOO_ERROR_EXISTS, "The id is taken"));
      return;
    }
  PotooCameraSnapshot *snapshot = snapshot_new (settings, 1);
  put (list, snapshot);
  finish (list, task, snapshot, NULL);
}

PotooCameraSnapshot *
potoo_camera_list_add_finish (PotooCameraList *list, GAsyncResult *result, GError **error)
{
  return finish_with_snapshot (result, error);
}

void
potoo_camera_list_patch_async (PotooCameraList *list,
                               const char *id,
                               JsonObject *patch,
                               guint64 if_version,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (list, NULL, callback, user_data);
  g_autoptr (PotooCameraSnapshot) old = potoo_camera_list_get_snapshot (list, id);
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSettings)
      settings = potoo_camera_settings_patch (old->settings, patch, &error);

  if (settings == NULL)
    {
      finish (list, task, NULL, g_steal_pointer (&error));
      return;
    }
  PotooCameraSnapshot *snapshot = snapshot_new (settings, old->version + 1);
  put (list, snapshot);
  finish (list, task, snapshot, NULL);
}

PotooCameraSnapshot *
potoo_camera_list_patch_finish (PotooCameraList *list, GAsyncResult *result, GError **error)
{
  return finish_with_snapshot (result, error);
}

void
potoo_camera_list_remove_async (PotooCameraList *list,
                                const char *id,
                                guint64 if_version,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (list, NULL, callback, user_data);

  g_mutex_lock (&list->lock);
  g_hash_table_remove (list->cameras, id);
  g_mutex_unlock (&list->lock);
  finish (list, task, NULL, NULL);
}

gboolean
potoo_camera_list_remove_finish (PotooCameraList *list, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- all --- */

void
web_fakes_init (PotooWebContext *context)
{
  memset (&web_fakes, 0, sizeof web_fakes);
  web_fakes.segments = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_segment_free);
  web_fakes.gaps = g_ptr_array_new_with_free_func (g_free);
  the_list = g_object_new (POTOO_TYPE_CAMERA_LIST, NULL);
  *context = (PotooWebContext){ .cameras = the_list,
                                .changes = potoo_web_change_log_new (),
                                .started_mono_us = potoo_clock_mono_us () };
}

void
web_fakes_clear (PotooWebContext *context)
{
  g_assert_finalize_object (context->cameras);
  potoo_web_change_log_unref (context->changes);
  g_ptr_array_unref (web_fakes.segments);
  g_ptr_array_unref (web_fakes.gaps);
  g_free (web_fakes.media_path);
}
