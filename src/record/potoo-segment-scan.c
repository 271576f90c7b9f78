/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Called at start only. A read that fails for another reason than what is in the file never
 * leads to a cut. */

#include "record/potoo-segment-scan.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-file.h"
#include "media/potoo-fragment.h"
#include "media/potoo-mp4-reader.h"

/* What a disk writes at once. */
#define SECTOR_SIZE 512
#define SECTORS_PER_READ 128
/* An init may end with as many zeros. */
#define ZEROS_AT_END 32
/* Longer than any init; and how much is looked through for a hole. */
#define INIT_BYTES 8192
#define LOOKED_AT_BYTES (1024 * 1024)

/* --- holes --- */

static gboolean
is_zero (const guint8 *data, gsize size)
{
  return data[0] == 0 && memcmp (data, data + 1, size - 1) == 0;
}

/* Whether there is no sector with zeros alone from @offset to @end. None is in what we write: media
 * has none, since video escapes three zeros in a row, and boxes have no use for so many. The first
 * sector counts when it begins at @offset, the last one when more than @spare bytes of it are
 * asked for. */
static gboolean
is_filled (int fd, gint64 offset, gint64 end, gsize spare, GError **error)
{
  guint8 buffer[SECTORS_PER_READ * SECTOR_SIZE];
  gint64 at = (offset + SECTOR_SIZE - 1) / SECTOR_SIZE * SECTOR_SIZE;

  for (; at < end; at += (gint64) sizeof buffer)
    {
      gsize size = (gsize) MIN (end - at, (gint64) sizeof buffer);
      if (!potoo_file_read (fd, at, buffer, size, error))
        return FALSE;
      for (gsize i = 0; i < size; i += SECTOR_SIZE)
        {
          gsize n = MIN (size - i, SECTOR_SIZE);
          if ((n == SECTOR_SIZE || n > spare) && is_zero (buffer + i, n))
            {
              g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                           "Nothing was written at byte %" G_GINT64_FORMAT, at + (gint64) i);
              return FALSE;
            }
        }
    }
  return TRUE;
}

static gboolean
begins_like_ours (int fd)
{
  guint8 head[8];

  return potoo_file_read (fd, 0, head, sizeof head, NULL) && memcmp (head + 4, "ftyp", 4) == 0;
}

gboolean
potoo_segment_scan_is_torn (PotooStorageRoot *root, const char *path)
{
  g_autoptr (GError) error = NULL;
  struct stat st;
  int fd = potoo_storage_root_open_file (root, path, O_RDONLY, NULL);

  if (fd < 0)
    return FALSE;
  gboolean torn = fstat (fd, &st) == 0 &&
                  ((st.st_size <= INIT_BYTES && begins_like_ours (fd)) ||
                   (!is_filled (fd, 0, MIN (st.st_size, LOOKED_AT_BYTES), ZEROS_AT_END, &error) &&
                    g_error_matches (error, POTOO_ERROR, POTOO_ERROR_CORRUPT)));
  close (fd);
  return torn;
}

/* --- boxes --- */

static gint64
us_from_ticks (guint64 ticks)
{
  return (gint64) gst_util_uint64_scale_round (ticks, POTOO_SECOND_US, POTOO_VIDEO_TIMESCALE);
}

/* The index up to what the file still has. */
static PotooSegmentIndex *
trim_index (PotooSegmentScan *scan, PotooSegmentIndex *whole)
{
  PotooSegmentIndex *index = potoo_segment_index_new ((gsize) scan->init_size);

  for (guint i = 0; i < potoo_segment_index_get_n (whole); i++)
    {
      const PotooIndexEntry *entry = potoo_segment_index_get (whole, i);
      if (entry->offset + entry->size > (guint64) scan->file_size)
        {
          scan->shorter = TRUE;
          break;
        }
      potoo_segment_index_append (index, entry->size, entry->duration_ticks, entry->key);
    }
  return index;
}

static gboolean
load_index (PotooSegmentScan *scan, GBytes *blob, GError **error)
{
  g_autoptr (PotooSegmentIndex) whole = NULL;

  if (blob == NULL)
    {
      scan->index = potoo_segment_index_new ((gsize) scan->init_size);
      return TRUE;
    }
  whole = potoo_segment_index_parse (blob, (gsize) scan->init_size, error);
  if (whole == NULL)
    return FALSE;
  scan->index = trim_index (scan, whole);
  return TRUE;
}

static void
note_fragment (PotooSegmentScan *scan, const PotooMp4Fragment *fragment)
{
  scan->wall_end_us = fragment->wall_us + us_from_ticks (fragment->duration_ticks);
  scan->end_ticks = fragment->time_ticks + fragment->duration_ticks;
}

/* The last fragment of the index tells the times at its end. */
static gboolean
read_last_indexed (PotooSegmentScan *scan, PotooMp4Reader *reader, GError **error)
{
  guint n = potoo_segment_index_get_n (scan->index);
  PotooMp4Fragment fragment;

  if (n == 0)
    return TRUE;
  const PotooIndexEntry *last = potoo_segment_index_get (scan->index, n - 1);
  if (!potoo_mp4_reader_read_fragment (reader, (gint64) last->offset, &fragment, error))
    return FALSE;
  note_fragment (scan, &fragment);
  return TRUE;
}

static gboolean
read_next (PotooSegmentScan *scan,
           PotooMp4Reader *reader,
           PotooMp4Fragment *fragment,
           GError **error)
{
  return potoo_mp4_reader_read_fragment (reader, scan->end, fragment, error) &&
         (scan->depth != POTOO_SCAN_MEDIA ||
          is_filled (scan->fd, scan->end, scan->end + fragment->size, 0, error));
}

static gboolean
scan_on (PotooSegmentScan *scan, PotooMp4Reader *reader, GError **error)
{
  g_autoptr (GError) stop = NULL;
  PotooMp4Fragment fragment;

  while (read_next (scan, reader, &fragment, &stop) &&
         potoo_segment_index_append (scan->index, fragment.size, fragment.duration_ticks,
                                     fragment.key))
    {
      if (scan->end == scan->init_size)
        scan->wall_start_us = fragment.wall_us;
      scan->end += fragment.size;
      note_fragment (scan, &fragment);
    }
  if (g_error_matches (stop, POTOO_ERROR, POTOO_ERROR_IO))
    {
      g_propagate_error (error, g_steal_pointer (&stop));
      return FALSE;
    }
  scan->foreign_tail = !g_error_matches (stop, POTOO_ERROR, POTOO_ERROR_RANGE);
  return TRUE;
}

static gboolean
read_all (PotooSegmentScan *scan,
          PotooMp4Reader *reader,
          GBytes *index,
          gint64 init_size,
          GError **error)
{
  scan->file_size = potoo_mp4_reader_get_file_size (reader);
  scan->init_size = potoo_mp4_reader_get_init_size (reader);
  scan->mehd_offset = potoo_mp4_reader_get_mehd_offset (reader);
  scan->mehd_ticks = potoo_mp4_reader_get_duration_ticks (reader);
  g_strlcpy (scan->codecs, potoo_mp4_reader_get_codecs (reader), sizeof scan->codecs);
  if (init_size != 0 && init_size != scan->init_size)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                   "Its init has %" G_GINT64_FORMAT " bytes, the catalog says %" G_GINT64_FORMAT,
                   scan->init_size, init_size);
      return FALSE;
    }
  if (!load_index (scan, index, error) || !read_last_indexed (scan, reader, error))
    return FALSE;
  scan->end = (gint64) potoo_segment_index_get_end (scan->index);
  if (scan->depth == POTOO_SCAN_INDEXED)
    return TRUE;
  /* What has an index was synced together with its init. */
  if (scan->depth == POTOO_SCAN_MEDIA && potoo_segment_index_get_n (scan->index) == 0 &&
      !is_filled (scan->fd, 0, scan->init_size, ZEROS_AT_END, error))
    return FALSE;
  return scan_on (scan, reader, error);
}

gboolean
potoo_segment_scan_open (PotooSegmentScan *scan,
                         PotooStorageRoot *root,
                         const char *path,
                         GBytes *index,
                         gint64 init_size,
                         PotooScanDepth depth,
                         GError **error)
{
  *scan = (PotooSegmentScan){ .fd = potoo_storage_root_open_file (root, path, O_RDWR, error),
                              .depth = depth };
  if (scan->fd < 0)
    return FALSE;
  g_autoptr (PotooMp4Reader) reader = potoo_mp4_reader_new (scan->fd, error);
  if (reader != NULL && read_all (scan, reader, index, init_size, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

void
potoo_segment_scan_clear (PotooSegmentScan *scan)
{
  if (scan->fd >= 0)
    close (scan->fd);
  scan->fd = -1;
  g_clear_pointer (&scan->index, potoo_segment_index_free);
}

gboolean
potoo_segment_scan_mend (PotooSegmentScan *scan,
                         PotooStorageRoot *root,
                         gboolean keep_tail,
                         GError **error)
{
  guint64 ticks = GUINT64_TO_BE (scan->end_ticks);
  gboolean timed = scan->mehd_ticks == scan->end_ticks;
  gboolean ends = keep_tail || scan->file_size == scan->end;

  if (timed && ends && scan->depth != POTOO_SCAN_MEDIA)
    return TRUE;
  if ((!ends && ftruncate (scan->fd, scan->end) != 0) ||
      (!timed &&
       potoo_disk_calls.pwrite (scan->fd, &ticks, sizeof ticks, scan->mehd_offset) != sizeof ticks))
    {
      potoo_set_error_errno (error, errno, _ ("Cannot mend a file in %s"),
                             potoo_storage_root_get_path (root));
      return FALSE;
    }
  return potoo_storage_root_sync (root, scan->fd, error);
}
