/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "playback/potoo-time-shift.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "media/potoo-fragment.h"
#include "media/potoo-mp4-moof.h"

#define BOX_HEAD_SIZE 8
#define PRFT_SIZE 32
#define PRFT_TRACK_AT 12
#define PRFT_MEDIA_TIME_AT 24
#define MAX_INIT_SIZE (1024 * 1024)
#define MAX_MOOF_SIZE (4 * 1024 * 1024)
#define MAX_TRACKS 16
#define NO_FRAGMENT G_MAXUINT

typedef struct
{
  guint32 id, timescale;
} Track;

/* A time as it is to be read. */
typedef struct
{
  guint64 offset; /* in the file */
  guint64 value;
} Time;

struct _PotooTimeShift
{
  int fd;
  PotooSegmentIndex *index;
  guint64 shift_ns;
  Track tracks[MAX_TRACKS];
  guint n_tracks;
  GByteArray *buffer;
  guint fragment; /* whose times these are, since chunks are smaller than fragments */
  GArray *times;  /* Time */
};

static gboolean
fail_at (guint64 offset, GError **error)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
               _ ("The file has no fragment of Potoo's at byte %llu"), (unsigned long long) offset);
  return FALSE;
}

static gboolean
read_exactly (PotooTimeShift *self, guint64 offset, gsize size, GError **error)
{
  g_byte_array_set_size (self->buffer, (guint) size);
  for (gsize done = 0; done < size;)
    {
      ssize_t n = pread (self->fd, self->buffer->data + done, size - done, (off_t) (offset + done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          potoo_set_error_errno (error, errno, _ ("Cannot read a file that is being served"));
          return FALSE;
        }
      if (n == 0)
        return fail_at (offset, error);
      done += (gsize) n;
    }
  return TRUE;
}

/* --- the init --- */

/* A 32-bit field of a full box behind its two times, which are wider in version 1. */
static gboolean
get_behind_times (GstByteReader *box, guint32 *value)
{
  guint8 version;

  return gst_byte_reader_get_uint8 (box, &version) &&
         gst_byte_reader_skip (box, version == 1 ? 3 + 16 : 3 + 8) &&
         gst_byte_reader_get_uint32_be (box, value);
}

static gboolean
add_track (PotooTimeShift *self, const GstByteReader *trak)
{
  GstByteReader in_trak = *trak, in_mdia = *trak, box;
  Track *track = &self->tracks[self->n_tracks];

  if (self->n_tracks == MAX_TRACKS || !potoo_mp4_find_box (&in_trak, "tkhd", &box) ||
      !get_behind_times (&box, &track->id) || !potoo_mp4_find_box (&in_mdia, "mdia", &box))
    return FALSE;
  in_mdia = box;
  if (!potoo_mp4_find_box (&in_mdia, "mdhd", &box) || !get_behind_times (&box, &track->timescale))
    return FALSE;
  self->n_tracks++;
  return TRUE;
}

static gboolean
parse_init (PotooTimeShift *self)
{
  GstByteReader file, moov, box;
  guint32 type;

  gst_byte_reader_init (&file, self->buffer->data, self->buffer->len);
  if (!potoo_mp4_find_box (&file, "moov", &moov))
    return FALSE;
  while (potoo_mp4_next_box (&moov, &type, &box))
    if (type == POTOO_FOURCC ("trak") && !add_track (self, &box))
      return FALSE;
  return self->n_tracks > 0;
}

PotooTimeShift *
potoo_time_shift_new (int fd, PotooSegmentIndex *index, guint64 shift_ns, GError **error)
{
  g_autoptr (PotooTimeShift) self = g_new0 (PotooTimeShift, 1);
  guint64 init_size = potoo_segment_index_get_n (index) > 0
                          ? potoo_segment_index_get (index, 0)->offset
                          : potoo_segment_index_get_end (index);

  self->fd = fd;
  self->index = index;
  self->shift_ns = shift_ns;
  self->buffer = g_byte_array_new ();
  self->times = g_array_new (FALSE, FALSE, sizeof (Time));
  self->fragment = NO_FRAGMENT;
  if (init_size > MAX_INIT_SIZE)
    {
      fail_at (0, error);
      return NULL;
    }
  if (!read_exactly (self, 0, (gsize) init_size, error))
    return NULL;
  if (!parse_init (self))
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                           _ ("The file does not begin with an init of Potoo's"));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
potoo_time_shift_free (PotooTimeShift *self)
{
  potoo_segment_index_free (self->index);
  g_byte_array_unref (self->buffer);
  g_array_unref (self->times);
  g_free (self);
}

/* --- fragments --- */

/* @at: in the buffer, which holds the head of the fragment at @base. */
static gboolean
add_time (PotooTimeShift *self, guint64 base, gsize at, guint32 track_id)
{
  for (guint i = 0; i < self->n_tracks; i++)
    {
      if (self->tracks[i].id != track_id)
        continue;
      guint64 shift = potoo_ticks_from_ns (self->shift_ns, self->tracks[i].timescale);
      const Time time = { base + at, GST_READ_UINT64_BE (self->buffer->data + at) + shift };
      g_array_append_val (self->times, time);
      return TRUE;
    }
  return FALSE;
}

static gboolean
add_traf (PotooTimeShift *self, guint64 base, const GstByteReader *traf)
{
  GstByteReader in_traf = *traf, box;
  guint32 track_id;

  if (!potoo_mp4_find_box (&in_traf, "tfhd", &box) || !gst_byte_reader_skip (&box, 4) ||
      !gst_byte_reader_get_uint32_be (&box, &track_id))
    return FALSE;
  in_traf = *traf;
  return potoo_mp4_find_box (&in_traf, "tfdt", &box) && gst_byte_reader_get_size (&box) == 12 &&
         box.data[0] == 1 &&
         add_time (self, base, (gsize) (box.data + 4 - self->buffer->data), track_id);
}

/* Makes the buffer hold `prft` and the whole `moof`. */
static gboolean
read_head (PotooTimeShift *self, const PotooIndexEntry *entry, GError **error)
{
  const gsize least = PRFT_SIZE + BOX_HEAD_SIZE;

  if (entry->size < least)
    return fail_at (entry->offset, error);
  if (!read_exactly (self, entry->offset, least, error))
    return FALSE;
  const guint8 *data = self->buffer->data;
  guint64 size = PRFT_SIZE + (guint64) GST_READ_UINT32_BE (data + PRFT_SIZE);
  if (GST_READ_UINT32_BE (data) != PRFT_SIZE ||
      GST_READ_UINT32_BE (data + 4) != POTOO_FOURCC ("prft") || data[BOX_HEAD_SIZE] != 1 ||
      GST_READ_UINT32_BE (data + PRFT_SIZE + 4) != POTOO_FOURCC ("moof") || size < least ||
      size > MIN (entry->size, MAX_MOOF_SIZE))
    return fail_at (entry->offset, error);
  return read_exactly (self, entry->offset, (gsize) size, error);
}

static gboolean
load_times (PotooTimeShift *self, guint fragment, GError **error)
{
  const PotooIndexEntry *entry = potoo_segment_index_get (self->index, fragment);
  GstByteReader moof, box;
  guint32 type;

  if (self->fragment == fragment)
    return TRUE;
  self->fragment = NO_FRAGMENT;
  g_array_set_size (self->times, 0);
  if (!read_head (self, entry, error))
    return FALSE;
  if (!add_time (self, entry->offset, PRFT_MEDIA_TIME_AT,
                 GST_READ_UINT32_BE (self->buffer->data + PRFT_TRACK_AT)))
    return fail_at (entry->offset, error);
  gst_byte_reader_init (&moof, self->buffer->data + PRFT_SIZE + BOX_HEAD_SIZE,
                        self->buffer->len - PRFT_SIZE - BOX_HEAD_SIZE);
  while (potoo_mp4_next_box (&moof, &type, &box))
    if (type == POTOO_FOURCC ("traf") && !add_traf (self, entry->offset, &box))
      return fail_at (entry->offset, error);
  self->fragment = fragment;
  return TRUE;
}

/* Writes what of the time lies inside the data. */
static void
put_time (const Time *time, guint64 offset, guint8 *data, gsize size)
{
  guint64 value = GUINT64_TO_BE (time->value);
  guint64 from = MAX (time->offset, offset);
  guint64 to = MIN (time->offset + sizeof value, offset + size);

  if (from < to)
    memcpy (data + (from - offset), (guint8 *) &value + (from - time->offset), to - from);
}

/* The first fragment that ends behind @offset. */
static guint
find_fragment (PotooSegmentIndex *index, guint64 offset)
{
  guint low = 0, high = potoo_segment_index_get_n (index);

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const PotooIndexEntry *entry = potoo_segment_index_get (index, middle);
      if (entry->offset + entry->size <= offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

gboolean
potoo_time_shift_apply (PotooTimeShift *self,
                        guint64 offset,
                        guint8 *data,
                        gsize size,
                        GError **error)
{
  guint n = potoo_segment_index_get_n (self->index);

  for (guint i = find_fragment (self->index, offset); i < n; i++)
    {
      if (potoo_segment_index_get (self->index, i)->offset >= offset + size)
        break;
      if (!load_times (self, i, error))
        return FALSE;
      for (guint t = 0; t < self->times->len; t++)
        put_time (&g_array_index (self->times, Time, t), offset, data, size);
    }
  return TRUE;
}
