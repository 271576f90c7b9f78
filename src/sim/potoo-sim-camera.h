/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include "sim/potoo-sim-cache.h"
#include "sim/potoo-sim-feed.h"
#include "sim/potoo-sim-impairer.h"
#include "sim/potoo-sim-options.h"

G_BEGIN_DECLS

/**
 * PotooSimCamera:
 *
 * One simulated camera: its feeds, its credentials, the faults that are on,
 * and the RTSP connections that asked for it. It outlives its media.
 * Any thread.
 */
typedef struct _PotooSimCamera PotooSimCamera;

/* Switches; several may be on. */
typedef enum
{
  POTOO_SIM_FAULT_STALL = 1 << 0,        /* nothing is sent */
  POTOO_SIM_FAULT_SILENT_AUDIO = 1 << 1, /* declared, not sent */
  POTOO_SIM_FAULT_NO_AUDIO = 1 << 2,     /* not declared to new connections */
  POTOO_SIM_FAULT_REFUSE_AUTH = 1 << 3,  /* 401 to everything */
  POTOO_SIM_FAULT_BLACK_HOLE = 1 << 4,   /* requests get no answer */
  POTOO_SIM_FAULT_REFUSE = 1 << 5,       /* new connections are closed */
  POTOO_SIM_FAULT_NO_KEYFRAMES = 1 << 6, /* only delta frames are sent */
  POTOO_SIM_FAULT_FREEZE_TIME = 1 << 7,  /* RTP time stands still */
} PotooSimFault;

/* What can be turned to a number; all are 0 at first. */
typedef enum
{
  POTOO_SIM_DIAL_RTP_SHIFT,   /* seconds that RTP time stamps are off */
  POTOO_SIM_DIAL_NTP_SHIFT,   /* seconds that the clock of sender reports is off */
  POTOO_SIM_DIAL_SWELL,       /* pictures are that many times as large; 0: as they are */
  POTOO_SIM_DIAL_TRICKLE,     /* percent of real time at which media leaves; 0: as it should */
  POTOO_SIM_DIAL_DRIP,        /* bytes of answers a second, of new connections; 0: at once */
  POTOO_SIM_DIAL_SDP,         /* PotooSimSdpKind */
  POTOO_SIM_DIAL_LIFE,        /* connections and media of another number are dead */
  POTOO_SIM_DIAL_REBOOTS,     /* number of the newest loop of reboots */
  POTOO_SIM_DIAL_DESCRIBED,   /* spoilt descriptions so far */
  POTOO_SIM_DIAL_IMPAIRMENTS, /* packets of POTOO_SIM_ALL_PACKETS, one dial for each impairment */
  POTOO_SIM_N_DIALS = POTOO_SIM_DIAL_IMPAIRMENTS + POTOO_SIM_N_IMPAIRMENTS,
} PotooSimDial;

typedef enum
{
  POTOO_SIM_FEED_MAIN,
  POTOO_SIM_FEED_SUB,
  POTOO_SIM_FEED_AUDIO, /* of main */
} PotooSimFeedId;

#define POTOO_SIM_N_FEEDS (POTOO_SIM_FEED_AUDIO + 1)

/* @index spreads phases and places in the loop. @cache outlives
 * the camera. */
PotooSimCamera *potoo_sim_camera_new (const PotooSimCameraOptions *options,
                                      PotooSimCache *cache,
                                      gint64 start_us,
                                      guint index,
                                      GError **error);
void potoo_sim_camera_free (PotooSimCamera *camera);

/* Whom `/ID/…` means, of @cameras by id. (transfer none) (nullable) */
PotooSimCamera *potoo_sim_camera_find (GHashTable *cameras, const GstRTSPUrl *url);

const char *potoo_sim_camera_get_id (PotooSimCamera *camera);
/* What it lets RTP be carried by. */
GstRTSPLowerTrans potoo_sim_camera_get_transports (PotooSimCamera *camera);
/* NULL when the camera has no such feed. (transfer none) (nullable) */
PotooSimFeed *potoo_sim_camera_get_feed (PotooSimCamera *camera, PotooSimFeedId id);

void potoo_sim_camera_set_fault (PotooSimCamera *camera, PotooSimFault fault, gboolean on);
gboolean potoo_sim_camera_has_fault (PotooSimCamera *camera, PotooSimFault fault);

void potoo_sim_camera_set_dial (PotooSimCamera *camera, guint dial, int value);
int potoo_sim_camera_get_dial (PotooSimCamera *camera, guint dial);
/* Returns what it is then. */
int potoo_sim_camera_add_to_dial (PotooSimCamera *camera, guint dial, int value);

/* What its SDP and its keyframes are to tell. */
const PotooSimCameraOptions *potoo_sim_camera_get_options (PotooSimCamera *camera);

/* FALSE when it serves anybody. */
gboolean potoo_sim_camera_needs_auth (PotooSimCamera *camera);
/* (transfer full) strings; NULL without authentication */
void potoo_sim_camera_get_credentials (PotooSimCamera *camera, char **user, char **password);
/* FALSE when the camera has no user. */
gboolean potoo_sim_camera_set_password (PotooSimCamera *camera, const char *password);

/* Remembers that @client asked for this camera, until it is closed. TRUE the first time. */
gboolean potoo_sim_camera_add_client (PotooSimCamera *camera, GstRTSPClient *client);
/* FALSE: it is one of those that the camera has forgotten, and is not to be answered. */
gboolean potoo_sim_camera_knows_client (PotooSimCamera *camera, GstRTSPClient *client);
/* The camera forgets all connections without closing them, as in a power cut. */
void potoo_sim_camera_forget_clients (PotooSimCamera *camera);
/* Closes all connections, and with them what they play. */
void potoo_sim_camera_drop_clients (PotooSimCamera *camera);

/* Ends a connection from outside its own thread. Its socket is only shut down:
 * the thread sees the end and cleans up. (gst_rtsp_client_close() in another
 * thread aborts when media is being sent.) */
void potoo_sim_client_hang_up (GstRTSPClient *client);

/* Switches the main video to another picture size at the next keyframe. The
 * loop is encoded first, in the calling thread. */
gboolean
potoo_sim_camera_set_size (PotooSimCamera *camera, guint width, guint height, GError **error);
/* The size given on the command line. */
void potoo_sim_camera_get_size (PotooSimCamera *camera, guint *width, guint *height);
/* The same with a keyframe every @gop pictures; it must divide the loop. */
gboolean potoo_sim_camera_set_gop (PotooSimCamera *camera, guint gop, GError **error);

/* Counters, for those who send and for `status`. */
void potoo_sim_camera_count_sent (PotooSimCamera *camera, gsize bytes);
void potoo_sim_camera_count_lost (PotooSimCamera *camera);
/* @met: a bit for each PotooSimImpairment */
void potoo_sim_camera_count_impaired (PotooSimCamera *camera, guint met);
/* One JSON object. (transfer full) */
char *potoo_sim_camera_status (PotooSimCamera *camera);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimCamera, potoo_sim_camera_free)

G_END_DECLS
