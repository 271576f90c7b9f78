/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two roots, `main` and `spare`: what becomes of a stream when the disk that it is written to fails
 * in one way or the other, or is not there, and when it comes back. */

#include <errno.h>
#include <glib/gstdio.h>

#include "two-disks.h"

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

  disks_begin_on_main (r);
  disks_set (&disks_fault, f->error);
  disks_record (r, 4, MEDIA_KEY);
  disks_wait_for (disks_state_of (r, "main") == f->state);
  g_assert_cmpint (disks_state_of (r, "spare"), ==, POTOO_ROOT_OK);
  disks_finish (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpint (disks_segment_at (segments, 0)->state, ==, POTOO_SEGMENT_DAMAGED);
  g_assert_cmpint (disks_segment_at (segments, 0)->root, ==, disks_row_of (r, "main"));
  g_assert_cmpint (disks_segment_at (segments, 1)->root, ==, disks_row_of (r, "spare"));
  g_assert_cmpuint (disks_check_ledger (r), ==, 10);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
}

/* What had been written and was not synced is lost, and declared. */
static void
test_lost_unsynced (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  disks_record (r, 2, MEDIA_KEY);
  disks_set (&disks_fault, EIO);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_FAILED);
  disks_record (r, 4, MEDIA_KEY);
  disks_finish (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, 10);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpint (disks_gap_at (gaps, gaps->len - 1)->cause, ==, POTOO_GAP_DISK_ERROR);
  g_assert_cmpint (disks_declared_us (r), ==, 2 * G_USEC_PER_SEC);
}

/* Well again for a while: the stream goes back where a new segment begins, and loses nothing. */
static void
test_comes_back (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  disks_set (&disks_fault, EIO);
  disks_record (r, 4, MEDIA_KEY);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_FAILED);
  disks_set (&disks_fault, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
  recording_push_many (r, 2, MEDIA_KEY);
  g_usleep (DISKS_TRUST_US + 100000);
  disks_record (r, 8, MEDIA_KEY);
  disks_finish (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 3);
  g_assert_cmpint (disks_segment_at (segments, 1)->root, ==, disks_row_of (r, "spare"));
  g_assert_cmpint (disks_segment_at (segments, 2)->root, ==, disks_row_of (r, "main"));
  g_assert_cmpint (disks_segment_at (segments, 1)->recording, ==,
                   disks_segment_at (segments, 2)->recording);
  g_assert_cmpuint (disks_check_ledger (r), ==, 20);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
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
  disks_record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  plan_on (r, "main");
  disks_record (r, 10, MEDIA_KEY);
  plan_on (r, "elsewhere");
  disks_record (r, 10, MEDIA_KEY);
  disks_finish (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 3);
  g_assert_cmpint (disks_segment_at (segments, 0)->root, ==, disks_row_of (r, "spare"));
  for (guint i = 1; i < segments->len; i++)
    {
      g_assert_cmpint (disks_segment_at (segments, i)->root, ==, disks_row_of (r, "main"));
      g_assert_cmpint (disks_segment_at (segments, i)->recording, ==,
                       disks_segment_at (segments, 0)->recording);
    }
  g_assert_cmpuint (disks_check_ledger (r), ==, 24);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
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
  disks_add_root (r, "twin", "min-free=1");
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
      disks_wait_for (disks_state_of (r, "twin") == POTOO_ROOT_MISSING);
      g_assert_cmpint (g_rename (away, twin), ==, 0);
      disks_wait_for (disks_state_of (r, "twin") == POTOO_ROOT_OK);
      g_usleep (DISKS_TRUST_US + 100000);
    }
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *recorded = g_strdup_printf (
          "potoo_recorded_fragments_total{camera=\"camera-%u\",stream=\"main\"}", i);
      disks_wait_for (recording_get_metric (recorded) == 22);
    }
  g_assert_true (potoo_recorder_stop (r->recorder, 20 * G_USEC_PER_SEC));
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  gint64 fragments[2] = { 0, 0 };
  for (guint i = 0; i < segments->len; i++)
    fragments[disks_segment_at (segments, i)->root == disks_row_of (r, "twin")] +=
        recording_check_file (r, disks_segment_at (segments, i));
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
  disks_add_root (r, "recordings-first", "min-free=1%\npriority=90");
  recording_start (r);
  recording_plan (r, TRUE);
  disks_record (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  disks_set (&disks_full, 1);
  g_usleep (1100000);
  recording_push (r, MEDIA_DELTA);
  recording_push (r, MEDIA_DELTA);
  disks_record (r, 4, MEDIA_KEY);
  g_assert_cmpint (disks_state_of (r, "recordings-first"), ==, POTOO_ROOT_FULL);
  disks_finish (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpint (disks_segment_at (segments, 0)->root, ==, disks_row_of (r, "recordings-first"));
  g_assert_cmpint (disks_segment_at (segments, 1)->root, ==, disks_row_of (r, "main"));
  g_assert_cmpint (disks_segment_at (segments, 0)->recording, ==,
                   disks_segment_at (segments, 1)->recording);
  g_assert_cmpuint (disks_check_ledger (r), ==, 8);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
}

/* No root is left: a gap, which ends when one of them works again. */
static void
test_none_left (Recording *r, gconstpointer data)
{
  g_autofree char *spare = g_build_filename (r->directory, "spare", NULL);
  g_autofree char *away = g_build_filename (r->directory, "away", NULL);

  disks_begin_on_main (r);
  g_assert_cmpint (g_rename (spare, away), ==, 0);
  g_usleep (1100000); /* its path is looked at once a second */
  disks_set (&disks_fault, EIO);
  recording_push_many (r, 6, MEDIA_KEY);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_FAILED);
  disks_wait_for (disks_state_of (r, "spare") == POTOO_ROOT_MISSING);
  recording_wait_handled (r);
  disks_record (r, 6, MEDIA_KEY);
  g_assert_cmpint (g_rename (away, spare), ==, 0);
  disks_wait_for (disks_state_of (r, "spare") == POTOO_ROOT_OK);
  g_usleep (300000);
  disks_record (r, 4, MEDIA_KEY);
  disks_finish (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (segments, segments->len - 1)->root, ==,
                   disks_row_of (r, "spare"));
  disks_check_ledger (r);
  g_assert_cmpint (disks_declared_us (r), >, 0);
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

  disks_begin_on_main (r);
  g_assert_cmpint (g_rename (path, away), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0750), ==, 0); /* the mount point */
  g_usleep (1100000);
  disks_record (r, 4, MEDIA_KEY);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_MISSING);
  g_usleep (300000);
  g_assert_false (g_file_test (id_file, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) during = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (during, 0)->state, ==, POTOO_SEGMENT_OPEN);

  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_assert_cmpint (g_rename (away, path), ==, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
  g_usleep (DISKS_TRUST_US + 100000);
  disks_record (r, 8, MEDIA_KEY);
  disks_finish (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (segments, 0)->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (disks_segment_at (segments, 0)->end_us, ==,
                   disks_segment_at (during, 0)->end_us);
  g_assert_cmpint (disks_segment_at (segments, 1)->root, ==, disks_row_of (r, "spare"));
  g_assert_cmpuint (disks_check_ledger (r), ==, 18);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
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

  disks_begin_on_main (r);
  recording_stop (r);
  move_away (r, "recordings", "away");
  g_assert_cmpint (g_mkdir (path, 0750), ==, 0);
  recording_start (r);
  g_assert_cmpint (disks_state_of (r, "main"), ==, POTOO_ROOT_MISSING);
  recording_plan (r, TRUE);
  disks_record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (segments, 1)->root, ==, disks_row_of (r, "spare"));
  g_assert_cmpint (g_rmdir (path), ==, 0); /* empty as it was */
  move_away (r, "away", "recordings");
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
}

/* Two disks in each other's place: neither is written to. */
static void
test_swapped (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  recording_stop (r);
  move_away (r, "recordings", "x");
  move_away (r, "spare", "recordings");
  move_away (r, "x", "spare");
  recording_start (r);
  g_assert_cmpint (disks_state_of (r, "main"), ==, POTOO_ROOT_FOREIGN);
  g_assert_cmpint (disks_state_of (r, "spare"), ==, POTOO_ROOT_FOREIGN);
  recording_plan (r, TRUE);
  disks_record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 1);
  move_away (r, "recordings", "x");
  move_away (r, "spare", "recordings");
  move_away (r, "x", "spare");
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK &&
                  disks_state_of (r, "spare") == POTOO_ROOT_OK);
}

/* It dies while it is away, too: what the catalog knows of it is where the gap begins. */
static void
test_crash_then_unmounted (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  recording_crash (r);
  disks_add_root (r, "spare", "min-free=1\npriority=10");
  move_away (r, "recordings", "away");
  media_maker_skip (&r->maker, 5 * G_USEC_PER_SEC);
  recording_start (r);
  recording_plan (r, TRUE);
  disks_record (r, 4, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  const PotooGap *gap = disks_gap_at (gaps, gaps->len - 1);
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_CRASH);
  g_assert_cmpint (gap->start_us, ==, disks_segment_at (segments, 0)->end_us);
  g_assert_cmpint (gap->end_us, ==, disks_segment_at (segments, 1)->start_us);
  move_away (r, "away", "recordings");
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
  disks_finish (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, 10);
}

int
main (int argc, char *argv[])
{
  static const Failure failures[] = {
    { EIO, POTOO_ROOT_FAILED, POTOO_GAP_DISK_ERROR },
    { EROFS, POTOO_ROOT_READ_ONLY, POTOO_GAP_DISK_ERROR },
    { ENOSPC, POTOO_ROOT_FULL, POTOO_GAP_DISK_FULL },
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/hand-over/" path, Recording, data, disks_set_up, func, disks_tear_down)
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
  ADD ("unmounted-at-start", NULL, test_unmounted_at_start);
  ADD ("swapped", NULL, test_swapped);
  ADD ("crash-then-unmounted", NULL, test_crash_then_unmounted);
  return g_test_run ();
}
