/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Add, patch and remove, from any thread. A command is a GTask of the caller's
 * context that is posted to main and there put at the end of its camera id's queue:
 * the first of each queue is under way, so two changes of one camera never
 * overlap, while those of different cameras do. Each checks, makes the catalog
 * durable, and only then changes the camera; whatever fails before leaves all as it was.
 */

#include "camera/potoo-camera-commands.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-main.h"

static void
command_free (PotooCameraCommand *command)
{
  g_free (command->id);
  g_clear_pointer (&command->settings, potoo_camera_settings_unref);
  g_clear_pointer (&command->patch, json_object_unref);
  g_free (command->made_id);
  g_free (command);
}

PotooCameraCommand *
potoo_camera_command_new (GSourceFunc run, const char *id)
{
  PotooCameraCommand *command = g_new0 (PotooCameraCommand, 1);

  command->run = run;
  command->id = g_strdup (id);
  return command;
}

PotooCameraCommand *
potoo_camera_command_get (GTask *task)
{
  return g_task_get_task_data (task);
}

PotooCameraList *
potoo_camera_command_get_list (GTask *task)
{
  return g_task_get_source_object (task);
}

/* --- the queues --- */

/* Its turn has come: it is the first of its queue. */
static gboolean
on_turn (gpointer task)
{
  potoo_camera_command_get (task)->run (task);
  return G_SOURCE_REMOVE;
}

static void
enter_queue (GTask *task)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);
  const char *id = potoo_camera_command_get (task)->id;
  GQueue *queue = g_hash_table_lookup (self->commands, id);

  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->commands, g_strdup (id), queue);
    }
  g_queue_push_tail (queue, task);
  if (queue->length == 1)
    on_turn (task);
}

static void
leave_queue (GTask *task)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);
  const char *id = potoo_camera_command_get (task)->id;
  GQueue *queue = g_hash_table_lookup (self->commands, id);

  g_assert (g_queue_peek_head (queue) == task);
  g_queue_pop_head (queue);
  if (queue->length > 0)
    potoo_main_post (on_turn, queue->head->data); /* not from here: chains would recurse */
  else
    g_hash_table_remove (self->commands, id);
}

static gboolean
on_posted (gpointer task)
{
  enter_queue (task);
  return G_SOURCE_REMOVE;
}

void
potoo_camera_command_post (GTask *task, PotooCameraCommand *command)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);

  g_task_set_task_data (task, command, (GDestroyNotify) command_free);
  if (g_atomic_int_add (&self->n_commands, 1) < POTOO_MAX_CAMERA_COMMANDS)
    {
      potoo_metric_add (self->waiting, 1);
      potoo_main_post (on_posted, task);
      return; /* the reference is the queue's, until it is finished */
    }
  g_atomic_int_add (&self->n_commands, -1);
  potoo_metric_add (self->refused, 1);
  g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                           _ ("Too many changes of cameras are waiting; try again later"));
  g_object_unref (task);
}

void
potoo_camera_command_finish (GTask *task)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);

  potoo_metric_add (self->waiting, -1);
  g_atomic_int_add (&self->n_commands, -1);
  leave_queue (task);
  g_object_unref (task);
}

void
potoo_camera_command_finish_with_error (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  potoo_camera_command_finish (task);
}

void
potoo_camera_command_finish_with_snapshot (GTask *task, PotooCamera *camera)
{
  g_task_return_pointer (task, potoo_camera_get_snapshot (camera),
                         (GDestroyNotify) potoo_camera_snapshot_unref);
  potoo_camera_command_finish (task);
}

void
potoo_camera_command_move (GTask *task, PotooCameraSettings *settings)
{
  PotooCameraCommand *command = potoo_camera_command_get (task);

  leave_queue (task);
  potoo_camera_settings_unref (command->settings);
  command->settings = settings;
  g_free (command->id);
  command->id = g_strdup (potoo_camera_settings_get_id (settings));
  enter_queue (task);
}

gboolean
potoo_camera_command_check_open (GTask *task, GError **error)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);

  if (self->started && !self->stopped)
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                       _ ("Potoo is starting or stopping; try again later"));
  return FALSE;
}

/* --- their part of the list --- */

void
potoo_camera_commands_init (PotooCameraList *self)
{
  self->commands = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_queue_free);
  self->waiting = potoo_metric_new_gauge ("potoo_camera_commands",
                                          "Changes of cameras that wait or are under way", NULL);
  self->refused = potoo_metric_new_counter ("potoo_camera_commands_refused_total",
                                            "Changes of cameras refused: too many waited", NULL);
}

void
potoo_camera_commands_clear (PotooCameraList *self)
{
  /* A command keeps the list alive: none can be left. */
  g_assert (g_hash_table_size (self->commands) == 0);
  g_hash_table_unref (self->commands);
  potoo_metric_unref (self->waiting);
  potoo_metric_unref (self->refused);
}
