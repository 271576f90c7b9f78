/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment.h"

G_BEGIN_DECLS

/* Reads back, from the bytes alone, what the boxes of a fragment say; asserts
 * on everything that is not as ISO/IEC 14496-12 and potoo-fragment.h want it. */

typedef struct
{
  guint64 dts; /* ticks of the track's timescale */
  guint32 duration;
  gint32 composition;
  gboolean key;
  const guint8 *data; /* into ReadFragment.bytes */
  guint32 size;
} ReadSample;

typedef struct
{
  gboolean present;
  guint64 tfdt;
  guint64 end; /* tfdt + all durations */
  GArray *samples;
} ReadTrack;

typedef struct
{
  GBytes *bytes; /* as on disk */
  guint64 prft_ntp, prft_ticks;
  guint32 sequence;
  ReadTrack tracks[POTOO_MAX_TRACKS]; /* by track id - 1 */
} ReadFragment;

ReadFragment *read_fragment (PotooFragment *fragment, GstClockTime origin_ns);
void read_fragment_free (ReadFragment *read);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReadFragment, read_fragment_free)

const ReadSample *read_fragment_sample (const ReadFragment *read, guint track, guint i);
guint read_fragment_n_samples (const ReadFragment *read, guint track);

/* Microseconds since 1970 of an NTP time of this era. */
gint64 wall_from_ntp (guint64 ntp);

/* Header with @origin_ns subtracted, and payload. (transfer full) */
GByteArray *fragment_to_bytes (PotooFragment *fragment, GstClockTime origin_ns);

/* Content of the first box at @path ("moov/trak/mdia"), NULL when there is none.
 * A number after a type picks one of several: "moov/trak1/tkhd". */
const guint8 *find_box (const guint8 *data, gsize size, const char *path, gsize *content_size);

G_END_DECLS
