/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `row` is always what may be posted: what is durable. `appended` is ahead of it. */

#include "record/potoo-segment-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-segment-index.h"

/* At the next key fragment after one of these a new file is begun … */
#define MAX_SEGMENT_US (3600 * POTOO_SECOND_US)
#define MAX_SEGMENT_BYTES (G_GINT64_CONSTANT (4) << 30)
/* … and after these at once (no segment in the catalog is longer than 2 h). */
#define HARD_SEGMENT_US (MAX_SEGMENT_US * 3 / 2)
#define HARD_SEGMENT_BYTES (G_GINT64_CONSTANT (8) << 30)

struct _PotooSegmentWriter
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  PotooInit *init;
  PotooSegmentIndex *index; /* of all that is appended */
  PotooSegment row;
  char *path;
  int fd;
  GstClockTime origin_ns, start_ns, end_ns;
  gint64 appended_bytes;
  PotooMoment appended_end, durable_end;
  gboolean damaged, finished;
  GArray *iov;      /* (element-type struct iovec), kept for its memory */
  GByteArray *head; /* of the fragment that is being written */
};

static void
note_damage (PotooSegmentWriter *w)
{
  w->damaged = TRUE;
  w->row.state = POTOO_SEGMENT_DAMAGED;
}

/* Writes all of @iov, which it eats. */
static gboolean
write_all (PotooSegmentWriter *w, struct iovec *iov, gsize n, GError **error)
{
  while (n > 0)
    {
      ssize_t written = potoo_disk_calls.writev (w->fd, iov, (int) MIN (n, IOV_MAX));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        {
          potoo_set_error_errno (error, written == 0 ? EIO : errno, _ ("Cannot write %s in %s"),
                                 w->path, potoo_storage_root_get_path (w->root));
          note_damage (w);
          return FALSE;
        }
      gsize left = (gsize) written;
      for (; n > 0 && left >= iov->iov_len; iov++, n--)
        left -= iov->iov_len;
      if (n > 0)
        {
          iov->iov_base = (guint8 *) iov->iov_base + left;
          iov->iov_len -= left;
        }
    }
  return TRUE;
}

void
potoo_day_directory_clear (PotooDayDirectory *day)
{
  if (day->path == NULL)
    return;
  close (day->fd);
  g_clear_pointer (&day->path, g_free);
}

static gboolean
open_day (PotooSegmentWriter *w, PotooDayDirectory *day, GError **error)
{
  g_autofree char *path = g_path_get_dirname (w->path);

  if (g_strcmp0 (path, day->path) == 0)
    return TRUE;
  potoo_day_directory_clear (day);
  day->fd = potoo_storage_root_open_directory (w->root, path, TRUE, error);
  if (day->fd < 0)
    return FALSE;
  day->path = g_steal_pointer (&path);
  return TRUE;
}

/* Makes the file; its entry is durable when this returns TRUE. */
static gboolean
create_file (PotooSegmentWriter *w, PotooDayDirectory *day, GError **error)
{
  g_autofree char *name = g_path_get_basename (w->path);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int dir_fd = day->fd;

  w->fd = openat (dir_fd, name, flags, 0640);
  if (w->fd < 0 && errno == ENOENT)
    {
      /* The directory that was kept open is removed: eviction found it empty, or somebody did. */
      potoo_day_directory_clear (day);
      if (!open_day (w, day, error))
        return FALSE;
      dir_fd = day->fd;
      w->fd = openat (dir_fd, name, flags, 0640);
    }
  if (w->fd >= 0 && fsync (dir_fd) == 0)
    return TRUE;
  potoo_set_error_errno (error, errno, _ ("Cannot make %s in %s"), w->path,
                         potoo_storage_root_get_path (w->root));
  if (w->fd >= 0)
    unlinkat (dir_fd, name, 0);
  return FALSE;
}

static gboolean
write_init (PotooSegmentWriter *w, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (potoo_init_get_bytes (w->init), &size);
  struct iovec iov = { (void *) data, size };
  return write_all (w, &iov, 1, error);
}

static void
fill_codecs (PotooSegment *row, PotooInit *init)
{
  for (guint i = 0; i < potoo_init_get_n_tracks (init); i++)
    {
      if (i > 0)
        g_strlcat (row->codecs, ",", sizeof row->codecs);
      g_strlcat (row->codecs, potoo_init_get_track (init, i)->codec, sizeof row->codecs);
    }
}

static void
fill_row (PotooSegmentWriter *w, const PotooSegmentSpec *spec, gint64 id, PotooFragment *first)
{
  PotooSegment *row = &w->row;

  row->id = id;
  g_strlcpy (row->camera, spec->camera, sizeof row->camera);
  row->stream = spec->stream;
  row->root = potoo_storage_root_get_row_id (spec->root);
  row->state = POTOO_SEGMENT_OPEN;
  row->recording = spec->recording != 0 ? spec->recording : id;
  row->start_us = row->end_us = potoo_fragment_get_wall_start_us (first);
  row->mono_us = (gint64) (potoo_fragment_get_start_ns (first) / 1000);
  g_strlcpy (row->boot_id, potoo_clock_boot_id (), sizeof row->boot_id);
  row->init_bytes = (gint64) g_bytes_get_size (potoo_init_get_bytes (w->init));
  fill_codecs (row, w->init);
}

PotooSegmentWriter *
potoo_segment_writer_new (const PotooSegmentSpec *spec, PotooFragment *first, GError **error)
{
  gint64 id = potoo_catalog_take_segment_id (spec->catalog);

  if (id == 0)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                   _ ("The catalog has no segment id left: it does not keep up"));
      return NULL;
    }
  g_autoptr (PotooSegmentWriter) w = g_new0 (PotooSegmentWriter, 1);
  w->root = potoo_storage_root_ref (spec->root);
  w->catalog = g_object_ref (spec->catalog);
  w->init = potoo_init_ref (potoo_fragment_get_init (first));
  w->fd = -1;
  w->origin_ns = potoo_fragment_get_origin_ns (first);
  w->start_ns = w->end_ns = potoo_fragment_get_start_ns (first);
  w->iov = g_array_new (FALSE, FALSE, sizeof (struct iovec));
  w->head = g_byte_array_new ();
  fill_row (w, spec, id, first);
  w->path = potoo_segment_relative_path (&w->row);
  w->index = potoo_segment_index_new ((gsize) w->row.init_bytes);
  w->appended_end = w->durable_end = potoo_moment_of_start (first);
  if (!open_day (w, spec->day, error) || !create_file (w, spec->day, error) ||
      !write_init (w, error))
    {
      /* Whatever it was, maybe somebody removed the directory: it is looked for anew. */
      potoo_day_directory_clear (spec->day);
      note_damage (w);
      return NULL;
    }
  w->appended_bytes = w->row.init_bytes;
  potoo_storage_root_add_used (w->root, w->appended_bytes);
  potoo_catalog_put_segment (w->catalog, &w->row, NULL);
  return g_steal_pointer (&w);
}

/* A damaged file of which nothing is durable is of no use to anyone. */
static void
post_last_row (PotooSegmentWriter *w)
{
  g_autoptr (GError) error = NULL;

  if (w->damaged) /* as the catalog has it */
    potoo_storage_root_add_used (w->root, w->row.size_bytes - w->appended_bytes);
  if (w->damaged && w->row.size_bytes == 0)
    {
      /* Else the next recovery does it, by the row. */
      if (potoo_storage_root_unlink (w->root, w->path, &error))
        potoo_catalog_drop_segment (w->catalog, w->row.id);
      else
        potoo_log_warning (w->row.camera, "%s", error->message);
    }
  else if (w->finished)
    {
      g_autoptr (GBytes) blob = potoo_segment_index_to_blob (w->index);
      potoo_catalog_put_segment (w->catalog, &w->row, blob);
    }
  else if (w->damaged)
    potoo_catalog_put_segment (w->catalog, &w->row, NULL);
}

static void
release (PotooSegmentWriter *w)
{
  if (w->fd >= 0)
    close (w->fd);
  g_clear_pointer (&w->index, potoo_segment_index_free);
  g_array_unref (w->iov);
  g_byte_array_unref (w->head);
  potoo_init_unref (w->init);
  potoo_storage_root_unref (w->root);
  g_object_unref (w->catalog);
  g_free (w->path);
  g_free (w);
}

void
potoo_segment_writer_free (PotooSegmentWriter *w)
{
  if (w->fd >= 0)
    post_last_row (w);
  release (w);
}

void
potoo_segment_writer_abandon (PotooSegmentWriter *w)
{
  release (w);
}

/* The bytes stay where they are as long as the fragment has its references. */
static gboolean
collect_piece (const guint8 *data, gsize size, gpointer user_data)
{
  GArray *iov = user_data;
  struct iovec piece = { (void *) data, size };
  if (size > 0)
    g_array_append_val (iov, piece);
  return TRUE;
}

gboolean
potoo_segment_writer_append (PotooSegmentWriter *w, PotooFragment *fragment, GError **error)
{
  g_return_val_if_fail (!w->damaged && !w->finished, FALSE);

  gint64 offset_us;
  gsize size = potoo_fragment_get_size (fragment);
  GstClockTime start_ns = potoo_fragment_get_start_ns (fragment);
  GstClockTime end_ns = potoo_fragment_get_end_ns (fragment);
  guint64 duration = potoo_ticks_from_ns (end_ns, POTOO_VIDEO_TIMESCALE) -
                     potoo_ticks_from_ns (start_ns, POTOO_VIDEO_TIMESCALE);

  g_byte_array_set_size (w->head, (guint) potoo_fragment_get_header_size (fragment));
  potoo_fragment_copy_header (fragment, w->origin_ns, w->head->data);
  g_array_set_size (w->iov, 0);
  collect_piece (w->head->data, w->head->len, w->iov);
  if (!potoo_fragment_foreach_payload (fragment, collect_piece, w->iov))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INTERNAL,
                   _ ("The media of a fragment cannot be mapped"));
      note_damage (w);
      return FALSE;
    }
  if (!write_all (w, (struct iovec *) (void *) w->iov->data, w->iov->len, error))
    return FALSE;
  if (!potoo_segment_index_append (w->index, (guint32) size, (guint32) duration,
                                   potoo_fragment_is_key (fragment)))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INTERNAL, _ ("The index of %s is full"),
                   w->path);
      note_damage (w);
      return FALSE;
    }
  potoo_storage_root_add_used (w->root, (gint64) size);
  w->appended_bytes += (gint64) size;
  w->appended_end = potoo_moment_of_end (fragment);
  if (potoo_fragment_get_clock_offset (fragment, &offset_us))
    {
      w->row.has_clock_offset = TRUE;
      w->row.clock_offset_us = offset_us;
    }
  w->end_ns = end_ns;
  return TRUE;
}

static gboolean
make_durable (PotooSegmentWriter *w, GError **error)
{
  if (!potoo_storage_root_sync (w->root, w->fd, error))
    {
      note_damage (w);
      return FALSE;
    }
  w->row.size_bytes = w->appended_bytes;
  w->durable_end = w->appended_end;
  w->row.end_us = w->durable_end.wall_us;
  w->row.duration_ticks = (gint64) potoo_segment_index_get_duration_ticks (w->index);
  return TRUE;
}

gboolean
potoo_segment_writer_sync (PotooSegmentWriter *w, GError **error)
{
  g_return_val_if_fail (!w->damaged && !w->finished, FALSE);

  if (!make_durable (w, error))
    return FALSE;
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (w->index);
  potoo_catalog_put_segment (w->catalog, &w->row, blob);
  return TRUE;
}

/* Players take the length of a file from `mehd`: from the origin to the end of video. */
static gboolean
write_duration (PotooSegmentWriter *w, GError **error)
{
  guint64 ticks = GUINT64_TO_BE (potoo_ticks_from_ns (w->end_ns, POTOO_VIDEO_TIMESCALE) -
                                 potoo_ticks_from_ns (w->origin_ns, POTOO_VIDEO_TIMESCALE));
  off_t offset = (off_t) potoo_init_get_mehd_offset (w->init);

  if (potoo_disk_calls.pwrite (w->fd, &ticks, sizeof ticks, offset) == sizeof ticks)
    return TRUE;
  potoo_set_error_errno (error, errno, _ ("Cannot write the duration of %s in %s"), w->path,
                         potoo_storage_root_get_path (w->root));
  note_damage (w);
  return FALSE;
}

gboolean
potoo_segment_writer_finish (PotooSegmentWriter *w, GError **error)
{
  g_return_val_if_fail (!w->damaged && !w->finished, FALSE);

  if (!write_duration (w, error) || !make_durable (w, error))
    return FALSE;
  w->finished = TRUE;
  w->row.state = POTOO_SEGMENT_CLOSED;
  return TRUE;
}

gboolean
potoo_segment_writer_is_complete (PotooSegmentWriter *w,
                                  PotooFragment *next,
                                  gint64 segment_duration_us)
{
  gint64 length_us = (gint64) ((potoo_fragment_get_start_ns (next) - w->start_ns) / 1000);

  return potoo_fragment_get_init (next) != w->init ||
         length_us >= MIN (segment_duration_us, MAX_SEGMENT_US) ||
         w->appended_bytes >= MAX_SEGMENT_BYTES ||
         potoo_segment_index_get_n (w->index) >= POTOO_INDEX_MAX_FRAGMENTS / 2;
}

gboolean
potoo_segment_writer_has_room (PotooSegmentWriter *w, PotooFragment *next)
{
  gint64 length_us = (gint64) ((potoo_fragment_get_end_ns (next) - w->start_ns) / 1000);

  return potoo_fragment_get_init (next) == w->init && length_us <= HARD_SEGMENT_US &&
         w->appended_bytes + (gint64) potoo_fragment_get_size (next) <= HARD_SEGMENT_BYTES &&
         potoo_segment_index_get_n (w->index) < POTOO_INDEX_MAX_FRAGMENTS;
}

gint64
potoo_segment_writer_get_recording (PotooSegmentWriter *w)
{
  return w->row.recording;
}

void
potoo_segment_writer_begin_recording (PotooSegmentWriter *w)
{
  w->row.recording = w->row.id;
}

PotooMoment
potoo_segment_writer_get_durable_end (PotooSegmentWriter *w)
{
  return w->durable_end;
}
