/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-segments.h"

#include <glib/gi18n-lib.h>

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-eviction.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-page.h"
#include "web/potoo-web-reply.h"

#define CURSOR_KIND 's'

static JsonObject *
describe_segment (gconstpointer row, PotooWebPlace *place)
{
  const PotooSegment *segment = row;

  *place = (PotooWebPlace){ segment->start_us, segment->id };
  return potoo_web_json_from_segment (segment);
}

static void
list_segments (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  PotooSegmentQuery query;

  if (!potoo_web_page_get_query (request, CURSOR_KIND, &query))
    return;
  query.camera = potoo_web_request_get_text (request, "camera");
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_segments (
      potoo_web_request_get_reader (request), &query, &error);
  if (rows != NULL)
    potoo_web_page_reply (request, CURSOR_KIND, &query, rows, describe_segment);
  else
    potoo_web_reply_error (request, error);
}

/* The one that the request names; NULL when it is answered: what is being deleted is gone. */
static PotooSegment *
read_segment (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSegment) segment = potoo_catalog_reader_get_segment (
      potoo_web_request_get_reader (request), potoo_web_request_get_number (request, "id"), &error);

  if (segment == NULL)
    potoo_web_reply_error (request, error);
  else if (segment->state == POTOO_SEGMENT_DELETING)
    potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, NULL,
                             _ ("This segment is being deleted"));
  else
    return g_steal_pointer (&segment);
  return NULL;
}

static void
get_segment (PotooWebRequest *request)
{
  g_autoptr (PotooSegment) segment = read_segment (request);

  if (segment != NULL)
    potoo_web_reply_object (request, 200, potoo_web_json_from_segment (segment));
}

static void
on_deleted (GObject *eviction, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  potoo_eviction_delete_finish (POTOO_EVICTION (eviction), result, &error);
  potoo_web_reply_done (request, error);
}

static void
delete_segment (PotooWebRequest *request)
{
  g_autoptr (PotooSegment) segment = read_segment (request);

  if (segment != NULL)
    potoo_eviction_delete_async (potoo_web_request_get_context (request)->eviction, segment,
                                 on_deleted, potoo_web_request_ref (request));
}

static const PotooWebParam list_params[] = {
  { .name = "camera", .type = POTOO_WEB_PARAM_SLUG, .summary = "Only of this camera" },
  POTOO_WEB_PAGE_PARAMS,
  { NULL },
};

static const PotooWebParam id_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SEGMENT, .in_path = TRUE, .summary = "The segment's id" },
  { NULL },
};

const PotooRoute potoo_web_segments_routes[] = {
  { "GET", "/api/v1/segments", POTOO_WEB_RIGHT_VIEW, list_params, POTOO_WEB_BODY_NONE,
    list_segments, "Recorded files by time" },
  { "GET", "/api/v1/segments/{id}", POTOO_WEB_RIGHT_VIEW, id_params, POTOO_WEB_BODY_NONE,
    get_segment, "One recorded file" },
  { "DELETE", "/api/v1/segments/{id}", POTOO_WEB_RIGHT_MANAGE, id_params, POTOO_WEB_BODY_NONE,
    delete_segment, "Delete a recorded file" },
  { NULL },
};
