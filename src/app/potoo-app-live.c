/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-live.h"

struct _PotooAppLive
{
  PotooCameraList *cameras;
  PotooLive *outputs;
  PotooSnapshots *snapshots;
};

static char *
make_sub_id (PotooCamera *camera)
{
  return g_strconcat (potoo_camera_get_id (camera), "/sub", NULL);
}

static void
on_camera_added (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppLive *self = user_data;
  const char *id = potoo_camera_get_id (camera);
  g_autofree char *sub_id = make_sub_id (camera);

  potoo_live_add_stream (self->outputs, id, potoo_camera_get_hub (camera, POTOO_STREAM_MAIN));
  potoo_live_add_stream (self->outputs, sub_id, potoo_camera_get_hub (camera, POTOO_STREAM_SUB));
  potoo_snapshots_add_camera (self->snapshots, id,
                              potoo_camera_get_hub (camera, POTOO_STREAM_MAIN));
}

static void
on_camera_removed (PotooCameraList *cameras, PotooCamera *camera, gpointer user_data)
{
  PotooAppLive *self = user_data;
  const char *id = potoo_camera_get_id (camera);
  g_autofree char *sub_id = make_sub_id (camera);

  potoo_live_remove_stream (self->outputs, id);
  potoo_live_remove_stream (self->outputs, sub_id);
  potoo_snapshots_remove_camera (self->snapshots, id);
}

PotooAppLive *
potoo_app_live_new (PotooCameraList *cameras)
{
  PotooAppLive *self = g_new0 (PotooAppLive, 1);

  self->cameras = g_object_ref (cameras);
  self->outputs = potoo_live_new ();
  self->snapshots = potoo_snapshots_new ();
  g_signal_connect (cameras, "camera-added", G_CALLBACK (on_camera_added), self);
  g_signal_connect (cameras, "camera-removed", G_CALLBACK (on_camera_removed), self);
  return self;
}

void
potoo_app_live_free (PotooAppLive *self)
{
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  potoo_snapshots_stop (self->snapshots);
  potoo_live_stop (self->outputs);
  g_object_unref (self->snapshots);
  g_object_unref (self->outputs);
  g_object_unref (self->cameras);
  g_free (self);
}

PotooLive *
potoo_app_live_get_outputs (PotooAppLive *self)
{
  return self->outputs;
}

PotooSnapshots *
potoo_app_live_get_snapshots (PotooAppLive *self)
{
  return self->snapshots;
}
