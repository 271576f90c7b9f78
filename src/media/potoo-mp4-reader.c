/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The file side of reading MP4: pread with bounds. A fragment costs one read of
 * WINDOW_SIZE bytes as a rule: prft, moof and the head of mdat. */

#include "media/potoo-mp4-reader.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-file.h"
#include "media/potoo-fragment.h"
#include "media/potoo-mp4-moov.h"

#define WINDOW_SIZE 8192
#define MAX_INIT_SIZE (1024 * 1024)
#define MAX_MOOF_SIZE (4 * 1024 * 1024)
#define MAX_FRAGMENT_SIZE (256 * 1024 * 1024)
#define PRFT_SIZE 32
#define BOX_HEAD_SIZE 8

/* Between the epochs of NTP (1900, RFC 5905) and Unix. Era 1 of NTP begins in 2036. */
#define NTP_UNIX_SECONDS G_GINT64_CONSTANT (2208988800)
#define NTP_ERA_SECONDS (G_GINT64_CONSTANT (1) << 32)
/* A keyframe is presented at most this long after it was decoded. */
#define MAX_COMPOSITION_US (60 * POTOO_SECOND_US)

struct _PotooMp4Reader
{
  int fd;
  gint64 file_size, init_size;
  PotooMp4Moov moov;
  GByteArray *buffer;
};

/* Fills the buffer with @size bytes at @offset. */
static gboolean
fill (PotooMp4Reader *reader, gint64 offset, gsize size, GError **error)
{
  g_byte_array_set_size (reader->buffer, (guint) size);
  return potoo_file_read (reader->fd, offset, reader->buffer->data, size, error);
}

static gboolean
fail_at (gint64 offset, const char *what, GError **error)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, "%s at byte %" G_GINT64_FORMAT, what,
               offset);
  return FALSE;
}

static gboolean
fail_at_end (PotooMp4Reader *reader, gint64 offset, GError **error)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_RANGE,
               "The file ends at byte %" G_GINT64_FORMAT
               ", at or inside the fragment at byte %" G_GINT64_FORMAT,
               reader->file_size, offset);
  return FALSE;
}

static gboolean
read_moov (PotooMp4Reader *reader, gint64 offset, gsize size, GError **error)
{
  GstByteReader content;

  if (!fill (reader, offset, size, error))
    return FALSE;
  gst_byte_reader_init (&content, reader->buffer->data + BOX_HEAD_SIZE,
                        (guint) size - BOX_HEAD_SIZE);
  if (!potoo_mp4_parse_moov (&content, &reader->moov))
    return fail_at (offset, "The moov box does not parse", error);
  if (reader->moov.mehd_offset == 0 || reader->moov.n_defaults == 0 ||
      reader->moov.video_timescale != POTOO_VIDEO_TIMESCALE)
    return fail_at (offset, "The moov box is not one that Potoo wrote", error);
  reader->moov.mehd_offset += (gsize) offset + BOX_HEAD_SIZE;
  reader->init_size = offset + (gint64) size;
  return TRUE;
}

static gboolean
read_init (PotooMp4Reader *reader, GError **error)
{
  for (gint64 offset = 0; offset + BOX_HEAD_SIZE <= MIN (reader->file_size, MAX_INIT_SIZE);)
    {
      if (!fill (reader, offset, BOX_HEAD_SIZE, error))
        return FALSE;
      guint32 size = GST_READ_UINT32_BE (reader->buffer->data);
      guint32 type = GST_READ_UINT32_BE (reader->buffer->data + 4);
      if (size < BOX_HEAD_SIZE || offset + size > MIN (reader->file_size, MAX_INIT_SIZE))
        return fail_at (offset, "A box does not fit", error);
      if (type == POTOO_FOURCC ("moov"))
        return read_moov (reader, offset, size, error);
      if ((type == POTOO_FOURCC ("ftyp")) != (offset == 0))
        return fail_at (offset, "The file does not begin with ftyp and moov", error);
      offset += size;
    }
  return fail_at (reader->file_size, "The file ends before its moov box", error);
}

PotooMp4Reader *
potoo_mp4_reader_new (int fd, GError **error)
{
  g_autoptr (PotooMp4Reader) reader = g_new0 (PotooMp4Reader, 1);
  struct stat st;

  reader->fd = fd;
  reader->buffer = g_byte_array_new ();
  if (fstat (fd, &st) != 0)
    {
      potoo_set_error_errno (error, errno, "Cannot read the size of the file");
      return NULL;
    }
  reader->file_size = st.st_size;
  return read_init (reader, error) ? g_steal_pointer (&reader) : NULL;
}

void
potoo_mp4_reader_free (PotooMp4Reader *reader)
{
  g_byte_array_unref (reader->buffer);
  g_free (reader);
}

gint64
potoo_mp4_reader_get_file_size (PotooMp4Reader *reader)
{
  return reader->file_size;
}

gint64
potoo_mp4_reader_get_init_size (PotooMp4Reader *reader)
{
  return reader->init_size;
}

gint64
potoo_mp4_reader_get_mehd_offset (PotooMp4Reader *reader)
{
  return (gint64) reader->moov.mehd_offset;
}

guint64
potoo_mp4_reader_get_duration_ticks (PotooMp4Reader *reader)
{
  return reader->moov.duration_ticks;
}

const char *
potoo_mp4_reader_get_codecs (PotooMp4Reader *reader)
{
  return reader->moov.codecs;
}

static gint64
wall_from_ntp (guint64 ntp)
{
  gint64 seconds = (gint64) (ntp >> 32) - NTP_UNIX_SECONDS;
  guint64 fraction = ntp & G_MAXUINT32;

  if (seconds < 0)
    seconds += NTP_ERA_SECONDS;
  return seconds * POTOO_SECOND_US + (gint64) ((fraction * POTOO_SECOND_US + (1u << 31)) >> 32);
}

/* prft ties the presentation of the first access unit to wall time; a fragment
 * starts with its decoding. */
static gint64
wall_at (guint64 ntp, guint64 media_time, guint64 time_ticks)
{
  gint64 wall_us = wall_from_ntp (ntp);
  gint64 ahead = (gint64) (media_time - time_ticks);

  if (ABS (ahead / POTOO_VIDEO_TIMESCALE) > MAX_COMPOSITION_US / POTOO_SECOND_US)
    return wall_us;
  return MAX (wall_us - ahead * 100 / (POTOO_VIDEO_TIMESCALE / 10000), 0);
}

/* Makes the buffer hold prft, the whole moof and the head of mdat. */
static gboolean
read_heads (PotooMp4Reader *reader, gint64 offset, gsize *moof_size, GError **error)
{
  gint64 left = reader->file_size - offset;
  const gsize least = PRFT_SIZE + BOX_HEAD_SIZE + BOX_HEAD_SIZE;

  if (left < (gint64) least)
    return fail_at_end (reader, offset, error);
  if (!fill (reader, offset, (gsize) MIN (left, WINDOW_SIZE), error))
    return FALSE;
  const guint8 *data = reader->buffer->data;
  if (GST_READ_UINT32_BE (data) != PRFT_SIZE ||
      GST_READ_UINT32_BE (data + 4) != POTOO_FOURCC ("prft") || data[8] != 1)
    return fail_at (offset, "No prft box", error);
  *moof_size = GST_READ_UINT32_BE (data + PRFT_SIZE);
  if (GST_READ_UINT32_BE (data + PRFT_SIZE + 4) != POTOO_FOURCC ("moof") ||
      *moof_size < BOX_HEAD_SIZE || *moof_size > MAX_MOOF_SIZE)
    return fail_at (offset + PRFT_SIZE, "No moof box", error);
  gsize heads = PRFT_SIZE + *moof_size + BOX_HEAD_SIZE;
  if ((gint64) heads > left)
    return fail_at_end (reader, offset, error);
  return heads <= reader->buffer->len || fill (reader, offset, heads, error);
}

gboolean
potoo_mp4_reader_read_fragment (PotooMp4Reader *reader,
                                gint64 offset,
                                PotooMp4Fragment *fragment,
                                GError **error)
{
  gsize moof_size;

  g_return_val_if_fail (offset >= 0, FALSE);

  if (!read_heads (reader, offset, &moof_size, error))
    return FALSE;
  const guint8 *data = reader->buffer->data;
  const guint8 *mdat = data + PRFT_SIZE + moof_size;
  guint32 mdat_size = GST_READ_UINT32_BE (mdat);
  guint64 size = PRFT_SIZE + moof_size + mdat_size;
  if (GST_READ_UINT32_BE (mdat + 4) != POTOO_FOURCC ("mdat") || mdat_size < BOX_HEAD_SIZE ||
      size > MAX_FRAGMENT_SIZE)
    return fail_at (offset, "No mdat box in the fragment", error);

  GstByteReader content;
  PotooMp4Moof moof = { 0 };
  gst_byte_reader_init (&content, data + PRFT_SIZE + BOX_HEAD_SIZE,
                        (guint) moof_size - BOX_HEAD_SIZE);
  if (!potoo_mp4_parse_moof (&content, reader->moov.defaults, reader->moov.n_defaults,
                             moof_size + BOX_HEAD_SIZE, moof_size + mdat_size, &moof) ||
      moof.duration_ticks == 0 || moof.duration_ticks > G_MAXUINT32 / 2)
    return fail_at (offset, "The moof box does not parse", error);
  /* Else a size that is wrong would pass for the end of the file, behind which is nothing. */
  if (moof.payload_bytes != mdat_size - BOX_HEAD_SIZE)
    return fail_at (offset, "The mdat box does not have the size of its media", error);
  if (size > (guint64) (reader->file_size - offset))
    return fail_at_end (reader, offset, error);

  fragment->size = (guint32) size;
  fragment->time_ticks = moof.time_ticks;
  fragment->duration_ticks = (guint32) moof.duration_ticks;
  fragment->n_frames = (guint) moof.n_samples;
  fragment->key = moof.key;
  fragment->wall_us = wall_at (GST_READ_UINT64_BE (data + 16), GST_READ_UINT64_BE (data + 24),
                               moof.time_ticks);
  return TRUE;
}
