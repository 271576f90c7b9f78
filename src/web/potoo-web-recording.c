/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Manual recording. The answer is `{"event":…}`: what records, or what was stopped. */

#include "web/potoo-web-recording.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-json-read.h"
#include "record/potoo-event-list.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-reply.h"

static const char *const names[] = { "action", "seconds", NULL };

/* @event: (nullable) */
static void
reply_event (PotooWebRequest *request, const PotooEvent *event)
{
  JsonObject *object = json_object_new ();

  if (event != NULL)
    json_object_set_object_member (object, "event", potoo_web_json_from_event (event));
  else
    json_object_set_null_member (object, "event");
  potoo_web_reply_object (request, 200, object);
}

static void
on_started (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_record_finish (POTOO_EVENT_LIST (list), result, &error);

  if (event != NULL)
    reply_event (request, event);
  else
    potoo_web_reply_error (request, error);
}

static void
on_stopped (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) event = NULL;

  if (potoo_event_list_stop_recording_finish (POTOO_EVENT_LIST (list), result, &event, &error))
    reply_event (request, event);
  else
    potoo_web_reply_error (request, error);
}

/* @duration_us: 0 when it is not given. */
static gboolean
read_body (JsonObject *body, const char **action, gint64 *duration_us, GError **error)
{
  JsonNode *node = json_object_get_member (body, "action");
  JsonNode *seconds = json_object_get_member (body, "seconds");
  double number = 0;

  *action = "";
  if (!potoo_json_read_names (body, names, error) ||
      (node != NULL && !potoo_json_read_string (node, "/action", action, error)))
    return FALSE;
  gboolean start = strcmp (*action, "start") == 0;
  if (!start && strcmp (*action, "stop") != 0)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/action",
                        _ ("Must be “start” or “stop”"));
  else if (!start && seconds != NULL)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/seconds",
                        _ ("Only a start takes a time"));
  else if (seconds == NULL || JSON_NODE_HOLDS_NULL (seconds) ||
           potoo_json_read_number (seconds, "/seconds", 1,
                                   (double) POTOO_EVENT_MAX_US / G_USEC_PER_SEC, &number, error))
    {
      *duration_us = (gint64) (number * G_USEC_PER_SEC + 0.5);
      return TRUE;
    }
  return FALSE;
}

static void
post_recording (PotooWebRequest *request)
{
  PotooEventList *list = potoo_web_request_get_context (request)->events;
  const char *camera = potoo_web_request_get_text (request, "id");
  g_autoptr (GError) error = NULL;
  const char *action;
  gint64 duration_us;

  if (!read_body (potoo_web_request_get_body (request), &action, &duration_us, &error))
    potoo_web_reply_error (request, error);
  else if (strcmp (action, "start") == 0)
    potoo_event_list_record_async (list, camera, duration_us, on_started,
                                   potoo_web_request_ref (request));
  else
    potoo_event_list_stop_recording_async (list, camera, on_stopped,
                                           potoo_web_request_ref (request));
}

static const PotooWebParam params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id" },
  { NULL },
};

const PotooRoute potoo_web_recording_routes[] = {
  { "POST", "/api/v1/cameras/{id}/recording", POTOO_WEB_RIGHT_MANAGE, params, POTOO_WEB_BODY_OBJECT,
    post_recording, "Start or stop a manual recording" },
  { NULL },
};
