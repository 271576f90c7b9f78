/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Start: objects for all cameras as they are added → a link to the bus, on which they
 * are exported each time that it stands. Stop: calls are refused and waited for → their
 * answers are flushed → the name is given back.
 *
 * Measurements change all the time, and nobody may be listening: they are taken over by one
 * timer, for all cameras together at most MEASURED_PER_SECOND signals a second, and not while
 * the bus does not take what it has: GDBus's queue to it knows no bound.
 */

#include "dbus/potoo-dbus-server.h"

#include "base/potoo-log.h"
#include "dbus/potoo-dbus-camera.h"
#include "dbus/potoo-dbus-inbox.h"
#include "dbus/potoo-dbus-link.h"
#include "dbus/potoo-dbus-manager.h"

#define MEASURE_INTERVAL_MS 2000
#define MEASURED_PER_SECOND 50
#define STOP_TIMEOUT_US (300 * 1000)
#define FLUSH_TIMEOUT_MS 200

struct _PotooDbusServer
{
  GObject parent_instance;

  PotooDbusParts parts;
  PotooDbusManager *manager;
  GHashTable *cameras; /* id → PotooDbusCamera */
  GDBusObjectManagerServer *object_manager;
  PotooDbusLink *link; /* (nullable) before the start and after the stop */
  PotooDbusInbox *inbox;
  guint measure_source;
  GTask *stop_task; /* (nullable) */
  guint flush_source;
};

G_DEFINE_FINAL_TYPE (PotooDbusServer, potoo_dbus_server, G_TYPE_OBJECT)

/* --- the connection --- */

static void
on_connected (GDBusConnection *connection, gpointer user_data)
{
  PotooDbusServer *self = user_data;
  g_autoptr (GError) error = NULL;

  g_dbus_object_manager_server_set_connection (self->object_manager, connection);
  if (!g_dbus_interface_skeleton_export (potoo_dbus_manager_get_interface (self->manager),
                                         connection, POTOO_BUS_PATH, &error))
    potoo_log_error (NULL, "Cannot export %s: %s", POTOO_BUS_PATH, error->message);
}

static void
unexport (PotooDbusServer *self)
{
  GDBusInterfaceSkeleton *manager = potoo_dbus_manager_get_interface (self->manager);

  if (g_dbus_interface_skeleton_get_connection (manager) != NULL)
    g_dbus_interface_skeleton_unexport (manager);
  g_dbus_object_manager_server_set_connection (self->object_manager, NULL);
}

static void
on_lost (gpointer user_data)
{
  unexport (user_data);
}

static const PotooDbusLinkFuncs link_funcs = {
  .connected = on_connected,
  .lost = on_lost,
};

/* --- cameras --- */

static void
on_camera_added (PotooCameraList *list, PotooCamera *camera, PotooDbusServer *self)
{
  PotooDbusCamera *exported = potoo_dbus_camera_new (&self->parts, camera);

  g_hash_table_insert (self->cameras, g_strdup (potoo_camera_get_id (camera)), exported);
  g_dbus_object_manager_server_export (self->object_manager,
                                       potoo_dbus_camera_get_object (exported));
}

static void
on_camera_removed (PotooCameraList *list, PotooCamera *camera, PotooDbusServer *self)
{
  const char *id = potoo_camera_get_id (camera);
  PotooDbusCamera *exported = g_hash_table_lookup (self->cameras, id);

  if (exported == NULL)
    return;
  g_dbus_object_manager_server_unexport (self->object_manager,
                                         potoo_dbus_camera_get_path (exported));
  g_hash_table_remove (self->cameras, id);
}

static gboolean
on_measure (gpointer user_data)
{
  PotooDbusServer *self = user_data;
  guint n = g_hash_table_size (self->cameras);
  GHashTableIter iter;
  gpointer camera;

  if (n > 0 && potoo_dbus_link_probe (self->link))
    {
      g_hash_table_iter_init (&iter, self->cameras);
      while (g_hash_table_iter_next (&iter, NULL, &camera))
        potoo_dbus_camera_measure (camera);
    }
  self->measure_source = g_timeout_add (MAX (MEASURE_INTERVAL_MS, n * 1000 / MEASURED_PER_SECOND),
                                        on_measure, self);
  return G_SOURCE_REMOVE;
}

/* --- recordings --- */

static void
on_segment (const PotooSegment *segment, gpointer user_data)
{
  PotooDbusServer *self = user_data;
  PotooDbusCamera *camera = g_hash_table_lookup (self->cameras, segment->camera);

  if (camera != NULL)
    potoo_dbus_camera_tell_segment (camera, segment);
}

static void
on_segment_dropped (gint64 id, gpointer user_data)
{
  PotooDbusServer *self = user_data;
  GHashTableIter iter;
  gpointer camera;

  g_hash_table_iter_init (&iter, self->cameras);
  while (g_hash_table_iter_next (&iter, NULL, &camera))
    potoo_dbus_camera_tell_segment_dropped (camera, id);
  potoo_dbus_manager_tell_segment_dropped (self->manager, id);
}

static void
on_gap (const PotooGap *gap, gpointer user_data)
{
  PotooDbusServer *self = user_data;
  PotooDbusCamera *camera = g_hash_table_lookup (self->cameras, gap->camera);

  if (camera != NULL)
    potoo_dbus_camera_tell_gap (camera, gap);
}

static void
on_event (const PotooEvent *event, gpointer user_data)
{
  potoo_dbus_manager_tell_event (((PotooDbusServer *) user_data)->manager, event);
}

static void
on_event_dropped (gint64 id, gpointer user_data)
{
  potoo_dbus_manager_tell_event_dropped (((PotooDbusServer *) user_data)->manager, id);
}

static void
on_lock (const PotooLock *lock, gpointer user_data)
{
  potoo_dbus_manager_tell_lock (((PotooDbusServer *) user_data)->manager, lock);
}

static void
on_lock_dropped (gint64 id, gpointer user_data)
{
  potoo_dbus_manager_tell_lock_dropped (((PotooDbusServer *) user_data)->manager, id);
}

static const PotooDbusInboxFuncs inbox_funcs = {
  .segment = on_segment,
  .segment_dropped = on_segment_dropped,
  .gap = on_gap,
  .event = on_event,
  .event_dropped = on_event_dropped,
  .lock = on_lock,
  .lock_dropped = on_lock_dropped,
};

void
potoo_dbus_server_tell_segment (PotooDbusServer *self, const PotooSegment *segment)
{
  potoo_dbus_inbox_put_segment (self->inbox, segment);
}

void
potoo_dbus_server_tell_segment_dropped (PotooDbusServer *self, gint64 id)
{
  potoo_dbus_inbox_put_segment_dropped (self->inbox, id);
}

void
potoo_dbus_server_tell_gap (PotooDbusServer *self, const PotooGap *gap)
{
  potoo_dbus_inbox_put_gap (self->inbox, gap);
}

void
potoo_dbus_server_tell_event (PotooDbusServer *self, const PotooEvent *event)
{
  potoo_dbus_inbox_put_event (self->inbox, event);
}

void
potoo_dbus_server_tell_event_dropped (PotooDbusServer *self, gint64 id)
{
  potoo_dbus_inbox_put_event_dropped (self->inbox, id);
}

void
potoo_dbus_server_tell_lock (PotooDbusServer *self, const PotooLock *lock)
{
  potoo_dbus_inbox_put_lock (self->inbox, lock);
}

void
potoo_dbus_server_tell_lock_dropped (PotooDbusServer *self, gint64 id)
{
  potoo_dbus_inbox_put_lock_dropped (self->inbox, id);
}

void
potoo_dbus_server_tell_overload (PotooDbusServer *self, PotooOverload overload)
{
  potoo_dbus_manager_set_overload (self->manager, overload);
}

/* --- start and stop --- */

void
potoo_dbus_server_start (PotooDbusServer *self, PotooBusKind bus, const char *web_url)
{
  g_return_if_fail (POTOO_IS_DBUS_SERVER (self) && self->link == NULL);

  potoo_dbus_manager_set_web_url (self->manager, web_url);
  self->measure_source = g_timeout_add (MEASURE_INTERVAL_MS, on_measure, self);
  self->link = potoo_dbus_link_new (bus, &link_funcs, self);
}

/* Lets go of the bus and of what the server works on, which may be gone before it is. */
static void
disconnect (PotooDbusServer *self)
{
  g_clear_handle_id (&self->measure_source, g_source_remove);
  g_clear_handle_id (&self->flush_source, g_source_remove);
  if (self->link != NULL)
    unexport (self);
  g_clear_pointer (&self->link, potoo_dbus_link_free);
  if (self->parts.context.cameras != NULL)
    g_signal_handlers_disconnect_by_data (self->parts.context.cameras, self);
  self->parts.context = (PotooDbusContext){ NULL };
  g_clear_pointer (&self->parts.reader, potoo_dbus_reader_free);
}

static void
return_stop (PotooDbusServer *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  disconnect (self);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
on_flushed (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *server = user_data;
  g_autoptr (PotooDbusServer) self = g_weak_ref_get (server);

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (connection), result, NULL);
  if (self != NULL && self->stop_task != NULL)
    return_stop (self);
  g_weak_ref_clear (server);
  g_free (server);
}

/* A bus that stands still takes no answers. */
static gboolean
on_flush_timeout (gpointer user_data)
{
  PotooDbusServer *self = user_data;

  self->flush_source = 0;
  return_stop (self);
  return G_SOURCE_REMOVE;
}

static void
on_calls_stopped (gpointer user_data)
{
  PotooDbusServer *self = user_data;
  GDBusConnection *connection = self->link != NULL ? potoo_dbus_link_get_connection (self->link)
                                                   : NULL;

  if (connection == NULL)
    {
      return_stop (self);
      return;
    }
  /* A flush that hangs must not keep what the server works on. */
  GWeakRef *server = g_new0 (GWeakRef, 1);
  g_weak_ref_init (server, self);
  self->flush_source = g_timeout_add (FLUSH_TIMEOUT_MS, on_flush_timeout, self);
  g_dbus_connection_flush (connection, NULL, on_flushed, server);
}

void
potoo_dbus_server_stop_async (PotooDbusServer *self,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (POTOO_IS_DBUS_SERVER (self) && self->stop_task == NULL);

  self->stop_task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop_task, potoo_dbus_server_stop_async);
  potoo_dbus_calls_stop (self->parts.calls, STOP_TIMEOUT_US, on_calls_stopped, self);
}

void
potoo_dbus_server_stop_finish (PotooDbusServer *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* --- the object --- */

PotooDbusServer *
potoo_dbus_server_new (const PotooDbusContext *context)
{
  PotooDbusServer *self = g_object_new (POTOO_TYPE_DBUS_SERVER, NULL);

  potoo_bus_register_errors ();
  self->parts.context = *context;
  self->parts.reader = potoo_dbus_reader_new (context->catalog);
  self->manager = potoo_dbus_manager_new (&self->parts);
  g_signal_connect (context->cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (context->cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  return self;
}

static void
potoo_dbus_server_finalize (GObject *object)
{
  PotooDbusServer *self = POTOO_DBUS_SERVER (object);

  disconnect (self);
  potoo_dbus_inbox_free (self->inbox);
  g_hash_table_unref (self->cameras);
  g_object_unref (self->object_manager);
  g_object_unref (self->manager);
  potoo_dbus_calls_unref (self->parts.calls);
  G_OBJECT_CLASS (potoo_dbus_server_parent_class)->finalize (object);
}

static void
potoo_dbus_server_class_init (PotooDbusServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_dbus_server_finalize;
}

static void
potoo_dbus_server_init (PotooDbusServer *self)
{
  self->parts.calls = potoo_dbus_calls_new ();
  self->cameras = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->object_manager = g_dbus_object_manager_server_new (POTOO_BUS_PATH);
  self->inbox = potoo_dbus_inbox_new (&inbox_funcs, self);
}
