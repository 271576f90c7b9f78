/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-faults.h"

#include <stdio.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-reboots.h"
#include "sim/potoo-sim-sdp.h"

/* Percent that can be given: parts of POTOO_SIM_ALL_PACKETS. */
#define PARTS_OF_A_PERCENT (POTOO_SIM_ALL_PACKETS / 100)

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
  guint which;  /* PotooSimFault of a switch, PotooSimDial of a number */
  int min, max; /* of a number */
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
  potoo_sim_camera_set_fault (camera, (PotooSimFault) row->which, on);
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
refuse_number (const Row *row, GError **error)
{
  g_autofree char *text = g_strdup_printf (_ ("must be from %d to %d"), row->min, row->max);
  return refuse (error, row, text);
}

static gboolean
parse_number (const Row *row, const char *argument, int *value, GError **error)
{
  gint64 number;

  if (!g_ascii_string_to_signed (argument, 10, row->min, row->max, &number, NULL))
    return refuse_number (row, error);
  *value = (int) number;
  return TRUE;
}

static gboolean
apply_number (const Row *row,
              PotooSimCamera *camera,
              const char *argument,
              char **reply,
              GError **error)
{
  int value;

  if (!parse_number (row, argument, &value, error))
    return FALSE;
  potoo_sim_camera_set_dial (camera, row->which, value);
  return TRUE;
}

static gboolean
apply_jump (const Row *row,
            PotooSimCamera *camera,
            const char *argument,
            char **reply,
            GError **error)
{
  int value;

  if (!parse_number (row, argument, &value, error))
    return FALSE;
  potoo_sim_camera_add_to_dial (camera, row->which, value);
  return TRUE;
}

/* Fractions too: 0.1 % of packets are many. */
static gboolean
apply_percent (const Row *row,
               PotooSimCamera *camera,
               const char *argument,
               char **reply,
               GError **error)
{
  char *end = NULL;
  double percent = g_ascii_strtod (argument, &end);

  if (end == argument || *end != '\0' || !(percent >= row->min && percent <= row->max))
    return refuse_number (row, error);
  potoo_sim_camera_set_dial (camera, row->which, (int) (percent * PARTS_OF_A_PERCENT));
  return TRUE;
}

static gboolean
apply_gop (const Row *row,
           PotooSimCamera *camera,
           const char *argument,
           char **reply,
           GError **error)
{
  int value;

  return parse_number (row, argument, &value, error) &&
         potoo_sim_camera_set_gop (camera, (guint) value, error);
}

static gboolean
apply_half_open (const Row *row,
                 PotooSimCamera *camera,
                 const char *argument,
                 char **reply,
                 GError **error)
{
  potoo_sim_camera_forget_clients (camera);
  return TRUE;
}

static gboolean
apply_reboots (const Row *row,
               PotooSimCamera *camera,
               const char *argument,
               char **reply,
               GError **error)
{
  guint up_s = 0, down_s = 0;
  char rest;

  if (strcmp (argument, "off") != 0 &&
      (sscanf (argument, "%4u/%4u%c", &up_s, &down_s, &rest) != 2 || up_s == 0 || down_s == 0))
    return refuse (error, row, _ ("must be seconds up and seconds down as in 5/2, or off"));
  potoo_sim_reboots_set (camera, up_s, down_s);
  return TRUE;
}

static gboolean
apply_sdp (const Row *row,
           PotooSimCamera *camera,
           const char *argument,
           char **reply,
           GError **error)
{
  PotooSimSdpKind kind;

  if (!potoo_sim_sdp_kind_parse (argument, &kind))
    return refuse (error, row, _ ("no such kind; --help lists them"));
  potoo_sim_camera_set_dial (camera, POTOO_SIM_DIAL_SDP, (int) kind);
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
    name, "on|off", help, apply_switch, fault, 0, 0                                                \
  }
#define NUMBER(name, argument, dial, min, max, help)                                               \
  {                                                                                                \
    name, argument, help, apply_number, dial, min, max                                             \
  }
#define JUMP(name, dial, max, help)                                                                \
  {                                                                                                \
    name, "SECONDS", help, apply_jump, dial, -(max), max                                           \
  }
#define IMPAIRMENT(name, impairment, help)                                                         \
  {                                                                                                \
    name, "PERCENT", help, apply_percent, POTOO_SIM_DIAL_IMPAIRMENTS + impairment, 0, 100          \
  }
#define COMMAND(name, argument, help, apply)                                                       \
  {                                                                                                \
    name, argument, help, apply, 0, 0, 0                                                           \
  }

static const Row rows[] = {
  COMMAND ("drop", NULL, N_ ("close all its RTSP connections now; new ones work"), apply_drop),
  COMMAND ("half-open",
           NULL,
           N_ ("all its connections stay open and are dead; new ones work"),
           apply_half_open),
  COMMAND ("reboot-loop",
           "UP/DOWN|off",
           N_ ("serve for UP s, close all and refuse for DOWN s, and so on"),
           apply_reboots),
  SWITCH ("stall", POTOO_SIM_FAULT_STALL, N_ ("keep connections and send no media")),
  SWITCH ("silent-audio",
          POTOO_SIM_FAULT_SILENT_AUDIO,
          N_ ("send no audio although it is declared")),
  SWITCH ("no-audio", POTOO_SIM_FAULT_NO_AUDIO, N_ ("declare no audio to new connections")),
  SWITCH ("refuse-auth",
          POTOO_SIM_FAULT_REFUSE_AUTH,
          N_ ("answer 401 to everything, right credentials too")),
  COMMAND ("set-password", "NEW", N_ ("change the password from now on"), apply_password),
  SWITCH ("black-hole",
          POTOO_SIM_FAULT_BLACK_HOLE,
          N_ ("take connections and requests and never answer")),
  SWITCH ("refuse", POTOO_SIM_FAULT_REFUSE, N_ ("close new connections at once")),
  NUMBER ("slow-drip",
          "BYTES",
          POTOO_SIM_DIAL_DRIP,
          0,
          100000,
          N_ ("answer new connections at BYTES a second, without media; 0: no more")),
  COMMAND ("sdp", "KIND", N_ ("describe the stream to new connections wrongly:"), apply_sdp),
  SWITCH ("no-keyframes", POTOO_SIM_FAULT_NO_KEYFRAMES, N_ ("send delta frames only")),
  { "gop", "N", N_ ("go on with a keyframe every N pictures; must divide the loop"), apply_gop, 0,
    1, 15000 },
  NUMBER ("swell",
          "FACTOR",
          POTOO_SIM_DIAL_SWELL,
          1,
          100,
          N_ ("send pictures that are FACTOR times as large; 1: no more")),
  NUMBER ("trickle",
          "PERCENT",
          POTOO_SIM_DIAL_TRICKLE,
          0,
          100,
          N_ ("send media at PERCENT of real time, and lose what waits for 8 s; 0: no more")),
  IMPAIRMENT ("lose", POTOO_SIM_LOSE, N_ ("lose so many RTP packets; fractions too")),
  IMPAIRMENT ("reorder", POTOO_SIM_REORDER, N_ ("send so many RTP packets three packets late")),
  IMPAIRMENT ("duplicate", POTOO_SIM_DUPLICATE, N_ ("send so many RTP packets twice")),
  IMPAIRMENT ("corrupt", POTOO_SIM_CORRUPT, N_ ("turn a bit in so many RTP packets")),
  SWITCH ("freeze-time", POTOO_SIM_FAULT_FREEZE_TIME, N_ ("send one RTP time stamp with all")),
  JUMP ("time-jump",
        POTOO_SIM_DIAL_RTP_SHIFT,
        36000,
        N_ ("let RTP time stamps jump; negative: back")),
  JUMP ("clock-jump",
        POTOO_SIM_DIAL_NTP_SHIFT,
        100000000,
        N_ ("let the clock of RTCP sender reports jump; negative: back")),
  COMMAND ("resolution",
           "WxH",
           N_ ("go on with another picture size from the next keyframe"),
           apply_resolution),
  COMMAND ("caps-change",
           "N",
           N_ ("the same with a size of a list: 0 its own, 1 640x360, 2 320x240, 3 1280x720"),
           apply_caps_change),
  COMMAND ("status", NULL, N_ ("print the camera's counters as JSON"), apply_status),
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
      g_string_append_printf (out, "\n  %-24s %s", usage, _ (rows[i].help));
      if (rows[i].apply == apply_sdp)
        for (guint kind = 0; kind < POTOO_SIM_SDP_N_KINDS; kind++)
          g_string_append_printf (out, " %s", potoo_sim_sdp_kind_name ((PotooSimSdpKind) kind));
    }
  return g_string_free (out, FALSE);
}
