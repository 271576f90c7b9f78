/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What lies where and how long it is kept, as REST has it (web/potoo-web-storage.c), without
 * nulls: no day is "", no limit 0, no end -1. */

#include "dbus/potoo-dbus-storage.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-memory.h"
#include "record/potoo-forecast.h"

static void
insert_text (GVariantDict *dict, const char *name, const char *text)
{
  char *valid = text != NULL ? g_utf8_make_valid (text, -1) : g_strdup ("");

  g_variant_dict_insert_value (dict, name, g_variant_new_take_string (valid));
}

static void
insert_bytes (GVariantDict *dict, const PotooTotals *totals)
{
  GVariantDict bytes;

  g_variant_dict_init (&bytes, NULL);
  for (PotooSegmentClass class = POTOO_SEGMENT_CONTINUOUS; class < POTOO_SEGMENT_N_CLASSES;
       class ++)
    g_variant_dict_insert (&bytes, potoo_segment_class_to_string (class), "x",
                           totals->kept[class].bytes);
  g_variant_dict_insert_value (dict, "bytes", g_variant_dict_end (&bytes));
}

static void
insert_days (GVariantDict *dict, const char *name, double days)
{
  g_variant_dict_insert (dict, name, "d", days < POTOO_FORECAST_FOREVER ? days : -1.0);
}

static void
insert_date (GVariantDict *dict, const char *name, gint64 wall_us)
{
  g_autofree char *text = wall_us > 0 ? potoo_time_format (wall_us) : NULL;

  if (text != NULL)
    text[strlen ("2026-12-24")] = '\0';
  insert_text (dict, name, text);
}

GVariant *
potoo_dbus_storage_from_root (const PotooStorageReportRoot *root)
{
  const PotooRootStatus *status = root->status;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", status->name);
  insert_text (&dict, "path", status->path);
  g_variant_dict_insert (&dict, "state", "s", potoo_root_state_to_string (status->state));
  insert_text (&dict, "reason", status->reason);
  g_variant_dict_insert (&dict, "priority", "u", status->priority);
  g_variant_dict_insert (&dict, "total_bytes", "x", status->total_bytes);
  g_variant_dict_insert (&dict, "free_bytes", "x", status->free_bytes);
  g_variant_dict_insert (&dict, "min_free_bytes", "x", status->min_free_bytes);
  g_variant_dict_insert (&dict, "used_bytes", "x", status->used_bytes);
  g_variant_dict_insert (&dict, "max_bytes", "x", status->max_bytes);
  g_variant_dict_insert (&dict, "full", "b", status->full);
  g_variant_dict_insert (&dict, "failed", "b", status->failed);
  insert_bytes (&dict, &root->totals);
  g_variant_dict_insert (&dict, "bytes_per_day", "x", (gint64) root->bytes_per_day);
  insert_days (&dict, "days_kept", root->days_kept);
  insert_date (&dict, "fills", root->fills_us);
  insert_date (&dict, "guarantee_breaks", root->breaks_us);
  return g_variant_dict_end (&dict);
}

GVariant *
potoo_dbus_storage_from_camera (const PotooStorageReportCamera *camera)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", camera->id);
  g_variant_dict_insert (&dict, "removed", "b", camera->removed);
  insert_bytes (&dict, &camera->totals);
  g_variant_dict_insert (&dict, "max_bytes", "x", camera->rule->max_bytes);
  g_variant_dict_insert (&dict, "oldest", "x", camera->oldest_us);
  g_variant_dict_insert (&dict, "bytes_per_day", "x", (gint64) camera->bytes_per_day);
  insert_days (&dict, "days_kept", camera->days_kept > 0 ? camera->days_kept : G_MAXDOUBLE);
  insert_days (&dict, "event_days_kept",
               camera->event_days_kept > 0 ? camera->event_days_kept : G_MAXDOUBLE);
  g_variant_dict_insert (&dict, "guaranteed_days", "x", camera->rule->min_us / POTOO_DAY_US);
  insert_date (&dict, "guarantee_breaks", camera->breaks_us);
  return g_variant_dict_end (&dict);
}

static void
on_reported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooStorageReport) report = potoo_dbus_reader_report_finish (result, &error);
  GVariantBuilder roots, cameras;

  if (report == NULL)
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  g_variant_builder_init (&roots, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < report->roots->len; i++)
    g_variant_builder_add_value (&roots, potoo_dbus_storage_from_root (report->roots->pdata[i]));
  g_variant_builder_init (&cameras, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < report->cameras->len; i++)
    g_variant_builder_add_value (&cameras,
                                 potoo_dbus_storage_from_camera (report->cameras->pdata[i]));
  potoo_dbus_call_return (call, g_variant_new ("(aa{sv}aa{sv})", &roots, &cameras));
}

void
potoo_dbus_list_storage (PotooDbusCall *call, PotooDbusReader *reader, PotooRetention *retention)
{
  potoo_dbus_reader_report_async (reader, retention, on_reported, call);
}

/* Of the files that are read for it none is on a disk. */
void
potoo_dbus_get_memory (PotooDbusCall *call, PotooRecorder *recorder)
{
  PotooRecorderMemory memory = potoo_recorder_get_memory (recorder);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "budget_bytes", "x", memory.budget);
  g_variant_dict_insert (&dict, "resident_bytes", "x", potoo_memory_get_resident ());
  g_variant_dict_insert (&dict, "queue_bytes", "x", memory.queues);
  g_variant_dict_insert (&dict, "pre_roll_bytes", "x", memory.pre_roll);
  g_variant_dict_insert (&dict, "catalog_bytes", "x", potoo_catalog_get_memory ());
  potoo_dbus_call_return_dict (call, g_variant_dict_end (&dict), NULL);
}
