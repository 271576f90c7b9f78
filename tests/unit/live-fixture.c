/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "live-fixture.h"

#include <gst/app/gstappsink.h>

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"

static GPtrArray *samples; /* GstSample: one GOP */

void
live_fixture_encode (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! "
      "x264enc tune=zerolatency key-int-max=10 ! "
      "video/x-h264,stream-format=avc,alignment=au,profile=main ! appsink name=sink sync=false",
      &error);
  GstSample *sample;

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  samples = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sample_unref);
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (sink))) != NULL)
    g_ptr_array_add (samples, sample);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_cmpuint (samples->len, ==, LIVE_FIXTURE_GOP);
}

void
live_fixture_init (LiveFixture *f, const char *camera_id)
{
  f->hub = potoo_stream_hub_new (camera_id, "main");
  f->next_ns = (GstClockTime) potoo_clock_mono_us () * GST_USECOND;
}

void
live_fixture_clear (LiveFixture *f)
{
  g_clear_pointer (&f->hub, potoo_stream_hub_unref);
}

static void
push (LiveFixture *f, guint i)
{
  PotooAccessUnit unit = {
    .buffer = gst_sample_get_buffer (samples->pdata[i]),
    .caps = gst_sample_get_caps (samples->pdata[i]),
    .pts_ns = f->next_ns,
    .dts_ns = GST_CLOCK_TIME_NONE,
    .key = i == 0,
  };
  potoo_stream_hub_push (f->hub, &unit);
}

void
live_fixture_push (LiveFixture *f, guint gops, gboolean and_keyframe)
{
  for (guint gop = 0; gop < gops; gop++)
    for (guint i = 0; i < LIVE_FIXTURE_GOP; i++, f->next_ns += GST_SECOND / LIVE_FIXTURE_GOP)
      push (f, i);
  if (and_keyframe)
    push (f, 0);
}

void
live_fixture_push_garbage (LiveFixture *f)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup ("\0\0\0\1\x65", 5);
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "video/x-h264,stream-format=avc,alignment=au,width=320,height=240");
  PotooAccessUnit unit = {
    .buffer = buffer, .caps = caps, .pts_ns = f->next_ns, .dts_ns = GST_CLOCK_TIME_NONE, .key = TRUE
  };

  potoo_stream_hub_push (f->hub, &unit);
  f->next_ns += GST_SECOND;
}

void
live_fixture_take_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

void
live_fixture_wait (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
live_fixture_wait_us (gint64 duration_us)
{
  gboolean over = FALSE;

  g_timeout_add ((guint) (duration_us / 1000), set_flag, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

gint64
live_fixture_read_metric (const char *name)
{
  g_autofree char *text = potoo_metrics_render ();
  g_autofree char *line = g_strdup_printf ("\n%s ", name);
  const char *found = strstr (text, line);

  g_assert_nonnull (found);
  return g_ascii_strtoll (found + strlen (line), NULL, 10);
}
