/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-lock-draft.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json-read.h"

static const char *const new_names[] = { "camera", "start", "end", "reason", "expires", NULL };
static const char *const patch_names[] = { "start", "end", "reason", "expires", NULL };

static gboolean
read_camera (PotooLock *lock, JsonObject *object, GError **error)
{
  const char *text;

  if (!potoo_json_read_string (json_object_get_member (object, "camera"), "/camera", &text, error))
    return FALSE;
  if (!potoo_slug_is_valid (text))
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/camera",
                          _ ("There is no such camera"));
      return FALSE;
    }
  g_strlcpy (lock->camera, text, sizeof lock->camera);
  return TRUE;
}

static gboolean
read_times (PotooLock *lock, JsonObject *object, GError **error)
{
  JsonNode *start = json_object_get_member (object, "start");
  JsonNode *end = json_object_get_member (object, "end");

  if ((start != NULL && !potoo_json_read_time (start, "/start", &lock->start_us, error)) ||
      (end != NULL && !potoo_json_read_time (end, "/end", &lock->end_us, error)))
    return FALSE;
  if (lock->end_us <= lock->start_us)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/end",
                        _ ("The end must be after the start"));
  else if (lock->end_us - lock->start_us > POTOO_LOCK_MAX_US)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/end",
                        _ ("A lock is of at most %d days; a longer time takes several"),
                        (int) (POTOO_LOCK_MAX_US / POTOO_DAY_US));
  else
    return TRUE;
  return FALSE;
}

static gboolean
read_reason (PotooLock *lock, JsonObject *object, GError **error)
{
  JsonNode *node = json_object_get_member (object, "reason");
  const char *text;

  if (node == NULL)
    return TRUE;
  if (!potoo_json_read_text (node, "/reason", POTOO_LOCK_REASON_MAX, &text, error))
    return FALSE;
  g_free (lock->reason);
  lock->reason = g_strdup (text);
  return TRUE;
}

static gboolean
read_expires (PotooLock *lock, JsonObject *object, gint64 now_us, GError **error)
{
  JsonNode *node = json_object_get_member (object, "expires");

  if (node == NULL)
    return TRUE;
  lock->expires_us = 0;
  if (JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!potoo_json_read_time (node, "/expires", &lock->expires_us, error))
    return FALSE;
  if (lock->expires_us > now_us)
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/expires",
                      _ ("A lock must expire in the future, or never"));
  return FALSE;
}

static gboolean
read_all (PotooLock *lock, JsonObject *object, gint64 now_us, GError **error)
{
  return read_times (lock, object, error) && read_reason (lock, object, error) &&
         read_expires (lock, object, now_us, error);
}

static gboolean
check_required (JsonObject *object, GError **error)
{
  static const char *const required[] = { "camera", "start", "end", "reason" };

  for (gsize i = 0; i < G_N_ELEMENTS (required); i++)
    if (!json_object_has_member (object, required[i]))
      {
        g_autofree char *pointer = g_strconcat ("/", required[i], NULL);
        potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Is needed"));
        return FALSE;
      }
  return TRUE;
}

PotooLock *
potoo_lock_draft_new (JsonObject *object, gint64 now_us, GError **error)
{
  g_autoptr (PotooLock) lock = g_new0 (PotooLock, 1);

  lock->created_us = now_us;
  if (!potoo_json_read_names (object, new_names, error) || !check_required (object, error) ||
      !read_camera (lock, object, error) || !read_all (lock, object, now_us, error))
    return NULL;
  return g_steal_pointer (&lock);
}

gboolean
potoo_lock_draft_patch (PotooLock *lock, JsonObject *patch, gint64 now_us, GError **error)
{
  return potoo_json_read_names (patch, patch_names, error) && read_all (lock, patch, now_us, error);
}
