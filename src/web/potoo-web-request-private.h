/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-connection.h"
#include "web/potoo-web-metrics.h"
#include "web/potoo-web-request.h"

G_BEGIN_DECLS

/* Between the server core's files; resources include potoo-web-request.h. */

#define POTOO_WEB_SERVER_NAME "Potoo"
#define POTOO_WEB_MAX_IN_FLIGHT 128
#define POTOO_WEB_MAX_URI_BYTES (8 * 1024)
/* Of answers that are whole in memory until their clients have taken them; small ones do not count.
 */
#define POTOO_WEB_MAX_REPLY_BYTES (64 * 1024 * 1024)
#define POTOO_WEB_SMALL_REPLY_BYTES (64 * 1024)

/* What the worker's thread works with. */
typedef struct
{
  PotooWebContext context;
  PotooCatalogReader *reader;
  PotooWebRouter *router;
  PotooWebMetrics *metrics;
  PotooWebPool *pool;
  PotooWebEventFeed *feed;
  GHashTable *requests; /* set of PotooWebRequest under way, not owned */
  guint n_streams;      /* … of which these have limits of their own */
  gsize reply_bytes;    /* of answers that are being sent */
  gint ready;           /* atomic: set by the main thread */
  gboolean stopping;
} PotooWebWorker;

/* @message: the SoupServerMessage, whose headers have come; it owns the request. libsoup's types
 * stay out of headers. (transfer none) */
PotooWebRequest *potoo_web_request_new (PotooWebWorker *worker, GObject *message);
/* The one of @message. (transfer none) (nullable) */
PotooWebRequest *potoo_web_request_of (GObject *message);

PotooWebWorker *potoo_web_request_get_worker (PotooWebRequest *request);
PotooWebConnection *potoo_web_request_get_connection (PotooWebRequest *request);
PotooWebMatch *potoo_web_request_get_match (PotooWebRequest *request);
gboolean potoo_web_request_is_answered (PotooWebRequest *request);
const char *potoo_web_request_get_method (PotooWebRequest *request);
const char *potoo_web_request_get_path (PotooWebRequest *request);  /* encoded */
const char *potoo_web_request_get_query (PotooWebRequest *request); /* encoded (nullable) */
/* Of an absolute request target, which counts more than Host (RFC 9112, 3.2.2). */
const char *potoo_web_request_get_target_host (PotooWebRequest *request);
gsize potoo_web_request_get_uri_length (PotooWebRequest *request);
/* Announced or read so far, whichever is more. */
gint64 potoo_web_request_get_body_length (PotooWebRequest *request);
GBytes *potoo_web_request_dup_body (PotooWebRequest *request);
void potoo_web_request_take_json (PotooWebRequest *request, JsonNode *body);

/* The one way out. @bytes, @body: (transfer full) (nullable), one of them */
void potoo_web_request_send (PotooWebRequest *request,
                             guint status,
                             const char *type,
                             GBytes *bytes,
                             PotooWebBody *body);
/* Answers @problem without reading the rest of the request, and closes. @request is gone. */
void potoo_web_request_send_last (PotooWebRequest *request, guint status, const char *problem);
gboolean potoo_web_request_has_valid_length (PotooWebRequest *request);
/* Holds the message until the answer comes. */
void potoo_web_request_wait (PotooWebRequest *request);

/* Answers 503 in place of a command that cannot be waited for any longer. */
void potoo_web_request_give_up (PotooWebRequest *request);

/* potoo-web-dispatch.c: when the headers have come, more of the body, all of it. */
void potoo_web_dispatch_headers (PotooWebRequest *request);
void potoo_web_dispatch_chunk (PotooWebRequest *request);
void potoo_web_dispatch_request (PotooWebRequest *request);

/* Security fields that every answer bears, as name and value pairs; ends with NULL. */
extern const char *const potoo_web_security_headers[];

G_END_DECLS
