/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What happens now. An event is live until it ends; then all that is left of it here is a
 * span, until the last fragments of its time have come, and it is the catalog's alone. One
 * timer, set while something is live, ends what nobody else did. Times of the plan are monotonic
 * from the moment on that an event is told of. Main thread.
 */

#include "record/potoo-event-list.h"

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-text.h"
#include "record/potoo-event-list-private.h"

/* When an end could not be written, it is tried again. */
#define RETRY_US (10 * POTOO_SECOND_US)

G_DEFINE_FINAL_TYPE (PotooEventList, potoo_event_list, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* --- cameras --- */

static void
live_free (PotooLiveEvent *live)
{
  potoo_event_free (live->event);
  g_free (live);
}

static PotooEventCamera *
camera_new (const char *id)
{
  PotooEventCamera *camera = g_new0 (PotooEventCamera, 1);

  camera->id = g_strdup (id);
  camera->live = g_ptr_array_new_with_free_func ((GDestroyNotify) live_free);
  for (guint i = 0; i < G_N_ELEMENTS (camera->spans); i++)
    camera->spans[i] = g_array_new (FALSE, FALSE, sizeof (PotooEventSpan));
  camera->tokens = POTOO_EVENT_BURST;
  return camera;
}

static void
camera_free (PotooEventCamera *camera)
{
  g_free (camera->id);
  g_ptr_array_unref (camera->live);
  for (guint i = 0; i < G_N_ELEMENTS (camera->spans); i++)
    g_array_unref (camera->spans[i]);
  g_free (camera);
}

PotooEventCamera *
potoo_event_list_find_camera (PotooEventList *self, const char *id)
{
  return g_hash_table_lookup (self->cameras, id);
}

static PotooEventCamera *
ensure_camera (PotooEventList *self, const char *id)
{
  PotooEventCamera *camera = potoo_event_list_find_camera (self, id);

  if (camera == NULL)
    {
      camera = camera_new (id);
      g_hash_table_insert (self->cameras, camera->id, camera);
    }
  return camera;
}

/* --- live events and spans --- */

static PotooLiveEvent *
find_live_of (PotooEventCamera *camera, gint64 id)
{
  for (guint i = 0; i < camera->live->len; i++)
    {
      PotooLiveEvent *live = camera->live->pdata[i];
      if (live->event->id == id)
        return live;
    }
  return NULL;
}

PotooLiveEvent *
potoo_event_list_find_live (PotooEventList *self, gint64 id, PotooEventCamera **camera)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->cameras);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      PotooLiveEvent *live = find_live_of (value, id);
      *camera = value;
      if (live != NULL)
        return live;
    }
  return NULL;
}

PotooLiveEvent *
potoo_event_camera_find_recording (PotooEventCamera *camera)
{
  PotooLiveEvent *newest = NULL;

  for (guint i = 0; i < camera->live->len; i++)
    {
      PotooLiveEvent *live = camera->live->pdata[i];
      if (live->event->kind == POTOO_EVENT_MANUAL &&
          (newest == NULL || live->event->id > newest->event->id))
        newest = live;
    }
  return newest;
}

static void
add_span (GArray *spans, const PotooLiveEvent *live)
{
  const PotooEventSpan span = {
    .from_us = live->from_us,
    .due_us = live->due_us,
    .until_us = MAX (live->until_us, live->from_us + 1), /* a moment is a fragment */
    .manual = live->event->kind == POTOO_EVENT_MANUAL,
  };
  potoo_event_spans_add (spans, &span, POTOO_EVENT_MAX_SPANS);
}

static GArray *
get_spans_of (PotooEventCamera *camera, const PotooLiveEvent *live)
{
  return camera->spans[live->event->kind == POTOO_EVENT_MANUAL];
}

/* It is not live any more. */
static void
retire (PotooEventList *self, PotooEventCamera *camera, PotooLiveEvent *live)
{
  add_span (get_spans_of (camera, live), live);
  g_ptr_array_remove (camera->live, live);
  potoo_metric_add (self->live, -1);
}

void
potoo_event_camera_settle (PotooEventList *self, PotooEventCamera *camera)
{
  gint64 now_us = potoo_clock_mono_us ();

  for (guint i = camera->live->len; i-- > 0;)
    {
      PotooLiveEvent *live = camera->live->pdata[i];
      if (live->event->end_us != 0 && live->end_us <= now_us)
        retire (self, camera, live);
    }
  for (guint i = 0; i < G_N_ELEMENTS (camera->spans); i++)
    potoo_event_spans_forget (camera->spans[i], now_us - POTOO_EVENT_LINGER_US);
}

static int
compare_spans (gconstpointer a, gconstpointer b)
{
  const PotooEventSpan *span_a = a, *span_b = b;

  return (span_a->from_us > span_b->from_us) - (span_a->from_us < span_b->from_us);
}

GArray *
potoo_event_list_get_spans (PotooEventList *self, const char *id)
{
  g_return_val_if_fail (POTOO_IS_EVENT_LIST (self), NULL);

  PotooEventCamera *camera = potoo_event_list_find_camera (self, id);
  GArray *all = g_array_new (FALSE, FALSE, sizeof (PotooEventSpan));

  if (camera == NULL)
    return all;
  potoo_event_camera_settle (self, camera);
  for (guint manual = 0; manual < G_N_ELEMENTS (camera->spans); manual++)
    {
      g_autoptr (GArray) spans = g_array_copy (camera->spans[manual]);
      for (guint i = 0; i < camera->live->len; i++)
        if (get_spans_of (camera, camera->live->pdata[i]) == camera->spans[manual])
          add_span (spans, camera->live->pdata[i]);
      g_array_append_vals (all, spans->data, spans->len);
    }
  g_array_sort (all, compare_spans);
  return all;
}

/* --- the timer --- */

static void set_timer (PotooEventList *self);

/* What goes on for too long ends; what ends as planned is let go. */
static void
look_at (PotooEventList *self, PotooEventCamera *camera)
{
  gint64 now_us = potoo_clock_mono_us ();

  for (guint i = 0; i < camera->live->len; i++)
    {
      PotooLiveEvent *live = camera->live->pdata[i];
      if (live->event->end_us != 0 || live->look_us > now_us)
        continue;
      g_autofree char *id = potoo_segment_id_format (live->event->id);
      potoo_log_warning (camera->id, "Event %s has gone on for %d s and is ended", id,
                         (int) (POTOO_EVENT_MAX_US / POTOO_SECOND_US));
      potoo_metric_add (self->overlong, 1);
      live->look_us = now_us + RETRY_US;
      potoo_event_list_end (self, live->event->id, 0);
    }
  potoo_event_camera_settle (self, camera);
}

static gboolean
on_timer (gpointer user_data)
{
  PotooEventList *self = user_data;
  GHashTableIter iter;
  gpointer camera;

  self->timer = 0;
  g_hash_table_iter_init (&iter, self->cameras);
  while (g_hash_table_iter_next (&iter, NULL, &camera))
    look_at (self, camera);
  set_timer (self);
  return G_SOURCE_REMOVE;
}

static void
set_timer (PotooEventList *self)
{
  gint64 next_us = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->stopped)
    return;
  g_hash_table_iter_init (&iter, self->cameras);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      PotooEventCamera *camera = value;
      for (guint i = 0; i < camera->live->len; i++)
        next_us = MIN (next_us, ((PotooLiveEvent *) camera->live->pdata[i])->look_us);
    }
  if (next_us == G_MAXINT64)
    return;
  gint64 wait_us = CLAMP (next_us - potoo_clock_mono_us (), 0, POTOO_EVENT_MAX_US);
  self->timer = g_timeout_add ((guint) (wait_us / 1000 + 1), on_timer, self);
}

/* --- what commands change --- */

void
potoo_event_camera_set_kept (PotooEventCamera *camera, PotooEvent *event, gboolean is_new)
{
  gboolean manual = event->kind == POTOO_EVENT_MANUAL;

  if (is_new)
    event->keep_start_us = MAX (event->start_us - (manual ? 0 : camera->pre_roll_us), 0);
  event->keep_end_us = event->end_us == 0 ? 0 : event->end_us + (manual ? 0 : camera->post_roll_us);
}

gint64
potoo_live_event_get_now_us (const PotooLiveEvent *live)
{
  return live->event->start_us + potoo_clock_mono_us () - live->start_us;
}

/* From wall time to the plan's. @offset_us: of a new one. */
static void
place (PotooLiveEvent *live, const PotooEvent *event, gint64 offset_us)
{
  if (live->event == NULL)
    {
      live->from_us = event->keep_start_us - offset_us;
      live->start_us = event->start_us - offset_us;
      live->due_us = MAX (live->start_us, potoo_clock_mono_us ());
    }
  else
    potoo_event_free (live->event);
  live->event = potoo_event_copy (event);
  live->end_us = live->start_us +
                 (event->end_us != 0 ? event->end_us - event->start_us : POTOO_EVENT_MAX_US);
  live->until_us = event->end_us != 0 ? live->end_us + event->keep_end_us - event->end_us
                                      : G_MAXINT64;
  live->look_us = live->end_us;
}

static void
tell_changed (PotooEventList *self, PotooEventCamera *camera)
{
  set_timer (self);
  g_signal_emit (self, signals[CHANGED], 0, camera->id);
}

void
potoo_event_list_insert_quietly (PotooEventList *self, const PotooEvent *event, gint64 offset_us)
{
  PotooEventCamera *camera = ensure_camera (self, event->camera);
  PotooLiveEvent *live = g_new0 (PotooLiveEvent, 1);

  place (live, event, offset_us);
  g_ptr_array_add (camera->live, live);
  potoo_metric_add (self->live, 1);
  potoo_event_camera_settle (self, camera);
}

void
potoo_event_list_insert (PotooEventList *self,
                         PotooEventCamera *camera,
                         const PotooEvent *event,
                         gint64 offset_us)
{
  if (event->kind == POTOO_EVENT_BOOKMARK)
    return;
  potoo_event_list_insert_quietly (self, event, offset_us);
  tell_changed (self, camera);
}

void
potoo_event_list_update (PotooEventList *self,
                         PotooEventCamera *camera,
                         const PotooEvent *event,
                         gboolean ends_now)
{
  PotooLiveEvent *live = find_live_of (camera, event->id);

  if (live == NULL)
    return;
  if (live->event->end_us == event->end_us)
    {
      potoo_event_free (live->event);
      live->event = potoo_event_copy (event);
      return;
    }
  place (live, event, 0);
  if (ends_now)
    {
      live->end_us = potoo_clock_mono_us ();
      live->until_us = live->end_us + event->keep_end_us - event->end_us;
    }
  potoo_event_camera_settle (self, camera);
  tell_changed (self, camera);
}

void
potoo_event_list_delete (PotooEventList *self, PotooEventCamera *camera, gint64 id)
{
  PotooLiveEvent *live = find_live_of (camera, id);

  if (live == NULL)
    return;
  live->until_us = MIN (live->until_us, potoo_clock_mono_us ());
  retire (self, camera, live);
  tell_changed (self, camera);
}

/* --- cameras come and go --- */

static void
end_all (PotooEventList *self, PotooEventCamera *camera)
{
  potoo_event_camera_settle (self, camera);
  for (guint i = 0; i < camera->live->len; i++)
    potoo_event_list_end (self, ((PotooLiveEvent *) camera->live->pdata[i])->event->id, 0);
}

void
potoo_event_list_set_camera (PotooEventList *self, PotooCameraSettings *settings)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  PotooEventCamera *camera = ensure_camera (self, potoo_camera_settings_get_id (settings));
  camera->present = TRUE;
  camera->enabled = potoo_camera_settings_get_enabled (settings);
  camera->pre_roll_us = potoo_camera_settings_get_pre_roll_us (settings);
  camera->post_roll_us = potoo_camera_settings_get_post_roll_us (settings);
  if (!camera->enabled)
    end_all (self, camera);
}

void
potoo_event_list_remove_camera (PotooEventList *self, const char *id)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  PotooEventCamera *camera = potoo_event_list_find_camera (self, id);
  if (camera == NULL)
    return;
  camera->present = FALSE;
  camera->enabled = FALSE;
  end_all (self, camera);
  if (camera->live->len == 0 && camera->commands.length == 0)
    g_hash_table_remove (self->cameras, id);
}

/* --- life --- */

gboolean
potoo_event_list_start (PotooEventList *self, GError **error)
{
  g_return_val_if_fail (POTOO_IS_EVENT_LIST (self) && !self->started, FALSE);

  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, error);
  if (reader == NULL || !potoo_event_list_end_last_run (self, reader, error))
    return FALSE;
  self->started = TRUE;
  set_timer (self);
  return TRUE;
}

void
potoo_event_list_stop (PotooEventList *self)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  self->stopped = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
}

PotooEventList *
potoo_event_list_new (PotooCatalog *catalog)
{
  PotooEventList *self = g_object_new (POTOO_TYPE_EVENT_LIST, NULL);

  self->catalog = g_object_ref (catalog);
  return self;
}

static void
potoo_event_list_finalize (GObject *object)
{
  PotooEventList *self = POTOO_EVENT_LIST (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  potoo_event_commands_clear (self);
  g_hash_table_unref (self->cameras);
  camera_free (self->past);
  potoo_metric_unref (self->live);
  potoo_metric_unref (self->added);
  potoo_metric_unref (self->overlong);
  g_clear_object (&self->catalog);
  G_OBJECT_CLASS (potoo_event_list_parent_class)->finalize (object);
}

static void
potoo_event_list_class_init (PotooEventListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_event_list_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
potoo_event_list_init (PotooEventList *self)
{
  self->cameras = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify) camera_free);
  self->past = camera_new ("");
  self->live = potoo_metric_new_gauge ("potoo_events_live", "Events that go on", NULL);
  self->added = potoo_metric_new_counter ("potoo_events_total", "Events told of", NULL);
  self->overlong = potoo_metric_new_counter ("potoo_events_overlong_total",
                                             "Events that nobody ended, and that were ended", NULL);
  potoo_event_commands_init (self);
}
