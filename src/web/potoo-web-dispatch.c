/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What happens to each request before its handler: limits, guards, route,
 * parameters, right, body. In that order, so that a foreign page learns nothing about
 * what exists. Worker thread.
 */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-json.h"
#include "web/potoo-web-guard.h"
#include "web/potoo-web-reply.h"
#include "web/potoo-web-request-private.h"
#include "web/potoo-web-ui.h"

static void
reject (PotooWebRequest *request,
        PotooWebReject why,
        PotooError code,
        guint status,
        const char *detail)
{
  potoo_web_metrics_reject (potoo_web_request_get_worker (request)->metrics, why);
  potoo_web_reply_problem (request, code, status, NULL, detail);
}

/* FALSE when the request is answered: it comes at a bad time or its line is too long. */
static gboolean
check_limits (PotooWebRequest *request)
{
  PotooWebWorker *worker = potoo_web_request_get_worker (request);

  if (worker->stopping)
    reject (request, POTOO_WEB_REJECT_STOPPING, POTOO_ERROR_UNAVAILABLE, 0,
            _ ("The server is stopping"));
  else if (g_hash_table_size (worker->requests) - worker->n_streams > POTOO_WEB_MAX_IN_FLIGHT)
    reject (request, POTOO_WEB_REJECT_IN_FLIGHT, POTOO_ERROR_BUSY, 0,
            _ ("Too many requests are under way"));
  else if (potoo_web_request_get_uri_length (request) > POTOO_WEB_MAX_URI_BYTES)
    reject (request, POTOO_WEB_REJECT_URI_SIZE, POTOO_ERROR_TOO_LARGE, 414,
            _ ("The URI is longer than 8 KiB"));
  return !potoo_web_request_is_answered (request);
}

static gboolean
is_target_literal (PotooWebRequest *request)
{
  const char *host = potoo_web_request_get_target_host (request);

  return host != NULL &&
         (g_hostname_is_ip_address (host) || g_ascii_strcasecmp (host, "localhost") == 0);
}

/* Somebody followed a link in a browser, to a tab of its own (not into a frame). */
static gboolean
is_navigation (PotooWebRequest *request)
{
  return g_strcmp0 (potoo_web_request_get_method (request), "GET") == 0 &&
         g_strcmp0 (potoo_web_request_get_header (request, POTOO_WEB_HEADER_SEC_FETCH_MODE),
                    "navigate") == 0 &&
         g_strcmp0 (potoo_web_request_get_header (request, POTOO_WEB_HEADER_SEC_FETCH_DEST),
                    "document") == 0;
}

static gboolean
check_guards (PotooWebRequest *request)
{
  PotooWebConnection *connection = potoo_web_request_get_connection (request);
  const PotooWebGuardFacts facts = {
    .host = potoo_web_request_get_header (request, POTOO_WEB_HEADER_HOST),
    .origin = potoo_web_request_get_header (request, POTOO_WEB_HEADER_ORIGIN),
    .sec_fetch_site = potoo_web_request_get_header (request, POTOO_WEB_HEADER_SEC_FETCH_SITE),
    .unix_socket = potoo_web_connection_is_unix (connection),
    .navigation = is_navigation (request),
  };
  PotooWebGuard guard = potoo_web_guard_check (&facts);

  if (guard == POTOO_WEB_GUARD_PASS && !facts.unix_socket && !is_target_literal (request))
    guard = POTOO_WEB_GUARD_HOST;
  if (guard == POTOO_WEB_GUARD_HOST)
    reject (request, POTOO_WEB_REJECT_HOST, POTOO_ERROR_FORBIDDEN, 421,
            _ ("Until there is authentication, the host must be an IP address or localhost"));
  else if (guard == POTOO_WEB_GUARD_ORIGIN)
    reject (request, POTOO_WEB_REJECT_ORIGIN, POTOO_ERROR_FORBIDDEN, 0,
            _ ("Requests from pages of other origins are refused"));
  return guard == POTOO_WEB_GUARD_PASS;
}

/* What programs ask for. */
static const char *const not_pages[] = { "/api/", "/live/", "/assets/" };

/* A person in a browser is shown a page, also when there is none of that name. */
static gboolean
wants_page (PotooWebRequest *request)
{
  const char *accept = potoo_web_request_get_header (request, POTOO_WEB_HEADER_ACCEPT);

  for (gsize i = 0; i < G_N_ELEMENTS (not_pages); i++)
    if (g_str_has_prefix (potoo_web_request_get_path (request), not_pages[i]))
      return FALSE;
  return g_strcmp0 (potoo_web_request_get_method (request), "GET") == 0 && accept != NULL &&
         strstr (accept, "text/html") != NULL;
}

static gboolean
find_route (PotooWebRequest *request)
{
  PotooWebMatch *match = potoo_web_request_get_match (request);
  PotooWebMatchResult result = potoo_web_router_match (
      potoo_web_request_get_worker (request)->router, potoo_web_request_get_method (request),
      potoo_web_request_get_path (request), potoo_web_request_get_query (request), match);

  if ((result == POTOO_WEB_MATCH_NOT_FOUND || result == POTOO_WEB_MATCH_BAD) &&
      wants_page (request))
    {
      potoo_web_ui_reply_unknown (request);
      return FALSE;
    }
  switch (result)
    {
    case POTOO_WEB_MATCH_FOUND:
      return TRUE;
    case POTOO_WEB_MATCH_METHOD:
      potoo_web_reply_set_header (request, "Allow", match->allow);
      potoo_web_reply_problem (request, POTOO_ERROR_METHOD_NOT_ALLOWED, 0, NULL,
                               _ ("The resource does not have this method"));
      return FALSE;
    case POTOO_WEB_MATCH_BAD:
      potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, match->parameter,
                               match->detail);
      return FALSE;
    case POTOO_WEB_MATCH_NOT_FOUND:
    default:
      potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, NULL, _ ("No such resource"));
      return FALSE;
    }
}

/* Until there are accounts, who gets through the guards may do everything that
 * some right allows. */
static gboolean
check_right (PotooWebRequest *request)
{
  PotooWebRight right = potoo_web_request_get_match (request)->route->right;

  if (right != POTOO_WEB_RIGHT_DENY &&
      (right != POTOO_WEB_RIGHT_METRICS ||
       potoo_web_connection_is_local (potoo_web_request_get_connection (request))))
    return TRUE;
  reject (request, POTOO_WEB_REJECT_RIGHT, POTOO_ERROR_FORBIDDEN, 0, _ ("This is not allowed"));
  return FALSE;
}

static void
reject_body (PotooWebRequest *request)
{
  potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, NULL,
                           _ ("This request takes no body"));
}

static void
check_body_kind (PotooWebRequest *request)
{
  PotooWebBodyKind kind = potoo_web_request_get_match (request)->route->body;

  if (kind == POTOO_WEB_BODY_NONE)
    {
      if (potoo_web_request_get_body_length (request) > 0)
        reject_body (request);
      return;
    }
  if (!potoo_web_guard_content_type (
          potoo_web_request_get_header (request, POTOO_WEB_HEADER_CONTENT_TYPE),
          kind == POTOO_WEB_BODY_MERGE_PATCH))
    reject (request, POTOO_WEB_REJECT_MEDIA_TYPE, POTOO_ERROR_UNSUPPORTED_MEDIA_TYPE, 0,
            _ ("The body must be application/json in UTF-8"));
}

/* @request is gone afterwards. */
static void
refuse_unread (PotooWebRequest *request, PotooWebReject why, PotooError code, const char *detail)
{
  g_autofree char *problem = potoo_web_problem_to_text (code, 0, NULL, NULL, detail);

  potoo_web_metrics_reject (potoo_web_request_get_worker (request)->metrics, why);
  potoo_web_request_send_last (request, potoo_error_http_status (code), problem);
}

void
potoo_web_dispatch_headers (PotooWebRequest *request)
{
  if (!potoo_web_request_has_valid_length (request))
    refuse_unread (request, POTOO_WEB_REJECT_FRAMING, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("The length of the body is not clear"));
  else if (potoo_web_request_get_body_length (request) > POTOO_JSON_MAX_BYTES)
    refuse_unread (request, POTOO_WEB_REJECT_BODY_SIZE, POTOO_ERROR_TOO_LARGE,
                   _ ("The body is longer than 64 KiB"));
  else if (check_limits (request) && check_guards (request) && find_route (request) &&
           check_right (request))
    check_body_kind (request);
}

void
potoo_web_dispatch_chunk (PotooWebRequest *request)
{
  if (potoo_web_request_get_body_length (request) > POTOO_JSON_MAX_BYTES)
    refuse_unread (request, POTOO_WEB_REJECT_BODY_SIZE, POTOO_ERROR_TOO_LARGE,
                   _ ("The body is longer than 64 KiB"));
}

static gboolean
parse_body (PotooWebRequest *request)
{
  g_autoptr (GBytes) bytes = potoo_web_request_dup_body (request);
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (JsonNode) node = potoo_json_parse (data != NULL ? data : "", size, &error);

  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    error = potoo_error_new_at (POTOO_ERROR_INVALID_ARGUMENT, "", _ ("The body must be an object"));
  if (error != NULL)
    {
      potoo_web_reply_error (request, error);
      return FALSE;
    }
  potoo_web_request_take_json (request, g_steal_pointer (&node));
  return TRUE;
}

void
potoo_web_dispatch_request (PotooWebRequest *request)
{
  const PotooRoute *route = potoo_web_request_get_match (request)->route;

  if (potoo_web_request_is_answered (request))
    return;
  if (route->body == POTOO_WEB_BODY_NONE && potoo_web_request_get_body_length (request) > 0)
    {
      reject_body (request);
      return;
    }
  if (route->body != POTOO_WEB_BODY_NONE && !parse_body (request))
    return;
  route->handler (request);
  if (!potoo_web_request_is_answered (request))
    potoo_web_request_wait (request);
}
