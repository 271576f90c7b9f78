/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two roots, `main` and `spare`: what becomes of a stream when the disk that it is written to fails
 * in one way or the other, and when it comes back. */

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "record/potoo-root-care.h"
#include "record/potoo-writer-set.h"
#include "recording-fixture.h"

#define TRUST_US (300 * 1000)
#define STALL_US (300 * 1000)
#define TREMBLE_US                                                                                 \
  (10 * 1000) /* a message's times by the two clocks are read one after the other */

static PotooDiskCalls real_calls;

/* --- a disk that does what a test says, for files below `main` --- */

static int fault; /* errno of writes and syncs; 0: none */
static int full;  /* no space is left */
static int hang;  /* calls do not come back; EVERYWHERE: also those of other roots */
#define EVERYWHERE 2
static int n_hanging;
static GMutex fault_lock;
static GCond fault_cond;

static gboolean
is_on_main (int fd)
{
  char target[4096];
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  ssize_t n = readlink (link, target, sizeof target - 1);

  target[MAX (n, 0)] = '\0';
  return strstr (target, "/recordings") != NULL;
}

static gboolean
fails (int fd)
{
  gboolean on_main = is_on_main (fd);

  g_mutex_lock (&fault_lock);
  n_hanging++;
  while (on_main ? hang : hang == EVERYWHERE)
    g_cond_wait (&fault_cond, &fault_lock);
  n_hanging--;
  errno = on_main ? fault : 0;
  g_mutex_unlock (&fault_lock);
  return errno != 0;
}

static ssize_t
faulty_writev (int fd, const struct iovec *iov, int n)
{
  return fails (fd) ? -1 : writev (fd, iov, n);
}

static ssize_t
faulty_pwrite (int fd, const void *data, size_t size, off_t offset)
{
  return fails (fd) ? -1 : pwrite (fd, data, size, offset);
}

static int
faulty_fdatasync (int fd)
{
  return fails (fd) ? -1 : fdatasync (fd);
}

static int
faulty_fstatvfs (int fd, struct statvfs *st)
{
  int result = fstatvfs (fd, st);
  g_mutex_lock (&fault_lock);
  if (full && is_on_main (fd))
    st->f_bavail = st->f_blocks / 100 - (16 << 20) / st->f_frsize; /* a little less than 1 % */
  g_mutex_unlock (&fault_lock);
  return result;
}

static void
set_fault (int *which, int value)
{
  g_mutex_lock (&fault_lock);
  *which = value;
  g_cond_broadcast (&fault_cond);
  g_mutex_unlock (&fault_lock);
}

static int
count_hanging (void)
{
  g_mutex_lock (&fault_lock);
  int n = n_hanging;
  g_mutex_unlock (&fault_lock);
  return n;
}

/* --- the bench --- */

/* Beside `main`, in the directory of its @name, from the next start on. */
static void
add_root (Recording *r, const char *name, const char *options)
{
  g_free (r->options);
  r->options = g_strdup_printf ("segment-duration=10s\nsync-interval=250ms\n"
                                "[storage-root %s]\npath=%s/%s\n%s",
                                name, r->directory, name, options);
}

static void
set_up (Recording *r, gconstpointer data)
{
  potoo_disk_calls = (PotooDiskCalls){ faulty_writev, faulty_pwrite, faulty_fdatasync,
                                       faulty_fstatvfs };
  fault = full = hang = 0;
  potoo_stall_us = STALL_US;
  potoo_trust_us = TRUST_US;
  potoo_probe_us = 100 * 1000;
  recording_set_up (r);
  add_root (r, "spare", "min-free=1\npriority=10");
  recording_start (r);
}

static void
tear_down (Recording *r, gconstpointer data)
{
  set_fault (&hang, 0);
  set_fault (&fault, 0);
  recording_tear_down (r);
  potoo_disk_calls = real_calls;
}

#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 deadline_ = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                              \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, deadline_);                                   \
        g_main_context_iteration (NULL, FALSE);                                                    \
        g_usleep (2000);                                                                           \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

static PotooRootState
state_of (Recording *r, const char *name)
{
  PotooRootState state = POTOO_ROOT_OK;
  gboolean found = FALSE;
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);

  for (guint i = 0; i < roots->len; i++)
    {
      const PotooRootStatus *status = roots->pdata[i];
      g_assert_true ((status->state == POTOO_ROOT_OK) == (status->reason == NULL));
      if (g_str_equal (status->name, name))
        {
          state = status->state;
          found = TRUE;
        }
    }
  g_assert_true (found);
  return state;
}

static gint64
row_of (Recording *r, const char *name)
{
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);
  for (guint i = 0; i < roots->len; i++)
    if (g_str_equal (((PotooRootStatus *) roots->pdata[i])->name, name))
      return ((PotooRootStatus *) roots->pdata[i])->row_id;
  return 0;
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

/* Each segment's file is what its row says, segments and gaps touch: nothing is missing that no row
 * declares, nothing is there twice. Returns the number of fragments. */
static guint
check_ledger (Recording *r)
{
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  guint n = 0;

  for (guint i = 0; i < segments->len; i++)
    {
      const PotooSegment *s = segment_at (segments, i);
      n += s->state == POTOO_SEGMENT_CLOSED ? recording_check_file (r, s)
                                            : (guint) (s->duration_ticks / POTOO_VIDEO_TIMESCALE);
      if (i == 0)
        continue;
      gint64 at_us = segment_at (segments, i - 1)->end_us;
      for (guint j = 0; j < gaps->len; j++)
        if (gap_at (gaps, j)->start_us == at_us && at_us < s->start_us)
          at_us = gap_at (gaps, j)->end_us;
      g_assert_cmpint (at_us, ==, s->start_us);
    }
  for (guint j = 0; j < gaps->len; j++)
    for (guint i = 0; i < segments->len; i++)
      g_assert_true (gap_at (gaps, j)->start_us >= segment_at (segments, i)->end_us ||
                     gap_at (gaps, j)->end_us <= segment_at (segments, i)->start_us);
  return n;
}

static gint64
declared_us (Recording *r)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  gint64 sum_us = 0;
  for (guint i = 0; i < gaps->len; i++)
    if (gap_at (gaps, i)->cause != POTOO_GAP_DISCONNECTED &&
        gap_at (gaps, i)->cause != POTOO_GAP_SHUTDOWN)
      sum_us += gap_at (gaps, i)->end_us - gap_at (gaps, i)->start_us;
  return sum_us;
}

static void
record (Recording *r, guint n, MediaFlags flags)
{
  recording_push_many (r, n, flags);
  recording_wait_handled (r);
}

/* Six fragments on `main`, all durable. */
static void
begin_on_main (Recording *r)
{
  recording_plan (r, TRUE);
  record (r, 6, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") >= 1);
  g_usleep (20000);
}

static gboolean
is_any_open (Recording *r)
{
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  gboolean open = FALSE;
  for (guint i = 0; i < segments->len; i++)
    open |= ((PotooSegment *) segments->pdata[i])->state == POTOO_SEGMENT_OPEN;
  return open;
}

static void
finish (Recording *r)
{
  recording_plan (r, FALSE);
  wait_for (!is_any_open (r));
}

/* --- quick failures --- */

typedef struct
{
  int error;
  PotooRootState state;
  PotooGapCause cause;
} Failure;

/* The fragment that could not be written goes to the spare root; so does all that follows. */
static void
test_failure (Recording *r, gconstpointer data)
{
  const Failure *f = data;

  begin_on_main (r);
  set_fault (&fault, f->error);
  record (r, 4, MEDIA_KEY);
  wait_for (state_of (r, "main") == f->state);
  g_assert_cmpint (state_of (r, "spare"), ==, POTOO_ROOT_OK);
  finish (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpint (segment_at (segments, 0)->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpint (segment_at (segments, 0)->root, ==, row_of (r, "main"));
  g_assert_cmpint (segment_at (segments, 1)->root, ==, row_of (r, "spare"));
  g_assert_cmpuint (check_ledger (r), ==, 10);
  g_assert_cmpint (declared_us (r), ==, 0);
}

/* What had been written and was not synced is lost, and declared. */
static void
test_lost_unsynced (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  record (r, 2, MEDIA_KEY);
  set_fault (&fault, EIO);
  wait_for (state_of (r, "main") == POTOO_ROOT_FAILED);
  record (r, 4, MEDIA_KEY);
  finish (r);
  g_assert_cmpuint (check_ledger (r), ==, 10);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpint (gap_at (gaps, gaps->len - 1)->cause, ==, POTOO_GAP_DISK_ERROR);
  g_assert_cmpint (declared_us (r), ==, 2 * G_USEC_PER_SEC);
}

/* Well again for a while: the stream goes back where a new segment begins, and loses nothing. */
static void
test_comes_back (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  set_fault (&fault, EIO);
  record (r, 4, MEDIA_KEY);
  wait_for (state_of (r, "main") == POTOO_ROOT_FAILED);
  set_fault (&fault, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
  recording_push_many (r, 2, MEDIA_KEY);
  g_usleep (TRUST_US + 100000);
  record (r, 8, MEDIA_KEY);
  finish (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 3);
  g_assert_cmpint (segment_at (segments, 1)->root, ==, row_of (r, "spare"));
  g_assert_cmpint (segment_at (segments, 2)->root, ==, row_of (r, "main"));
  g_assert_cmpint (segment_at (segments, 1)->recording, ==, segment_at (segments, 2)->recording);
  g_assert_cmpuint (check_ledger (r), ==, 20);
  g_assert_cmpint (declared_us (r), ==, 0);
}

static void
plan_on (Recording *r, const char *root)
{
  const PotooRecordingSpan always = { G_MININT64, G_MININT64, G_MAXINT64 };
  const PotooRecordingPlanSpec spec = {
    .spans = &always, .n_spans = 1, .priority = 5, .root = root
  };
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new (&spec);
  potoo_fragment_queue_set_plan (r->queue, plan);
}

/* Where the camera wants it, from the first fragment on; with its next segment where it wants it
 * now; where that is not there, anywhere. */
static void
test_pinned (Recording *r, gconstpointer data)
{
  plan_on (r, "spare");
  record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  plan_on (r, "main");
  record (r, 10, MEDIA_KEY);
  plan_on (r, "elsewhere");
  record (r, 10, MEDIA_KEY);
  finish (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 3);
  g_assert_cmpint (segment_at (segments, 0)->root, ==, row_of (r, "spare"));
  for (guint i = 1; i < segments->len; i++)
    {
      g_assert_cmpint (segment_at (segments, i)->root, ==, row_of (r, "main"));
      g_assert_cmpint (segment_at (segments, i)->recording, ==,
                       segment_at (segments, 0)->recording);
    }
  g_assert_cmpuint (check_ledger (r), ==, 24);
  g_assert_cmpint (declared_us (r), ==, 0);
}

/* Equal roots share the streams; who has taken those of another gives them back. */
static void
test_spread (Recording *r, gconstpointer data)
{
  PotooFragmentQueue *queues[4];
  MediaMaker makers[4];
  g_autofree char *away = g_build_filename (r->directory, "away", NULL);
  g_autofree char *twin = g_build_filename (r->directory, "twin", NULL);

  recording_stop (r);
  add_root (r, "twin", "min-free=1");
  recording_start (r);
  g_assert_cmpint (g_rename (twin, away), ==, 0);
  g_usleep (1100000);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *camera = g_strdup_printf ("camera-%u", i);
      g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
      media_maker_init (&makers[i], FALSE);
      queues[i] = potoo_recorder_add_stream (r->recorder, camera, POTOO_STREAM_MAIN);
      potoo_fragment_queue_set_plan (queues[i], plan);
    }
  for (guint n = 0; n < 22; n++)
    {
      for (guint i = 0; i < 4; i++)
        {
          g_autoptr (PotooFragment) fragment = media_maker_next (
              &makers[i], n == 0 ? MEDIA_KEY | MEDIA_DISCONTINUOUS : MEDIA_KEY);
          potoo_fragment_queue_push (queues[i], fragment);
        }
      if (n != 2)
        continue;
      wait_for (state_of (r, "twin") == POTOO_ROOT_MISSING);
      g_assert_cmpint (g_rename (away, twin), ==, 0);
      wait_for (state_of (r, "twin") == POTOO_ROOT_OK);
      g_usleep (TRUST_US + 100000);
    }
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *recorded = g_strdup_printf (
          "potoo_recorded_fragments_total{camera=\"camera-%u\",stream=\"main\"}", i);
      wait_for (recording_get_metric (recorded) == 22);
    }
  g_assert_true (potoo_recorder_stop (r->recorder, 20 * G_USEC_PER_SEC));
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  gint64 fragments[2] = { 0, 0 };
  for (guint i = 0; i < segments->len; i++)
    fragments[segment_at (segments, i)->root == row_of (r, "twin")] += recording_check_file (
        r, segment_at (segments, i));
  g_assert_cmpint (fragments[0] + fragments[1], ==, 4 * 22);
  g_assert_cmpint (fragments[1], ==, 2 * 12); /* two of them, from their second segment on */
  for (guint i = 0; i < 4; i++)
    media_maker_clear (&makers[i]);
}

/* Full: the open segment goes on to its next key fragment, and the recording on another root. */
static void
test_full (Recording *r, gconstpointer data)
{
  recording_stop (r);
  add_root (r, "recordings-first", "min-free=1%\npriority=90");
  recording_start (r);
  recording_plan (r, TRUE);
  record (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  set_fault (&full, 1);
  g_usleep (1100000);
  recording_push (r, MEDIA_DELTA);
  recording_push (r, MEDIA_DELTA);
  record (r, 4, MEDIA_KEY);
  g_assert_cmpint (state_of (r, "recordings-first"), ==, POTOO_ROOT_FULL);
  finish (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpint (segment_at (segments, 0)->root, ==, row_of (r, "recordings-first"));
  g_assert_cmpint (segment_at (segments, 1)->root, ==, row_of (r, "main"));
  g_assert_cmpint (segment_at (segments, 0)->recording, ==, segment_at (segments, 1)->recording);
  g_assert_cmpuint (check_ledger (r), ==, 8);
  g_assert_cmpint (declared_us (r), ==, 0);
}

/* No root is left: a gap, which ends when one of them works again. */
static void
test_none_left (Recording *r, gconstpointer data)
{
  g_autofree char *spare = g_build_filename (r->directory, "spare", NULL);
  g_autofree char *away = g_build_filename (r->directory, "away", NULL);

  begin_on_main (r);
  g_assert_cmpint (g_rename (spare, away), ==, 0);
  g_usleep (1100000); /* its path is looked at once a second */
  set_fault (&fault, EIO);
  recording_push_many (r, 6, MEDIA_KEY);
  wait_for (state_of (r, "main") == POTOO_ROOT_FAILED);
  wait_for (state_of (r, "spare") == POTOO_ROOT_MISSING);
  recording_wait_handled (r);
  record (r, 6, MEDIA_KEY);
  g_assert_cmpint (g_rename (away, spare), ==, 0);
  wait_for (state_of (r, "spare") == POTOO_ROOT_OK);
  g_usleep (300000);
  record (r, 4, MEDIA_KEY);
  finish (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (segment_at (segments, segments->len - 1)->root, ==, row_of (r, "spare"));
  check_ledger (r);
  g_assert_cmpint (declared_us (r), >, 0);
}

/* --- a disk that goes --- */

/* The directory leads elsewhere: nothing is written there, and what is not durable of the open
 * segment is declared lost. When it is back, that segment is closed where the gap begins. */
static void
test_vanishes (Recording *r, gconstpointer data)
{
  g_autofree char *path = g_build_filename (r->directory, "recordings", NULL);
  g_autofree char *away = g_build_filename (r->directory, "away", NULL);
  g_autofree char *id_file = g_build_filename (path, ".potoo-root", NULL);

  begin_on_main (r);
  g_assert_cmpint (g_rename (path, away), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0750), ==, 0); /* the mount point */
  g_usleep (1100000);
  record (r, 4, MEDIA_KEY);
  wait_for (state_of (r, "main") == POTOO_ROOT_MISSING);
  g_usleep (300000);
  g_assert_false (g_file_test (id_file, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) during = recording_list_segments (r);
  g_assert_cmpint (segment_at (during, 0)->state, ==, POTOO_SEGMENT_OPEN);

  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_assert_cmpint (g_rename (away, path), ==, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
  g_usleep (TRUST_US + 100000);
  record (r, 8, MEDIA_KEY);
  finish (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (segment_at (segments, 0)->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (segment_at (segments, 0)->end_us, ==, segment_at (during, 0)->end_us);
  g_assert_cmpint (segment_at (segments, 1)->root, ==, row_of (r, "spare"));
  g_assert_cmpuint (check_ledger (r), ==, 18);
  g_assert_cmpint (declared_us (r), ==, 0);
}

/* --- a disk that does not answer --- */

/* It hangs with the fragment that is pushed. */
static void
begin_hang (Recording *r, MediaFlags flags)
{
  set_fault (&hang, 1);
  recording_push (r, flags);
  wait_for (count_hanging () == 1);
}

/* It hangs as a segment is begun, after a gap of two seconds. */
static void
begin_hang_after_gap (Recording *r)
{
  begin_on_main (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  r->maker.at_ns += 2 * GST_SECOND;
  begin_hang (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
}

/* It answers after all; the recording goes on, and ends. */
static void
end_hang (Recording *r)
{
  set_fault (&hang, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
  recording_push_many (r, 4, MEDIA_KEY);
  wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  recording_wait_handled (r);
  finish (r);
}

/* Pushes fragments as they would come, until the spare root has got one. */
static void
push_until_moved (Recording *r)
{
  gint64 moved = 0;

  for (guint i = 0; moved <= 0; i++)
    {
      g_assert_cmpuint (i, <, 100);
      recording_push (r, i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
      for (guint j = 0; j < 20; j++)
        {
          g_main_context_iteration (NULL, FALSE);
          g_usleep (2000);
        }
      moved = recording_get_metric ("potoo_storage_syncs_total{root=\"spare\"}");
    }
}

/* A sync hangs for longer than the patience: the stream goes on elsewhere, and when the disk
 * answers after all, not a fragment is missing or there twice, and no gap is left. */
static void
test_stall (Recording *r, gconstpointer data)
{
  gboolean in_sync = GPOINTER_TO_INT (data);

  begin_on_main (r);
  if (in_sync)
    {
      recording_push (r, MEDIA_KEY);
      recording_wait_handled (r);
    }
  begin_hang (r, MEDIA_DELTA);
  recording_push (r, MEDIA_DELTA);
  push_until_moved (r);
  g_assert_cmpint (state_of (r, "main"), ==, POTOO_ROOT_STALLED);
  /* As long as it does not answer, what it has is not known to be there. */
  g_autoptr (GPtrArray) open = recording_list_segments (r);
  g_assert_cmpint (segment_at (open, 0)->state, ==, POTOO_SEGMENT_OPEN);
  g_assert_cmpint (declared_us (r), >, 0);

  end_hang (r);
  g_assert_cmpuint (check_ledger (r), ==, r->pushed);
  g_assert_cmpint (declared_us (r), ==, 0);
  g_assert_cmpint (recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR), ==,
                   0);
}

/* It hangs for longer than memory lasts: what was dropped before the stream went elsewhere is all
 * that is missing. */
static void
test_stall_without_room (Recording *r, gconstpointer data)
{
  gint64 dropped = 0;

  begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  gint64 lost_us = r->maker.wall_end_us;
  r->maker.frame_bytes = 64 * 1024;
  recording_push (r, MEDIA_DELTA);
  for (guint i = 0; dropped < 3; i++)
    {
      recording_push (r, i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
      dropped = recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR);
    }
  r->maker.frame_bytes = 100;
  push_until_moved (r);
  end_hang (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  const PotooGap *gap = gap_at (gaps, gaps->len - 1);
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_DISK_SLOW);
  g_assert_cmpint (gap->start_us, ==, lost_us);
  g_assert_cmpint (gap->end_us, ==, lost_us + 3 * G_USEC_PER_SEC);
  g_assert_cmpint (declared_us (r), ==, 3 * G_USEC_PER_SEC);
  g_assert_cmpuint (check_ledger (r), ==, r->pushed - 3);
}

/* It hangs as a segment is begun: the gap in front of that is no longer than it was. */
static void
test_stall_in_begin (Recording *r, gconstpointer data)
{
  begin_hang_after_gap (r);
  recording_push (r, MEDIA_DELTA);
  push_until_moved (r);
  g_assert_cmpint (declared_us (r), ==, 4 * G_USEC_PER_SEC);

  set_fault (&hang, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
  wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 2);
  recording_wait_handled (r);
  finish (r);
  g_assert_cmpuint (check_ledger (r), ==, r->pushed);
  g_assert_cmpint (declared_us (r), ==, 2 * G_USEC_PER_SEC);
}

/* The same, and it fails in the end: what it had of the stream is missing, too. */
static void
test_stall_in_begin_then_error (Recording *r, gconstpointer data)
{
  begin_hang_after_gap (r);
  push_until_moved (r);
  set_fault (&fault, EIO);
  set_fault (&hang, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_FAILED);
  record (r, 2, MEDIA_KEY);
  finish (r);
  g_assert_cmpuint (check_ledger (r), ==, r->pushed - 1);
  g_assert_cmpint (declared_us (r), ==, 3 * G_USEC_PER_SEC);
}

/* It answers that it failed: what was not durable is lost, no more. */
static void
test_stall_then_error (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  push_until_moved (r);
  set_fault (&fault, EIO);
  set_fault (&hang, 0);
  wait_for (recording_get_metric ("potoo_segments_damaged_total" DOOR) >= 1);
  record (r, 2, MEDIA_KEY);
  finish (r);
  g_assert_cmpuint (check_ledger (r), ==, r->pushed - 1);
  g_assert_cmpint (declared_us (r), ==, G_USEC_PER_SEC);
}

/* The machine goes down meanwhile: the ledger's word stands. */
static void
test_stall_then_crash (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  push_until_moved (r);
  recording_push_many (r, 2, MEDIA_KEY);
  wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  g_autofree char *old = g_strdup (r->directory);
  g_autofree char *copy = g_strdup_printf ("%s-crashed", old);
  g_autofree char *command = g_strdup_printf ("cp -a %s %s", old, copy);
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  set_fault (&hang, 0);
  recording_stop (r);
  g_autofree char *remove = g_strdup_printf ("rm -rf %s", old);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));

  g_free (r->directory);
  r->directory = g_steal_pointer (&copy);
  add_root (r, "spare", "min-free=1\npriority=10");
  recording_start (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (segment_at (segments, 0)->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (segment_at (segments, 0)->end_us, ==, segment_at (before, 0)->end_us);
  check_ledger (r);
}

static const PotooGap *
find_open_gap (GPtrArray *gaps)
{
  for (guint i = 0; i < gaps->len; i++)
    if (gap_at (gaps, i)->end_us == 0)
      return gap_at (gaps, i);
  return NULL;
}

/* All disks hang, so that nobody has written the first fragment of the other root yet: whoever dies
 * now leaves an open gap, as always when recording is due and no segment is open. */
static void
test_stall_everywhere (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  gint64 durable_us = r->maker.wall_end_us;
  set_fault (&hang, EVERYWHERE);
  recording_push (r, MEDIA_DELTA);
  wait_for (count_hanging () == 1);
  gint64 until_us = r->maker.wall_end_us;
  while (count_hanging () < 2)
    {
      recording_push (r, MEDIA_KEY);
      g_usleep (20 * 1000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_autoptr (GPtrArray) during = recording_list_gaps (r);
  const PotooGap *open = find_open_gap (during);
  g_assert_nonnull (open);
  g_assert_cmpint (open->start_us, ==, until_us);
  g_assert_cmpint (open->cause, ==, POTOO_GAP_DISK_ERROR);
  const PotooGap *lost = gap_at (during, during->len - 2);
  g_assert_cmpint (lost->start_us, ==, durable_us);
  g_assert_cmpint (lost->end_us, ==, until_us);

  set_fault (&hang, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_OK && state_of (r, "spare") == POTOO_ROOT_OK);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  finish (r);
  g_assert_cmpuint (check_ledger (r), ==, r->pushed);
  g_assert_cmpint (declared_us (r), ==, 0);
}

/* Switched off before the stream goes elsewhere: there nothing is missing. */
static void
test_stall_then_off (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  r->maker.at_ns += 2 * GST_SECOND;
  set_fault (&hang, 1);
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  wait_for (count_hanging () == 1);
  gint64 until_us = r->maker.wall_end_us;
  recording_plan (r, FALSE);
  while (recording_get_metric ("potoo_unwritten_fragments_total" DOOR) < 0 ||
         state_of (r, "main") != POTOO_ROOT_STALLED ||
         recording_get_metric ("potoo_fragment_queue_messages" DOOR) > 0)
    {
      recording_push (r, MEDIA_KEY);
      g_usleep (20 * 1000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_autoptr (GPtrArray) during = recording_list_gaps (r);
  g_assert_null (find_open_gap (during));
  g_assert_cmpint (gap_at (during, during->len - 1)->end_us, ==, until_us);

  set_fault (&hang, 0);
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
  wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 2);
  check_ledger (r);
  g_assert_cmpint (declared_us (r), ==, 2 * G_USEC_PER_SEC);
}

/* --- the wall clock is set while a disk does not answer --- */

static char *clock_path;

/* Of everybody, from the next fragment on. */
static void
set_clock (Recording *r, gint64 step_us)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, step_us);

  g_assert_true (g_file_set_contents (clock_path, text, -1, NULL));
  g_usleep (60 * 1000); /* it is read every 50 ms */
  r->maker.wall_offset_us += step_us;
}

/* Rows say that @missing_us are missing, and that the clock left @step_us out. */
static void
check_lengths (Recording *r, gint64 since_us, gint64 missing_us, gint64 step_us)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  gint64 sum_us = 0, skipped_us = 0;

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gap_at (gaps, i);
      if (gap->cause == POTOO_GAP_CLOCK_STEP)
        skipped_us += gap->end_us - gap->start_us;
      else if (gap->end_us != since_us) /* that in front of the first fragment */
        sum_us += gap->end_us - gap->start_us;
    }
  g_assert_cmpint (ABS (sum_us - missing_us), <, TREMBLE_US);
  g_assert_cmpint (ABS (skipped_us - MAX (step_us, 0)), <, TREMBLE_US);
}

typedef struct
{
  gint64 step_us;
  gboolean in_gap;   /* else a segment is open when the disk begins to hang */
  gboolean told;     /* main notices the step before the stream goes elsewhere */
  gboolean recorded; /* the disk has got what it hung with */
} Step;

/* Rows are as long as what is missing, while the disk hangs and when it has answered. */
static void
test_stall_and_clock (Recording *r, gconstpointer data)
{
  const Step *step = data;

  r->maker.at_ns -= 60 * GST_SECOND; /* no fragment is ahead of messages */
  gint64 first_us = r->maker.wall_offset_us + (gint64) (r->maker.at_ns / 1000);
  begin_on_main (r);
  gint64 missing_us = 0;
  if (step->in_gap)
    {
      potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
      wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
      r->maker.at_ns += 2 * GST_SECOND;
      missing_us = 2 * G_USEC_PER_SEC;
    }
  set_fault (&hang, 1);
  recording_push (r, step->in_gap ? MEDIA_KEY | MEDIA_DISCONTINUOUS : MEDIA_DELTA);
  wait_for (count_hanging () == 1);
  recording_push (r, MEDIA_DELTA);
  set_clock (r, step->step_us);
  if (step->told)
    {
      GstClockTime before_ns = r->maker.at_ns;
      recording_plan (r, TRUE);
      r->maker.at_ns = (GstClockTime) (potoo_clock_mono_us () / 1000 + 2) * GST_MSECOND;
      missing_us += (gint64) ((r->maker.at_ns - before_ns) / 1000);
    }
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  push_until_moved (r);
  g_assert_cmpint (state_of (r, "main"), ==, POTOO_ROOT_STALLED);
  check_lengths (r, first_us, missing_us + 2 * G_USEC_PER_SEC, step->step_us);

  if (!step->recorded)
    {
      set_fault (&fault, EIO);
      missing_us += 2 * G_USEC_PER_SEC;
    }
  set_fault (&hang, 0);
  wait_for (state_of (r, "main") == (step->recorded ? POTOO_ROOT_OK : POTOO_ROOT_FAILED));
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  finish (r);
  check_lengths (r, first_us, missing_us, step->step_us);
  set_clock (r, 0);
}

/* Nobody waits for the one that hangs at a stop. */
static void
test_stall_then_stop (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  push_until_moved (r);
  g_assert_false (potoo_recorder_stop (r->recorder, 300000));
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (segment_at (segments, segments->len - 1)->state, ==, POTOO_SEGMENT_CLOSED);
  g_clear_object (&r->recorder);
  set_fault (&hang, 0);
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") < 0);
  potoo_catalog_close (r->catalog);
  g_clear_object (&r->catalog);
  g_clear_pointer (&r->config, potoo_config_unref);
}

/* --- at start --- */

static void
move_away (Recording *r, const char *name, const char *to)
{
  g_autofree char *from_path = g_build_filename (r->directory, name, NULL);
  g_autofree char *to_path = g_build_filename (r->directory, to, NULL);
  g_assert_cmpint (g_rename (from_path, to_path), ==, 0);
}

/* Not mounted: an empty directory is no new root; its camera records to the other. */
static void
test_unmounted_at_start (Recording *r, gconstpointer data)
{
  g_autofree char *path = g_build_filename (r->directory, "recordings", NULL);

  begin_on_main (r);
  recording_stop (r);
  move_away (r, "recordings", "away");
  g_assert_cmpint (g_mkdir (path, 0750), ==, 0);
  recording_start (r);
  g_assert_cmpint (state_of (r, "main"), ==, POTOO_ROOT_MISSING);
  recording_plan (r, TRUE);
  record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (segment_at (segments, 1)->root, ==, row_of (r, "spare"));
  g_assert_cmpint (g_rmdir (path), ==, 0); /* empty as it was */
  move_away (r, "away", "recordings");
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
}

/* Two disks in each other's place: neither is written to. */
static void
test_swapped (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  recording_stop (r);
  move_away (r, "recordings", "x");
  move_away (r, "spare", "recordings");
  move_away (r, "x", "spare");
  recording_start (r);
  g_assert_cmpint (state_of (r, "main"), ==, POTOO_ROOT_FOREIGN);
  g_assert_cmpint (state_of (r, "spare"), ==, POTOO_ROOT_FOREIGN);
  recording_plan (r, TRUE);
  record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 1);
  move_away (r, "recordings", "x");
  move_away (r, "spare", "recordings");
  move_away (r, "x", "spare");
  wait_for (state_of (r, "main") == POTOO_ROOT_OK && state_of (r, "spare") == POTOO_ROOT_OK);
}

/* It dies while it is away, too: what the catalog knows of it is where the gap begins. */
static void
test_crash_then_unmounted (Recording *r, gconstpointer data)
{
  begin_on_main (r);
  recording_crash (r);
  add_root (r, "spare", "min-free=1\npriority=10");
  move_away (r, "recordings", "away");
  media_maker_skip (&r->maker, 5 * G_USEC_PER_SEC);
  recording_start (r);
  recording_plan (r, TRUE);
  record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  const PotooGap *gap = gap_at (gaps, gaps->len - 1);
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_CRASH);
  g_assert_cmpint (gap->start_us, ==, segment_at (segments, 0)->end_us);
  g_assert_cmpint (gap->end_us, ==, segment_at (segments, 1)->start_us);
  move_away (r, "away", "recordings");
  wait_for (state_of (r, "main") == POTOO_ROOT_OK);
  finish (r);
  g_assert_cmpuint (check_ledger (r), ==, 10);
}

int
main (int argc, char *argv[])
{
  static const Failure failures[] = {
    { EIO, POTOO_ROOT_FAILED, POTOO_GAP_DISK_ERROR },
    { EROFS, POTOO_ROOT_READ_ONLY, POTOO_GAP_DISK_ERROR },
    { ENOSPC, POTOO_ROOT_FULL, POTOO_GAP_DISK_FULL },
  };
  static Step steps[16];
  int fd = g_file_open_tmp ("potoo-clock-XXXXXX", &clock_path, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_setenv ("POTOO_TEST_CLOCK", clock_path, TRUE);

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  real_calls = potoo_disk_calls;
#define ADD(path, data, func)                                                                      \
  g_test_add ("/hand-over/" path, Recording, data, set_up, func, tear_down)
  ADD ("io-error", &failures[0], test_failure);
  ADD ("read-only", &failures[1], test_failure);
  ADD ("no-space", &failures[2], test_failure);
  ADD ("lost-unsynced", NULL, test_lost_unsynced);
  ADD ("comes-back", NULL, test_comes_back);
  ADD ("pinned", NULL, test_pinned);
  ADD ("spread", NULL, test_spread);
  ADD ("full", NULL, test_full);
  ADD ("none-left", NULL, test_none_left);
  ADD ("vanishes", NULL, test_vanishes);
  ADD ("stall-in-write", GINT_TO_POINTER (FALSE), test_stall);
  ADD ("stall-in-sync", GINT_TO_POINTER (TRUE), test_stall);
  ADD ("stall-without-room", NULL, test_stall_without_room);
  ADD ("stall-in-begin", NULL, test_stall_in_begin);
  ADD ("stall-in-begin-then-error", NULL, test_stall_in_begin_then_error);
  ADD ("stall-then-error", NULL, test_stall_then_error);
  ADD ("stall-then-crash", NULL, test_stall_then_crash);
  ADD ("stall-everywhere", NULL, test_stall_everywhere);
  ADD ("stall-then-off", NULL, test_stall_then_off);
  ADD ("stall-then-stop", NULL, test_stall_then_stop);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i] = (Step){ i & 1 ? POTOO_DAY_US : -3600 * POTOO_SECOND_US, i & 2, i & 4, i & 8 };
      g_autofree char *path = g_strdup_printf (
          "/hand-over/stall-and-clock/%s/%s/%s/%s", i & 1 ? "forward" : "back",
          i & 2 ? "in-a-gap" : "recording", i & 4 ? "told" : "untold", i & 8 ? "answers" : "fails");
      g_test_add (path, Recording, &steps[i], set_up, test_stall_and_clock, tear_down);
    }
  ADD ("unmounted-at-start", NULL, test_unmounted_at_start);
  ADD ("swapped", NULL, test_swapped);
  ADD ("crash-then-unmounted", NULL, test_crash_then_unmounted);
  int status = g_test_run ();
  g_unlink (clock_path);
  g_free (clock_path);
  return status;
}
