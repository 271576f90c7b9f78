/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * How the answer to a request goes out through its SoupServerMessage: whole, or from a
 * body, chunk by chunk. A stream that has nothing to send leaves the message without a
 * chunk, on which libsoup pauses it; waking it reads on. Worker thread.
 */

#include "web/potoo-web-request.h"

#include <glib/gi18n-lib.h>
#include <libsoup/soup.h>

#include "base/potoo-log.h"
#include "web/potoo-web-reply.h"
#include "web/potoo-web-request-state.h"

const char *const potoo_web_security_headers[] = {
  "X-Content-Type-Options",
  "nosniff",
  "Content-Security-Policy",
  "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy",
  "no-referrer",
  "Cross-Origin-Resource-Policy",
  "same-origin",
  "Cache-Control",
  "no-store",
  "Connection",
  "close",
  NULL,
};

/* Through the main context each time, so that one fast client does not keep the
 * worker from the others. */
static void
resume (SoupServerMessage *message)
{
  soup_server_message_pause (message);
  soup_server_message_unpause (message);
}

static void
fail_body (PotooWebRequest *request, const GError *error)
{
  potoo_log_error (NULL, "%s: %s", request->match.route->path, error->message);
  if (error->code == POTOO_ERROR_CORRUPT)
    potoo_web_request_count_short_file (request);
  /* Too few bytes and the end of the connection tell the client. */
  soup_message_body_complete (soup_server_message_get_response_body (request->message));
}

static void
end_body (PotooWebRequest *request)
{
  g_clear_pointer (&request->body, potoo_web_body_free);
  soup_message_body_complete (soup_server_message_get_response_body (request->message));
}

/* Wrote a chunk: read the next. */
static void
send_next_chunk (SoupServerMessage *message, PotooWebRequest *request)
{
  g_autoptr (GBytes) chunk = NULL;
  g_autoptr (GError) error = NULL;

  if (request->body == NULL)
    return;
  switch (potoo_web_body_read (request->body, &chunk, &error))
    {
    case POTOO_WEB_READ_WAIT: /* without a chunk libsoup pauses by itself */
      request->idle = TRUE;
      if (request->connection != NULL)
        potoo_web_connection_set_timeout (request->connection, POTOO_WEB_NO_TIMEOUT);
      return;
    case POTOO_WEB_READ_CHUNK:
      soup_message_body_append_bytes (soup_server_message_get_response_body (message), chunk);
      break;
    case POTOO_WEB_READ_FAILED:
      fail_body (request, error);
      break;
    case POTOO_WEB_READ_END:
    default:
      end_body (request);
      break;
    }
  resume (message);
}

static void
on_stream_wakes (gpointer user_data)
{
  PotooWebRequest *request = user_data;

  if (!request->idle)
    return;
  request->idle = FALSE;
  if (request->connection != NULL)
    potoo_web_connection_set_timeout (request->connection, POTOO_WEB_WRITE_TIMEOUT_US);
  send_next_chunk (request->message, request);
}

void
potoo_web_request_hang_up (gpointer user_data)
{
  PotooWebRequest *request = user_data;

  if (request->cancellable != NULL)
    g_cancellable_cancel (request->cancellable);
  if (!request->streaming || request->body == NULL)
    return;
  potoo_web_connection_cut (request->connection);
  end_body (request);
  resume (request->message);
}

/* Without a length: it ends with the connection (RFC 9112, 6.3). */
static void
begin_stream (PotooWebRequest *request, PotooWebBody *body)
{
  request->streaming = TRUE;
  request->worker->n_streams++;
  potoo_web_body_set_wake_func (body, on_stream_wakes, request);
  potoo_web_connection_set_streaming (request->connection);
  potoo_web_connection_watch_hang_up (request->connection, potoo_web_request_hang_up, request);
}

static void
send_body (PotooWebRequest *request, PotooWebBody *body)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (request->message);

  if (potoo_web_body_is_stream (body))
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_EOF);
  else
    soup_message_headers_set_content_length (headers, (goffset) potoo_web_body_get_length (body));
  if (request->match.head)
    {
      potoo_web_body_free (body);
      return;
    }
  request->body = body;
  if (potoo_web_body_is_stream (body))
    begin_stream (request, body);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (request->message),
                                    FALSE);
  g_signal_connect (request->message, "wrote-chunk", G_CALLBACK (send_next_chunk), request);
  send_next_chunk (request->message, request);
}

static void
send_bytes (PotooWebRequest *request, GBytes *bytes)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (request->message);
  SoupMessageBody *out = soup_server_message_get_response_body (request->message);

  soup_message_headers_set_content_length (headers, (goffset) g_bytes_get_size (bytes));
  soup_message_body_append_bytes (out, bytes);
  soup_message_body_complete (out);
}

static const char *
get_phrase (guint status)
{
  return status == 421 ? "Misdirected Request" : soup_status_get_phrase (status);
}

static const char *
get_route_path (PotooWebRequest *request)
{
  return request->match.route != NULL ? request->match.route->path : NULL;
}

/* What a resource has set stands. */
static void
add_default_headers (PotooWebRequest *request, guint status, const char *type)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (request->message);

  for (guint i = 0; potoo_web_security_headers[i] != NULL; i += 2)
    if (soup_message_headers_get_one (headers, potoo_web_security_headers[i]) == NULL)
      soup_message_headers_replace (headers, potoo_web_security_headers[i],
                                    potoo_web_security_headers[i + 1]);
  if (type != NULL)
    soup_message_headers_replace (headers, "Content-Type", type);
  /* Else libsoup says that what did not change is 0 bytes long. */
  if (status == SOUP_STATUS_NOT_MODIFIED)
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_NONE);
}

/* FALSE when clients that are slow to take theirs have all the memory that there is for answers. */
static gboolean
take_memory (PotooWebRequest *request, gsize size)
{
  PotooWebWorker *worker = request->worker;

  if (size <= POTOO_WEB_SMALL_REPLY_BYTES)
    return TRUE;
  if (worker->reply_bytes > 0 && worker->reply_bytes + size > POTOO_WEB_MAX_REPLY_BYTES)
    return FALSE;
  request->reply_bytes = size;
  worker->reply_bytes += size;
  potoo_metric_set (worker->metrics->reply_bytes, (gint64) worker->reply_bytes);
  return TRUE;
}

static void
refuse_for_memory (PotooWebRequest *request)
{
  potoo_web_metrics_reject (request->worker->metrics, POTOO_WEB_REJECT_MEMORY);
  potoo_web_reply_set_header (request, "Cache-Control", "no-store");
  potoo_web_reply_problem (request, POTOO_ERROR_BUSY, 0, NULL,
                           _ ("Too much is being sent at once; try again later"));
}

void
potoo_web_request_send (PotooWebRequest *request,
                        guint status,
                        const char *type,
                        GBytes *bytes,
                        PotooWebBody *body)
{
  g_autoptr (GBytes) own_bytes = bytes;
  g_autoptr (PotooWebBody) own_body = body;

  if (request->message == NULL || request->connection == NULL || request->status != 0)
    return;
  if (own_bytes != NULL && !take_memory (request, g_bytes_get_size (own_bytes)))
    {
      refuse_for_memory (request);
      return;
    }
  request->status = status;
  potoo_web_metrics_count_request (request->worker->metrics, get_route_path (request), status);
  potoo_web_connection_set_timeout (request->connection, POTOO_WEB_WRITE_TIMEOUT_US);
  add_default_headers (request, status, type);
  soup_server_message_set_status (request->message, status, get_phrase (status));
  if (own_body != NULL)
    send_body (request, g_steal_pointer (&own_body));
  else if (own_bytes != NULL)
    send_bytes (request, own_bytes);
  if (request->waiting)
    soup_server_message_unpause (request->message);
  request->waiting = FALSE;
}

void
potoo_web_reply_set_header (PotooWebRequest *request, const char *name, const char *value)
{
  if (request->message != NULL && request->status == 0)
    soup_message_headers_replace (soup_server_message_get_response_headers (request->message), name,
                                  value);
}

void
potoo_web_request_wait (PotooWebRequest *request)
{
  if (request->message == NULL || request->connection == NULL || request->status != 0)
    return;
  request->waiting = TRUE;
  potoo_web_connection_set_timeout (request->connection, POTOO_WEB_ANSWER_TIMEOUT_US);
  soup_server_message_pause (request->message);
}

void
potoo_web_request_give_up (PotooWebRequest *request)
{
  if (!request->waiting)
    return;
  potoo_web_reply_problem (request, POTOO_ERROR_UNAVAILABLE, 0, NULL,
                           _ ("The server is stopping; whether the command was carried out "
                              "is to be seen after its start"));
  if (request->cancellable != NULL)
    g_cancellable_cancel (request->cancellable);
}

void
potoo_web_request_send_last (PotooWebRequest *request, guint status, const char *problem)
{
  g_autoptr (GString) text = g_string_new (NULL);
  PotooWebConnection *connection = request->connection;

  g_string_append_printf (text, "HTTP/1.1 %u %s\r\nServer: " POTOO_WEB_SERVER_NAME "\r\n", status,
                          get_phrase (status));
  for (guint i = 0; potoo_web_security_headers[i] != NULL; i += 2)
    g_string_append_printf (text, "%s: %s\r\n", potoo_web_security_headers[i],
                            potoo_web_security_headers[i + 1]);
  g_string_append_printf (text,
                          "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n\r\n%s",
                          strlen (problem), problem);
  if (request->status == 0)
    potoo_web_metrics_count_request (request->worker->metrics, get_route_path (request), status);
  request->status = status;
  request->complete = TRUE;
  /* Taking the connection from libsoup frees the message, and with it @request. */
  GIOStream *stream = soup_server_message_steal_connection (request->message);
  potoo_web_connection_send_last (connection, stream, text->str);
}
