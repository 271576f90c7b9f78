/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A request looks at the hub's newest keyframe: the picture is in the cache, or a
 * job of it is there to join, or a new job is queued. Jobs run a few at a time, oldest
 * first. Main thread, but for the decoding itself (potoo-still-picture.c).
 */

#include "live/potoo-snapshots.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-main.h"
#include "base/potoo-metrics.h"
#include "base/potoo-overload.h"
#include "media/potoo-still-picture.h"

/* Of a picture in the cache, beside its bytes. */
#define ENTRY_BYTES 256

typedef struct
{
  char *camera_id;
  PotooSnapshot *snapshot;
} CacheEntry;

typedef struct
{
  char *camera_id;
  guint height;
  PotooAccessUnit unit;
  GPtrArray *tasks; /* GTask */
  gint64 started_us;
  PotooSnapshots *owner; /* while it runs */
} Job;

struct _PotooSnapshots
{
  GObject parent_instance;

  GHashTable *hubs; /* camera id → PotooStreamHub */
  GQueue cache;     /* CacheEntry, newest first */
  gsize cache_bytes, max_cache_bytes;
  GQueue waiting;     /* Job */
  GPtrArray *running; /* Job */
  GCancellable *cancellable;
  gboolean stopped;

  PotooMetric *decoded, *cached, *refused, *failed, *decode_us, *bytes, *jobs;
};

G_DEFINE_FINAL_TYPE (PotooSnapshots, potoo_snapshots, G_TYPE_OBJECT)

typedef struct
{
  char *camera_id;
  guint height;
} SnapshotRequest;

static void
request_free (SnapshotRequest *request)
{
  g_free (request->camera_id);
  g_free (request);
}

PotooSnapshot *
potoo_snapshot_ref (PotooSnapshot *snapshot)
{
  g_atomic_ref_count_inc (&snapshot->ref_count);
  return snapshot;
}

void
potoo_snapshot_unref (PotooSnapshot *snapshot)
{
  if (!g_atomic_ref_count_dec (&snapshot->ref_count))
    return;
  g_bytes_unref (snapshot->jpeg);
  g_free (snapshot);
}

static void
return_snapshot (GTask *task, PotooSnapshot *snapshot)
{
  g_task_return_pointer (task, potoo_snapshot_ref (snapshot),
                         (GDestroyNotify) potoo_snapshot_unref);
}

/* --- the cache --- */

static void
cache_entry_free (CacheEntry *entry)
{
  g_free (entry->camera_id);
  potoo_snapshot_unref (entry->snapshot);
  g_free (entry);
}

static void
cache_drop (PotooSnapshots *self, GList *link)
{
  CacheEntry *entry = link->data;

  self->cache_bytes -= g_bytes_get_size (entry->snapshot->jpeg) + ENTRY_BYTES;
  g_queue_delete_link (&self->cache, link);
  cache_entry_free (entry);
  potoo_metric_set (self->bytes, (gint64) self->cache_bytes);
}

static void
cache_drop_camera (PotooSnapshots *self, const char *camera_id)
{
  for (GList *link = self->cache.head, *next; link != NULL; link = next)
    {
      next = link->next;
      if (g_str_equal (((CacheEntry *) link->data)->camera_id, camera_id))
        cache_drop (self, link);
    }
}

static GList *
cache_find (PotooSnapshots *self, const char *camera_id, guint height)
{
  for (GList *link = self->cache.head; link != NULL; link = link->next)
    {
      CacheEntry *entry = link->data;
      if (entry->snapshot->height == height && g_str_equal (entry->camera_id, camera_id))
        return link;
    }
  return NULL;
}

/* In place of the older one of the same camera and height. */
static void
cache_add (PotooSnapshots *self, const char *camera_id, PotooSnapshot *snapshot)
{
  GList *older = cache_find (self, camera_id, snapshot->height);
  CacheEntry *entry = g_new0 (CacheEntry, 1);

  if (older != NULL)
    cache_drop (self, older);
  entry->camera_id = g_strdup (camera_id);
  entry->snapshot = potoo_snapshot_ref (snapshot);
  g_queue_push_head (&self->cache, entry);
  self->cache_bytes += g_bytes_get_size (snapshot->jpeg) + ENTRY_BYTES;
  while (self->cache_bytes > self->max_cache_bytes)
    cache_drop (self, self->cache.tail);
  potoo_metric_set (self->bytes, (gint64) self->cache_bytes);
}

/* --- jobs --- */

static void start_jobs (PotooSnapshots *self);

static void
job_free (Job *job)
{
  g_free (job->camera_id);
  potoo_access_unit_clear (&job->unit);
  g_ptr_array_unref (job->tasks);
  g_free (job);
}

static void
job_fail (Job *job, const GError *error)
{
  for (guint i = 0; i < job->tasks->len; i++)
    g_task_return_error (job->tasks->pdata[i], g_error_copy (error));
}

static PotooSnapshot *
make_snapshot (const Job *job, GBytes *jpeg)
{
  PotooSnapshot *snapshot = g_new0 (PotooSnapshot, 1);

  g_atomic_ref_count_init (&snapshot->ref_count);
  snapshot->jpeg = g_bytes_ref (jpeg);
  snapshot->keyframe = job->unit.pts_ns;
  snapshot->height = job->height;
  snapshot->wall_us = (gint64) GST_TIME_AS_USECONDS (job->unit.pts_ns) +
                      potoo_clock_wall_offset_us ();
  return snapshot;
}

static void
job_succeed (PotooSnapshots *self, Job *job, GBytes *jpeg)
{
  g_autoptr (PotooSnapshot) snapshot = make_snapshot (job, jpeg);

  potoo_metric_add (self->decoded, 1);
  potoo_metric_add (self->decode_us, potoo_clock_mono_us () - job->started_us);
  if (g_hash_table_contains (self->hubs, job->camera_id))
    cache_add (self, job->camera_id, snapshot);
  for (guint i = 0; i < job->tasks->len; i++)
    return_snapshot (job->tasks->pdata[i], snapshot);
}

static void
on_encoded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (PotooSnapshots) self = job->owner;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = potoo_still_picture_encode_finish (result, &error);

  if (jpeg != NULL)
    job_succeed (self, job, jpeg);
  else
    {
      potoo_metric_add (self->failed, 1);
      job_fail (job, error);
    }
  potoo_metric_add (self->jobs, -1);
  g_ptr_array_remove_fast (self->running, job);
  start_jobs (self);
}

static void
start_jobs (PotooSnapshots *self)
{
  while (self->running->len < POTOO_SNAPSHOTS_MAX_DECODING && self->waiting.length > 0)
    {
      Job *job = g_queue_pop_head (&self->waiting);
      g_ptr_array_add (self->running, job);
      job->owner = g_object_ref (self);
      job->started_us = potoo_clock_mono_us ();
      potoo_still_picture_encode_async (&job->unit, job->height, self->cancellable, on_encoded,
                                        job);
    }
}

static gboolean
job_is (const Job *job, const char *camera_id, guint height, const PotooAccessUnit *unit)
{
  return job->height == height && job->unit.pts_ns == unit->pts_ns &&
         g_str_equal (job->camera_id, camera_id);
}

static Job *
find_job (PotooSnapshots *self, const char *camera_id, guint height, const PotooAccessUnit *unit)
{
  for (guint i = 0; i < self->running->len; i++)
    if (job_is (self->running->pdata[i], camera_id, height, unit))
      return self->running->pdata[i];
  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    if (job_is (link->data, camera_id, height, unit))
      return link->data;
  return NULL;
}

/* @unit: taken */
static Job *
add_job (PotooSnapshots *self, const char *camera_id, guint height, PotooAccessUnit *unit)
{
  Job *job = g_new0 (Job, 1);

  job->camera_id = g_strdup (camera_id);
  job->height = height;
  job->unit = *unit;
  *unit = (PotooAccessUnit){ 0 };
  job->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_push_tail (&self->waiting, job);
  potoo_metric_add (self->jobs, 1);
  return job;
}

/* --- requests --- */

/* Heights that give the same picture are the same. */
static guint
get_true_height (const PotooAccessUnit *unit, guint height)
{
  guint own_width, own_height;

  if (!potoo_still_picture_get_size (unit->caps, 0, &own_width, &own_height))
    return height;
  return height < own_height ? height : 0;
}

static void
handle (PotooSnapshots *self, GTask *task, const char *camera_id, PotooAccessUnit *unit)
{
  guint height = get_true_height (unit, ((SnapshotRequest *) g_task_get_task_data (task))->height);
  GList *link = cache_find (self, camera_id, height);
  PotooSnapshot *cached = link != NULL ? ((CacheEntry *) link->data)->snapshot : NULL;
  g_autoptr (GError) overload = NULL;
  Job *job;

  /* Rather an old picture than none, when there is no time for a new one. */
  if (cached != NULL &&
      (cached->keyframe == unit->pts_ns || !potoo_overload_admit (POTOO_WORK_SNAPSHOT, NULL)))
    {
      potoo_metric_add (self->cached, 1);
      return_snapshot (task, cached);
      return;
    }
  job = find_job (self, camera_id, height, unit);
  if (job == NULL && !potoo_overload_admit (POTOO_WORK_SNAPSHOT, &overload))
    {
      g_task_return_error (task, g_steal_pointer (&overload));
      return;
    }
  if (job == NULL && self->waiting.length >= POTOO_SNAPSHOTS_MAX_WAITING)
    {
      potoo_metric_add (self->refused, 1);
      g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                               _ ("Too many pictures are being decoded; try again later"));
      return;
    }
  if (job == NULL)
    job = add_job (self, camera_id, height, unit);
  g_ptr_array_add (job->tasks, g_object_ref (task));
  start_jobs (self);
}

static gboolean
on_request (gpointer user_data)
{
  GTask *task = user_data;
  PotooSnapshots *self = g_task_get_source_object (task);
  const char *camera_id = ((SnapshotRequest *) g_task_get_task_data (task))->camera_id;
  PotooStreamHub *hub = g_hash_table_lookup (self->hubs, camera_id);
  PotooAccessUnit unit = { 0 };

  if (self->stopped)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
  else if (hub == NULL)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("There is no camera “%s”"), camera_id);
  else if (!potoo_stream_hub_get_keyframe (hub, &unit))
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                             _ ("No picture has come from the camera yet"));
  else
    handle (self, task, camera_id, &unit);
  potoo_access_unit_clear (&unit);
  return G_SOURCE_REMOVE;
}

void
potoo_snapshots_get_async (PotooSnapshots *self,
                           const char *camera_id,
                           guint height,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (POTOO_IS_SNAPSHOTS (self) && camera_id != NULL);

  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  SnapshotRequest *request = g_new0 (SnapshotRequest, 1);
  request->camera_id = g_strdup (camera_id);
  request->height = height;
  g_task_set_source_tag (task, potoo_snapshots_get_async);
  g_task_set_task_data (task, request, (GDestroyNotify) request_free);
  potoo_main_post (on_request, task);
}

PotooSnapshot *
potoo_snapshots_get_finish (PotooSnapshots *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- cameras --- */

void
potoo_snapshots_add_camera (PotooSnapshots *self, const char *id, PotooStreamHub *hub)
{
  g_return_if_fail (POTOO_IS_SNAPSHOTS (self) && id != NULL && hub != NULL);

  g_hash_table_replace (self->hubs, g_strdup (id), potoo_stream_hub_ref (hub));
}

void
potoo_snapshots_remove_camera (PotooSnapshots *self, const char *id)
{
  g_return_if_fail (POTOO_IS_SNAPSHOTS (self) && id != NULL);

  cache_drop_camera (self, id);
  g_hash_table_remove (self->hubs, id);
}

void
potoo_snapshots_stop (PotooSnapshots *self)
{
  g_autoptr (GError)
      error = g_error_new_literal (POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
  Job *job;

  g_return_if_fail (POTOO_IS_SNAPSHOTS (self));

  self->stopped = TRUE;
  g_cancellable_cancel (self->cancellable);
  while ((job = g_queue_pop_head (&self->waiting)) != NULL)
    {
      job_fail (job, error);
      job_free (job);
      potoo_metric_add (self->jobs, -1);
    }
  while (self->cache.length > 0)
    cache_drop (self, self->cache.head);
  g_hash_table_remove_all (self->hubs);
}

/* --- the object --- */

PotooSnapshots *
potoo_snapshots_new (void)
{
  return g_object_new (POTOO_TYPE_SNAPSHOTS, NULL);
}

void
potoo_snapshots_set_cache_bytes (PotooSnapshots *self, gint64 bytes)
{
  g_return_if_fail (POTOO_IS_SNAPSHOTS (self));

  self->max_cache_bytes = (gsize) CLAMP (bytes, 0, POTOO_SNAPSHOTS_MAX_CACHE_BYTES);
}

static void
potoo_snapshots_finalize (GObject *object)
{
  PotooSnapshots *self = POTOO_SNAPSHOTS (object);

  potoo_snapshots_stop (self);
  g_hash_table_unref (self->hubs);
  g_ptr_array_unref (self->running);
  g_object_unref (self->cancellable);
  potoo_metric_unref (self->decoded);
  potoo_metric_unref (self->cached);
  potoo_metric_unref (self->refused);
  potoo_metric_unref (self->failed);
  potoo_metric_unref (self->decode_us);
  potoo_metric_unref (self->bytes);
  potoo_metric_unref (self->jobs);
  G_OBJECT_CLASS (potoo_snapshots_parent_class)->finalize (object);
}

static void
potoo_snapshots_class_init (PotooSnapshotsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_snapshots_finalize;
}

static void
make_metrics (PotooSnapshots *self)
{
  self->decoded = potoo_metric_new_counter ("potoo_snapshots_decoded_total",
                                            "Snapshots decoded from a keyframe", NULL);
  self->cached = potoo_metric_new_counter ("potoo_snapshots_cached_total",
                                           "Snapshots answered from the cache", NULL);
  self->refused = potoo_metric_new_counter ("potoo_snapshots_refused_total",
                                            "Snapshots refused: too many were waiting", NULL);
  self->failed = potoo_metric_new_counter ("potoo_snapshots_failed_total",
                                           "Keyframes that could not be decoded", NULL);
  self->decode_us = potoo_metric_set_divisor (
      potoo_metric_new_counter ("potoo_snapshots_decode_seconds_total",
                                "Time from the begin of a decoding to its picture", NULL),
      POTOO_SECOND_US);
  self->bytes = potoo_metric_new_gauge ("potoo_snapshots_cache_bytes", "Snapshots in the cache",
                                        NULL);
  self->jobs = potoo_metric_new_gauge ("potoo_snapshots_decoding",
                                       "Snapshots being decoded or waiting for it", NULL);
}

static void
potoo_snapshots_init (PotooSnapshots *self)
{
  self->hubs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) potoo_stream_hub_unref);
  self->running = g_ptr_array_new_with_free_func ((GDestroyNotify) job_free);
  self->cancellable = g_cancellable_new ();
  self->max_cache_bytes = POTOO_SNAPSHOTS_MAX_CACHE_BYTES;
  make_metrics (self);
}
