/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-restream.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "restream/potoo-restream-path.h"

struct _PotooAppRestream
{
  PotooCameraList *cameras;
  PotooRestreamServer *server; /* (nullable) */
  GMutex lock;                 /* protects hubs: the server's thread reads it */
  GHashTable *hubs;            /* path of the re-stream → PotooStreamHub */
};

/* `sub` is there when the camera has an address for it. */
static gboolean
check_stream (PotooAppRestream *self, const char *camera, const char *stream, GError **error)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_list_get_snapshot (self->cameras, camera);
  PotooCameraSettings *settings = snapshot != NULL ? snapshot->settings : NULL;

  if (settings == NULL || (strcmp (stream, POTOO_RESTREAM_SUB) == 0 &&
                           potoo_camera_settings_get_sub_url (settings) == NULL))
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no stream %s of %s"),
                 stream, camera);
  else if (!potoo_camera_settings_get_enabled (settings))
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Camera %s is switched off"),
                 camera);
  else
    return TRUE;
  return FALSE;
}

/* The server's thread. */
static PotooStreamHub *
find_hub (const char *camera, const char *stream, gpointer user_data, GError **error)
{
  PotooAppRestream *self = user_data;
  g_autofree char *path = potoo_restream_path_make (camera, stream);

  if (!check_stream (self, camera, stream, error))
    return NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  PotooStreamHub *hub = g_hash_table_lookup (self->hubs, path);
  if (hub != NULL)
    return potoo_stream_hub_ref (hub);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no stream %s of %s"), stream,
               camera);
  return NULL;
}

static void
add_hub (PotooAppRestream *self, PotooCamera *camera, const char *stream, PotooStreamKind kind)
{
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->hubs, potoo_restream_path_make (potoo_camera_get_id (camera), stream),
                        potoo_stream_hub_ref (potoo_camera_get_hub (camera, kind)));
  g_mutex_unlock (&self->lock);
}

static void
remove_hub (PotooAppRestream *self, PotooCamera *camera, const char *stream)
{
  g_autofree char *path = potoo_restream_path_make (potoo_camera_get_id (camera), stream);

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->hubs, path);
  g_mutex_unlock (&self->lock);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  add_hub (user_data, camera, POTOO_RESTREAM_MAIN, POTOO_STREAM_MAIN);
  add_hub (user_data, camera, POTOO_RESTREAM_SUB, POTOO_STREAM_SUB);
}

static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRestream *self = user_data;

  remove_hub (self, camera, POTOO_RESTREAM_MAIN);
  remove_hub (self, camera, POTOO_RESTREAM_SUB);
  if (self->server != NULL)
    potoo_restream_server_kick_camera (self->server, potoo_camera_get_id (camera));
}

PotooAppRestream *
potoo_app_restream_new (PotooCameraList *cameras, PotooConfig *config)
{
  PotooAppRestream *self = g_new0 (PotooAppRestream, 1);
  g_autoptr (GError) error = NULL;
  unsigned n_addresses;

  g_mutex_init (&self->lock);
  self->cameras = g_object_ref (cameras);
  self->hubs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) potoo_stream_hub_unref);
  potoo_config_get_rtsp_listen (config, &n_addresses);
  if (n_addresses > 0)
    self->server = potoo_restream_server_new (config, find_hub, self, &error);
  if (error != NULL)
    potoo_log_error (NULL, _ ("Live streams are not served over RTSP: %s"), error->message);
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  return self;
}

void
potoo_app_restream_free (PotooAppRestream *self)
{
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  if (self->server != NULL)
    potoo_restream_server_stop (self->server);
  g_clear_object (&self->server);
  g_hash_table_unref (self->hubs);
  g_object_unref (self->cameras);
  g_mutex_clear (&self->lock);
  g_free (self);
}

PotooRestreamServer *
potoo_app_restream_get_server (PotooAppRestream *self)
{
  return self->server;
}
