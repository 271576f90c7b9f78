/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

/**
 * PotooAudioEncoder:
 *
 * Sound that MP4 and browsers cannot carry (G.711 and the like) becomes AAC or Opus, once for
 * each camera, in a transcoder of its own. That is made when sound comes and let go when
 * it has not come for a while, so a silent camera costs nothing.
 *
 * Times are exact: what the encoder adds in front of the sound is accounted for, and a hole in the
 * sound stays one. push() comes from one thread, `take` from the encoder's, the rest from any.
 */
typedef struct _PotooAudioEncoder PotooAudioEncoder;

typedef struct
{
  void (*take) (GstSample *sample, gpointer user_data); /* one encoded access unit */
  /* There will be no sound on this connection, for a @reason in human words. */
  void (*failed) (const char *reason, gpointer user_data);
} PotooAudioEncoderFuncs;

/* @decoders: names of elements, NULL-terminated; none when the sound comes as samples. */
PotooAudioEncoder *potoo_audio_encoder_new (const char *const *decoders,
                                            PotooAudioCodec codec,
                                            const PotooAudioEncoderFuncs *funcs,
                                            gpointer user_data);
/* The thread that pushes stands still. */
void potoo_audio_encoder_free (PotooAudioEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAudioEncoder, potoo_audio_encoder_free)

/* What comes out of the depayloader. FALSE: something had to be dropped. */
gboolean potoo_audio_encoder_push (PotooAudioEncoder *encoder, GstSample *sample);

/* Lets go of the transcoder when nothing was pushed for POTOO_AUDIO_ENCODER_IDLE_US. */
void potoo_audio_encoder_look (PotooAudioEncoder *encoder, gint64 now_us);
#define POTOO_AUDIO_ENCODER_IDLE_US (10 * G_USEC_PER_SEC)

G_END_DECLS
