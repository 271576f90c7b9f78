/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Changing and removing a camera: the catalog first, then the camera. */

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "camera/potoo-camera-commands.h"
#include "catalog/potoo-catalog-cameras.h"

/* The camera that a patch or remove means, if it is as the caller saw it. */
static PotooCamera *
find_target (GTask *task, GError **error)
{
  PotooCameraCommand *command = potoo_camera_command_get (task);

  if (!potoo_camera_command_check_open (task, error))
    return NULL;
  PotooCamera *camera = potoo_camera_list_find (potoo_camera_command_get_list (task), command->id);
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

/* --- patch --- */

static void
on_patched_durably (GObject *source, GAsyncResult *result, gpointer task)
{
  PotooCameraCommand *command = potoo_camera_command_get (task);
  GError *error = NULL;

  if (!potoo_catalog_put_camera_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_camera_command_finish_with_error (task, error);
      return;
    }
  PotooCamera *camera = potoo_camera_list_find (potoo_camera_command_get_list (task), command->id);
  potoo_camera_set_settings (camera, command->settings);
  potoo_camera_command_finish_with_snapshot (task, camera);
}

static gboolean
run_patch (gpointer task)
{
  PotooCameraCommand *command = potoo_camera_command_get (task);
  GError *error = NULL;
  PotooCamera *camera = find_target (task, &error);

  if (camera != NULL)
    {
      g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
      command->settings = potoo_camera_settings_patch (snapshot->settings, command->patch, &error);
    }
  if (command->settings == NULL)
    potoo_camera_command_finish_with_error (task, error);
  else
    potoo_catalog_put_camera_async (potoo_camera_command_get_list (task)->catalog,
                                    command->settings, on_patched_durably, task);
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
  PotooCameraCommand *command = potoo_camera_command_new (run_patch, id);
  command->patch = json_object_ref (patch);
  command->if_version = if_version;
  potoo_camera_command_post (task, command);
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
  potoo_camera_list_delete (potoo_camera_command_get_list (task), camera);
  g_task_return_boolean (task, TRUE);
  potoo_camera_command_finish (task);
}

static void
on_removed_durably (GObject *source, GAsyncResult *result, gpointer task)
{
  GError *error = NULL;

  if (!potoo_catalog_remove_camera_finish (POTOO_CATALOG (source), result, &error))
    {
      potoo_camera_command_finish_with_error (task, error);
      return;
    }
  PotooCamera *camera = potoo_camera_list_find (potoo_camera_command_get_list (task),
                                                potoo_camera_command_get (task)->id);
  potoo_camera_stop_async (camera, on_removed_stopped, task);
}

static gboolean
run_remove (gpointer task)
{
  GError *error = NULL;

  if (find_target (task, &error) == NULL)
    potoo_camera_command_finish_with_error (task, error);
  else
    potoo_catalog_remove_camera_async (potoo_camera_command_get_list (task)->catalog,
                                       potoo_camera_command_get (task)->id, on_removed_durably,
                                       task);
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
  PotooCameraCommand *command = potoo_camera_command_new (run_remove, id);
  command->if_version = if_version;
  potoo_camera_command_post (task, command);
}

gboolean
potoo_camera_list_remove_finish (PotooCameraList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
