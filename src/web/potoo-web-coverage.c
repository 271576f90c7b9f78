/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How much of each day a camera was recorded; also of a removed one. Answered from the catalog by
 * the worker itself. */

#include "web/potoo-web-coverage.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "playback/potoo-coverage.h"
#include "web/potoo-web-cameras.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-reply.h"

#define DEFAULT_WINDOW_US (6 * POTOO_DAY_US) /* a week, with today */

static JsonObject *
make_causes (const PotooCoverage *day)
{
  JsonObject *causes = json_object_new ();

  for (guint i = 0; i < POTOO_GAP_N_CAUSES; i++)
    if (day->missing_by_cause_us[i] > 0)
      potoo_web_json_set_seconds (causes, potoo_gap_cause_to_string ((PotooGapCause) i),
                                  day->missing_by_cause_us[i]);
  return causes;
}

static JsonObject *
make_day (const PotooCoverage *day, GTimeZone *zone)
{
  JsonObject *object = json_object_new ();
  g_autofree char *date = potoo_coverage_format_date (day, zone);

  json_object_set_string_member (object, "date", date);
  potoo_web_json_set_time (object, "start", day->start_us);
  potoo_web_json_set_time (object, "end", day->end_us);
  potoo_web_json_set_share (object, "coverage", potoo_coverage_get_share (day));
  potoo_web_json_set_seconds (object, "recorded_seconds", day->recorded_us);
  potoo_web_json_set_seconds (object, "deleted_seconds", day->deleted_us);
  potoo_web_json_set_seconds (object, "missing_seconds", day->missing_us);
  json_object_set_object_member (object, "missing_by_cause", make_causes (day));
  return object;
}

static gboolean
is_empty (const GPtrArray *days)
{
  for (guint i = 0; i < days->len; i++)
    {
      const PotooCoverage *day = days->pdata[i];
      if (day->recorded_us + day->deleted_us + day->missing_us > 0)
        return FALSE;
    }
  return TRUE;
}

static void
reply_days (PotooWebRequest *request, const GPtrArray *days, GTimeZone *zone)
{
  JsonArray *items = json_array_sized_new (days->len);

  for (guint i = 0; i < days->len; i++)
    json_array_add_object_element (items, make_day (days->pdata[i], zone));
  potoo_web_reply_list (request, items, NULL);
}

/* (transfer full) (nullable): then the request is answered */
static GTimeZone *
find_zone (PotooWebRequest *request)
{
  const char *name = potoo_web_request_get_text (request, "time_zone");
  GTimeZone *zone = name != NULL ? g_time_zone_new_identifier (name) : g_time_zone_new_local ();

  if (zone == NULL)
    potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, "time_zone",
                             _ ("There is no such time zone on this machine"));
  return zone;
}

static void
list_days (PotooWebRequest *request)
{
  const char *camera = potoo_web_request_get_text (request, "id");
  gint64 now_us = potoo_clock_wall_us (), start_us, end_us;
  g_autoptr (GTimeZone) zone = find_zone (request);
  g_autoptr (GError) error = NULL;

  if (zone == NULL)
    return;
  potoo_web_request_get_window (request, now_us, DEFAULT_WINDOW_US, &start_us, &end_us);
  g_autoptr (GPtrArray) days = potoo_coverage_list_days (
      potoo_web_request_get_reader (request), camera, zone, start_us, end_us, now_us, &error);
  if (g_error_matches (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT))
    potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, "end", error->message);
  else if (days == NULL)
    potoo_web_reply_error (request, error);
  else if (!is_empty (days) || potoo_web_cameras_check_known (request, camera))
    reply_days (request, days, zone);
}

static const PotooWebParam params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id" },
  { .name = "start", .type = POTOO_WEB_PARAM_TIME, .summary = "Six days before `end` if absent" },
  { .name = "end", .type = POTOO_WEB_PARAM_TIME, .summary = "Now if absent" },
  { .name = "time_zone",
    .type = POTOO_WEB_PARAM_ZONE,
    .summary = "Whose days; those of this machine if absent" },
  { NULL },
};

const PotooRoute potoo_web_coverage_routes[] = {
  { "GET", "/api/v1/cameras/{id}/coverage", POTOO_WEB_RIGHT_VIEW, params, POTOO_WEB_BODY_NONE,
    list_days, "How much of each day was recorded" },
  { NULL },
};
