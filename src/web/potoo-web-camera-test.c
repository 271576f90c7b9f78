/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Trying a camera before it is added or changed. What is sent is checked as settings of a
 * camera are; with the id of a camera it is a patch of that one's, so that the stored
 * password serves where it would serve after such a patch, and nowhere else.
 */

#include "web/potoo-web-camera-test.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-json.h"
#include "camera/potoo-camera-tester.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-reply.h"

/* Of a camera that is not there yet, for logs and counters. */
#define UNNAMED_ID "test"

static const char *const members[] = {
  "id",         "url",   "username",    "password",        "transport",
  "tls_verify", "audio", "audio_codec", "transcode_video", NULL,
};

/* What error programs may see; anything else is "failed". */
static const PotooError errors[] = {
  POTOO_ERROR_UNAUTHORIZED, POTOO_ERROR_UNREACHABLE, POTOO_ERROR_TIMEOUT,
  POTOO_ERROR_NOT_FOUND,    POTOO_ERROR_UNSUPPORTED, POTOO_ERROR_UNAVAILABLE,
};

/* --- the answer --- */

static const char *
get_error_id (PotooError error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    if (errors[i] == error)
      return potoo_error_id (error);
  return potoo_error_id (POTOO_ERROR_FAILED);
}

static JsonObject *
make_video (const PotooCameraTestResult *result)
{
  JsonObject *track = json_object_new ();

  json_object_set_string_member (track, "kind", "video");
  potoo_web_json_set_text (track, "codec", result->video_codec);
  json_object_set_int_member (track, "width", result->width);
  json_object_set_int_member (track, "height", result->height);
  if (result->fps > 0)
    json_object_set_double_member (track, "fps", (double) (gint64) (result->fps * 100 + 0.5) / 100);
  else
    json_object_set_null_member (track, "fps");
  return track;
}

static JsonObject *
make_audio (const PotooCameraTestResult *result)
{
  JsonObject *track = json_object_new ();

  json_object_set_string_member (track, "kind", "audio");
  json_object_set_string_member (track, "codec", result->audio_codec);
  return track;
}

static JsonArray *
make_tracks (const PotooCameraTestResult *result)
{
  JsonArray *tracks = json_array_new ();

  if (result->ok)
    json_array_add_object_element (tracks, make_video (result));
  if (result->ok && result->audio_codec != NULL)
    json_array_add_object_element (tracks, make_audio (result));
  return tracks;
}

static char *
make_data_url (GBytes *jpeg)
{
  gsize size;
  const guchar *data = g_bytes_get_data (jpeg, &size);
  g_autofree char *text = g_base64_encode (data, size);

  return g_strconcat ("data:image/jpeg;base64,", text, NULL);
}

static JsonObject *
make_result (const PotooCameraTestResult *result)
{
  JsonObject *object = json_object_new ();
  g_autofree char *picture = result->picture != NULL ? make_data_url (result->picture) : NULL;

  json_object_set_boolean_member (object, "ok", result->ok);
  potoo_web_json_set_text (object, "reason", result->reason);
  if (!result->ok)
    json_object_set_string_member (object, "error", get_error_id (result->error));
  potoo_web_json_set_seconds (object, "seconds", result->duration_us);
  json_object_set_array_member (object, "tracks", make_tracks (result));
  potoo_web_json_set_text (object, "picture", picture);
  return object;
}

static void
on_tested (GObject *tester, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraTestResult)
      result = potoo_camera_tester_test_finish (POTOO_CAMERA_TESTER (tester), async_result, &error);

  if (result == NULL)
    potoo_web_reply_error (request, error);
  else
    potoo_web_reply_object (request, 200, make_result (result));
}

/* --- the request --- */

static gboolean
check_members (JsonObject *body, GError **error)
{
  JsonObjectIter iter;
  const char *name;

  json_object_iter_init_ordered (&iter, body);
  while (json_object_iter_next_ordered (&iter, &name, NULL))
    if (!g_strv_contains (members, name))
      {
        g_autofree char *pointer = potoo_json_pointer_append ("", name);
        potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                            _ ("Trying a camera takes no such setting"));
        return FALSE;
      }
  return TRUE;
}

static JsonObject *
copy_with_id (JsonObject *body, const char *id)
{
  JsonObject *copy = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, body);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    json_object_set_member (copy, name, json_node_copy (node));
  json_object_set_string_member (copy, "id", id);
  return copy;
}

/* NULL without an error: @body names no camera. */
static PotooCameraSnapshot *
find_camera (PotooCameraList *cameras, JsonObject *body, GError **error)
{
  JsonNode *node = json_object_get_member (body, "id");
  PotooCameraSnapshot *snapshot = NULL;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return NULL;
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    snapshot = potoo_camera_list_get_snapshot (cameras, json_node_get_string (node));
  if (snapshot == NULL)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/id", _ ("There is no such camera"));
  return snapshot;
}

static PotooCameraSettings *
read_settings (PotooWebRequest *request, GError **error)
{
  JsonObject *body = potoo_web_request_get_body (request);
  g_autoptr (GError) own_error = NULL;

  if (!check_members (body, error))
    return NULL;
  g_autoptr (PotooCameraSnapshot)
      camera = find_camera (potoo_web_request_get_context (request)->cameras, body, &own_error);
  if (own_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&own_error));
      return NULL;
    }
  if (camera != NULL)
    return potoo_camera_settings_patch (camera->settings, body, error);
  g_autoptr (JsonObject) object = copy_with_id (body, UNNAMED_ID);
  return potoo_camera_settings_new (object, error);
}

static void
post_test (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSettings) settings = read_settings (request, &error);

  if (settings == NULL)
    potoo_web_reply_error (request, error);
  else
    potoo_camera_tester_test_async (potoo_web_request_get_context (request)->tester, settings,
                                    potoo_web_request_get_cancellable (request), on_tested,
                                    potoo_web_request_ref (request));
}

const PotooRoute potoo_web_camera_test_routes[] = {
  { "POST", "/api/v1/cameras/test", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_OBJECT, post_test,
    "Try a camera without adding it" },
  { NULL },
};
