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
  GHashTable *hubs;            /* camera id → PotooStreamHub */
};

/* The server's thread. */
static PotooStreamHub *
find_hub (const char *camera, const char *stream, gpointer user_data, GError **error)
{
  PotooAppRestream *self = user_data;
  PotooStreamHub *hub = NULL;

  g_mutex_lock (&self->lock);
  if (strcmp (stream, POTOO_RESTREAM_MAIN) == 0)
    hub = g_hash_table_lookup (self->hubs, camera);
  if (hub != NULL)
    potoo_stream_hub_ref (hub);
  g_mutex_unlock (&self->lock);
  if (hub == NULL)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND, _ ("There is no stream %s of %s"),
                 stream, camera);
  return hub;
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRestream *self = user_data;

  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->hubs, g_strdup (potoo_camera_get_id (camera)),
                        potoo_stream_hub_ref (potoo_camera_get_hub (camera)));
  g_mutex_unlock (&self->lock);
}

static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppRestream *self = user_data;

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->hubs, potoo_camera_get_id (camera));
  g_mutex_unlock (&self->lock);
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
