/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "media-maker.h"
#include "media/potoo-mp4-reader.h"
#include "playback/potoo-time-shift.h"

#define N_FRAGMENTS 4
#define SHIFT_NS G_GUINT64_CONSTANT (3600000011111)
#define SHIFT_TICKS G_GUINT64_CONSTANT (324000001) /* of it, at 90 kHz */

typedef struct
{
  MediaMaker maker;
  GByteArray *file;
  gsize init_size;
  int fd;
} Fixture;

static int
store (const GByteArray *file)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, file->data, file->len, 0), ==, file->len);
  return fd;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  media_maker_init (&f->maker, TRUE);
  f->maker.reorder = TRUE;
  f->file = media_maker_file (&f->maker, N_FRAGMENTS);
  f->init_size = g_bytes_get_size (potoo_init_get_bytes (f->maker.init));
  f->fd = store (f->file);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close (f->fd);
  g_byte_array_unref (f->file);
  media_maker_clear (&f->maker);
}

static PotooSegmentIndex *
make_index (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooMp4Reader) reader = potoo_mp4_reader_new (f->fd, &error);
  PotooSegmentIndex *index = potoo_segment_index_new (f->init_size);
  PotooMp4Fragment fragment;

  g_assert_no_error (error);
  while (potoo_mp4_reader_read_fragment (reader, (gint64) potoo_segment_index_get_end (index),
                                         &fragment, NULL))
    potoo_segment_index_append (index, fragment.size, fragment.duration_ticks, fragment.key);
  g_assert_cmpuint (potoo_segment_index_get_n (index), ==, N_FRAGMENTS);
  return index;
}

/* The file's bytes from @from to @to as they are served, in pieces of @piece. */
static GByteArray *
serve (Fixture *f, gsize from, gsize to, gsize piece)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooTimeShift) shift = potoo_time_shift_new (f->fd, make_index (f), SHIFT_NS, &error);
  GByteArray *served = g_byte_array_new ();

  g_assert_no_error (error);
  g_byte_array_append (served, f->file->data + from, (guint) (to - from));
  for (gsize at = from; at < to; at += piece)
    {
      g_assert_true (potoo_time_shift_apply (shift, at, served->data + (at - from),
                                             MIN (piece, to - at), &error));
      g_assert_no_error (error);
    }
  return served;
}

/* A reader of the shifted file sees the same media later, on the same walls' clock. */
static void
test_moves (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) served = serve (f, 0, f->file->len, 1 << 20);
  int fd = store (served);
  g_autoptr (PotooMp4Reader) before = potoo_mp4_reader_new (f->fd, &error);
  g_autoptr (PotooMp4Reader) after = potoo_mp4_reader_new (fd, &error);
  gint64 at = potoo_mp4_reader_get_init_size (before);

  g_assert_no_error (error);
  for (guint i = 0; i < N_FRAGMENTS; i++)
    {
      PotooMp4Fragment raw, moved;
      g_assert_true (potoo_mp4_reader_read_fragment (before, at, &raw, &error));
      g_assert_true (potoo_mp4_reader_read_fragment (after, at, &moved, &error));
      g_assert_cmpuint (moved.time_ticks, ==, raw.time_ticks + SHIFT_TICKS);
      g_assert_cmpint (moved.wall_us, ==, raw.wall_us);
      g_assert_cmpuint (moved.size, ==, raw.size);
      g_assert_cmpuint (moved.n_frames, ==, raw.n_frames);
      at += raw.size;
    }
  close (fd);
}

/* Three times a fragment, of which few bytes change: prft, video and audio. */
static void
test_changes_nothing_else (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) served = serve (f, 0, f->file->len, 1 << 20);
  guint changed = 0;

  g_assert_cmpuint (served->len, ==, f->file->len);
  g_assert_cmpmem (served->data, f->init_size, f->file->data, f->init_size);
  for (guint i = 0; i < served->len; i++)
    changed += served->data[i] != f->file->data[i];
  g_assert_cmpuint (changed, >, 3 * N_FRAGMENTS);
  g_assert_cmpuint (changed, <=, 3 * 8 * N_FRAGMENTS);
}

/* Whatever the pieces, also ones that cut a time in two. */
static void
test_any_range (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) whole = serve (f, 0, f->file->len, 1 << 20);

  for (guint i = 0; i < 400; i++)
    {
      gsize from = (gsize) g_test_rand_int_range (0, (gint32) f->file->len);
      gsize to = (gsize) g_test_rand_int_range ((gint32) from, (gint32) f->file->len) + 1;
      gsize piece = i % 4 == 0 ? 1 : (gsize) g_test_rand_int_range (1, 5000);
      if (piece == 1)
        to = MIN (to, from + 600);
      g_autoptr (GByteArray) part = serve (f, from, to, piece);
      g_assert_cmpmem (part->data, part->len, whole->data + from, to - from);
    }
}

/* Any byte of a head may be anything: no crash, and an error of ours if any. */
static void
test_hostile (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) copy = g_byte_array_new ();
      PotooSegmentIndex *index = make_index (f);
      const PotooIndexEntry *entry = potoo_segment_index_get (index, 1);
      guint64 base = i % 2 == 0 ? entry->offset : 0;
      guint span = i % 2 == 0 ? 700 : (guint) f->init_size;

      g_byte_array_append (copy, f->file->data, f->file->len);
      for (guint k = 0; k < 1 + i % 3; k++)
        copy->data[base + (guint) g_test_rand_int_range (0, (gint32) span)] = (guint8)
            g_test_rand_int ();
      int fd = store (copy);
      g_autoptr (PotooTimeShift) shift = potoo_time_shift_new (fd, index, SHIFT_NS, &error);
      if (shift != NULL)
        potoo_time_shift_apply (shift, 0, copy->data, copy->len, &error);
      g_assert_true (error == NULL || error->domain == POTOO_ERROR);
      close (fd);
    }
}

static void
test_corrupt (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PotooSegmentIndex *index = make_index (f);
  guint64 at = potoo_segment_index_get (index, 2)->offset;
  guint8 *bytes = f->file->data;

  g_assert_cmpint (pwrite (f->fd, "xxxx", 4, (off_t) at + 4), ==, 4);
  g_autoptr (PotooTimeShift) shift = potoo_time_shift_new (f->fd, index, SHIFT_NS, &error);
  g_assert_no_error (error);
  g_assert_true (potoo_time_shift_apply (shift, 0, bytes, at, &error));
  g_assert_false (potoo_time_shift_apply (shift, at, bytes + at, 100, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
}

/* The file is shorter than its index, or has no init. */
static void
test_short (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PotooSegmentIndex *index = make_index (f);
  guint64 at = potoo_segment_index_get (index, 3)->offset;

  g_assert_cmpint (ftruncate (f->fd, (off_t) at + 20), ==, 0);
  g_autoptr (PotooTimeShift) shift = potoo_time_shift_new (f->fd, index, SHIFT_NS, &error);
  g_assert_no_error (error);
  g_assert_false (potoo_time_shift_apply (shift, at, f->file->data + at, 100, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  g_clear_error (&error);

  g_assert_cmpint (ftruncate (f->fd, 10), ==, 0);
  g_assert_null (potoo_time_shift_new (f->fd, potoo_segment_index_new (f->init_size), 1, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
  g_clear_error (&error);
  g_assert_null (potoo_time_shift_new (f->fd, potoo_segment_index_new (G_MAXUINT32), 1, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/time-shift/moves", test_moves);
  ADD ("/time-shift/changes-nothing-else", test_changes_nothing_else);
  ADD ("/time-shift/any-range", test_any_range);
  ADD ("/time-shift/hostile", test_hostile);
  ADD ("/time-shift/corrupt", test_corrupt);
  ADD ("/time-shift/short", test_short);
  return g_test_run ();
}
