/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-verify.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-json.h"
#include "web/potoo-web-reply.h"

static PotooVerifier *
get_verifier (PotooWebRequest *request)
{
  return potoo_web_request_get_context (request)->verifier;
}

static void
get_verify (PotooWebRequest *request)
{
  potoo_web_reply_object (request, 200, potoo_verifier_to_json (get_verifier (request)));
}

/* `{"repair":true}`, or nothing in it. */
static gboolean
read_repair (JsonObject *body, gboolean *repair, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  *repair = FALSE;
  json_object_iter_init_ordered (&iter, body);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      g_autofree char *pointer = potoo_json_pointer_append ("", name);
      if (!g_str_equal (name, "repair") || !JSON_NODE_HOLDS_VALUE (node) ||
          json_node_get_value_type (node) != G_TYPE_BOOLEAN)
        {
          potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                              _ ("Verification takes “repair”, true or false, and nothing else"));
          return FALSE;
        }
      *repair = json_node_get_boolean (node);
    }
  return TRUE;
}

static void
post_verify (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  gboolean repair;

  if (!read_repair (potoo_web_request_get_body (request), &repair, &error) ||
      !potoo_verifier_start (get_verifier (request), repair, &error))
    potoo_web_reply_error (request, error);
  else
    potoo_web_reply_object (request, 202, potoo_verifier_to_json (get_verifier (request)));
}

static void
delete_verify (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;

  potoo_verifier_stop (get_verifier (request), &error);
  potoo_web_reply_done (request, error);
}

const PotooRoute potoo_web_verify_routes[] = {
  { "GET", "/api/v1/verify", POTOO_WEB_RIGHT_VIEW, NULL, POTOO_WEB_BODY_NONE, get_verify,
    "How the recordings are, as far as they were verified" },
  { "POST", "/api/v1/verify", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_OBJECT, post_verify,
    "Verify the recordings" },
  { "DELETE", "/api/v1/verify", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_NONE, delete_verify,
    "End a verification that runs" },
  { NULL },
};
