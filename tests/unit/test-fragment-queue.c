/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media-maker.h"
#include "record/potoo-fragment-queue.h"

typedef struct
{
  MediaMaker maker;
  PotooFragmentQueue *queue;
  int wakes;
} Fixture;

static void
on_wake (PotooFragmentQueue *queue, gpointer user_data)
{
  Fixture *f = user_data;
  g_atomic_int_inc (&f->wakes);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  media_maker_init (&f->maker, FALSE);
  f->wakes = 0;
  f->queue = potoo_fragment_queue_new ("door", POTOO_STREAM_MAIN, on_wake, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_fragment_queue_unref (f->queue);
  media_maker_clear (&f->maker);
}

static void
push (Fixture *f, MediaFlags flags)
{
  g_autoptr (PotooFragment) fragment = media_maker_next (&f->maker, flags);
  potoo_fragment_queue_push (f->queue, fragment);
}

/* The type of the next message, -1 for none; its fragment's sequence number in @sequence. */
static int
take (Fixture *f, guint64 *sequence, gint64 *lost_until_us)
{
  PotooMessage message = { 0 };
  if (!potoo_fragment_queue_take (f->queue, &message))
    return -1;
  if (sequence != NULL && message.fragment != NULL)
    *sequence = potoo_fragment_get_sequence (message.fragment);
  if (lost_until_us != NULL)
    *lost_until_us = message.lost_until_us;
  potoo_message_clear (&message);
  return (int) message.type;
}

static PotooRecordingPlan *
make_plan (gboolean record)
{
  return record ? potoo_recording_plan_new_endless () : potoo_recording_plan_new_empty ();
}

static void
test_order_and_wakes (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
  guint64 sequence = 99;
  gint64 lost = 99;

  push (f, MEDIA_KEY);
  potoo_fragment_queue_set_plan (f->queue, plan);
  push (f, MEDIA_DELTA);
  potoo_fragment_queue_interrupt (f->queue, POTOO_GAP_STALLED);
  g_assert_cmpint (f->wakes, ==, 1);

  g_assert_cmpint (take (f, &sequence, &lost), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, 0);
  g_assert_cmpint (lost, ==, 0);
  g_assert_cmpint (take (f, NULL, NULL), ==, POTOO_MESSAGE_PLAN);
  g_assert_cmpint (take (f, &sequence, NULL), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, 1);
  g_assert_cmpint (take (f, NULL, NULL), ==, POTOO_MESSAGE_INTERRUPT);
  /* Empty, but nobody has been told so yet: no second wake. */
  push (f, MEDIA_DELTA);
  g_assert_cmpint (f->wakes, ==, 1);
  g_assert_cmpint (take (f, NULL, NULL), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);
  push (f, MEDIA_DELTA);
  g_assert_cmpint (f->wakes, ==, 2);
}

/* Full by bytes: dropped up to the next key fragment that fits, and the message after it says so.
 */
static void
test_full_of_bytes (Fixture *f, gconstpointer data)
{
  guint64 sequence = 0;
  gint64 lost = 0, lost_end = 0;
  guint n = 0;

  f->maker.frame_bytes = 64 * 1024;
  gsize fragment = f->maker.frame_bytes * f->maker.frames;
  guint fits = (guint) (POTOO_QUEUE_MAX_BYTES / (fragment + 700));
  for (guint i = 0; i < fits + 3; i++)
    push (f, i == 0 ? MEDIA_KEY : MEDIA_DELTA);
  lost_end = f->maker.wall_end_us;

  g_assert_cmpint (take (f, &sequence, NULL), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, 0);
  push (f, MEDIA_DELTA); /* would fit, is no key */
  lost_end = f->maker.wall_end_us;
  push (f, MEDIA_KEY);
  push (f, MEDIA_DELTA); /* does not fit */
  for (n = 1; take (f, &sequence, &lost) == POTOO_MESSAGE_FRAGMENT && lost == 0; n++)
    g_assert_cmpuint (sequence, ==, n);
  g_assert_cmpuint (n, ==, fits);
  g_assert_cmpuint (sequence, ==, fits + 4);
  g_assert_cmpint (lost, ==, lost_end);
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);
  /* The loss after the last message is told by whatever comes next. */
  potoo_fragment_queue_interrupt (f->queue, POTOO_GAP_STALLED);
  g_assert_cmpint (take (f, NULL, &lost), ==, POTOO_MESSAGE_INTERRUPT);
  g_assert_cmpint (lost, ==, f->maker.wall_end_us);
}

static void
test_full_of_messages (Fixture *f, gconstpointer data)
{
  guint n = 0;

  f->maker.frames = 1;
  for (guint i = 0; i < POTOO_QUEUE_MAX_MESSAGES + 100; i++)
    push (f, MEDIA_KEY);
  while (take (f, NULL, NULL) == POTOO_MESSAGE_FRAGMENT)
    n++;
  g_assert_cmpuint (n, ==, POTOO_QUEUE_MAX_MESSAGES);
}

/* However often the plan changes behind a disk that hangs, the queue is bounded and the newest
 * holds. */
static void
test_controls_are_bounded (Fixture *f, gconstpointer data)
{
  gboolean record = FALSE;
  PotooGapCause cause = POTOO_GAP_DISCONNECTED;
  guint n = 0;
  PotooMessage message;

  f->maker.frames = 1;
  for (guint i = 0; i < POTOO_QUEUE_MAX_MESSAGES; i++)
    push (f, MEDIA_KEY);
  for (guint i = 0; i <= 10000; i++)
    {
      g_autoptr (PotooRecordingPlan) plan = make_plan (i % 2 == 0);
      potoo_fragment_queue_set_plan (f->queue, plan);
      potoo_fragment_queue_interrupt (f->queue, i == 10000 ? POTOO_GAP_AUTH : POTOO_GAP_STALLED);
    }
  for (; potoo_fragment_queue_take (f->queue, &message); n++)
    {
      if (message.type == POTOO_MESSAGE_PLAN)
        record = message.plan->n_spans > 0;
      if (message.type == POTOO_MESSAGE_INTERRUPT)
        cause = message.cause;
      potoo_message_clear (&message);
    }
  g_assert_cmpuint (n, <=, POTOO_QUEUE_MAX_MESSAGES + POTOO_QUEUE_MAX_CONTROLS + 2);
  g_assert_true (record);
  g_assert_cmpint (cause, ==, POTOO_GAP_AUTH);
}

static void
test_nothing_after_the_end (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();

  push (f, MEDIA_KEY);
  potoo_fragment_queue_end (f->queue, POTOO_MESSAGE_REMOVE);
  push (f, MEDIA_KEY);
  potoo_fragment_queue_set_plan (f->queue, plan);
  potoo_fragment_queue_end (f->queue, POTOO_MESSAGE_SHUT_DOWN);
  g_assert_cmpint (take (f, NULL, NULL), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpint (take (f, NULL, NULL), ==, POTOO_MESSAGE_REMOVE);
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);
}

/* Of each kind: together they fit, however long the taker is kept waiting. */
#define N_PUSHED (POTOO_QUEUE_MAX_MESSAGES / 2)

static gpointer
push_many (gpointer user_data)
{
  Fixture *f = user_data;
  for (guint i = 0; i < N_PUSHED; i++)
    push (f, MEDIA_KEY);
  return NULL;
}

static gpointer
toggle_many (gpointer user_data)
{
  Fixture *f = user_data;
  for (guint i = 0; i < N_PUSHED; i++)
    {
      g_autoptr (PotooRecordingPlan) plan = make_plan (i % 2 == 0);
      potoo_fragment_queue_set_plan (f->queue, plan);
    }
  return NULL;
}

/* Two threads push, this one takes, and only when it was woken: nothing is lost or out of order. */
static void
test_threads (Fixture *f, gconstpointer data)
{
  guint64 expected = 0;
  guint plans = 0;
  int handled_wakes = 0;

  f->maker.frames = 1;
  GThread *fragments = g_thread_new ("fragments", push_many, f);
  GThread *toggles = g_thread_new ("plans", toggle_many, f);
  while (expected < N_PUSHED || plans < N_PUSHED)
    {
      guint64 sequence = 0;
      int type;
      if (g_atomic_int_get (&f->wakes) == handled_wakes)
        {
          g_thread_yield ();
          continue;
        }
      handled_wakes++;
      while ((type = take (f, &sequence, NULL)) >= 0)
        {
          if (type == POTOO_MESSAGE_PLAN)
            plans++;
          else
            g_assert_cmpuint (sequence, ==, expected++);
        }
    }
  g_thread_join (fragments);
  g_thread_join (toggles);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/fragment-queue/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("order-and-wakes", test_order_and_wakes);
  ADD ("full-of-bytes", test_full_of_bytes);
  ADD ("full-of-messages", test_full_of_messages);
  ADD ("controls-are-bounded", test_controls_are_bounded);
  ADD ("nothing-after-the-end", test_nothing_after_the_end);
  ADD ("threads", test_threads);
  return g_test_run ();
}
