/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Adding a camera: its id must belong to no camera and, unless it is to adopt them, to no
 * recordings of a removed one. An id that was made from the name gives way to `name-2`, `name-3` …
 */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "camera/potoo-camera-commands.h"
#include "catalog/potoo-catalog-cameras.h"

/* How far `name-2`, `name-3` … is tried. */
#define MAX_ID_SUFFIX 999

/* The settings to add with the next id of `name-2`, `name-3` … */
static PotooCameraSettings *
make_next_id (PotooCameraCommand *command, GError **error)
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
  PotooCameraCommand *command = potoo_camera_command_get (task);
  GError *error = NULL;

  if (command->made_id == NULL && !potoo_camera_settings_has_made_id (command->settings))
    {
      potoo_camera_command_finish_with_error (task, taken);
      return;
    }
  g_error_free (taken);
  PotooCameraSettings *next = make_next_id (command, &error);
  if (next == NULL)
    {
      potoo_camera_command_finish_with_error (task, error);
      return;
    }
  potoo_camera_command_move (task, next);
}

static void
on_added_durably (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);
  GError *error = NULL;

  self->n_adding--;
  if (!potoo_catalog_put_camera_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_camera_command_finish_with_error (task, error);
      return;
    }
  g_autoptr (PotooCamera) camera = potoo_camera_new (potoo_camera_command_get (task)->settings);
  potoo_camera_list_insert (self, camera, 0);
  potoo_camera_command_finish_with_snapshot (task, camera);
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
  PotooCameraList *self = potoo_camera_command_get_list (task);
  PotooCameraCommand *command = potoo_camera_command_get (task);
  GError *error = NULL;
  gboolean has = g_task_propagate_boolean (G_TASK (result), &error);

  if (error == NULL && (!has || command->adopt))
    {
      potoo_catalog_put_camera_async (self->catalog, command->settings, on_added_durably, task);
      return;
    }
  self->n_adding--;
  if (error != NULL)
    potoo_camera_command_finish_with_error (task, error);
  else
    id_is_taken (task, potoo_error_new_at (POTOO_ERROR_EXISTS, "/id",
                                           _ ("There are recordings of a removed camera “%s”; "
                                              "let the new one adopt them, delete them, or "
                                              "choose another id"),
                                           command->id));
}

static gboolean
run_add (gpointer task)
{
  PotooCameraList *self = potoo_camera_command_get_list (task);
  PotooCameraCommand *command = potoo_camera_command_get (task);
  GError *error = NULL;

  if (!potoo_camera_command_check_open (task, &error))
    potoo_camera_command_finish_with_error (task, error);
  else if (potoo_camera_list_find (self, command->id) != NULL)
    id_is_taken (task, potoo_error_new_at (POTOO_ERROR_EXISTS, "/id",
                                           _ ("There is a camera “%s” already; choose another id, "
                                              "or change that camera"),
                                           command->id));
  else if (self->cameras->len + self->n_adding >= POTOO_MAX_CAMERAS)
    potoo_camera_command_finish_with_error (
        task, g_error_new (POTOO_ERROR, POTOO_ERROR_TOO_LARGE,
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
                             gboolean adopt,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_LIST (self));
  g_return_if_fail (settings != NULL);

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_list_add_async);
  PotooCameraCommand *command = potoo_camera_command_new (run_add,
                                                          potoo_camera_settings_get_id (settings));
  command->settings = potoo_camera_settings_ref (settings);
  command->adopt = adopt;
  potoo_camera_command_post (task, command);
}

PotooCameraSnapshot *
potoo_camera_list_add_finish (PotooCameraList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
