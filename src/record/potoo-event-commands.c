/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Commands come from any thread: a GTask of the caller's context is posted to main and there put at
 * the end of its camera's queue, whose first is under way. So two commands for one camera never
 * overlap, while those for different cameras do. Events that are over are in nobody's memory: to
 * change them one is read, changed and put, and a queue of their own serves for all of
 * them. Each checks, makes the catalog durable, and only then changes what the list says.
 */

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-main.h"
#include "record/potoo-event-list-private.h"

static void
command_free (PotooEventCommand *command)
{
  g_free (command->camera_id);
  g_clear_pointer (&command->draft, potoo_event_draft_free);
  g_clear_pointer (&command->event, potoo_event_free);
  g_free (command);
}

PotooEventCommand *
potoo_event_command_new (GSourceFunc run, const char *camera_id, gint64 id)
{
  PotooEventCommand *command = g_new0 (PotooEventCommand, 1);

  command->run = run;
  command->camera_id = g_strdup (camera_id);
  command->id = id;
  return command;
}

PotooEventCommand *
potoo_event_command_get (GTask *task)
{
  return g_task_get_task_data (task);
}

PotooEventList *
potoo_event_command_get_list (GTask *task)
{
  return g_task_get_source_object (task);
}

/* --- the queues --- */

static gboolean
on_turn (gpointer task)
{
  potoo_event_command_get (task)->run (task);
  return G_SOURCE_REMOVE;
}

static void
enter_queue (GTask *task, PotooEventCamera *camera)
{
  potoo_event_command_get (task)->camera = camera;
  g_queue_push_tail (&camera->commands, task);
  if (camera->commands.length == 1)
    on_turn (task);
}

static void
leave_queue (GTask *task)
{
  PotooEventList *self = potoo_event_command_get_list (task);
  PotooEventCamera *camera = potoo_event_command_get (task)->camera;

  g_assert (g_queue_peek_head (&camera->commands) == task);
  g_queue_pop_head (&camera->commands);
  if (camera->commands.length > 0)
    potoo_main_post (on_turn,
                     camera->commands.head->data); /* not from here: chains would recurse */
  else if (camera != self->past && !camera->present && camera->live->len == 0)
    g_hash_table_remove (self->cameras, camera->id);
}

static void
leave (GTask *task)
{
  PotooEventList *self = potoo_event_command_get_list (task);

  potoo_metric_add (self->waiting, -1);
  g_atomic_int_add (&self->n_commands, -1);
}

/* Whose queue it belongs to; NULL with an error. */
static PotooEventCamera *
find_queue (PotooEventList *self, const PotooEventCommand *command, GError **error)
{
  PotooEventCamera *camera = NULL;

  if (!self->started || (self->stopped && !command->own))
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                           _ ("Potoo is starting or stopping; try again later"));
      return NULL;
    }
  if (command->camera_id == NULL)
    return potoo_event_list_find_live (self, command->id, &camera) != NULL ? camera : self->past;
  camera = potoo_event_list_find_camera (self, command->camera_id);
  if (camera != NULL && camera->present)
    return camera;
  if (command->draft != NULL)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/camera",
                        _ ("There is no such camera"));
  else
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no such camera"));
  return NULL;
}

static gboolean
on_posted (gpointer task)
{
  PotooEventList *self = potoo_event_command_get_list (task);
  GError *error = NULL;
  PotooEventCamera *camera = find_queue (self, potoo_event_command_get (task), &error);

  if (camera != NULL)
    {
      enter_queue (task, camera);
      return G_SOURCE_REMOVE; /* the reference is the queue's */
    }
  leave (task);
  g_task_return_error (task, error);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

void
potoo_event_command_post (GTask *task, PotooEventCommand *command)
{
  PotooEventList *self = potoo_event_command_get_list (task);

  g_task_set_task_data (task, command, (GDestroyNotify) command_free);
  if (g_atomic_int_add (&self->n_commands, 1) < POTOO_EVENT_MAX_COMMANDS || command->own)
    {
      potoo_metric_add (self->waiting, 1);
      potoo_main_post (on_posted, task);
      return; /* the reference is on_posted()'s */
    }
  g_atomic_int_add (&self->n_commands, -1);
  potoo_metric_add (self->refused, 1);
  g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                           _ ("Too many events are waiting; try again later"));
  g_object_unref (task);
}

void
potoo_event_command_move_to_past (GTask *task)
{
  leave_queue (task);
  enter_queue (task, potoo_event_command_get_list (task)->past);
}

static void
finish (GTask *task)
{
  leave_queue (task);
  leave (task);
  g_object_unref (task);
}

void
potoo_event_command_finish_with_error (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  finish (task);
}

void
potoo_event_command_finish_with_event (GTask *task, const PotooEvent *event)
{
  g_task_return_pointer (task, event != NULL ? potoo_event_copy (event) : NULL,
                         (GDestroyNotify) potoo_event_free);
  finish (task);
}

/* --- their part of the list --- */

void
potoo_event_commands_init (PotooEventList *self)
{
  self->waiting = potoo_metric_new_gauge ("potoo_event_commands",
                                          "Commands about events that wait or are under way", NULL);
  self->refused = potoo_metric_new_counter ("potoo_event_commands_refused_total",
                                            "Commands about events refused: too many came", NULL);
}

void
potoo_event_commands_clear (PotooEventList *self)
{
  potoo_metric_unref (self->waiting);
  potoo_metric_unref (self->refused);
}
