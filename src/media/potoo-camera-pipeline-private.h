/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-camera-pipeline.h"
#include "media/potoo-camera-track.h"
#include "media/potoo-loss-meter.h"

G_BEGIN_DECLS

/* What potoo-camera-pipeline.c (the life of a connection) and potoo-camera-pipeline-status.c (what
 * it is like) share. */

struct _PotooCameraPipeline
{
  GObject parent_instance;

  PotooCameraSettings *settings;
  PotooStreamHub *hub;
  PotooFragmenter *fragmenter;
  GstElement *pipeline;
  GstElement *source;
  guint bus_watch;
  gboolean ended, playing, udp;
  gboolean encodes_video; /* there is none that need not be encoded; the source's thread */
  PotooLossWindow loss;   /* of all tracks */
  int untrusted;          /* atomic: the camera's certificate was refused */

  GMutex lock;              /* protects what follows: made in streaming threads */
  GPtrArray *tracks;        /* PotooCameraTrack */
  char *no_sound;           /* (nullable) why there is none, or of one track of several */
  gboolean sound_failed;    /* of the track that was taken */
  PotooRtpClock *clocks[2]; /* by PotooTrackKind, of this connection */
  gboolean selected[2];
  guint sessions[2]; /* the number of the media in the SDP */
};

G_END_DECLS
