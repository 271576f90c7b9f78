/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "base/potoo-error.h"
#include "web/potoo-web-body.h"
#include "web/potoo-web-event-feed.h"
#include "web/potoo-web-router.h"
#include "web/potoo-web-server.h"

G_BEGIN_DECLS

/**
 * PotooWebRequest:
 *
 * One request and its answer, as the resources see it: the route matched, the
 * parameters and the body checked against its table, the caller allowed.
 * A handler answers exactly once, with one of the `reply` functions of
 * potoo-web-reply.h: at once, or later in the worker's context after an `_async` command; then it
 * holds a reference meanwhile. When the client has gone, or the request was answered
 * for it (time-out, shutdown), answering does nothing.
 *
 * Server-sent events are a PotooWebBody without an end, WebSocket will be another kind of answer
 * that takes the connection over. Worker thread only.
 */

PotooWebRequest *potoo_web_request_ref (PotooWebRequest *request);
void potoo_web_request_unref (PotooWebRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWebRequest, potoo_web_request_unref)

const PotooWebContext *potoo_web_request_get_context (PotooWebRequest *request);
PotooCatalogReader *potoo_web_request_get_reader (PotooWebRequest *request);
PotooWebEventFeed *potoo_web_request_get_feed (PotooWebRequest *request);
/* Cancelled when nobody waits for the answer any more: the client has gone, or the request
 * was answered for the handler. For commands that change nothing. (transfer none) */
GCancellable *potoo_web_request_get_cancellable (PotooWebRequest *request);
gboolean potoo_web_request_is_server_ready (PotooWebRequest *request);

/* Parameters by name, with the fallback of the table when absent. Text: NULL
 * when absent without fallback. */
gboolean potoo_web_request_has (PotooWebRequest *request, const char *name);
const char *potoo_web_request_get_text (PotooWebRequest *request, const char *name);
gint64 potoo_web_request_get_number (PotooWebRequest *request, const char *name);
/* From the parameter `start` (@length_us before the end if absent) to `end` (@now_us if absent). */
void potoo_web_request_get_window (PotooWebRequest *request,
                                   gint64 now_us,
                                   gint64 length_us,
                                   gint64 *start_us,
                                   gint64 *end_us);

/* The body of a route that takes one. (transfer none) */
JsonObject *potoo_web_request_get_body (PotooWebRequest *request);

typedef enum
{
  POTOO_WEB_HEADER_HOST,
  POTOO_WEB_HEADER_ORIGIN,
  POTOO_WEB_HEADER_SEC_FETCH_SITE,
  POTOO_WEB_HEADER_SEC_FETCH_MODE,
  POTOO_WEB_HEADER_SEC_FETCH_DEST,
  POTOO_WEB_HEADER_ACCEPT,
  POTOO_WEB_HEADER_ACCEPT_ENCODING,
  POTOO_WEB_HEADER_CONTENT_TYPE,
  POTOO_WEB_HEADER_IF_MATCH,
  POTOO_WEB_HEADER_IF_NONE_MATCH,
  POTOO_WEB_HEADER_IF_RANGE,
  POTOO_WEB_HEADER_LAST_EVENT_ID,
  POTOO_WEB_HEADER_RANGE,
  POTOO_WEB_N_HEADERS,
} PotooWebHeader;

const char *potoo_web_request_get_header (PotooWebRequest *request, PotooWebHeader header);

/* Counts a file that is shorter than its row says. */
void potoo_web_request_count_short_file (PotooWebRequest *request);
/* Counts segments that a playlist leaves out because their index is damaged. */
void potoo_web_request_count_unreadable_indexes (PotooWebRequest *request, guint n);

G_END_DECLS
