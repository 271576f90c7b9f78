/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>
#include <unistd.h>

#include "base/potoo-metrics.h"
#include "media-maker.h"
#include "record/potoo-fragment-queue.h"
#include "record/potoo-storage-root.h"

#define MEMORY_BYTES (16 * 1000 * 1000)

typedef struct
{
  PotooFragmentMemory *memory;
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
  f->memory = potoo_fragment_queue_memory_new (MEMORY_BYTES);
  f->queue = potoo_fragment_queue_new (f->memory, "door", POTOO_STREAM_MAIN, on_wake, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_fragment_queue_unref (f->queue);
  potoo_fragment_memory_unref (f->memory);
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
take (Fixture *f, guint64 *sequence, PotooLoss *lost)
{
  PotooMessage message = { 0 };
  if (!potoo_fragment_queue_take (f->queue, &message))
    return -1;
  if (sequence != NULL && message.fragment != NULL)
    *sequence = potoo_fragment_get_sequence (message.fragment);
  if (lost != NULL)
    *lost = message.lost;
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
  PotooLoss lost = { { 99, 99 }, { 99, 99 } };

  push (f, MEDIA_KEY);
  potoo_fragment_queue_set_plan (f->queue, plan);
  push (f, MEDIA_DELTA);
  potoo_fragment_queue_interrupt (f->queue, POTOO_GAP_STALLED);
  g_assert_cmpint (f->wakes, ==, 1);

  g_assert_cmpint (take (f, &sequence, &lost), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, 0);
  g_assert_cmpint (lost.until.wall_us, ==, 0);
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

/* The wall time at which fragment @sequence begins, all being of a second. */
static gint64
start_of (guint64 sequence)
{
  return MEDIA_MAKER_WALL_US + (gint64) sequence * G_USEC_PER_SEC;
}

static void
assert_lost (const PotooLoss *lost, guint64 first, guint64 end)
{
  g_assert_cmpint (lost->from.wall_us, ==, start_of (first));
  g_assert_cmpint (lost->until.wall_us, ==, start_of (end));
  g_assert_cmpint (lost->until.mono_us - lost->from.mono_us, ==,
                   lost->until.wall_us - lost->from.wall_us);
}

/* Fragments of 1.6 MB, of which nine fit. */
static void
make_large (Fixture *f)
{
  f->maker.frame_bytes = 64 * 1024;
}

#define N_FIT 9

/* Full by bytes: the oldest go, up to the next key fragment; what stands between them stays, and
 * tells, as what follows does, what was lost in front of it. */
static void
test_full_of_bytes (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
  guint64 sequence = 0;
  PotooLoss lost = { 0 };

  make_large (f);
  push (f, MEDIA_KEY);
  push (f, MEDIA_DELTA);
  potoo_fragment_queue_set_plan (f->queue, plan);
  push (f, MEDIA_DELTA);
  potoo_fragment_queue_interrupt (f->queue, POTOO_GAP_STALLED);
  for (guint i = 3; i <= N_FIT; i++)
    push (f, i % 3 == 0 ? MEDIA_KEY : MEDIA_DELTA);

  g_assert_cmpint (take (f, NULL, &lost), ==, POTOO_MESSAGE_PLAN);
  assert_lost (&lost, 0, 2);
  g_assert_cmpint (take (f, NULL, &lost), ==, POTOO_MESSAGE_INTERRUPT);
  assert_lost (&lost, 2, 3);
  for (guint i = 3; i <= N_FIT; i++)
    {
      g_assert_cmpint (take (f, &sequence, &lost), ==, POTOO_MESSAGE_FRAGMENT);
      g_assert_cmpuint (sequence, ==, i);
      g_assert_cmpint (lost.until.wall_us, ==, 0);
    }
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);
}

/* What belongs to the only group that waits goes itself, up to the next key fragment, in whose
 * favour the group goes after all. */
static void
test_full_of_one_group (Fixture *f, gconstpointer data)
{
  guint64 sequence = 0;
  PotooLoss lost = { 0 };

  make_large (f);
  for (guint i = 0; i < N_FIT + 2; i++)
    push (f, i == 0 ? MEDIA_KEY : MEDIA_DELTA);
  g_assert_cmpint (take (f, &sequence, NULL), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, 0);
  push (f, MEDIA_DELTA); /* would fit, and could not be shown */
  push (f, MEDIA_KEY);
  for (guint i = 1; i < N_FIT; i++)
    {
      g_assert_cmpint (take (f, &sequence, &lost), ==, POTOO_MESSAGE_FRAGMENT);
      g_assert_cmpuint (sequence, ==, i);
      g_assert_cmpint (lost.until.wall_us, ==, 0);
    }
  g_assert_cmpint (take (f, &sequence, &lost), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, N_FIT + 3);
  assert_lost (&lost, N_FIT, N_FIT + 3);
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);

  for (guint i = N_FIT + 4; i <= 2 * N_FIT + 4; i++)
    push (f, i == N_FIT + 4 ? MEDIA_KEY : MEDIA_DELTA);
  push (f, MEDIA_KEY);
  g_assert_cmpint (take (f, &sequence, &lost), ==, POTOO_MESSAGE_FRAGMENT);
  g_assert_cmpuint (sequence, ==, 2 * N_FIT + 5);
  assert_lost (&lost, N_FIT + 4, 2 * N_FIT + 5);
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);
}

/* A loss after the last message is told by whatever comes next. */
static void
test_lost_at_the_end (Fixture *f, gconstpointer data)
{
  PotooLoss lost = { 0 };

  f->maker.frame_bytes = MEMORY_BYTES;
  f->maker.frames = 2;
  push (f, MEDIA_KEY);
  gint64 end_us = f->maker.wall_end_us;
  g_assert_cmpint (take (f, NULL, NULL), ==, -1);
  potoo_fragment_queue_interrupt (f->queue, POTOO_GAP_STALLED);
  g_assert_cmpint (take (f, NULL, &lost), ==, POTOO_MESSAGE_INTERRUPT);
  g_assert_cmpint (lost.from.wall_us, ==, MEDIA_MAKER_WALL_US);
  g_assert_cmpint (lost.until.wall_us, ==, end_us);
}

static void
test_full_of_messages (Fixture *f, gconstpointer data)
{
  guint64 sequence = 0;
  guint n = 0;

  f->maker.frames = 1;
  for (guint i = 0; i < POTOO_QUEUE_MAX_MESSAGES + 100; i++)
    push (f, MEDIA_KEY);
  while (take (f, &sequence, NULL) == POTOO_MESSAGE_FRAGMENT)
    g_assert_cmpuint (sequence, ==, 100 + n++);
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

/* The same with fragments between the plans. */
static void
test_mixture_is_bounded (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooRecordingPlan) plan = potoo_recording_plan_new_endless ();
  guint n = 0;

  f->maker.frames = 1;
  for (guint i = 0; i < 3 * POTOO_QUEUE_MAX_MESSAGES; i++)
    {
      push (f, MEDIA_KEY);
      potoo_fragment_queue_set_plan (f->queue, plan);
    }
  while (take (f, NULL, NULL) >= 0)
    n++;
  g_assert_cmpuint (n, <=, POTOO_QUEUE_MAX_MESSAGES + POTOO_QUEUE_MAX_CONTROLS + 2);
}

/* --- several queues --- */

static gint64
get_metric (const char *series)
{
  g_autofree char *text = potoo_metrics_render ();
  g_autofree char *line = g_strconcat ("\n", series, " ", NULL);
  const char *found = strstr (text, line);

  return found != NULL ? g_ascii_strtoll (found + strlen (line), NULL, 10) : -1;
}

static gint64
get_used (void)
{
  return get_metric ("potoo_fragment_queue_memory_bytes");
}

/* A queue of camera `camN`, with fragments of its own. */
static void
set_up_camera (Fixture *camera, Fixture *f, guint n, guint priority)
{
  g_autofree char *name = g_strdup_printf ("cam%u", n);

  media_maker_init (&camera->maker, FALSE);
  make_large (camera);
  camera->wakes = 0;
  camera->memory = potoo_fragment_memory_ref (f->memory);
  camera->queue = potoo_fragment_queue_new (f->memory, name, POTOO_STREAM_MAIN, on_wake, camera);
  g_autoptr (PotooRecordingPlan)
      plan = potoo_recording_plan_new (&(PotooRecordingPlanSpec){ .priority = priority });
  potoo_fragment_queue_set_plan (camera->queue, plan);
  g_assert_cmpint (take (camera, NULL, NULL), ==, POTOO_MESSAGE_PLAN);
}

static gint64
get_dropped (guint n)
{
  g_autofree char *series = g_strdup_printf (
      "potoo_fragment_queue_dropped_fragments_total{camera=\"cam%u\",stream=\"main\"}", n);
  return get_metric (series);
}

static guint
take_all (Fixture *camera)
{
  guint n = 0;

  while (take (camera, NULL, NULL) >= 0)
    n++;
  return n;
}

/* Low priorities give way first, equals share, and for what is less important than all that waits
 * there is no room. */
static void
test_priorities (Fixture *f, gconstpointer data)
{
  static const guint priorities[] = { 9, 5, 5, 1 };
  Fixture cameras[G_N_ELEMENTS (priorities)];

  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    set_up_camera (&cameras[i], f, i, priorities[i]);
  for (guint round = 0; round < 5; round++)
    for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
      {
        push (&cameras[i], MEDIA_KEY);
        g_assert_cmpint (get_used (), <=, MEMORY_BYTES);
      }
  g_assert_cmpint (get_dropped (0), ==, 0);
  g_assert_cmpint (get_dropped (1) + get_dropped (2), ==, 6);
  g_assert_cmpint (get_dropped (3), ==, 5);
  /* Priorities change while things wait. */
  g_autoptr (PotooRecordingPlan)
      plan = potoo_recording_plan_new (&(PotooRecordingPlanSpec){ .priority = 10 });
  potoo_fragment_queue_set_plan (cameras[3].queue, plan);
  push (&cameras[3], MEDIA_KEY);
  g_assert_cmpint (get_dropped (3), ==, 5);
  g_assert_cmpint (get_dropped (1) + get_dropped (2), ==, 7);
  g_assert_cmpuint (take_all (&cameras[0]), ==, 5);
  guint second = take_all (&cameras[1]), third = take_all (&cameras[2]);
  g_assert_cmpuint (second + third, ==, 3);
  g_assert_cmpuint (MIN (second, third), ==, 1);
  g_assert_cmpuint (take_all (&cameras[3]), ==, 2); /* and the plan */
  g_assert_cmpint (get_used (), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    tear_down (&cameras[i], NULL);
}

static void
on_late (gpointer user_data)
{
  int *late = user_data;
  (*late)++;
}

/* That nobody comes for it is told also of a queue out of which others have taken everything. */
static void
test_late_without_room (Fixture *f, gconstpointer data)
{
  Fixture cameras[2];
  int late = 0;
  gint64 stall_us = potoo_stall_us;

  potoo_stall_us = G_MAXINT64;
  set_up_camera (&cameras[0], f, 0, 1);
  set_up_camera (&cameras[1], f, 1, 9);
  potoo_fragment_queue_set_late_func (cameras[0].queue, on_late, &late);
  push (&cameras[0], MEDIA_KEY);
  for (guint i = 0; i < N_FIT; i++)
    push (&cameras[1], MEDIA_KEY);
  g_assert_cmpint (get_dropped (0), ==, 1);
  g_assert_cmpint (late, ==, 0);
  potoo_stall_us = 0;
  push (&cameras[0], MEDIA_KEY);
  g_assert_cmpint (get_dropped (0), ==, 2);
  g_assert_cmpint (late, ==, 1);
  potoo_stall_us = stall_us;
  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    tear_down (&cameras[i], NULL);
}

#define N_CAMERAS 16

/* Each in a thread of its own, groups of three, some taken from. */
static gpointer
push_and_take (gpointer user_data)
{
  Fixture *camera = user_data;
  guint64 next = 0, sequence = 0;
  PotooLoss lost = { 0 };

  for (guint i = 0; i < 300; i++)
    {
      push (camera, i % 3 == 0 ? MEDIA_KEY : MEDIA_DELTA);
      if (i % 4 == 0 && take (camera, &sequence, &lost) == POTOO_MESSAGE_FRAGMENT)
        {
          if (lost.until.wall_us != 0)
            assert_lost (&lost, next, sequence);
          else
            g_assert_cmpuint (sequence, ==, next);
          next = sequence + 1;
        }
    }
  return NULL;
}

/* Sixteen cameras behind disks that are too slow: the memory is never more than its bound, nor is
 * what malloc gave out, and all that is lost is told. */
static void
test_many_cameras (Fixture *f, gconstpointer data)
{
  static Fixture cameras[N_CAMERAS];
  GThread *threads[N_CAMERAS];
  gint64 most = 0;

  for (guint i = 0; i < N_CAMERAS; i++)
    {
      set_up_camera (&cameras[i], f, i, i % 3);
      threads[i] = g_thread_new ("camera", push_and_take, &cameras[i]);
    }
  for (guint i = 0; i < N_CAMERAS; i++)
    {
      most = MAX (most, get_used ());
      g_thread_join (threads[i]);
      most = MAX (most, get_used ());
    }
  g_assert_cmpint (most, >, MEMORY_BYTES / 2);
  g_assert_cmpint (most, <=, MEMORY_BYTES);
  for (guint i = 0; i < N_CAMERAS; i++)
    {
      take_all (&cameras[i]);
      tear_down (&cameras[i], NULL);
    }
  g_assert_cmpint (get_used (), ==, 0);
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

static gint64
read_resident (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return g_ascii_strtoll (strchr (text, ' '), NULL, 10) * sysconf (_SC_PAGESIZE);
}

/* The disks hang, and sixteen cameras with small pictures go on: what is counted is about what the
 * process takes, as malloc() has it; GLib's slices, which Potoo does without, take a fifth more. */
static void
test_resident (Fixture *f, gconstpointer data)
{
  static Fixture cameras[N_CAMERAS];
  gint64 before = read_resident (), most = 0;

  for (guint i = 0; i < N_CAMERAS; i++)
    {
      set_up_camera (&cameras[i], f, i, 5);
      cameras[i].maker.frame_bytes = 500;
    }
  for (guint round = 0; round < 100; round++)
    for (guint i = 0; i < N_CAMERAS; i++)
      {
        push (&cameras[i], round % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
        most = MAX (most, read_resident () - before);
      }
  g_assert_cmpint (get_dropped (0), >, 0);
  g_assert_cmpint (get_used (), >, MEMORY_BYTES * 9 / 10);
  g_test_message ("%.1f of %.1f MB", (double) most / 1e6, MEMORY_BYTES / 1e6);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  g_assert_cmpint (most, <, MEMORY_BYTES * 4 / 3);
#endif
  for (guint i = 0; i < N_CAMERAS; i++)
    tear_down (&cameras[i], NULL);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/fragment-queue/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("order-and-wakes", test_order_and_wakes);
  ADD ("full-of-bytes", test_full_of_bytes);
  ADD ("full-of-one-group", test_full_of_one_group);
  ADD ("lost-at-the-end", test_lost_at_the_end);
  ADD ("full-of-messages", test_full_of_messages);
  ADD ("controls-are-bounded", test_controls_are_bounded);
  ADD ("mixture-is-bounded", test_mixture_is_bounded);
  ADD ("priorities", test_priorities);
  ADD ("late-without-room", test_late_without_room);
  ADD ("many-cameras", test_many_cameras);
  ADD ("resident", test_resident);
  ADD ("nothing-after-the-end", test_nothing_after_the_end);
  ADD ("threads", test_threads);
  return g_test_run ();
}
