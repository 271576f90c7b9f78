/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-events.h"

struct _PotooAppEvents
{
  PotooCameraList *cameras;
  GPtrArray *followed; /* PotooCamera */
  PotooEventList *events;
  PotooLockList *locks;
};

static void
on_settings_changed (PotooCamera *camera, gpointer user_data)
{
  PotooAppEvents *self = user_data;
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);

  potoo_event_list_set_camera (self->events, snapshot->settings);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppEvents *self = user_data;

  g_ptr_array_add (self->followed, g_object_ref (camera));
  g_signal_connect (camera, "settings-changed", G_CALLBACK (on_settings_changed), self);
  on_settings_changed (camera, self);
}

static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppEvents *self = user_data;

  g_signal_handlers_disconnect_by_data (camera, self);
  potoo_event_list_remove_camera (self->events, potoo_camera_get_id (camera));
  g_ptr_array_remove_fast (self->followed, camera);
}

PotooAppEvents *
potoo_app_events_new (PotooCameraList *cameras, PotooCatalog *catalog, GError **error)
{
  g_autoptr (PotooAppEvents) self = g_new0 (PotooAppEvents, 1);

  self->cameras = g_object_ref (cameras);
  self->followed = g_ptr_array_new_with_free_func (g_object_unref);
  self->events = potoo_event_list_new (catalog);
  self->locks = potoo_lock_list_new (catalog);
  if (!potoo_event_list_start (self->events, error) || !potoo_lock_list_start (self->locks, error))
    return NULL;
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  return g_steal_pointer (&self);
}

void
potoo_app_events_free (PotooAppEvents *self)
{
  potoo_event_list_stop (self->events);
  potoo_lock_list_stop (self->locks);
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  for (guint i = 0; i < self->followed->len; i++)
    g_signal_handlers_disconnect_by_data (self->followed->pdata[i], self);
  g_ptr_array_unref (self->followed);
  g_object_unref (self->events);
  g_object_unref (self->locks);
  g_object_unref (self->cameras);
  g_free (self);
}

PotooEventList *
potoo_app_events_get_events (PotooAppEvents *self)
{
  return self->events;
}

PotooLockList *
potoo_app_events_get_locks (PotooAppEvents *self)
{
  return self->locks;
}
