/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "record/potoo-hasher.h"
#include "record/potoo-storage-root.h"
#include "recording-fixture.h"

/* More than its bandwidth lets it read in a minute; sparse. */
#define LARGE_BYTES (G_GINT64_CONSTANT (4) << 30)
#define FREE_US (10 * POTOO_SECOND_US)

static void
set_up (Recording *r, gconstpointer data)
{
  recording_set_up (r);
  recording_start (r);
}

static void
tear_down (Recording *r, gconstpointer data)
{
  recording_stop (r);
  recording_tear_down (r);
}

static PotooSegment
make_segment (Recording *r, gint64 size_bytes)
{
  g_autoptr (GPtrArray) roots = potoo_recorder_get_storage_roots (r->recorder);
  PotooSegment segment = {
    .id = potoo_catalog_take_segment_id (r->catalog),
    .camera = "door",
    .root = potoo_storage_root_get_row_id (roots->pdata[0]),
    .state = POTOO_SEGMENT_CLOSED,
    .start_us = MEDIA_MAKER_WALL_US,
    .end_us = MEDIA_MAKER_WALL_US + POTOO_SECOND_US,
    .size_bytes = size_bytes,
  };

  return segment;
}

static void
make_file (Recording *r, const PotooSegment *segment)
{
  g_autofree char *path = recording_get_path (r, segment);
  g_autofree char *directory = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0750), ==, 0);
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, segment->size_bytes), ==, 0);
  close (fd);
}

/* While it is at one, so many wait; the rest is left out. Ending it waits for none of them. */
static void
test_bound (Recording *r, gconstpointer data)
{
  PotooHasher *hasher = potoo_hasher_new (r->catalog, r->recorder);
  PotooSegment segment = make_segment (r, LARGE_BYTES);

  make_file (r, &segment);
  potoo_hasher_push (hasher, &segment);
  recording_wait_for (recording_get_metric ("potoo_hash_queue_segments") == 0);
  for (guint i = 0; i < POTOO_HASHER_MAX_QUEUE + 7; i++)
    potoo_hasher_push (hasher, &segment);
  g_assert_cmpint (recording_get_metric ("potoo_hash_queue_segments"), ==, POTOO_HASHER_MAX_QUEUE);
  g_assert_cmpint (recording_get_metric ("potoo_hash_skipped_segments_total"), ==, 7);
  g_assert_cmpint (recording_get_metric ("potoo_hashed_segments_total"), ==, 0);

  gint64 before_us = g_get_monotonic_time ();
  potoo_hasher_free (hasher, FREE_US);
  g_assert_cmpint (g_get_monotonic_time () - before_us, <, FREE_US);
  recording_wait_for (recording_get_metric ("potoo_hash_queue_segments") == -1);
}

/* One that is gone meanwhile holds up no other, and the next one begins anew. */
static void
test_gone (Recording *r, gconstpointer data)
{
  PotooHasher *hasher = potoo_hasher_new (r->catalog, r->recorder);
  PotooSegment gone = make_segment (r, 4096), there = make_segment (r, 4096);

  make_file (r, &there);
  for (gint64 i = 1; i <= 2; i++)
    {
      potoo_hasher_push (hasher, &gone);
      potoo_hasher_push (hasher, &there);
      recording_wait_for (recording_get_metric ("potoo_hashed_segments_total") == i);
      g_assert_cmpint (recording_get_metric ("potoo_hash_failed_segments_total"), ==, i);
    }
  potoo_hasher_free (hasher, FREE_US);
}

#define ADD(path, func) g_test_add ("/hasher/" path, Recording, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("bound", test_bound);
  ADD ("gone", test_gone);
  return g_test_run ();
}
