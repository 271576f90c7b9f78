/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "media-maker.h"
#include "media/potoo-mp4-reader.h"

#define N_FRAGMENTS 4

typedef struct
{
  MediaMaker maker;
  GByteArray *file;
  int fd;
} Fixture;

static void
store (Fixture *f)
{
  g_assert_cmpint (ftruncate (f->fd, 0), ==, 0);
  g_assert_cmpint (pwrite (f->fd, f->file->data, f->file->len, 0), ==, f->file->len);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  media_maker_init (&f->maker, TRUE);
  f->maker.reorder = TRUE;
  f->file = media_maker_file (&f->maker, N_FRAGMENTS);
  f->fd = memfd_create ("test", MFD_CLOEXEC);
  g_assert_cmpint (f->fd, >=, 0);
  store (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close (f->fd);
  g_byte_array_unref (f->file);
  media_maker_clear (&f->maker);
}

/* How many whole fragments there are, and the code of the error after them. */
static guint
count (int fd, PotooError *code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooMp4Reader) reader = potoo_mp4_reader_new (fd, &error);
  PotooMp4Fragment fragment;
  guint n = 0;

  if (reader != NULL)
    for (gint64 at = potoo_mp4_reader_get_init_size (reader);
         potoo_mp4_reader_read_fragment (reader, at, &fragment, &error); n++)
      {
        g_assert_cmpuint (fragment.size, >, 0);
        g_assert_cmpuint (fragment.duration_ticks, >, 0);
        at += fragment.size;
        g_assert_cmpint (at, <=, potoo_mp4_reader_get_file_size (reader));
      }
  g_assert_nonnull (error);
  g_assert_true (error->domain == POTOO_ERROR);
  *code = error->code;
  return n;
}

static void
test_reads_what_was_written (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooMp4Reader) reader = potoo_mp4_reader_new (f->fd, &error);
  PotooMp4Fragment fragment;

  g_assert_no_error (error);
  gint64 at = potoo_mp4_reader_get_init_size (reader);
  g_assert_cmpint (at, ==, g_bytes_get_size (potoo_init_get_bytes (f->maker.init)));
  g_assert_cmpint (potoo_mp4_reader_get_mehd_offset (reader), ==,
                   potoo_init_get_mehd_offset (f->maker.init));
  g_autofree char *codecs = g_strconcat (potoo_init_get_track (f->maker.init, 0)->codec, ",",
                                         potoo_init_get_track (f->maker.init, 1)->codec, NULL);
  g_assert_cmpstr (potoo_mp4_reader_get_codecs (reader), ==, codecs);

  for (guint i = 0; i < N_FRAGMENTS; i++)
    {
      g_assert_true (potoo_mp4_reader_read_fragment (reader, at, &fragment, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (fragment.duration_ticks, ==, 25 * MEDIA_MAKER_FRAME_TICKS);
      g_assert_cmpuint (fragment.n_frames, ==, 25);
      g_assert_cmpint (fragment.key, ==, i % 2 == 0);
      /* Audio is 10 ms ahead, so video begins that much after the origin. */
      g_assert_cmpuint (fragment.time_ticks, ==, 900 + i * 90000);
      g_assert_cmpint (fragment.wall_us, ==, MEDIA_MAKER_WALL_US + i * G_USEC_PER_SEC);
      at += fragment.size;
    }
  g_assert_cmpint (at, ==, f->file->len);
  g_assert_false (potoo_mp4_reader_read_fragment (reader, at, &fragment, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_RANGE);
}

/* Wall time in microseconds survives the binary fraction of NTP, also in its era 1, from 2036 on.
 */
static void
test_wall_time (Fixture *f, gconstpointer data)
{
  static const gint64 walls[] = {
    1,
    999999,
    G_GINT64_CONSTANT (1795000000123457),
    G_GINT64_CONSTANT (2085978495999999),
    G_GINT64_CONSTANT (2085978496000001),
    G_GINT64_CONSTANT (2500000000999999),
  };
  for (gsize i = 0; i < G_N_ELEMENTS (walls); i++)
    {
      PotooMp4Fragment fragment;
      g_autoptr (GError) error = NULL;

      g_byte_array_unref (f->file);
      f->maker.reorder = FALSE;
      f->maker.wall_offset_us = walls[i] - (gint64) (f->maker.at_ns / 1000);
      f->file = media_maker_file (&f->maker, 1);
      store (f);
      g_autoptr (PotooMp4Reader) reader = potoo_mp4_reader_new (f->fd, &error);
      potoo_mp4_reader_read_fragment (reader, potoo_mp4_reader_get_init_size (reader), &fragment,
                                      &error);
      g_assert_no_error (error);
      g_assert_cmpint (fragment.wall_us, ==, walls[i]);
    }
}

/* Cut at any byte: the whole fragments in front are found, no more, no less. */
static void
test_cut_anywhere (Fixture *f, gconstpointer data)
{
  guint init = (guint) g_bytes_get_size (potoo_init_get_bytes (f->maker.init));
  guint size = (f->file->len - init) / N_FRAGMENTS;

  for (guint length = f->file->len; length-- > 0;)
    {
      PotooError code;
      g_assert_cmpint (ftruncate (f->fd, length), ==, 0);
      guint n = count (f->fd, &code);
      g_assert_cmpuint (n, ==, length < init ? 0 : (length - init) / size);
      g_assert_cmpint (code, ==, length < init ? POTOO_ERROR_CORRUPT : POTOO_ERROR_RANGE);
    }
}

static void
assert_corrupt_after (Fixture *f, gsize offset, guint32 value, guint expected)
{
  PotooError code;
  guint8 saved[4];

  memcpy (saved, f->file->data + offset, 4);
  GST_WRITE_UINT32_BE (f->file->data + offset, value);
  store (f);
  g_assert_cmpuint (count (f->fd, &code), ==, expected);
  g_assert_cmpint (code, ==, POTOO_ERROR_CORRUPT);
  memcpy (f->file->data + offset, saved, 4);
}

static gsize
find (Fixture *f, const char *type)
{
  for (gsize i = 4; i + 4 <= f->file->len; i++)
    if (memcmp (f->file->data + i, type, 4) == 0)
      return i;
  g_assert_not_reached ();
}

static void
test_lies (Fixture *f, gconstpointer data)
{
  gsize trun = find (f, "trun"), tfhd = find (f, "tfhd"), moof = find (f, "moof"),
        mdat = find (f, "mdat");

  assert_corrupt_after (f, trun + 8, 0xffffffff, 0); /* sample count */
  assert_corrupt_after (f, trun + 8, 0, 0);
  assert_corrupt_after (f, trun + 8, 24, 0);              /* its box has more */
  assert_corrupt_after (f, trun + 12, 0, 0);              /* data offset: into moof */
  assert_corrupt_after (f, trun + 12, 0xfffffff0, 0);     /* negative */
  assert_corrupt_after (f, trun + 16 + 4, 0x7fffffff, 0); /* size of the first sample */
  assert_corrupt_after (f, trun - 4, 4, 0);
  assert_corrupt_after (f, trun - 4, 0x7fffffff, 0);
  assert_corrupt_after (f, tfhd + 8, 7, 0);        /* no such track */
  assert_corrupt_after (f, tfhd + 4, 0x000001, 0); /* base-data-offset */
  assert_corrupt_after (f, moof - 4, 8, 0);        /* empty */
  assert_corrupt_after (f, moof - 4, 0xffffffff, 0);
  assert_corrupt_after (f, mdat - 4, 7, 0);
  assert_corrupt_after (f, mdat - 4, 8, 0);          /* samples without payload */
  assert_corrupt_after (f, mdat - 4, 0x00ffffff, 0); /* no end of the file, but a lie */
  assert_corrupt_after (f, find (f, "prft") - 4, 33, 0);
  assert_corrupt_after (f, find (f, "mehd") - 4, 12, 0);
  assert_corrupt_after (f, find (f, "moov") - 4, 0x00ffffff, 0);
  assert_corrupt_after (f, find (f, "ftyp"), 0x58585858, 0);
}

static void
test_not_ours (Fixture *f, gconstpointer data)
{
  PotooError code;

  g_assert_cmpint (ftruncate (f->fd, 0), ==, 0);
  g_assert_cmpuint (count (f->fd, &code), ==, 0);
  g_assert_cmpint (code, ==, POTOO_ERROR_CORRUPT);
  g_assert_cmpint (ftruncate (f->fd, 1 << 20), ==, 0); /* zeros */
  g_assert_cmpuint (count (f->fd, &code), ==, 0);
  g_assert_cmpint (code, ==, POTOO_ERROR_CORRUPT);
}

/* A tail of zeros, as some file systems leave behind after a power cut. */
static void
test_zero_tail (Fixture *f, gconstpointer data)
{
  PotooError code;

  g_assert_cmpint (ftruncate (f->fd, f->file->len + 5000), ==, 0);
  g_assert_cmpuint (count (f->fd, &code), ==, N_FRAGMENTS);
  g_assert_cmpint (code, ==, POTOO_ERROR_CORRUPT);
}

/* Whatever the bytes are, nothing is read outside of them: to be run under ASan. */
static void
test_mutations (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) original = g_steal_pointer (&f->file);
  gsize init = g_bytes_get_size (potoo_init_get_bytes (f->maker.init));
  f->file = g_byte_array_new ();
  GRand *rand = g_rand_new_with_seed (20261121);

  for (int round = 0; round < 20000; round++)
    {
      PotooError code;
      g_byte_array_set_size (f->file, 0);
      g_byte_array_append (f->file, original->data, original->len);
      for (int i = g_rand_int_range (rand, 1, 6); i > 0; i--)
        {
          /* Mostly where the boxes are: the init and the first moof. */
          gint32 end = g_rand_boolean (rand) ? (gint32) init + 700 : (gint32) original->len;
          gint32 at = g_rand_int_range (rand, 0, end - 4);
          if (g_rand_boolean (rand))
            f->file->data[at] = (guint8) g_rand_int (rand);
          else
            GST_WRITE_UINT32_BE (f->file->data + at,
                                 g_rand_boolean (rand) ? g_rand_int (rand) : 0xffffffff);
        }
      if (g_rand_int_range (rand, 0, 4) == 0)
        g_byte_array_set_size (f->file, (guint) g_rand_int_range (rand, 0, (gint32) original->len));
      store (f);
      g_assert_cmpuint (count (f->fd, &code), <=, N_FRAGMENTS);
    }
  g_rand_free (rand);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/mp4-reader/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("reads-what-was-written", test_reads_what_was_written);
  ADD ("wall-time", test_wall_time);
  ADD ("cut-anywhere", test_cut_anywhere);
  ADD ("lies", test_lies);
  ADD ("not-ours", test_not_ours);
  ADD ("zero-tail", test_zero_tail);
  ADD ("mutations", test_mutations);
  return g_test_run ();
}
