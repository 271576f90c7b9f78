/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-rtp-clock.h"

#define RATE 90000
#define FRAME_TICKS 3600
#define FRAME ((gint64) (40 * GST_MSECOND))
#define START ((gint64) (1000 * GST_SECOND))
#define FIRST_RTP 0xfffff000u /* wraps after a picture */

/* A camera that makes a picture every 40 ms; `sent_ns` is when. */
typedef struct
{
  PotooRtpClock *clock;
  gint64 made;
  guint32 rtp_time;
  gint64 arrival_ns; /* never goes back: packets stay in order */
  GstClockTime stream_ns;
} Camera;

static void
camera_init (Camera *camera, PotooRtpClock *clock)
{
  *camera = (Camera){ .clock = clock, .rtp_time = FIRST_RTP };
}

static gint64
made_at (gint64 number)
{
  return START + number * FRAME;
}

/* Sends the next picture, which arrives @delay_ns after it was made. Returns by how much its time
 * is wrong. */
static gint64
send_picture (Camera *camera, gint64 delay_ns)
{
  gint64 made_ns = made_at (camera->made++);

  camera->arrival_ns = MAX (camera->arrival_ns, made_ns + delay_ns);
  camera->stream_ns = potoo_rtp_clock_observe (camera->clock, camera->rtp_time, TRUE,
                                               (GstClockTime) camera->arrival_ns);
  camera->rtp_time += FRAME_TICKS;
  return (gint64) potoo_rtp_clock_apply (camera->clock, camera->stream_ns) - made_ns;
}

static gint64
send_pictures (Camera *camera, guint n, gint64 delay_ns)
{
  gint64 error = 0;
  for (guint i = 0; i < n; i++)
    error = send_picture (camera, delay_ns);
  return error;
}

static void
test_even (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Camera camera;

  camera_init (&camera, clock);
  send_pictures (&camera, 10, GST_MSECOND);
  GstClockTime before = potoo_rtp_clock_apply (clock, camera.stream_ns);
  for (guint i = 0; i < 1000; i++)
    {
      send_picture (&camera, (1 + g_rand_int_range (random, 0, 30)) * (gint64) GST_MSECOND);
      GstClockTime now = potoo_rtp_clock_apply (clock, camera.stream_ns);
      g_assert_cmpint (ABS ((gint64) (now - before) - FRAME), <, GST_MSECOND);
      before = now;
    }
  g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 0);
}

/* The first picture waits in the camera until the connection stands. */
static void
test_first_is_late (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
  Camera camera;

  camera_init (&camera, clock);
  send_picture (&camera, 60 * (gint64) GST_MSECOND);
  GstClockTime first_ns = camera.stream_ns;
  g_assert_false (potoo_rtp_clock_is_settled (clock));
  send_pictures (&camera, 8, GST_MSECOND);
  g_assert_true (potoo_rtp_clock_is_settled (clock));
  g_assert_cmpint ((gint64) potoo_rtp_clock_apply (clock, first_ns), ==, START + GST_MSECOND);
}

/* What was kept somewhere comes at once: its time is when it was made. */
static void
test_pause (void)
{
  static const gint64 pauses_ms[] = { 500, 2000, 10000, 20000 };

  for (gsize i = 0; i < G_N_ELEMENTS (pauses_ms); i++)
    {
      g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
      gint64 pause_ns = pauses_ms[i] * (gint64) GST_MSECOND;
      Camera camera;

      camera_init (&camera, clock);
      send_pictures (&camera, 200, GST_MSECOND);
      camera.arrival_ns += pause_ns;
      for (gint64 n = 0; n < pause_ns / FRAME; n++)
        g_assert_cmpint (ABS (send_picture (&camera, 0)), <, 25 * GST_MSECOND);
      g_assert_cmpint (ABS (send_pictures (&camera, 500, GST_MSECOND)), <, 5 * GST_MSECOND);
      g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 0);
    }
}

/* 200 parts in a million, either way, for an hour. */
static void
test_drift (void)
{
  for (int sign = -1; sign <= 1; sign += 2)
    {
      g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
      gint64 worst = 0;
      guint32 rtp_time = 0;

      for (gint64 i = 0; i < 90000; i++)
        {
          gint64 arrival = START + i * (FRAME + sign * FRAME / 5000);
          GstClockTime stream = potoo_rtp_clock_observe (clock, rtp_time, TRUE,
                                                         (GstClockTime) arrival);
          worst = MAX (worst, ABS ((gint64) potoo_rtp_clock_apply (clock, stream) - arrival));
          rtp_time += FRAME_TICKS;
        }
      g_assert_cmpint (worst, <, 5 * GST_MSECOND);
      g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 0);
    }
}

static void
test_jumps (void)
{
  static const gint32 jumps[] = { 90000 * 60, -90000 * 60, -90000 * 2, G_MAXINT32,
                                  G_MININT32 + FRAME_TICKS };

  for (gsize i = 0; i < G_N_ELEMENTS (jumps); i++)
    {
      g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
      Camera camera;

      camera_init (&camera, clock);
      send_pictures (&camera, 100, GST_MSECOND);
      GstClockTime before = camera.stream_ns;
      camera.rtp_time += (guint32) jumps[i];
      g_assert_cmpint (ABS (send_picture (&camera, 2 * GST_MSECOND)), <, 5 * GST_MSECOND);
      g_assert_cmpuint (camera.stream_ns, >, before);
      g_assert_cmpint (ABS (send_pictures (&camera, 100, GST_MSECOND)), <, 5 * GST_MSECOND);
      g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 1);
    }
}

/* A camera whose time stands still while it sends nothing. */
static void
test_lost_time (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
  Camera camera;

  camera_init (&camera, clock);
  send_pictures (&camera, 100, GST_MSECOND);
  camera.made += 250;
  g_assert_cmpint (ABS (send_pictures (&camera, 25, GST_MSECOND)), >, 9 * GST_SECOND);
  g_assert_cmpint (ABS (send_pictures (&camera, 60 * 25, GST_MSECOND)), <, 5 * GST_MSECOND);
  g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 1);
}

/* Sound that pauses, and whose time stamps go on as if it had not. */
static void
test_sound_pauses (void)
{
  g_autoptr (PotooRtpClock) video = potoo_rtp_clock_new (NULL);
  g_autoptr (PotooRtpClock) audio = potoo_rtp_clock_new (video);
  Camera pictures, sound;

  camera_init (&pictures, video);
  camera_init (&sound, audio);
  for (guint i = 0; i < 200; i++)
    {
      send_picture (&pictures, GST_MSECOND);
      if (i == 50)
        sound.made += 100;
      if (i >= 50 && i < 150)
        continue;
      gint64 error = send_picture (&sound, GST_MSECOND);
      g_assert_cmpint (ABS (error), <, 5 * GST_MSECOND);
    }
  g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (audio), ==, 1);
}

/* What was held up on the way, with pictures or before them, keeps its time. */
static void
test_sound_is_held_up (void)
{
  gint64 pause_ns = 4 * (gint64) GST_SECOND;

  static const guint pictures_first[] = { 0, 1, 50, 100 };

  for (gsize n = 0; n < G_N_ELEMENTS (pictures_first); n++)
    {
      g_autoptr (PotooRtpClock) video = potoo_rtp_clock_new (NULL);
      g_autoptr (PotooRtpClock) audio = potoo_rtp_clock_new (video);
      Camera pictures, sound;

      camera_init (&pictures, video);
      camera_init (&sound, audio);
      send_pictures (&pictures, 100, GST_MSECOND);
      send_pictures (&sound, 100, GST_MSECOND);
      pictures.arrival_ns += pause_ns;
      sound.arrival_ns += pause_ns;
      send_pictures (&pictures, pictures_first[n], 0);
      for (guint i = 0; i < pause_ns / FRAME; i++)
        {
          gint64 error = send_picture (&sound, 0);
          g_assert_cmpint (ABS (error), <, 25 * GST_MSECOND);
        }
      g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (audio), ==, 0);
    }
}

/* A camera without a clock: all its pictures have the same time stamp. */
static void
test_stands_still (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
  GstClockTime before = 0;

  for (guint i = 0; i < 500; i++)
    {
      gint64 arrival = made_at (i) + (i % 3) * (gint64) GST_MSECOND;
      GstClockTime stream = potoo_rtp_clock_observe (clock, 7, TRUE, (GstClockTime) arrival);
      g_assert_cmpuint (stream, >, before);
      g_assert_cmpint (ABS ((gint64) potoo_rtp_clock_apply (clock, stream) - arrival), <,
                       5 * GST_MSECOND);
      g_assert_cmpuint (
          potoo_rtp_clock_observe (clock, 7, FALSE, (GstClockTime) arrival + GST_MSECOND), ==,
          stream);
      before = stream;
    }
  g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 499);
}

/* A marker on each slice of a picture makes no new picture of it. */
static void
test_many_markers (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);

  for (guint i = 0; i < 100; i++)
    for (guint slice = 0; slice < 4; slice++)
      potoo_rtp_clock_observe (clock, FIRST_RTP + i * FRAME_TICKS, TRUE,
                               (GstClockTime) made_at (i) + slice * GST_MSECOND);
  g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 0);
}

/* B-frames: pictures come in the order of decoding. */
static void
test_reordered (void)
{
  static const int order[] = { 0, 3, 1, 2 };
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
  GstClockTime stream[4] = { 0 };

  for (guint gop = 0; gop < 100; gop++)
    for (guint i = 0; i < 4; i++)
      {
        gint64 number = gop * 4 + order[i];
        gint64 sent = made_at (gop * 4 + i);
        stream[order[i]] = potoo_rtp_clock_observe (
            clock, FIRST_RTP + (guint32) (number * FRAME_TICKS), TRUE, (GstClockTime) sent);
        if (i == 3)
          for (guint j = 1; j < 4; j++)
            g_assert_cmpint ((gint64) (stream[j] - stream[j - 1]), ==, FRAME);
      }
  g_assert_cmpuint (potoo_rtp_clock_get_n_jumps (clock), ==, 0);
}

/* All packets of a picture have its time. */
static void
test_packets_of_a_picture (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);
  GstClockTime first = potoo_rtp_clock_observe (clock, 5, TRUE, START);

  for (guint i = 1; i < 100; i++)
    g_assert_cmpuint (potoo_rtp_clock_observe (clock, 5, FALSE, START + i * GST_MSECOND), ==,
                      first);
  g_assert_false (potoo_rtp_clock_is_settled (clock));
}

/* Sound is sent 100 ms after it was made; reports tell. */
static void
test_lip_sync (void)
{
  g_autoptr (PotooRtpClock) video = potoo_rtp_clock_new (NULL);
  g_autoptr (PotooRtpClock) audio = potoo_rtp_clock_new (video);
  gint64 delay = 100 * (gint64) GST_MSECOND;
  Camera pictures, sound;

  camera_init (&pictures, video);
  camera_init (&sound, audio);
  potoo_rtp_clock_set_rate (audio, RATE);
  send_pictures (&pictures, 100, 0);
  g_assert_cmpint (send_pictures (&sound, 100, delay), ==, delay);

  GstClockTime ntp = 12345 * GST_SECOND;
  potoo_rtp_clock_set_sender_time (audio, sound.rtp_time, ntp + 100 * FRAME);
  g_assert_cmpint (send_picture (&sound, delay), ==, delay);
  potoo_rtp_clock_set_sender_time (video, pictures.rtp_time, ntp + 100 * FRAME);
  g_assert_cmpint (ABS (send_picture (&sound, delay)), <, GST_MSECOND);

  /* Reports that cannot be. */
  potoo_rtp_clock_set_sender_time (audio, sound.rtp_time, 0);
  potoo_rtp_clock_set_sender_time (audio, sound.rtp_time + 60 * RATE, ntp);
  g_assert_cmpint (ABS (send_picture (&sound, delay)), <, GST_MSECOND);
  potoo_rtp_clock_set_sender_time (audio, sound.rtp_time, ntp + 200 * GST_SECOND);
  g_assert_cmpint (send_picture (&sound, delay), ==, delay);
}

static void
test_no_time (void)
{
  g_autoptr (PotooRtpClock) clock = potoo_rtp_clock_new (NULL);

  g_assert_cmpuint (potoo_rtp_clock_apply (clock, GST_CLOCK_TIME_NONE), ==, GST_CLOCK_TIME_NONE);
  potoo_rtp_clock_set_sender_time (clock, 1, 2);
  g_assert_false (potoo_rtp_clock_is_settled (clock));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtp-clock/even", test_even);
  g_test_add_func ("/rtp-clock/first-is-late", test_first_is_late);
  g_test_add_func ("/rtp-clock/pause", test_pause);
  g_test_add_func ("/rtp-clock/drift", test_drift);
  g_test_add_func ("/rtp-clock/jumps", test_jumps);
  g_test_add_func ("/rtp-clock/lost-time", test_lost_time);
  g_test_add_func ("/rtp-clock/sound-pauses", test_sound_pauses);
  g_test_add_func ("/rtp-clock/sound-is-held-up", test_sound_is_held_up);
  g_test_add_func ("/rtp-clock/stands-still", test_stands_still);
  g_test_add_func ("/rtp-clock/many-markers", test_many_markers);
  g_test_add_func ("/rtp-clock/reordered", test_reordered);
  g_test_add_func ("/rtp-clock/packets-of-a-picture", test_packets_of_a_picture);
  g_test_add_func ("/rtp-clock/lip-sync", test_lip_sync);
  g_test_add_func ("/rtp-clock/no-time", test_no_time);
  return g_test_run ();
}
