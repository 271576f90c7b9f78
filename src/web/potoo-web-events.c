/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Events are read from the catalog by the worker; the event list on main checks and makes them. */

#include "web/potoo-web-events.h"

#include "catalog/potoo-catalog-events.h"
#include "record/potoo-event-list.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-page.h"
#include "web/potoo-web-reply.h"

#define CURSOR_KIND 'e'

static PotooEventList *
get_list (PotooWebRequest *request)
{
  return potoo_web_request_get_context (request)->events;
}

static gint64
get_id (PotooWebRequest *request)
{
  return potoo_web_request_get_number (request, "id");
}

/* --- reading --- */

static JsonObject *
describe_event (gconstpointer row, PotooWebPlace *place)
{
  const PotooEvent *event = row;

  *place = (PotooWebPlace){ event->start_us, event->id };
  return potoo_web_json_from_event (event);
}

static void
list_events (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  PotooSegmentQuery query;
  PotooEventKind kind;

  if (!potoo_web_page_get_query (request, CURSOR_KIND, &query))
    return;
  query.camera = potoo_web_request_get_text (request, "camera");
  gboolean has_kind = potoo_web_request_has (request, "kind") &&
                      potoo_event_kind_parse (potoo_web_request_get_text (request, "kind"), &kind);
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_events (
      potoo_web_request_get_reader (request), &query, has_kind ? &kind : NULL, &error);
  if (rows != NULL)
    potoo_web_page_reply (request, CURSOR_KIND, &query, rows, describe_event);
  else
    potoo_web_reply_error (request, error);
}

static void
reply_event (PotooWebRequest *request, const PotooEvent *event, const GError *error)
{
  if (event != NULL)
    potoo_web_reply_object (request, 200, potoo_web_json_from_event (event));
  else
    potoo_web_reply_error (request, error);
}

static void
get_event (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) event = potoo_catalog_reader_get_event (
      potoo_web_request_get_reader (request), get_id (request), &error);

  reply_event (request, event, error);
}

/* --- changing --- */

static void
on_added (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_add_finish (POTOO_EVENT_LIST (list), result, &error);

  if (event != NULL)
    potoo_web_reply_created (request, "/api/v1/events", event->id,
                             potoo_web_json_from_event (event));
  else
    potoo_web_reply_error (request, error);
}

static void
post_event (PotooWebRequest *request)
{
  potoo_event_list_add_async (get_list (request), potoo_web_request_get_body (request), on_added,
                              potoo_web_request_ref (request));
}

static void
on_changed (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_change_finish (POTOO_EVENT_LIST (list), result, &error);

  reply_event (request, event, error);
}

static void
patch_event (PotooWebRequest *request)
{
  potoo_event_list_change_async (get_list (request), get_id (request),
                                 potoo_web_request_get_body (request), on_changed,
                                 potoo_web_request_ref (request));
}

static void
on_removed (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  potoo_event_list_remove_finish (POTOO_EVENT_LIST (list), result, &error);
  potoo_web_reply_done (request, error);
}

static void
delete_event (PotooWebRequest *request)
{
  potoo_event_list_remove_async (get_list (request), get_id (request), on_removed,
                                 potoo_web_request_ref (request));
}

static const PotooWebParam list_params[] = {
  { .name = "camera", .type = POTOO_WEB_PARAM_SLUG, .summary = "Only of this camera" },
  { .name = "kind",
    .type = POTOO_WEB_PARAM_CHOICE,
    .choices = "motion|onvif|manual|api|bookmark",
    .summary = "Only of this kind" },
  POTOO_WEB_PAGE_PARAMS,
  { NULL },
};

static const PotooWebParam id_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SEGMENT, .in_path = TRUE, .summary = "The event's id" },
  { NULL },
};

const PotooRoute potoo_web_events_routes[] = {
  { "GET", "/api/v1/events", POTOO_WEB_RIGHT_VIEW, list_params, POTOO_WEB_BODY_NONE, list_events,
    "Events by time" },
  { "POST", "/api/v1/events", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_OBJECT, post_event,
    "Tell of an event" },
  { "GET", "/api/v1/events/{id}", POTOO_WEB_RIGHT_VIEW, id_params, POTOO_WEB_BODY_NONE, get_event,
    "One event" },
  { "PATCH", "/api/v1/events/{id}", POTOO_WEB_RIGHT_MANAGE, id_params, POTOO_WEB_BODY_MERGE_PATCH,
    patch_event, "End or describe an event (RFC 7396)" },
  { "DELETE", "/api/v1/events/{id}", POTOO_WEB_RIGHT_MANAGE, id_params, POTOO_WEB_BODY_NONE,
    delete_event, "Take an event away" },
  { NULL },
};
