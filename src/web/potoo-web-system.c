/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-system.h"

#include "base/potoo-clock.h"
#include "base/potoo-memory.h"
#include "catalog/potoo-catalog-settings.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-reply.h"

/* The catalog is asked, so that a broken one shows here and not only in lists. */
static void
add_catalog_error (JsonObject *object, PotooCatalog *catalog, PotooCatalogReader *reader)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) roots = potoo_catalog_reader_list_roots (reader, &error);
  g_autofree char *noted = potoo_catalog_get_error (catalog);

  potoo_web_json_set_text (object, "catalog_error", error != NULL ? error->message : noted);
}

static void
add_memory (JsonObject *object, PotooRecorder *recorder)
{
  PotooRecorderMemory memory = potoo_recorder_get_memory (recorder);
  JsonObject *member = json_object_new ();

  json_object_set_int_member (member, "budget_bytes", memory.budget);
  json_object_set_int_member (member, "resident_bytes", potoo_memory_get_resident ());
  json_object_set_int_member (member, "queue_bytes", memory.queues);
  json_object_set_int_member (member, "pre_roll_bytes", memory.pre_roll);
  json_object_set_int_member (member, "catalog_bytes", potoo_catalog_get_memory ());
  json_object_set_object_member (object, "memory", member);
}

void
potoo_web_system_tell_overload (PotooWebChangeLog *log, PotooOverload overload)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "overload", potoo_overload_get_name (overload));
  potoo_web_change_log_publish (log, "overload", object);
}

static void
get_system (PotooWebRequest *request)
{
  const PotooWebContext *context = potoo_web_request_get_context (request);
  g_autoptr (GPtrArray) cameras = potoo_camera_list_get_snapshots (context->cameras);
  JsonObject *object = json_object_new ();
  gint64 offset_us = potoo_clock_wall_offset_us ();

  json_object_set_string_member (object, "version", PACKAGE_VERSION);
  potoo_web_json_set_time (object, "time", potoo_clock_wall_us ());
  potoo_web_json_set_time (object, "started", offset_us + context->started_mono_us);
  potoo_web_json_set_seconds (object, "uptime_seconds",
                              potoo_clock_mono_us () - context->started_mono_us);
  potoo_web_json_set_time (object, "boot_time", offset_us);
  json_object_set_string_member (object, "boot_id", potoo_clock_boot_id ());
  json_object_set_boolean_member (object, "ready", potoo_web_request_is_server_ready (request));
  json_object_set_int_member (object, "cameras", cameras->len);
  json_object_set_string_member (object, "overload",
                                 potoo_overload_get_name (potoo_overload_get ()));
  add_memory (object, context->recorder);
  add_catalog_error (object, context->catalog, potoo_web_request_get_reader (request));
  potoo_web_reply_object (request, 200, object);
}

const PotooRoute potoo_web_system_routes[] = {
  { "GET", "/api/v1/system", POTOO_WEB_RIGHT_VIEW, NULL, POTOO_WEB_BODY_NONE, get_system,
    "Version, uptime and health" },
  { NULL },
};
