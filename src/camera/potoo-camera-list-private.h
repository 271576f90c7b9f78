/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "camera/potoo-camera-list.h"

G_BEGIN_DECLS

/* What potoo-camera-list.c (the cameras), potoo-camera-commands.c (the queues of
 * commands), potoo-camera-add.c and potoo-camera-change.c share. Main thread, except where said. */

struct _PotooCameraList
{
  GObject parent_instance;

  PotooCatalog *catalog;
  gboolean started;
  gboolean stopped;
  guint tick_source;
  GTask *stop_task; /* (nullable) while the stop is under way */
  guint stop_source;
  guint n_stopping;

  GHashTable *commands; /* id → GQueue of GTask; the first is under way */
  guint n_adding;       /* adds under way that have a place in POTOO_MAX_CAMERAS */
  gint n_commands;      /* atomic: counted where they are posted, in any thread */
  PotooMetric *waiting;
  PotooMetric *refused;

  GMutex lock;        /* protects the array; taken before a camera's snapshot lock */
  GPtrArray *cameras; /* PotooCamera, sorted by id; changed by main alone */
};

PotooCamera *potoo_camera_list_find (PotooCameraList *list, const char *id); /* (nullable) */
/* Publishes it, tells `camera-added` and starts it. */
void potoo_camera_list_insert (PotooCameraList *list, PotooCamera *camera, gint64 delay_us);
/* Takes back a stopped one and tells `camera-removed`. */
void potoo_camera_list_delete (PotooCameraList *list, PotooCamera *camera);

void potoo_camera_commands_init (PotooCameraList *list);
void potoo_camera_commands_clear (PotooCameraList *list);

G_END_DECLS
