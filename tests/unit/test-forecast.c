/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-clock.h"
#include "record/potoo-forecast.h"

#define TODAY G_GINT64_CONSTANT (20000)
#define NOON_US ((TODAY) *POTOO_DAY_US + POTOO_DAY_US / 2)
#define GB 1e9

#define assert_near(value, expected)                                                               \
  g_assert_cmpfloat_with_epsilon (value, expected, (expected) *1e-6 + 1e-9)

#define assert_forever(value) g_assert_cmpfloat (value, >=, POTOO_FORECAST_FOREVER)
#define assert_none(value) g_assert_cmpfloat (ABS (value), <, 1e-6)

/* --- bytes a day --- */

static void
test_rate_of_nothing (void)
{
  PotooForecastDay tomorrow = { TODAY + 1, 1000, POTOO_DAY_US };

  assert_none (potoo_forecast_rate (NULL, 0, 0, NOON_US));
  assert_none (potoo_forecast_rate (&tomorrow, 1, 0, NOON_US));
}

static void
test_rate_of_the_first_day (void)
{
  PotooForecastDay day = { TODAY, 600, POTOO_DAY_US / 8 };

  /* recorded since midnight, since nine, and since a time that is evicted already */
  assert_near (potoo_forecast_rate (&day, 1, 0, NOON_US), 1200);
  assert_near (potoo_forecast_rate (&day, 1, NOON_US - POTOO_DAY_US / 8, NOON_US), 4800);
  assert_near (potoo_forecast_rate (&day, 1, NOON_US - POTOO_DAY_US / 16, NOON_US), 4800);
  assert_near (potoo_forecast_rate (&day, 1, NOON_US + 1, NOON_US), 4800);
}

static void
test_rate_of_the_second_day (void)
{
  PotooForecastDay days[] = { { TODAY - 1, 100, POTOO_DAY_US / 10 }, { TODAY, 600, 1 } };

  /* Neither is whole: both count, from the first recording on. */
  assert_near (potoo_forecast_rate (days, 2, TODAY * POTOO_DAY_US - POTOO_DAY_US / 5, NOON_US),
               1000);
  assert_near (potoo_forecast_rate (days, 1, TODAY * POTOO_DAY_US - POTOO_DAY_US / 10, NOON_US),
               100 / 0.6);
}

static void
test_rate_of_whole_days (void)
{
  PotooForecastDay days[12];

  for (guint i = 0; i < G_N_ELEMENTS (days); i++)
    days[i] = (PotooForecastDay){ TODAY - 11 + i, i < 4 ? 99999 : 700, POTOO_DAY_US };
  days[11].bytes = 1; /* today */
  assert_near (potoo_forecast_rate (days, 12, 1, NOON_US), 700);
  /* A day without recordings is one with no bytes. */
  days[5].day = days[4].day;
  assert_near (potoo_forecast_rate (days, 12, 1, NOON_US), 700);
  for (guint i = 5; i < 11; i++)
    days[i] = days[i + 1];
  assert_near (potoo_forecast_rate (days, 11, 1, NOON_US), 600);
}

static void
test_rate_with_the_clock_set_back (void)
{
  PotooForecastDay days[] = {
    { TODAY - 2, 5, 1 }, { TODAY - 1, 700, 1 }, { TODAY, 1, 1 }, { TODAY + 900, 1000000, 1 }
  };

  assert_near (potoo_forecast_rate (days, 4, 1, NOON_US), 700);
}

/* --- how long --- */

static PotooForecastShare
make_share (double continuous_gb, double event_gb)
{
  return (PotooForecastShare){
    .continuous_rate = continuous_gb * GB,
    .event_rate = event_gb * GB,
    .weight = 1,
  };
}

static PotooForecastRoot
run (PotooForecastShare *shares, guint n, double room_gb)
{
  PotooForecastRoot root = { room_gb * GB, room_gb * GB, shares, n, 0, 0, 0 };

  potoo_forecast_root (&root);
  return root;
}

static void
test_continuous_shares_the_room (void)
{
  PotooForecastShare shares[] = { make_share (10, 0), make_share (30, 0), make_share (0, 0) };
  PotooForecastRoot root = run (shares, 3, 400);

  assert_near (root.days, 10);
  assert_near (shares[0].continuous_days, 10);
  assert_near (shares[1].continuous_days, 10);
  assert_none (shares[0].event_days);
  assert_none (shares[2].continuous_days);
  assert_forever (root.breaks_in);
  assert_near (root.fills_in, 10);
}

static void
test_weight (void)
{
  PotooForecastShare shares[] = { make_share (10, 0), make_share (10, 0) };

  shares[1].weight = 2;
  run (shares, 2, 300);
  assert_near (shares[0].continuous_days, 10);
  assert_near (shares[1].continuous_days, 20);
}

static void
test_limits (void)
{
  PotooForecastShare shares[] = { make_share (10, 0), make_share (10, 0), make_share (10, 0) };

  shares[0].keep_continuous_days = 5;
  shares[1].max_bytes = 70 * GB;
  run (shares, 3, 300);
  assert_near (shares[0].continuous_days, 5);
  assert_near (shares[1].continuous_days, 7);
  assert_near (shares[2].continuous_days, 18);
  /* Where all have limits of their own nothing is evicted for space. */
  shares[2].keep_continuous_days = 2;
  PotooForecastRoot root = run (shares, 3, 300);
  assert_forever (root.days);
  assert_forever (root.fills_in);
  assert_near (shares[2].continuous_days, 2);
}

static void
test_no_limit_at_all (void)
{
  PotooForecastShare nothing = make_share (0, 0);
  PotooForecastRoot root = run (&nothing, 1, 10);

  assert_forever (root.days);
  assert_forever (root.breaks_in);
  root = run (NULL, 0, 0);
  assert_forever (root.days);
}

static void
test_guarantee_takes_from_others (void)
{
  PotooForecastShare shares[] = { make_share (10, 0), make_share (10, 0) };

  shares[0].min_days = 25;
  PotooForecastRoot root = run (shares, 2, 300);
  assert_near (shares[0].continuous_days, 25);
  assert_near (shares[1].continuous_days, 5);
  assert_forever (root.breaks_in);
  /* A guarantee is longer than an age. */
  shares[0].keep_continuous_days = 3;
  run (shares, 2, 300);
  assert_near (shares[0].continuous_days, 25);
}

static void
test_guarantees_that_do_not_fit (void)
{
  PotooForecastShare shares[] = { make_share (10, 5), make_share (10, 0) };

  shares[0].min_days = 25;
  shares[1].min_days = 25;
  shares[0].continuous_bytes = 20 * GB;
  shares[1].continuous_bytes = 30 * GB;
  PotooForecastRoot root = run (shares, 2, 300);
  assert_near (root.breaks_in, 10);
  shares[1].locked_bytes = 100 * GB;
  root = run (shares, 2, 300);
  assert_near (root.breaks_in, 6);
  shares[1].locked_bytes = 400 * GB;
  root = run (shares, 2, 300);
  assert_none (root.breaks_in);
  /* They fit just so. */
  shares[1].locked_bytes = 0;
  root = run (shares, 2, 625);
  assert_forever (root.breaks_in);
}

static void
test_events_stay_longer (void)
{
  PotooForecastShare share = make_share (10, 2);

  share.keep_event_days = 30;
  share.event_bytes = 60 * GB;
  run (&share, 1, 160);
  assert_near (share.continuous_days, 10);
  assert_near (share.event_days, 30);
  /* without an end: they grow while what is recorded now is kept */
  share.keep_event_days = 0;
  PotooForecastRoot root = run (&share, 1, 180);
  assert_near (share.continuous_days, 10);
  assert_forever (share.event_days);
  assert_near (root.days, 10);
}

static void
test_events_alone_are_too_much (void)
{
  PotooForecastShare shares[] = { make_share (10, 0), make_share (0, 20) };

  shares[0].min_days = 2;
  shares[1].event_bytes = 500 * GB;
  PotooForecastRoot root = run (shares, 2, 220);
  assert_near (shares[0].continuous_days, 2);
  assert_near (shares[1].event_days, 10);
  assert_none (shares[1].continuous_days);
  assert_none (root.days);
  assert_none (root.fills_in);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/rate/nothing", test_rate_of_nothing);
  g_test_add_func ("/forecast/rate/first-day", test_rate_of_the_first_day);
  g_test_add_func ("/forecast/rate/second-day", test_rate_of_the_second_day);
  g_test_add_func ("/forecast/rate/whole-days", test_rate_of_whole_days);
  g_test_add_func ("/forecast/rate/clock-set-back", test_rate_with_the_clock_set_back);
  g_test_add_func ("/forecast/room", test_continuous_shares_the_room);
  g_test_add_func ("/forecast/weight", test_weight);
  g_test_add_func ("/forecast/limits", test_limits);
  g_test_add_func ("/forecast/no-limit", test_no_limit_at_all);
  g_test_add_func ("/forecast/guarantee", test_guarantee_takes_from_others);
  g_test_add_func ("/forecast/guarantees-break", test_guarantees_that_do_not_fit);
  g_test_add_func ("/forecast/events", test_events_stay_longer);
  g_test_add_func ("/forecast/events-alone", test_events_alone_are_too_much);
  return g_test_run ();
}
