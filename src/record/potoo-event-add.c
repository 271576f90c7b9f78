/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A new event, and manual recording: one event of kind `manual` at a time for each camera, which
 * further starts extend. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "record/potoo-event-list-private.h"

/* --- whether it may be --- */

static gboolean
take_token (PotooEventCamera *camera)
{
  gint64 now_us = potoo_clock_mono_us ();
  double new_tokens = (double) (now_us - camera->tokens_us) * POTOO_EVENT_PER_SECOND /
                      POTOO_SECOND_US;

  camera->tokens = MIN (camera->tokens + new_tokens, POTOO_EVENT_BURST);
  camera->tokens_us = now_us;
  if (camera->tokens < 1)
    return FALSE;
  camera->tokens -= 1;
  return TRUE;
}

static gboolean
check_rate (PotooEventList *self, PotooEventCamera *camera, GError **error)
{
  if (take_token (camera))
    return TRUE;
  potoo_metric_add (self->refused, 1);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
               _ ("A camera may have %d events a second; try again later"), POTOO_EVENT_PER_SECOND);
  return FALSE;
}

static gboolean
goes_on (const PotooEvent *event, gint64 now_us)
{
  return event->kind != POTOO_EVENT_BOOKMARK && (event->end_us == 0 || event->end_us > now_us);
}

static gboolean
check_camera (PotooEventList *self,
              PotooEventCamera *camera,
              const PotooEvent *event,
              GError **error)
{
  if (!camera->present) /* since the command came */
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/camera",
                          _ ("There is no such camera"));
      return FALSE;
    }
  if (!goes_on (event, potoo_clock_wall_us ()))
    return TRUE;
  potoo_event_camera_settle (self, camera);
  if (!camera->enabled)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                 _ ("The camera “%s” is disabled; enable it to record it"), camera->id);
  else if (camera->live->len >= POTOO_EVENT_MAX_LIVE)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                 _ ("%d events of the camera “%s” go on already; end one of them first"),
                 POTOO_EVENT_MAX_LIVE, camera->id);
  else
    return TRUE;
  return FALSE;
}

/* --- putting it --- */

static void
on_put (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooEventList *self = potoo_event_command_get_list (task);
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;

  if (!potoo_catalog_put_event_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_event_command_finish_with_error (task, error);
      return;
    }
  potoo_metric_add (self->added, 1);
  potoo_event_list_insert (self, command->camera, command->event, command->offset_us);
  if (command->replaces != 0)
    potoo_event_list_end (self, command->replaces, command->event->start_us);
  if (!command->camera->enabled && goes_on (command->event, potoo_clock_wall_us ()))
    potoo_event_list_end (self, command->event->id, command->event->start_us); /* meanwhile */
  potoo_event_command_finish_with_event (task, command->event);
}

static void
put (GTask *task)
{
  PotooEventList *self = potoo_event_command_get_list (task);
  PotooEventCommand *command = potoo_event_command_get (task);

  command->event->id = potoo_catalog_take_event_id (self->catalog);
  if (command->event->id == 0)
    potoo_event_command_finish_with_error (
        task, g_error_new_literal (POTOO_ERROR, POTOO_ERROR_BUSY,
                                   _ ("The catalog is too busy; try again later")));
  else
    potoo_catalog_put_event_async (self->catalog, command->event, on_put, task);
}

/* --- long ago --- */

/* SQL that may wait for the disk is not for main. */
static void
look_for_recordings (GTask *look, gpointer source, gpointer data, GCancellable *cancellable)
{
  PotooEventList *self = source;
  const PotooEvent *event = data;
  const PotooSegmentQuery query = {
    .camera = event->camera,
    .start_us = event->start_us,
    .end_us = event->start_us + 1,
    .limit = 1,
  };
  GError *error = NULL;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, &error);
  g_autoptr (GPtrArray)
      found = reader != NULL ? potoo_catalog_reader_list_segments (reader, &query, &error) : NULL;

  if (found != NULL)
    g_task_return_boolean (look, found->len > 0);
  else
    g_task_return_error (look, error);
}

static gint64
get_earliest_us (PotooEventCamera *camera)
{
  return potoo_clock_wall_us () - camera->pre_roll_us - POTOO_EVENT_LATE_US;
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;
  gboolean recorded = g_task_propagate_boolean (G_TASK (result), &error);

  if (recorded)
    {
      put (task);
      return;
    }
  if (error == NULL)
    {
      g_autofree char *earliest = potoo_time_format (get_earliest_us (command->camera));
      error = potoo_error_new_at (
          POTOO_ERROR_INVALID_ARGUMENT, "/start",
          _ ("Nothing was recorded then. Where nothing is recorded, an event can start at "
             "%s at the earliest"),
          earliest);
    }
  potoo_event_command_finish_with_error (task, error);
}

static void
look_and_put (GTask *task)
{
  PotooEventCommand *command = potoo_event_command_get (task);

  if (command->event->start_us >= get_earliest_us (command->camera))
    {
      put (task);
      return;
    }
  g_autoptr (GTask) look = g_task_new (potoo_event_command_get_list (task), NULL, on_looked, task);
  g_task_set_task_data (look, potoo_event_copy (command->event), (GDestroyNotify) potoo_event_free);
  g_task_run_in_thread (look, look_for_recordings);
}

/* --- a new event --- */

/* Of @draft, checked. */
static PotooEvent *
make_event (PotooEventList *self,
            PotooEventCamera *camera,
            const PotooEventDraft *draft,
            GError **error)
{
  g_autoptr (PotooEvent) event = g_new0 (PotooEvent, 1);

  event->score = -1;
  event->title = g_strdup ("");
  if (!potoo_event_draft_apply (draft, event, potoo_clock_wall_us (), POTOO_EVENT_MAX_US, error) ||
      !check_camera (self, camera, event, error) || !check_rate (self, camera, error))
    return NULL;
  potoo_event_camera_set_kept (camera, event, TRUE);
  return g_steal_pointer (&event);
}

static void
add (GTask *task, const PotooEventDraft *draft)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;

  command->offset_us = potoo_clock_wall_offset_us ();
  command->event = make_event (potoo_event_command_get_list (task), command->camera, draft, &error);
  if (command->event != NULL)
    look_and_put (task);
  else
    potoo_event_command_finish_with_error (task, error);
}

static gboolean
run_add (gpointer task)
{
  add (task, potoo_event_command_get (task)->draft);
  return G_SOURCE_REMOVE;
}

void
potoo_event_list_add_async (PotooEventList *self,
                            JsonObject *object,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  g_task_set_source_tag (task, potoo_event_list_add_async);
  PotooEventDraft *draft = potoo_event_draft_new (object, &error);
  if (draft == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  PotooEventCommand *command = potoo_event_command_new (run_add,
                                                        potoo_event_draft_get_camera (draft), 0);
  command->draft = draft;
  potoo_event_command_post (task, command);
}

PotooEvent *
potoo_event_list_add_finish (PotooEventList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- manual recording --- */

static gboolean
check_duration (gint64 duration_us, GError **error)
{
  if (duration_us == 0 || (duration_us >= POTOO_SECOND_US && duration_us <= POTOO_EVENT_MAX_US))
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/seconds",
                      _ ("Must be a number from %d to %d"), 1,
                      (int) (POTOO_EVENT_MAX_US / POTOO_SECOND_US));
  return FALSE;
}

/* @running: (nullable) */
static void
begin_recording (GTask *task, const PotooLiveEvent *running)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  g_autoptr (PotooEventDraft)
      draft = potoo_event_draft_new_manual (command->camera->id, command->duration_us);

  command->replaces = running != NULL ? running->event->id : 0;
  add (task, draft);
}

static void
extend_recording (GTask *task, const PotooLiveEvent *running)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  gint64 end_us = potoo_live_event_get_now_us (running) + command->duration_us;

  if (running->event->end_us == 0 ||
      (command->duration_us != 0 && end_us <= running->event->end_us))
    {
      potoo_event_command_finish_with_event (task, running->event);
      return;
    }
  if (command->duration_us != 0 && end_us - running->event->start_us > POTOO_EVENT_MAX_US)
    {
      begin_recording (task, running);
      return;
    }
  g_autoptr (PotooEventDraft)
      draft = potoo_event_draft_new_end (command->duration_us != 0 ? end_us : 0);
  command->event = potoo_event_copy (running->event);
  potoo_event_command_change (task, draft);
}

static gboolean
run_record (gpointer task)
{
  PotooEventCommand *command = potoo_event_command_get (task);

  potoo_event_camera_settle (potoo_event_command_get_list (task), command->camera);
  const PotooLiveEvent *running = potoo_event_camera_find_recording (command->camera);
  if (running != NULL)
    extend_recording (task, running);
  else
    begin_recording (task, NULL);
  return G_SOURCE_REMOVE;
}

void
potoo_event_list_record_async (PotooEventList *self,
                               const char *camera,
                               gint64 duration_us,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  g_task_set_source_tag (task, potoo_event_list_record_async);
  if (!check_duration (duration_us, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  PotooEventCommand *command = potoo_event_command_new (run_record, camera, 0);
  command->duration_us = duration_us;
  potoo_event_command_post (task, command);
}

PotooEvent *
potoo_event_list_record_finish (PotooEventList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
