/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment-private.h"

/* Makes fragments of H.264 that no decoder would like, and AAC, one after another. */
typedef struct
{
  PotooInit *init;
  gboolean audio;
  guint64 sequence;
  GstClockTime at_ns;    /* decoding time of the next fragment */
  gint64 wall_offset_us; /* wall = running time + this */
  gint64 wall_end_us;    /* of the last fragment */
  guint frames;          /* of each fragment */
  gsize frame_bytes;
  gboolean reorder; /* presentation two frames after decoding */
} MediaMaker;

#define MEDIA_MAKER_FRAME_TICKS 3600                             /* 25 frames a second */
#define MEDIA_MAKER_WALL_US G_GINT64_CONSTANT (1795000000000000) /* 2026-11-18T11:06:40Z */

/* Frames of 100 bytes, 25 for each fragment. The first starts at 1000 s of running time,
 * MEDIA_MAKER_WALL_US. */
void media_maker_init (MediaMaker *maker, gboolean audio);
void media_maker_clear (MediaMaker *maker);
/* Another init, as after changed caps. */
void media_maker_change_init (MediaMaker *maker);

typedef enum
{
  MEDIA_DELTA = 0,
  MEDIA_KEY = 1 << 0,
  MEDIA_DISCONTINUOUS = 1 << 1,
} MediaFlags;

/* (transfer full) */
PotooFragment *media_maker_next (MediaMaker *maker, MediaFlags flags);
/* A time without media. */
void media_maker_skip (MediaMaker *maker, gint64 duration_us);

/* A whole file: init and @n fragments, each the first a key fragment; with `mehd` 0. */
GByteArray *media_maker_file (MediaMaker *maker, guint n);
