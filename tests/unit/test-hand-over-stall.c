/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two roots, `main` and `spare`: what becomes of a stream when the disk that it is written to does
 * not answer, and when it does so after all. */

#include <errno.h>

#include "two-disks.h"

/* It hangs with the fragment that is pushed. */
static void
begin_hang (Recording *r, MediaFlags flags)
{
  disks_set (&disks_hang, 1);
  recording_push (r, flags);
  disks_wait_for (disks_count_hanging () == 1);
}

/* It hangs as a segment is begun, after a gap of two seconds. */
static void
begin_hang_after_gap (Recording *r)
{
  disks_begin_on_main (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  disks_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  r->maker.at_ns += 2 * GST_SECOND;
  begin_hang (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
}

/* It answers after all; the recording goes on, and ends. */
static void
end_hang (Recording *r)
{
  disks_set (&disks_hang, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
  recording_push_many (r, 4, MEDIA_KEY);
  disks_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  recording_wait_handled (r);
  disks_finish (r);
}

/* A sync hangs for longer than the patience: the stream goes on elsewhere, and when the disk
 * answers after all, not a fragment is missing or there twice, and no gap is left. */
static void
test_stall (Recording *r, gconstpointer data)
{
  gboolean in_sync = GPOINTER_TO_INT (data);

  disks_begin_on_main (r);
  if (in_sync)
    {
      recording_push (r, MEDIA_KEY);
      recording_wait_handled (r);
    }
  begin_hang (r, MEDIA_DELTA);
  recording_push (r, MEDIA_DELTA);
  disks_push_until_moved (r);
  g_assert_cmpint (disks_state_of (r, "main"), ==, POTOO_ROOT_STALLED);
  /* As long as it does not answer, what it has is not known to be there. */
  g_autoptr (GPtrArray) open = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (open, 0)->state, ==, POTOO_SEGMENT_OPEN);
  g_assert_cmpint (disks_declared_us (r), >, 0);

  end_hang (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, r->pushed);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
  g_assert_cmpint (recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR), ==,
                   0);
}

/* It hangs for longer than memory lasts: what was dropped before the stream went elsewhere is all
 * that is missing. */
static void
test_stall_without_room (Recording *r, gconstpointer data)
{
  gint64 dropped = 0;

  disks_begin_on_main (r);
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
  disks_push_until_moved (r);
  end_hang (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  const PotooGap *gap = disks_gap_at (gaps, gaps->len - 1);
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_DISK_SLOW);
  g_assert_cmpint (gap->start_us, ==, lost_us);
  g_assert_cmpint (gap->end_us, ==, lost_us + 3 * G_USEC_PER_SEC);
  g_assert_cmpint (disks_declared_us (r), ==, 3 * G_USEC_PER_SEC);
  g_assert_cmpuint (disks_check_ledger (r), ==, r->pushed - 3);
}

/* It hangs as a segment is begun: the gap in front of that is no longer than it was. */
static void
test_stall_in_begin (Recording *r, gconstpointer data)
{
  begin_hang_after_gap (r);
  recording_push (r, MEDIA_DELTA);
  disks_push_until_moved (r);
  g_assert_cmpint (disks_declared_us (r), ==, 4 * G_USEC_PER_SEC);

  disks_set (&disks_hang, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
  disks_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 2);
  recording_wait_handled (r);
  disks_finish (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, r->pushed);
  g_assert_cmpint (disks_declared_us (r), ==, 2 * G_USEC_PER_SEC);
}

/* The same, and it fails in the end: what it had of the stream is missing, too. */
static void
test_stall_in_begin_then_error (Recording *r, gconstpointer data)
{
  begin_hang_after_gap (r);
  disks_push_until_moved (r);
  disks_set (&disks_fault, EIO);
  disks_set (&disks_hang, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_FAILED);
  disks_record (r, 2, MEDIA_KEY);
  disks_finish (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, r->pushed - 1);
  g_assert_cmpint (disks_declared_us (r), ==, 3 * G_USEC_PER_SEC);
}

/* It answers that it failed: what was not durable is lost, no more. */
static void
test_stall_then_error (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  disks_push_until_moved (r);
  disks_set (&disks_fault, EIO);
  disks_set (&disks_hang, 0);
  disks_wait_for (recording_get_metric ("potoo_segments_damaged_total" DOOR) >= 1);
  disks_record (r, 2, MEDIA_KEY);
  disks_finish (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, r->pushed - 1);
  g_assert_cmpint (disks_declared_us (r), ==, G_USEC_PER_SEC);
}

/* The machine goes down meanwhile: the ledger's word stands. */
static void
test_stall_then_crash (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  disks_push_until_moved (r);
  recording_push_many (r, 2, MEDIA_KEY);
  disks_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  g_autofree char *old = g_strdup (r->directory);
  g_autofree char *copy = g_strdup_printf ("%s-crashed", old);
  g_autofree char *command = g_strdup_printf ("cp -a %s %s", old, copy);
  g_autoptr (GPtrArray) before = recording_list_segments (r);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  disks_set (&disks_hang, 0);
  recording_stop (r);
  g_autofree char *remove = g_strdup_printf ("rm -rf %s", old);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));

  g_free (r->directory);
  r->directory = g_steal_pointer (&copy);
  disks_add_root (r, "spare", "min-free=1\npriority=10");
  recording_start (r);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (segments, 0)->state, ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpint (disks_segment_at (segments, 0)->end_us, ==,
                   disks_segment_at (before, 0)->end_us);
  disks_check_ledger (r);
}

static const PotooGap *
find_open_gap (GPtrArray *gaps)
{
  for (guint i = 0; i < gaps->len; i++)
    if (disks_gap_at (gaps, i)->end_us == 0)
      return disks_gap_at (gaps, i);
  return NULL;
}

/* All disks hang, so that nobody has written the first fragment of the other root yet: whoever dies
 * now leaves an open gap, as always when recording is due and no segment is open. */
static void
test_stall_everywhere (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  gint64 durable_us = r->maker.wall_end_us;
  disks_set (&disks_hang, DISKS_EVERYWHERE);
  recording_push (r, MEDIA_DELTA);
  disks_wait_for (disks_count_hanging () == 1);
  gint64 until_us = r->maker.wall_end_us;
  while (disks_count_hanging () < 2)
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
  const PotooGap *lost = disks_gap_at (during, during->len - 2);
  g_assert_cmpint (lost->start_us, ==, durable_us);
  g_assert_cmpint (lost->end_us, ==, until_us);

  disks_set (&disks_hang, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK &&
                  disks_state_of (r, "spare") == POTOO_ROOT_OK);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  disks_finish (r);
  g_assert_cmpuint (disks_check_ledger (r), ==, r->pushed);
  g_assert_cmpint (disks_declared_us (r), ==, 0);
}

/* Switched off before the stream goes elsewhere: there nothing is missing. */
static void
test_stall_then_off (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  disks_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  r->maker.at_ns += 2 * GST_SECOND;
  disks_set (&disks_hang, 1);
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  disks_wait_for (disks_count_hanging () == 1);
  gint64 until_us = r->maker.wall_end_us;
  recording_plan (r, FALSE);
  while (recording_get_metric ("potoo_unwritten_fragments_total" DOOR) < 0 ||
         disks_state_of (r, "main") != POTOO_ROOT_STALLED ||
         recording_get_metric ("potoo_fragment_queue_messages" DOOR) > 0)
    {
      recording_push (r, MEDIA_KEY);
      g_usleep (20 * 1000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_autoptr (GPtrArray) during = recording_list_gaps (r);
  g_assert_null (find_open_gap (during));
  g_assert_cmpint (disks_gap_at (during, during->len - 1)->end_us, ==, until_us);

  disks_set (&disks_hang, 0);
  disks_wait_for (disks_state_of (r, "main") == POTOO_ROOT_OK);
  disks_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 2);
  disks_check_ledger (r);
  g_assert_cmpint (disks_declared_us (r), ==, 2 * G_USEC_PER_SEC);
}

/* Nobody waits for the one that hangs at a stop. */
static void
test_stall_then_stop (Recording *r, gconstpointer data)
{
  disks_begin_on_main (r);
  begin_hang (r, MEDIA_DELTA);
  disks_push_until_moved (r);
  g_assert_false (potoo_recorder_stop (r->recorder, 300000));
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpint (disks_segment_at (segments, segments->len - 1)->state, ==, POTOO_SEGMENT_CLOSED);
  g_clear_object (&r->recorder);
  disks_set (&disks_hang, 0);
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") < 0);
  potoo_catalog_close (r->catalog);
  g_clear_object (&r->catalog);
  g_clear_pointer (&r->config, potoo_config_unref);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/hand-over-stall/" path, Recording, data, disks_set_up, func, disks_tear_down)
  ADD ("in-write", GINT_TO_POINTER (FALSE), test_stall);
  ADD ("in-sync", GINT_TO_POINTER (TRUE), test_stall);
  ADD ("without-room", NULL, test_stall_without_room);
  ADD ("in-begin", NULL, test_stall_in_begin);
  ADD ("in-begin-then-error", NULL, test_stall_in_begin_then_error);
  ADD ("then-error", NULL, test_stall_then_error);
  ADD ("then-crash", NULL, test_stall_then_crash);
  ADD ("everywhere", NULL, test_stall_everywhere);
  ADD ("then-off", NULL, test_stall_then_off);
  ADD ("then-stop", NULL, test_stall_then_stop);
  return g_test_run ();
}
