/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The cameras, sorted by id, and the one coarse timer that looks at those that
 * are connected or about to be. Main changes the array under the lock, so main
 * reads it without; other threads read it under the lock to collect snapshots.
 */

#include "camera/potoo-camera-list-private.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "camera/potoo-camera-private.h"
#include "catalog/potoo-catalog-cameras.h"

#define TICK_MS 1000
#define STOP_TIMEOUT_MS 1900
/* Cameras start one after another, however many they are, within ten seconds. */
#define START_INTERVAL_US (POTOO_SECOND_US / 10)
#define START_WINDOW_US (10 * POTOO_SECOND_US)

G_DEFINE_FINAL_TYPE (PotooCameraList, potoo_camera_list, G_TYPE_OBJECT)

enum
{
  CAMERA_ADDED,
  CAMERA_REMOVED,
  TICKED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* --- the timer --- */

static gboolean
on_tick (gpointer user_data)
{
  g_autoptr (PotooCameraList) self = g_object_ref (user_data);
  gboolean more = FALSE;

  /* By index: who hears of a change may add or remove a camera meanwhile. */
  for (guint i = 0; i < self->cameras->len; i++)
    more |= potoo_camera_tick (self->cameras->pdata[i]);
  g_signal_emit (self, signals[TICKED], 0, more);
  if (more && self->tick_source != 0)
    return G_SOURCE_CONTINUE;
  self->tick_source = 0;
  return G_SOURCE_REMOVE;
}

/* The timer stops by itself when there is nothing to look at; a camera that
 * connects starts it again. */
static void
on_status_changed (PotooCamera *camera, PotooCameraList *self)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);

  gboolean connecting = snapshot->state == POTOO_CAMERA_CONNECTING ||
                        snapshot->sub_state == POTOO_CAMERA_CONNECTING;

  if (connecting && self->tick_source == 0 && !self->stopped)
    self->tick_source = g_timeout_add (TICK_MS, on_tick, self);
}

/* --- the array --- */

/* Where @id stands, or would. */
static guint
find_position (PotooCameraList *self, const char *id, gboolean *found)
{
  guint low = 0, high = self->cameras->len;

  *found = FALSE;
  while (low < high && !*found)
    {
      guint middle = low + (high - low) / 2;
      int order = strcmp (potoo_camera_get_id (self->cameras->pdata[middle]), id);
      *found = order == 0;
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return high;
}

PotooCamera *
potoo_camera_list_find (PotooCameraList *self, const char *id)
{
  gboolean found;
  guint position = find_position (self, id, &found);

  return found ? self->cameras->pdata[position] : NULL;
}

void
potoo_camera_list_insert (PotooCameraList *self, PotooCamera *camera, gint64 delay_us)
{
  gboolean found;
  guint position = find_position (self, potoo_camera_get_id (camera), &found);

  g_return_if_fail (!found);
  g_mutex_lock (&self->lock);
  g_ptr_array_insert (self->cameras, (int) position, g_object_ref (camera));
  g_mutex_unlock (&self->lock);
  g_signal_connect_object (camera, "status-changed", G_CALLBACK (on_status_changed), self, 0);
  g_signal_emit (self, signals[CAMERA_ADDED], 0, camera);
  if (!self->stopped)
    potoo_camera_start (camera, delay_us);
}

void
potoo_camera_list_delete (PotooCameraList *self, PotooCamera *camera)
{
  g_autoptr (PotooCamera) alive = g_object_ref (camera);

  g_mutex_lock (&self->lock);
  gboolean found = g_ptr_array_remove (self->cameras, camera);
  g_mutex_unlock (&self->lock);
  g_return_if_fail (found);
  g_signal_handlers_disconnect_by_data (camera, self);
  g_signal_emit (self, signals[CAMERA_REMOVED], 0, camera);
}

GPtrArray *
potoo_camera_list_get_snapshots (PotooCameraList *self)
{
  g_return_val_if_fail (POTOO_IS_CAMERA_LIST (self), NULL);

  GPtrArray *snapshots = g_ptr_array_new_with_free_func (
      (GDestroyNotify) potoo_camera_snapshot_unref);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->cameras->len; i++)
    g_ptr_array_add (snapshots, potoo_camera_get_snapshot (self->cameras->pdata[i]));
  g_mutex_unlock (&self->lock);
  return snapshots;
}

PotooCameraSnapshot *
potoo_camera_list_get_snapshot (PotooCameraList *self, const char *id)
{
  g_return_val_if_fail (POTOO_IS_CAMERA_LIST (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  g_mutex_lock (&self->lock);
  PotooCamera *camera = potoo_camera_list_find (self, id);
  PotooCameraSnapshot *snapshot = camera != NULL ? potoo_camera_get_snapshot (camera) : NULL;
  g_mutex_unlock (&self->lock);
  return snapshot;
}

/* --- start and stop --- */

static guint
count_enabled (GPtrArray *settings)
{
  guint n = 0;

  for (guint i = 0; i < settings->len; i++)
    n += potoo_camera_settings_get_enabled (settings->pdata[i]) ? 1 : 0;
  return n;
}

gboolean
potoo_camera_list_start (PotooCameraList *self, GError **error)
{
  g_return_val_if_fail (POTOO_IS_CAMERA_LIST (self) && !self->started, FALSE);

  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, error);
  if (reader == NULL)
    return FALSE;
  g_autoptr (GPtrArray) settings = potoo_catalog_reader_list_cameras (reader, error);
  if (settings == NULL)
    return FALSE;

  if (settings->len > POTOO_MAX_CAMERAS)
    {
      potoo_log_error (NULL, "The catalog has %u cameras; only the first %d are used",
                       settings->len, POTOO_MAX_CAMERAS);
      g_ptr_array_set_size (settings, POTOO_MAX_CAMERAS);
    }
  self->started = TRUE;
  gint64 interval_us = MIN (START_INTERVAL_US, START_WINDOW_US / MAX (1, count_enabled (settings)));
  gint64 delay_us = 0;
  for (guint i = 0; i < settings->len; i++)
    {
      g_autoptr (PotooCamera) camera = potoo_camera_new (settings->pdata[i]);
      potoo_camera_list_insert (self, camera, delay_us);
      if (potoo_camera_settings_get_enabled (settings->pdata[i]))
        delay_us += interval_us;
    }
  return TRUE;
}

static void
return_stop (PotooCameraList *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  g_clear_handle_id (&self->stop_source, g_source_remove);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
on_camera_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooCameraList) self = user_data;

  potoo_camera_stop_finish (POTOO_CAMERA (source), result);
  if (--self->n_stopping == 0)
    return_stop (self);
}

/* A camera whose pipeline hangs keeps itself, its hub and its fragmenter alive
 * until it is through; nobody else needs to wait. */
static gboolean
on_stop_timeout (gpointer user_data)
{
  PotooCameraList *self = user_data;

  self->stop_source = 0;
  for (guint i = 0; i < self->cameras->len; i++)
    potoo_camera_abandon (self->cameras->pdata[i]);
  potoo_log_warning (NULL, "%u cameras are not disconnected yet; going on without them",
                     self->n_stopping);
  return_stop (self);
  return G_SOURCE_REMOVE;
}

void
potoo_camera_list_stop_async (PotooCameraList *self,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_LIST (self) && !self->stopped);

  self->stopped = TRUE;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  self->stop_task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop_task, potoo_camera_list_stop_async);
  self->stop_source = g_timeout_add (STOP_TIMEOUT_MS, on_stop_timeout, self);
  self->n_stopping = self->cameras->len;
  for (guint i = 0; i < self->cameras->len; i++)
    potoo_camera_stop_async (self->cameras->pdata[i], on_camera_stopped, g_object_ref (self));
  if (self->n_stopping == 0)
    return_stop (self);
}

void
potoo_camera_list_stop_finish (PotooCameraList *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* --- the object --- */

PotooCameraList *
potoo_camera_list_new (PotooCatalog *catalog)
{
  g_return_val_if_fail (POTOO_IS_CATALOG (catalog), NULL);

  PotooCameraList *self = g_object_new (POTOO_TYPE_CAMERA_LIST, NULL);
  self->catalog = g_object_ref (catalog);
  return self;
}

static void
potoo_camera_list_finalize (GObject *object)
{
  PotooCameraList *self = POTOO_CAMERA_LIST (object);

  g_clear_handle_id (&self->tick_source, g_source_remove);
  potoo_camera_commands_clear (self);
  g_ptr_array_unref (self->cameras);
  g_mutex_clear (&self->lock);
  g_clear_object (&self->catalog);
  G_OBJECT_CLASS (potoo_camera_list_parent_class)->finalize (object);
}

static void
potoo_camera_list_class_init (PotooCameraListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_camera_list_finalize;
  signals[CAMERA_ADDED] = g_signal_new ("camera-added", G_TYPE_FROM_CLASS (klass),
                                        G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                        POTOO_TYPE_CAMERA);
  signals[CAMERA_REMOVED] = g_signal_new ("camera-removed", G_TYPE_FROM_CLASS (klass),
                                          G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                          POTOO_TYPE_CAMERA);
  signals[TICKED] = g_signal_new ("ticked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
potoo_camera_list_init (PotooCameraList *self)
{
  g_mutex_init (&self->lock);
  self->cameras = g_ptr_array_new_with_free_func (g_object_unref);
  potoo_camera_commands_init (self);
}
