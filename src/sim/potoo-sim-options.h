/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-params.h"

G_BEGIN_DECLS

#define POTOO_SIM_MAX_CAMERAS 512
#define POTOO_SIM_REALM "potoo-camera-sim"

/* One camera as asked for on the command line. */
typedef struct
{
  char *id; /* slug */
  char *user;
  char *password;
  int codec; /* PotooSimCodec */
  int audio; /* PotooSimCodec, NONE for no audio */
  int width, height;
  int fps;
  int bitrate_kbit;
  int gop;
  int bframes;
  int slices;
  int loop_seconds;
  int tcp;        /* 0: RTP over TCP is refused with 461 */
  int interval_s; /* > 1: seconds from picture to picture, instead of fps */
  int sprop;      /* 0: the SDP tells no parameter sets */
  int inband;     /* 0: keyframes come without */
  int wrap_s;     /* > 0: after how many seconds RTP time wraps */
  int metadata;   /* 1: the SDP has a track of metadata, which cannot be set up */
  int seed;       /* of faults that hit at random */
} PotooSimCameraOptions;

typedef struct
{
  guint port; /* 0: any */
  gboolean tls;
  gboolean ipv6; /* [::1] is served, and not 127.0.0.1 */
  gboolean print_ready;
  gboolean die_with_parent;
  gboolean verbose;
  gboolean version;
  char *cache_directory;
  char *control_path; /* (nullable) */
  GPtrArray *cameras; /* PotooSimCameraOptions */
} PotooSimOptions;

/* Parses the command line; `--help` prints and exits. NULL with
 * POTOO_ERROR_INVALID_ARGUMENT when an option or a value is not valid: the
 * message names it and says what is allowed. */
PotooSimOptions *potoo_sim_options_parse (int argc, char **argv, GError **error);
void potoo_sim_options_free (PotooSimOptions *options);

/* Parses `ID[,key=value…]`. (transfer full) */
PotooSimCameraOptions *potoo_sim_camera_options_parse (const char *text, GError **error);
void potoo_sim_camera_options_free (PotooSimCameraOptions *options);

/* The loops that a camera plays. */
void potoo_sim_camera_options_get_main (const PotooSimCameraOptions *options,
                                        PotooSimLoopParams *params);
void potoo_sim_camera_options_get_sub (const PotooSimCameraOptions *options,
                                       PotooSimLoopParams *params);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimOptions, potoo_sim_options_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimCameraOptions, potoo_sim_camera_options_free)

G_END_DECLS
