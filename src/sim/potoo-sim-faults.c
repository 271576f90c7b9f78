/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-faults.h"

#include <stdio.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

typedef struct _Row Row;

typedef gboolean (*ApplyFunc) (const Row *row,
                               PotooSimCamera *camera,
                               const char *argument,
                               char **reply,
                               GError **error);

struct _Row
{
  const char *name;
  const char *argument; /* as shown in help; NULL: none */
  const char *help;
  ApplyFunc apply;
  PotooSimFault fault; /* of a switch */
};

static gboolean
refuse (GError **error, const Row *row, const char *what)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, "%s %s: %s", row->name,
               row->argument != NULL ? row->argument : "", what);
  return FALSE;
}

static gboolean
apply_switch (const Row *row,
              PotooSimCamera *camera,
              const char *argument,
              char **reply,
              GError **error)
{
  gboolean on = strcmp (argument, "on") == 0;

  if (!on && strcmp (argument, "off") != 0)
    return refuse (error, row, _ ("must be on or off"));
  potoo_sim_camera_set_fault (camera, row->fault, on);
  return TRUE;
}

static gboolean
apply_drop (const Row *row,
            PotooSimCamera *camera,
            const char *argument,
            char **reply,
            GError **error)
{
  potoo_sim_camera_drop_clients (camera);
  return TRUE;
}

static gboolean
apply_password (const Row *row,
                PotooSimCamera *camera,
                const char *argument,
                char **reply,
                GError **error)
{
  return potoo_sim_camera_set_password (camera, argument) ||
         refuse (error, row, _ ("the camera has no user; give it user= and password="));
}

static gboolean
apply_resolution (const Row *row,
                  PotooSimCamera *camera,
                  const char *argument,
                  char **reply,
                  GError **error)
{
  guint width, height;
  char rest;

  if (sscanf (argument, "%4ux%4u%c", &width, &height, &rest) != 2 || width < 160 || width > 3840 ||
      height < 120 || height > 2160 || width % 8 != 0 || height % 2 != 0)
    return refuse (error, row, _ ("must be from 160x120 to 3840x2160, in steps of 8 and 2"));
  return potoo_sim_camera_set_size (camera, width, height, error);
}

/* Sizes beside the camera's own, which is 0. */
static gboolean
apply_caps_change (const Row *row,
                   PotooSimCamera *camera,
                   const char *argument,
                   char **reply,
                   GError **error)
{
  static const guint sizes[][2] = { { 0, 0 }, { 640, 360 }, { 320, 240 }, { 1280, 720 } };
  guint64 n;

  if (!g_ascii_string_to_unsigned (argument, 10, 0, G_N_ELEMENTS (sizes) - 1, &n, NULL))
    return refuse (error, row, _ ("must be from 0 to 3"));
  guint width = sizes[n][0], height = sizes[n][1];
  if (n == 0)
    potoo_sim_camera_get_size (camera, &width, &height);
  return potoo_sim_camera_set_size (camera, width, height, error);
}

static gboolean
apply_time_jump (const Row *row,
                 PotooSimCamera *camera,
                 const char *argument,
                 char **reply,
                 GError **error)
{
  gint64 seconds;

  if (!g_ascii_string_to_signed (argument, 10, -36000, 36000, &seconds, NULL))
    return refuse (error, row, _ ("must be from -36000 to 36000"));
  potoo_sim_camera_shift_time (camera, (int) seconds);
  return TRUE;
}

static gboolean
apply_status (const Row *row,
              PotooSimCamera *camera,
              const char *argument,
              char **reply,
              GError **error)
{
  *reply = potoo_sim_camera_status (camera);
  return TRUE;
}

#define SWITCH(name, fault, help)                                                                  \
  {                                                                                                \
    name, "on|off", help, apply_switch, fault                                                      \
  }

static const Row rows[] = {
  { "drop", NULL, N_ ("close all its RTSP connections now; new ones work"), apply_drop, 0 },
  SWITCH ("stall", POTOO_SIM_FAULT_STALL, N_ ("keep connections and send no media")),
  SWITCH ("silent-audio",
          POTOO_SIM_FAULT_SILENT_AUDIO,
          N_ ("send no audio although it is declared")),
  SWITCH ("no-audio", POTOO_SIM_FAULT_NO_AUDIO, N_ ("declare no audio to new connections")),
  SWITCH ("refuse-auth",
          POTOO_SIM_FAULT_REFUSE_AUTH,
          N_ ("answer 401 to everything, right credentials too")),
  { "set-password", "NEW", N_ ("change the password from now on"), apply_password, 0 },
  SWITCH ("black-hole",
          POTOO_SIM_FAULT_BLACK_HOLE,
          N_ ("take connections and requests and never answer")),
  SWITCH ("refuse", POTOO_SIM_FAULT_REFUSE, N_ ("close new connections at once")),
  SWITCH ("no-keyframes", POTOO_SIM_FAULT_NO_KEYFRAMES, N_ ("send delta frames only")),
  SWITCH ("freeze-time", POTOO_SIM_FAULT_FREEZE_TIME, N_ ("send one RTP time stamp with all")),
  { "time-jump", "SECONDS", N_ ("let RTP time stamps jump; negative: back"), apply_time_jump, 0 },
  { "resolution", "WxH", N_ ("go on with another picture size from the next keyframe"),
    apply_resolution, 0 },
  { "caps-change", "N",
    N_ ("the same with a size of a list: 0 its own, 1 640x360, 2 320x240, 3 1280x720"),
    apply_caps_change, 0 },
  { "status", NULL, N_ ("print the camera's counters as JSON"), apply_status, 0 },
};

static gboolean
refuse_unknown (const char *name, GError **error)
{
  GString *known = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", rows[i].name);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
               _ ("Unknown fault “%s”: known are %s"), name, known->str);
  g_string_free (known, TRUE);
  return FALSE;
}

gboolean
potoo_sim_faults_apply (PotooSimCamera *camera,
                        const char *name,
                        const char *argument,
                        char **reply,
                        GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Row *row = &rows[i];
      if (strcmp (row->name, name) != 0)
        continue;
      if ((argument != NULL) != (row->argument != NULL))
        return refuse (error, row,
                       row->argument != NULL ? _ ("an argument is missing")
                                             : _ ("takes no argument"));
      return row->apply (row, camera, argument, reply, error);
    }
  return refuse_unknown (name, error);
}

char *
potoo_sim_faults_help (void)
{
  GString *out = g_string_new (
      _ ("The control socket takes lines “CAMERA FAULT [ARGUMENT]”, CAMERA being an id or *,\n"
         "and answers “ok” or “error: …” to each:"));

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *usage = g_strconcat (rows[i].name, rows[i].argument != NULL ? " " : "",
                                            rows[i].argument != NULL ? rows[i].argument : "", NULL);
      g_string_append_printf (out, "\n  %-22s %s", usage, _ (rows[i].help));
    }
  return g_string_free (out, FALSE);
}
