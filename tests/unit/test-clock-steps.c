/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The wall clock is set while a stream is recorded, or is not: what recordings begin, and what the
 * ledger says of it. */

#include <errno.h>
#include <glib/gstdio.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-storage-root.h"
#include "recording-fixture.h"

#define S POTOO_SECOND_US
#define DAY POTOO_DAY_US
#define HOUR (3600 * S)
#define TREMBLE_US 10000

static char *clock_path;

static gint64 offset_us;

/* Of everybody, from the next fragment on. */
static void
set_clock (Recording *r, gint64 step_us)
{
  offset_us += step_us;
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, offset_us);
  g_assert_true (g_file_set_contents (clock_path, text, -1, NULL));
  g_usleep (60 * 1000); /* it is read every 50 ms */
  r->maker.wall_offset_us += step_us;
}

static void
set_up (Recording *r, gconstpointer data)
{
  recording_set_up (r);
  r->maker.at_ns -= 20 * GST_SECOND; /* no fragment is ahead of the messages between them */
  recording_start (r);
}

static void
tear_down (Recording *r, gconstpointer data)
{
  recording_tear_down (r);
}

static gint64
mono_of (Recording *r)
{
  return (gint64) (r->maker.at_ns / 1000);
}

static gint64
wall_of (Recording *r)
{
  return mono_of (r) + r->maker.wall_offset_us;
}

static void
begin_recording (Recording *r)
{
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
}

/* As main does when it is told that the clock was set. */
static void
plan_anew (Recording *r)
{
  recording_plan (r, TRUE);
  recording_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
}

/* The next fragment begins later than all that was said so far. */
static void
go_on_now (Recording *r)
{
  r->maker.at_ns = (GstClockTime) (potoo_clock_mono_us () / 1000 + 2) * GST_MSECOND;
}

/* The gaps but the first, which ends with the first fragment. (transfer full) */
static GPtrArray *
list_gaps (Recording *r, gint64 since_us)
{
  GPtrArray *gaps = recording_list_gaps (r);

  for (guint i = gaps->len; i-- > 0;)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (gap->end_us == since_us || gap->start_us == gap->end_us)
        g_ptr_array_remove_index (gaps, i);
    }
  return gaps;
}

static const PotooGap *
find_gap (GPtrArray *gaps, PotooGapCause cause, guint nth)
{
  for (guint i = 0; i < gaps->len; i++)
    if (((const PotooGap *) gaps->pdata[i])->cause == cause && nth-- == 0)
      return gaps->pdata[i];
  g_assert_not_reached ();
}

/* Forward and back, in one piece otherwise: two recordings, nothing missing. */
static void
test_while_recording (Recording *r, gconstpointer data)
{
  gint64 first_us = wall_of (r), real_offset_us = r->maker.wall_offset_us;
  begin_recording (r);
  gint64 forward_from_us = wall_of (r);
  set_clock (r, DAY);
  gint64 forward_to_us = wall_of (r);
  plan_anew (r);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  set_clock (r, -DAY - HOUR);
  gint64 back_to_us = wall_of (r);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  plan_anew (r);
  recording_stop (r);
  recording_start (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 3); /* by start: the last one is the first */
  const gint64 starts_us[] = { back_to_us, first_us, forward_to_us };
  const gint64 offsets_us[] = { -HOUR, 0, DAY };
  for (guint i = 0; i < 3; i++)
    {
      const PotooSegment *segment = segments->pdata[i];
      g_assert_cmpint (segment->start_us, ==, starts_us[i]);
      g_assert_cmpint (segment->recording, ==, segment->id);
      /* Where it lies by both clocks, so that it can be dated anew. */
      g_assert_cmpstr (segment->boot_id, ==, potoo_clock_boot_id ());
      g_assert_cmpint (segment->start_us - segment->mono_us - offsets_us[i], ==, real_offset_us);
      g_assert_cmpuint (recording_check_file (r, segment), ==, 2);
    }
  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  const PotooGap *skipped = find_gap (gaps, POTOO_GAP_CLOCK_STEP, 0);
  g_assert_cmpint (skipped->start_us, ==, forward_from_us);
  g_assert_cmpint (skipped->end_us, ==, forward_to_us);
  /* And what follows the stop, though a day of that seems to be recorded. */
  const PotooGap *stop = find_gap (gaps, POTOO_GAP_SHUTDOWN, 0);
  g_assert_cmpint (stop->end_us, ==, 0);
  g_assert_cmpint (stop->start_us, ==, wall_of (r));
  g_assert_cmpuint (gaps->len, ==, 2);
}

/* A gap from @end_us of the old clock to @start_us of the new is divided where the clock was set:
 * the parts are as long as what is missing, and what the clock left out has a row. */
static void
assert_divided (Recording *r,
                gint64 first_us,
                PotooGapCause cause,
                gint64 step_us,
                gint64 end_us,
                gint64 start_us,
                gint64 missing_us)
{
  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);

  g_assert_cmpuint (gaps->len, ==, step_us > 0 ? 3 : 2);
  const PotooGap *before = find_gap (gaps, cause, step_us > 0 ? 0 : 1);
  const PotooGap *after = find_gap (gaps, cause, step_us > 0 ? 1 : 0);
  g_assert_cmpint (before->start_us, ==, end_us);
  g_assert_cmpint (after->end_us, ==, start_us);
  /* A message's times by the two clocks are read one after the other. */
  gint64 lengths_us = before->end_us - before->start_us + after->end_us - after->start_us;
  g_assert_cmpint (ABS (lengths_us - missing_us), <, TREMBLE_US);
  g_assert_cmpint (ABS (after->start_us - before->end_us - step_us), <, TREMBLE_US);
  if (step_us < 0)
    return;
  const PotooGap *skipped = find_gap (gaps, POTOO_GAP_CLOCK_STEP, 0);
  g_assert_cmpint (skipped->start_us, ==, before->end_us);
  g_assert_cmpint (skipped->end_us, ==, after->start_us);
}

static void
test_in_a_gap (Recording *r, gconstpointer data)
{
  gint64 step_us = *(const gint64 *) data;
  gint64 first_us = wall_of (r);
  begin_recording (r);
  gint64 end_us = wall_of (r), end_mono_us = mono_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  set_clock (r, step_us);
  plan_anew (r);
  go_on_now (r);
  gint64 start_us = wall_of (r), missing_us = mono_of (r) - end_mono_us;
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  assert_divided (r, first_us, POTOO_GAP_STALLED, step_us, end_us, start_us, missing_us);
}

/* A connection breaks in the group of pictures in which the clock is set: no fragment has told of
 * it. */
static void
test_before_a_gap (Recording *r, gconstpointer data)
{
  gint64 step_us = *(const gint64 *) data;
  gint64 first_us = wall_of (r);
  begin_recording (r);
  gint64 end_us = wall_of (r), end_mono_us = mono_of (r);
  set_clock (r, step_us);
  plan_anew (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  go_on_now (r);
  gint64 missing_us = mono_of (r) - end_mono_us;
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);

  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  gint64 lengths_us = 0;
  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (gap->cause == POTOO_GAP_STALLED)
        lengths_us += gap->end_us - gap->start_us;
      else
        g_assert_cmpint (ABS (gap->end_us - gap->start_us - step_us), <, TREMBLE_US);
    }
  g_assert_cmpint (ABS (lengths_us - missing_us), <, TREMBLE_US);
  g_assert_cmpint (find_gap (gaps, POTOO_GAP_STALLED, step_us < 0 ? gaps->len - 1 : 0)->start_us,
                   ==, end_us);
}

static gint disk_fails; /* atomic */

static ssize_t
write_unless_it_fails (int fd, const struct iovec *iov, int n)
{
  if (!g_atomic_int_get (&disk_fails))
    return writev (fd, iov, n);
  errno = EIO;
  return -1;
}

/* The disk fails, and only fragments tell that the clock was set: the gap that goes on is by the
 * new clock, where the next start finds it. */
static void
test_disk_fails (Recording *r, gconstpointer data)
{
  gint64 step_us = *(const gint64 *) data;
  gint64 first_us = wall_of (r);
  begin_recording (r);
  g_atomic_int_set (&disk_fails, TRUE);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  gint64 before_us = wall_of (r);
  set_clock (r, step_us);
  gint64 after_us = wall_of (r);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  const PotooGap *before = find_gap (gaps, POTOO_GAP_DISK_ERROR, step_us > 0 ? 0 : 1);
  const PotooGap *after = find_gap (gaps, POTOO_GAP_DISK_ERROR, step_us > 0 ? 1 : 0);
  g_assert_cmpint (before->end_us, ==, before_us);
  g_assert_cmpint (after->start_us, ==, after_us);
  g_assert_cmpint (after->end_us, ==, 0);
  g_atomic_int_set (&disk_fails, FALSE);
}

/* The gap ends before the clock is set, and what tells it comes afterwards: it is no longer than
 * that, and what the clock left out is told once, where it was. */
static void
test_before_late_fragments (Recording *r, gconstpointer data)
{
  gint64 step_us = *(const gint64 *) data;
  gint64 first_us = wall_of (r);
  begin_recording (r);
  gint64 end_us = wall_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  go_on_now (r);
  gint64 start_us = wall_of (r);
  set_clock (r, step_us);
  plan_anew (r);
  r->maker.wall_offset_us -= step_us;
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  gint64 step_at_us = wall_of (r);
  r->maker.wall_offset_us += step_us;
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);

  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  g_assert_cmpuint (gaps->len, ==, step_us > 0 ? 2 : 1);
  const PotooGap *gap = find_gap (gaps, POTOO_GAP_STALLED, 0);
  g_assert_cmpint (gap->start_us, ==, end_us);
  g_assert_cmpint (gap->end_us, ==, start_us);
  if (step_us < 0)
    return;
  const PotooGap *skipped = find_gap (gaps, POTOO_GAP_CLOCK_STEP, 0);
  g_assert_cmpint (skipped->start_us, ==, step_at_us);
  g_assert_cmpint (skipped->end_us, ==, step_at_us + step_us);
}

/* While nothing is to be recorded the clock leaves no rows. */
static void
test_while_off (Recording *r, gconstpointer data)
{
  gint64 first_us = wall_of (r);
  begin_recording (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  set_clock (r, DAY);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  for (guint i = 0; i < gaps->len; i++)
    g_assert_cmpint (((const PotooGap *) gaps->pdata[i])->cause, !=, POTOO_GAP_CLOCK_STEP);
}

/* The clock is set while Potoo does not run, on a machine that does: the gap is divided there. */
static void
test_while_down (Recording *r, gconstpointer data)
{
  gint64 step_us = *(const gint64 *) data;
  gint64 first_us = wall_of (r);
  begin_recording (r);
  gint64 end_us = wall_of (r), end_mono_us = mono_of (r);
  recording_stop (r);
  set_clock (r, step_us);
  recording_start (r);
  g_assert_cmpuint (potoo_recorder_get_inherited_gaps (r->recorder)->len, ==, 0);
  plan_anew (r);
  go_on_now (r);
  gint64 start_us = wall_of (r), missing_us = mono_of (r) - end_mono_us;
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  assert_divided (r, first_us, POTOO_GAP_SHUTDOWN, step_us, end_us, start_us, missing_us);
}

/* The same while the machine was off, for a time that nobody knows: the gap is there, and as long
 * as the machine has been on since. */
static void
test_set_back_while_off (Recording *r, gconstpointer data)
{
  gint64 first_us = wall_of (r);
  begin_recording (r);
  gint64 end_us = wall_of (r);
  potoo_catalog_put_setting (r->catalog, "recorder-run", "another-boot running");
  potoo_catalog_put_setting (r->catalog, "recorder-clock", "another-boot 0");
  recording_crash (r);
  set_clock (r, -HOUR);
  gint64 least_us = potoo_clock_mono_us ();
  recording_start (r);
  g_assert_cmpuint (potoo_recorder_get_inherited_gaps (r->recorder)->len, ==, 1);
  plan_anew (r);
  go_on_now (r);
  gint64 start_us = wall_of (r);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);

  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  g_assert_cmpuint (gaps->len, ==, 1);
  const PotooGap *gap = find_gap (gaps, POTOO_GAP_POWER, 0);
  g_assert_cmpint (gap->start_us, ==, end_us);
  g_assert_cmpint (gap->end_us, >=, end_us + least_us);
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  const PotooSegment *second = segments->pdata[0]; /* by start */
  g_assert_cmpuint (segments->len, ==, 2);
  g_assert_cmpint (second->start_us, ==, start_us);
  g_assert_cmpint (second->recording, ==, second->id);
}

/* The machine was started with a clock that is behind, which is put right before anything is
 * recorded: the gap is what it would have been. */
static void
test_set_right_before_recording (Recording *r, gconstpointer data)
{
  gint64 first_us = wall_of (r);
  begin_recording (r);
  gint64 end_us = wall_of (r);
  potoo_catalog_put_setting (r->catalog, "recorder-run", "another-boot running");
  potoo_catalog_put_setting (r->catalog, "recorder-clock", "another-boot 0");
  recording_crash (r);
  set_clock (r, -HOUR);
  recording_start (r);
  plan_anew (r);
  set_clock (r, HOUR);
  plan_anew (r);
  go_on_now (r);
  gint64 start_us = wall_of (r);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);

  g_autoptr (GPtrArray) gaps = list_gaps (r, first_us);
  g_assert_cmpuint (gaps->len, ==, 1);
  g_assert_cmpint (find_gap (gaps, POTOO_GAP_POWER, 0)->start_us, ==, end_us);
  g_assert_cmpint (find_gap (gaps, POTOO_GAP_POWER, 0)->end_us, ==, start_us);
}

int
main (int argc, char *argv[])
{
  static const gint64 forward_us = DAY, back_us = -HOUR;
  potoo_disk_calls.writev = write_unless_it_fails; /* before there are threads */
  clock_path = recording_make_clock ();

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/clock-steps/" path, Recording, data, set_up, func, tear_down)
  ADD ("while-recording", NULL, test_while_recording);
  ADD ("in-a-gap/forward", &forward_us, test_in_a_gap);
  ADD ("in-a-gap/back", &back_us, test_in_a_gap);
  ADD ("before-a-gap/forward", &forward_us, test_before_a_gap);
  ADD ("before-a-gap/back", &back_us, test_before_a_gap);
  ADD ("disk-fails/forward", &forward_us, test_disk_fails);
  ADD ("disk-fails/back", &back_us, test_disk_fails);
  ADD ("before-late-fragments/forward", &forward_us, test_before_late_fragments);
  ADD ("before-late-fragments/back", &back_us, test_before_late_fragments);
  ADD ("while-off", NULL, test_while_off);
  ADD ("while-down/forward", &forward_us, test_while_down);
  ADD ("while-down/back", &back_us, test_while_down);
  ADD ("while-off/set-back", NULL, test_set_back_while_off);
  ADD ("while-off/set-right", NULL, test_set_right_before_recording);
  int status = g_test_run ();
  g_unlink (clock_path);
  g_free (clock_path);
  return status;
}
