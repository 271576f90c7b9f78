/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-reader.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "playback/potoo-coverage.h"

struct _PotooDbusReader
{
  PotooCatalog *catalog;
  GThreadPool *pool;              /* of one thread */
  int closing;                    /* atomic */
  PotooCatalogReader *connection; /* the thread's; (nullable) until it was needed */
};

/* Data of a GTask: a list, unless a segment or a report is asked for. */
typedef struct
{
  PotooDbusRead kind;
  PotooSegmentQuery query; /* its camera is owned */
  gboolean has_event_kind;
  PotooEventKind event_kind;
  gint64 segment_id;         /* 0: none */
  PotooRetention *retention; /* (nullable): of a report */
} Job;

static void
job_free (Job *job)
{
  g_free ((char *) job->query.camera);
  g_clear_object (&job->retention);
  g_free (job);
}

static GPtrArray *
list_coverage (PotooDbusReader *self, const PotooSegmentQuery *query, GError **error)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();

  return potoo_coverage_list_days (self->connection, query->camera, zone, query->start_us,
                                   query->end_us, potoo_clock_wall_us (), error);
}

static GPtrArray *
read_rows (PotooDbusReader *self, const Job *job, GError **error)
{
  switch (job->kind)
    {
    case POTOO_DBUS_READ_SEGMENTS:
      return potoo_catalog_reader_list_segments (self->connection, &job->query, error);
    case POTOO_DBUS_READ_GAPS:
      return potoo_catalog_reader_list_gaps (self->connection, &job->query, error);
    case POTOO_DBUS_READ_EVENTS:
      return potoo_catalog_reader_list_events (
          self->connection, &job->query, job->has_event_kind ? &job->event_kind : NULL, error);
    case POTOO_DBUS_READ_LOCKS:
      return potoo_catalog_reader_list_locks (self->connection, &job->query, error);
    case POTOO_DBUS_READ_COVERAGE:
      return list_coverage (self, &job->query, error);
    default:
      g_assert_not_reached ();
    }
}

static void
read_for (PotooDbusReader *self, GTask *task)
{
  const Job *job = g_task_get_task_data (task);
  GDestroyNotify destroy = (GDestroyNotify) g_ptr_array_unref;
  GError *error = NULL;
  gpointer answer;

  if (job->retention != NULL)
    {
      answer = potoo_retention_report (job->retention, self->connection, &error);
      destroy = (GDestroyNotify) potoo_storage_report_free;
    }
  else if (job->segment_id != 0)
    {
      answer = potoo_catalog_reader_get_segment (self->connection, job->segment_id, &error);
      destroy = (GDestroyNotify) potoo_segment_free;
    }
  else
    answer = read_rows (self, job, &error);
  if (answer != NULL)
    g_task_return_pointer (task, answer, destroy);
  else
    g_task_return_error (task, error);
}

static void
run_task (gpointer data, gpointer user_data)
{
  PotooDbusReader *self = user_data;
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_atomic_int_get (&self->closing))
    {
      g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
      return;
    }
  if (self->connection == NULL)
    self->connection = potoo_catalog_reader_new (self->catalog, &error);
  if (self->connection == NULL)
    g_task_return_error (task, error);
  else
    read_for (self, task);
}

PotooDbusReader *
potoo_dbus_reader_new (PotooCatalog *catalog)
{
  PotooDbusReader *self = g_new0 (PotooDbusReader, 1);

  self->catalog = g_object_ref (catalog);
  self->pool = g_thread_pool_new (run_task, self, 1, FALSE, NULL);
  return self;
}

void
potoo_dbus_reader_free (PotooDbusReader *self)
{
  g_atomic_int_set (&self->closing, TRUE);
  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_clear_pointer (&self->connection, potoo_catalog_reader_free);
  g_object_unref (self->catalog);
  g_free (self);
}

/* Both are taken. */
static void
push (PotooDbusReader *self, GTask *task, Job *job)
{
  g_task_set_task_data (task, job, (GDestroyNotify) job_free);
  g_thread_pool_push (self->pool, task, NULL);
}

void
potoo_dbus_reader_list_async (PotooDbusReader *self,
                              PotooDbusRead kind,
                              const PotooSegmentQuery *query,
                              const PotooEventKind *event_kind,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, potoo_dbus_reader_list_async);
  job->kind = kind;
  job->query = *query;
  job->query.camera = g_strdup (query->camera);
  job->has_event_kind = event_kind != NULL;
  if (event_kind != NULL)
    job->event_kind = *event_kind;
  push (self, task, job);
}

GPtrArray *
potoo_dbus_reader_list_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

PotooDbusRead
potoo_dbus_reader_get_kind (GAsyncResult *result)
{
  return ((const Job *) g_task_get_task_data (G_TASK (result)))->kind;
}

void
potoo_dbus_reader_get_segment_async (PotooDbusReader *self,
                                     gint64 id,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, potoo_dbus_reader_get_segment_async);
  job->segment_id = id;
  push (self, task, job);
}

PotooSegment *
potoo_dbus_reader_get_segment_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
potoo_dbus_reader_report_async (PotooDbusReader *self,
                                PotooRetention *retention,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, potoo_dbus_reader_report_async);
  job->retention = g_object_ref (retention);
  push (self, task, job);
}

PotooStorageReport *
potoo_dbus_reader_report_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
