/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-still-picture.h"

#include <gst/app/gstappsink.h>

#include "base/potoo-error.h"

/* The first access unit of a white video, as a camera pipeline gives it. */
static void
make_keyframe (PotooAccessUnit *unit, const char *video, const char *encoder)
{
  g_autofree char *description = g_strdup_printf (
      "videotestsrc pattern=white num-buffers=5 ! video/x-raw,format=I420,framerate=25/1,%s ! %s ! "
      "appsink name=sink sync=false",
      video, encoder);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (GST_APP_SINK (sink));
  g_assert_nonnull (sample);
  *unit = (PotooAccessUnit){
    .buffer = gst_buffer_ref (gst_sample_get_buffer (sample)),
    .caps = gst_caps_ref (gst_sample_get_caps (sample)),
    .key = TRUE,
    .dts_ns = GST_CLOCK_TIME_NONE,
  };
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

#define H264 "x264enc tune=zerolatency ! video/x-h264,stream-format=avc,alignment=au"
#define H264_B "x264enc bframes=3 b-adapt=false ! video/x-h264,stream-format=avc,alignment=au"
#define H265                                                                                       \
  "x265enc log-level=none tune=zerolatency ! h265parse ! "                                         \
  "video/x-h265,stream-format=hvc1,alignment=au"

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* (transfer full) (nullable) */
static GBytes *
encode (const PotooAccessUnit *unit, guint height, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  potoo_still_picture_encode_async (unit, height, cancellable, on_done, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return potoo_still_picture_encode_finish (result, error);
}

static void
assert_white (GBytes *jpeg, guint width, guint height)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement)
      pipeline = gst_parse_launch ("appsrc name=source caps=image/jpeg ! jpegdec ! videoconvert ! "
                                   "video/x-raw,format=RGB ! appsink name=sink sync=false",
                                   &error);

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (jpeg);
  GstFlowReturn flow;
  int w, h;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (source, "push-buffer", buffer, &flow);
  g_signal_emit_by_name (source, "end-of-stream", &flow);
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (GST_APP_SINK (sink));
  g_assert_nonnull (sample);
  const GstStructure *s = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  g_assert_true (gst_structure_get_int (s, "width", &w) && gst_structure_get_int (s, "height", &h));
  g_assert_cmpint (w, ==, (int) width);
  g_assert_cmpint (h, ==, (int) height);
  guint8 pixel[3];
  gst_buffer_extract (gst_sample_get_buffer (sample), 0, pixel, sizeof pixel);
  g_assert_cmpuint (MIN (pixel[0], MIN (pixel[1], pixel[2])), >=, 250); /* full range */
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

typedef struct
{
  const char *name, *video, *encoder;
  guint asked;
  guint width, height;
} Row;

static const Row rows[] = {
  { "h264", "width=640,height=360", H264, 0, 640, 360 },
  { "b-frames", "width=640,height=360", H264_B, 0, 640, 360 },
  { "h265", "width=640,height=360", H265, 0, 640, 360 },
  { "smaller", "width=640,height=360", H264, 90, 160, 90 },
  { "odd", "width=642,height=482", H264, 91, 121, 91 },
  { "never-larger", "width=320,height=240", H264, 2160, 320, 240 },
  { "pixel-aspect", "width=320,height=288,pixel-aspect-ratio=2/1", H264, 144, 320, 144 },
};

static void
test_size (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (GError) error = NULL;
  PotooAccessUnit unit;

  make_keyframe (&unit, row->video, row->encoder);
  g_autoptr (GBytes) jpeg = encode (&unit, row->asked, NULL, &error);
  potoo_access_unit_clear (&unit);
  g_assert_no_error (error);
  assert_white (jpeg, row->width, row->height);
}

static void
assert_fails (PotooAccessUnit *unit, PotooError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = encode (unit, 0, NULL, &error);

  potoo_access_unit_clear (unit);
  g_assert_null (jpeg);
  g_assert_error (error, POTOO_ERROR, (int) code);
  g_test_message ("%s", error->message);
}

static void
replace_caps (PotooAccessUnit *unit, const char *name, const char *value)
{
  unit->caps = gst_caps_make_writable (unit->caps);
  gst_structure_set (gst_caps_get_structure (unit->caps, 0), name, G_TYPE_INT, atoi (value), NULL);
}

static void
test_garbage (void)
{
  PotooAccessUnit unit;

  make_keyframe (&unit, "width=320,height=240", H264);
  gst_buffer_unref (unit.buffer);
  unit.buffer = gst_buffer_new_memdup ("\0\0\0\4\x65\xff\xff\xff", 8);
  assert_fails (&unit, POTOO_ERROR_CORRUPT);
}

static void
test_too_large (void)
{
  PotooAccessUnit unit;

  make_keyframe (&unit, "width=320,height=240", H264);
  replace_caps (&unit, "width", "60000");
  replace_caps (&unit, "height", "60000");
  assert_fails (&unit, POTOO_ERROR_UNSUPPORTED);
}

static void
test_unsupported (void)
{
  PotooAccessUnit unit = { .buffer = gst_buffer_new_memdup ("x", 1),
                           .caps = gst_caps_from_string ("video/x-theora,width=8,height=8") };

  assert_fails (&unit, POTOO_ERROR_UNSUPPORTED);
  unit.buffer = gst_buffer_new_memdup ("x", 1);
  unit.caps = gst_caps_from_string ("video/x-h264,stream-format=avc,alignment=au");
  assert_fails (&unit, POTOO_ERROR_UNSUPPORTED);
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  PotooAccessUnit unit;

  make_keyframe (&unit, "width=320,height=240", H264);
  g_cancellable_cancel (cancellable);
  g_autoptr (GBytes) jpeg = encode (&unit, 0, cancellable, &error);
  potoo_access_unit_clear (&unit);
  g_assert_null (jpeg);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/still-picture/%s", rows[i].name);
      g_test_add_data_func (path, &rows[i], test_size);
    }
  g_test_add_func ("/still-picture/garbage", test_garbage);
  g_test_add_func ("/still-picture/too-large", test_too_large);
  g_test_add_func ("/still-picture/unsupported", test_unsupported);
  g_test_add_func ("/still-picture/cancelled", test_cancelled);
  return g_test_run ();
}
