/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Reads what there is, and asks the model for each root. A camera that lies on several roots is
 * taken to go on as it is: its rate is shared out as its bytes are. Roots that are not there are
 * told of, but hold nothing in the forecast.
 */

#include "record/potoo-storage-report.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-eviction.h"
#include "record/potoo-forecast.h"
#include "record/potoo-retention-policy.h"

typedef struct
{
  PotooStorageReport *report;
  PotooCatalogReader *reader;
  GArray *totals; /* PotooStreamTotals */
  gint64 now_us;
} Making;

static void
report_root_free (gpointer data)
{
  PotooStorageReportRoot *root = data;

  potoo_root_status_free (root->status);
  g_free (root);
}

static void
report_camera_free (gpointer data)
{
  PotooStorageReportCamera *camera = data;

  g_free (camera->id);
  g_free (camera);
}

void
potoo_storage_report_free (PotooStorageReport *report)
{
  g_ptr_array_unref (report->roots);
  g_ptr_array_unref (report->cameras);
  potoo_retention_rules_unref (report->rules);
  g_free (report);
}

/* --- what there is --- */

static PotooStorageReportCamera *
find_camera (PotooStorageReport *report, const char *id)
{
  for (guint i = 0; i < report->cameras->len; i++)
    {
      PotooStorageReportCamera *camera = report->cameras->pdata[i];
      if (g_str_equal (camera->id, id))
        return camera;
    }
  return NULL;
}

static PotooStorageReportCamera *
add_camera (PotooStorageReport *report, const char *id)
{
  PotooStorageReportCamera *camera = g_new0 (PotooStorageReportCamera, 1);

  camera->id = g_strdup (id);
  camera->rule = potoo_retention_rules_get (report->rules, id);
  camera->removed = !potoo_retention_rules_has (report->rules, id);
  g_ptr_array_add (report->cameras, camera);
  return camera;
}

static int
compare_cameras (gconstpointer a, gconstpointer b)
{
  const PotooStorageReportCamera *left = *(const PotooStorageReportCamera *const *) a;
  const PotooStorageReportCamera *right = *(const PotooStorageReportCamera *const *) b;
  return strcmp (left->id, right->id);
}

static void
sum_up (Making *m)
{
  g_auto (GStrv) ids = potoo_retention_rules_list (m->report->rules);
  g_autoptr (GHashTable) found = g_hash_table_new (g_str_hash, g_str_equal);

  for (char **id = ids; *id != NULL; id++)
    g_hash_table_insert (found, *id, add_camera (m->report, *id));
  for (guint i = 0; i < m->totals->len; i++)
    {
      const PotooStreamTotals *totals = &g_array_index (m->totals, PotooStreamTotals, i);
      PotooStorageReportCamera *camera = g_hash_table_lookup (found, totals->camera);
      if (camera == NULL)
        {
          camera = add_camera (m->report, totals->camera);
          g_hash_table_insert (found, camera->id, camera);
        }
      potoo_totals_add (&camera->totals, &totals->totals);
      for (guint j = 0; j < m->report->roots->len; j++)
        {
          PotooStorageReportRoot *root = m->report->roots->pdata[j];
          if (root->status->row_id == totals->root)
            potoo_totals_add (&root->totals, &totals->totals);
        }
    }
  g_ptr_array_sort (m->report->cameras, compare_cameras);
}

static gboolean
read_oldest (Making *m, PotooStorageReportCamera *camera, GError **error)
{
  const PotooSegmentQuery query = { .camera = camera->id, .end_us = G_MAXINT64, .limit = 1 };
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_segments (m->reader, &query, error);

  if (rows != NULL && rows->len > 0)
    camera->oldest_us = ((PotooSegment *) rows->pdata[0])->start_us;
  return rows != NULL;
}

static gboolean
read_rate (Making *m, PotooStorageReportCamera *camera, GError **error)
{
  /* One more than the window, and the first day, which counts for nothing. */
  gint64 from_day = m->now_us / POTOO_DAY_US - POTOO_FORECAST_WINDOW_DAYS - 2;
  g_autoptr (GArray)
      rows = potoo_catalog_reader_list_recorded_days (m->reader, camera->id, from_day, error);
  if (rows == NULL)
    return FALSE;
  g_autoptr (GArray) days = g_array_new (FALSE, FALSE, sizeof (PotooForecastDay));
  for (guint i = 0; i < rows->len; i++)
    {
      const PotooRecordedDay *row = &g_array_index (rows, PotooRecordedDay, i);
      PotooForecastDay day = { row->day, row->bytes, row->recorded_us };
      g_array_append_val (days, day);
    }
  camera->bytes_per_day = potoo_forecast_rate ((PotooForecastDay *) (void *) days->data, days->len,
                                               camera->oldest_us, m->now_us);
  return TRUE;
}

/* Since when there have been events, in days; 0: there are none. */
static gboolean
read_event_span (Making *m, const char *camera, double *days, GError **error)
{
  const PotooEvictableQuery query = { 0, camera, POTOO_SEGMENT_EVENT, G_MAXINT64, 1 };
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_evictable (m->reader, &query, error);

  *days = 0;
  if (rows != NULL && rows->len > 0)
    *days = (double) (m->now_us - ((PotooSegment *) rows->pdata[0])->start_us) / POTOO_DAY_US;
  return rows != NULL;
}

/* --- the model --- */

/* The part of its bytes that @camera has on @root; a removed one records nothing more. */
static double
get_part (const PotooStorageReportCamera *camera, const PotooTotals *on_root)
{
  gint64 all = potoo_totals_get_kept_bytes (&camera->totals);
  return all > 0 ? (double) potoo_totals_get_kept_bytes (on_root) / (double) all : 0;
}

/* What retention lets a camera have; 0: no limit. */
static gint64
get_camera_room (const PotooStorageReportCamera *camera)
{
  PotooTotal kept = { 0 };

  for (guint class = 0; class < POTOO_SEGMENT_N_CLASSES; class ++)
    {
      kept.segments += camera->totals.kept[class].segments;
      kept.bytes += camera->totals.kept[class].bytes;
    }
  return camera->rule->max_bytes -
         potoo_retention_get_camera_headroom (&kept, camera->rule->max_bytes);
}

static PotooForecastShare
make_share (const PotooStorageReportCamera *camera, const PotooTotals *on_root, double event_days)
{
  const PotooRetentionRule *rule = camera->rule;
  double part = get_part (camera, on_root);
  double rate = camera->removed ? 0 : camera->bytes_per_day * part;
  double event_bytes = (double) on_root->kept[POTOO_SEGMENT_EVENT].bytes;
  double event_rate = event_days > 0 ? MIN (event_bytes / event_days, rate) : 0;

  if (on_root->kept[POTOO_SEGMENT_CONTINUOUS].bytes == 0 && event_bytes > 0)
    event_rate = rate;
  return (PotooForecastShare){
    .continuous_rate = rate - event_rate,
    .event_rate = event_rate,
    .continuous_bytes = (double) on_root->kept[POTOO_SEGMENT_CONTINUOUS].bytes,
    .event_bytes = event_bytes,
    .locked_bytes = (double) on_root->kept[POTOO_SEGMENT_LOCKED].bytes,
    .keep_continuous_days = (double) rule->keep_us[POTOO_SEGMENT_CONTINUOUS] / POTOO_DAY_US,
    .keep_event_days = (double) rule->keep_us[POTOO_SEGMENT_EVENT] / POTOO_DAY_US,
    .min_days = (double) rule->min_us / POTOO_DAY_US,
    .max_bytes = (double) get_camera_room (camera) * part,
    .weight = (double) rule->priority / POTOO_RETENTION_USUAL_PRIORITY,
  };
}

static void
set_room (PotooForecastRoot *model, const PotooStorageReportRoot *root)
{
  const PotooRootStatus *status = root->status;
  double used = (double) potoo_totals_get_used_bytes (&root->totals);
  double capacity = used + (double) (status->free_bytes - status->min_free_bytes);

  if (status->max_bytes > 0)
    capacity = MIN (capacity, (double) status->max_bytes);
  model->capacity_bytes = MAX (capacity, 0);
  /* Between two passes the root fills from more free than the headroom to just that. */
  double ahead = (double) status->headroom_bytes * (1 + 0.5 / POTOO_RETENTION_SPARE_PART);
  model->room_bytes = MAX (capacity - ahead, 0);
}

/* Wall time in @days; 0: never, or after the year 9999. */
static gint64
get_time_in (gint64 now_us, double days)
{
  const double most = 3650 * 100;
  return days < most ? now_us + (gint64) (days * POTOO_DAY_US) : 0;
}

static void
keep_less (double *days, double other)
{
  if (other > 0 && (*days <= 0 || other < *days))
    *days = other;
}

static void
tell_camera (Making *m,
             PotooStorageReportCamera *camera,
             const PotooForecastShare *share,
             double breaks_in)
{
  gint64 breaks_us = get_time_in (m->now_us, breaks_in);

  keep_less (&camera->days_kept, share->continuous_days);
  keep_less (&camera->event_days_kept, share->event_days);
  if (share->min_days > 0 && breaks_us != 0 &&
      (camera->breaks_us == 0 || breaks_us < camera->breaks_us))
    camera->breaks_us = breaks_us;
}

/* The shares of @root, one for each of its cameras, which come into @cameras in the same order. */
static GArray *
collect_shares (Making *m, PotooStorageReportRoot *root, GPtrArray *cameras, GError **error)
{
  g_autoptr (GArray) shares = g_array_new (FALSE, TRUE, sizeof (PotooForecastShare));

  for (guint i = 0; i < m->totals->len;)
    {
      const PotooStreamTotals *first = &g_array_index (m->totals, PotooStreamTotals, i);
      const PotooStreamTotals *next = first;
      PotooTotals sum = { 0 };
      for (; i < m->totals->len && next->root == first->root &&
             g_str_equal (next->camera, first->camera);
           next++, i++)
        potoo_totals_add (&sum, &next->totals);
      if (first->root != root->status->row_id)
        continue;
      double event_days = 0;
      if (sum.kept[POTOO_SEGMENT_EVENT].bytes > 0 &&
          !read_event_span (m, first->camera, &event_days, error))
        return NULL;
      PotooStorageReportCamera *camera = find_camera (m->report, first->camera);
      PotooForecastShare share = make_share (camera, &sum, event_days);
      g_array_append_val (shares, share);
      g_ptr_array_add (cameras, camera);
    }
  return g_steal_pointer (&shares);
}

static gboolean
forecast (Making *m, PotooStorageReportRoot *root, GError **error)
{
  g_autoptr (GPtrArray) cameras = g_ptr_array_new ();
  g_autoptr (GArray) shares = collect_shares (m, root, cameras, error);

  if (shares == NULL)
    return FALSE;
  PotooForecastRoot model = { .shares = (PotooForecastShare *) (void *) shares->data,
                              .n_shares = shares->len };
  set_room (&model, root);
  potoo_forecast_root (&model);
  root->days_kept = model.days;
  root->fills_us = get_time_in (m->now_us, model.fills_in);
  root->breaks_us = get_time_in (m->now_us, model.breaks_in);
  for (guint i = 0; i < shares->len; i++)
    {
      root->bytes_per_day += model.shares[i].continuous_rate + model.shares[i].event_rate;
      tell_camera (m, cameras->pdata[i], &model.shares[i], model.breaks_in);
    }
  return TRUE;
}

/* --- all --- */

static gboolean
make (Making *m, GError **error)
{
  sum_up (m);
  for (guint i = 0; i < m->report->cameras->len; i++)
    if (!read_oldest (m, m->report->cameras->pdata[i], error) ||
        !read_rate (m, m->report->cameras->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < m->report->roots->len; i++)
    {
      PotooStorageReportRoot *root = m->report->roots->pdata[i];
      if (potoo_retention_is_reachable (root->status) && !forecast (m, root, error))
        return FALSE;
    }
  return TRUE;
}

PotooStorageReport *
potoo_storage_report_new (PotooCatalogReader *reader,
                          PotooRetentionRules *rules,
                          GPtrArray *roots,
                          gint64 now_us,
                          GError **error)
{
  g_autoptr (GPtrArray) statuses = roots;
  g_autoptr (PotooStorageReport) report = g_new0 (PotooStorageReport, 1);

  report->rules = potoo_retention_rules_ref (rules);
  report->roots = g_ptr_array_new_with_free_func (report_root_free);
  report->cameras = g_ptr_array_new_with_free_func (report_camera_free);
  g_ptr_array_set_free_func (statuses, NULL);
  for (guint i = 0; i < statuses->len; i++)
    {
      PotooStorageReportRoot *root = g_new0 (PotooStorageReportRoot, 1);
      root->status = statuses->pdata[i];
      g_ptr_array_add (report->roots, root);
    }
  g_autoptr (GArray) totals = potoo_catalog_reader_list_totals (reader, 0, NULL, error);
  Making making = { report, reader, totals, now_us };
  if (totals == NULL || !make (&making, error))
    return NULL;
  return g_steal_pointer (&report);
}
