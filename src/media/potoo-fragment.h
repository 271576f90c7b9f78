/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/*
 * The currency of recording: a fragment is `prft` + `moof` + `mdat` of about
 * one second (ISO/IEC 14496-12, 8.8 and 8.16.5), cut at each keyframe, and
 * belongs to an init (`ftyp` + `moov`). Both are immutable, reference-counted
 * and safe in any thread. A fragment holds references to the access units that
 * the camera's pipeline produced: media is not copied between socket and disk.
 *
 * Every time in a fragment's boxes is running time (CLOCK_MONOTONIC); whoever writes or
 * serves it gives the origin that is subtracted (potoo_fragment_copy_header()).
 * Times in nanoseconds, `_ns`, are GStreamer running times.
 */

#define POTOO_VIDEO_TIMESCALE 90000

typedef enum
{
  POTOO_TRACK_VIDEO,
  POTOO_TRACK_AUDIO,
} PotooTrackKind;

#define POTOO_MAX_TRACKS 4

typedef struct
{
  PotooTrackKind kind;
  guint32 track_id;  /* 1 is video */
  guint32 timescale; /* video: POTOO_VIDEO_TIMESCALE; audio: its sample rate */
  char codec[32];    /* RFC 6381: "avc1.64001f", "hvc1.1.6.L93.B0", "mp4a.40.2", "opus" */
  guint width, height;
  guint rate, channels;
} PotooTrackInfo;

typedef struct _PotooInit PotooInit;

PotooInit *potoo_init_ref (PotooInit *init);
void potoo_init_unref (PotooInit *init);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooInit, potoo_init_unref)

/* `ftyp` + `moov`; `mehd` (version 1) holds 0 until the file is closed. */
GBytes *potoo_init_get_bytes (PotooInit *init); /* (transfer none) */
/* Where the 64-bit big-endian fragment_duration of `mehd` stands; its unit is
 * POTOO_VIDEO_TIMESCALE. */
gsize potoo_init_get_mehd_offset (PotooInit *init);
guint potoo_init_get_n_tracks (PotooInit *init); /* the first is video */
const PotooTrackInfo *potoo_init_get_track (PotooInit *init, guint i);

typedef struct _PotooFragment PotooFragment;

PotooFragment *potoo_fragment_ref (PotooFragment *fragment);
void potoo_fragment_unref (PotooFragment *fragment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooFragment, potoo_fragment_unref)

PotooInit *potoo_fragment_get_init (PotooFragment *fragment); /* (transfer none) */

/* TRUE when it starts with a keyframe. A new init always starts with one. */
gboolean potoo_fragment_is_key (PotooFragment *fragment);
/* TRUE when it does not continue the fragment before it without a hole: the
 * first one after a connection. Then it is a key fragment too. */
gboolean potoo_fragment_is_discontinuous (PotooFragment *fragment);

/* Running number, per camera stream, over all connections: a missing one is loss. */
guint64 potoo_fragment_get_sequence (PotooFragment *fragment);

/* Earliest decoding time of any track: the origin for a file that starts here. */
GstClockTime potoo_fragment_get_origin_ns (PotooFragment *fragment);
/* Decoding time of the first video access unit and of the one after the last;
 * end of one fragment = start of the next unless discontinuous. */
GstClockTime potoo_fragment_get_start_ns (PotooFragment *fragment);
GstClockTime potoo_fragment_get_end_ns (PotooFragment *fragment);

/* Wall time (UTC, microseconds) of start and end, by one reading of the clock;
 * the start of a fragment that continues is the end of the one before. */
gint64 potoo_fragment_get_wall_start_us (PotooFragment *fragment);
gint64 potoo_fragment_get_wall_end_us (PotooFragment *fragment);

/* By how much the camera's clock was ahead of ours. FALSE: its sender reports had not told. */
gboolean potoo_fragment_get_clock_offset (PotooFragment *fragment, gint64 *offset_us);

guint potoo_fragment_get_n_frames (PotooFragment *fragment); /* video access units */

/* Bytes of header and payload together, as on disk. */
gsize potoo_fragment_get_size (PotooFragment *fragment);
gsize potoo_fragment_get_header_size (PotooFragment *fragment);
/* Bytes that it takes in memory, about: each access unit more than it has. */
gsize potoo_fragment_get_memory (PotooFragment *fragment);

/* Copies `prft`, `moof` and the head of `mdat` to @out (of header size), with
 * @origin_ns subtracted from every time. */
void potoo_fragment_copy_header (PotooFragment *fragment, GstClockTime origin_ns, guint8 *out);

/* Calls @func for each piece of the payload, in order, until it returns FALSE. */
/* @data stays valid as long as the fragment does (buffers are in system memory). */
typedef gboolean (*PotooPayloadFunc) (const guint8 *data, gsize size, gpointer user_data);
gboolean
potoo_fragment_foreach_payload (PotooFragment *fragment, PotooPayloadFunc func, gpointer user_data);

/* Ticks of @timescale in @time_ns, rounded: the one rounding of all box times. */
guint64 potoo_ticks_from_ns (GstClockTime time_ns, guint32 timescale);

/* Where fragments go, one by one. Takes over nothing; @fragment is valid during the call. Must not
 * block. */
typedef void (*PotooFragmentFunc) (PotooFragment *fragment, gpointer user_data);

G_END_DECLS
