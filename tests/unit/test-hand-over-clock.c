/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two roots, `main` and `spare`: the wall clock is set while the disk that a stream is written to
 * does not answer. */

#include <errno.h>
#include <glib/gstdio.h>

#include "base/potoo-clock.h"
#include "two-disks.h"

#define TREMBLE_US                                                                                 \
  (10 * 1000) /* a message's times by the two clocks are read one after the other */

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
      const PotooGap *gap = disks_gap_at (gaps, i);
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
  disks_begin_on_main (r);
  gint64 missing_us = 0;
  if (step->in_gap)
    {
      potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
      disks_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
      r->maker.at_ns += 2 * GST_SECOND;
      missing_us = 2 * G_USEC_PER_SEC;
    }
  disks_set (&disks_hang, 1);
  recording_push (r, step->in_gap ? MEDIA_KEY | MEDIA_DISCONTINUOUS : MEDIA_DELTA);
  disks_wait_for (disks_count_hanging () == 1);
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
  disks_push_until_moved (r);
  g_assert_cmpint (disks_state_of (r, "main"), ==, POTOO_ROOT_STALLED);
  check_lengths (r, first_us, missing_us + 2 * G_USEC_PER_SEC, step->step_us);

  if (!step->recorded)
    {
      disks_set (&disks_fault, EIO);
      missing_us += 2 * G_USEC_PER_SEC;
    }
  disks_set (&disks_hang, 0);
  disks_wait_for (disks_state_of (r, "main") ==
                  (step->recorded ? POTOO_ROOT_OK : POTOO_ROOT_FAILED));
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  disks_finish (r);
  check_lengths (r, first_us, missing_us, step->step_us);
  set_clock (r, 0);
}

int
main (int argc, char *argv[])
{
  static Step steps[16];
  clock_path = recording_make_clock ();

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i] = (Step){ i & 1 ? POTOO_DAY_US : -3600 * POTOO_SECOND_US, i & 2, i & 4, i & 8 };
      g_autofree char *path = g_strdup_printf (
          "/hand-over-clock/%s/%s/%s/%s", i & 1 ? "forward" : "back",
          i & 2 ? "in-a-gap" : "recording", i & 4 ? "told" : "untold", i & 8 ? "answers" : "fails");
      g_test_add (path, Recording, &steps[i], disks_set_up, test_stall_and_clock, disks_tear_down);
    }
  int status = g_test_run ();
  g_unlink (clock_path);
  g_free (clock_path);
  return status;
}
