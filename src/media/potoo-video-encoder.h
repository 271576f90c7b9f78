/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "media/potoo-transcode-budget.h"

G_BEGIN_DECLS

/**
 * PotooVideoEncoder:
 *
 * JPEG video becomes H.264, for people who ask for it, in a transcoder of its own. The first
 * second of pictures is only counted: size and rate decide whether the machine has room for it
 * (PotooTranscodeBudget). A picture that comes while two wait replaces the older one, so
 * that a machine that does not keep up loses pictures, and no time. There is a keyframe
 * at least every two seconds and no B-frame.
 *
 * push() comes from one thread, `take` from the encoder's, the rest from any.
 */
typedef struct _PotooVideoEncoder PotooVideoEncoder;

typedef struct
{
  void (*take) (GstSample *sample, gpointer user_data); /* one encoded access unit */
  /* Nothing comes out, for a @reason in human words. */
  void (*failed) (const char *reason, gpointer user_data);
} PotooVideoEncoderFuncs;

PotooVideoEncoder *potoo_video_encoder_new (PotooTranscodeBudget *budget,
                                            const PotooVideoEncoderFuncs *funcs,
                                            gpointer user_data);
/* The thread that pushes stands still. */
void potoo_video_encoder_free (PotooVideoEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooVideoEncoder, potoo_video_encoder_free)

/* A JPEG picture with its caps and running time. FALSE: one had to be dropped. */
gboolean potoo_video_encoder_push (PotooVideoEncoder *encoder, GstSample *sample);
void potoo_video_encoder_request_keyframe (PotooVideoEncoder *encoder);

G_END_DECLS
