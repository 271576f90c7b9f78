/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "fragmenter-rig.h"

#define MS GST_MSECOND

/* --- cuts --- */

typedef struct
{
  const char *name;
  int fps_n, fps_d;
  guint gop, n;
} Rate;

static const Rate rates[] = {
  { "25fps-gop25", 25, 1, 25, 200 },      { "25fps-gop50", 25, 1, 50, 200 },
  { "25fps-gop26", 25, 1, 26, 400 },      { "25fps-gop-10s", 25, 1, 250, 800 },
  { "25fps-gop1", 25, 1, 1, 200 },        { "25fps-gop10", 25, 1, 10, 200 },
  { "60fps-gop30", 60, 1, 30, 600 },      { "60fps-gop70", 60, 1, 70, 600 },
  { "ntsc-gop60", 30000, 1001, 60, 300 }, { "5s-a-frame-gop1", 1, 5, 1, 12 },
  { "5s-a-frame-gop4", 1, 5, 4, 12 },     { "one-frame", 25, 1, 1, 1 },
};

/* Every keyframe begins a fragment unless the GOP before it is under half a second. */
static void
check_cuts (Rig *rig, GstClockTime frame_ns)
{
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      guint64 start = read->tracks[0].tfdt, duration = read->tracks[0].end - start;
      g_assert_cmpuint (duration, <=,
                        POTOO_VIDEO_TIMESCALE + potoo_ticks_from_ns (frame_ns, 90000) + 1);
      for (guint k = 1; k < read_fragment_n_samples (read, 0); k++)
        {
          const ReadSample *sample = read_fragment_sample (read, 0, k);
          if (sample->key)
            {
              g_assert_true (potoo_fragment_is_key (rig_fragment (rig, i)));
              g_assert_cmpuint (sample->dts - start, <, POTOO_VIDEO_TIMESCALE / 2);
            }
        }
    }
}

static void
test_rate (gconstpointer data)
{
  const Rate *rate = data;
  g_autoptr (Rig) rig = rig_new ();
  GstClockTime frame = gst_util_uint64_scale (GST_SECOND, rate->fps_d, rate->fps_n);

  rig_set_caps (rig, 0, RIG_H264);
  for (guint i = 0; i < rate->n; i++)
    rig_push_video (rig, RIG_START + i * frame, i % rate->gop == 0);
  rig_finish_sane (rig);
  check_cuts (rig, frame);
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      for (guint k = 0; k < read_fragment_n_samples (read, 0); k++)
        g_assert_cmpint (read_fragment_sample (read, 0, k)->composition, ==, 0);
    }
}

static void
test_jitter (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  for (guint i = 0; i < 1000; i++)
    {
      GstClockTime pts = RIG_START + i * 40 * MS;
      if (i % 13 == 0)
        pts -= 40 * MS; /* a duplicate */
      else if (i % 17 == 0)
        pts -= 41 * MS; /* a little back */
      else
        pts += (GstClockTime) g_rand_int_range (rand, 0, 39000000);
      rig_push_video (rig, pts, i % 30 == 0);
    }
  rig_finish_whole (rig);
  g_assert_cmpuint (rig->fragments->len, >, 20);
}

static void
test_equal_times (void)
{
  g_autoptr (Rig) rig = rig_new ();
  int most = 0;

  rig->keep = FALSE;
  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  rig_push_audio (rig, RIG_START, GST_CLOCK_TIME_NONE);
  for (guint i = 0; i < 20000; i++)
    {
      rig_push_video (rig, RIG_START, i % 500 == 0);
      most = MAX (most, g_atomic_int_get (&rig->live_buffers));
    }
  g_assert_cmpint (most, <, 8 * 1024);
  potoo_fragmenter_flush (rig->fragmenter);
  g_assert_cmpint (rig_metric (rig, "potoo_fragment_frames_total"), ==, 20000);
}

static void
test_equal_times_whole (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  for (guint i = 0; i < 2500; i++)
    rig_push_video (rig, RIG_START, i == 0);
  rig_push_steady (rig, RIG_START + 40 * MS, 100, 25, FALSE);
  rig_finish_whole (rig);
}

static void
test_large_units (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GstCaps) caps = gst_caps_from_string (RIG_H264);

  rig->keep = FALSE;
  potoo_fragmenter_set_caps (rig->fragmenter, 0, caps);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 5 * 1024 * 1024, NULL);
      potoo_fragmenter_push (rig->fragmenter, 0, buffer, RIG_START + i * MS);
    }
  g_assert_cmpuint (rig->n_fragments, >=, 3);
}

/* --- B-frames --- */

/* Order of showing, in frames, of one mini-GOP after the keyframe. */
static const int simple[] = { 3, 1, 2 };
static const int pyramid[] = { 8, 4, 2, 1, 3, 6, 5, 7 };
static const int deep[] = { 16, 8, 4, 2, 1, 3, 6, 5, 7, 12, 10, 9, 11, 14, 13, 15 };

static GstClockTime
push_group (Rig *rig, GstClockTime from, const int *order, guint n, gboolean key)
{
  for (guint i = 0; i < n; i++)
    rig_push_video (rig, from + (GstClockTime) order[i] * 40 * MS, key && i == 0);
  return from + n * 40 * MS;
}

static void
push_reordered (Rig *rig, const int *order, guint n, gboolean open)
{
  GstClockTime at = RIG_START; /* the last picture shown so far */

  rig_push_video (rig, at, TRUE);
  for (guint gop = 0; gop < 12; gop++)
    {
      for (guint i = 0; i < 3 + gop % 3; i++)
        at = push_group (rig, at, order, n, FALSE);
      if (open)
        at = push_group (rig, at, order, n, TRUE); /* what follows the keyframe leads it */
      else
        rig_push_video (rig, at += 40 * MS, TRUE);
    }
}

#define TEST_ORDER(name, order, open)                                                              \
  static void name (void)                                                                          \
  {                                                                                                \
    g_autoptr (Rig) rig = rig_new ();                                                              \
    rig_set_caps (rig, 0, RIG_H264);                                                               \
    push_reordered (rig, order, G_N_ELEMENTS (order), open);                                       \
    rig_finish_sane (rig);                                                                         \
    g_assert_cmpuint (rig->fragments->len, >=, 5);                                                 \
  }

TEST_ORDER (test_b_frames, simple, FALSE)
TEST_ORDER (test_b_frames_open, simple, TRUE)
TEST_ORDER (test_b_pyramid, pyramid, FALSE)
TEST_ORDER (test_b_pyramid_open, pyramid, TRUE)
TEST_ORDER (test_b_deep, deep, FALSE)
TEST_ORDER (test_b_deep_open, deep, TRUE)

/* B-frames that appear only later, also right after a cut. */
static void
test_b_frames_later (void)
{
  for (guint first = 10; first < 60; first++)
    {
      g_autoptr (Rig) rig = rig_new ();
      rig_set_caps (rig, 0, RIG_H264);
      GstClockTime at = rig_push_steady (rig, RIG_START, first, 100, FALSE) - 40 * MS;
      for (guint i = 0; i < 20; i++)
        at = push_group (rig, at, simple, G_N_ELEMENTS (simple), FALSE);
      rig_push_steady (rig, at + 40 * MS, 40, 50, FALSE);
      rig_finish_sane (rig);
    }
}

/* It starts with an open GOP whose leading pictures refer to what was before. */
static void
test_leading_first (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  GstClockTime at = push_group (rig, RIG_START, pyramid, G_N_ELEMENTS (pyramid), TRUE);
  rig_push_steady (rig, at + 40 * MS, 40, 50, FALSE);
  rig_finish_sane (rig);
  g_autoptr (ReadFragment) read = rig_read (rig, 0);
  guint64 first_shown = potoo_ticks_from_ns (RIG_START + 40 * MS, POTOO_VIDEO_TIMESCALE);
  g_assert_cmpuint (first_shown - read->tracks[0].tfdt, <=, POTOO_VIDEO_TIMESCALE / 25 + 1);
}

/* --- audio --- */

static void
test_audio_interleaved (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  rig_push_steady (rig, RIG_START, 250, 25, TRUE);
  rig_finish_sane (rig);
  g_assert_cmpuint (rig->fragments->len, ==, 10);
  g_assert_cmpuint (rig->came[1]->len, ==, rig->units[1]->len);
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      GstClockTime start = potoo_fragment_get_start_ns (rig_fragment (rig, i));
      g_assert_true (read->tracks[1].present);
      g_assert_cmpuint (read->tracks[1].tfdt, >=, potoo_ticks_from_ns (start, 48000));
    }
  g_assert_cmpuint (rig->longest_wait_ns, <=, 80 * MS);
}

/* Audio comes 320 or 880 ms after its time: it still finds its fragment. 1200 ms: it goes into a
 * later one, at its own time, but not before the first picture of a key fragment, where a file may
 * start. */
static void
test_audio_behind (void)
{
  static const guint delays[] = { 8, 22, 30 };

  for (guint d = 0; d < G_N_ELEMENTS (delays); d++)
    {
      g_autoptr (Rig) rig = rig_new ();
      rig_set_caps (rig, 0, RIG_H264);
      rig_set_caps (rig, 1, RIG_OPUS);
      for (guint i = 0; i < 250; i++)
        {
          rig_push_video (rig, RIG_START + i * 40 * MS, i % 100 == 0);
          for (guint k = 0; i >= delays[d] && k < 2; k++)
            rig_push_audio (rig, RIG_START + ((i - delays[d]) * 40 + k * 20) * MS, 20 * MS);
        }
      rig_finish_sane (rig);
      g_assert_cmpuint (rig->longest_wait_ns, <=, 1080 * MS);
      g_autoptr (ReadFragment) read = rig_read (rig, 1);
      GstClockTime start = potoo_fragment_get_start_ns (rig_fragment (rig, 1));
      if (delays[d] < 25)
        {
          g_assert_cmpuint (rig->came[1]->len, ==, rig->units[1]->len);
          g_assert_cmpuint (read->tracks[1].tfdt, >=, potoo_ticks_from_ns (start, 48000));
        }
      else
        g_assert_cmpuint (potoo_fragment_get_origin_ns (rig_fragment (rig, 1)), <, start);
      for (guint i = 0; i < rig->fragments->len; i++)
        if (potoo_fragment_is_key (rig_fragment (rig, i)))
          g_assert_cmpuint (potoo_fragment_get_origin_ns (rig_fragment (rig, i)), ==,
                            potoo_fragment_get_start_ns (rig_fragment (rig, i)));
    }
}

/* At the end of a run the last sound lasts as long as the picture, unless there is none any more.
 */
static void
test_audio_ends_with_video (void)
{
  static const struct
  {
    guint missing; /* access units of 20 ms at the end */
    gboolean stretched;
  } cases[] = { { 1, TRUE }, { 10, TRUE }, { 20, FALSE } };

  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      g_autoptr (Rig) rig = rig_new ();
      rig_set_caps (rig, 0, RIG_H264);
      rig_set_caps (rig, 1, RIG_OPUS);
      for (guint i = 0; i < 100; i++)
        {
          rig_push_video (rig, RIG_START + i * 40 * MS, i % 50 == 0);
          for (guint k = 2 * i; k < 2 * i + 2 && k + cases[c].missing < 200; k++)
            rig_push_audio (rig, RIG_START + k * 20 * MS, 20 * MS);
        }
      rig_finish_sane (rig);
      guint last = rig->fragments->len - 1;
      g_autoptr (ReadFragment) read = rig_read (rig, last);
      guint64 end = potoo_ticks_from_ns (potoo_fragment_get_end_ns (rig_fragment (rig, last)),
                                         48000);
      g_assert_true (read->tracks[1].present);
      if (cases[c].stretched)
        g_assert_cmpuint (read->tracks[1].end, ==, end);
      else
        g_assert_cmpuint (read->tracks[1].end + 48000 / 4, <, end);
    }
}

static void
test_audio_silent (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  GstClockTime at = rig_push_steady (rig, RIG_START, 100, 50, FALSE);
  g_assert_cmpuint (rig->longest_wait_ns, <=, 1080 * MS);
  at = rig_push_steady (rig, at, 100, 50, TRUE);
  at = rig_push_steady (rig, at, 100, 50, FALSE);
  rig_push_steady (rig, at, 100, 50, TRUE);
  rig_finish_sane (rig);
  g_assert_cmpuint (rig->longest_wait_ns, <=, 1080 * MS);
  g_assert_cmpuint (rig->came[1]->len, ==, rig->units[1]->len);
  /* The declared track is in every init from the start. */
  g_assert_true (potoo_fragment_get_init (rig_fragment (rig, 0)) ==
                 potoo_fragment_get_init (rig_fragment (rig, 12)));
}

static void
test_audio_appears (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  GstClockTime at = rig_push_steady (rig, RIG_START, 60, 50, FALSE);
  rig_set_caps (rig, 1, RIG_AAC);
  for (guint i = 10; i < 100; i++, at += 40 * MS)
    {
      rig_push_audio (rig, at, 20 * MS);
      rig_push_audio (rig, at + 20 * MS, 20 * MS);
      rig_push_video (rig, at, i % 50 == 0);
    }
  rig_finish_sane (rig);
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      PotooInit *init = potoo_fragment_get_init (rig_fragment (rig, i));
      gboolean later = potoo_fragment_get_start_ns (rig_fragment (rig, i)) >= RIG_START + 3900 * MS;
      g_assert_cmpuint (potoo_init_get_n_tracks (init), ==, later ? 2 : 1);
      g_assert_cmpint (read->tracks[1].present, ==, later);
    }
  g_assert_false (potoo_fragment_is_discontinuous (rig->fragments->pdata[rig->fragments->len - 1]));
}

static void
test_audio_caps_change (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  GstClockTime at = rig_push_steady (rig, RIG_START, 100, 50, TRUE);
  rig_set_caps (rig, 1, RIG_AAC_16K);
  rig_push_steady (rig, at, 100, 50, TRUE);
  rig_finish_sane (rig);
  PotooInit *first = potoo_fragment_get_init (rig_fragment (rig, 0));
  PotooInit *last = potoo_fragment_get_init (rig->fragments->pdata[rig->fragments->len - 1]);
  g_assert_cmpuint (potoo_init_get_track (first, 1)->timescale, ==, 48000);
  g_assert_cmpuint (potoo_init_get_track (last, 1)->timescale, ==, 16000);
  g_autoptr (ReadFragment) read = rig_read (rig, rig->fragments->len - 2);
  g_assert_true (read->tracks[1].present);
}

/* Caps that say the same in other words, or change back, must not silence audio. */
static void
test_audio_caps_benign (void)
{
  static const char *const other[] = { RIG_AAC_FRAMED, RIG_AAC_16K };

  for (guint k = 0; k < G_N_ELEMENTS (other); k++)
    {
      g_autoptr (Rig) rig = rig_new ();
      rig_set_caps (rig, 0, RIG_H264);
      rig_set_caps (rig, 1, RIG_AAC);
      GstClockTime at = rig_push_steady (rig, RIG_START, 100, 50, TRUE);
      rig_set_caps (rig, 1, other[k]);
      rig_set_caps (rig, 1, k == 0 ? RIG_AAC_FRAMED : RIG_AAC);
      rig_push_steady (rig, at, 150, 50, TRUE);
      rig_finish_sane (rig);
      guint n = rig->fragments->len;
      g_assert_true (potoo_fragment_get_init (rig_fragment (rig, 0)) ==
                     potoo_fragment_get_init (rig_fragment (rig, n - 1)));
      for (guint i = n - 4; i < n; i++)
        {
          g_autoptr (ReadFragment) read = rig_read (rig, i);
          g_assert_true (read->tracks[1].present);
        }
    }
}

/* --- video caps --- */

static void
test_video_caps_change (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  GstClockTime at = rig_push_steady (rig, RIG_START, 55, 50, TRUE); /* 0.2 s into a GOP */
  rig_set_caps (rig, 0, RIG_H264_LARGE);
  at = rig_push_steady (rig, at, 5, 50, TRUE);
  rig_set_caps (rig, 0, RIG_H264);
  rig_push_steady (rig, at, 55, 50, TRUE);
  rig_finish_sane (rig); /* checks each frame against the width of its init */
  g_assert_cmpuint (rig->came[0]->len, ==, 115);
}

static void
test_video_caps_benign (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  GstClockTime at = rig_push_steady (rig, RIG_START, 60, 50, FALSE);
  rig_set_caps (rig, 0, RIG_H264_50);
  rig_push_steady (rig, at, 100, 50, FALSE);
  rig_finish_sane (rig);
  for (guint i = 1; i < rig->fragments->len; i++)
    g_assert_true (potoo_fragment_get_init (rig_fragment (rig, i)) ==
                   potoo_fragment_get_init (rig_fragment (rig, 0)));
}

static gboolean
takes (Rig *rig, guint track, const char *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  return potoo_fragmenter_set_caps (rig->fragmenter, track, caps);
}

static void
test_caps_refused (void)
{
  g_autoptr (Rig) rig = rig_new ();

  g_assert_false (takes (rig, 0, "video/x-h264,stream-format=byte-stream,width=16,height=16"));
  g_assert_false (takes (rig, 0, "video/x-h264,stream-format=avc,width=16,height=16"));
  g_assert_false (takes (rig, 0, RIG_AAC));
  g_assert_false (takes (rig, 1, RIG_H264));
  g_assert_false (takes (rig, 1, "audio/x-mulaw,rate=8000,channels=1"));
  g_assert_false (takes (rig, 0, "ANY"));
  g_assert_false (takes (rig, 0, "EMPTY"));
  rig_push_video (rig, RIG_START, TRUE);
  rig_finish (rig);
  g_assert_cmpuint (rig->fragments->len, ==, 0);
}

/* --- runs --- */

static void
test_before_keyframe (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  for (guint i = 0; i < 10; i++)
    rig_push_video (rig, RIG_START + i * 40 * MS, FALSE);
  rig_push_steady (rig, RIG_START + 400 * MS, 50, 25, FALSE);
  rig_finish (rig);
  g_assert_cmpuint (rig->came[0]->len, ==, 50);
  g_assert_cmpint (rig_metric (rig, "potoo_frames_before_keyframe_total"), ==, 10);
}

static void
test_flush (void)
{
  g_autoptr (Rig) rig = rig_new ();

  potoo_fragmenter_flush (rig->fragmenter);
  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  GstClockTime at = rig_push_steady (rig, RIG_START, 60, 50, TRUE);
  potoo_fragmenter_flush (rig->fragmenter);
  potoo_fragmenter_flush (rig->fragmenter);
  guint n = rig->fragments->len;
  rig_set_caps (rig, 0, RIG_H264);
  rig_push_steady (rig, at + GST_SECOND, 60, 50, FALSE);
  rig_finish_sane (rig);
  g_assert_cmpuint (n, ==, 3);
  for (guint i = 0; i < rig->fragments->len; i++)
    g_assert_cmpint (potoo_fragment_is_discontinuous (rig_fragment (rig, i)), ==, i == 0 || i == n);
  g_assert_cmpuint (potoo_init_get_n_tracks (potoo_fragment_get_init (rig_fragment (rig, n))), ==,
                    1);
}

/* A camera begins with what it still has: two recordings do not overlap for that. */
static void
test_overlap (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  GstClockTime at = rig_push_steady (rig, RIG_START, 100, 50, FALSE);
  potoo_fragmenter_flush (rig->fragmenter);
  guint n = rig->fragments->len;
  rig_set_caps (rig, 0, RIG_H264);
  rig_push_steady (rig, at - 3 * GST_SECOND / 2, 100, 50, FALSE);
  rig_finish_sane (rig);
  for (guint i = 1; i < rig->fragments->len; i++)
    g_assert_cmpint (potoo_fragment_get_wall_start_us (rig_fragment (rig, i)), ==,
                     potoo_fragment_get_wall_end_us (rig_fragment (rig, i - 1)));
  g_assert_true (potoo_fragment_is_discontinuous (rig_fragment (rig, n)));
}

static guint
count_discontinuous (Rig *rig)
{
  guint n = 0;
  for (guint i = 0; i < rig->fragments->len; i++)
    n += potoo_fragment_is_discontinuous (rig_fragment (rig, i)) ? 1 : 0;
  return n;
}

static void
test_time_jumps (void)
{
  static const gint64 jumps_ms[] = { 6100, 12000, 3600000, -4000, -3600000 };

  for (guint k = 0; k < G_N_ELEMENTS (jumps_ms); k++)
    {
      g_autoptr (Rig) rig = rig_new ();
      rig_set_caps (rig, 0, RIG_H264);
      rig_set_caps (rig, 1, RIG_AAC);
      GstClockTime at = rig_push_steady (rig, RIG_START, 110, 50, TRUE);
      at += (GstClockTime) (jumps_ms[k] * (gint64) MS);
      rig_push_steady (rig, at, 110, 50, TRUE);
      rig_finish_whole (rig);
      g_assert_cmpuint (count_discontinuous (rig), ==, 2);
      g_assert_cmpint (rig_metric (rig, "potoo_timestamps_repaired_total"), ==, 1);
      /* The sound comes along, at most a second late. */
      g_assert_cmpuint (rig->came[1]->len, >=, rig->units[1]->len - 60);
    }
}

/* What is shorter than silence may be is a pause: the last picture stands. */
static void
test_pause (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  GstClockTime at = rig_push_steady (rig, RIG_START, 110, 50, FALSE);
  rig_push_steady (rig, at + 5900 * MS, 110, 50, FALSE);
  rig_finish_whole (rig);
  g_assert_cmpuint (count_discontinuous (rig), ==, 1);
}

/* A picture each nine seconds: at first that is a hole, then it is how the camera is. */
static void
test_slow_camera (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  for (guint i = 0; i < 20; i++)
    rig_push_video (rig, RIG_START + i * 9 * GST_SECOND, i % 2 == 0);
  rig_finish (rig);
  g_assert_cmpuint (count_discontinuous (rig), ==, 2);
  g_assert_cmpint (rig_metric (rig, "potoo_fragment_frames_total"), ==, 19);
}

/* Each step back is small, and so would the sum be large. */
static void
test_time_creeps_back (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  for (guint i = 0; i < 3000; i++)
    rig_push_video (rig, RIG_START - i * 2 * GST_SECOND, TRUE);
  rig_finish_whole (rig);
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      g_autoptr (ReadFragment) read = rig_read (rig, i);
      for (guint k = 0; k < read_fragment_n_samples (read, 0); k++)
        g_assert_cmpint (ABS (read_fragment_sample (read, 0, k)->composition), <,
                         10 * POTOO_VIDEO_TIMESCALE);
    }
}

static void
test_unusable_units (void)
{
  g_autoptr (Rig) rig = rig_new ();
  g_autoptr (GstBuffer) empty = gst_buffer_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC);
  rig_push_video (rig, GST_CLOCK_TIME_NONE, TRUE);
  potoo_fragmenter_push (rig->fragmenter, 0, empty, RIG_START);
  potoo_fragmenter_push (rig->fragmenter, 2, empty, RIG_START); /* a track without caps */
  rig_push_audio (rig, GST_CLOCK_TIME_NONE, 0);
  rig_push_audio (rig, GST_CLOCK_TIME_NONE, 0);
  rig_push_steady (rig, RIG_START, 50, 25, TRUE);
  potoo_fragmenter_flush (rig->fragmenter);
  g_assert_cmpint (rig_metric (rig, "potoo_timestamps_repaired_total"), ==, 2);
  g_assert_cmpint (rig_metric (rig, "potoo_audio_dropped_total"), ==, 3);
  g_assert_cmpint (rig_metric (rig, "potoo_fragment_frames_total"), ==, 50);
}

/* --- headers and clocks --- */

static void
test_origin (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_AAC_16K);
  rig_push_steady (rig, RIG_START, 200, 50, TRUE);
  rig_finish_sane (rig);
  GstClockTime origin = potoo_fragment_get_origin_ns (rig_fragment (rig, 0));
  guint64 end = 0;
  for (guint i = 0; i < rig->fragments->len; i++)
    {
      PotooFragment *fragment = rig_fragment (rig, i);
      g_autoptr (ReadFragment) read = read_fragment (fragment, origin);
      g_autoptr (ReadFragment) raw = read_fragment (fragment, 0);
      g_autoptr (ReadFragment)
          own = read_fragment (fragment, potoo_fragment_get_origin_ns (fragment));
      g_autoptr (ReadFragment) beyond = read_fragment (fragment, GST_CLOCK_TIME_NONE - 1);
      if (i == 0) /* audio comes first, by half a tick of its own */
        g_assert_cmpuint (end = read->tracks[0].tfdt, <=, POTOO_VIDEO_TIMESCALE / 16000);
      g_assert_cmpuint (read->tracks[0].tfdt, ==, end);
      g_assert_cmpuint (raw->tracks[1].tfdt - read->tracks[1].tfdt, ==,
                        potoo_ticks_from_ns (origin, 16000));
      g_assert_cmpuint (raw->prft_ticks - read->prft_ticks, ==,
                        potoo_ticks_from_ns (origin, POTOO_VIDEO_TIMESCALE));
      g_assert_cmpuint (raw->prft_ntp, ==, read->prft_ntp);
      g_assert_cmpuint (MIN (own->tracks[0].tfdt, own->tracks[1].tfdt), ==, 0);
      g_assert_cmpuint (beyond->tracks[0].tfdt + beyond->tracks[1].tfdt, ==, 0);
      end = read->tracks[0].end;
    }
  g_assert_cmpuint (end / 10, ==, 8 * POTOO_VIDEO_TIMESCALE / 10);
}

static gboolean
stop_at_second (const guint8 *data, gsize size, gpointer user_data)
{
  return ++*(guint *) user_data < 2;
}

static void
test_payload_stops (void)
{
  g_autoptr (Rig) rig = rig_new ();
  guint calls = 0;

  rig_set_caps (rig, 0, RIG_H264);
  rig_push_steady (rig, RIG_START, 10, 50, FALSE);
  rig_finish_sane (rig);
  g_assert_false (potoo_fragment_foreach_payload (rig_fragment (rig, 0), stop_at_second, &calls));
  g_assert_cmpuint (calls, ==, 2);
}

static void
set_clock_offset (gint64 offset_us)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, offset_us);
  g_assert_true (g_file_set_contents (g_getenv ("POTOO_TEST_CLOCK"), text, -1, NULL));
  g_usleep (60000); /* it is read every 50 ms */
}

/* A step in mid-GOP shows from the next keyframe on, as a new run; no frame is lost. */
static void
test_clock_step (void)
{
  static const gint64 steps_us[] = { 3600 * POTOO_SECOND_US, -20 * POTOO_SECOND_US, 200000 };

  for (guint k = 0; k < G_N_ELEMENTS (steps_us); k++)
    {
      g_autoptr (Rig) rig = rig_new ();
      gboolean large = ABS (steps_us[k]) >= 500000;
      set_clock_offset (0);
      rig_set_caps (rig, 0, RIG_H264);
      GstClockTime at = rig_push_steady (rig, RIG_START, 120, 50, FALSE);
      set_clock_offset (steps_us[k]);
      for (guint i = 20; i < 120; i++, at += 40 * MS)
        rig_push_video (rig, at + (i < 50 ? 0 : 23 * MS), i % 50 == 0);
      rig_finish_sane (rig);
      g_assert_cmpuint (count_discontinuous (rig), ==, large ? 2 : 1);
      PotooFragment *first = rig_fragment (rig, 0);
      PotooFragment *last = rig_fragment (rig, rig->fragments->len - 1);
      gint64 media_us = (gint64) ((potoo_fragment_get_end_ns (last) -
                                   potoo_fragment_get_start_ns (first)) /
                                  1000);
      gint64 wall_us = potoo_fragment_get_wall_end_us (last) -
                       potoo_fragment_get_wall_start_us (first);
      g_assert_cmpint (ABS (wall_us - media_us - steps_us[k]), <, 20000);
      for (guint i = 1; i < rig->fragments->len; i++)
        if (potoo_fragment_is_discontinuous (rig_fragment (rig, i)))
          g_assert_cmpuint (potoo_fragment_get_start_ns (rig_fragment (rig, i)), ==,
                            potoo_fragment_get_end_ns (rig_fragment (rig, i - 1)));
    }
  set_clock_offset (0);
}

static void
test_wall_is_now (void)
{
  g_autoptr (Rig) rig = rig_new ();
  GstClockTime now = (GstClockTime) potoo_clock_mono_us () * 1000;
  gint64 wall = potoo_clock_wall_us ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_push_steady (rig, now, 50, 25, FALSE);
  rig_finish_sane (rig);
  g_assert_cmpint (ABS (potoo_fragment_get_wall_start_us (rig_fragment (rig, 0)) - wall), <, 20000);
}

/* --- threads --- */

static gpointer
push_audio_thread (gpointer user_data)
{
  Rig *rig = user_data;
  for (guint i = 0; i < 4000; i++)
    rig_push_audio (rig, RIG_START + i * 20 * MS, 20 * MS);
  return NULL;
}

static gpointer
set_caps_thread (gpointer user_data)
{
  Rig *rig = user_data;
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GstCaps) caps = gst_caps_from_string (i % 2 == 0 ? RIG_H264 : RIG_H264_50);
      potoo_fragmenter_set_caps (rig->fragmenter, 0, caps);
      g_usleep (100);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (Rig) rig = rig_new ();

  rig_set_caps (rig, 0, RIG_H264);
  rig_set_caps (rig, 1, RIG_OPUS);
  GThread *audio = g_thread_new ("audio", push_audio_thread, rig);
  GThread *caps = g_thread_new ("caps", set_caps_thread, rig);
  rig_push_steady (rig, RIG_START, 2000, 50, FALSE);
  g_thread_join (audio);
  g_thread_join (caps);
  rig_finish_whole (rig);
}

/* --- hostile mixtures --- */

static GstClockTime
wander (GRand *rand, GstClockTime at)
{
  switch (g_rand_int_range (rand, 0, 60))
    {
    case 0:
      return at + (GstClockTime) g_rand_int_range (rand, 0, 15000) * MS;
    case 1:
      return at - (GstClockTime) g_rand_int_range (rand, 0, 6000) * MS;
    case 2:
      return at - (GstClockTime) g_rand_int_range (rand, 0, 120) * MS;
    case 3:
      return at;
    default:
      return at + (GstClockTime) g_rand_int_range (rand, 1, 70) * MS;
    }
}

static void
act (Rig *rig, GRand *rand, GstClockTime *video, GstClockTime *audio)
{
  static const char *const video_caps[] = { RIG_H264, RIG_H264_50, RIG_H264_LARGE };
  static const char *const audio_caps[] = { RIG_AAC, RIG_AAC_16K, RIG_AAC_FRAMED };
  int choice = g_rand_int_range (rand, 0, 400);

  if (choice == 0)
    {
      potoo_fragmenter_flush (rig->fragmenter);
      rig_set_caps (rig, 0, video_caps[g_rand_int_range (rand, 0, 3)]);
      rig_set_caps (rig, 1, audio_caps[g_rand_int_range (rand, 0, 3)]);
    }
  else if (choice == 1)
    rig_set_caps (rig, 1, audio_caps[g_rand_int_range (rand, 0, 3)]);
  else if (choice == 2)
    *audio = *video;
  else if (choice < 200)
    rig_push_audio (rig, *audio = wander (rand, *audio),
                    (GstClockTime) g_rand_int_range (rand, 0, 1500) * MS);
  else
    {
      gboolean key = g_rand_int_range (rand, 0, 30) == 0;
      if (key && g_rand_int_range (rand, 0, 4) == 0)
        rig_set_caps (rig, 0, video_caps[g_rand_int_range (rand, 0, 3)]);
      rig_push_video (rig, *video = wander (rand, *video), key);
    }
}

static void
test_random (void)
{
  for (guint32 seed = 1; seed <= 150; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      g_autoptr (Rig) rig = rig_new ();
      GstClockTime video = RIG_START, audio = RIG_START;
      g_test_message ("seed %u", seed);
      rig_set_caps (rig, 0, RIG_H264);
      if (seed % 3 != 0)
        rig_set_caps (rig, 1, RIG_AAC);
      else
        rig->rate = 48000;
      for (guint i = 0; i < 1500; i++)
        act (rig, rand, &video, &audio);
      rig_finish (rig);
      g_assert_cmpint (rig->units[0]->len - rig->came[0]->len, ==,
                       rig_metric (rig, "potoo_frames_before_keyframe_total"));
    }
}

int
main (int argc, char **argv)
{
  g_autofree char *clock = g_strdup_printf ("%s/potoo-test-fragmenter-%d", g_get_tmp_dir (),
                                            (int) getpid ());

  g_setenv ("POTOO_TEST_CLOCK", clock, TRUE);
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autofree char *path = g_strdup_printf ("/fragmenter/rate/%s", rates[i].name);
      g_test_add_data_func (path, &rates[i], test_rate);
    }
  g_test_add_func ("/fragmenter/jitter", test_jitter);
  g_test_add_func ("/fragmenter/equal-times/bounded", test_equal_times);
  g_test_add_func ("/fragmenter/equal-times/whole", test_equal_times_whole);
  g_test_add_func ("/fragmenter/large-units", test_large_units);
  g_test_add_func ("/fragmenter/b-frames/simple", test_b_frames);
  g_test_add_func ("/fragmenter/b-frames/open", test_b_frames_open);
  g_test_add_func ("/fragmenter/b-frames/pyramid", test_b_pyramid);
  g_test_add_func ("/fragmenter/b-frames/pyramid-open", test_b_pyramid_open);
  g_test_add_func ("/fragmenter/b-frames/deep", test_b_deep);
  g_test_add_func ("/fragmenter/b-frames/deep-open", test_b_deep_open);
  g_test_add_func ("/fragmenter/b-frames/later", test_b_frames_later);
  g_test_add_func ("/fragmenter/b-frames/leading-first", test_leading_first);
  g_test_add_func ("/fragmenter/audio/interleaved", test_audio_interleaved);
  g_test_add_func ("/fragmenter/audio/behind", test_audio_behind);
  g_test_add_func ("/fragmenter/audio/ends-with-video", test_audio_ends_with_video);
  g_test_add_func ("/fragmenter/audio/silent", test_audio_silent);
  g_test_add_func ("/fragmenter/audio/appears", test_audio_appears);
  g_test_add_func ("/fragmenter/audio/caps-change", test_audio_caps_change);
  g_test_add_func ("/fragmenter/audio/caps-benign", test_audio_caps_benign);
  g_test_add_func ("/fragmenter/video/caps-change", test_video_caps_change);
  g_test_add_func ("/fragmenter/video/caps-benign", test_video_caps_benign);
  g_test_add_func ("/fragmenter/caps-refused", test_caps_refused);
  g_test_add_func ("/fragmenter/before-keyframe", test_before_keyframe);
  g_test_add_func ("/fragmenter/flush", test_flush);
  g_test_add_func ("/fragmenter/overlap", test_overlap);
  g_test_add_func ("/fragmenter/time/jumps", test_time_jumps);
  g_test_add_func ("/fragmenter/time/pause", test_pause);
  g_test_add_func ("/fragmenter/time/slow-camera", test_slow_camera);
  g_test_add_func ("/fragmenter/time/creeps-back", test_time_creeps_back);
  g_test_add_func ("/fragmenter/unusable-units", test_unusable_units);
  g_test_add_func ("/fragmenter/origin", test_origin);
  g_test_add_func ("/fragmenter/payload-stops", test_payload_stops);
  g_test_add_func ("/fragmenter/clock-step", test_clock_step);
  g_test_add_func ("/fragmenter/wall-is-now", test_wall_is_now);
  g_test_add_func ("/fragmenter/threads", test_threads);
  g_test_add_func ("/fragmenter/random", test_random);
  int status = g_test_run ();
  unlink (clock);
  return status;
}
