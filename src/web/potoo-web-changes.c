/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-changes.h"

#include <glib/gi18n-lib.h>

#include "web/potoo-web-reply.h"

#define EVENT_STREAM_TYPE "text/event-stream"

static void
get_changes (PotooWebRequest *request)
{
  const char *last_event_id = potoo_web_request_get_header (request,
                                                            POTOO_WEB_HEADER_LAST_EVENT_ID);
  PotooWebBody *body = potoo_web_event_feed_subscribe (potoo_web_request_get_feed (request),
                                                       last_event_id);

  if (body == NULL)
    potoo_web_reply_problem (request, POTOO_ERROR_BUSY, 0, NULL,
                             _ ("Too many clients follow the changes; try again later"));
  else
    potoo_web_reply_body (request, 200, EVENT_STREAM_TYPE, body);
}

const PotooRoute potoo_web_changes_routes[] = {
  { "GET", "/api/v1/changes", POTOO_WEB_RIGHT_VIEW, NULL, POTOO_WEB_BODY_NONE, get_changes,
    "Server-sent events of all that changes" },
  { NULL },
};
