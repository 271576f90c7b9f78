/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "sim/potoo-sim-cache.h"
#include "sim/potoo-sim-encoder.h"
#include "sim/potoo-sim-feed.h"
#include "sim/potoo-sim-pacer.h"
#include "sim/potoo-sim-stamp.h"

#define N_UNITS 20

static const PotooSimLoopParams small = {
  .codec = POTOO_SIM_CODEC_H264,
  .width = 160,
  .height = 120,
  .rate_num = 10,
  .rate_den = 1,
  .bitrate_kbit = 100,
  .gop = 10,
  .slices = 1,
  .n_units = N_UNITS,
};

static PotooSimLoop *
make_loop (const PotooSimLoopParams *params)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = potoo_sim_encode (params, &error);
  g_assert_no_error (error);
  PotooSimLoop *loop = potoo_sim_loop_parse (bytes, params, &error);
  g_assert_no_error (error);
  return loop;
}

static void
test_shape (void)
{
  g_autoptr (PotooSimLoop) loop = make_loop (&small);

  g_assert_cmpuint (potoo_sim_loop_get_n_units (loop), ==, N_UNITS);
  g_assert_cmpuint (potoo_sim_loop_get_reorder (loop), ==, 0);
  for (guint i = 0; i < N_UNITS; i++)
    {
      const PotooSimUnit *unit = potoo_sim_loop_get_unit (loop, i);
      g_assert_cmpuint (unit->index, ==, i);
      g_assert_cmpint (unit->is_key, ==, i % small.gop == 0);
      g_assert_cmpint (unit->head_size > 0, ==, unit->is_key);
    }
}

static void
test_bframes (void)
{
  PotooSimLoopParams params = small;

  params.bframes = 2;
  for (params.codec = POTOO_SIM_CODEC_H264; params.codec <= POTOO_SIM_CODEC_H265; params.codec++)
    {
      g_autoptr (PotooSimLoop) loop = make_loop (&params);
      g_assert_cmpuint (potoo_sim_loop_get_reorder (loop), ==, 2);
    }
}

static void
test_audio (void)
{
  for (PotooSimCodec codec = POTOO_SIM_CODEC_AAC; codec <= POTOO_SIM_CODEC_OPUS; codec++)
    {
      PotooSimLoopParams params;
      potoo_sim_loop_params_init_audio (&params, codec);
      g_autoptr (PotooSimLoop) loop = make_loop (&params);
      g_assert_cmpuint (potoo_sim_loop_get_n_units (loop), ==, params.n_units);
    }
}

/* The payload is shared with the loop; only the stamp is new. */
static void
test_buffer (void)
{
  g_autoptr (PotooSimLoop) loop = make_loop (&small);
  g_autoptr (GstBuffer)
      plain = potoo_sim_loop_make_buffer (loop, 0, POTOO_SIM_SETS_OF_KEYS, NULL, 0);
  g_autoptr (GstBuffer) stamped = potoo_sim_loop_make_buffer (loop, 0, POTOO_SIM_SETS_OF_KEYS,
                                                              (const guint8 *) "stamp", 5);
  g_autoptr (GstBuffer)
      delta = potoo_sim_loop_make_buffer (loop, 1, POTOO_SIM_SETS_OF_KEYS, NULL, 0);
  g_autoptr (GstBuffer)
      with_sets = potoo_sim_loop_make_buffer (loop, 1, POTOO_SIM_SETS_ALWAYS, NULL, 0);
  const PotooSimUnit *unit = potoo_sim_loop_get_unit (loop, 0);

  g_assert_cmpuint (gst_buffer_get_size (plain), ==, unit->size);
  g_assert_cmpuint (gst_buffer_get_size (stamped), ==, unit->size + 5);
  g_assert_cmpint (gst_buffer_memcmp (stamped, unit->head_size, "stamp", 5), ==, 0);
  g_assert_false (GST_BUFFER_FLAG_IS_SET (plain, GST_BUFFER_FLAG_DELTA_UNIT));
  g_assert_true (GST_BUFFER_FLAG_IS_SET (delta, GST_BUFFER_FLAG_DELTA_UNIT));
  g_assert_cmpuint (gst_buffer_get_size (with_sets), ==,
                    gst_buffer_get_size (delta) + unit->head_size);

  GstMapInfo one, other;
  g_assert_true (gst_memory_map (gst_buffer_peek_memory (plain, 1), &one, GST_MAP_READ));
  g_assert_true (gst_memory_map (gst_buffer_peek_memory (stamped, 2), &other, GST_MAP_READ));
  g_assert_true (one.data == other.data);
  gst_memory_unmap (gst_buffer_peek_memory (plain, 1), &one);
  gst_memory_unmap (gst_buffer_peek_memory (stamped, 2), &other);
}

/* No byte may be changed and no length cut without notice. */
static void
test_damage (void)
{
  g_autoptr (GBytes) bytes = potoo_sim_encode (&small, NULL);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize at = 0; at < size; at += at < 1200 ? 1 : 997)
    {
      g_autoptr (GError) error = NULL;
      guint8 *copy = g_memdup2 (data, size);
      copy[at] ^= 0x5a;
      g_autoptr (GBytes) damaged = g_bytes_new_take (copy, size);
      g_assert_null (potoo_sim_loop_parse (damaged, &small, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
    }
  for (gsize length = 0; length < size; length += length < 200 ? 1 : 997)
    {
      g_autoptr (GBytes) cut = g_bytes_new_static (data, length);
      g_assert_null (potoo_sim_loop_parse (cut, &small, NULL));
    }
  PotooSimLoopParams others = small;
  others.slices = 2;
  g_assert_null (potoo_sim_loop_parse (bytes, &others, NULL));
}

static gint64
modified_us (const char *path)
{
  struct stat info;
  g_assert_no_errno (stat (path, &info));
  return info.st_mtim.tv_sec * POTOO_SECOND_US + info.st_mtim.tv_nsec / 1000;
}

static void
test_cache (void)
{
  g_autofree char *top = g_dir_make_tmp ("potoo-sim-XXXXXX", NULL);
  g_autofree char *directory = g_build_filename (top, "a", "b", NULL);
  g_autoptr (GError) error = NULL;
  PotooSimCache *cache = potoo_sim_cache_new (directory);
  g_autofree char *path = potoo_sim_cache_path (cache, &small);

  g_autoptr (PotooSimLoop) one = potoo_sim_cache_get (cache, &small, &error);
  g_autoptr (PotooSimLoop) same = potoo_sim_cache_get (cache, &small, &error);
  g_assert_no_error (error);
  g_assert_true (one == same);
  potoo_sim_cache_free (cache);
  gint64 written_us = modified_us (path);

  cache = potoo_sim_cache_new (directory);
  g_autoptr (PotooSimLoop) again = potoo_sim_cache_get (cache, &small, &error);
  g_assert_no_error (error);
  potoo_sim_cache_free (cache);
  g_assert_cmpint (modified_us (path), ==, written_us);

  g_assert_true (g_file_set_contents (path, "PotooLp1 rubbish", -1, NULL));
  cache = potoo_sim_cache_new (directory);
  g_autoptr (PotooSimLoop) rebuilt = potoo_sim_cache_get (cache, &small, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (potoo_sim_loop_get_n_units (rebuilt), ==, N_UNITS);
  potoo_sim_cache_free (cache);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  g_assert_cmpuint (g_mapped_file_get_length (file), >, 1000);

  g_remove (path);
  g_rmdir (directory);
  g_autofree char *parent = g_path_get_dirname (directory);
  g_rmdir (parent);
  g_rmdir (top);
}

/* A directory that cannot be made is no reason not to play. */
static void
test_cache_without_directory (void)
{
  PotooSimCache *cache = potoo_sim_cache_new ("/dev/null/nowhere");
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSimLoop) loop = potoo_sim_cache_get (cache, &small, &error);

  g_assert_no_error (error);
  g_assert_nonnull (loop);
  potoo_sim_cache_free (cache);
}

static guint64
number_of (GstBuffer *buffer)
{
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  const char *found = memmem (map.data, map.size, POTOO_SIM_STAMP_UUID, 16);
  g_assert_nonnull (found);
  guint64 number = g_ascii_strtoull (found + 16, NULL, 16);
  gst_buffer_unmap (buffer, &map);
  return number;
}

/* From any start in the loop, every number comes once, none before its time,
 * and what a turn says does not depend on who asks. */
static void
test_feed (void)
{
  PotooSimLoopParams params = small;
  const gint64 origin_us = 1000000;
  const guint n = 3 * N_UNITS;

  params.bframes = 2;
  g_autoptr (PotooSimLoop) loop = make_loop (&params);
  for (guint offset = 0; offset < N_UNITS; offset += 3)
    {
      PotooSimFeed *feed = potoo_sim_feed_new (loop, origin_us, offset);
      g_autofree guint *seen = g_new0 (guint, n);
      for (gint64 turn = offset; turn < offset + n; turn++)
        {
          g_autoptr (GstBuffer)
              buffer = potoo_sim_feed_make_buffer (feed, loop, turn, POTOO_SIM_SETS_OF_KEYS);
          if (buffer == NULL) /* before number 0 */
            continue;
          guint64 number = number_of (buffer);
          gint64 pts_us = (gint64) (GST_BUFFER_PTS (buffer) / 1000);
          g_assert_cmpint (pts_us, ==, origin_us + (gint64) number * 100000);
          g_assert_cmpint (potoo_sim_feed_due_us (feed, turn), >=, pts_us);
          g_assert_cmpint (potoo_sim_feed_number_at (feed, pts_us), ==, number);
          if (number < n)
            seen[number]++;
        }
      for (guint i = 3; i < n - 3; i++)
        g_assert_cmpuint (seen[i], ==, 1);
      for (gint64 at_us = origin_us; at_us < origin_us + 3000000; at_us += 33333)
        {
          gint64 turn = potoo_sim_feed_next_turn (feed, at_us);
          g_assert_cmpint (potoo_sim_feed_due_us (feed, turn), >, at_us);
          g_assert_true (turn == offset || potoo_sim_feed_due_us (feed, turn - 1) <= at_us);
        }
      potoo_sim_feed_free (feed);
    }
}

typedef struct
{
  gint64 interval_us;
  gint64 next_due_us;
  int count; /* atomic */
} Beat;

/* Of one each millisecond; others beat less often. */
#define BEATS 200

static gint64
on_beat (gpointer data, gint64 due_us)
{
  Beat *beat = data;

  g_assert_cmpint (potoo_clock_mono_us (), >=, due_us);
  g_assert_cmpint (due_us, ==, beat->next_due_us);
  beat->next_due_us += beat->interval_us;
  g_atomic_int_inc (&beat->count);
  return beat->next_due_us;
}

static void
test_pacer (void)
{
  enum
  {
    N = 40
  };
  g_autoptr (PotooSimPacer) pacer = potoo_sim_pacer_new ();
  Beat beats[N] = { { 0 } };
  PotooSimBeat *handles[N];
  gint64 start_us = potoo_clock_mono_us ();

  for (guint i = 0; i < N; i++)
    {
      beats[i].interval_us = 1000 * (1 + (i * 7) % 11);
      beats[i].next_due_us = start_us + 500 * ((i * 13) % N);
      handles[i] = potoo_sim_pacer_add (pacer, beats[i].next_due_us, on_beat, &beats[i]);
    }
  for (guint i = 0; i < N; i++)
    while (g_atomic_int_get (&beats[i].count) < BEATS / (beats[i].interval_us / 1000))
      g_usleep (1000);
  for (guint i = 0; i < N; i++)
    {
      guint which = (i * 17) % N;
      potoo_sim_pacer_remove (pacer, handles[which]);
      int count = g_atomic_int_get (&beats[which].count);
      gint64 expected = (potoo_clock_mono_us () - start_us) / beats[which].interval_us;
      g_assert_cmpint (count, <=, expected + 1);
      beats[which].next_due_us = 0; /* another beat would fail */
    }
  g_usleep (30000);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/loop/shape", test_shape);
  g_test_add_func ("/sim/loop/bframes", test_bframes);
  g_test_add_func ("/sim/loop/audio", test_audio);
  g_test_add_func ("/sim/loop/buffer", test_buffer);
  g_test_add_func ("/sim/loop/damage", test_damage);
  g_test_add_func ("/sim/cache/files", test_cache);
  g_test_add_func ("/sim/cache/no-directory", test_cache_without_directory);
  g_test_add_func ("/sim/feed", test_feed);
  g_test_add_func ("/sim/pacer", test_pacer);
  return g_test_run ();
}
