/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-decoding-clock.h"

#define FRAME (40 * GST_MSECOND)
#define START (1000 * GST_SECOND)

static GstClockTime
shown (guint number)
{
  return START + number * FRAME;
}

static void
test_in_order (void)
{
  PotooDecodingClock clock;

  potoo_decoding_clock_init (&clock);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (potoo_decoding_clock_next (&clock, shown (i)), ==, shown (i));
}

/* Feeds GOPs in the order of decoding, and checks the times once @learnt of them have come. */
static void
check_reordered (PotooDecodingClock *clock, const guint *order, guint n, guint depth, guint learnt)
{
  GstClockTime last = 0;

  for (guint gop = 0; gop < 20; gop++)
    for (guint i = 0; i < n; i++)
      {
        GstClockTime pts = shown (gop * n + order[i]);
        GstClockTime dts = potoo_decoding_clock_next (clock, pts);
        g_assert_cmpuint (dts, >, last);
        last = dts;
        if (gop < learnt)
          continue;
        g_assert_cmpuint (dts, <=, pts);
        g_assert_cmpuint (dts, ==, shown (gop * n + i - depth));
      }
  g_assert_cmpuint (clock->depth, ==, depth);
}

static void
test_reordered (void)
{
  static const guint one[] = { 0, 2, 1, 4, 3, 5 };
  static const guint pyramid[] = { 0, 4, 2, 1, 3, 8, 6, 5, 7, 9 };
  PotooDecodingClock clock;

  potoo_decoding_clock_init (&clock);
  check_reordered (&clock, one, G_N_ELEMENTS (one), 1, 1);
  potoo_decoding_clock_init (&clock);
  check_reordered (&clock, pyramid, G_N_ELEMENTS (pyramid), 2, 1);
}

/* With a depth that is known the first pictures are right too, only earlier. */
static void
test_expected (void)
{
  static const guint order[] = { 0, 4, 2, 1, 3 };
  PotooDecodingClock clock;

  potoo_decoding_clock_init (&clock);
  potoo_decoding_clock_expect (&clock, 2);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      GstClockTime pts = shown (order[i]);
      GstClockTime dts = potoo_decoding_clock_next (&clock, pts);
      g_assert_cmpuint (dts, <=, pts);
      g_assert_cmpuint (dts, ==, shown (i) - 2 * FRAME);
    }
  potoo_decoding_clock_restart (&clock);
  g_assert_cmpuint (potoo_decoding_clock_next (&clock, 0), ==, 0);
}

static void
test_hostile (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  PotooDecodingClock clock;
  GstClockTime last = 0;

  potoo_decoding_clock_init (&clock);
  potoo_decoding_clock_expect (&clock, 1000);
  g_assert_cmpuint (clock.depth, ==, POTOO_MAX_REORDER);
  for (guint i = 0; i < 10000; i++)
    {
      GstClockTime pts = START + (GstClockTime) g_rand_int_range (random, 0, 5000) * GST_MSECOND;
      GstClockTime dts = potoo_decoding_clock_next (&clock, pts);
      if (i > 0)
        g_assert_cmpuint (dts, >, last);
      last = dts;
    }
  /* Another time line. */
  g_assert_cmpuint (potoo_decoding_clock_next (&clock, (3600 * GST_SECOND)), >,
                    (3600 * GST_SECOND) - 20 * GST_SECOND);
  g_assert_cmpuint (potoo_decoding_clock_next (&clock, GST_SECOND), <=, GST_SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decoding-clock/in-order", test_in_order);
  g_test_add_func ("/decoding-clock/reordered", test_reordered);
  g_test_add_func ("/decoding-clock/expected", test_expected);
  g_test_add_func ("/decoding-clock/hostile", test_hostile);
  return g_test_run ();
}
