/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooDecodingClock:
 *
 * Decoding times for live media, where nothing may wait for the pictures to come: the n-th
 * access unit is decoded when the picture is shown that is n-th of all in order, so
 * many pictures earlier as pictures are reordered. That depth is learnt; only
 * the pictures that teach it may get a decoding time after their
 * presentation time. Times rise strictly. Recordings have the better times of
 * potoo-decoding-times.h. A plain value; under its owner's lock.
 */
#define POTOO_MAX_REORDER 16 /* ISO/IEC 14496-10, A.3.1: MaxDpbFrames */

typedef struct
{
  GstClockTime pending[POTOO_MAX_REORDER + 1]; /* the latest presentation times, rising */
  GstClockTime recent[POTOO_MAX_REORDER];      /* the last ones, in the order of decoding */
  guint n_pending, n_recent, at;
  guint depth;
  GstClockTime last_ns;  /* decoding time; NONE: starts anew */
  GstClockTime frame_ns; /* between pictures */
} PotooDecodingClock;

void potoo_decoding_clock_init (PotooDecodingClock *clock);

/* What comes next has nothing to do with what came before, but for the depth. */
void potoo_decoding_clock_restart (PotooDecodingClock *clock);

/* As many pictures as that come before one that is shown before them. */
void potoo_decoding_clock_expect (PotooDecodingClock *clock, guint depth);

/* Of an access unit with the presentation time @pts_ns, valid; in the order of decoding. */
GstClockTime potoo_decoding_clock_next (PotooDecodingClock *clock, GstClockTime pts_ns);

G_END_DECLS
