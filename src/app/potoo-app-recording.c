/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-recording.h"

#include "base/potoo-clock.h"
#include "record/potoo-recording-planner.h"

/* What is recorded of a camera's stream. */
typedef struct
{
  PotooFragmentQueue *queue; /* the recorder's; NULL: never recorded so far */
  PotooRecordingPlan *plan;  /* (nullable): the last one */
} Stream;

typedef struct
{
  PotooCamera *camera;
  Stream main, sub;
  gint64 next_us; /* monotonic: when to plan again */
} Entry;

struct _PotooAppRecording
{
  PotooCameraList *cameras;
  PotooEventList *events;
  PotooRecorder *recorder;
  PotooClockWatch *clock;
  GHashTable *entries; /* camera id → Entry */
  guint timer;         /* 0: no plan changes by time alone */
};

static void
entry_free (Entry *entry)
{
  g_clear_pointer (&entry->main.plan, potoo_recording_plan_unref);
  g_clear_pointer (&entry->sub.plan, potoo_recording_plan_unref);
  g_object_unref (entry->camera);
  g_free (entry);
}

static Entry *
find_entry (PotooAppRecording *self, PotooCamera *camera)
{
  return g_hash_table_lookup (self->entries, potoo_camera_get_id (camera));
}

/* Streaming thread. */
static void
on_fragment (PotooFragment *fragment, gpointer user_data)
{
  potoo_fragment_queue_push (user_data, fragment);
}

/* --- plans --- */

static void
plan_stream (Entry *entry, Stream *stream, PotooPlannerInput *input, gboolean recorded)
{
  g_autoptr (PotooRecordingPlan) previous = g_steal_pointer (&stream->plan);
  gint64 next_us;

  input->recorded = recorded;
  input->previous = previous;
  stream->plan = potoo_recording_planner_plan (input, &next_us);
  entry->next_us = MIN (entry->next_us, next_us);
  potoo_fragment_queue_set_plan (stream->queue, stream->plan);
}

static void
add_sub (PotooAppRecording *self, Entry *entry)
{
  entry->sub.queue = potoo_recorder_add_stream (self->recorder, potoo_camera_get_id (entry->camera),
                                                POTOO_STREAM_SUB);
  potoo_camera_set_fragment_func (entry->camera, POTOO_STREAM_SUB, on_fragment, entry->sub.queue,
                                  NULL);
}

/* Whether media is needed: for what is to be recorded, or may have to be. */
static gboolean
needs_media (PotooRecordingPlan *plan, gint64 now_us)
{
  return plan->ring_us > 0 || potoo_recording_plan_find (plan, now_us, G_MAXINT64) != NULL;
}

static void
plan_camera (PotooAppRecording *self, Entry *entry)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (entry->camera);
  PotooCameraSettings *settings = snapshot->settings;
  const char *text = potoo_camera_settings_get_schedule (settings);
  g_autoptr (PotooSchedule) schedule = text != NULL ? potoo_schedule_parse (text, "/schedule", NULL)
                                                    : NULL;
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (GArray)
      events = potoo_event_list_get_spans (self->events, potoo_camera_get_id (entry->camera));
  gboolean enabled = potoo_camera_settings_get_enabled (settings);
  gboolean with_sub = enabled && potoo_camera_settings_get_record_sub (settings);
  PotooPlannerInput input = {
    .settings = settings,
    .schedule = schedule,
    .zone = zone,
    .events = events,
    .mono_us = potoo_clock_mono_us (),
    .wall_us = potoo_clock_wall_us (),
  };

  entry->next_us = G_MAXINT64;
  plan_stream (entry, &entry->main, &input, enabled);
  if (with_sub && entry->sub.queue == NULL)
    add_sub (self, entry);
  if (entry->sub.queue == NULL)
    return;
  plan_stream (entry, &entry->sub, &input, with_sub);
  potoo_camera_set_sub_recorded (entry->camera,
                                 with_sub && needs_media (entry->sub.plan, input.mono_us));
}

static gboolean on_time (gpointer user_data);

static void
set_timer (PotooAppRecording *self)
{
  gint64 next_us = G_MAXINT64;
  GHashTableIter iter;
  Entry *entry;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    next_us = MIN (next_us, entry->next_us);
  if (next_us == G_MAXINT64)
    return;
  gint64 wait_us = MAX (next_us - potoo_clock_mono_us (), 0);
  self->timer = g_timeout_add ((guint) MIN (wait_us / 1000 + 1, G_MAXINT), on_time, self);
}

static gboolean
on_time (gpointer user_data)
{
  PotooAppRecording *self = user_data;
  GHashTableIter iter;
  Entry *entry;

  self->timer = 0;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (entry->next_us <= potoo_clock_mono_us ())
      plan_camera (self, entry);
  set_timer (self);
  return G_SOURCE_REMOVE;
}

static void
on_settings_changed (PotooCamera *camera, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  Entry *entry = find_entry (self, camera);

  if (entry == NULL)
    return;
  plan_camera (self, entry);
  set_timer (self);
}

static void
on_events_changed (PotooEventList *events, const char *id, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  Entry *entry = g_hash_table_lookup (self->entries, id);

  if (entry == NULL)
    return;
  plan_camera (self, entry);
  set_timer (self);
}

/* Slots of schedules lie elsewhere now; and the plan tells each stream's recorder how the clock
 * stands, so that a gap that is open is divided where the clock was set. */
static void
on_clock_set (PotooClockWatch *clock, gint64 step_us, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    plan_camera (self, entry);
  set_timer (self);
  potoo_recorder_note_clock (self->recorder);
}

/* --- cameras --- */

static void
on_interrupted (PotooCamera *camera, int cause, gpointer user_data)
{
  Entry *entry = find_entry (user_data, camera);
  if (entry != NULL)
    potoo_fragment_queue_interrupt (entry->main.queue, (PotooGapCause) cause);
}

static void
on_sub_interrupted (PotooCamera *camera, int cause, gpointer user_data)
{
  Entry *entry = find_entry (user_data, camera);
  if (entry != NULL && entry->sub.queue != NULL)
    potoo_fragment_queue_interrupt (entry->sub.queue, (PotooGapCause) cause);
}

static gint64
get_pre_roll (gpointer user_data)
{
  return potoo_fragment_queue_get_pre_roll_us (user_data);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  const char *id = potoo_camera_get_id (camera);
  Entry *entry = g_new0 (Entry, 1);

  entry->camera = g_object_ref (camera);
  entry->main.queue = potoo_recorder_add_stream (self->recorder, id, POTOO_STREAM_MAIN);
  g_hash_table_insert (self->entries, g_strdup (id), entry);
  potoo_camera_set_fragment_func (camera, POTOO_STREAM_MAIN, on_fragment, entry->main.queue, NULL);
  potoo_camera_set_pre_roll_func (camera, get_pre_roll, entry->main.queue);
  g_signal_connect (camera, "settings-changed", G_CALLBACK (on_settings_changed), self);
  g_signal_connect (camera, "interrupted", G_CALLBACK (on_interrupted), self);
  g_signal_connect (camera, "sub-interrupted", G_CALLBACK (on_sub_interrupted), self);
  on_settings_changed (camera, self);
}

/* The camera's pipelines are down by then: nothing is pushed any more. */
static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRecording *self = user_data;
  Entry *entry = find_entry (self, camera);

  if (entry == NULL)
    return;
  g_signal_handlers_disconnect_by_data (camera, self);
  potoo_camera_set_pre_roll_func (camera, NULL, NULL);
  potoo_recorder_remove_stream (self->recorder, entry->main.queue);
  if (entry->sub.queue != NULL)
    potoo_recorder_remove_stream (self->recorder, entry->sub.queue);
  g_hash_table_remove (self->entries, potoo_camera_get_id (camera));
  set_timer (self);
}

PotooAppRecording *
potoo_app_recording_new (PotooCameraList *cameras,
                         PotooEventList *events,
                         PotooRecorder *recorder,
                         PotooClockWatch *clock)
{
  PotooAppRecording *self = g_new0 (PotooAppRecording, 1);

  self->cameras = g_object_ref (cameras);
  self->events = g_object_ref (events);
  self->recorder = g_object_ref (recorder);
  self->clock = g_object_ref (clock);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) entry_free);
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  g_signal_connect (events, "changed", G_CALLBACK (on_events_changed), self);
  g_signal_connect (clock, "clock-set", G_CALLBACK (on_clock_set), self);
  return self;
}

static void
let_go_of_cameras (PotooAppRecording *self)
{
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    {
      g_signal_handlers_disconnect_by_data (entry->camera, self);
      potoo_camera_set_pre_roll_func (entry->camera, NULL, NULL);
    }
}

void
potoo_app_recording_free (PotooAppRecording *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  g_signal_handlers_disconnect_by_data (self->events, self);
  g_signal_handlers_disconnect_by_data (self->clock, self);
  let_go_of_cameras (self);
  g_hash_table_unref (self->entries);
  g_object_unref (self->cameras);
  g_object_unref (self->events);
  g_object_unref (self->recorder);
  g_object_unref (self->clock);
  g_free (self);
}
