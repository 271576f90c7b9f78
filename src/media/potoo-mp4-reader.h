/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooMp4Reader:
 *
 * Reads the boxes of one fragmented MP4 file of ours: `ftyp` + `moov`, then
 * fragments of `prft` + `moof` + `mdat` (ISO/IEC 14496-12). The file is taken as hostile:
 * every size is checked against the file and against a bound before it is used. Media itself is
 * never read.
 *
 * One thread at a time; blocks on the disk.
 */
typedef struct _PotooMp4Reader PotooMp4Reader;

/* Reads the init of @fd, which stays the caller's and must outlive the reader.
 * POTOO_ERROR_CORRUPT when it is none of ours, POTOO_ERROR_IO. (transfer full) */
PotooMp4Reader *potoo_mp4_reader_new (int fd, GError **error);
void potoo_mp4_reader_free (PotooMp4Reader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooMp4Reader, potoo_mp4_reader_free)

gint64 potoo_mp4_reader_get_file_size (PotooMp4Reader *reader); /* when it was opened */
gint64 potoo_mp4_reader_get_init_size (PotooMp4Reader *reader);
/* Where the 64-bit big-endian duration of `mehd` stands. */
gint64 potoo_mp4_reader_get_mehd_offset (PotooMp4Reader *reader);
guint64 potoo_mp4_reader_get_duration_ticks (PotooMp4Reader *reader); /* what stands there */
/* RFC 6381 list of all tracks, in their order: "avc1.64001f,mp4a.40.2". */
const char *potoo_mp4_reader_get_codecs (PotooMp4Reader *reader);

typedef struct
{
  guint32 size;           /* of prft, moof and mdat together */
  guint64 time_ticks;     /* decoding time of the first video access unit (tfdt) */
  guint32 duration_ticks; /* of video; > 0 */
  guint n_frames;         /* video access units; > 0 */
  gboolean key;           /* starts with a keyframe */
  gint64 wall_us;         /* at time_ticks, from prft */
} PotooMp4Fragment;

/**
 * potoo_mp4_reader_read_fragment:
 *
 * Reads the headers of the whole fragment at @offset. Whole means: all its boxes lie
 * inside the file, and the samples that they name fill its `mdat`.
 *
 * Errors: POTOO_ERROR_RANGE when the file ends at @offset or inside the fragment;
 * POTOO_ERROR_CORRUPT when what stands there is no fragment; POTOO_ERROR_IO.
 */
gboolean potoo_mp4_reader_read_fragment (PotooMp4Reader *reader,
                                         gint64 offset,
                                         PotooMp4Fragment *fragment,
                                         GError **error);

G_END_DECLS
