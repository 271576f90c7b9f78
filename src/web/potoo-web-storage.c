/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What lies where and how long it is kept: read from the catalog for each request. Worker thread
 * but for the changes. */

#include "web/potoo-web-storage.h"

#include <math.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "record/potoo-forecast.h"
#include "record/potoo-retention.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-reply.h"

static void
set_bytes (JsonObject *object, const PotooTotals *totals)
{
  JsonObject *bytes = json_object_new ();

  for (PotooSegmentClass class = POTOO_SEGMENT_CONTINUOUS; class < POTOO_SEGMENT_N_CLASSES;
       class ++)
    json_object_set_int_member (bytes, potoo_segment_class_to_string (class),
                                totals->kept[class].bytes);
  json_object_set_object_member (object, "bytes", bytes);
}

static void
set_limit (JsonObject *object, const char *name, gint64 limit)
{
  if (limit > 0)
    json_object_set_int_member (object, name, limit);
  else
    json_object_set_null_member (object, name);
}

/* To a hundredth; null: no end is foreseen. */
static void
set_days (JsonObject *object, const char *name, double days)
{
  if (days < POTOO_FORECAST_FOREVER)
    json_object_set_double_member (object, name, floor (days * 100) / 100);
  else
    json_object_set_null_member (object, name);
}

/* `2026-12-24`, UTC; null: never */
static void
set_date (JsonObject *object, const char *name, gint64 wall_us)
{
  g_autofree char *text = wall_us > 0 ? potoo_time_format (wall_us) : NULL;

  if (text != NULL)
    text[strlen ("2026-12-24")] = '\0';
  potoo_web_json_set_text (object, name, text);
}

static JsonObject *
make_root (const PotooStorageReportRoot *root)
{
  const PotooRootStatus *status = root->status;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", status->name);
  json_object_set_string_member (object, "path", status->path);
  json_object_set_string_member (object, "state", potoo_root_state_to_string (status->state));
  potoo_web_json_set_text (object, "reason", status->reason);
  json_object_set_int_member (object, "priority", status->priority);
  json_object_set_int_member (object, "total_bytes", status->total_bytes);
  json_object_set_int_member (object, "free_bytes", status->free_bytes);
  json_object_set_int_member (object, "min_free_bytes", status->min_free_bytes);
  json_object_set_int_member (object, "used_bytes", status->used_bytes);
  set_limit (object, "max_bytes", status->max_bytes);
  json_object_set_boolean_member (object, "full", status->full);
  json_object_set_boolean_member (object, "failed", status->failed);
  set_bytes (object, &root->totals);
  json_object_set_int_member (object, "bytes_per_day", (gint64) root->bytes_per_day);
  set_days (object, "days_kept", root->days_kept);
  set_date (object, "fills", root->fills_us);
  set_date (object, "guarantee_breaks", root->breaks_us);
  return object;
}

/* Nothing of a kind is recorded: nothing to foresee. */
static void
set_days_of (JsonObject *object, const char *name, double days)
{
  set_days (object, name, days > 0 ? days : POTOO_FORECAST_FOREVER);
}

static JsonObject *
make_camera (const PotooStorageReportCamera *camera)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", camera->id);
  json_object_set_boolean_member (object, "removed", camera->removed);
  set_bytes (object, &camera->totals);
  set_limit (object, "max_bytes", camera->rule->max_bytes);
  potoo_web_json_set_time (object, "oldest", camera->oldest_us);
  json_object_set_int_member (object, "bytes_per_day", (gint64) camera->bytes_per_day);
  set_days_of (object, "days_kept", camera->days_kept);
  set_days_of (object, "event_days_kept", camera->event_days_kept);
  json_object_set_int_member (object, "guaranteed_days", camera->rule->min_us / POTOO_DAY_US);
  set_date (object, "guarantee_breaks", camera->breaks_us);
  return object;
}

static void
get_storage (PotooWebRequest *request)
{
  const PotooWebContext *context = potoo_web_request_get_context (request);
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooStorageReport) report = potoo_retention_report (
      context->retention, potoo_web_request_get_reader (request), &error);

  if (report == NULL)
    {
      potoo_web_reply_error (request, error);
      return;
    }
  JsonObject *object = json_object_new ();
  JsonArray *roots = json_array_new (), *cameras = json_array_new ();
  for (guint i = 0; i < report->roots->len; i++)
    json_array_add_object_element (roots, make_root (report->roots->pdata[i]));
  for (guint i = 0; i < report->cameras->len; i++)
    json_array_add_object_element (cameras, make_camera (report->cameras->pdata[i]));
  json_object_set_array_member (object, "roots", roots);
  json_object_set_array_member (object, "cameras", cameras);
  potoo_web_reply_object (request, 200, object);
}

void
potoo_web_storage_tell_root (PotooWebChangeLog *log, const PotooRootStatus *status)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", status->name);
  json_object_set_string_member (object, "state", potoo_root_state_to_string (status->state));
  potoo_web_json_set_text (object, "reason", status->reason);
  potoo_web_change_log_publish (log, "storage-root", object);
}

void
potoo_web_storage_tell_guarantee (PotooWebChangeLog *log, const char *camera, gint64 breaks_us)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "camera", camera);
  set_date (object, "guarantee_breaks", breaks_us);
  potoo_web_change_log_publish (log, "guarantee", object);
}

const PotooRoute potoo_web_storage_routes[] = {
  { "GET", "/api/v1/storage", POTOO_WEB_RIGHT_VIEW, NULL, POTOO_WEB_BODY_NONE, get_storage,
    "What lies on the storage roots, and how long it is kept" },
  { NULL },
};
