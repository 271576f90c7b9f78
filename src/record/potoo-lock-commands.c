/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Commands come from any thread, as GTasks of the caller's context, and are done one after the
 * other in main. What one needs to read of the catalog is read in a thread of GTask's
 * pool meanwhile. Each makes the catalog durable before it is answered.
 */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-main.h"
#include "catalog/potoo-catalog-timeline.h"
#include "record/potoo-lock-draft.h"
#include "record/potoo-lock-list-private.h"

/* The task data of a GTask whose source is the list. */
typedef struct
{
  GSourceFunc run; /* gets the GTask when its turn has come */
  gint64 id;
  JsonObject *patch; /* (nullable) */
  PotooLock *lock;   /* (nullable) what is put */
  gboolean own;      /* the list's: not bound */
} Command;

static void
command_free (Command *command)
{
  g_clear_pointer (&command->patch, json_object_unref);
  g_clear_pointer (&command->lock, potoo_lock_free);
  g_free (command);
}

static Command *
get_command (GTask *task)
{
  return g_task_get_task_data (task);
}

/* --- the queue --- */

static gboolean
on_turn (gpointer task)
{
  get_command (task)->run (task);
  return G_SOURCE_REMOVE;
}

/* Its outcome was returned. */
static void
finish (GTask *task)
{
  PotooLockList *self = g_task_get_source_object (task);

  g_assert (g_queue_peek_head (&self->commands) == task);
  g_queue_pop_head (&self->commands);
  g_atomic_int_add (&self->n_commands, -1);
  if (self->commands.length > 0)
    potoo_main_post (on_turn, self->commands.head->data);
  g_object_unref (task);
}

static void
finish_with_error (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  finish (task);
}

static gboolean
run_refuse (gpointer task)
{
  finish_with_error (task,
                     g_error_new_literal (POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                                          _ ("Potoo is starting or stopping; try again later")));
  return G_SOURCE_REMOVE;
}

static gboolean
on_posted (gpointer task)
{
  PotooLockList *self = g_task_get_source_object (task);

  if (!self->started || self->stopped)
    get_command (task)->run = run_refuse;
  g_queue_push_tail (&self->commands, task);
  if (self->commands.length == 1)
    on_turn (task);
  return G_SOURCE_REMOVE; /* the reference is the queue's */
}

/* Any thread. Takes over both. */
static void
post (GTask *task, Command *command)
{
  PotooLockList *self = g_task_get_source_object (task);

  g_task_set_task_data (task, command, (GDestroyNotify) command_free);
  if (g_atomic_int_add (&self->n_commands, 1) < POTOO_LOCK_MAX_COMMANDS || command->own)
    {
      potoo_main_post (on_posted, task);
      return;
    }
  g_atomic_int_add (&self->n_commands, -1);
  potoo_metric_add (self->refused, 1);
  g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                           _ ("Too many changes of locks are waiting; try again later"));
  g_object_unref (task);
}

/* --- what is recorded around --- */

/* In a thread: says what there is instead of nothing. */
static void
look_around (GTask *look, gpointer source, gpointer data, GCancellable *cancellable)
{
  PotooLockList *self = source;
  const PotooLock *lock = data;
  gint64 before_us = 0, after_us = 0;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, NULL);

  if (reader != NULL)
    potoo_catalog_reader_find_nearest (reader, lock->camera, POTOO_STREAM_MAIN, lock->start_us,
                                       lock->end_us, &before_us, &after_us, NULL);
  g_autofree char *before = potoo_time_format (before_us);
  g_autofree char *after = potoo_time_format (after_us);
  if (before_us != 0 && after_us != 0)
    g_task_return_new_error (look, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("Nothing is recorded in this time; the recording before it ends at "
                                "%s, the next one starts at %s"),
                             before, after);
  else if (before_us != 0)
    g_task_return_new_error (look, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("Nothing is recorded in this time; the last recording ends at %s"),
                             before);
  else if (after_us != 0)
    g_task_return_new_error (
        look, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
        _ ("Nothing is recorded in this time; the first recording starts at %s"), after);
  else
    g_task_return_new_error (look, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("There are no recordings of a camera “%s”"), lock->camera);
}

static void
on_looked_around (GObject *source, GAsyncResult *result, gpointer task)
{
  GError *error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  finish_with_error (task, error);
}

/* --- adding and changing --- */

static void
on_put (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooLockList *self = g_task_get_source_object (task);
  const PotooLock *lock = get_command (task)->lock;
  GError *error = NULL;

  if (potoo_catalog_put_lock_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_lock_list_note_expiry (self, lock->id, lock->expires_us);
      g_task_return_pointer (task, potoo_lock_copy (lock), (GDestroyNotify) potoo_lock_free);
      finish (task);
    }
  else if (g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
    {
      g_autoptr (GTask) look = g_task_new (self, NULL, on_looked_around, task);
      g_task_set_task_data (look, potoo_lock_copy (lock), (GDestroyNotify) potoo_lock_free);
      g_task_run_in_thread (look, look_around);
      g_error_free (error);
    }
  else
    finish_with_error (task, error);
}

static gboolean
run_add (gpointer task)
{
  PotooLockList *self = g_task_get_source_object (task);
  PotooLock *lock = get_command (task)->lock;

  lock->id = potoo_catalog_take_lock_id (self->catalog);
  if (lock->id != 0)
    potoo_catalog_put_lock_async (self->catalog, lock, on_put, task);
  else
    finish_with_error (task, g_error_new_literal (POTOO_ERROR, POTOO_ERROR_BUSY,
                                                  _ ("The catalog is too busy; try again later")));
  return G_SOURCE_REMOVE;
}

void
potoo_lock_list_add_async (PotooLockList *self,
                           JsonObject *object,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (POTOO_IS_LOCK_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  g_task_set_source_tag (task, potoo_lock_list_add_async);
  PotooLock *lock = potoo_lock_draft_new (object, potoo_clock_wall_us (), &error);
  if (lock == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  Command *command = g_new0 (Command, 1);
  command->run = run_add;
  command->lock = lock;
  post (task, command);
}

PotooLock *
potoo_lock_list_add_finish (PotooLockList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* In a thread: the lock as it is, and as it is to be. */
static void
read_and_patch (GTask *read, gpointer source, gpointer data, GCancellable *cancellable)
{
  PotooLockList *self = source;
  const Command *command = data;
  GError *error = NULL;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, &error);
  g_autoptr (PotooLock)
      lock = reader != NULL ? potoo_catalog_reader_get_lock (reader, command->id, &error) : NULL;

  if (lock != NULL && potoo_lock_draft_patch (lock, command->patch, potoo_clock_wall_us (), &error))
    g_task_return_pointer (read, g_steal_pointer (&lock), (GDestroyNotify) potoo_lock_free);
  else
    g_task_return_error (read, error);
}

static void
on_patched (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooLockList *self = g_task_get_source_object (task);
  Command *command = get_command (task);
  GError *error = NULL;

  command->lock = g_task_propagate_pointer (G_TASK (result), &error);
  if (command->lock != NULL)
    potoo_catalog_put_lock_async (self->catalog, command->lock, on_put, task);
  else
    finish_with_error (task, error);
}

static gboolean
run_change (gpointer task)
{
  g_autoptr (GTask) read = g_task_new (g_task_get_source_object (task), NULL, on_patched, task);

  g_task_set_task_data (read, get_command (task), NULL); /* the command waits for it */
  g_task_run_in_thread (read, read_and_patch);
  return G_SOURCE_REMOVE;
}

void
potoo_lock_list_change_async (PotooLockList *self,
                              gint64 id,
                              JsonObject *patch,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (POTOO_IS_LOCK_LIST (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  Command *command = g_new0 (Command, 1);
  g_task_set_source_tag (task, potoo_lock_list_change_async);
  command->run = run_change;
  command->id = id;
  command->patch = json_object_ref (patch);
  post (task, command);
}

PotooLock *
potoo_lock_list_change_finish (PotooLockList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- removing --- */

static void
on_dropped (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooLockList *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!potoo_catalog_drop_lock_finish (POTOO_CATALOG (source), result, &error))
    {
      finish_with_error (task, error);
      return;
    }
  potoo_lock_list_note_expiry (self, get_command (task)->id, 0);
  g_task_return_boolean (task, TRUE);
  finish (task);
}

static gboolean
run_remove (gpointer task)
{
  PotooLockList *self = g_task_get_source_object (task);

  potoo_catalog_drop_lock_async (self->catalog, get_command (task)->id, on_dropped, task);
  return G_SOURCE_REMOVE;
}

static void
post_remove (PotooLockList *self,
             gint64 id,
             gboolean own,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Command *command = g_new0 (Command, 1);

  g_task_set_source_tag (task, post_remove);
  command->run = run_remove;
  command->id = id;
  command->own = own;
  post (task, command);
}

void
potoo_lock_list_remove_async (PotooLockList *self,
                              gint64 id,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (POTOO_IS_LOCK_LIST (self));

  post_remove (self, id, FALSE, callback, user_data);
}

void
potoo_lock_list_drop_async (PotooLockList *self,
                            gint64 id,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  post_remove (self, id, TRUE, callback, user_data);
}

gboolean
potoo_lock_list_remove_finish (PotooLockList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
