/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/base/gstbytereader.h>

G_BEGIN_DECLS

/* Parsing boxes in memory, for potoo-mp4-reader.c. GstByteReader keeps every
 * read inside its bytes. */

#define POTOO_FOURCC(text) GST_MAKE_FOURCC ((text)[3], (text)[2], (text)[1], (text)[0])

/* Takes the next box: its type and a reader of its content. FALSE at the end of
 * @reader and when the box does not fit into it (then @reader has bytes left). */
gboolean potoo_mp4_next_box (GstByteReader *reader, guint32 *type, GstByteReader *content);
/* Takes boxes up to the first one of @type, four characters. FALSE when there is none. */
gboolean potoo_mp4_find_box (GstByteReader *reader, const char *type, GstByteReader *content);

/* What `trex` says about a track. */
typedef struct
{
  guint32 track_id;
  guint32 duration, size, flags;
} PotooMp4Defaults;

/* What a `moof` says of the first track, which is video; and how much media it names. */
typedef struct
{
  guint64 time_ticks;
  guint64 duration_ticks;
  guint64 n_samples;
  gboolean key;
  guint64 payload_bytes; /* of all tracks */
} PotooMp4Moof;

/* @moof: content of the box; every sample must lie within [@payload_start,
 * @payload_end), counted from the start of the moof box. */
gboolean potoo_mp4_parse_moof (GstByteReader *moof,
                               const PotooMp4Defaults *defaults,
                               guint n_defaults,
                               guint64 payload_start,
                               guint64 payload_end,
                               PotooMp4Moof *result);

G_END_DECLS
