/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-reply.h"

#include <string.h>

#include "base/potoo-json.h"
#include "base/potoo-text.h"
#include "web/potoo-web-request-private.h"

#define JSON_TYPE "application/json"
#define PROBLEM_TYPE "application/problem+json"
#define RETRY_AFTER_SECONDS "2"

void
potoo_web_reply_text (PotooWebRequest *request, guint status, const char *type, char *text)
{
  gsize length = strlen (text);

  potoo_web_request_send (request, status, type, g_bytes_new_take (text, length), NULL);
}

void
potoo_web_reply_bytes (PotooWebRequest *request, guint status, const char *type, GBytes *bytes)
{
  potoo_web_request_send (request, status, type, bytes, NULL);
}

void
potoo_web_reply_empty (PotooWebRequest *request, guint status)
{
  potoo_web_request_send (request, status, NULL, NULL, NULL);
}

void
potoo_web_reply_body (PotooWebRequest *request, guint status, const char *type, PotooWebBody *body)
{
  potoo_web_request_send (request, status, type, NULL, body);
}

void
potoo_web_reply_object (PotooWebRequest *request, guint status, JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  potoo_web_reply_text (request, status, JSON_TYPE, potoo_json_to_text (node));
}

void
potoo_web_reply_created (PotooWebRequest *request,
                         const char *collection,
                         gint64 id,
                         JsonObject *object)
{
  g_autofree char *text = potoo_segment_id_format (id);
  g_autofree char *location = g_strconcat (collection, "/", text, NULL);

  potoo_web_reply_set_header (request, "Location", location);
  potoo_web_reply_object (request, 201, object);
}

void
potoo_web_reply_list (PotooWebRequest *request, JsonArray *items, char *next)
{
  g_autofree char *own_next = next;
  JsonObject *object = json_object_new ();

  json_object_set_array_member (object, "items", items);
  if (own_next != NULL)
    json_object_set_string_member (object, "next", own_next);
  else
    json_object_set_null_member (object, "next");
  potoo_web_reply_object (request, 200, object);
}

/* @object: (transfer full): other members */
static char *
problem_to_text (JsonObject *object,
                 PotooError code,
                 guint status,
                 const char *pointer,
                 const char *parameter,
                 const char *detail)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *type = g_strdup_printf ("urn:potoo:error:%s", potoo_error_id (code));
  g_autofree char *valid = g_utf8_make_valid (detail, -1);

  json_object_set_string_member (object, "type", type);
  json_object_set_string_member (object, "title", potoo_error_title (code));
  json_object_set_int_member (object, "status",
                              status != 0 ? status : potoo_error_http_status (code));
  json_object_set_string_member (object, "detail", valid);
  if (pointer != NULL)
    json_object_set_string_member (object, "pointer", pointer);
  if (parameter != NULL)
    json_object_set_string_member (object, "parameter", parameter);
  json_node_take_object (node, object);
  return potoo_json_to_text (node);
}

char *
potoo_web_problem_to_text (PotooError code,
                           guint status,
                           const char *pointer,
                           const char *parameter,
                           const char *detail)
{
  return problem_to_text (json_object_new (), code, status, pointer, parameter, detail);
}

static void
send_problem (PotooWebRequest *request, PotooError code, guint status, char *text)
{
  if (status == 0)
    status = potoo_error_http_status (code);
  if (status == 503)
    potoo_web_reply_set_header (request, "Retry-After", RETRY_AFTER_SECONDS);
  potoo_web_reply_text (request, status, PROBLEM_TYPE, text);
}

static void
reply_problem (PotooWebRequest *request,
               PotooError code,
               guint status,
               const char *pointer,
               const char *parameter,
               const char *detail)
{
  send_problem (request, code, status,
                potoo_web_problem_to_text (code, status, pointer, parameter, detail));
}

void
potoo_web_reply_problem (PotooWebRequest *request,
                         PotooError code,
                         guint status,
                         const char *parameter,
                         const char *detail)
{
  reply_problem (request, code, status, NULL, parameter, detail);
}

void
potoo_web_reply_problem_with (PotooWebRequest *request,
                              PotooError code,
                              const char *detail,
                              JsonObject *members)
{
  send_problem (request, code, 0, problem_to_text (members, code, 0, NULL, NULL, detail));
}

void
potoo_web_reply_error (PotooWebRequest *request, const GError *error)
{
  reply_problem (request, potoo_error_code_of (error), 0, potoo_error_get_pointer (error), NULL,
                 error->message);
}

void
potoo_web_reply_done (PotooWebRequest *request, const GError *error)
{
  if (error == NULL)
    potoo_web_reply_empty (request, 204);
  else
    potoo_web_reply_error (request, error);
}
