/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-retention.h"

#include "web/potoo-web-storage.h"

#define STOP_TIMEOUT_US (500 * 1000)

struct _PotooAppRetention
{
  PotooRecorder *recorder;
  PotooRetention *retention;
  PotooCameraList *cameras; /* (nullable) */
  GPtrArray *followed;      /* PotooCamera */
  guint tell;               /* idle source */
  PotooWebChangeLog *log;   /* (nullable) */
};

/* --- cameras --- */

static gboolean
tell_cameras (gpointer user_data)
{
  PotooAppRetention *self = user_data;
  g_autoptr (GPtrArray) snapshots = potoo_camera_list_get_snapshots (self->cameras);
  g_autoptr (GPtrArray)
      settings = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_camera_settings_unref);

  self->tell = 0;
  for (guint i = 0; i < snapshots->len; i++)
    g_ptr_array_add (settings, potoo_camera_settings_ref (
                                   ((PotooCameraSnapshot *) snapshots->pdata[i])->settings));
  potoo_retention_set_cameras (self->retention, settings);
  return G_SOURCE_REMOVE;
}

/* At the start all cameras come one after another. */
static void
on_changed (PotooAppRetention *self)
{
  if (self->tell == 0)
    self->tell = g_idle_add (tell_cameras, self);
}

static void
on_settings_changed (PotooCamera *camera, gpointer user_data)
{
  on_changed (user_data);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRetention *self = user_data;

  g_ptr_array_add (self->followed, g_object_ref (camera));
  /* It may have adopted what was to be deleted, and be removed without it one day. */
  potoo_retention_spare (self->retention, potoo_camera_get_id (camera));
  g_signal_connect (camera, "settings-changed", G_CALLBACK (on_settings_changed), self);
  on_changed (self);
}

static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRetention *self = user_data;

  g_signal_handlers_disconnect_by_data (camera, self);
  g_ptr_array_remove_fast (self->followed, camera);
  on_changed (self);
}

void
potoo_app_retention_follow (PotooAppRetention *self, PotooCameraList *cameras)
{
  self->cameras = g_object_ref (cameras);
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  on_changed (self); /* there may be none */
}

/* --- changes --- */

/* What could not be reached until now may have to go. */
static void
on_root_changed (PotooRecorder *recorder, const char *name, gpointer user_data)
{
  PotooAppRetention *self = user_data;
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (recorder);

  potoo_retention_wake (self->retention);
  for (guint i = 0; i < roots->len && self->log != NULL; i++)
    if (g_str_equal (((PotooRootStatus *) roots->pdata[i])->name, name))
      potoo_web_storage_tell_root (self->log, roots->pdata[i]);
}

static void
on_guarantee_changed (PotooRetention *retention,
                      const char *camera,
                      gint64 breaks_us,
                      gpointer user_data)
{
  PotooAppRetention *self = user_data;

  if (self->log != NULL)
    potoo_web_storage_tell_guarantee (self->log, camera, breaks_us);
}

void
potoo_app_retention_tell (PotooAppRetention *self, PotooWebChangeLog *log)
{
  self->log = potoo_web_change_log_ref (log);
}

/* --- life --- */

/* A writer's thread. */
static void
on_pressure (gpointer user_data)
{
  potoo_retention_wake (((PotooAppRetention *) user_data)->retention);
}

PotooAppRetention *
potoo_app_retention_new (PotooCatalog *catalog, PotooRecorder *recorder, GError **error)
{
  g_autoptr (GPtrArray) roots = potoo_recorder_get_storage_roots (recorder);
  PotooRetention *retention = potoo_retention_new (catalog, recorder, roots, error);

  if (retention == NULL)
    return NULL;
  PotooAppRetention *self = g_new0 (PotooAppRetention, 1);
  self->recorder = g_object_ref (recorder);
  self->retention = retention;
  self->followed = g_ptr_array_new_with_free_func (g_object_unref);
  potoo_recorder_set_pressure_func (recorder, on_pressure, self);
  g_signal_connect (recorder, "root-changed", G_CALLBACK (on_root_changed), self);
  g_signal_connect (retention, "guarantee-changed", G_CALLBACK (on_guarantee_changed), self);
  return self;
}

void
potoo_app_retention_free (PotooAppRetention *self)
{
  potoo_recorder_set_pressure_func (self->recorder, NULL, NULL);
  g_signal_handlers_disconnect_by_data (self->recorder, self);
  g_signal_handlers_disconnect_by_data (self->retention, self);
  g_clear_handle_id (&self->tell, g_source_remove);
  if (self->cameras != NULL)
    g_signal_handlers_disconnect_by_data (self->cameras, self);
  for (guint i = 0; i < self->followed->len; i++)
    g_signal_handlers_disconnect_by_data (self->followed->pdata[i], self);
  g_ptr_array_unref (self->followed);
  potoo_retention_stop (self->retention, STOP_TIMEOUT_US);
  g_clear_object (&self->retention);
  g_clear_pointer (&self->log, potoo_web_change_log_unref);
  g_clear_object (&self->cameras);
  g_clear_object (&self->recorder);
  g_free (self);
}

PotooRetention *
potoo_app_retention_get (PotooAppRetention *self)
{
  return self->retention;
}
