/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-clock.h"
#include "media/potoo-sender-clock.h"

#define S POTOO_SECOND_US
#define REPORT_US (5 * S)

/* A camera whose clock is @ahead_us ahead of the wall's to begin with, and @ppm fast. */
typedef struct
{
  PotooSenderClock clock;
  gint64 passed_us, base_us;
  gint64 ahead_us;
  double ppm;
} Camera;

static void
camera_init (Camera *camera, gint64 ahead_us, double ppm)
{
  *camera = (Camera){ .base_us = potoo_clock_mono_us (), .ahead_us = ahead_us, .ppm = ppm };
}

static void
report (Camera *camera, gint64 late_us)
{
  gint64 mono_us = camera->base_us + camera->passed_us;
  gint64 fast_us = (gint64) ((double) camera->passed_us * camera->ppm / 1e6);

  potoo_sender_clock_add (&camera->clock, mono_us + late_us,
                          mono_us + potoo_clock_wall_offset_us () + camera->ahead_us + fast_us);
  camera->passed_us += REPORT_US;
}

static void
test_offset_and_drift (void)
{
  static const double drifts[] = { 0, 50, -200, 8 };

  for (gsize k = 0; k < G_N_ELEMENTS (drifts); k++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (7);
      Camera camera;
      gint64 offset_us;
      double ppm;

      camera_init (&camera, 3 * S, drifts[k]);
      g_assert_false (potoo_sender_clock_get_offset (&camera.clock, &offset_us));
      g_assert_false (potoo_sender_clock_get_drift (&camera.clock, &ppm));
      report (&camera, 0);
      g_assert_true (potoo_sender_clock_get_offset (&camera.clock, &offset_us));
      g_assert_cmpint (ABS (offset_us - 3 * S), <, 2000);
      for (guint i = 0; i < 11; i++)
        report (&camera, g_rand_int_range (random, -500, 500));
      g_assert_false (potoo_sender_clock_get_drift (&camera.clock, &ppm));
      report (&camera, 0);
      report (&camera, 0);
      g_assert_true (potoo_sender_clock_get_drift (&camera.clock, &ppm));
      g_assert_cmpfloat (ABS (ppm - drifts[k]), <, 17);
      for (guint i = 0; i < 400; i++)
        report (&camera, g_rand_int_range (random, -500, 500));
      g_assert_true (potoo_sender_clock_get_drift (&camera.clock, &ppm));
      g_assert_cmpfloat (ABS (ppm - drifts[k]), <, 2);
    }
}

/* Drift is that of lately. */
static void
test_drift_changes (void)
{
  Camera camera;
  double ppm;

  camera_init (&camera, 0, 100);
  for (guint i = 0; i < 400; i++)
    report (&camera, 0);
  camera.ahead_us += (gint64) ((double) camera.passed_us * 60 / 1e6);
  camera.ppm = 40;
  for (guint i = 0; i < 300; i++)
    report (&camera, 0);
  g_assert_true (potoo_sender_clock_get_drift (&camera.clock, &ppm));
  g_assert_cmpfloat (ABS (ppm - 40), <, 1);
}

/* A camera that is set, by NTP or by hand, has not drifted that far. */
static void
test_sender_is_set (void)
{
  Camera camera;
  gint64 offset_us;
  double ppm;

  camera_init (&camera, -600 * S, 10);
  for (guint i = 0; i < 20; i++)
    report (&camera, 0);
  camera.ahead_us = 0;
  report (&camera, 0);
  g_assert_true (potoo_sender_clock_get_offset (&camera.clock, &offset_us));
  g_assert_cmpint (ABS (offset_us), <, 5000);
  g_assert_false (potoo_sender_clock_get_drift (&camera.clock, &ppm));
  for (guint i = 0; i < 20; i++)
    report (&camera, 0);
  g_assert_true (potoo_sender_clock_get_drift (&camera.clock, &ppm));
  g_assert_cmpfloat (ABS (ppm - 10), <, 1);
}

/* Many cameras count from when they were switched on: that tells a drift and no time. */
static void
test_no_time_of_day (void)
{
  PotooSenderClock clock = { 0 };
  gint64 offset_us;
  double ppm;

  for (gint64 t = 0; t <= 120 * S; t += REPORT_US)
    potoo_sender_clock_add (&clock, 1000 * S + t, 5 * S + t);
  g_assert_false (potoo_sender_clock_get_offset (&clock, &offset_us));
  g_assert_true (potoo_sender_clock_get_drift (&clock, &ppm));
  g_assert_cmpfloat (ABS (ppm), <, 0.001);
  potoo_sender_clock_add (&clock, 1200 * S, G_MAXINT64 / 4);
  g_assert_false (potoo_sender_clock_get_offset (&clock, &offset_us));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sender-clock/offset-and-drift", test_offset_and_drift);
  g_test_add_func ("/sender-clock/drift-changes", test_drift_changes);
  g_test_add_func ("/sender-clock/sender-is-set", test_sender_is_set);
  g_test_add_func ("/sender-clock/no-time-of-day", test_no_time_of_day);
  return g_test_run ();
}
