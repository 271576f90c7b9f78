/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "record/potoo-storage-root.h"
#include "recording-fixture.h"

static PotooDiskCalls real_calls;

static void
set_up (Recording *r, gconstpointer data)
{
  potoo_disk_calls = real_calls;
  recording_set_up (r);
  recording_start (r);
}

static void
tear_down (Recording *r, gconstpointer data)
{
  potoo_disk_calls = real_calls;
  recording_tear_down (r);
}

static const PotooSegment *
segment_at (GPtrArray *segments, guint i)
{
  g_assert_cmpuint (i, <, segments->len);
  return segments->pdata[i];
}

static const PotooGap *
gap_at (GPtrArray *gaps, guint i)
{
  g_assert_cmpuint (i, <, gaps->len);
  return gaps->pdata[i];
}

/* --- a disk that works --- */

static void
test_one_segment (Recording *r, gconstpointer data)
{
  gint64 start_us = r->maker.wall_offset_us + (gint64) (r->maker.at_ns / 1000);

  recording_plan (r, TRUE);
  recording_push (r, MEDIA_DELTA); /* nothing begins with it */
  recording_push_many (r, 5, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) > 0);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 1);
  const PotooSegment *s = segment_at (segments, 0);
  g_assert_cmpint (s->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (s->recording, ==, s->id);
  g_assert_cmpstr (s->camera, ==, "door");
  g_assert_cmpint (s->start_us, ==, start_us + G_USEC_PER_SEC);
  g_assert_cmpint (s->end_us, ==, r->maker.wall_end_us);
  g_assert_cmpint (s->mono_us, ==, (gint64) (r->maker.at_ns / 1000) - 5 * G_USEC_PER_SEC);
  g_assert_cmpint (s->duration_ticks, ==, 5 * POTOO_VIDEO_TIMESCALE);
  g_autofree char *codecs = g_ascii_strdown (s->codecs, -1);
  g_assert_cmpstr (codecs, ==, "avc1.64001f,mp4a.40.2");
  g_assert_cmpuint (recording_check_file (r, s), ==, 5);

  g_autofree char *path = recording_get_path (r, s);
  g_autofree char *day = g_path_get_dirname (path);
  struct stat st;
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777 & ~0640u, ==, 0);
  g_assert_cmpint (g_stat (day, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777 & ~0750u, ==, 0);
}

/* What quota and pressure go by is what the catalog has, to the byte. */
static void
assert_used (Recording *r, GPtrArray *segments)
{
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);
  gint64 sum = 0;

  for (guint i = 0; i < segments->len; i++)
    sum += segment_at (segments, i)->size_bytes;
  g_assert_cmpint (((PotooRootStatus *) roots->pdata[0])->used_bytes, ==, sum);
}

static void
test_rotation (Recording *r, gconstpointer data)
{
  guint n = 0;

  recording_plan (r, TRUE);
  recording_push_many (r, 35, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 4);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 4);
  for (guint i = 0; i < 4; i++)
    {
      const PotooSegment *s = segment_at (segments, i);
      n += recording_check_file (r, s);
      g_assert_cmpint (s->recording, ==, segment_at (segments, 0)->id);
      if (i > 0)
        g_assert_cmpint (s->start_us, ==, segment_at (segments, i - 1)->end_us);
    }
  g_assert_cmpuint (n, ==, 35);
  g_assert_cmpuint (recording_check_file (r, segment_at (segments, 0)), ==, 10);
  assert_used (r, segments);
}

/* New caps, a clock that was set, a gap, a plan: what begins a file, and what a recording. */
static void
test_new_files (Recording *r, gconstpointer data)
{
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  media_maker_change_init (&r->maker);
  recording_push_many (r, 2, MEDIA_KEY);
  r->maker.wall_offset_us += G_TIME_SPAN_HOUR;
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  media_maker_skip (&r->maker, 5 * G_USEC_PER_SEC);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY);
  r->pushed -= 2;
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 5);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpuint (segments->len, ==, 5);
  for (guint i = 0; i < 5; i++)
    {
      const PotooSegment *s = segment_at (segments, i);
      g_assert_cmpuint (recording_check_file (r, s), ==, 2);
      /* Only the second goes on with the recording of the first. */
      g_assert_cmpint (s->recording, ==, segment_at (segments, i == 1 ? 0 : i)->id);
    }
  /* The last one waits for media of the second plan, which holds while media is ahead of it. */
  g_assert_cmpuint (gaps->len, ==, 3);
  g_assert_cmpint (gap_at (gaps, 0)->cause, ==, POTOO_GAP_CLOCK_STEP);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (gap_at (gaps, i)->start_us, ==, segment_at (segments, i + 1)->end_us);
      g_assert_cmpint (gap_at (gaps, i)->end_us, ==, segment_at (segments, i + 2)->start_us);
      if (i > 0)
        g_assert_cmpint (gap_at (gaps, i)->cause, ==, POTOO_GAP_DISCONNECTED);
    }
}

/* A stream without keyframes does not make a file without bound. */
static void
test_no_keyframes (Recording *r, gconstpointer data)
{
  r->maker.frames = 25 * 60; /* a minute each */
  r->maker.frame_bytes = 10;
  recording_plan (r, TRUE);
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  for (int i = 0; i < 100; i++)
    {
      recording_push (r, MEDIA_DELTA);
      recording_wait_handled (r); /* there is memory for a few of them only */
    }
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  const PotooGap *gap = gap_at (gaps, gaps->len - 1);
  g_assert_cmpuint (segments->len, ==, 1);
  g_assert_cmpuint (recording_check_file (r, segment_at (segments, 0)), ==, 90);
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_NO_KEYFRAMES);
  g_assert_cmpint (gap->start_us, ==, segment_at (segments, 0)->end_us);
}

/* What was written is made durable within the sync interval though nothing follows. */
static void
test_sync (Recording *r, gconstpointer data)
{
  recording_plan (r, TRUE);
  recording_push_many (r, 3, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") >= 1);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  const PotooSegment *s = segment_at (segments, 0);
  g_assert_cmpint (s->state, ==, POTOO_SEGMENT_OPEN);
  g_assert_cmpint (s->end_us, ==, r->maker.wall_end_us);
  g_autofree char *path = recording_get_path (r, s);
  struct stat st;
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, s->size_bytes);
  /* And then it sleeps. */
  g_usleep (600000);
  g_assert_cmpint (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}"), ==, 1);
}

static void
test_remove_stream (Recording *r, gconstpointer data)
{
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  potoo_recorder_remove_stream (r->recorder, g_steal_pointer (&r->queue));
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) < 0);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (recording_check_file (r, segment_at (segments, 0)), ==, 2);
}

/* --- a disk that does not --- */

static int fail_after; /* calls that still work */
static int failed_fd;
static int failure;
static gboolean syncs_fail; /* else writes do */

static gboolean
fails (int fd, gboolean is_sync)
{
  g_assert_cmpint (fd, !=, failed_fd); /* never again on this file */
  if (g_atomic_int_get (&failure) == 0 || is_sync != syncs_fail || fail_after-- > 0)
    return FALSE;
  failed_fd = fd;
  errno = g_atomic_int_get (&failure);
  g_atomic_int_set (&failure, 0);
  return TRUE;
}

static ssize_t
failing_writev (int fd, const struct iovec *iov, int n)
{
  return fails (fd, FALSE) ? -1 : writev (fd, iov, n);
}

static int
failing_fdatasync (int fd)
{
  return fails (fd, TRUE) ? -1 : fdatasync (fd);
}

static ssize_t
crawling_writev (int fd, const struct iovec *iov, int n)
{
  static guint calls;
  if (++calls % 3 == 0)
    {
      errno = EINTR;
      return -1;
    }
  struct iovec some = *iov;
  some.iov_len = MIN (some.iov_len, 1 + calls % 50);
  return writev (fd, &some, 1);
}

static void
test_short_writes (Recording *r, gconstpointer data)
{
  potoo_disk_calls.writev = crawling_writev;
  recording_plan (r, TRUE);
  recording_push_many (r, 3, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (recording_check_file (r, segment_at (segments, 0)), ==, 3);
}

typedef struct
{
  gboolean in_sync;
  int error;
  PotooGapCause cause;
} Failure;

/* Fails on the third fragment, when two are durable; goes on after the back-off. */
static void
test_failure (Recording *r, gconstpointer data)
{
  const Failure *f = data;

  failed_fd = -1;
  fail_after = 0;
  syncs_fail = f->in_sync;
  potoo_disk_calls.writev = failing_writev;
  potoo_disk_calls.fdatasync = failing_fdatasync;
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  gint64 durable_us = r->maker.wall_end_us;
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") >= 1);
  g_atomic_int_set (&failure, f->error);
  recording_push (r, MEDIA_DELTA);
  recording_wait_for (recording_get_metric ("potoo_segments_damaged_total" DOOR) >= 1);
  g_assert_cmpint (recording_get_metric ("potoo_storage_failed{root=\"main\"}"), ==, 1);
  recording_push (r, MEDIA_KEY); /* in the back-off */
  g_usleep (POTOO_BACK_OFF_US + 100000);
  recording_push (r, MEDIA_DELTA);
  failed_fd = -1; /* the number is free for the next file */
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  g_assert_cmpint (recording_get_metric ("potoo_storage_failed{root=\"main\"}"), ==, 0);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpuint (segments->len, ==, 2);
  const PotooSegment *damaged = segment_at (segments, 0), *next = segment_at (segments, 1);
  g_assert_cmpint (damaged->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpint (damaged->end_us, ==, durable_us);
  g_assert_cmpint (damaged->duration_ticks, ==, 2 * POTOO_VIDEO_TIMESCALE);
  g_assert_cmpint (next->recording, ==, next->id);
  g_assert_cmpuint (recording_check_file (r, next), ==, 2);
  g_assert_cmpuint (gaps->len, ==, 1);
  g_assert_cmpint (gap_at (gaps, 0)->cause, ==, f->cause);
  g_assert_cmpint (gap_at (gaps, 0)->start_us, ==, durable_us);
  g_assert_cmpint (gap_at (gaps, 0)->end_us, ==, next->start_us);
  assert_used (r, segments);
}

/* Nothing was durable: no row and no file are left. */
static void
test_failure_at_once (Recording *r, gconstpointer data)
{
  failed_fd = -1;
  fail_after = 1; /* the init */
  syncs_fail = FALSE;
  g_atomic_int_set (&failure, EIO);
  potoo_disk_calls.writev = failing_writev;
  recording_plan (r, TRUE);
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_for (recording_get_metric ("potoo_segments_damaged_total" DOOR) >= 1);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 0);
  assert_used (r, segments);
  g_autofree char *find = g_strdup_printf ("find %s/recordings -name *.mp4", r->directory);
  g_autofree char *found = NULL;
  g_assert_true (g_spawn_command_line_sync (find, &found, NULL, NULL, NULL));
  g_assert_cmpstr (found, ==, "");
}

static gint64 free_blocks; /* of 1000 */

static int
fake_fstatvfs (int fd, struct statvfs *st)
{
  *st = (struct statvfs){ .f_frsize = 4096, .f_blocks = 1000 };
  st->f_bavail = (fsblkcnt_t) __atomic_load_n (&free_blocks, __ATOMIC_RELAXED);
  return 0;
}

static void
set_free (gint64 blocks)
{
  __atomic_store_n (&free_blocks, blocks, __ATOMIC_RELAXED);
  g_usleep (1100000); /* it is measured once a second */
}

/* min-free is 1 byte: full at no free block, writable again above 1 %. */
static void
test_disk_full (Recording *r, gconstpointer data)
{
  potoo_disk_calls.fstatvfs = fake_fstatvfs;
  free_blocks = 500;
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  set_free (0);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);
  const PotooRootStatus *status = roots->pdata[0];
  g_assert_true (status->full);
  g_assert_cmpint (status->free_bytes, ==, 0);
  g_assert_cmpint (status->total_bytes, ==, 4096000);
  set_free (10);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  g_assert_cmpint (recording_get_metric ("potoo_storage_full{root=\"main\"}"), ==, 1);
  set_free (11);
  recording_push (r, MEDIA_DELTA);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 2);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpuint (recording_check_file (r, segment_at (segments, 0)), ==, 2);
  g_assert_cmpuint (recording_check_file (r, segment_at (segments, 1)), ==, 2);
  g_assert_cmpuint (gaps->len, ==, 1);
  g_assert_cmpint (gap_at (gaps, 0)->cause, ==, POTOO_GAP_DISK_FULL);
  g_assert_cmpint (gap_at (gaps, 0)->start_us, ==, segment_at (segments, 0)->end_us);
  g_assert_cmpint (gap_at (gaps, 0)->end_us, ==, segment_at (segments, 1)->start_us);
}

static GMutex hang_lock; /* held: the disk does not answer */

static int
hanging_fdatasync (int fd)
{
  g_mutex_lock (&hang_lock);
  g_mutex_unlock (&hang_lock);
  return fdatasync (fd);
}

static void
test_stop_with_hanging_disk (Recording *r, gconstpointer data)
{
  g_autofree char *clean = NULL;

  potoo_disk_calls.fdatasync = hanging_fdatasync;
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  g_mutex_lock (&hang_lock);
  gint64 before = g_get_monotonic_time ();
  g_assert_false (potoo_recorder_stop (r->recorder, 300000));
  g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
  clean = recording_get_setting (r, "recorder-run");
  g_assert_true (g_str_has_suffix (clean, " running"));
  g_clear_object (&r->recorder);
  g_mutex_unlock (&hang_lock);
  /* The thread, left to itself, comes to its end and lets go of everything. */
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") < 0);
  potoo_catalog_close (r->catalog);
  g_clear_object (&r->catalog);
  g_clear_pointer (&r->config, potoo_config_unref);
}

/* --- several streams --- */

typedef struct
{
  PotooFragmentQueue *queue;
  MediaMaker maker;
} Source;

#define N_SOURCES 8
#define N_FRAGMENTS 40

static gpointer
feed (gpointer user_data)
{
  Source *source = user_data;
  for (guint i = 0; i < N_FRAGMENTS; i++)
    {
      g_autoptr (PotooFragment)
          fragment = media_maker_next (&source->maker, i == 0 ? MEDIA_KEY | MEDIA_DISCONTINUOUS
                                                       : i % 2 == 0 ? MEDIA_KEY
                                                                    : MEDIA_DELTA);
      potoo_fragment_queue_push (source->queue, fragment);
    }
  return NULL;
}

static void
test_many_streams (Recording *r, gconstpointer data)
{
  Source sources[N_SOURCES];
  GThread *threads[N_SOURCES];
  guint n = 0;

  for (guint i = 0; i < N_SOURCES; i++)
    {
      g_autofree char *camera = g_strdup_printf ("camera-%u", i / 2);
      g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
      media_maker_init (&sources[i].maker, i % 3 == 0);
      sources[i].queue = potoo_recorder_add_stream (
          r->recorder, camera, i % 2 == 0 ? POTOO_STREAM_MAIN : POTOO_STREAM_SUB);
      potoo_fragment_queue_set_plan (sources[i].queue, plan);
      threads[i] = g_thread_new ("feed", feed, &sources[i]);
    }
  for (guint i = 0; i < N_SOURCES; i++)
    g_thread_join (threads[i]);
  /* Stopped while the queues are full: everything is written all the same. */
  g_assert_true (potoo_recorder_stop (r->recorder, 20 * G_USEC_PER_SEC));
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  for (guint i = 0; i < segments->len; i++)
    {
      g_assert_cmpint (segment_at (segments, i)->state, ==, POTOO_SEGMENT_CLOSED);
      n += recording_check_file (r, segment_at (segments, i));
    }
  g_assert_cmpuint (n, ==, N_SOURCES * N_FRAGMENTS);
  g_assert_cmpuint (segments->len, ==, N_SOURCES * 4);
  for (guint i = 0; i < N_SOURCES; i++)
    media_maker_clear (&sources[i].maker);
}

/* Streams are spread over the roots; each row leads to its own. */
static void
test_two_roots (Recording *r, gconstpointer data)
{
  recording_stop (r);
  r->options = g_strdup_printf ("segment-duration=10s\nsync-interval=250ms\n"
                                "[storage-root second]\npath=%s/second\nmin-free=1",
                                r->directory);
  recording_start (r);
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
  PotooFragmentQueue *other = potoo_recorder_add_stream (r->recorder, "yard", POTOO_STREAM_MAIN);
  potoo_fragment_queue_set_plan (other, plan);
  recording_plan (r, TRUE);
  r->maker.reorder = TRUE;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (PotooFragment) fragment = media_maker_next (
          &r->maker, i == 0 ? MEDIA_KEY | MEDIA_DISCONTINUOUS : MEDIA_KEY);
      potoo_fragment_queue_push (r->queue, fragment);
      potoo_fragment_queue_push (other, fragment);
    }
  g_assert_true (potoo_recorder_stop (r->recorder, 20 * G_USEC_PER_SEC));

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);
  g_assert_cmpuint (roots->len, ==, 2);
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpint (segment_at (segments, 0)->root, !=, segment_at (segments, 1)->root);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (recording_check_file (r, segment_at (segments, i)), ==, 3);

  g_autoptr (GError) error = NULL;
  PotooSegment elsewhere = *segment_at (segments, 0);
  elsewhere.root = 4711;
  g_assert_cmpint (potoo_recorder_open_segment (r->recorder, &elsewhere, &error), ==, -1);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
}

int
main (int argc, char *argv[])
{
  static const Failure sync_error = { TRUE, EIO, POTOO_GAP_DISK_ERROR };
  static const Failure write_error = { FALSE, EIO, POTOO_GAP_DISK_ERROR };
  static const Failure no_space = { FALSE, ENOSPC, POTOO_GAP_DISK_FULL };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  real_calls = potoo_disk_calls;
#define ADD(path, data, func) g_test_add ("/writer/" path, Recording, data, set_up, func, tear_down)
  ADD ("one-segment", NULL, test_one_segment);
  ADD ("rotation", NULL, test_rotation);
  ADD ("new-files", NULL, test_new_files);
  ADD ("no-keyframes", NULL, test_no_keyframes);
  ADD ("sync", NULL, test_sync);
  ADD ("remove-stream", NULL, test_remove_stream);
  ADD ("short-writes", NULL, test_short_writes);
  ADD ("sync-error", &sync_error, test_failure);
  ADD ("write-error", &write_error, test_failure);
  ADD ("no-space", &no_space, test_failure);
  ADD ("failure-at-once", NULL, test_failure_at_once);
  ADD ("disk-full", NULL, test_disk_full);
  ADD ("stop-with-hanging-disk", NULL, test_stop_with_hanging_disk);
  ADD ("many-streams", NULL, test_many_streams);
  ADD ("two-roots", NULL, test_two_roots);
  return g_test_run ();
}
