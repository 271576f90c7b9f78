/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list-private.h"

G_BEGIN_DECLS

/* Waiting and under way, of all cameras together. */
#define POTOO_MAX_CAMERA_COMMANDS 256

/* A change of the list: the task data of a GTask whose source is the list. Main
 * thread, once it was posted. */
typedef struct
{
  GSourceFunc run;               /* gets the GTask when its turn has come */
  char *id;                      /* whose queue it is in */
  PotooCameraSettings *settings; /* (nullable) to add, or what the patch gave */
  JsonObject *patch;             /* (nullable) */
  guint64 if_version;
  char *made_id; /* (nullable) made from the name, taken; another is looked for */
  guint suffix;
  gboolean adopt; /* recordings of a removed camera with this id */
} PotooCameraCommand;

PotooCameraCommand *potoo_camera_command_new (GSourceFunc run, const char *id);
PotooCameraCommand *potoo_camera_command_get (GTask *task);
PotooCameraList *potoo_camera_command_get_list (GTask *task);

/* Any thread. Takes over @task and @command. Its run() comes in main and leads,
 * at once or later, to one of the finish functions. */
void potoo_camera_command_post (GTask *task, PotooCameraCommand *command);

void potoo_camera_command_finish (GTask *task); /* its outcome was returned */
void potoo_camera_command_finish_with_error (GTask *task, GError *error); /* (transfer full) */
void potoo_camera_command_finish_with_snapshot (GTask *task, PotooCamera *camera);

/* Goes on in the queue of the id of @settings (transfer full): run() comes again. */
void potoo_camera_command_move (GTask *task, PotooCameraSettings *settings);

/* POTOO_ERROR_UNAVAILABLE before the list's start and after its stop. */
gboolean potoo_camera_command_check_open (GTask *task, GError **error);

G_END_DECLS
