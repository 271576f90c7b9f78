/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-metrics.h"
#include "media/potoo-stream-hub.h"

#define MIB (1024 * 1024)
#define OVERHEAD 512
#define FRAME_NS (40 * GST_MSECOND)

static guint8 shared_bytes[MIB];

/* The buffer's offset carries the number of the access unit. All share the same memory. */
static void
push_full (PotooStreamHub *hub,
           guint track,
           guint64 number,
           gboolean key,
           gsize size,
           GstClockTime time)
{
  PotooAccessUnit unit = { .track = track, .key = key, .pts_ns = time, .dts_ns = time };
  GstMemory *memory = gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, shared_bytes, MIB, 0, size,
                                              NULL, NULL);
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("video/x-h264");

  gst_buffer_append_memory (buffer, memory);
  GST_BUFFER_OFFSET (buffer) = number;
  unit.buffer = buffer;
  unit.caps = caps;
  potoo_stream_hub_push (hub, &unit);
}

static void
push (PotooStreamHub *hub, guint64 number, gboolean key)
{
  push_full (hub, 0, number, key, 1000, number * FRAME_NS);
}

/* Pushes @n access units from @first on, a keyframe each @gop. */
static void
push_run (PotooStreamHub *hub, guint64 first, guint n, guint gop)
{
  for (guint64 number = first; number < first + n; number++)
    push (hub, number, number % gop == 0);
}

static void
assert_take (PotooSubscriber *subscriber, guint64 number, gboolean discontinuous)
{
  PotooAccessUnit unit = { 0 };

  g_assert_true (potoo_subscriber_take (subscriber, &unit));
  g_assert_cmpuint (GST_BUFFER_OFFSET (unit.buffer), ==, number);
  g_assert_cmpint (unit.discontinuous, ==, discontinuous);
  g_assert_nonnull (unit.caps);
  potoo_access_unit_clear (&unit);
  g_assert_null (unit.buffer);
}

static void
assert_empty (PotooSubscriber *subscriber)
{
  PotooAccessUnit unit = { 0 };
  g_assert_false (potoo_subscriber_take (subscriber, &unit));
}

static gboolean
metrics_have (const char *line)
{
  g_autofree char *text = potoo_metrics_render ();
  return strstr (text, line) != NULL;
}

static void
test_gate (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  g_autoptr (PotooSubscriber) subscriber = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);

  push (hub, 1, FALSE);
  push_full (hub, 1, 2, TRUE, 100, 0); /* audio is no keyframe, whatever it says */
  assert_empty (subscriber);
  push (hub, 3, TRUE);
  push_full (hub, 1, 4, FALSE, 100, 0);
  assert_take (subscriber, 3, TRUE);
  assert_take (subscriber, 4, FALSE);
  assert_empty (subscriber);
  g_assert_true (metrics_have ("potoo_hub_drops_total{camera=\"cam\",stream=\"main\"} 2\n"));
}

static void
test_keyframe (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  PotooAccessUnit unit = { 0 };

  g_assert_false (potoo_stream_hub_get_keyframe (hub, &unit));
  push_run (hub, 0, 25, 10);
  push_full (hub, 1, 25, TRUE, 100, 0);
  g_assert_true (potoo_stream_hub_get_keyframe (hub, &unit));
  g_assert_cmpuint (GST_BUFFER_OFFSET (unit.buffer), ==, 20);
  g_assert_true (unit.key && unit.track == 0);
  potoo_stream_hub_flush (hub);
  g_assert_true (GST_IS_BUFFER (unit.buffer));
  potoo_access_unit_clear (&unit);
  g_assert_false (potoo_stream_hub_get_keyframe (hub, &unit));
}

static void
test_replay (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  const struct
  {
    guint gops;
    guint64 first;
  } rows[] = { { 1, 50 }, { 2, 40 }, { 3, 30 }, { 4, 30 }, { G_MAXUINT, 30 } };

  push_run (hub, 0, 55, 10);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (PotooSubscriber)
          subscriber = potoo_stream_hub_subscribe (hub, rows[i].gops, MIB, NULL, NULL);
      for (guint64 number = rows[i].first; number < 55; number++)
        assert_take (subscriber, number, number == rows[i].first);
      assert_empty (subscriber);
    }

  /* Only as many GOPs as fit, and none when not even the newest does. */
  g_autoptr (PotooSubscriber)
      tight = potoo_stream_hub_subscribe (hub, 3, 15 * (1000 + OVERHEAD), NULL, NULL);
  assert_take (tight, 40, TRUE);
  g_autoptr (PotooSubscriber)
      tiny = potoo_stream_hub_subscribe (hub, 3, 4 * (1000 + OVERHEAD), NULL, NULL);
  assert_empty (tiny);
  g_autoptr (PotooSubscriber) live = potoo_stream_hub_subscribe (hub, 0, MIB, NULL, NULL);
  assert_empty (live);
  push_run (hub, 55, 6, 10);
  assert_take (tiny, 60, TRUE);
  assert_take (live, 60, TRUE);
}

static void
test_ring_keeps_gops (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");

  push_run (hub, 0, 1000, 10);
  g_assert_true (metrics_have ("potoo_hub_ring_access_units{camera=\"cam\",stream=\"main\"} 30\n"));
  push (hub, 1000, TRUE);
  g_assert_true (metrics_have ("potoo_hub_ring_access_units{camera=\"cam\",stream=\"main\"} 21\n"));
  g_assert_true (metrics_have ("potoo_hub_ring_bytes{camera=\"cam\",stream=\"main\"} 31752\n"));
}

static guint64
first_in_ring (PotooStreamHub *hub)
{
  PotooAccessUnit unit = { 0 };
  g_autoptr (PotooSubscriber)
      subscriber = potoo_stream_hub_subscribe (hub, G_MAXUINT, G_MAXSIZE, NULL, NULL);

  if (!potoo_subscriber_take (subscriber, &unit))
    return G_MAXUINT64;
  guint64 number = GST_BUFFER_OFFSET (unit.buffer);
  potoo_access_unit_clear (&unit);
  return number;
}

static void
test_ring_bytes (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  g_autoptr (PotooSubscriber) follower = potoo_stream_hub_subscribe (hub, 1, G_MAXSIZE, NULL, NULL);

  /* Two GOPs of 30 MiB fit, a third does not. */
  for (guint64 i = 0; i < 70; i++)
    push_full (hub, 0, i, i % 30 == 0, MIB, i * FRAME_NS);
  g_assert_cmpuint (first_in_ring (hub), ==, 30);
  /* A GOP over the bound alone: the ring is empty until the next keyframe … */
  for (guint64 i = 70; i < 130; i++)
    push_full (hub, 0, i, FALSE, MIB, i * FRAME_NS);
  g_assert_cmpuint (first_in_ring (hub), ==, G_MAXUINT64);
  g_assert_true (metrics_have ("potoo_hub_drops_total{camera=\"cam\",stream=\"main\"} 70\n"));
  g_assert_true (metrics_have ("potoo_hub_ring_bytes{camera=\"cam\",stream=\"main\"} 0\n"));
  push_full (hub, 0, 130, TRUE, MIB, 130 * FRAME_NS);
  g_assert_cmpuint (first_in_ring (hub), ==, 130);
  /* … while who follows misses nothing. */
  for (guint64 i = 0; i <= 130; i++)
    assert_take (follower, i, i == 0);
}

/* Where there is little memory. */
static void
test_ring_small (void)
{
  potoo_stream_hub_set_ring_bytes (10 * MIB);
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");

  for (guint64 i = 0; i < 14; i++)
    push_full (hub, 0, i, i % 4 == 0, MIB, i * FRAME_NS);
  g_assert_cmpuint (first_in_ring (hub), ==, 8);
  potoo_stream_hub_set_ring_bytes (G_MAXINT64);
}

static void
test_ring_count (void)
{
  /* Empty access units without end, never a keyframe again, with times that say nothing. */
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");

  push_full (hub, 0, 0, TRUE, 0, GST_CLOCK_TIME_NONE);
  for (guint64 i = 1; i <= 64 * MIB / OVERHEAD; i++)
    push_full (hub, 0, i, FALSE, 0, i % 2 == 0 ? GST_CLOCK_TIME_NONE : G_MAXUINT64 - i);
  g_assert_cmpuint (first_in_ring (hub), ==, G_MAXUINT64);
}

static void
test_ring_time (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");

  push_full (hub, 0, 0, TRUE, 10, 0);
  push_full (hub, 0, 1, TRUE, 10, 40 * GST_SECOND);
  push_full (hub, 0, 2, FALSE, 10, 60 * GST_SECOND);
  g_assert_cmpuint (first_in_ring (hub), ==, 0);
  push_full (hub, 0, 3, FALSE, 10, 61 * GST_SECOND);
  g_assert_cmpuint (first_in_ring (hub), ==, 1);
  push_full (hub, 0, 4, FALSE, 10, 5 * GST_SECOND); /* back in time: bounded by bytes alone */
  g_assert_cmpuint (first_in_ring (hub), ==, 1);
  push_full (hub, 0, 5, FALSE, 10, 101 * GST_SECOND); /* long, and small */
  g_assert_cmpuint (first_in_ring (hub), ==, 1);
  for (guint64 i = 6; i < 6 + 4 * MIB / 50000; i++)
    push_full (hub, 0, i, FALSE, 50000, 102 * GST_SECOND);
  g_assert_cmpuint (first_in_ring (hub), ==, G_MAXUINT64);
}

static void
test_slow (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  g_autoptr (PotooSubscriber)
      slow = potoo_stream_hub_subscribe (hub, 1, 25 * (1000 + OVERHEAD), NULL, NULL);

  push_run (hub, 0, 25, 10);
  g_assert_cmpuint (potoo_subscriber_get_skips (slow), ==, 0);
  assert_take (slow, 0, TRUE);
  push_run (hub, 25, 2, 10); /* 26 does not fit: on to the newest keyframe, 20 */
  g_assert_cmpuint (potoo_subscriber_get_skips (slow), ==, 1);
  for (guint64 i = 20; i < 27; i++)
    assert_take (slow, i, i == 20);
  assert_empty (slow);

  /* The keyframe 30 is taken; a GOP without end must not bring it again. */
  push_run (hub, 27, 4, 10);
  for (guint64 i = 27; i <= 30; i++)
    assert_take (slow, i, FALSE);
  for (guint64 i = 31; i <= 60; i++)
    push (hub, i, FALSE);
  g_assert_cmpuint (potoo_subscriber_get_skips (slow), ==, 2);
  assert_empty (slow);
  push (hub, 61, TRUE);
  push (hub, 62, FALSE);
  assert_take (slow, 61, TRUE);
  assert_take (slow, 62, FALSE);

  /* A full queue and a new keyframe: it is the newest. */
  for (guint64 i = 63; i < 63 + 25; i++)
    push (hub, i, FALSE);
  push (hub, 88, TRUE);
  assert_take (slow, 88, TRUE);
  assert_empty (slow);
  /* An access unit that never fits. */
  push_full (hub, 0, 89, TRUE, 50000, 0);
  push (hub, 90, FALSE);
  assert_empty (slow);
  push (hub, 91, TRUE);
  assert_take (slow, 91, TRUE);
  g_assert_cmpuint (potoo_subscriber_get_skips (slow), ==, 4);
  g_assert_true (metrics_have ("potoo_hub_skips_total{camera=\"cam\",stream=\"main\"} 4\n"));
  g_assert_true (metrics_have ("potoo_hub_queue_bytes{camera=\"cam\",stream=\"main\"} 0\n"));
}

static void
test_flush (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  g_autoptr (PotooSubscriber) subscriber = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);

  push_run (hub, 0, 3, 10);
  potoo_stream_hub_flush (hub);
  g_assert_cmpuint (first_in_ring (hub), ==, G_MAXUINT64);
  push_run (hub, 3, 8, 10);
  for (guint64 i = 0; i < 3; i++)
    assert_take (subscriber, i, i == 0);
  assert_take (subscriber, 10, TRUE);
  g_assert_cmpuint (first_in_ring (hub), ==, 10);
}

static void
count_wake (gpointer data)
{
  (*(guint *) data)++;
}

static void
test_wake (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  guint wakes = 0;

  push (hub, 0, TRUE);
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (hub, 1, MIB, count_wake, &wakes);
  g_assert_cmpuint (potoo_stream_hub_get_n_subscribers (hub), ==, 1);
  g_assert_cmpuint (wakes, ==, 0);
  assert_take (subscriber, 0, TRUE);
  push_run (hub, 1, 3, 10);
  g_assert_cmpuint (wakes, ==, 1);
  assert_take (subscriber, 1, FALSE);
  push (hub, 4, FALSE);
  g_assert_cmpuint (wakes, ==, 1);
  for (guint64 i = 2; i <= 4; i++)
    assert_take (subscriber, i, FALSE);
  push (hub, 5, FALSE);
  g_assert_cmpuint (wakes, ==, 2);
  potoo_subscriber_free (subscriber);
  push (hub, 6, FALSE);
  g_assert_cmpuint (wakes, ==, 2);
  g_assert_cmpuint (potoo_stream_hub_get_n_subscribers (hub), ==, 0);
}

static void
test_media_is_freed (void)
{
  PotooStreamHub *hub = potoo_stream_hub_new ("cam", "main");
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);
  PotooAccessUnit unit = { .key = TRUE, .buffer = gst_buffer_new () };

  potoo_stream_hub_push (hub, &unit);
  potoo_stream_hub_unref (hub); /* the subscriber keeps it alive */
  g_assert_cmpint (GST_MINI_OBJECT_REFCOUNT_VALUE (unit.buffer), ==, 2);
  potoo_subscriber_free (subscriber);
  g_assert_cmpint (GST_MINI_OBJECT_REFCOUNT_VALUE (unit.buffer), ==, 1);
  gst_buffer_unref (unit.buffer);
  g_assert_false (metrics_have ("potoo_hub_"));
}

/* --- threads --- */

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean entered, release, left;
} SlowWake;

static void
slow_wake (gpointer data)
{
  SlowWake *slow = data;

  g_mutex_lock (&slow->lock);
  slow->entered = TRUE;
  g_cond_broadcast (&slow->changed);
  while (!slow->release)
    g_cond_wait (&slow->changed, &slow->lock);
  slow->left = TRUE;
  g_mutex_unlock (&slow->lock);
}

static gpointer
push_one (gpointer hub)
{
  push (hub, 0, TRUE);
  return NULL;
}

static gpointer
free_subscriber (gpointer subscriber)
{
  potoo_subscriber_free (subscriber);
  return NULL;
}

static void
test_free_waits_for_own_wake (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  SlowWake slow = { .entered = FALSE };
  guint wakes = 0;

  PotooSubscriber *blocked = potoo_stream_hub_subscribe (hub, 1, MIB, slow_wake, &slow);
  PotooSubscriber *behind = potoo_stream_hub_subscribe (hub, 1, MIB, count_wake, &wakes);
  GThread *feeder = g_thread_new ("feeder", push_one, hub);
  g_mutex_lock (&slow.lock);
  while (!slow.entered)
    g_cond_wait (&slow.changed, &slow.lock);
  g_mutex_unlock (&slow.lock);

  /* The feeder hangs in the first wake: freeing the second neither waits for
   * that nor is its wake called later. */
  potoo_subscriber_free (behind);
  GThread *freeing = g_thread_new ("free", free_subscriber, blocked);
  g_usleep (20000);
  g_mutex_lock (&slow.lock);
  slow.release = TRUE;
  g_cond_broadcast (&slow.changed);
  g_mutex_unlock (&slow.lock);
  g_thread_join (freeing);
  g_assert_true (slow.left);
  g_thread_join (feeder);
  g_assert_cmpuint (wakes, ==, 0);
}

typedef struct
{
  PotooStreamHub *hub;
  gint done; /* atomic */
  gint taken;
} Race;

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean woken;
} Taker;

static void
wake_taker (gpointer data)
{
  Taker *taker = data;

  g_mutex_lock (&taker->lock);
  taker->woken = TRUE;
  g_cond_signal (&taker->cond);
  g_mutex_unlock (&taker->lock);
}

static gpointer
feed_video (gpointer data)
{
  Race *race = data;

  for (guint64 i = 0; i < 20000; i++)
    {
      push (race->hub, i, i % 25 == 0);
      if (i % 5000 == 4999)
        potoo_stream_hub_flush (race->hub);
      if (i % 64 == 0)
        g_usleep (100);
    }
  g_atomic_int_set (&race->done, TRUE);
  return NULL;
}

static gpointer
feed_audio (gpointer data)
{
  Race *race = data;

  for (guint64 i = 0; !g_atomic_int_get (&race->done); i++)
    {
      push_full (race->hub, 1, i, FALSE, 100, i * FRAME_NS);
      g_usleep (20);
    }
  return NULL;
}

/* Takes up to @n access units: video without holes or doublets except where it is told. */
static void
follow (Race *race, PotooSubscriber *subscriber, Taker *taker, guint n)
{
  gint64 last = -1;

  while (n > 0 && !g_atomic_int_get (&race->done))
    {
      PotooAccessUnit unit = { 0 };
      if (!potoo_subscriber_take (subscriber, &unit))
        {
          gint64 until = g_get_monotonic_time () + 100000;
          g_mutex_lock (&taker->lock);
          while (!taker->woken && g_cond_wait_until (&taker->cond, &taker->lock, until))
            ;
          taker->woken = FALSE;
          g_mutex_unlock (&taker->lock);
          continue;
        }
      if (unit.discontinuous)
        g_assert_true (unit.key && (gint64) GST_BUFFER_OFFSET (unit.buffer) > last);
      else if (unit.track == 0)
        g_assert_cmpint (GST_BUFFER_OFFSET (unit.buffer), ==, last + 1);
      if (unit.track == 0)
        last = (gint64) GST_BUFFER_OFFSET (unit.buffer);
      potoo_access_unit_clear (&unit);
      g_atomic_int_inc (&race->taken);
      n--;
    }
}

static gpointer
come_and_go (gpointer data)
{
  Race *race = data;

  for (guint round = 0; !g_atomic_int_get (&race->done); round++)
    {
      /* On the heap and freed at once: a wake that came later would be seen by the sanitizers. */
      Taker *taker = g_new0 (Taker, 1);
      g_mutex_init (&taker->lock);
      g_cond_init (&taker->cond);
      PotooSubscriber *subscriber = potoo_stream_hub_subscribe (
          race->hub, round % 4, (40 + round % 200) * 1512, wake_taker, taker);
      follow (race, subscriber, taker, round % 500);
      if (round % 10 == 0)
        g_usleep (2000);
      potoo_subscriber_free (subscriber);
      g_mutex_clear (&taker->lock);
      g_cond_clear (&taker->cond);
      memset (taker, 0xff, sizeof *taker);
      g_free (taker);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  Race race = { .hub = hub };
  GThread *threads[6];

  threads[0] = g_thread_new ("video", feed_video, &race);
  threads[1] = g_thread_new ("audio", feed_audio, &race);
  for (guint i = 2; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("taker", come_and_go, &race);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (race.taken, >, 1000);
  g_assert_cmpuint (potoo_stream_hub_get_n_subscribers (hub), ==, 0);
  g_assert_true (metrics_have ("potoo_hub_queue_bytes{camera=\"cam\",stream=\"main\"} 0\n"));
}

static void
count (gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_wanted (void)
{
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "sub");
  guint wanted = 0;

  potoo_stream_hub_set_wanted_func (hub, count, &wanted);
  gint64 since_us = potoo_stream_hub_get_idle_since_us (hub);
  g_assert_cmpint (since_us, >, 0);
  potoo_stream_hub_want (hub);
  g_assert_cmpuint (wanted, ==, 1);
  g_assert_cmpint (potoo_stream_hub_get_idle_since_us (hub), >=, since_us);

  PotooSubscriber *one = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);
  PotooSubscriber *other = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);
  g_assert_cmpuint (wanted, ==, 2);
  g_assert_cmpint (potoo_stream_hub_get_idle_since_us (hub), ==, 0);
  potoo_stream_hub_want (hub);
  g_assert_cmpint (potoo_stream_hub_get_idle_since_us (hub), ==, 0);
  potoo_subscriber_free (one);
  g_assert_cmpint (potoo_stream_hub_get_idle_since_us (hub), ==, 0);
  potoo_subscriber_free (other);
  g_assert_cmpint (potoo_stream_hub_get_idle_since_us (hub), >=, since_us);

  potoo_stream_hub_set_wanted_func (hub, NULL, NULL);
  potoo_stream_hub_want (hub);
  g_assert_cmpuint (wanted, ==, 3);
}

/* The feeding side knows no decoding times: the hub makes them. */
static void
test_decoding_times (void)
{
  static const guint order[] = { 0, 2, 1, 4, 3, 6, 5, 8, 7 };
  g_autoptr (PotooStreamHub) hub = potoo_stream_hub_new ("cam", "main");
  g_autoptr (PotooSubscriber) subscriber = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);
  GstClockTime last = 0;

  potoo_stream_hub_expect_reorder (hub, 1);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup ("x", 1);
      PotooAccessUnit unit = { .buffer = buffer,
                               .key = i == 0,
                               .pts_ns = (100 + order[i]) * FRAME_NS,
                               .dts_ns = GST_CLOCK_TIME_NONE };
      potoo_stream_hub_push (hub, &unit);
      g_assert_true (potoo_subscriber_take (subscriber, &unit));
      g_assert_cmpuint (unit.dts_ns, ==, (100 + i - 1) * FRAME_NS);
      g_assert_cmpuint (unit.dts_ns, <=, unit.pts_ns);
      g_assert_cmpuint (unit.dts_ns, >, last);
      g_assert_cmpuint (unit.duration_ns, ==, FRAME_NS);
      last = unit.dts_ns;
      potoo_access_unit_clear (&unit);
    }
}

int
main (int argc, char *argv[])
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream-hub/keyframe", test_keyframe);
  g_test_add_func ("/stream-hub/gate", test_gate);
  g_test_add_func ("/stream-hub/replay", test_replay);
  g_test_add_func ("/stream-hub/ring/gops", test_ring_keeps_gops);
  g_test_add_func ("/stream-hub/ring/bytes", test_ring_bytes);
  g_test_add_func ("/stream-hub/ring/small", test_ring_small);
  g_test_add_func ("/stream-hub/ring/count", test_ring_count);
  g_test_add_func ("/stream-hub/ring/time", test_ring_time);
  g_test_add_func ("/stream-hub/slow", test_slow);
  g_test_add_func ("/stream-hub/flush", test_flush);
  g_test_add_func ("/stream-hub/wake", test_wake);
  g_test_add_func ("/stream-hub/freed", test_media_is_freed);
  g_test_add_func ("/stream-hub/free-waits", test_free_waits_for_own_wake);
  g_test_add_func ("/stream-hub/threads", test_threads);
  g_test_add_func ("/stream-hub/wanted", test_wanted);
  g_test_add_func ("/stream-hub/decoding-times", test_decoding_times);
  return g_test_run ();
}
