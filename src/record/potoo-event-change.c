/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Changing, ending and removing events: those that go on and those that are over. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "record/potoo-event-list-private.h"

/* --- changing --- */

static void
on_put (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;

  if (!potoo_catalog_put_event_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_event_command_finish_with_error (task, error);
      return;
    }
  potoo_event_list_update (potoo_event_command_get_list (task), command->camera, command->event,
                           command->ends_now);
  potoo_event_command_finish_with_event (task, command->event);
}

/* An event ends once; a bookmark is no event that ends. */
static gboolean
check_end (const PotooEvent *before, const PotooEvent *after, gint64 now_us, GError **error)
{
  if (before->end_us == after->end_us || before->end_us == 0 || before->end_us > now_us ||
      before->kind == POTOO_EVENT_BOOKMARK)
    return TRUE;
  g_autofree char *end = potoo_time_format (before->end_us);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT, _ ("The event has ended at %s"), end);
  return FALSE;
}

static gint64
get_now_us (PotooEventList *self, PotooEventCommand *command)
{
  PotooEventCamera *camera;
  const PotooLiveEvent *live = potoo_event_list_find_live (self, command->event->id, &camera);

  return live != NULL ? potoo_live_event_get_now_us (live) : potoo_clock_wall_us ();
}

static gboolean
apply (PotooEventCommand *command, const PotooEventDraft *draft, gint64 now_us, GError **error)
{
  g_autoptr (PotooEvent) before = potoo_event_copy (command->event);
  PotooEvent *event = command->event;

  if (!potoo_event_draft_apply (draft, event, now_us, POTOO_EVENT_MAX_US, error) ||
      !check_end (before, event, now_us, error))
    return FALSE;
  if (event->end_us == before->end_us)
    return TRUE;
  /* The camera of a bookmark of long ago may be gone; what was around it is kept as before. */
  if (event->kind == POTOO_EVENT_BOOKMARK)
    event->keep_end_us = event->end_us + before->keep_end_us - before->end_us;
  else
    potoo_event_camera_set_kept (command->camera, event, FALSE);
  return TRUE;
}

void
potoo_event_command_change (GTask *task, const PotooEventDraft *draft)
{
  PotooEventList *self = potoo_event_command_get_list (task);
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;

  command->ends_now = potoo_event_draft_ends_now (draft);
  if (apply (command, draft, get_now_us (self, command), &error))
    potoo_catalog_put_event_async (self->catalog, command->event, on_put, task);
  else
    potoo_event_command_finish_with_error (task, error);
}

/* --- those that are over --- */

/* SQL that may wait for the disk is not for main. */
static void
read_event (GTask *read, gpointer source, gpointer data, GCancellable *cancellable)
{
  PotooEventList *self = source;
  const gint64 *id = data;
  GError *error = NULL;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, &error);
  PotooEvent *event = reader != NULL ? potoo_catalog_reader_get_event (reader, *id, &error) : NULL;

  if (event != NULL)
    g_task_return_pointer (read, event, (GDestroyNotify) potoo_event_free);
  else
    g_task_return_error (read, error);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;

  command->event = g_task_propagate_pointer (G_TASK (result), &error);
  if (command->event != NULL)
    potoo_event_command_change (task, command->draft);
  else
    potoo_event_command_finish_with_error (task, error);
}

static void
read_and_change (GTask *task)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  g_autoptr (GTask) read = g_task_new (potoo_event_command_get_list (task), NULL, on_read, task);

  g_task_set_task_data (read, g_memdup2 (&command->id, sizeof command->id), g_free);
  g_task_run_in_thread (read, read_event);
}

/* --- commands --- */

static gboolean
run_change (gpointer task)
{
  PotooEventList *self = potoo_event_command_get_list (task);
  PotooEventCommand *command = potoo_event_command_get (task);
  PotooEventCamera *camera;

  potoo_event_camera_settle (self, command->camera);
  const PotooLiveEvent *live = potoo_event_list_find_live (self, command->id, &camera);
  if (command->camera == self->past)
    read_and_change (task);
  else if (live == NULL)
    potoo_event_command_move_to_past (task);
  else
    {
      command->event = potoo_event_copy (live->event);
      potoo_event_command_change (task, command->draft);
    }
  return G_SOURCE_REMOVE;
}

void
potoo_event_list_change_async (PotooEventList *self,
                               gint64 id,
                               JsonObject *patch,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  g_task_set_source_tag (task, potoo_event_list_change_async);
  PotooEventDraft *draft = potoo_event_draft_new_patch (patch, &error);
  if (draft == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  PotooEventCommand *command = potoo_event_command_new (run_change, NULL, id);
  command->draft = draft;
  potoo_event_command_post (task, command);
}

PotooEvent *
potoo_event_list_change_finish (PotooEventList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
potoo_event_list_end (PotooEventList *self, gint64 id, gint64 end_us)
{
  GTask *task = g_task_new (self, NULL, NULL, NULL);
  PotooEventCommand *command = potoo_event_command_new (run_change, NULL, id);

  g_task_set_source_tag (task, potoo_event_list_end);
  command->draft = end_us != 0 ? potoo_event_draft_new_end (end_us)
                               : potoo_event_draft_new_end_now ();
  command->own = TRUE;
  potoo_event_command_post (task, command);
}

static gboolean
run_stop (gpointer task)
{
  PotooEventCommand *command = potoo_event_command_get (task);

  potoo_event_camera_settle (potoo_event_command_get_list (task), command->camera);
  const PotooLiveEvent *running = potoo_event_camera_find_recording (command->camera);
  if (running == NULL)
    {
      potoo_event_command_finish_with_event (task, NULL);
      return G_SOURCE_REMOVE;
    }
  command->event = potoo_event_copy (running->event);
  g_autoptr (PotooEventDraft) draft = potoo_event_draft_new_end_now ();
  potoo_event_command_change (task, draft);
  return G_SOURCE_REMOVE;
}

void
potoo_event_list_stop_recording_async (PotooEventList *self,
                                       const char *camera,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_event_list_stop_recording_async);
  potoo_event_command_post (task, potoo_event_command_new (run_stop, camera, 0));
}

gboolean
potoo_event_list_stop_recording_finish (PotooEventList *self,
                                        GAsyncResult *result,
                                        PotooEvent **event,
                                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  g_autoptr (GError) own_error = NULL;
  *event = g_task_propagate_pointer (G_TASK (result), &own_error);
  if (own_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

/* --- removing --- */

static void
on_dropped (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooEventCommand *command = potoo_event_command_get (task);
  GError *error = NULL;

  if (!potoo_catalog_drop_event_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_event_command_finish_with_error (task, error);
      return;
    }
  potoo_event_list_delete (potoo_event_command_get_list (task), command->camera, command->id);
  potoo_event_command_finish_with_event (task, NULL);
}

static gboolean
run_remove (gpointer task)
{
  PotooEventList *self = potoo_event_command_get_list (task);

  potoo_catalog_drop_event_async (self->catalog, potoo_event_command_get (task)->id, on_dropped,
                                  task);
  return G_SOURCE_REMOVE;
}

void
potoo_event_list_remove_async (PotooEventList *self,
                               gint64 id,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_EVENT_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_event_list_remove_async);
  potoo_event_command_post (task, potoo_event_command_new (run_remove, NULL, id));
}

gboolean
potoo_event_list_remove_finish (PotooEventList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  g_autoptr (GError) own_error = NULL;
  g_task_propagate_pointer (G_TASK (result), &own_error);
  if (own_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}
