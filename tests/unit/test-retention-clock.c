/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-retention-clock.h"

#include "base/potoo-clock.h"

#define HOUR_US (3600 * POTOO_SECOND_US)
#define WALL_US (20000 * POTOO_DAY_US)

static void
test_ordinary (void)
{
  PotooRetentionClock clock;

  potoo_retention_clock_init (&clock, 0, 5);
  g_assert_cmpint (potoo_retention_clock_read (&clock, WALL_US, 10), ==, WALL_US);
  /* Steps of less than a day, and back: as they are. */
  g_assert_cmpint (potoo_retention_clock_read (&clock, WALL_US + 23 * HOUR_US, 20), ==,
                   WALL_US + 23 * HOUR_US);
  g_assert_cmpint (potoo_retention_clock_read (&clock, WALL_US - 900 * POTOO_DAY_US, 30), ==,
                   WALL_US - 900 * POTOO_DAY_US);
}

/* Nobody has looked for long, but the time did go by. */
static void
test_long_pause (void)
{
  PotooRetentionClock clock;

  potoo_retention_clock_init (&clock, WALL_US, 0);
  g_assert_cmpint (
      potoo_retention_clock_read (&clock, WALL_US + 9 * POTOO_DAY_US, 9 * POTOO_DAY_US), ==,
      WALL_US + 9 * POTOO_DAY_US);
}

static void
test_far_ahead (void)
{
  PotooRetentionClock clock;
  gint64 wrong_us = WALL_US + 3650 * POTOO_DAY_US;

  potoo_retention_clock_init (&clock, WALL_US, 0);
  g_assert_cmpint (potoo_retention_clock_read (&clock, wrong_us, HOUR_US), ==, WALL_US + HOUR_US);
  /* Said once; time goes on. */
  g_assert_cmpint (potoo_retention_clock_read (&clock, wrong_us + HOUR_US / 2, HOUR_US * 3 / 2), ==,
                   WALL_US + HOUR_US * 3 / 2);
  /* It is set right. */
  g_assert_cmpint (potoo_retention_clock_read (&clock, WALL_US + 2 * HOUR_US, 2 * HOUR_US - 1), ==,
                   WALL_US + 2 * HOUR_US);
  g_assert_cmpint (clock.doubted_since_us, ==, 0);
}

static void
test_ahead_for_good (void)
{
  PotooRetentionClock clock;
  gint64 ahead_us = WALL_US + 30 * POTOO_DAY_US;

  potoo_retention_clock_init (&clock, WALL_US, 0);
  potoo_retention_clock_read (&clock, ahead_us, 1);
  g_assert_cmpint (potoo_retention_clock_read (&clock, ahead_us + HOUR_US, HOUR_US), <, ahead_us);
  g_assert_cmpint (potoo_retention_clock_read (&clock, ahead_us + HOUR_US + 1, HOUR_US + 1), ==,
                   ahead_us + HOUR_US + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retention-clock/ordinary", test_ordinary);
  g_test_add_func ("/retention-clock/long-pause", test_long_pause);
  g_test_add_func ("/retention-clock/far-ahead", test_far_ahead);
  g_test_add_func ("/retention-clock/ahead-for-good", test_ahead_for_good);
  return g_test_run ();
}
