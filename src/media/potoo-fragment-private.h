/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment.h"

G_BEGIN_DECLS

/* For the fragmenter, and for tests of what consumes fragments. */

/* Makes the init for @n_tracks tracks (1 … POTOO_MAX_TRACKS, the first is video), track ids from 1
 * on. NULL when a track's caps are not ones that MP4 can hold. (transfer full) (nullable) */
PotooInit *potoo_init_new (GstCaps *const *caps, guint n_tracks);

/* TRUE for caps that potoo_init_new() takes for a track of @kind: H.264 (avc), H.265 (hvc1);
 * AAC (raw), Opus. */
gboolean potoo_init_accepts (const GstCaps *caps, PotooTrackKind kind);

/* One access unit on its way into a fragment. */
typedef struct
{
  GstBuffer *buffer; /* (transfer full) */
  guint64 dts_ticks; /* in the track's timescale */
  guint32 duration_ticks;
  gint32 composition_ticks; /* presentation minus decoding time */
  gboolean key;
} PotooSample;

void potoo_sample_clear (PotooSample *sample);

typedef struct
{
  PotooInit *init;                   /* (transfer none) */
  GArray *samples[POTOO_MAX_TRACKS]; /* (element-type PotooSample) (transfer none): NULL or empty:
                                        no traf; video is not empty */
  guint64 sequence;
  gboolean key, discontinuous;
  GstClockTime start_ns, end_ns; /* of video */
  gint64 wall_start_us, wall_end_us;
  gboolean has_clock_offset;
  gint64 clock_offset_us;
} PotooFragmentSpec;

/* Takes its own references of the buffers. (transfer full) */
PotooFragment *potoo_fragment_new (const PotooFragmentSpec *spec);

G_END_DECLS
