/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-changes.h"

#include "catalog/potoo-catalog-watch.h"

struct _PotooAppChanges
{
  PotooCameraList *cameras;
  GPtrArray *followed; /* PotooCamera */
  PotooCatalog *catalog;
  PotooRetention *retention;
  PotooHasher *hasher;
  PotooWebChangeLog *log;
  PotooDbusServer *dbus;
  /* The catalog's thread: open segments that were told; an open one is told again and
   * again while it grows. */
  GHashTable *open; /* set of gint64 */
};

/* --- cameras: main thread --- */

static void
on_status_changed (PotooCamera *camera, gpointer user_data)
{
  PotooAppChanges *self = user_data;
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);

  potoo_web_change_log_camera (self->log, snapshot);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  g_ptr_array_add (self->followed, g_object_ref (camera));
  g_signal_connect (camera, "status-changed", G_CALLBACK (on_status_changed), self);
  on_status_changed (camera, self);
}

static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  g_signal_handlers_disconnect_by_data (camera, self);
  g_ptr_array_remove_fast (self->followed, camera);
  potoo_web_change_log_camera_removed (self->log, potoo_camera_get_id (camera));
}

/* --- recordings: the catalog's thread --- */

static void
on_segment (const PotooSegment *segment, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  if (segment->state != POTOO_SEGMENT_OPEN)
    {
      g_hash_table_remove (self->open, &segment->id);
      potoo_retention_note_segment (self->retention, segment);
      /* Not what was adopted, which may be all that there is: verification comes to it. */
      if (segment->state == POTOO_SEGMENT_CLOSED && !segment->has_sha256 &&
          segment->boot_id[0] != '\0')
        potoo_hasher_push (self->hasher, segment);
    }
  else if (!g_hash_table_add (self->open, g_memdup2 (&segment->id, sizeof segment->id)))
    return;
  potoo_web_change_log_segment (self->log, segment);
  potoo_dbus_server_tell_segment (self->dbus, segment);
}

static void
on_segment_dropped (gint64 id, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  g_hash_table_remove (self->open, &id);
  potoo_web_change_log_segment_removed (self->log, id);
  potoo_dbus_server_tell_segment_dropped (self->dbus, id);
}

static void
on_gap (const PotooGap *gap, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  potoo_web_change_log_gap (self->log, gap);
  potoo_dbus_server_tell_gap (self->dbus, gap);
}

static void
on_gap_dropped (gint64 id, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  potoo_web_change_log_gap_removed (self->log, id);
}

static void
on_event (const PotooEvent *event, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  potoo_web_change_log_event (self->log, event);
  potoo_dbus_server_tell_event (self->dbus, event);
}

static void
on_event_dropped (gint64 id, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  potoo_web_change_log_event_removed (self->log, id);
  potoo_dbus_server_tell_event_dropped (self->dbus, id);
}

static void
on_lock (const PotooLock *lock, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  potoo_web_change_log_lock (self->log, lock);
  potoo_dbus_server_tell_lock (self->dbus, lock);
}

static void
on_lock_dropped (gint64 id, gpointer user_data)
{
  PotooAppChanges *self = user_data;

  potoo_retention_wake (self->retention);
  potoo_web_change_log_lock_removed (self->log, id);
  potoo_dbus_server_tell_lock_dropped (self->dbus, id);
}

static const PotooCatalogWatch watch = {
  .segment = on_segment,
  .segment_dropped = on_segment_dropped,
  .gap = on_gap,
  .gap_dropped = on_gap_dropped,
  .event = on_event,
  .event_dropped = on_event_dropped,
  .lock = on_lock,
  .lock_dropped = on_lock_dropped,
};

/* --- life --- */

PotooAppChanges *
potoo_app_changes_new (PotooCameraList *cameras,
                       PotooCatalog *catalog,
                       PotooRetention *retention,
                       PotooHasher *hasher,
                       PotooWebChangeLog *log,
                       PotooDbusServer *dbus)
{
  PotooAppChanges *self = g_new0 (PotooAppChanges, 1);

  self->cameras = g_object_ref (cameras);
  self->followed = g_ptr_array_new_with_free_func (g_object_unref);
  self->catalog = g_object_ref (catalog);
  self->retention = g_object_ref (retention);
  self->hasher = hasher;
  self->log = potoo_web_change_log_ref (log);
  self->dbus = g_object_ref (dbus);
  self->open = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  potoo_catalog_set_watch (catalog, &watch, self);
  return self;
}

void
potoo_app_changes_free (PotooAppChanges *self)
{
  potoo_catalog_set_watch (self->catalog, NULL, NULL);
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  for (guint i = 0; i < self->followed->len; i++)
    g_signal_handlers_disconnect_by_data (self->followed->pdata[i], self);
  g_ptr_array_unref (self->followed);
  g_hash_table_unref (self->open);
  potoo_web_change_log_unref (self->log);
  g_object_unref (self->dbus);
  g_object_unref (self->retention);
  g_object_unref (self->catalog);
  g_object_unref (self->cameras);
  g_free (self);
}
