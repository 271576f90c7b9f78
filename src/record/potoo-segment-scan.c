/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Called at start only. A read that fails for another reason than what is in the file never
 * leads to a cut. */

#include "record/potoo-segment-scan.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "media/potoo-fragment.h"
#include "media/potoo-mp4-reader.h"

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
scan_on (PotooSegmentScan *scan, PotooMp4Reader *reader, GError **error)
{
  g_autoptr (GError) stop = NULL;
  PotooMp4Fragment fragment;

  while (potoo_mp4_reader_read_fragment (reader, scan->end, &fragment, &stop) &&
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
          gboolean indexed_only,
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
  return indexed_only || scan_on (scan, reader, error);
}

static gboolean
open_scan (PotooSegmentScan *scan,
           PotooStorageRoot *root,
           const char *path,
           GBytes *index,
           gint64 init_size,
           gboolean indexed_only,
           GError **error)
{
  *scan = (PotooSegmentScan){ .fd = potoo_storage_root_open_file (root, path, O_RDWR, error) };
  if (scan->fd < 0)
    return FALSE;
  g_autoptr (PotooMp4Reader) reader = potoo_mp4_reader_new (scan->fd, error);
  if (reader != NULL && read_all (scan, reader, index, init_size, indexed_only, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

gboolean
potoo_segment_scan_open (PotooSegmentScan *scan,
                         PotooStorageRoot *root,
                         const char *path,
                         GBytes *index,
                         gint64 init_size,
                         GError **error)
{
  return open_scan (scan, root, path, index, init_size, FALSE, error);
}

gboolean
potoo_segment_scan_open_indexed (PotooSegmentScan *scan,
                                 PotooStorageRoot *root,
                                 const char *path,
                                 GBytes *index,
                                 gint64 init_size,
                                 GError **error)
{
  return open_scan (scan, root, path, index, init_size, TRUE, error);
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

  if (scan->mehd_ticks == scan->end_ticks && (keep_tail || scan->file_size == scan->end))
    return TRUE;
  if ((!keep_tail && scan->file_size > scan->end && ftruncate (scan->fd, scan->end) != 0) ||
      potoo_disk_calls.pwrite (scan->fd, &ticks, sizeof ticks, scan->mehd_offset) != sizeof ticks)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot mend a file in %s"),
                             potoo_storage_root_get_path (root));
      return FALSE;
    }
  return potoo_storage_root_sync (root, scan->fd, error);
}
