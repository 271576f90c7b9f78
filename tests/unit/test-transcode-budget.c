/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-error.h"
#include "media/potoo-transcode-budget.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)

static PotooTranscodeShare *
take_ok (PotooTranscodeBudget *budget, guint width, guint height, double fps)
{
  g_autoptr (GError) error = NULL;
  PotooTranscodeShare *share = potoo_transcode_budget_take (budget, width, height, fps, &error);

  g_assert_no_error (error);
  return share;
}

static void
assert_refused (PotooTranscodeBudget *budget,
                guint width,
                guint height,
                double fps,
                const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_transcode_budget_take (budget, width, height, fps, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "This machine"));
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_room (void)
{
  g_autoptr (PotooTranscodeBudget) budget = potoo_transcode_budget_new (2);
  PotooTranscodeShare *first = take_ok (budget, 1920, 1080, 15);
  PotooTranscodeShare *second = take_ok (budget, 1920, 1080, 15);

  assert_refused (budget, 1920, 1080, 15, "no processor time left");
  potoo_transcode_share_free (first);
  g_autoptr (PotooTranscodeShare) third = take_ok (budget, 1920, 1080, 15);
  potoo_transcode_share_free (second);
}

static void
test_too_much_for_one_thread (void)
{
  g_autoptr (PotooTranscodeBudget) budget = potoo_transcode_budget_new (64);

  assert_refused (budget, 1920, 1080, 60, "too slow");
  assert_refused (budget, G_MAXINT, G_MAXINT, 1e9, "too slow");
}

/* So seldom that there is time enough. */
static void
test_too_large (void)
{
  g_autoptr (PotooTranscodeBudget) budget = potoo_transcode_budget_new (64);
  g_autoptr (PotooTranscodeShare) largest = take_ok (budget, 4096, 2304, 0.1);

  assert_refused (budget, 4096, 2305, 0.1, "at most 9.4 megapixels");
  assert_refused (budget, 20000, 20000, 0.1, "the camera's have 400.0");
}

/* Nothing that a camera says of itself overflows. */
static void
test_odd_sizes (void)
{
  g_autoptr (PotooTranscodeBudget) budget = potoo_transcode_budget_new (1);
  g_autoptr (PotooTranscodeShare) least = take_ok (budget, 0, 0, 0);

  g_assert_cmpuint (potoo_transcode_budget_get_load (budget), >, 0);
  g_assert_cmpuint (potoo_transcode_budget_get_load (budget), <, 10);
  potoo_transcode_share_measure (least, 0, 0, 0);
  potoo_transcode_share_measure (least, 5, -1, SECOND_US);
  g_assert_cmpuint (potoo_transcode_budget_get_load (budget), <, 10);
}

static void
test_measured_load_counts (void)
{
  g_autoptr (PotooTranscodeBudget) budget = potoo_transcode_budget_new (2);
  g_autoptr (PotooTranscodeShare) share = take_ok (budget, 320, 240, 10);

  potoo_transcode_share_measure (share, 10, SECOND_US * 9 / 10, SECOND_US);
  g_assert_cmpuint (potoo_transcode_budget_get_load (budget), ==, 900);
  assert_refused (budget, 1280, 720, 25, "0.90 of the 1.0");
  potoo_transcode_share_measure (share, 10, SECOND_US / 100, SECOND_US);
  g_assert_cmpuint (potoo_transcode_budget_get_load (budget), ==, 10);
}

/* A machine that takes long for its pixels admits less, one that is quick more. */
static void
test_learns_what_a_pixel_costs (void)
{
  g_autoptr (PotooTranscodeBudget) slow = potoo_transcode_budget_new (2);
  g_autoptr (PotooTranscodeBudget) quick = potoo_transcode_budget_new (2);
  g_autoptr (PotooTranscodeShare) one = take_ok (slow, 1280, 720, 5);
  g_autoptr (PotooTranscodeShare) other = take_ok (quick, 1280, 720, 5);

  for (guint i = 0; i < 20; i++)
    {
      potoo_transcode_share_measure (one, 5, SECOND_US / 5, SECOND_US);     /* 43 ns */
      potoo_transcode_share_measure (other, 5, SECOND_US / 100, SECOND_US); /* 2 ns */
    }
  assert_refused (slow, 1920, 1080, 12, "too slow");
  g_autoptr (PotooTranscodeShare) admitted = take_ok (quick, 1920, 1080, 60);
}

/* Small pictures cost more for each pixel. */
static void
test_small_pictures_teach_nothing (void)
{
  g_autoptr (PotooTranscodeBudget) budget = potoo_transcode_budget_new (2);
  g_autoptr (PotooTranscodeShare) small = take_ok (budget, 160, 120, 5);

  for (guint i = 0; i < 20; i++)
    potoo_transcode_share_measure (small, 5, SECOND_US / 20, SECOND_US);
  g_autoptr (PotooTranscodeShare) admitted = take_ok (budget, 1920, 1080, 25);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transcode-budget/room", test_room);
  g_test_add_func ("/transcode-budget/too-much-for-one-thread", test_too_much_for_one_thread);
  g_test_add_func ("/transcode-budget/too-large", test_too_large);
  g_test_add_func ("/transcode-budget/odd-sizes", test_odd_sizes);
  g_test_add_func ("/transcode-budget/measured-load-counts", test_measured_load_counts);
  g_test_add_func ("/transcode-budget/learns-what-a-pixel-costs", test_learns_what_a_pixel_costs);
  g_test_add_func ("/transcode-budget/small-pictures-teach-nothing",
                   test_small_pictures_teach_nothing);
  return g_test_run ();
}
