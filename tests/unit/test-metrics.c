/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-metrics.h"

static void
test_render (void)
{
  g_autoptr (PotooMetric) b = potoo_metric_new_counter ("potoo_b_total", "Bees.", NULL);
  g_autoptr (PotooMetric)
      a1 = potoo_metric_new_gauge ("potoo_a_seconds", "Ays.", "camera", "front-door", NULL);
  g_autoptr (PotooMetric)
      a2 = potoo_metric_new_gauge ("potoo_a_seconds", "Ays.", "camera", "x\"y\\z\n", NULL);

  potoo_metric_set_divisor (a1, 1000000);
  potoo_metric_add (b, 3);
  potoo_metric_set (a1, 1500000);
  potoo_metric_set (a2, -2);
  g_autofree char *text = potoo_metrics_render ();
  g_assert_cmpstr (text, ==,
                   "# HELP potoo_a_seconds Ays.\n"
                   "# TYPE potoo_a_seconds gauge\n"
                   "potoo_a_seconds{camera=\"front-door\"} 1.5\n"
                   "potoo_a_seconds{camera=\"x\\\"y\\\\z\\n\"} -2\n"
                   "# HELP potoo_b_total Bees.\n"
                   "# TYPE potoo_b_total counter\n"
                   "potoo_b_total 3\n");
}

static void
test_lifetime (void)
{
  PotooMetric *metric = potoo_metric_new_counter ("potoo_c_total", "Sees.", NULL);
  PotooMetric *again = potoo_metric_ref (metric);

  potoo_metric_unref (metric);
  g_autofree char *present = potoo_metrics_render ();
  g_assert_nonnull (strstr (present, "potoo_c_total 0"));
  potoo_metric_unref (again);
  g_autofree char *gone = potoo_metrics_render ();
  g_assert_cmpstr (gone, ==, "");
}

static void
test_max (void)
{
  g_autoptr (PotooMetric) metric = potoo_metric_new_gauge ("potoo_d", "Dees.", NULL);

  potoo_metric_set_max (metric, 5);
  potoo_metric_set_max (metric, 3);
  g_assert_cmpint (potoo_metric_get (metric), ==, 5);
}

static gint64
ask_eight (void)
{
  return 8;
}

static void
test_asked (void)
{
  g_autoptr (PotooMetric) metric = potoo_metric_new_asked ("potoo_e_bytes", "Ease.", ask_eight);

  g_autofree char *text = potoo_metrics_render ();
  g_assert_nonnull (strstr (text, "# TYPE potoo_e_bytes gauge\npotoo_e_bytes 8\n"));
}

static void
assert_rendered (const char *expected)
{
  g_autofree char *text = potoo_metrics_render ();
  g_assert_cmpstr (text, ==, expected);
}

/* A camera is removed and added again, and what it was before lives on for a while. */
static void
test_same_labels (void)
{
  PotooMetric *old = potoo_metric_new_counter ("potoo_f_total", "Effs.", "camera", "a", NULL);
  potoo_metric_add (old, 5);
  PotooMetric *new = potoo_metric_new_counter ("potoo_f_total", "Effs.", "camera", "a", NULL);
  potoo_metric_add (new, 1);
  potoo_metric_add (old, 5);
  assert_rendered ("# HELP potoo_f_total Effs.\n"
                   "# TYPE potoo_f_total counter\n"
                   "potoo_f_total{camera=\"a\"} 1\n");
  potoo_metric_unref (new);
  assert_rendered (""); /* what was replaced does not come back */
  new = potoo_metric_new_counter ("potoo_f_total", "Effs.", "camera", "a", NULL);
  potoo_metric_unref (old);
  assert_rendered ("# HELP potoo_f_total Effs.\n"
                   "# TYPE potoo_f_total counter\n"
                   "potoo_f_total{camera=\"a\"} 0\n");
  potoo_metric_unref (new);
  assert_rendered ("");
}

#define N_THREADS 4
#define N_ADDS 20000

static gpointer
add_many (gpointer data)
{
  for (int i = 0; i < N_ADDS; i++)
    {
      potoo_metric_add (data, 1);
      if (i % 100 == 0)
        {
          g_autoptr (PotooMetric)
              own = potoo_metric_new_gauge ("potoo_e_own", "Comes and goes.", "thread", "t", NULL);
          g_autofree char *text = potoo_metrics_render ();
          g_assert_nonnull (strstr (text, "potoo_e_total"));
        }
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (PotooMetric) metric = potoo_metric_new_counter ("potoo_e_total", "Ees.", NULL);
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("adder", add_many, metric);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (potoo_metric_get (metric), ==, N_THREADS * N_ADDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/render", test_render);
  g_test_add_func ("/metrics/lifetime", test_lifetime);
  g_test_add_func ("/metrics/same-labels", test_same_labels);
  g_test_add_func ("/metrics/max", test_max);
  g_test_add_func ("/metrics/asked", test_asked);
  g_test_add_func ("/metrics/threads", test_threads);
  return g_test_run ();
}
