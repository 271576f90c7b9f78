/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Plans on a recorder: what is in the files and what is a gap is what the plan wants, to the
 * fragment. Fragment n is [n s, n + 1 s) after `zero`; every second one is a key fragment. */

#include <stdlib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "media/potoo-mp4-reader.h"
#include "recording-fixture.h"

#define S POTOO_SECOND_US
#define RING (10 * S)

typedef struct
{
  Recording r;
  gint64 zero_us; /* monotonic: the start of fragment 0 */
  guint pushed;
  gint64 first_gap_us; /* wall; gaps before it were there when the test began */
} Modes;

static void
set_up (Modes *m, gconstpointer data)
{
  recording_set_up (&m->r);
  /* So far ahead of the clock that no message comes later than the fragments around it. */
  media_maker_skip (&m->r.maker, 3600 * S);
  recording_start (&m->r);
  m->zero_us = (gint64) (m->r.maker.at_ns / 1000);
}

static void
tear_down (Modes *m, gconstpointer data)
{
  recording_tear_down (&m->r);
}

static void
set_plan (Modes *m, const PotooRecordingSpan *seconds, guint n, gint64 ring_us)
{
  PotooRecordingSpan spans[8];

  g_assert_cmpuint (n, <=, G_N_ELEMENTS (spans));
  for (guint i = 0; i < n; i++)
    spans[i] = (PotooRecordingSpan){
      m->zero_us + seconds[i].from_us,
      m->zero_us + seconds[i].due_us,
      seconds[i].until_us == G_MAXINT64 ? G_MAXINT64 : m->zero_us + seconds[i].until_us,
    };
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new (
      &(PotooRecordingPlanSpec){ .spans = spans, .n_spans = n, .ring_us = ring_us, .priority = 5 });
  potoo_fragment_queue_set_plan (m->r.queue, plan);
}

static void
set_span (Modes *m, gint64 from_us, gint64 due_us, gint64 until_us)
{
  set_plan (m, &(PotooRecordingSpan){ from_us, due_us, until_us }, 1, RING);
}

static void
push (Modes *m, guint n)
{
  for (; n > 0; n--, m->pushed++)
    recording_push (&m->r, m->pushed % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
}

/* Until all that was posted is handled: a stream of its own goes through the same thread. */
static void
settle (Modes *m)
{
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
  PotooFragmentQueue *other = potoo_recorder_add_stream (m->r.recorder, "settle",
                                                         POTOO_STREAM_MAIN);

  recording_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  potoo_fragment_queue_set_plan (other, plan);
  recording_wait_for (
      recording_get_metric ("potoo_recording_gap{camera=\"settle\",stream=\"main\"}") == 1);
  potoo_recorder_remove_stream (m->r.recorder, other);
  recording_wait_for (
      recording_get_metric ("potoo_recording_gap{camera=\"settle\",stream=\"main\"}") == -1);
}

/* "3-5 8-9": what the files hold, by the wall times of their fragments; "|" between recordings. A
 * file that does not begin at time 0 fails. */
static char *
list_kept (Modes *m)
{
  g_autoptr (GPtrArray) segments = recording_list_segments (&m->r);
  gint64 zero_wall_us = m->zero_us + m->r.maker.wall_offset_us, recording = 0, last = -2;
  GString *text = g_string_new (NULL);
  char end[24] = "";

  for (guint i = 0; i < segments->len; i++)
    {
      const PotooSegment *segment = segments->pdata[i];
      g_autoptr (GError) error = NULL;
      int fd = potoo_recorder_open_segment (m->r.recorder, segment, &error);
      g_assert_no_error (error);
      g_autoptr (PotooMp4Reader) mp4 = potoo_mp4_reader_new (fd, &error);
      g_assert_no_error (error);
      PotooMp4Fragment fragment = { 0 };
      for (gint64 at = potoo_mp4_reader_get_init_size (mp4);
           at < potoo_mp4_reader_get_file_size (mp4); at += fragment.size)
        {
          g_assert_true (potoo_mp4_reader_read_fragment (mp4, at, &fragment, &error));
          gint64 n = (fragment.wall_us - zero_wall_us + S / 2) / S;
          if (at == potoo_mp4_reader_get_init_size (mp4))
            {
              g_assert_true (fragment.key);
              /* Sound begins a little earlier. */
              g_assert_cmpuint (fragment.time_ticks, <, POTOO_VIDEO_TIMESCALE / 50);
              if (segment->recording != recording && text->len > 0)
                {
                  g_string_append (text, " |");
                  last = -2;
                }
              recording = segment->recording;
            }
          /* Each run ends "-last", which is written anew as it grows. */
          if (n == last + 1)
            g_string_truncate (text, text->len - strlen (end));
          else
            g_string_append_printf (text, "%s%d", text->len > 0 ? " " : "", (int) n);
          g_snprintf (end, sizeof end, "-%d", (int) n);
          g_string_append (text, end);
          last = n;
        }
    }
  return g_string_free (text, FALSE);
}

static void
check_kept (Modes *m, const char *expected)
{
  settle (m);
  g_autofree char *kept = list_kept (m);
  g_assert_cmpstr (kept, ==, expected);
}

/* "3.5-7 disconnected": gaps from `zero` on, in seconds. */
static void
check_gaps (Modes *m, const char *expected)
{
  settle (m);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&m->r);
  gint64 zero_wall_us = m->zero_us + m->r.maker.wall_offset_us;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (strcmp (gap->camera, "door") != 0)
        continue;
      g_string_append_printf (text, "%s%g-", text->len > 0 ? ", " : "",
                              (double) ((gap->start_us - zero_wall_us + 500) / 1000) / 1000);
      if (gap->end_us != 0)
        g_string_append_printf (text, "%g",
                                (double) ((gap->end_us - zero_wall_us + 500) / 1000) / 1000);
      g_string_append_printf (text, " %s", potoo_gap_cause_to_string (gap->cause));
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* --- what is kept --- */

static void
test_event (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 8);
  check_kept (m, "");
  set_span (m, 3 * S + 1, 7 * S, G_MAXINT64); /* from 3 on, which needs 2 */
  push (m, 3);
  check_kept (m, "2-10");
  set_span (m, 3 * S + 1, 7 * S, 12 * S); /* 12 is a key fragment: nothing stays open for it */
  push (m, 4);
  check_kept (m, "2-11");
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) == 1);
  check_gaps (m, "");
}

/* Another event before the ring has forgotten what follows on the last: one recording, and nothing
 * is missing or there twice, wherever in a group of pictures the one ended. */
static void
test_events_close_to_each_other (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 4);
  set_span (m, 2 * S, 3 * S, 5 * S - 1); /* ends with a key fragment, 4 */
  push (m, 5);
  check_kept (m, "2-4");
  set_plan (m, (PotooRecordingSpan[]){ { 2 * S, 3 * S, 5 * S - 1 }, { 6 * S - 1, 8 * S, 10 * S } },
            2, RING);
  check_kept (m, "2-8");
  push (m, 3);
  check_kept (m, "2-9");
  /* It ended between two groups: a new file, of the same recording. */
  set_plan (m, (PotooRecordingSpan[]){ { 6 * S - 1, 8 * S, 10 * S }, { 10 * S, 12 * S, 13 * S } },
            2, RING);
  check_kept (m, "2-11");
  push (m, 2);
  check_kept (m, "2-12");
  g_autoptr (GPtrArray) segments = recording_list_segments (&m->r);
  g_assert_cmpuint (segments->len, ==, 2);
  check_gaps (m, "");
}

/* Far from each other: back to the keyframe, and no further. */
static void
test_events_apart (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 4);
  set_span (m, 2 * S, 3 * S, 5 * S);
  push (m, 5);
  set_plan (m, (PotooRecordingSpan[]){ { 2 * S, 3 * S, 5 * S }, { 7 * S, 8 * S, 9 * S } }, 2, RING);
  push (m, 3);
  check_kept (m, "2-4 | 6-8");
  check_gaps (m, "");
}

/* Switched off and on within a fragment, and for a long time: what was wanted, and nothing else. */
static void
test_switches (Modes *m, gconstpointer data)
{
  PotooRecordingSpan spans[] = { { 0, 0, G_MAXINT64 },
                                 { 4 * S, 4 * S, G_MAXINT64 },
                                 { 9 * S + 1, 9 * S + 1, G_MAXINT64 } };

  set_plan (m, spans, 1, 0);
  push (m, 3);
  spans[0].until_us = 3 * S + S / 2; /* in the fragment that is under way */
  set_plan (m, spans, 1, 0);
  push (m, 1);
  check_kept (m, "0-3");
  spans[1].from_us = spans[1].due_us = 4 * S + S / 4;
  set_plan (m, spans, 2, 0);
  push (m, 1);
  check_kept (m, "0-4");
  spans[1].until_us = 5 * S;
  set_plan (m, spans, 2, 0);
  push (m, 4);
  check_kept (m, "0-4");
  set_plan (m, spans, 3, 0);
  push (m, 3);
  /* Nothing was held: it begins with the next keyframe. */
  check_kept (m, "0-4 | 10-11");
  check_gaps (m, "9-10 disconnected");
}

/* To continuous, within a group of pictures: the ring has what shows the rest of it. */
static void
test_from_event_to_continuous (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 5);
  set_plan (m, &(PotooRecordingSpan){ 5 * S + S / 2, 5 * S + S / 2, G_MAXINT64 }, 1, 0);
  push (m, 3);
  check_kept (m, "4-7");
  check_gaps (m, "");
  set_plan (m, &(PotooRecordingSpan){ 5 * S, 5 * S, 8 * S }, 1, 0);
  push (m, 3);
  check_kept (m, "4-7");
  g_assert_cmpint (potoo_fragment_queue_get_pre_roll_us (m->r.queue), ==, -1);
}

/* A thousand switches between two fragments, by the clock of fragments: none is lost. */
static void
test_many_switches (Modes *m, gconstpointer data)
{
  set_plan (m, &(PotooRecordingSpan){ 0, 0, G_MAXINT64 }, 1, 0);
  for (int i = 1; i < 1000; i++)
    {
      if (i % 100 == 0)
        push (m, 1);
      set_plan (m, &(PotooRecordingSpan){ 0, 0, i % 2 == 0 ? G_MAXINT64 : 12 * S }, 1, 0);
    }
  push (m, 5);
  check_kept (m, "0-11");
  check_gaps (m, "");
}

/* Rotation goes on while plans change. */
static void
test_rotation (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 4);
  for (int i = 0; i < 30; i++)
    {
      set_span (m, 0, S, i % 3 == 0 ? G_MAXINT64 : (8 + i) * S);
      push (m, 1);
    }
  check_kept (m, "0-33");
  g_autoptr (GPtrArray) segments = recording_list_segments (&m->r);
  g_assert_cmpuint (segments->len, ==, 4);
}

/* --- what is a gap --- */

/* The newest gap of the camera; all zero when there is none. */
static PotooGap
get_gap (Modes *m, guint *n)
{
  settle (m);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&m->r);
  PotooGap newest = { 0 };

  *n = 0;
  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (strcmp (gap->camera, "door") != 0)
        continue;
      newest = *gap;
      (*n)++;
    }
  return newest;
}

/* The camera is away while recording becomes due and ends: that is what is missing, though no
 * fragment comes. */
static void
test_due_while_away (Modes *m, gconstpointer data)
{
  gint64 now_us = potoo_clock_mono_us () - m->zero_us;
  guint n;

  set_plan (m, NULL, 0, RING);
  potoo_fragment_queue_interrupt (m->r.queue, POTOO_GAP_AUTH);
  get_gap (m, &n);
  g_assert_cmpuint (n, ==, 0);
  set_span (m, now_us - 5 * S, now_us, now_us + 3 * S / 4);
  PotooGap gap = get_gap (m, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (gap.end_us, ==, 0);
  g_usleep (800000);
  set_span (m, now_us - 5 * S, now_us, now_us + 3 * S / 4); /* as the planner says when it ends */
  gap = get_gap (m, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (gap.cause, ==, POTOO_GAP_AUTH);
  g_assert_cmpint (gap.end_us - gap.start_us, >, S / 2);
  g_assert_cmpint (gap.end_us - gap.start_us, <=, 3 * S / 4 + 2000);
}

/* What lacks of the pre-roll is told, and no gap. */
static void
test_short_pre_roll (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 2);
  set_span (m, -8 * S, S, G_MAXINT64);
  push (m, 2);
  check_kept (m, "0-3");
  check_gaps (m, "");
  g_assert_cmpint (recording_get_metric ("potoo_pre_roll_short_total" DOOR), ==, 1);
}

/* An event is told of when one is recorded that began later: what is not there any more is told. */
static void
test_event_before_recording (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 8);
  set_span (m, 6 * S, 8 * S, 12 * S);
  push (m, 1);
  settle (m);
  g_assert_cmpint (recording_get_metric ("potoo_pre_roll_short_total" DOOR), ==, 0);
  set_span (m, 2 * S, 8 * S, 12 * S);
  push (m, 1);
  set_span (m, 2 * S, 8 * S, 13 * S);
  push (m, 2);
  check_kept (m, "6-11");
  check_gaps (m, "");
  g_assert_cmpint (recording_get_metric ("potoo_pre_roll_short_total" DOOR), ==, 1);
}

/* The connection is lost in the midst of an event, and after one. */
static void
test_lost_connection (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 4);
  set_span (m, S, 3 * S, 6 * S);
  push (m, 1);
  potoo_fragment_queue_interrupt (m->r.queue, POTOO_GAP_STALLED);
  media_maker_skip (&m->r.maker, 5 * S);
  m->pushed += 5; /* 10 is a key fragment */
  recording_push (&m->r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  m->pushed++;
  push (m, 1);
  check_kept (m, "0-4");
  check_gaps (m, "5-6 stalled");
  potoo_fragment_queue_interrupt (m->r.queue, POTOO_GAP_AUTH);
  check_gaps (m, "5-6 stalled");
}

/* Whoever dies while a segment is only held open has lost nothing. */
static void
test_crash_while_held (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 4);
  set_span (m, 2 * S, 3 * S, 5 * S);
  push (m, 2);
  settle (m);
  g_assert_cmpint (recording_get_metric ("potoo_segments_closed_total" DOOR), ==, 0);
  recording_crash (&m->r);
  recording_start (&m->r);
  check_kept (m, "2-4");
  check_gaps (m, "");
}

static void
test_crash_during_event (Modes *m, gconstpointer data)
{
  set_plan (m, NULL, 0, RING);
  push (m, 4);
  set_span (m, 2 * S, 3 * S, 50 * S);
  push (m, 2);
  settle (m);
  recording_crash (&m->r);
  recording_start (&m->r);
  check_gaps (m, "6- crash");
}

/* The first plan of a run says how long the last one's gap goes on. */
static void
test_gap_of_last_run (Modes *m, gconstpointer data)
{
  gint64 now_us = potoo_clock_mono_us () - m->zero_us;
  PotooGap gap = { .camera = "door", .cause = POTOO_GAP_CRASH };

  recording_stop (&m->r);
  recording_open (&m->r);
  gap.id = potoo_catalog_take_gap_id (m->r.catalog);
  gap.start_us = potoo_clock_wall_us () - 100 * S;
  potoo_catalog_put_gap (m->r.catalog, &gap);
  potoo_catalog_close (m->r.catalog);
  g_clear_object (&m->r.catalog);
  g_clear_pointer (&m->r.config, potoo_config_unref);
  recording_start (&m->r);
  /* Until 40 s ago, and again since 10 s ago. */
  set_plan (m,
            (PotooRecordingSpan[]){ { now_us - 900 * S, now_us - 900 * S, now_us - 40 * S },
                                    { now_us - 10 * S, now_us - 10 * S, G_MAXINT64 } },
            2, 0);
  settle (m);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (&m->r);
  const PotooGap *first = gaps->pdata[0], *second = gaps->pdata[1];
  g_assert_cmpint (first->start_us, ==, gap.start_us);
  g_assert_cmpint (ABS (first->end_us - first->start_us - 60 * S), <, 2 * S);
  g_assert_cmpint (second->end_us, ==, 0);
  g_assert_cmpint (ABS (second->start_us - first->end_us - 30 * S), <, S / 100);
}

/* --- by chance --- */

/* Plans as the planner makes them, each of which goes on with what the one before said: all that
 * any of them wanted is kept, from its keyframe on, once. */
static void
test_random (Modes *m, gconstpointer data)
{
  PotooRecordingSpan spans[8];
  gboolean expected[200] = { FALSE };
  guint n = 0;
  gint64 end = 0;

  set_plan (m, NULL, 0, RING);
  for (int i = 0; i < 190; i++)
    {
      push (m, 1);
      gint64 now = i * S + g_test_rand_int_range (0, S);
      if (n > 0 && spans[n - 1].until_us == G_MAXINT64 && g_test_rand_int_range (0, 4) == 0)
        end = spans[n - 1].until_us = now + g_test_rand_int_range (0, 3 * S);
      else if ((n == 0 || (spans[n - 1].until_us != G_MAXINT64 && now > end)) &&
               g_test_rand_int_range (0, 6) == 0)
        {
          if (n == G_N_ELEMENTS (spans))
            memmove (spans, spans + 1, --n * sizeof *spans);
          spans[n++] = (PotooRecordingSpan){ MAX (now - 4 * S, n > 1 ? end : 0), now, G_MAXINT64 };
        }
      set_plan (m, spans, n, RING);
      for (guint j = 0; j < n; j++)
        for (int k = 0; k <= i; k++)
          if (spans[j].from_us < (k + 1) * S && spans[j].until_us > k * S)
            expected[k] = expected[k & ~1] = TRUE;
    }
  settle (m);
  g_autofree char *kept = list_kept (m);
  g_autoptr (GString) wanted = g_string_new (NULL);
  for (int k = 0; k < 190; k++)
    if (expected[k] && (k == 0 || !expected[k - 1]))
      {
        int last = k;
        while (last + 1 < 190 && expected[last + 1])
          last++;
        g_string_append_printf (wanted, "%s%d-%d", wanted->len > 0 ? " " : "", k, last);
      }
  g_auto (GStrv) runs = g_strsplit (kept, " |", -1);
  g_autofree char *all = g_strjoinv ("", runs);
  g_assert_cmpstr (all, ==, wanted->str);
  check_gaps (m, "");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add ("/recording-modes/" path, Modes, NULL, set_up, func, tear_down)
  ADD ("event", test_event);
  ADD ("events-close-to-each-other", test_events_close_to_each_other);
  ADD ("events-apart", test_events_apart);
  ADD ("switches", test_switches);
  ADD ("from-event-to-continuous", test_from_event_to_continuous);
  ADD ("many-switches", test_many_switches);
  ADD ("rotation", test_rotation);
  ADD ("due-while-away", test_due_while_away);
  ADD ("short-pre-roll", test_short_pre_roll);
  ADD ("event-before-recording", test_event_before_recording);
  ADD ("lost-connection", test_lost_connection);
  ADD ("crash-while-held", test_crash_while_held);
  ADD ("crash-during-event", test_crash_during_event);
  ADD ("gap-of-last-run", test_gap_of_last_run);
  ADD ("random", test_random);
  return g_test_run ();
}
