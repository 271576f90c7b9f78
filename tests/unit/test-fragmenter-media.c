/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Real encoders' access units go through the fragmenter into a file that must be
 * read the same by this program, by ffmpeg and by GStreamer: each picture once, at
 * the time the encoder gave it, audio and video in step, whole without a complaint. */

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <stdio.h>
#include <string.h>

#include "fragment-reader.h"
#include "media/potoo-fragmenter.h"

/* Running times are those of a machine that has been up for a while. */
#define UPTIME_NS (5000 * GST_SECOND + 123456789)

/* Audio that wanders by less is put one after the other. */
#define AUDIO_TOLERANCE (10 * GST_MSECOND)

typedef struct
{
  GstSample *sample;
  GstClockTime pts_ns; /* running time, of a run that starts at UPTIME_NS */
} Input;

typedef struct
{
  GArray *tracks[2]; /* Input */
  GPtrArray *fragments;
  char *path;
  GstClockTime origin_ns, duration_ns;
} Fixture;

static void
clear_input (Input *input)
{
  g_clear_pointer (&input->sample, gst_sample_unref);
}

static void
pull_all (GstElement *pipeline, const char *name, GArray *inputs)
{
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstSample *sample;

  while (sink != NULL && (sample = gst_app_sink_pull_sample (GST_APP_SINK (sink))) != NULL)
    {
      GstClockTime pts = GST_BUFFER_PTS (gst_sample_get_buffer (sample));
      pts = gst_segment_to_running_time (gst_sample_get_segment (sample), GST_FORMAT_TIME, pts);
      Input input = { sample, pts + UPTIME_NS };
      g_assert_true (GST_CLOCK_TIME_IS_VALID (pts));
      g_array_append_val (inputs, input);
    }
}

static void
encode (Fixture *f, const char *description)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  for (guint i = 0; i < 2; i++)
    {
      f->tracks[i] = g_array_new (FALSE, FALSE, sizeof (Input));
      g_array_set_clear_func (f->tracks[i], (GDestroyNotify) clear_input);
    }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  pull_all (pipeline, "v", f->tracks[0]);
  pull_all (pipeline, "a", f->tracks[1]);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_cmpuint (f->tracks[0]->len, >, 0);
}

static void
collect (PotooFragment *fragment, gpointer user_data)
{
  g_ptr_array_add (user_data, potoo_fragment_ref (fragment));
}

static void
push (PotooFragmenter *fragmenter, guint track, const Input *input)
{
  g_assert_true (
      potoo_fragmenter_set_caps (fragmenter, track, gst_sample_get_caps (input->sample)));
  potoo_fragmenter_push (fragmenter, track, gst_sample_get_buffer (input->sample), input->pts_ns);
}

/* Audio and video come together as they do from a camera. */
static void
fragment_inputs (Fixture *f)
{
  f->fragments = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_unref);
  g_autoptr (PotooFragmenter)
      fragmenter = potoo_fragmenter_new ("media", "main", collect, f->fragments, NULL);
  guint a = 0;

  if (f->tracks[1]->len > 0)
    g_assert_true (potoo_fragmenter_set_caps (
        fragmenter, 1, gst_sample_get_caps (g_array_index (f->tracks[1], Input, 0).sample)));
  for (guint v = 0; v < f->tracks[0]->len; v++)
    {
      const Input *video = &g_array_index (f->tracks[0], Input, v);
      for (; a < f->tracks[1]->len && g_array_index (f->tracks[1], Input, a).pts_ns < video->pts_ns;
           a++)
        push (fragmenter, 1, &g_array_index (f->tracks[1], Input, a));
      push (fragmenter, 0, video);
    }
  potoo_fragmenter_flush (fragmenter);
}

/* One file as the writer makes it: times from 0, duration in `mehd`. */
static void
write_file (Fixture *f)
{
  PotooFragment *first = f->fragments->pdata[0];
  PotooFragment *last = f->fragments->pdata[f->fragments->len - 1];
  PotooInit *init = potoo_fragment_get_init (first);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize size;

  f->origin_ns = potoo_fragment_get_origin_ns (first);
  f->duration_ns = potoo_fragment_get_end_ns (last) - f->origin_ns;
  const guint8 *data = g_bytes_get_data (potoo_init_get_bytes (init), &size);
  g_byte_array_append (file, data, (guint) size);
  GST_WRITE_UINT64_BE (file->data + potoo_init_get_mehd_offset (init),
                       potoo_ticks_from_ns (f->duration_ns, POTOO_VIDEO_TIMESCALE));
  for (guint i = 0; i < f->fragments->len; i++)
    {
      PotooFragment *fragment = f->fragments->pdata[i];
      g_autoptr (GByteArray) bytes = fragment_to_bytes (fragment, f->origin_ns);
      g_assert_true (potoo_fragment_get_init (fragment) == init);
      g_byte_array_append (file, bytes->data, bytes->len);
    }
  f->path = g_strdup_printf ("%s/potoo-media-%d.mp4", g_get_tmp_dir (), (int) getpid ());
  g_file_set_contents (f->path, (const char *) file->data, file->len, &error);
  g_assert_no_error (error);
}

static char *
run (const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  g_autofree char *errors = NULL;
  int status;
  va_list args;

  va_start (args, format);
  g_autofree char *command = g_strdup_vprintf (format, args);
  va_end (args);
  g_spawn_command_line_sync (command, &output, &errors, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (errors, ==, "");
  g_assert_cmpint (status, ==, 0);
  return output;
}

static GstClockTime
input_time (Fixture *f, guint track, guint i)
{
  return g_array_index (f->tracks[track], Input, i).pts_ns - f->origin_ns;
}

static void
assert_near (GstClockTime a, GstClockTime b, GstClockTime tolerance, const char *who, guint i)
{
  GstClockTimeDiff diff = GST_CLOCK_DIFF (a, b);
  if ((GstClockTime) ABS (diff) > tolerance)
    g_error ("%s: sample %u is at %.6f s and not %.6f s", who, i, (double) b / 1e9,
             (double) a / 1e9);
}

/* ffmpeg's view: every packet at the encoder's time; not one complaint when decoding. */
static void
check_with_ffmpeg (Fixture *f)
{
  for (guint track = 0; track < 2 && f->tracks[track]->len > 0; track++)
    {
      g_autofree char *text = run (
          "ffprobe -v error -select_streams %u -show_entries packet=pts_time -of csv=p=0 %s", track,
          f->path);
      g_auto (GStrv) lines = g_strsplit_set (g_strstrip (text), "\n", -1);
      g_assert_cmpuint (g_strv_length (lines), ==, f->tracks[track]->len);
      for (guint i = 0; lines[i] != NULL; i++)
        assert_near (input_time (f, track, i),
                     (GstClockTime) (g_ascii_strtod (lines[i], NULL) * 1e9),
                     track == 0 ? GST_MSECOND : AUDIO_TOLERANCE,
                     track == 0 ? "ffmpeg video" : "ffmpeg audio", i);
    }
  g_autofree char *count = run ("ffprobe -v error -count_frames -select_streams 0 "
                                "-show_entries stream=nb_read_frames -of csv=p=0 %s",
                                f->path);
  g_assert_cmpuint (g_ascii_strtoull (count, NULL, 10), ==, f->tracks[0]->len);
  g_free (run ("ffmpeg -nostdin -v error -i %s -f null -", f->path));
}

static void
read_with_qtdemux (Fixture *f, guint track, GArray *inputs)
{
  g_autofree char *description = g_strdup_printf (
      "filesrc location=%s ! qtdemux name=d d.%s_0 ! appsink name=s sync=false", f->path,
      track == 0 ? "video" : "audio");
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, NULL);

  gst_object_ref_sink (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  pull_all (pipeline, "s", inputs);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
check_with_gstreamer (Fixture *f)
{
  for (guint track = 0; track < 2 && f->tracks[track]->len > 0; track++)
    {
      g_autoptr (GArray) inputs = g_array_new (FALSE, FALSE, sizeof (Input));
      g_array_set_clear_func (inputs, (GDestroyNotify) clear_input);
      read_with_qtdemux (f, track, inputs);
      g_assert_cmpuint (inputs->len, ==, f->tracks[track]->len);
      for (guint i = 0; i < inputs->len; i++)
        assert_near (input_time (f, track, i), g_array_index (inputs, Input, i).pts_ns - UPTIME_NS,
                     track == 0 ? GST_MSECOND : AUDIO_TOLERANCE,
                     track == 0 ? "qtdemux video" : "qtdemux audio", i);
    }
}

static void
check_with_discoverer (Fixture *f)
{
  g_autofree char *text = run ("gst-discoverer-1.0 %s", f->path);
  const char *line = strstr (text, "Duration: ");
  unsigned hours, minutes;
  double seconds;

  g_assert_nonnull (line);
  g_assert_cmpint (sscanf (line, "Duration: %u:%u:%lf", &hours, &minutes, &seconds), ==, 3);
  assert_near (f->duration_ns, (GstClockTime) ((hours * 3600 + minutes * 60 + seconds) * 1e9),
               GST_SECOND / 25, "discoverer", 0);
}

static void
test_media (gconstpointer description)
{
  Fixture f = { 0 };

  encode (&f, description);
  fragment_inputs (&f);
  write_file (&f);
  check_with_ffmpeg (&f);
  check_with_gstreamer (&f);
  check_with_discoverer (&f);
  g_remove (f.path);
  g_free (f.path);
  g_ptr_array_unref (f.fragments);
  g_array_unref (f.tracks[0]);
  g_array_unref (f.tracks[1]);
}

#define VIDEO                                                                                      \
  "videotestsrc num-buffers=130 pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! "
#define H264(options)                                                                              \
  VIDEO "x264enc speed-preset=ultrafast key-int-max=50 " options " ! h264parse ! "                 \
        "video/x-h264,stream-format=avc,alignment=au ! appsink name=v sync=false "
#define H265(options)                                                                              \
  VIDEO "x265enc speed-preset=ultrafast key-int-max=50 " options " ! h265parse ! "                 \
        "video/x-h265,stream-format=hvc1,alignment=au ! appsink name=v sync=false "
/* Starts 300 ms after video. */
#define AUDIO(count, rate, encoder)                                                                \
  "audiotestsrc num-buffers=" count " samplesperbuffer=960 timestamp-offset=300000000 ! "          \
  "audio/x-raw,rate=" rate ",channels=1 ! audioconvert ! " encoder " ! appsink name=a sync=false"
#define AAC                                                                                        \
  AUDIO ("230", "48000", "avenc_aac ! aacparse ! audio/mpeg,mpegversion=4,stream-format=raw")
#define AAC_16K                                                                                    \
  AUDIO ("75", "16000", "voaacenc ! aacparse ! audio/mpeg,mpegversion=4,stream-format=raw")
#define OPUS AUDIO ("230", "48000", "opusenc ! opusparse")

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/media/h264", H264 ("bframes=0"), test_media);
  g_test_add_data_func ("/media/h264-aac", H264 ("bframes=0") AAC, test_media);
  g_test_add_data_func ("/media/h264-aac-16k", H264 ("bframes=0") AAC_16K, test_media);
  g_test_add_data_func ("/media/h264-opus", H264 ("bframes=0") OPUS, test_media);
  g_test_add_data_func ("/media/h264-b-frames-aac",
                        H264 ("bframes=3 b-adapt=false b-pyramid=true") AAC, test_media);
  g_test_add_data_func ("/media/h264-b-frames-adaptive",
                        H264 ("bframes=3 b-adapt=true option-string=open-gop=1") AAC, test_media);
  g_test_add_data_func ("/media/h265-aac", H265 ("option-string=bframes=0") AAC, test_media);
  g_test_add_data_func ("/media/h265-b-frames", H265 ("option-string=bframes=4:open-gop=1") AAC,
                        test_media);
  return g_test_run ();
}
