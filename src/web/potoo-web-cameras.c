/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Cameras: reading is answered from the published snapshots, changing is a
 * command to the camera list on the main thread, whose answer comes back to the
 * worker. Worker thread.
 */

#include "web/potoo-web-cameras.h"

#include <glib/gi18n-lib.h>

#include "catalog/potoo-catalog-cameras.h"
#include "web/potoo-web-cursor.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-range.h"
#include "web/potoo-web-reply.h"

#define CURSOR_KIND 'c'

static PotooCameraList *
get_list (PotooWebRequest *request)
{
  return potoo_web_request_get_context (request)->cameras;
}

static char *
make_etag (PotooCameraSnapshot *snapshot)
{
  return g_strdup_printf ("\"v%" G_GUINT64_FORMAT "\"", snapshot->version);
}

static void
reply_camera (PotooWebRequest *request, guint status, PotooCameraSnapshot *snapshot)
{
  g_autofree char *etag = make_etag (snapshot);

  potoo_web_reply_set_header (request, "ETag", etag);
  potoo_web_reply_object (request, status, potoo_web_json_from_camera (snapshot));
}

static void
reply_not_found (PotooWebRequest *request)
{
  g_autofree char *detail = g_strdup_printf (_ ("There is no camera “%s”"),
                                             potoo_web_request_get_text (request, "id"));

  potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, NULL, detail);
}

/* --- reading --- */

static void
list_cameras (PotooWebRequest *request)
{
  g_autoptr (GPtrArray) snapshots = potoo_camera_list_get_snapshots (get_list (request));
  const char *cursor = potoo_web_request_get_text (request, "cursor");
  g_autofree char *after = cursor != NULL ? potoo_web_cursor_to_slug (cursor, CURSOR_KIND) : NULL;
  gint64 limit = potoo_web_request_get_number (request, "limit");
  JsonArray *items;
  char *next = NULL;

  if (cursor != NULL && after == NULL)
    {
      potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, "cursor",
                               _ ("The cursor is not one of this list"));
      return;
    }
  items = json_array_new ();
  for (guint i = 0; i < snapshots->len && next == NULL; i++)
    {
      PotooCameraSnapshot *snapshot = snapshots->pdata[i];
      const char *id = potoo_camera_settings_get_id (snapshot->settings);
      if (after != NULL && strcmp (id, after) <= 0)
        continue;
      json_array_add_object_element (items, potoo_web_json_from_camera (snapshot));
      if (json_array_get_length (items) == limit && i + 1 < snapshots->len)
        next = potoo_web_cursor_from_slug (CURSOR_KIND, id);
    }
  potoo_web_reply_list (request, items, next);
}

static void
get_camera (PotooWebRequest *request)
{
  const char *id = potoo_web_request_get_text (request, "id");
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_get_snapshot (get_list (request), id);

  if (snapshot == NULL)
    reply_not_found (request);
  else
    reply_camera (request, 200, snapshot);
}

gboolean
potoo_web_cameras_check_known (PotooWebRequest *request, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_get_snapshot (get_list (request), id);

  if (snapshot != NULL ||
      potoo_catalog_reader_has_recordings (potoo_web_request_get_reader (request), id, &error) == 1)
    return TRUE;
  potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, NULL,
                           _ ("There is no such camera, nor recordings of one"));
  return FALSE;
}

/* --- changing --- */

/* What is asked to become of recordings: one of the parameter's choices. */
static gboolean
recordings_are (PotooWebRequest *request, const char *choice)
{
  return strcmp (potoo_web_request_get_text (request, "recordings"), choice) == 0;
}

static void
on_added (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_add_finish (POTOO_CAMERA_LIST (list), result, &error);

  if (snapshot == NULL)
    {
      potoo_web_reply_error (request, error);
      return;
    }
  g_autofree char *location = g_strdup_printf ("/api/v1/cameras/%s",
                                               potoo_camera_settings_get_id (snapshot->settings));
  potoo_web_reply_set_header (request, "Location", location);
  reply_camera (request, 201, snapshot);
}

static void
post_camera (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSettings)
      settings = potoo_camera_settings_new (potoo_web_request_get_body (request), &error);

  if (settings == NULL)
    potoo_web_reply_error (request, error);
  else
    potoo_camera_list_add_async (get_list (request), settings, recordings_are (request, "adopt"),
                                 on_added, potoo_web_request_ref (request));
}

/* The version that If-Match asks for, 0 when it does not. FALSE when the request
 * is answered. The command checks the version again when it is its turn. */
static gboolean
get_if_version (PotooWebRequest *request, guint64 *version)
{
  const char *if_match = potoo_web_request_get_header (request, POTOO_WEB_HEADER_IF_MATCH);
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_list_get_snapshot (
      get_list (request), potoo_web_request_get_text (request, "id"));

  *version = 0;
  if (snapshot == NULL)
    {
      reply_not_found (request);
      return FALSE;
    }
  if (if_match == NULL || strcmp (if_match, "*") == 0)
    return TRUE;
  g_autofree char *etag = make_etag (snapshot);
  if (!potoo_web_etag_matches (if_match, etag, TRUE))
    {
      potoo_web_reply_problem (request, POTOO_ERROR_PRECONDITION_FAILED, 0, NULL,
                               _ ("The camera was changed since; read it again"));
      return FALSE;
    }
  *version = snapshot->version;
  return TRUE;
}

static void
on_patched (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_patch_finish (POTOO_CAMERA_LIST (list), result, &error);

  if (snapshot == NULL)
    potoo_web_reply_error (request, error);
  else
    reply_camera (request, 200, snapshot);
}

static void
patch_camera (PotooWebRequest *request)
{
  guint64 version;

  if (get_if_version (request, &version))
    potoo_camera_list_patch_async (get_list (request), potoo_web_request_get_text (request, "id"),
                                   potoo_web_request_get_body (request), version, on_patched,
                                   potoo_web_request_ref (request));
}

static void
on_removed (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  if (potoo_camera_list_remove_finish (POTOO_CAMERA_LIST (list), result, &error))
    {
      potoo_web_reply_empty (request, 204);
      return;
    }
  if (recordings_are (request, "delete"))
    potoo_retention_take_back (potoo_web_request_get_context (request)->retention,
                               potoo_web_request_get_text (request, "id"));
  potoo_web_reply_error (request, error);
}

/* Recordings are condemned first: what the catalog is told after that is durable only with it. */
static void
delete_camera (PotooWebRequest *request)
{
  const char *id = potoo_web_request_get_text (request, "id");
  guint64 version;

  if (!get_if_version (request, &version))
    return;
  if (recordings_are (request, "delete"))
    potoo_retention_condemn (potoo_web_request_get_context (request)->retention, id);
  potoo_camera_list_remove_async (get_list (request), id, version, on_removed,
                                  potoo_web_request_ref (request));
}

#define ID_PARAM                                                                                   \
  {                                                                                                \
    .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE, .summary = "The camera's id"      \
  }

static const PotooWebParam list_params[] = {
  { .name = "limit",
    .type = POTOO_WEB_PARAM_INTEGER,
    .min = 1,
    .max = 1000,
    .fallback = 100,
    .summary = "At most so many cameras" },
  { .name = "cursor", .type = POTOO_WEB_PARAM_CURSOR, .summary = "`next` of the page before" },
  { NULL },
};

static const PotooWebParam post_params[] = {
  { .name = "recordings",
    .type = POTOO_WEB_PARAM_CHOICE,
    .choices = "refuse|adopt",
    .summary = "If there are recordings of a removed camera with its id" },
  { NULL },
};

static const PotooWebParam id_params[] = {
  ID_PARAM,
  { NULL },
};

static const PotooWebParam delete_params[] = {
  ID_PARAM,
  { .name = "recordings",
    .type = POTOO_WEB_PARAM_CHOICE,
    .choices = "keep|delete",
    .summary = "What becomes of its recordings" },
  { NULL },
};

const PotooRoute potoo_web_cameras_routes[] = {
  { "GET", "/api/v1/cameras", POTOO_WEB_RIGHT_VIEW, list_params, POTOO_WEB_BODY_NONE, list_cameras,
    "Cameras by id" },
  { "POST", "/api/v1/cameras", POTOO_WEB_RIGHT_MANAGE, post_params, POTOO_WEB_BODY_OBJECT,
    post_camera, "Add a camera" },
  { "GET", "/api/v1/cameras/{id}", POTOO_WEB_RIGHT_VIEW, id_params, POTOO_WEB_BODY_NONE, get_camera,
    "One camera" },
  { "PATCH", "/api/v1/cameras/{id}", POTOO_WEB_RIGHT_MANAGE, id_params, POTOO_WEB_BODY_MERGE_PATCH,
    patch_camera, "Change settings (RFC 7396)" },
  { "DELETE", "/api/v1/cameras/{id}", POTOO_WEB_RIGHT_MANAGE, delete_params, POTOO_WEB_BODY_NONE,
    delete_camera, "Remove a camera" },
  { NULL },
};
