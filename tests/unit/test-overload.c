/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the kernel counts for threads, as files of the test's, and what follows from it. */

#include "base/potoo-overload.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/potoo-cpu-meter.h"
#include "base/potoo-cpu.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)
#define MS_NS G_GUINT64_CONSTANT (1000000)

/* --- the meter --- */

typedef struct
{
  PotooCpuMeter *meter;
  char *directory;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->meter = potoo_cpu_meter_new ();
  f->directory = g_dir_make_tmp ("potoo-XXXXXX", NULL);
  potoo_cpu_meter_take (f->meter, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->directory, name, NULL);
      g_unlink (path);
    }
  g_rmdir (f->directory);
  g_free (f->directory);
  potoo_cpu_meter_free (f->meter);
}

/* In place, as procfs has it. (transfer full): the path */
static char *
write_stat (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&path);
}

static void
set_stat (Fixture *f, const char *name, guint64 wait_ms, guint64 n_slices)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                                           " %" G_GUINT64_FORMAT "\n",
                                           wait_ms, wait_ms * MS_NS, n_slices);

  g_free (write_stat (f, name, text));
}

static PotooCpuWatched *
add (Fixture *f, const char *name)
{
  set_stat (f, name, 1000, 1);
  g_autofree char *path = g_build_filename (f->directory, name, NULL);
  return potoo_cpu_meter_add (f->meter, path);
}

static void
assert_share (double share, double expected)
{
  g_assert_cmpfloat_with_epsilon (share, expected, 1e-9);
}

/* The mean of those that had something to do. */
static void
test_mean (Fixture *f, gconstpointer data)
{
  g_assert_nonnull (add (f, "a"));
  g_assert_nonnull (add (f, "b"));
  g_assert_nonnull (add (f, "idle"));
  set_stat (f, "a", 1500, 2);
  set_stat (f, "b", 1100, 2);
  assert_share (potoo_cpu_meter_take (f->meter, SECOND_US), 0.3);
  assert_share (potoo_cpu_meter_take (f->meter, 2 * SECOND_US), 0);
  /* All that it waited for is told when it ends. */
  set_stat (f, "a", 9500, 3);
  assert_share (potoo_cpu_meter_take (f->meter, 3 * SECOND_US), 1);
  assert_share (potoo_cpu_meter_take (f->meter, 3 * SECOND_US), 0);
}

static void
test_removed (Fixture *f, gconstpointer data)
{
  PotooCpuWatched *a = add (f, "a");

  g_assert_nonnull (add (f, "b"));
  set_stat (f, "a", 2000, 2);
  potoo_cpu_meter_remove (f->meter, a);
  assert_share (potoo_cpu_meter_take (f->meter, SECOND_US), 0);
}

static void
test_bound (Fixture *f, gconstpointer data)
{
  PotooCpuWatched *first = add (f, "first");

  for (guint i = 1; i < POTOO_CPU_MAX_WATCHED; i++)
    g_assert_nonnull (add (f, "another"));
  g_assert_null (add (f, "one-more"));
  potoo_cpu_meter_remove (f->meter, first);
  g_assert_nonnull (add (f, "one-more"));
}

static void
test_kernel_does_not_tell (Fixture *f, gconstpointer data)
{
  const char *const texts[] = { "0 0 0\n", "", "what\n", "1 2\n" };
  g_autofree char *missing = g_build_filename (f->directory, "missing", NULL);

  g_assert_cmpfloat (potoo_cpu_meter_take (f->meter, 1), >=, 0);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = write_stat (f, "odd", texts[i]);
      g_assert_null (potoo_cpu_meter_add (f->meter, path));
    }
  g_assert_null (potoo_cpu_meter_add (f->meter, missing));
  g_assert_cmpfloat (potoo_cpu_meter_take (f->meter, 2), <, 0);
  /* One that it tells of is enough. */
  g_assert_nonnull (add (f, "a"));
  g_assert_cmpfloat (potoo_cpu_meter_take (f->meter, 3), >=, 0);
}

static gpointer
watch_itself (gpointer data)
{
  potoo_cpu_watch_thread ();
  potoo_cpu_watch_thread ();
  return NULL;
}

/* The true kernel; more threads than are looked at, each of which makes room when it ends. */
static void
test_threads (void)
{
  for (guint i = 0; i < 3 * POTOO_CPU_MAX_WATCHED; i++)
    g_thread_join (g_thread_new ("watched", watch_itself, NULL));
  potoo_cpu_watch_thread ();
  double wait = potoo_cpu_take_wait ();
  g_test_message ("waits %g", wait);
  g_assert_cmpfloat (wait, <=, 1);
}

/* --- the rule --- */

static gboolean
take (PotooOverloadRule *rule, int percent, guint seconds)
{
  PotooOverload before = rule->overload;

  for (guint i = 0; i < seconds; i++)
    potoo_overload_rule_take (rule, percent / 100.0, SECOND_US);
  return rule->overload != before;
}

static void
test_rises_and_falls (void)
{
  PotooOverloadRule rule = { 0 };

  g_assert_false (take (&rule, 39, 100));
  g_assert_false (take (&rule, 40, 2));
  g_assert_true (take (&rule, 40, 1));
  g_assert_cmpint (rule.overload, ==, POTOO_OVERLOAD_REFUSING);
  g_assert_false (take (&rule, 59, 100));
  g_assert_false (take (&rule, 60, 2));
  g_assert_true (take (&rule, 100, 1));
  g_assert_cmpint (rule.overload, ==, POTOO_OVERLOAD_ENDING);
  g_assert_false (take (&rule, 100, 100));
  g_assert_false (take (&rule, 35, 100));
  g_assert_true (take (&rule, 34, 10));
  g_assert_cmpint (rule.overload, ==, POTOO_OVERLOAD_REFUSING);
  g_assert_false (take (&rule, 20, 100));
  g_assert_false (take (&rule, 19, 9));
  g_assert_true (take (&rule, 19, 1));
  g_assert_cmpint (rule.overload, ==, POTOO_OVERLOAD_NONE);
  g_assert_false (take (&rule, 0, 100));
}

/* A moment in between begins the count anew. */
static void
test_moments_do_not_count (void)
{
  PotooOverloadRule rule = { 0 };

  for (guint i = 0; i < 100; i++)
    g_assert_false (take (&rule, 100, 2) || take (&rule, 0, 1));
  g_assert_true (take (&rule, 100, 3));
  for (guint i = 0; i < 100; i++)
    g_assert_false (take (&rule, 0, 9) || take (&rule, 50, 1));
  g_assert_true (take (&rule, 0, 10));
}

/* Main was held up: that is one look, not an hour of overload. */
static void
test_late_look (void)
{
  PotooOverloadRule rule = { 0 };

  potoo_overload_rule_take (&rule, 1.0, 3600 * SECOND_US);
  g_assert_cmpint (rule.overload, ==, POTOO_OVERLOAD_NONE);
  potoo_overload_rule_take (&rule, 1.0, 3600 * SECOND_US);
  g_assert_cmpint (rule.overload, ==, POTOO_OVERLOAD_REFUSING);
}

/* --- of this process --- */

static void
test_admits (void)
{
  g_autoptr (GError) error = NULL;

  potoo_overload_set (POTOO_OVERLOAD_NONE, 0.01);
  g_assert_true (potoo_overload_admit (POTOO_WORK_LIVE, &error));
  g_assert_no_error (error);
  potoo_overload_set (POTOO_OVERLOAD_REFUSING, 0.5);
  g_assert_cmpstr (potoo_overload_get_name (potoo_overload_get ()), ==, "refusing");
  g_assert_false (potoo_overload_admit (POTOO_WORK_LIVE, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, "The processor is overloaded; recording goes first");
  potoo_overload_note_ended (POTOO_WORK_RESTREAM, 3);
  g_autofree char *page = potoo_metrics_render ();
  g_assert_nonnull (strstr (page, "potoo_overload 1\n"));
  g_assert_nonnull (strstr (page, "potoo_cpu_wait_ratio 0.5\n"));
  g_assert_nonnull (strstr (page, "potoo_overload_refused_total{work=\"live\"} 1\n"));
  g_assert_nonnull (strstr (page, "potoo_overload_ended_total{work=\"restream\"} 3\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/cpu-meter/mean", Fixture, NULL, set_up, test_mean, tear_down);
  g_test_add ("/cpu-meter/removed", Fixture, NULL, set_up, test_removed, tear_down);
  g_test_add ("/cpu-meter/bound", Fixture, NULL, set_up, test_bound, tear_down);
  g_test_add ("/cpu-meter/kernel-does-not-tell", Fixture, NULL, set_up, test_kernel_does_not_tell,
              tear_down);
  g_test_add_func ("/cpu/threads", test_threads);
  g_test_add_func ("/overload/rises-and-falls", test_rises_and_falls);
  g_test_add_func ("/overload/moments-do-not-count", test_moments_do_not_count);
  g_test_add_func ("/overload/late-look", test_late_look);
  g_test_add_func ("/overload/admits", test_admits);
  return g_test_run ();
}
