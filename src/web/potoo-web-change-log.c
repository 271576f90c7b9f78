/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The events are in a ring of pointers: event NUMBER is in slot NUMBER modulo its
 * size. Those from `oldest` to before `end` are there.
 */

#include "web/potoo-web-change-log.h"

#include <string.h>

#include "base/potoo-json.h"
#include "base/potoo-metrics.h"
#include "web/potoo-web-json.h"

typedef struct
{
  PotooWebChangeWakeFunc wake;
  gpointer user_data;
} Watch;

struct _PotooWebChangeLog
{
  gatomicrefcount ref_count;
  char *name; /* LOG of the ids */
  PotooMetric *n_events;
  PotooMetric *kept_bytes;

  GMutex lock; /* protects all that follows */
  GBytes *ring[POTOO_WEB_CHANGE_LOG_EVENTS];
  guint64 oldest, end;
  gsize bytes;
  GArray *watches; /* Watch */
};

PotooWebChangeLog *
potoo_web_change_log_new (void)
{
  PotooWebChangeLog *log = g_new0 (PotooWebChangeLog, 1);

  g_atomic_ref_count_init (&log->ref_count);
  g_mutex_init (&log->lock);
  log->name = g_strdup_printf ("%08x%08x", g_random_int (), g_random_int ());
  log->watches = g_array_new (FALSE, FALSE, sizeof (Watch));
  log->n_events = potoo_metric_new_counter ("potoo_changes_events_total",
                                            "Events published for /api/v1/changes.", NULL);
  log->kept_bytes = potoo_metric_new_gauge ("potoo_changes_log_bytes",
                                            "Events kept for /api/v1/changes.", NULL);
  return log;
}

PotooWebChangeLog *
potoo_web_change_log_ref (PotooWebChangeLog *log)
{
  g_atomic_ref_count_inc (&log->ref_count);
  return log;
}

static GBytes **
slot (PotooWebChangeLog *log, guint64 number)
{
  return &log->ring[number % POTOO_WEB_CHANGE_LOG_EVENTS];
}

static void
drop_oldest_locked (PotooWebChangeLog *log)
{
  GBytes **event = slot (log, log->oldest++);

  log->bytes -= g_bytes_get_size (*event);
  g_clear_pointer (event, g_bytes_unref);
}

void
potoo_web_change_log_unref (PotooWebChangeLog *log)
{
  if (!g_atomic_ref_count_dec (&log->ref_count))
    return;
  while (log->oldest < log->end)
    drop_oldest_locked (log);
  g_warn_if_fail (log->watches->len == 0);
  g_array_unref (log->watches);
  potoo_metric_unref (log->n_events);
  potoo_metric_unref (log->kept_bytes);
  g_mutex_clear (&log->lock);
  g_free (log->name);
  g_free (log);
}

/* --- telling --- */

static void
append_locked (PotooWebChangeLog *log, GBytes *event)
{
  gsize size = g_bytes_get_size (event);

  while (log->oldest < log->end && (log->end - log->oldest >= POTOO_WEB_CHANGE_LOG_EVENTS ||
                                    log->bytes + size > POTOO_WEB_CHANGE_LOG_BYTES))
    drop_oldest_locked (log);
  *slot (log, log->end++) = event;
  log->bytes += size;
  potoo_metric_set (log->kept_bytes, (gint64) log->bytes);
}

void
potoo_web_change_log_publish (PotooWebChangeLog *log, const char *event, JsonObject *data)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  GString *text = g_string_new (NULL);

  json_node_take_object (node, data);
  g_autofree char *json = potoo_json_to_text (node); /* has no line break */
  g_mutex_lock (&log->lock);
  g_string_printf (text, "id: %s-%" G_GUINT64_FORMAT "\nevent: %s\ndata: %s\n\n", log->name,
                   log->end + 1, event, json);
  append_locked (log, g_string_free_to_bytes (text));
  for (guint i = 0; i < log->watches->len; i++)
    {
      Watch *watch = &g_array_index (log->watches, Watch, i);
      watch->wake (watch->user_data);
    }
  g_mutex_unlock (&log->lock);
  potoo_metric_add (log->n_events, 1);
}

void
potoo_web_change_log_camera (PotooWebChangeLog *log, PotooCameraSnapshot *snapshot)
{
  potoo_web_change_log_publish (log, "camera", potoo_web_json_from_camera (snapshot));
}

void
potoo_web_change_log_camera_removed (PotooWebChangeLog *log, const char *id)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", id);
  potoo_web_change_log_publish (log, "camera-removed", object);
}

static void
publish_removed (PotooWebChangeLog *log, const char *event, gint64 id)
{
  JsonObject *object = json_object_new ();

  potoo_web_json_set_id (object, "id", id);
  potoo_web_change_log_publish (log, event, object);
}

void
potoo_web_change_log_segment (PotooWebChangeLog *log, const PotooSegment *segment)
{
  potoo_web_change_log_publish (log, "segment", potoo_web_json_from_segment (segment));
}

void
potoo_web_change_log_segment_removed (PotooWebChangeLog *log, gint64 id)
{
  publish_removed (log, "segment-removed", id);
}

void
potoo_web_change_log_gap (PotooWebChangeLog *log, const PotooGap *gap)
{
  potoo_web_change_log_publish (log, "gap", potoo_web_json_from_gap (gap));
}

void
potoo_web_change_log_gap_removed (PotooWebChangeLog *log, gint64 id)
{
  publish_removed (log, "gap-removed", id);
}

void
potoo_web_change_log_event (PotooWebChangeLog *log, const PotooEvent *event)
{
  potoo_web_change_log_publish (log, "event", potoo_web_json_from_event (event));
}

void
potoo_web_change_log_event_removed (PotooWebChangeLog *log, gint64 id)
{
  publish_removed (log, "event-removed", id);
}

void
potoo_web_change_log_lock (PotooWebChangeLog *log, const PotooLock *lock)
{
  potoo_web_change_log_publish (log, "lock", potoo_web_json_from_lock (lock));
}

void
potoo_web_change_log_lock_removed (PotooWebChangeLog *log, gint64 id)
{
  publish_removed (log, "lock-removed", id);
}

/* --- following --- */

guint64
potoo_web_change_log_get_end (PotooWebChangeLog *log)
{
  g_mutex_lock (&log->lock);
  guint64 end = log->end;
  g_mutex_unlock (&log->lock);
  return end;
}

/* The NUMBER of an id as we make them: no signs, no leading zeros. */
static gboolean
parse_number (const char *text, guint64 *number)
{
  return g_ascii_isdigit (text[0]) && (text[0] != '0' || text[1] == '\0') &&
         g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, number, NULL);
}

gboolean
potoo_web_change_log_find (PotooWebChangeLog *log, const char *id, guint64 *place)
{
  gsize length = strlen (log->name);

  if (strncmp (id, log->name, length) != 0 || id[length] != '-' ||
      !parse_number (id + length + 1, place))
    return FALSE;
  g_mutex_lock (&log->lock);
  gboolean found = *place >= log->oldest && *place <= log->end;
  g_mutex_unlock (&log->lock);
  return found;
}

char *
potoo_web_change_log_make_id (PotooWebChangeLog *log, guint64 place)
{
  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, log->name, place);
}

PotooWebChange
potoo_web_change_log_next (PotooWebChangeLog *log, guint64 *place, GBytes **event)
{
  PotooWebChange change = POTOO_WEB_CHANGE_NONE;

  g_mutex_lock (&log->lock);
  if (*place < log->oldest)
    change = POTOO_WEB_CHANGE_LOST;
  else if (*place < log->end)
    {
      *event = g_bytes_ref (*slot (log, (*place)++));
      change = POTOO_WEB_CHANGE_EVENT;
    }
  g_mutex_unlock (&log->lock);
  return change;
}

void
potoo_web_change_log_watch (PotooWebChangeLog *log, PotooWebChangeWakeFunc wake, gpointer user_data)
{
  const Watch watch = { wake, user_data };

  g_mutex_lock (&log->lock);
  g_array_append_val (log->watches, watch);
  g_mutex_unlock (&log->lock);
}

void
potoo_web_change_log_unwatch (PotooWebChangeLog *log, gpointer user_data)
{
  g_mutex_lock (&log->lock);
  for (guint i = log->watches->len; i-- > 0;)
    if (g_array_index (log->watches, Watch, i).user_data == user_data)
      g_array_remove_index_fast (log->watches, i);
  g_mutex_unlock (&log->lock);
}
