/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-mp4-moof.h"

G_BEGIN_DECLS

#define POTOO_MP4_MAX_TRACKS 16

/* What the init of one of our files says. */
typedef struct
{
  gsize mehd_offset; /* of its duration, counted from the start of moov's content; 0: none */
  guint64 duration_ticks;
  guint n_defaults;
  PotooMp4Defaults defaults[POTOO_MP4_MAX_TRACKS];
  guint32 video_timescale; /* of the first track; 0: it has none */
  char codecs[96];         /* RFC 6381 list */
} PotooMp4Moov;

/* @moov: content of the box. FALSE when a box does not fit into its parent or a bound is exceeded.
 */
gboolean potoo_mp4_parse_moov (GstByteReader *moov, PotooMp4Moov *result);

G_END_DECLS
