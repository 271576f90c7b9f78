/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-event-draft.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json-read.h"
#include "base/potoo-json.h"

/* Clocks of others are a little ahead of ours. */
#define START_TOLERANCE_US (2 * POTOO_SECOND_US)

typedef enum
{
  END_ABSENT,
  END_NONE, /* it goes on */
  END_NOW,
  END_AT,    /* end_us */
  END_AFTER, /* duration_us */
} End;

struct _PotooEventDraft
{
  char *camera; /* (nullable) */
  PotooEventKind kind;
  gint64 start_us; /* 0: now */
  End end;
  gint64 end_us, duration_us;
  gboolean has_score, has_title, has_metadata;
  double score;
  char *title;
  JsonObject *metadata; /* (nullable) */
};

static const char *const new_names[] = {
  "camera", "kind", "start", "end", "duration", "score", "title", "metadata", NULL,
};
static const char *const patch_names[] = {
  "end", "duration", "score", "title", "metadata", NULL,
};

/* --- reading --- */

/* NULL when it is absent or null. */
static JsonNode *
get_given (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

static gboolean
read_camera (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *node = get_given (object, "camera");
  const char *text;

  if (node == NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/camera",
                          _ ("The id of the camera is needed"));
      return FALSE;
    }
  if (!potoo_json_read_string (node, "/camera", &text, error))
    return FALSE;
  if (!potoo_slug_is_valid (text))
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/camera",
                          _ ("There is no such camera"));
      return FALSE;
    }
  draft->camera = g_strdup (text);
  return TRUE;
}

static gboolean
read_kind (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *node = get_given (object, "kind");
  const char *text;

  draft->kind = POTOO_EVENT_API;
  if (node == NULL)
    return TRUE;
  if (!potoo_json_read_string (node, "/kind", &text, error))
    return FALSE;
  if (!potoo_event_kind_parse (text, &draft->kind))
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/kind",
                        _ ("Must be one of: api, motion, onvif, bookmark"));
  else if (draft->kind == POTOO_EVENT_MANUAL)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/kind",
                        _ ("Events of this kind are made by starting a manual recording"));
  else
    return TRUE;
  return FALSE;
}

/* 0 stands for none. */
static gboolean
read_time (JsonNode *node, const char *pointer, gint64 *wall_us, GError **error)
{
  if (!potoo_json_read_time (node, pointer, wall_us, error))
    return FALSE;
  *wall_us = MAX (*wall_us, 1);
  return TRUE;
}

static gboolean
read_start (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *node = get_given (object, "start");

  return node == NULL || read_time (node, "/start", &draft->start_us, error);
}

static gboolean
is_now (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING &&
         strcmp (json_node_get_string (node), "now") == 0;
}

static gboolean
read_end (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *end = json_object_get_member (object, "end");
  JsonNode *duration = get_given (object, "duration");
  double seconds;

  if (duration != NULL && end != NULL)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/duration",
                          _ ("“end” and “duration” cannot be given together"));
      return FALSE;
    }
  if (duration != NULL)
    {
      draft->end = END_AFTER;
      if (!potoo_json_read_number (duration, "/duration", 0, G_MAXINT32, &seconds, error))
        return FALSE;
      draft->duration_us = (gint64) (seconds * G_USEC_PER_SEC + 0.5);
      return TRUE;
    }
  if (end == NULL || JSON_NODE_HOLDS_NULL (end) || is_now (end))
    {
      draft->end = end == NULL ? END_ABSENT : is_now (end) ? END_NOW : END_NONE;
      return TRUE;
    }
  draft->end = END_AT;
  return read_time (end, "/end", &draft->end_us, error);
}

static gboolean
read_score (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *node = get_given (object, "score");

  draft->has_score = json_object_has_member (object, "score");
  draft->score = -1;
  return node == NULL || potoo_json_read_number (node, "/score", 0, 1, &draft->score, error);
}

static gboolean
read_title (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *node = get_given (object, "title");
  const char *text = "";

  draft->has_title = json_object_has_member (object, "title");
  if (node != NULL && !potoo_json_read_text (node, "/title", POTOO_EVENT_TITLE_MAX, &text, error))
    return FALSE;
  draft->title = g_strdup (text);
  return TRUE;
}

static gboolean
read_metadata (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  JsonNode *node = get_given (object, "metadata");

  draft->has_metadata = json_object_has_member (object, "metadata");
  if (node != NULL && !potoo_json_read_object (node, "/metadata", &draft->metadata, error))
    return FALSE;
  if (draft->metadata != NULL)
    json_object_ref (draft->metadata);
  return TRUE;
}

static gboolean
read_rest (PotooEventDraft *draft, JsonObject *object, GError **error)
{
  return read_end (draft, object, error) && read_score (draft, object, error) &&
         read_title (draft, object, error) && read_metadata (draft, object, error);
}

PotooEventDraft *
potoo_event_draft_new (JsonObject *object, GError **error)
{
  g_autoptr (PotooEventDraft) draft = g_new0 (PotooEventDraft, 1);

  if (!potoo_json_read_names (object, new_names, error) || !read_camera (draft, object, error) ||
      !read_kind (draft, object, error) || !read_start (draft, object, error) ||
      !read_rest (draft, object, error))
    return NULL;
  return g_steal_pointer (&draft);
}

PotooEventDraft *
potoo_event_draft_new_patch (JsonObject *object, GError **error)
{
  g_autoptr (PotooEventDraft) draft = g_new0 (PotooEventDraft, 1);

  if (!potoo_json_read_names (object, patch_names, error) || !read_rest (draft, object, error))
    return NULL;
  return g_steal_pointer (&draft);
}

PotooEventDraft *
potoo_event_draft_new_manual (const char *camera, gint64 duration_us)
{
  PotooEventDraft *draft = g_new0 (PotooEventDraft, 1);

  draft->camera = g_strdup (camera);
  draft->kind = POTOO_EVENT_MANUAL;
  draft->end = duration_us > 0 ? END_AFTER : END_NONE;
  draft->duration_us = duration_us;
  return draft;
}

PotooEventDraft *
potoo_event_draft_new_end (gint64 end_us)
{
  PotooEventDraft *draft = g_new0 (PotooEventDraft, 1);

  draft->end = end_us != 0 ? END_AT : END_NONE;
  draft->end_us = end_us;
  return draft;
}

PotooEventDraft *
potoo_event_draft_new_end_now (void)
{
  PotooEventDraft *draft = g_new0 (PotooEventDraft, 1);

  draft->end = END_NOW;
  return draft;
}

void
potoo_event_draft_free (PotooEventDraft *draft)
{
  g_free (draft->camera);
  g_free (draft->title);
  g_clear_pointer (&draft->metadata, json_object_unref);
  g_free (draft);
}

const char *
potoo_event_draft_get_camera (const PotooEventDraft *draft)
{
  return draft->camera;
}

gboolean
potoo_event_draft_ends_now (const PotooEventDraft *draft)
{
  return draft->end == END_NOW;
}

/* --- applying: the times --- */

static gboolean
is_new (const PotooEventDraft *draft)
{
  return draft->camera != NULL;
}

/* 0: it goes on. */
static gint64
find_end (const PotooEventDraft *draft, const PotooEvent *event, gint64 now_us, gint64 max_us)
{
  switch (draft->end)
    {
    case END_NOW: /* the clock may have been set, back or ahead */
      return CLAMP (now_us, event->start_us, event->start_us + max_us);
    case END_AT:
      return draft->end_us;
    case END_AFTER:
      return event->start_us + draft->duration_us;
    case END_NONE:
      return 0;
    case END_ABSENT:
    default:
      return event->end_us;
    }
}

static gboolean
check_times (const PotooEventDraft *draft,
             const PotooEvent *event,
             gint64 now_us,
             gint64 max_us,
             GError **error)
{
  gint64 end_us = event->end_us != 0 ? event->end_us : now_us;
  const char *place = draft->end == END_AFTER ? "/duration"
                      : draft->end == END_AT  ? "/end"
                                              : "/start";

  if (end_us < event->start_us)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, place,
                        _ ("The end must not be before the start"));
  else if (end_us - event->start_us > max_us)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, place,
                        _ ("An event lasts at most %d seconds"), (int) (max_us / G_USEC_PER_SEC));
  else
    return TRUE;
  return FALSE;
}

/* A bookmark is of a moment or a time, it does not go on. */
static gboolean
apply_times (const PotooEventDraft *draft,
             PotooEvent *event,
             gint64 now_us,
             gint64 max_us,
             GError **error)
{
  if (draft->start_us > now_us + START_TOLERANCE_US)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/start",
                          _ ("An event cannot start in the future"));
      return FALSE;
    }
  if (is_new (draft))
    event->start_us = draft->start_us != 0 ? MIN (draft->start_us, now_us) : now_us;
  else if (draft->end == END_ABSENT)
    return TRUE;
  event->end_us = find_end (draft, event, now_us, max_us);
  if (event->kind == POTOO_EVENT_BOOKMARK && event->end_us == 0)
    event->end_us = event->start_us;
  return check_times (draft, event, now_us, max_us, error);
}

/* --- applying: the metadata --- */

/* (transfer full) (nullable) */
static JsonObject *
parse_metadata (const char *text)
{
  g_autoptr (JsonNode) node = text != NULL ? potoo_json_parse (text, strlen (text), NULL) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_dup_object (node) : NULL;
}

/* RFC 7396. @target: (nullable). (transfer full) */
static JsonObject *
merge (JsonObject *target, JsonObject *patch)
{
  JsonObject *merged = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (target != NULL)
    {
      json_object_iter_init_ordered (&iter, target);
      while (json_object_iter_next_ordered (&iter, &name, &node))
        json_object_set_member (merged, name, json_node_copy (node));
    }
  json_object_iter_init_ordered (&iter, patch);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      JsonNode *old = json_object_get_member (merged, name);
      if (JSON_NODE_HOLDS_NULL (node))
        json_object_remove_member (merged, name);
      else if (JSON_NODE_HOLDS_OBJECT (node))
        json_object_set_object_member (
            merged, name,
            merge (old != NULL && JSON_NODE_HOLDS_OBJECT (old) ? json_node_get_object (old) : NULL,
                   json_node_get_object (node)));
      else
        json_object_set_member (merged, name, json_node_copy (node));
    }
  return merged;
}

static char *
metadata_to_text (JsonObject *metadata)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), metadata);

  return potoo_json_to_text (node);
}

static char *
merge_metadata (const PotooEvent *event, JsonObject *patch)
{
  g_autoptr (JsonObject) old = parse_metadata (event->metadata);
  g_autoptr (JsonObject) merged = merge (old, patch);

  return metadata_to_text (merged);
}

static gboolean
apply_metadata (const PotooEventDraft *draft, PotooEvent *event, GError **error)
{
  g_autofree char *text = draft->metadata == NULL ? NULL
                          : is_new (draft)        ? metadata_to_text (draft->metadata)
                                                  : merge_metadata (event, draft->metadata);

  if (text != NULL && strlen (text) > POTOO_EVENT_METADATA_MAX_BYTES)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/metadata",
                          _ ("Must be at most %d bytes"), POTOO_EVENT_METADATA_MAX_BYTES);
      return FALSE;
    }
  g_free (event->metadata);
  event->metadata = g_steal_pointer (&text);
  return TRUE;
}

gboolean
potoo_event_draft_apply (const PotooEventDraft *draft,
                         PotooEvent *event,
                         gint64 now_us,
                         gint64 max_us,
                         GError **error)
{
  if (is_new (draft))
    {
      g_strlcpy (event->camera, draft->camera, sizeof event->camera);
      event->kind = draft->kind;
    }
  if (!apply_times (draft, event, now_us, max_us, error))
    return FALSE;
  if (draft->has_metadata && !apply_metadata (draft, event, error))
    return FALSE;
  if (draft->has_score)
    event->score = draft->score;
  if (draft->has_title)
    {
      g_free (event->title);
      event->title = g_strdup (draft->title);
    }
  return TRUE;
}
