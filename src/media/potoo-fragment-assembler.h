/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment-private.h"

G_BEGIN_DECLS

/**
 * PotooFragmentAssembler:
 *
 * The second half of the fragmenter: joins the video of a fragment with the audio of its interval,
 * makes the init when it is due, and hands fragments out in order. It waits for audio at most a
 * second of video time, and not at all for a track that is silent. Audio that comes later still
 * goes into the next fragment, at its own right time, unless that starts with a keyframe: then it
 * is dropped. Under its owner's lock.
 */
typedef struct _PotooFragmentAssembler PotooFragmentAssembler;

/* The video of a fragment, timed. */
typedef struct
{
  GArray *samples;     /* PotooSample */
  GstCaps *video_caps; /* set: it starts with a keyframe, and the init is to be looked at again */
  gboolean key, discontinuous;
  gboolean last; /* of its run */
  GstClockTime start_ns, end_ns;
  gint64 wall_start_us, wall_end_us;
} PotooFragmentVideo;

PotooFragmentAssembler *potoo_fragment_assembler_new (const char *camera_id,
                                                      const char *stream,
                                                      PotooFragmentFunc func,
                                                      gpointer user_data,
                                                      GDestroyNotify destroy);
void potoo_fragment_assembler_free (PotooFragmentAssembler *assembler);

/* Of an audio track, from 1 on without holes, which MP4 can hold. TRUE when it differs from before:
 * the next keyframe needs another init. */
gboolean
potoo_fragment_assembler_set_caps (PotooFragmentAssembler *assembler, guint track, GstCaps *caps);
gboolean potoo_fragment_assembler_has_track (PotooFragmentAssembler *assembler, guint track);
void potoo_fragment_assembler_push_audio (PotooFragmentAssembler *assembler,
                                          guint track,
                                          GstBuffer *buffer,
                                          GstClockTime pts_ns);
void potoo_fragment_assembler_drop_audio (PotooFragmentAssembler *assembler); /* counts one */

/* Takes @video. */
void potoo_fragment_assembler_push_video (PotooFragmentAssembler *assembler,
                                          PotooFragmentVideo *video);
/* Hands out what has its audio when the newest picture is shown at @now_ns. */
void potoo_fragment_assembler_advance (PotooFragmentAssembler *assembler, GstClockTime now_ns);
/* Of the fragments that are handed out from now on. */
void potoo_fragment_assembler_set_clock_offset (PotooFragmentAssembler *assembler,
                                                gint64 offset_us);
/* Hands out all: the run is over. */
void potoo_fragment_assembler_end_run (PotooFragmentAssembler *assembler);
/* The tracks are forgotten. */
void potoo_fragment_assembler_reset (PotooFragmentAssembler *assembler);

G_END_DECLS
