/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What was recorded of a camera, to look at and to play; also of a removed one. Answered
 * from the catalog by the worker itself. */

#include "web/potoo-web-playback.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-events.h"
#include "playback/potoo-playback.h"
#include "playback/potoo-timeline.h"
#include "web/potoo-web-cameras.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-reply.h"

#define PLAYLIST_TYPE "application/vnd.apple.mpegurl"
#define DEFAULT_WINDOW_US POTOO_DAY_US
#define MAX_EVENTS 1000u

/* FALSE when the request is answered. */
static gboolean
check_window (PotooWebRequest *request,
              gint64 start_us,
              gint64 end_us,
              gint64 max_us,
              const char *too_long)
{
  const char *detail = NULL;

  if (start_us >= end_us)
    detail = _ ("Parameter “end” must be later than “start”");
  else if (end_us - start_us > max_us)
    detail = too_long;
  if (detail != NULL)
    potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, "end", detail);
  return detail == NULL;
}

/* --- timeline --- */

static JsonArray *
make_spans (const GArray *spans)
{
  JsonArray *array = json_array_sized_new (spans->len);

  for (guint i = 0; i < spans->len; i++)
    {
      const PotooSpan *span = &g_array_index (spans, PotooSpan, i);
      JsonObject *object = json_object_new ();
      potoo_web_json_set_time (object, "start", span->start_us);
      potoo_web_json_set_time (object, "end", span->end_us);
      potoo_web_json_set_id (object, "recording", span->recording);
      json_object_set_boolean_member (object, "open", span->open);
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
make_gaps (const GPtrArray *gaps)
{
  JsonArray *array = json_array_sized_new (gaps->len);

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      JsonObject *object = json_object_new ();
      potoo_web_json_set_id (object, "id", gap->id);
      potoo_web_json_set_time (object, "start", gap->start_us);
      potoo_web_json_set_time (object, "end", gap->end_us);
      json_object_set_string_member (object, "cause", potoo_gap_cause_to_string (gap->cause));
      json_array_add_object_element (array, object);
    }
  return array;
}

/* The newest are left out when there are too many. */
static gboolean
add_events (PotooWebRequest *request,
            JsonObject *object,
            const char *camera,
            gint64 start_us,
            gint64 end_us,
            GError **error)
{
  const PotooSegmentQuery query = {
    .camera = camera,
    .start_us = start_us,
    .end_us = end_us,
    .limit = MAX_EVENTS + 1,
  };
  g_autoptr (GPtrArray) events = potoo_catalog_reader_list_events (
      potoo_web_request_get_reader (request), &query, NULL, error);

  if (events == NULL)
    return FALSE;
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < MIN (events->len, MAX_EVENTS); i++)
    json_array_add_object_element (array, potoo_web_json_summarize_event (events->pdata[i]));
  json_object_set_array_member (object, "events", array);
  json_object_set_boolean_member (object, "events_truncated", events->len > MAX_EVENTS);
  return TRUE;
}

static JsonObject *
make_timeline (const char *camera, gint64 start_us, gint64 end_us, const PotooTimeline *timeline)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "camera", camera);
  potoo_web_json_set_time (object, "start", start_us);
  potoo_web_json_set_time (object, "end", end_us);
  json_object_set_array_member (object, "spans", make_spans (timeline->spans));
  json_object_set_array_member (object, "gaps", make_gaps (timeline->gaps));
  potoo_web_json_set_share (object, "coverage", potoo_coverage_get_share (&timeline->coverage));
  return object;
}

static void
reply_timeline (PotooWebRequest *request,
                const char *camera,
                gint64 start_us,
                gint64 end_us,
                const PotooTimeline *timeline)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = make_timeline (camera, start_us, end_us, timeline);

  if (add_events (request, object, camera, start_us, end_us, &error))
    potoo_web_reply_object (request, 200, g_steal_pointer (&object));
  else
    potoo_web_reply_error (request, error);
}

static PotooStreamKind
get_stream (PotooWebRequest *request)
{
  PotooStreamKind stream = POTOO_STREAM_MAIN;

  potoo_stream_kind_parse (potoo_web_request_get_text (request, "stream"), &stream);
  return stream;
}

static void
get_timeline (PotooWebRequest *request)
{
  const char *camera = potoo_web_request_get_text (request, "id");
  gint64 now_us = potoo_clock_wall_us (), start_us, end_us;
  g_autoptr (GError) error = NULL;

  potoo_web_request_get_window (request, now_us, DEFAULT_WINDOW_US, &start_us, &end_us);
  if (!check_window (request, start_us, end_us, POTOO_TIMELINE_MAX_US,
                     _ ("A timeline is of at most 31 days")))
    return;
  g_autoptr (PotooTimeline)
      timeline = potoo_timeline_new (potoo_web_request_get_reader (request), camera,
                                     get_stream (request), start_us, end_us, now_us, &error);
  if (timeline == NULL)
    potoo_web_reply_error (request, error);
  else if (timeline->spans->len > 0 || timeline->gaps->len > 0 ||
           potoo_web_cameras_check_known (request, camera))
    reply_timeline (request, camera, start_us, end_us, timeline);
}

/* --- playlist --- */

/* Says where to look instead. */
static void
reply_nothing_recorded (PotooWebRequest *request,
                        const char *camera,
                        gint64 start_us,
                        gint64 end_us)
{
  g_autoptr (GError) error = NULL;
  gint64 before_us, after_us;

  if (!potoo_web_cameras_check_known (request, camera))
    return;
  if (!potoo_catalog_reader_find_nearest (potoo_web_request_get_reader (request), camera,
                                          get_stream (request), start_us, end_us, &before_us,
                                          &after_us, &error))
    potoo_web_reply_error (request, error);
  else
    {
      JsonObject *members = json_object_new ();
      potoo_web_json_set_time (members, "before", before_us);
      potoo_web_json_set_time (members, "after", after_us);
      potoo_web_reply_problem_with (request, POTOO_ERROR_NOT_FOUND,
                                    _ ("Nothing is recorded in this window"), members);
    }
}

static void
reply_playlist (PotooWebRequest *request, PotooPlaylist *playlist)
{
  potoo_web_reply_set_header (request, "Cache-Control", "private, no-cache");
  potoo_web_reply_text (request, 200, PLAYLIST_TYPE, potoo_playlist_to_text (playlist));
}

static void
get_playlist (PotooWebRequest *request)
{
  const char *camera = potoo_web_request_get_text (request, "id");
  gint64 start_us = potoo_web_request_get_number (request, "start");
  gint64 end_us = potoo_web_request_has (request, "end")
                      ? potoo_web_request_get_number (request, "end")
                      : start_us + POTOO_PLAYLIST_MAX_US;
  g_autoptr (GError) error = NULL;
  guint n_unreadable = 0;

  if (!check_window (request, start_us, end_us, POTOO_PLAYLIST_MAX_US,
                     _ ("A playlist is of at most 24 hours")))
    return;
  g_autoptr (PotooPlaylist) playlist = potoo_playback_make_playlist (
      potoo_web_request_get_reader (request), camera, get_stream (request), start_us, end_us,
      &n_unreadable, &error);
  potoo_web_request_count_unreadable_indexes (request, n_unreadable);
  if (playlist == NULL)
    potoo_web_reply_error (request, error);
  else if (potoo_playlist_get_n_entries (playlist) > 0)
    reply_playlist (request, playlist);
  else if (potoo_playlist_is_growing (playlist))
    potoo_web_reply_problem (
        request, POTOO_ERROR_UNAVAILABLE, 0, NULL,
        _ ("The recording has begun a moment ago: ask again in a few seconds"));
  else
    reply_nothing_recorded (request, camera, start_us, end_us);
}

#define STREAM_PARAM                                                                               \
  {                                                                                                \
    .name = "stream", .type = POTOO_WEB_PARAM_CHOICE, .choices = "main|sub",                       \
    .summary = "Which of its streams"                                                              \
  }

static const PotooWebParam timeline_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id" },
  { .name = "start", .type = POTOO_WEB_PARAM_TIME, .summary = "24 hours before `end` if absent" },
  { .name = "end", .type = POTOO_WEB_PARAM_TIME, .summary = "Now if absent" },
  STREAM_PARAM,
  { NULL },
};

static const PotooWebParam playlist_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id" },
  { .name = "start",
    .type = POTOO_WEB_PARAM_TIME,
    .required = TRUE,
    .summary = "The first picture to show" },
  { .name = "end", .type = POTOO_WEB_PARAM_TIME, .summary = "24 hours after `start` if absent" },
  STREAM_PARAM,
  { NULL },
};

const PotooRoute potoo_web_playback_routes[] = {
  { "GET", "/api/v1/cameras/{id}/timeline", POTOO_WEB_RIGHT_VIEW, timeline_params,
    POTOO_WEB_BODY_NONE, get_timeline, "When it was recorded, and when not and why" },
  { "GET", "/api/v1/cameras/{id}/playback.m3u8", POTOO_WEB_RIGHT_VIEW, playlist_params,
    POTOO_WEB_BODY_NONE, get_playlist, "What was recorded, as HLS" },
  { NULL },
};
