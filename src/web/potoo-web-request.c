/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A request on libsoup's SoupServerMessage. The message owns the request, as
 * data on itself: when libsoup lets the message go, for whatever reason (answered, client
 * gone, connection cut), the request is detached, and what a late command then
 * answers goes nowhere. Worker thread.
 */

#include "web/potoo-web-request.h"

#include <glib/gi18n-lib.h>
#include <libsoup/soup.h>

#include "web/potoo-web-reply.h"
#include "web/potoo-web-request-state.h"

static const char *const header_names[POTOO_WEB_N_HEADERS] = {
  [POTOO_WEB_HEADER_HOST] = "Host",
  [POTOO_WEB_HEADER_ORIGIN] = "Origin",
  [POTOO_WEB_HEADER_SEC_FETCH_SITE] = "Sec-Fetch-Site",
  [POTOO_WEB_HEADER_SEC_FETCH_MODE] = "Sec-Fetch-Mode",
  [POTOO_WEB_HEADER_SEC_FETCH_DEST] = "Sec-Fetch-Dest",
  [POTOO_WEB_HEADER_ACCEPT] = "Accept",
  [POTOO_WEB_HEADER_ACCEPT_ENCODING] = "Accept-Encoding",
  [POTOO_WEB_HEADER_CONTENT_TYPE] = "Content-Type",
  [POTOO_WEB_HEADER_IF_MATCH] = "If-Match",
  [POTOO_WEB_HEADER_IF_NONE_MATCH] = "If-None-Match",
  [POTOO_WEB_HEADER_IF_RANGE] = "If-Range",
  [POTOO_WEB_HEADER_LAST_EVENT_ID] = "Last-Event-ID",
  [POTOO_WEB_HEADER_RANGE] = "Range",
};

static G_DEFINE_QUARK (potoo - web - request, potoo_web_request);

PotooWebRequest *
potoo_web_request_ref (PotooWebRequest *request)
{
  g_atomic_ref_count_inc (&request->ref_count);
  return request;
}

void
potoo_web_request_unref (PotooWebRequest *request)
{
  if (!g_atomic_ref_count_dec (&request->ref_count))
    return;
  potoo_web_match_clear (&request->match);
  g_clear_pointer (&request->json, json_node_unref);
  g_clear_pointer (&request->body, potoo_web_body_free);
  g_clear_object (&request->cancellable);
  for (guint i = 0; i < POTOO_WEB_N_HEADERS; i++)
    g_free (request->headers[i]);
  g_free (request);
}

/* The message is going: the end of every request. */
static void
detach (gpointer user_data)
{
  PotooWebRequest *request = user_data;
  PotooWebWorker *worker = request->worker;

  request->message = NULL;
  g_clear_pointer (&request->body, potoo_web_body_free);
  if (request->streaming)
    worker->n_streams--;
  worker->reply_bytes -= request->reply_bytes;
  potoo_metric_set (worker->metrics->reply_bytes, (gint64) worker->reply_bytes);
  if (request->connection != NULL)
    {
      potoo_web_connection_unwatch_hang_up (request->connection);
      potoo_web_connection_set_request (request->connection, NULL, NULL, NULL);
    }
  request->connection = NULL;
  if (request->cancellable != NULL)
    g_cancellable_cancel (request->cancellable);
  g_hash_table_remove (worker->requests, request);
  potoo_metric_set (worker->metrics->in_flight, g_hash_table_size (worker->requests));
  if (!request->complete)
    potoo_metric_add (worker->metrics->aborted, 1);
  potoo_web_request_unref (request);
}

static gboolean
expire (gpointer user_data)
{
  PotooWebRequest *request = user_data;

  if (request->status != 0 || !request->waiting)
    return FALSE;
  potoo_web_reply_problem (request, POTOO_ERROR_TIMEOUT, 0, NULL, _ ("The command took too long"));
  if (request->cancellable != NULL)
    g_cancellable_cancel (request->cancellable);
  return TRUE;
}

static void
on_finished (SoupServerMessage *message, PotooWebRequest *request)
{
  request->complete = request->status != 0 && request->body == NULL;
}

static void
on_wrote_body_data (SoupServerMessage *message, guint size, PotooWebRequest *request)
{
  potoo_metric_add (request->worker->metrics->sent_bytes, size);
  if (request->connection != NULL)
    potoo_web_connection_set_timeout (request->connection, POTOO_WEB_WRITE_TIMEOUT_US);
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, PotooWebRequest *request)
{
  request->received_bytes += (gint64) g_bytes_get_size (chunk);
  potoo_web_dispatch_chunk (request);
}

/* libsoup cuts ranges out of buffered answers by itself; only files have ranges
 * here. */
static void
copy_headers (PotooWebRequest *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (request->message);

  for (guint i = 0; i < POTOO_WEB_N_HEADERS; i++)
    request->headers[i] = g_strdup (soup_message_headers_get_list (headers, header_names[i]));
  soup_message_headers_remove (headers, "Range");
}

PotooWebRequest *
potoo_web_request_new (PotooWebWorker *worker, GObject *message)
{
  PotooWebRequest *request = g_new0 (PotooWebRequest, 1);

  g_atomic_ref_count_init (&request->ref_count);
  request->worker = worker;
  request->message = SOUP_SERVER_MESSAGE (message);
  request->connection = potoo_web_connection_find (
      soup_server_message_get_remote_address (request->message));
  copy_headers (request);
  g_hash_table_add (worker->requests, request);
  potoo_metric_set (worker->metrics->in_flight, g_hash_table_size (worker->requests));
  potoo_web_connection_set_request (request->connection, request, expire, &request->connection);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), request);
  g_signal_connect (message, "wrote-body-data", G_CALLBACK (on_wrote_body_data), request);
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), request);
  g_object_set_qdata_full (message, potoo_web_request_quark (), request, detach);
  return request;
}

PotooWebRequest *
potoo_web_request_of (GObject *message)
{
  return g_object_get_qdata (message, potoo_web_request_quark ());
}

/* RFC 9112, 6.3: digits, and not beside a transfer coding. libsoup takes more, even
 * negative lengths. */
gboolean
potoo_web_request_has_valid_length (PotooWebRequest *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (request->message);
  const char *length = soup_message_headers_get_list (headers, "Content-Length");

  if (length == NULL)
    return TRUE;
  return length[0] != '\0' && length[strspn (length, "0123456789")] == '\0' &&
         strlen (length) <= 18 &&
         soup_message_headers_get_list (headers, "Transfer-Encoding") == NULL;
}

void
potoo_web_request_count_short_file (PotooWebRequest *request)
{
  potoo_metric_add (request->worker->metrics->short_files, 1);
}

void
potoo_web_request_count_unreadable_indexes (PotooWebRequest *request, guint n)
{
  potoo_metric_add (request->worker->metrics->unreadable_indexes, n);
}

/* --- accessors --- */

const PotooWebContext *
potoo_web_request_get_context (PotooWebRequest *request)
{
  return &request->worker->context;
}

GCancellable *
potoo_web_request_get_cancellable (PotooWebRequest *request)
{
  if (request->cancellable == NULL)
    {
      request->cancellable = g_cancellable_new ();
      if (request->connection != NULL)
        potoo_web_connection_watch_hang_up (request->connection, potoo_web_request_hang_up,
                                            request);
    }
  return request->cancellable;
}

PotooWebEventFeed *
potoo_web_request_get_feed (PotooWebRequest *request)
{
  return request->worker->feed;
}

PotooCatalogReader *
potoo_web_request_get_reader (PotooWebRequest *request)
{
  return request->worker->reader;
}

gboolean
potoo_web_request_is_server_ready (PotooWebRequest *request)
{
  return g_atomic_int_get (&request->worker->ready) && !request->worker->stopping;
}

static const PotooWebValue *
get_value (PotooWebRequest *request, const char *name)
{
  static const PotooWebValue nothing;
  const PotooWebValue *value = potoo_web_match_get (&request->match, name);

  g_return_val_if_fail (value != NULL, &nothing);
  return value;
}

gboolean
potoo_web_request_has (PotooWebRequest *request, const char *name)
{
  return get_value (request, name)->present;
}

const char *
potoo_web_request_get_text (PotooWebRequest *request, const char *name)
{
  return get_value (request, name)->text;
}

gint64
potoo_web_request_get_number (PotooWebRequest *request, const char *name)
{
  return get_value (request, name)->number;
}

void
potoo_web_request_get_window (PotooWebRequest *request,
                              gint64 now_us,
                              gint64 length_us,
                              gint64 *start_us,
                              gint64 *end_us)
{
  const PotooWebValue *start = get_value (request, "start"), *end = get_value (request, "end");

  *end_us = end->present ? end->number : now_us;
  *start_us = start->present ? start->number : MAX (*end_us - length_us, 0);
}

JsonObject *
potoo_web_request_get_body (PotooWebRequest *request)
{
  return json_node_get_object (request->json);
}

const char *
potoo_web_request_get_header (PotooWebRequest *request, PotooWebHeader header)
{
  return request->headers[header];
}

PotooWebWorker *
potoo_web_request_get_worker (PotooWebRequest *request)
{
  return request->worker;
}

PotooWebConnection *
potoo_web_request_get_connection (PotooWebRequest *request)
{
  return request->connection;
}

PotooWebMatch *
potoo_web_request_get_match (PotooWebRequest *request)
{
  return &request->match;
}

gboolean
potoo_web_request_is_answered (PotooWebRequest *request)
{
  return request->status != 0;
}

const char *
potoo_web_request_get_method (PotooWebRequest *request)
{
  return soup_server_message_get_method (request->message);
}

const char *
potoo_web_request_get_path (PotooWebRequest *request)
{
  return g_uri_get_path (soup_server_message_get_uri (request->message));
}

const char *
potoo_web_request_get_query (PotooWebRequest *request)
{
  return g_uri_get_query (soup_server_message_get_uri (request->message));
}

const char *
potoo_web_request_get_target_host (PotooWebRequest *request)
{
  return g_uri_get_host (soup_server_message_get_uri (request->message));
}

gsize
potoo_web_request_get_uri_length (PotooWebRequest *request)
{
  const char *query = potoo_web_request_get_query (request);

  return strlen (potoo_web_request_get_path (request)) + (query != NULL ? strlen (query) : 0);
}

gint64
potoo_web_request_get_body_length (PotooWebRequest *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (request->message);

  return MAX (request->received_bytes, soup_message_headers_get_content_length (headers));
}

GBytes *
potoo_web_request_dup_body (PotooWebRequest *request)
{
  return soup_message_body_flatten (soup_server_message_get_request_body (request->message));
}

void
potoo_web_request_take_json (PotooWebRequest *request, JsonNode *body)
{
  request->json = body;
}
