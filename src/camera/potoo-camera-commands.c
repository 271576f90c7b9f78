/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Add, patch and remove, from any thread. A command is a GTask of the caller's
 * context that is posted to main and there put at the end of its camera id's queue:
 * the first of each queue is under way, so two changes of one camera never
 * overlap, while those of different cameras do. Each checks, makes the catalog
 * durable, and only then changes the camera; whatever fails before leaves all as it was.
 */

#include "camera/potoo-camera-list-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "catalog/potoo-catalog-cameras.h"

/* How far `name-2`, `name-3` … is tried for an id that was made from a name. */
#define MAX_ID_SUFFIX 999

typedef struct
{
  GSourceFunc run;               /* gets the GTask */
  char *id;                      /* whose queue it is in */
  PotooCameraSettings *settings; /* to add, or what the patch gave */
  JsonObject *patch;
  guint64 if_version;
  char *made_id; /* the id that was made from the name, when another is looked for */
  guint suffix;
} Command;

static void
command_free (Command *command)
{
  g_free (command->id);
  g_clear_pointer (&command->settings, potoo_camera_settings_unref);
  g_clear_pointer (&command->patch, json_object_unref);
  g_free (command->made_id);
  g_free (command);
}

static Command *
get_command (GTask *task)
{
  return g_task_get_task_data (task);
}

static PotooCameraList *
get_list (GTask *task)
{
  return g_task_get_source_object (task);
}

/* --- the queues --- */

/* g_main_context_invoke() would run it in the calling thread when nobody happens
 * to hold main's context; a source never does. */
static void
run_on_main (GSourceFunc func, GTask *task)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, g_object_ref (task), g_object_unref);
  g_source_attach (source, NULL);
}

/* Its turn has come: it is the first of its queue. */
static gboolean
on_turn (gpointer task)
{
  get_command (task)->run (task);
  return G_SOURCE_REMOVE;
}

static void
enter_queue (GTask *task)
{
  PotooCameraList *self = get_list (task);
  const char *id = get_command (task)->id;
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
  PotooCameraList *self = get_list (task);
  const char *id = get_command (task)->id;
  GQueue *queue = g_hash_table_lookup (self->commands, id);

  g_assert (g_queue_pop_head (queue) == task);
  if (queue->length > 0)
    run_on_main (on_turn, queue->head->data); /* not from here: chains would recurse */
  else
    g_hash_table_remove (self->commands, id);
}

static gboolean
on_posted (gpointer task)
{
  enter_queue (task);
  return G_SOURCE_REMOVE;
}

/* Takes over @task and @command. */
static void
post (GTask *task, Command *command)
{
  PotooCameraList *self = get_list (task);

  g_task_set_task_data (task, command, (GDestroyNotify) command_free);
  if (g_atomic_int_add (&self->n_commands, 1) < POTOO_MAX_CAMERA_COMMANDS)
    {
      potoo_metric_add (self->waiting, 1);
      run_on_main (on_posted, task);
      return; /* the reference is the queue's, until finish() */
    }
  g_atomic_int_add (&self->n_commands, -1);
  potoo_metric_add (self->refused, 1);
  g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                           _ ("Too many changes of cameras are waiting; try again later"));
  g_object_unref (task);
}

/* The outcome was returned: makes place for the next. */
static void
finish (GTask *task)
{
  PotooCameraList *self = get_list (task);

  potoo_metric_add (self->waiting, -1);
  g_atomic_int_add (&self->n_commands, -1);
  leave_queue (task);
  g_object_unref (task);
}

static void
finish_with_error (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  finish (task);
}

static void
finish_with_snapshot (GTask *task, PotooCamera *camera)
{
  g_task_return_pointer (task, potoo_camera_get_snapshot (camera),
                         (GDestroyNotify) potoo_camera_snapshot_unref);
  finish (task);
}

static gboolean
check_open (GTask *task, GError **error)
{
  PotooCameraList *self = get_list (task);

  if (self->started && !self->stopped)
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                       _ ("Potoo is starting or stopping; try again later"));
  return FALSE;
}

/* The camera that a patch or remove means, if it is as the caller saw it. */
static PotooCamera *
find_target (GTask *task, GError **error)
{
  Command *command = get_command (task);

  if (!check_open (task, error))
    return NULL;
  PotooCamera *camera = potoo_camera_list_find (get_list (task), command->id);
  if (camera == NULL)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no camera “%s”"),
                   command->id);
      return NULL;
    }
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
  if (command->if_version == 0 || command->if_version == snapshot->version)
    return camera;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_PRECONDITION_FAILED,
               _ ("The camera “%s” was changed in the meantime; read it again"), command->id);
  return NULL;
}

/* --- add --- */

/* The settings to add with the next id of `name-2`, `name-3` … */
static PotooCameraSettings *
make_next_id (Command *command, GError **error)
{
  if (command->made_id == NULL)
    command->made_id = g_strdup (command->id);
  command->suffix = MAX (2, command->suffix + 1);
  if (command->suffix > MAX_ID_SUFFIX)
    {
      potoo_set_error_at (error, POTOO_ERROR_EXISTS, "/name",
                          _ ("Too many cameras are called “%s”; give an id"), command->made_id);
      return NULL;
    }

  g_autofree char *suffix = g_strdup_printf ("-%u", command->suffix);
  int room = (int) (POTOO_SLUG_MAX - strlen (suffix));
  g_autofree char *id = g_strdup_printf ("%.*s%s", room, command->made_id, suffix);
  g_autoptr (JsonObject) object = potoo_camera_settings_to_stored_json (command->settings);
  json_object_set_string_member (object, "id", id);
  return potoo_camera_settings_new (object, error);
}

/* Goes on in the queue of another id, if the caller left the choice to us. */
static void
id_is_taken (GTask *task, GError *taken)
{
  Command *command = get_command (task);
  GError *error = NULL;

  if (command->made_id == NULL && !potoo_camera_settings_has_made_id (command->settings))
    {
      finish_with_error (task, taken);
      return;
    }
  g_error_free (taken);
  PotooCameraSettings *next = make_next_id (command, &error);
  if (next == NULL)
    {
      finish_with_error (task, error);
      return;
    }
  leave_queue (task);
  potoo_camera_settings_unref (command->settings);
  command->settings = next;
  g_free (command->id);
  command->id = g_strdup (potoo_camera_settings_get_id (next));
  enter_queue (task);
}

static void
on_added_durably (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooCameraList *self = get_list (task);
  GError *error = NULL;

  self->n_adding--;
  if (!potoo_catalog_put_camera_finish (POTOO_CATALOG (source), result, &error))
    {
      finish_with_error (task, error);
      return;
    }
  g_autoptr (PotooCamera) camera = potoo_camera_new (get_command (task)->settings);
  potoo_camera_list_insert (self, camera, 0);
  finish_with_snapshot (task, camera);
}

/* SQL that may wait for the disk is not for main. */
static void
look_for_recordings (GTask *look, gpointer source, gpointer id, GCancellable *cancellable)
{
  PotooCameraList *self = source;
  GError *error = NULL;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, &error);
  int has = reader != NULL ? potoo_catalog_reader_has_recordings (reader, id, &error) : -1;

  if (has < 0)
    g_task_return_error (look, error);
  else
    g_task_return_boolean (look, has > 0);
}

static void
on_recordings_looked_for (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooCameraList *self = get_list (task);
  Command *command = get_command (task);
  GError *error = NULL;
  gboolean has = g_task_propagate_boolean (G_TASK (result), &error);

  if (error == NULL && !has)
    {
      potoo_catalog_put_camera_async (self->catalog, command->settings, on_added_durably, task);
      return;
    }
  self->n_adding--;
  if (error != NULL)
    finish_with_error (task, error);
  else
    id_is_taken (task, potoo_error_new_at (POTOO_ERROR_EXISTS, "/id",
                                           _ ("There are recordings of a removed camera “%s”; "
                                              "delete them, or choose another id"),
                                           command->id));
}

static gboolean
run_add (gpointer task)
{
  PotooCameraList *self = get_list (task);
  Command *command = get_command (task);
  GError *error = NULL;

  if (!check_open (task, &error))
    finish_with_error (task, error);
  else if (potoo_camera_list_find (self, command->id) != NULL)
    id_is_taken (task, potoo_error_new_at (POTOO_ERROR_EXISTS, "/id",
                                           _ ("There is a camera “%s” already; choose another id, "
                                              "or change that camera"),
                                           command->id));
  else if (self->cameras->len + self->n_adding >= POTOO_MAX_CAMERAS)
    finish_with_error (task,
                       g_error_new (POTOO_ERROR, POTOO_ERROR_TOO_LARGE,
                                    _ ("There are %d cameras already, the most that one Potoo "
                                       "takes; remove one, or use another machine"),
                                    POTOO_MAX_CAMERAS));
  else
    {
      g_autoptr (GTask) look = g_task_new (self, NULL, on_recordings_looked_for, task);
      g_task_set_task_data (look, g_strdup (command->id), g_free);
      self->n_adding++;
      g_task_run_in_thread (look, look_for_recordings);
    }
  return G_SOURCE_REMOVE;
}

void
potoo_camera_list_add_async (PotooCameraList *self,
                             PotooCameraSettings *settings,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_LIST (self));
  g_return_if_fail (settings != NULL);

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_list_add_async);
  Command *command = g_new0 (Command, 1);
  command->run = run_add;
  command->id = g_strdup (potoo_camera_settings_get_id (settings));
  command->settings = potoo_camera_settings_ref (settings);
  post (task, command);
}

PotooCameraSnapshot *
potoo_camera_list_add_finish (PotooCameraList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- patch --- */

static void
on_patched_durably (GObject *source, GAsyncResult *result, gpointer task)
{
  Command *command = get_command (task);
  GError *error = NULL;

  if (!potoo_catalog_put_camera_finish (POTOO_CATALOG (source), result, &error))
    {
      finish_with_error (task, error);
      return;
    }
  PotooCamera *camera = potoo_camera_list_find (get_list (task), command->id);
  potoo_camera_set_settings (camera, command->settings);
  finish_with_snapshot (task, camera);
}

static gboolean
run_patch (gpointer task)
{
  Command *command = get_command (task);
  GError *error = NULL;
  PotooCamera *camera = find_target (task, &error);

  if (camera != NULL)
    {
      g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
      command->settings = potoo_camera_settings_patch (snapshot->settings, command->patch, &error);
    }
  if (command->settings == NULL)
    finish_with_error (task, error);
  else
    potoo_catalog_put_camera_async (get_list (task)->catalog, command->settings, on_patched_durably,
                                    task);
  return G_SOURCE_REMOVE;
}

void
potoo_camera_list_patch_async (PotooCameraList *self,
                               const char *id,
                               JsonObject *patch,
                               guint64 if_version,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_LIST (self));
  g_return_if_fail (id != NULL && patch != NULL);

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_list_patch_async);
  Command *command = g_new0 (Command, 1);
  command->run = run_patch;
  command->id = g_strdup (id);
  command->patch = json_object_ref (patch);
  command->if_version = if_version;
  post (task, command);
}

PotooCameraSnapshot *
potoo_camera_list_patch_finish (PotooCameraList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- remove --- */

static void
on_removed_stopped (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooCamera *camera = POTOO_CAMERA (source);

  potoo_camera_stop_finish (camera, result);
  potoo_camera_list_delete (get_list (task), camera);
  g_task_return_boolean (task, TRUE);
  finish (task);
}

static void
on_removed_durably (GObject *source, GAsyncResult *result, gpointer task)
{
  GError *error = NULL;

  if (!potoo_catalog_remove_camera_finish (POTOO_CATALOG (source), result, &error))
    {
      finish_with_error (task, error);
      return;
    }
  PotooCamera *camera = potoo_camera_list_find (get_list (task), get_command (task)->id);
  potoo_camera_stop_async (camera, on_removed_stopped, task);
}

static gboolean
run_remove (gpointer task)
{
  GError *error = NULL;

  if (find_target (task, &error) == NULL)
    finish_with_error (task, error);
  else
    potoo_catalog_remove_camera_async (get_list (task)->catalog, get_command (task)->id,
                                       on_removed_durably, task);
  return G_SOURCE_REMOVE;
}

void
potoo_camera_list_remove_async (PotooCameraList *self,
                                const char *id,
                                guint64 if_version,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_LIST (self));
  g_return_if_fail (id != NULL);

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_list_remove_async);
  Command *command = g_new0 (Command, 1);
  command->run = run_remove;
  command->id = g_strdup (id);
  command->if_version = if_version;
  post (task, command);
}

gboolean
potoo_camera_list_remove_finish (PotooCameraList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
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
