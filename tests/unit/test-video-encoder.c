/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "media/potoo-video-encoder.h"

#define START ((GstClockTime) 1000 * GST_SECOND)
#define STEP (200 * GST_MSECOND) /* of pictures' times … */
#define PUSH_INTERVAL_US 15000   /* … that are pushed quicker than that */
#define LIMIT_US (10 * POTOO_SECOND_US)
#define N_COUNTED (POTOO_SECOND_US / PUSH_INTERVAL_US + 1)

typedef struct
{
  PotooTranscodeBudget *budget;
  PotooVideoEncoder *encoder;
  GMutex lock; /* protects what follows */
  GCond changed;
  GArray *times, *keys; /* GstClockTime */
  GstCaps *caps;
  char *failure;
} Rig;

static void
on_take (GstSample *sample, gpointer user_data)
{
  Rig *rig = user_data;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstClockTime pts_ns = GST_BUFFER_PTS (buffer);

  g_mutex_lock (&rig->lock);
  g_array_append_val (rig->times, pts_ns);
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    g_array_append_val (rig->keys, pts_ns);
  gst_caps_replace (&rig->caps, gst_sample_get_caps (sample));
  g_cond_signal (&rig->changed);
  g_mutex_unlock (&rig->lock);
}

static void
on_failed (const char *reason, gpointer user_data)
{
  Rig *rig = user_data;

  g_mutex_lock (&rig->lock);
  g_assert_null (rig->failure);
  rig->failure = g_strdup (reason);
  g_cond_signal (&rig->changed);
  g_mutex_unlock (&rig->lock);
}

static void
rig_init (Rig *rig)
{
  static const PotooVideoEncoderFuncs funcs = { on_take, on_failed };

  *rig = (Rig){ 0 };
  g_mutex_init (&rig->lock);
  g_cond_init (&rig->changed);
  rig->times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  rig->keys = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  rig->budget = potoo_transcode_budget_new (4);
  rig->encoder = potoo_video_encoder_new (rig->budget, &funcs, rig);
}

static void
rig_clear (Rig *rig)
{
  g_clear_pointer (&rig->encoder, potoo_video_encoder_free);
  g_assert_cmpuint (potoo_transcode_budget_get_load (rig->budget), ==, 0);
  potoo_transcode_budget_free (rig->budget);
  g_array_unref (rig->times);
  g_array_unref (rig->keys);
  gst_clear_caps (&rig->caps);
  g_free (rig->failure);
  g_mutex_clear (&rig->lock);
  g_cond_clear (&rig->changed);
}

/* (transfer full) */
static GstSample *
make_jpeg (guint width, guint height)
{
  g_autofree char *description = g_strdup_printf (
      "videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=%u,height=%u ! jpegenc ! "
      "appsink name=sink sync=false",
      width, height);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  GstSample *sample = gst_app_sink_pull_sample (GST_APP_SINK (sink));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_nonnull (sample);
  return sample;
}

static gboolean
push (Rig *rig, GstSample *jpeg, GstClockTime pts_ns)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_copy (gst_sample_get_buffer (jpeg));
  GstSegment segment;

  GST_BUFFER_PTS (buffer) = pts_ns;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_autoptr (GstSample)
      sample = gst_sample_new (buffer, gst_sample_get_caps (jpeg), &segment, NULL);
  return potoo_video_encoder_push (rig->encoder, sample);
}

static guint
push_many (Rig *rig, GstSample *jpeg, guint n, GstClockTime start_ns)
{
  guint dropped = 0;

  for (guint i = 0; i < n; i++)
    {
      dropped += push (rig, jpeg, start_ns + i * STEP) ? 0 : 1;
      g_usleep (PUSH_INTERVAL_US);
    }
  return dropped;
}

static void
wait_for (Rig *rig, guint n)
{
  gint64 until_us = g_get_monotonic_time () + LIMIT_US;

  g_mutex_lock (&rig->lock);
  while (rig->times->len < n && rig->failure == NULL)
    if (!g_cond_wait_until (&rig->changed, &rig->lock, until_us))
      break;
  g_assert_null (rig->failure);
  g_assert_cmpuint (rig->times->len, >=, n);
  g_mutex_unlock (&rig->lock);
}

static void
assert_keyframes (Rig *rig)
{
  GstClockTime last = g_array_index (rig->times, GstClockTime, rig->times->len - 1);

  g_assert_cmpuint (g_array_index (rig->keys, GstClockTime, 0), ==,
                    g_array_index (rig->times, GstClockTime, 0));
  for (guint i = 1; i < rig->keys->len; i++)
    g_assert_cmpuint (g_array_index (rig->keys, GstClockTime, i), <=,
                      g_array_index (rig->keys, GstClockTime, i - 1) + 2 * GST_SECOND);
  g_assert_cmpuint (last, <,
                    g_array_index (rig->keys, GstClockTime, rig->keys->len - 1) + 2 * GST_SECOND);
}

/* Pictures come out in their order and at their times, with keyframes. */
static void
test_encodes (void)
{
  g_autoptr (GstSample) jpeg = make_jpeg (320, 240);
  guint n = 60;
  Rig rig;

  rig_init (&rig);
  guint dropped = push_many (&rig, jpeg, N_COUNTED + n, START);
  wait_for (&rig, n / 2);
  g_usleep (200000);
  g_assert_cmpuint (rig.times->len + dropped, >=, n - 5);
  for (guint i = 0; i < rig.times->len; i++)
    {
      GstClockTime pts_ns = g_array_index (rig.times, GstClockTime, i);
      g_assert_cmpuint ((pts_ns - START) % STEP, ==, 0);
      if (i > 0)
        g_assert_cmpuint (pts_ns, >, g_array_index (rig.times, GstClockTime, i - 1));
    }
  if (dropped == 0)
    assert_keyframes (&rig);
  g_assert_cmpuint (potoo_transcode_budget_get_load (rig.budget), >, 0);
  rig_clear (&rig);
}

static void
test_keyframe_on_request (void)
{
  g_autoptr (GstSample) jpeg = make_jpeg (160, 120);
  Rig rig;

  rig_init (&rig);
  push_many (&rig, jpeg, N_COUNTED + 3, START);
  wait_for (&rig, 2);
  guint before = rig.keys->len, n = rig.times->len;
  potoo_video_encoder_request_keyframe (rig.encoder);
  push_many (&rig, jpeg, 2, START + (N_COUNTED + 3) * STEP);
  wait_for (&rig, n + 2);
  g_assert_cmpuint (rig.keys->len, >, before);
  rig_clear (&rig);
}

static void
test_no_room (void)
{
  g_autoptr (GstSample) jpeg = make_jpeg (320, 240);
  g_autoptr (GError) error = NULL;
  Rig rig;

  rig_init (&rig);
  PotooTranscodeShare *share = potoo_transcode_budget_take (rig.budget, 1920, 1080, 10, &error);
  g_assert_no_error (error);
  potoo_transcode_share_measure (share, 10, 4 * POTOO_SECOND_US, POTOO_SECOND_US);
  push_many (&rig, jpeg, N_COUNTED + 5, START);
  g_assert_nonnull (rig.failure);
  g_assert_nonnull (strstr (rig.failure, "This machine"));
  g_assert_cmpuint (rig.times->len, ==, 0);
  potoo_transcode_share_free (share);
  rig_clear (&rig);
}

/* Another size is counted and admitted anew. */
static void
test_size_changes (void)
{
  g_autoptr (GstSample) small = make_jpeg (160, 120);
  g_autoptr (GstSample) large = make_jpeg (640, 480);
  int width = 0;
  Rig rig;

  rig_init (&rig);
  push_many (&rig, small, N_COUNTED + 5, START);
  wait_for (&rig, 3);
  guint load = potoo_transcode_budget_get_load (rig.budget);
  push (&rig, large, START + 100 * GST_SECOND);
  g_assert_cmpuint (potoo_transcode_budget_get_load (rig.budget), ==, 0);
  guint before = rig.times->len;
  push_many (&rig, large, N_COUNTED + 5, START + 101 * GST_SECOND);
  wait_for (&rig, before + 3);
  g_assert_cmpuint (potoo_transcode_budget_get_load (rig.budget), >, load);
  gst_structure_get_int (gst_caps_get_structure (rig.caps, 0), "width", &width);
  g_assert_cmpint (width, ==, 640);
  rig_clear (&rig);
}

/* What is no picture is left out. */
static void
test_garbage (void)
{
  g_autoptr (GstSample) jpeg = make_jpeg (160, 120);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 3000, NULL);
  gst_buffer_memset (buffer, 0, 0x5a, 3000);
  g_autoptr (GstSample) garbage = gst_sample_new (buffer, gst_sample_get_caps (jpeg), NULL, NULL);
  Rig rig;

  rig_init (&rig);
  push_many (&rig, jpeg, N_COUNTED, START);
  push_many (&rig, garbage, 30, START + 200 * GST_SECOND);
  guint before = rig.times->len;
  push_many (&rig, jpeg, 10, START + 300 * GST_SECOND);
  wait_for (&rig, before + 3);
  rig_clear (&rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/video-encoder/encodes", test_encodes);
  g_test_add_func ("/video-encoder/keyframe-on-request", test_keyframe_on_request);
  g_test_add_func ("/video-encoder/no-room", test_no_room);
  g_test_add_func ("/video-encoder/size-changes", test_size_changes);
  g_test_add_func ("/video-encoder/garbage", test_garbage);
  return g_test_run ();
}
