/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-audio-queue.h"

#define MS GST_MSECOND
#define RATE 48000
#define FRAME 960 /* 20 ms */
#define START (7200 * GST_SECOND)
#define START_TICKS (G_GUINT64_CONSTANT (7200) * RATE)

static PotooAudioQueue *
new_queue (void)
{
  return potoo_audio_queue_new (RATE, FRAME);
}

static guint
push (PotooAudioQueue *queue, GstClockTime pts_ns)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  return potoo_audio_queue_push (queue, buffer, pts_ns);
}

static const PotooSample *
sample (GArray *samples, guint i)
{
  g_assert_nonnull (samples);
  g_assert_cmpuint (i, <, samples->len);
  return &g_array_index (samples, PotooSample, i);
}

static void
assert_contiguous (GArray *samples)
{
  for (guint i = 0; i + 1 < samples->len; i++)
    g_assert_cmpuint (sample (samples, i)->dts_ticks + sample (samples, i)->duration_ticks, ==,
                      sample (samples, i + 1)->dts_ticks);
}

static void
test_wander (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();

  for (guint i = 0; i < 50; i++)
    g_assert_cmpuint (push (queue, START + i * 20 * MS + (i % 3) * 4 * MS), ==, 0);
  g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, GST_CLOCK_TIME_NONE - 1);
  g_assert_cmpuint (samples->len, ==, 50);
  for (guint i = 0; i < samples->len; i++)
    {
      g_assert_cmpuint (sample (samples, i)->dts_ticks, ==, START_TICKS + i * FRAME);
      g_assert_cmpuint (sample (samples, i)->duration_ticks, ==, FRAME);
    }
}

static void
test_hole (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();

  push (queue, START);
  push (queue, START + 500 * MS);
  g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, START + 501 * MS);
  g_assert_cmpuint (sample (samples, 0)->duration_ticks, ==, RATE / 2);
  g_assert_cmpuint (sample (samples, 1)->dts_ticks, ==, START_TICKS + RATE / 2);
}

/* Several access units with the time of the packet that brought them follow one another. */
static void
test_packets (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();

  for (guint i = 0; i < 200; i++)
    g_assert_cmpuint (push (queue, START + i / 4 * 80 * MS), ==, 0);
  g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, GST_CLOCK_TIME_NONE - 1);
  g_assert_cmpuint (samples->len, ==, 200);
  assert_contiguous (samples);
  for (guint i = 0; i < samples->len; i++)
    {
      guint64 ideal = START_TICKS + i * FRAME;
      g_assert_cmpuint (sample (samples, i)->dts_ticks, <=, ideal);
      g_assert_cmpuint (sample (samples, i)->dts_ticks + RATE / 50, >=, ideal);
    }
}

/* A sound card that is 0.1 % fast or slow, for half an hour: never more than 15 ms off. */
static void
test_drift (void)
{
  for (int direction = -1; direction <= 1; direction += 2)
    {
      g_autoptr (PotooAudioQueue) queue = new_queue ();
      guint64 n = 0;
      for (guint i = 0; i < 90000; i++)
        {
          GstClockTime pts = START + i * (20 * MS + (GstClockTime) (direction * 20000));
          g_assert_cmpuint (push (queue, pts), ==, 0);
          if (i % 50 != 49)
            continue;
          g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, pts + 1);
          if (samples == NULL)
            continue;
          assert_contiguous (samples);
          n += samples->len;
          gint64 error = (gint64) (potoo_audio_queue_get_end_ns (queue) - pts) - (gint64) (20 * MS);
          g_assert_cmpint (ABS (error), <, (gint64) (15 * MS));
        }
      g_assert_cmpuint (n, >, 89900);
    }
}

/* Sound that was taken for later than it is comes all the way to its time, while it is taken. */
static void
test_late (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();
  gint64 error = 0;

  for (guint i = 0; i < 300; i++)
    {
      GstClockTime pts = START + i * 20 * MS + (i < 10 ? 40 * MS : 0);
      g_assert_cmpuint (push (queue, pts), ==, 0);
      error = (gint64) (potoo_audio_queue_get_end_ns (queue) - pts) - (gint64) (20 * MS);
      if (i % 10 != 9)
        continue;
      g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, pts + 20 * MS);
      if (samples != NULL)
        assert_contiguous (samples);
    }
  g_assert_cmpint (ABS (error), <=, (gint64) MS);
}

static void
test_jump (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();

  for (guint i = 0; i < 10; i++)
    push (queue, START + 3600 * GST_SECOND + i * 20 * MS);
  g_assert_cmpuint (push (queue, START), ==, 10);
  g_assert_cmpuint (potoo_audio_queue_get_end_ns (queue), ==, START + 20 * MS);
  g_assert_cmpuint (push (queue, START + 3600 * GST_SECOND), ==, 1);
  g_assert_cmpuint (push (queue, G_MAXUINT64 - 1), ==, 1);
  g_assert_cmpuint (potoo_audio_queue_clear (queue), ==, 1);
}

/* What was taken once is never overlapped. */
static void
test_floor (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();

  for (guint i = 0; i < 100; i++)
    push (queue, START + i * 20 * MS);
  g_autoptr (GArray) first = potoo_audio_queue_take_until (queue, START + 1990 * MS);
  g_assert_cmpuint (first->len, ==, 100);
  g_assert_cmpuint (push (queue, START + 500 * MS), ==, 1);
  g_assert_cmpuint (push (queue, START + 2000 * MS), ==, 0);
  g_autoptr (GArray) second = potoo_audio_queue_take_until (queue, START + 3000 * MS);
  g_assert_cmpuint (second->len, ==, 1);
  g_assert_cmpuint (sample (second, 0)->dts_ticks, ==, START_TICKS + 2 * RATE);

  for (guint i = 0; i < 10; i++)
    push (queue, START + (3000 + i * 20) * MS);
  g_assert_cmpuint (potoo_audio_queue_start_at (queue, START + 3100 * MS), ==, 5);
  g_assert_cmpuint (potoo_audio_queue_start_at (queue, 0), ==, 0);
  g_assert_cmpuint (push (queue, START), ==, 5);
  g_assert_null (potoo_audio_queue_take_until (queue, START));
}

/* Sound that begins a part of a tick before a border is before it. */
static void
test_border (void)
{
  const GstClockTime border = START + 20 * MS + 5 * GST_USECOND;
  g_autoptr (PotooAudioQueue) queue = new_queue ();

  for (guint i = 0; i < 3; i++)
    push (queue, START + i * 20 * MS);
  g_autoptr (GArray) before = potoo_audio_queue_take_until (queue, border);
  g_assert_cmpuint (before->len, ==, 2);
  g_assert_cmpuint (potoo_audio_queue_drop_before (queue, border), ==, 0);

  g_autoptr (PotooAudioQueue) other = new_queue ();
  for (guint i = 0; i < 3; i++)
    push (other, START + i * 20 * MS);
  g_assert_cmpuint (potoo_audio_queue_drop_before (other, border), ==, 2);
}

static void
test_full (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();
  guint dropped = 0;

  for (guint i = 0; i < POTOO_AUDIO_QUEUE_MAX + 100; i++)
    dropped += push (queue, START + i * 20 * MS);
  g_assert_cmpuint (dropped, ==, 100);
  g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, GST_CLOCK_TIME_NONE - 1);
  g_assert_cmpuint (samples->len, ==, POTOO_AUDIO_QUEUE_MAX);
  g_assert_cmpuint (sample (samples, 0)->dts_ticks, ==, START_TICKS + 100 * FRAME);
}

static guint
push_bytes (PotooAudioQueue *queue, GstClockTime pts_ns, gsize size)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, size, NULL);
  return potoo_audio_queue_push (queue, buffer, pts_ns);
}

/* A camera may say of anything that it is sound. */
static void
test_full_of_bytes (void)
{
  g_autoptr (PotooAudioQueue) queue = new_queue ();
  const gsize quarter = POTOO_AUDIO_QUEUE_MAX_BYTES / 4;
  guint dropped = 0;

  for (guint i = 0; i < 10; i++)
    dropped += push_bytes (queue, START + i * 20 * MS, quarter);
  g_assert_cmpuint (dropped, ==, 6);
  g_assert_cmpuint (push_bytes (queue, START + 200 * MS, POTOO_AUDIO_QUEUE_MAX_BYTES + 1), ==, 1);
  /* What was taken leaves room. */
  g_autoptr (GArray) samples = potoo_audio_queue_take_until (queue, START + 160 * MS);
  g_assert_cmpuint (samples->len, ==, 2);
  g_assert_cmpuint (sample (samples, 0)->dts_ticks, ==, START_TICKS + 6 * FRAME);
  g_assert_cmpuint (push_bytes (queue, START + 200 * MS, 2 * quarter), ==, 0);
  g_assert_cmpuint (push_bytes (queue, START + 220 * MS, 4 * quarter), ==, 3);
  g_assert_cmpuint (potoo_audio_queue_clear (queue), ==, 1);
  g_assert_cmpuint (push_bytes (queue, START + 240 * MS, 4 * quarter), ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audio-queue/wander", test_wander);
  g_test_add_func ("/audio-queue/hole", test_hole);
  g_test_add_func ("/audio-queue/packets", test_packets);
  g_test_add_func ("/audio-queue/drift", test_drift);
  g_test_add_func ("/audio-queue/late", test_late);
  g_test_add_func ("/audio-queue/jump", test_jump);
  g_test_add_func ("/audio-queue/floor", test_floor);
  g_test_add_func ("/audio-queue/border", test_border);
  g_test_add_func ("/audio-queue/full", test_full);
  g_test_add_func ("/audio-queue/full-of-bytes", test_full_of_bytes);
  return g_test_run ();
}
