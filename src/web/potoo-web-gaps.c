/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-gaps.h"

#include "catalog/potoo-catalog-gaps.h"
#include "web/potoo-web-cameras.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-page.h"
#include "web/potoo-web-reply.h"

#define CURSOR_KIND 'g'

static JsonObject *
describe_gap (gconstpointer row, PotooWebPlace *place)
{
  const PotooGap *gap = row;

  *place = (PotooWebPlace){ gap->start_us, gap->id };
  return potoo_web_json_from_gap (gap);
}

static void
list_gaps (PotooWebRequest *request)
{
  const char *camera = potoo_web_request_get_text (request, "id");
  g_autoptr (GError) error = NULL;
  PotooSegmentQuery query;

  if (!potoo_web_page_get_query (request, CURSOR_KIND, &query))
    return;
  query.camera = camera;
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_gaps (
      potoo_web_request_get_reader (request), &query, &error);
  if (rows == NULL)
    potoo_web_reply_error (request, error);
  else if (rows->len > 0 || potoo_web_cameras_check_known (request, camera))
    potoo_web_page_reply (request, CURSOR_KIND, &query, rows, describe_gap);
}

static const PotooWebParam params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id" },
  POTOO_WEB_PAGE_PARAMS,
  { NULL },
};

const PotooRoute potoo_web_gaps_routes[] = {
  { "GET", "/api/v1/cameras/{id}/gaps", POTOO_WEB_RIGHT_VIEW, params, POTOO_WEB_BODY_NONE,
    list_gaps, "Times that should have been recorded and were not" },
  { NULL },
};
