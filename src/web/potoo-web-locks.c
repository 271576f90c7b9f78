/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-locks.h"

#include "catalog/potoo-catalog-locks.h"
#include "record/potoo-lock-list.h"
#include "web/potoo-web-json.h"
#include "web/potoo-web-page.h"
#include "web/potoo-web-reply.h"

#define CURSOR_KIND 'l'

static PotooLockList *
get_list (PotooWebRequest *request)
{
  return potoo_web_request_get_context (request)->locks;
}

static gint64
get_id (PotooWebRequest *request)
{
  return potoo_web_request_get_number (request, "id");
}

/* --- reading --- */

static JsonObject *
describe_lock (gconstpointer row, PotooWebPlace *place)
{
  const PotooLock *lock = row;

  *place = (PotooWebPlace){ lock->start_us, lock->id };
  return potoo_web_json_from_lock (lock);
}

static void
list_locks (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  PotooSegmentQuery query;

  if (!potoo_web_page_get_query (request, CURSOR_KIND, &query))
    return;
  query.camera = potoo_web_request_get_text (request, "camera");
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_locks (
      potoo_web_request_get_reader (request), &query, &error);
  if (rows != NULL)
    potoo_web_page_reply (request, CURSOR_KIND, &query, rows, describe_lock);
  else
    potoo_web_reply_error (request, error);
}

static void
reply_lock (PotooWebRequest *request, const PotooLock *lock, const GError *error)
{
  if (lock != NULL)
    potoo_web_reply_object (request, 200, potoo_web_json_from_lock (lock));
  else
    potoo_web_reply_error (request, error);
}

static void
get_lock (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooLock) lock = potoo_catalog_reader_get_lock (
      potoo_web_request_get_reader (request), get_id (request), &error);

  reply_lock (request, lock, error);
}

/* --- changing --- */

static void
on_added (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooLock) lock = potoo_lock_list_add_finish (POTOO_LOCK_LIST (list), result, &error);

  if (lock != NULL)
    potoo_web_reply_created (request, "/api/v1/locks", lock->id, potoo_web_json_from_lock (lock));
  else
    potoo_web_reply_error (request, error);
}

static void
post_lock (PotooWebRequest *request)
{
  potoo_lock_list_add_async (get_list (request), potoo_web_request_get_body (request), on_added,
                             potoo_web_request_ref (request));
}

static void
on_changed (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooLock)
      lock = potoo_lock_list_change_finish (POTOO_LOCK_LIST (list), result, &error);

  reply_lock (request, lock, error);
}

static void
patch_lock (PotooWebRequest *request)
{
  potoo_lock_list_change_async (get_list (request), get_id (request),
                                potoo_web_request_get_body (request), on_changed,
                                potoo_web_request_ref (request));
}

static void
on_removed (GObject *list, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  potoo_lock_list_remove_finish (POTOO_LOCK_LIST (list), result, &error);
  potoo_web_reply_done (request, error);
}

static void
delete_lock (PotooWebRequest *request)
{
  potoo_lock_list_remove_async (get_list (request), get_id (request), on_removed,
                                potoo_web_request_ref (request));
}

static const PotooWebParam list_params[] = {
  { .name = "camera", .type = POTOO_WEB_PARAM_SLUG, .summary = "Only of this camera" },
  POTOO_WEB_PAGE_PARAMS,
  { NULL },
};

static const PotooWebParam id_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SEGMENT, .in_path = TRUE, .summary = "The lock's id" },
  { NULL },
};

const PotooRoute potoo_web_locks_routes[] = {
  { "GET", "/api/v1/locks", POTOO_WEB_RIGHT_VIEW, list_params, POTOO_WEB_BODY_NONE, list_locks,
    "Locks by time" },
  { "POST", "/api/v1/locks", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_OBJECT, post_lock,
    "Lock recordings against eviction" },
  { "GET", "/api/v1/locks/{id}", POTOO_WEB_RIGHT_VIEW, id_params, POTOO_WEB_BODY_NONE, get_lock,
    "One lock" },
  { "PATCH", "/api/v1/locks/{id}", POTOO_WEB_RIGHT_MANAGE, id_params, POTOO_WEB_BODY_MERGE_PATCH,
    patch_lock, "Change a lock (RFC 7396)" },
  { "DELETE", "/api/v1/locks/{id}", POTOO_WEB_RIGHT_MANAGE, id_params, POTOO_WEB_BODY_NONE,
    delete_lock, "Take a lock away" },
  { NULL },
};
