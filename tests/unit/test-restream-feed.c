/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A feed between a hub that the test fills and appsrcs whose buffers it collects. */

#include <gst/app/gstappsink.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "restream/potoo-restream-feed.h"

#define FRAME_NS (40 * GST_MSECOND)
#define GOP 25
#define BYTES 1000

typedef struct
{
  PotooStreamHub *hub;
  GMainContext *context;
  PotooRestreamFeed *feed;
  GstElement *pipeline;
  GstAppSink *sinks[POTOO_RESTREAM_MAX_TRACKS];
  GstClockTime start_ns; /* time of frame 0 */
} Fixture;

static GstClockTime
now_ns (void)
{
  return (GstClockTime) potoo_clock_mono_us () * GST_USECOND;
}

static void
push_full (Fixture *fixture, guint track, guint64 number, const char *caps_text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, BYTES, NULL);
  PotooAccessUnit unit = {
    .track = track,
    .buffer = buffer,
    .caps = caps,
    .pts_ns = fixture->start_ns + number * FRAME_NS,
    .dts_ns = GST_CLOCK_TIME_NONE,
    .key = track == 0 && number % GOP == 0,
  };

  gst_buffer_memset (buffer, 0, 0, BYTES);
  gst_buffer_fill (buffer, 0, &number, sizeof number);
  potoo_stream_hub_push (fixture->hub, &unit);
}

#define SMALL "video/x-h264,width=320"
#define LARGE "video/x-h264,width=640"
#define SOUND "audio/x-opus,rate=48000"

static void
push_video (Fixture *fixture, guint64 first, guint n)
{
  for (guint64 i = first; i < first + n; i++)
    push_full (fixture, 0, i, SMALL);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->hub = potoo_stream_hub_new ("front", "main");
  fixture->context = g_main_context_new ();
  fixture->start_ns = now_ns () - 4 * GST_SECOND;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->feed != NULL)
    potoo_restream_feed_stop (fixture->feed);
  if (fixture->pipeline != NULL)
    gst_element_set_state (fixture->pipeline, GST_STATE_NULL);
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    g_clear_object (&fixture->sinks[i]);
  g_clear_object (&fixture->pipeline);
  g_clear_pointer (&fixture->feed, potoo_restream_feed_unref);
  g_main_context_unref (fixture->context);
  g_assert_cmpuint (potoo_stream_hub_get_n_subscribers (fixture->hub), ==, 0);
  potoo_stream_hub_unref (fixture->hub);
}

static PotooRestreamFeed *
make_feed (Fixture *fixture, GError **error)
{
  return potoo_restream_feed_new (fixture->hub, "front", "main", fixture->context, error);
}

/* The sinks hold one buffer each, and the appsrcs few. */
static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->feed = make_feed (fixture, &error);
  g_assert_no_error (error);
  fixture->pipeline = gst_pipeline_new (NULL);
  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    {
      if (potoo_restream_feed_get_caps (fixture->feed, i) == NULL)
        continue;
      GstElement *source = gst_element_factory_make ("appsrc", NULL);
      GstElement *sink = gst_element_factory_make ("appsink", NULL);
      g_object_set (sink, "sync", FALSE, "async", FALSE, "max-buffers", 1, NULL);
      gst_bin_add_many (GST_BIN (fixture->pipeline), source, sink, NULL);
      g_assert_true (gst_element_link (source, sink));
      fixture->sinks[i] = g_object_ref (GST_APP_SINK (sink));
      potoo_restream_feed_set_source (fixture->feed, i, GST_APP_SRC (source));
    }
  gst_element_set_state (fixture->pipeline, GST_STATE_PLAYING);
}

/* The next frame of @track within a second; G_MAXUINT64: none. */
static guint64
pull_sample (Fixture *fixture, guint track, GstSample **sample_out)
{
  gint64 end_us = potoo_clock_mono_us () + POTOO_SECOND_US;
  guint64 number = G_MAXUINT64;

  while (potoo_clock_mono_us () < end_us)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_autoptr (GstSample)
          sample = gst_app_sink_try_pull_sample (fixture->sinks[track], GST_MSECOND);
      if (sample == NULL)
        continue;
      gst_buffer_extract (gst_sample_get_buffer (sample), 0, &number, sizeof number);
      if (sample_out != NULL)
        *sample_out = g_steal_pointer (&sample);
      break;
    }
  return number;
}

static guint64
pull (Fixture *fixture, guint track)
{
  return pull_sample (fixture, track, NULL);
}

static void
assert_pulled (Fixture *fixture, guint64 first, guint n)
{
  for (guint64 i = first; i < first + n; i++)
    g_assert_cmpuint (pull (fixture, 0), ==, i);
}

static void
test_no_picture (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (make_feed (fixture, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "front"));
  /* Too young to know whether there is sound. */
  push_video (fixture, 0, 5);
  g_assert_null (make_feed (fixture, NULL));
  push_full (fixture, 1, 5, SOUND);
  g_autoptr (PotooRestreamFeed) feed = make_feed (fixture, NULL);
  g_assert_nonnull (feed);
  g_assert_nonnull (potoo_restream_feed_get_caps (feed, 1));
  potoo_restream_feed_stop (feed);
}

/* However short its GOPs are, and with them the ring. */
static void
test_short_gops_without_sound (Fixture *fixture, gconstpointer data)
{
  for (guint64 i = 0; i < 3; i++)
    {
      push_full (fixture, 0, i * GOP, SMALL);
      fixture->start_ns -= (GOP - 1) * FRAME_NS;
    }
  g_autoptr (PotooRestreamFeed) feed = make_feed (fixture, NULL);
  g_assert_nonnull (feed);
  potoo_restream_feed_stop (feed);
}

static void
test_from_the_newest_keyframe (Fixture *fixture, gconstpointer data)
{
  push_video (fixture, 0, 90);
  start (fixture);
  g_assert_null (potoo_restream_feed_get_caps (fixture->feed, 1));
  potoo_restream_feed_play (fixture->feed, NULL, FALSE, 1);
  assert_pulled (fixture, 75, 15);
  for (guint64 i = 90; i < 200; i++)
    {
      push_full (fixture, 0, i, SMALL);
      assert_pulled (fixture, i, 1);
    }
  g_assert_cmpuint (potoo_restream_feed_get_bytes (fixture->feed), ==, 125 * BYTES);
}

static void
test_sound (Fixture *fixture, gconstpointer data)
{
  /* The last before the keyframe is there at once, older ones are not. */
  for (guint64 i = 0; i < 80; i++)
    {
      push_full (fixture, 0, i, SMALL);
      if (i < 75)
        push_full (fixture, 1, i, SOUND);
    }
  start (fixture);
  g_assert_cmpuint (pull (fixture, 1), >=, 66);
  potoo_restream_feed_play (fixture->feed, NULL, FALSE, 3);
  assert_pulled (fixture, 75, 5);
  /* Of another kind than was offered: it is left out. */
  push_full (fixture, 1, 80, "audio/x-opus,rate=16000");
  push_full (fixture, 1, 81, SOUND);
  guint64 number;
  while ((number = pull (fixture, 1)) < 75)
    ;
  g_assert_cmpuint (number, ==, 81);
}

static void
test_unwanted_track (Fixture *fixture, gconstpointer data)
{
  push_video (fixture, 0, 76);
  push_full (fixture, 1, 76, SOUND);
  start (fixture);
  potoo_restream_feed_play (fixture->feed, NULL, FALSE, 1);
  /* Far more sound than an appsrc takes, and nobody takes it. */
  for (guint64 i = 77; i < 277; i++)
    push_full (fixture, 1, i, SOUND);
  push_video (fixture, 76, 10);
  assert_pulled (fixture, 75, 11);
}

static void
test_another_size (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSample) sample = NULL;
  int width = 0;

  push_video (fixture, 0, 80);
  start (fixture);
  potoo_restream_feed_play (fixture->feed, NULL, FALSE, 1);
  assert_pulled (fixture, 75, 5);
  potoo_stream_hub_flush (fixture->hub);
  push_full (fixture, 0, 80, LARGE); /* no keyframe: the hub waits for one */
  push_full (fixture, 0, 100, LARGE);
  g_assert_cmpuint (pull_sample (fixture, 0, &sample), ==, 100);
  gst_structure_get_int (gst_caps_get_structure (gst_sample_get_caps (sample), 0), "width", &width);
  g_assert_cmpint (width, ==, 640);
  g_assert_cmpuint (GST_BUFFER_PTS (gst_sample_get_buffer (sample)), ==,
                    fixture->start_ns + 100 * FRAME_NS);
}

static void
test_another_codec (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);

  push_video (fixture, 0, 80);
  start (fixture);
  potoo_restream_feed_play (fixture->feed, socket, FALSE, 1);
  assert_pulled (fixture, 75, 5);
  push_full (fixture, 0, 100, "video/x-h265,width=320");
  push_full (fixture, 0, 125, SMALL);
  g_assert_cmpuint (pull (fixture, 0), ==, G_MAXUINT64);
}

static void
test_udp_is_paced (Fixture *fixture, gconstpointer data)
{
  push_video (fixture, 0, 100); /* the last GOP is 1 s long */
  start (fixture);
  potoo_restream_feed_play (fixture->feed, NULL, TRUE, 1);
  gint64 start_us = potoo_clock_mono_us ();
  assert_pulled (fixture, 75, 25);
  gint64 took_us = potoo_clock_mono_us () - start_us;
  g_assert_cmpint (took_us, >=, 200 * 1000);
  g_assert_cmpint (took_us, <, 900 * 1000);
}

static void
test_slow_viewer_jumps (Fixture *fixture, gconstpointer data)
{
  push_video (fixture, 0, 100);
  start (fixture);
  potoo_restream_feed_play (fixture->feed, NULL, FALSE, 1);
  g_assert_cmpuint (pull (fixture, 0), ==, 75);
  /* It takes nothing for so long, and then a little: what waited is not worth sending. */
  g_usleep (3 * POTOO_SECOND_US + POTOO_SECOND_US / 2);
  push_video (fixture, 100, 5);
  guint64 number, before = 75;
  while ((number = pull (fixture, 0)) == before + 1 && number < 99)
    before = number;
  g_assert_cmpuint (number, ==, 100);
  g_assert_cmpuint (before, <, 90);
  assert_pulled (fixture, 101, 4);
}

static void
test_stop_while_media_flows (Fixture *fixture, gconstpointer data)
{
  push_video (fixture, 0, 80);
  start (fixture);
  potoo_restream_feed_play (fixture->feed, NULL, FALSE, 1);
  assert_pulled (fixture, 75, 3);
  potoo_restream_feed_stop (fixture->feed);
  potoo_restream_feed_stop (fixture->feed);
  push_video (fixture, 80, 100);
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
}

/* What is asked before a viewer is answered agrees with what then is tried. */
static void
test_can_begin (Fixture *fixture, gconstpointer data)
{
  g_assert_false (potoo_restream_replay_can_begin (fixture->hub));
  push_video (fixture, 0, 5);
  g_assert_false (potoo_restream_replay_can_begin (fixture->hub));
  g_assert_null (make_feed (fixture, NULL));
  push_video (fixture, 5, GOP + 1);
  g_assert_true (potoo_restream_replay_can_begin (fixture->hub));
  fixture->feed = make_feed (fixture, NULL);
  g_assert_nonnull (fixture->feed);
}

#define ADD(name, func) g_test_add ("/restream-feed/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  ADD ("no-picture", test_no_picture);
  ADD ("can-begin", test_can_begin);
  ADD ("short-gops-without-sound", test_short_gops_without_sound);
  ADD ("from-the-newest-keyframe", test_from_the_newest_keyframe);
  ADD ("sound", test_sound);
  ADD ("unwanted-track", test_unwanted_track);
  ADD ("another-size", test_another_size);
  ADD ("another-codec", test_another_codec);
  ADD ("udp-is-paced", test_udp_is_paced);
  ADD ("slow-viewer-jumps", test_slow_viewer_jumps);
  ADD ("stop-while-media-flows", test_stop_while_media_flows);
  return g_test_run ();
}
