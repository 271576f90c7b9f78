/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The clock is set by the seam; the kernel's timer is armed all the same, and must stay silent. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/potoo-clock-watch.h"
#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"

static char *clock_path;

typedef struct
{
  PotooClockWatch *watch;
  guint n;
  gint64 step_us; /* of the last signal */
} Fixture;

static void
on_clock_set (PotooClockWatch *watch, gint64 step_us, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n++;
  fixture->step_us = step_us;
}

static void
set_offset (gint64 offset_us)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, offset_us);
  g_assert_true (g_file_set_contents (clock_path, text, -1, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  set_offset (0);
  g_usleep (100 * 1000); /* it is read every 50 ms */
  fixture->watch = potoo_clock_watch_new ();
  g_signal_connect (fixture->watch, "clock-set", G_CALLBACK (on_clock_set), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->watch);
}

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, set_flag, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_step (Fixture *fixture, guint n, gint64 step_us)
{
  gint64 deadline_us = potoo_clock_mono_us () + 10 * POTOO_SECOND_US;

  while (fixture->n < n)
    {
      g_assert_cmpint (potoo_clock_mono_us (), <, deadline_us);
      run_for (10);
    }
  g_assert_cmpuint (fixture->n, ==, n);
  g_assert_cmpint (ABS (fixture->step_us - step_us), <, 100 * 1000);
}

/* Each once, by how much it was. */
static void
test_steps (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = potoo_metrics_render ();
  g_assert_nonnull (strstr (before, "\npotoo_clock_steps_total 0\n"));
  set_offset (POTOO_DAY_US);
  wait_for_step (fixture, 1, POTOO_DAY_US);
  set_offset (-3600 * POTOO_SECOND_US);
  wait_for_step (fixture, 2, -POTOO_DAY_US - 3600 * POTOO_SECOND_US);
  set_offset (-3601 * POTOO_SECOND_US);
  wait_for_step (fixture, 3, -POTOO_SECOND_US);
  g_autofree char *after = potoo_metrics_render ();
  g_assert_nonnull (strstr (after, "\npotoo_clock_steps_total 3\n"));
}

/* Nor do many that are small become a large one. */
static void
test_small_steps (Fixture *fixture, gconstpointer data)
{
  for (int i = 1; i <= 7; i++)
    {
      set_offset (i * POTOO_CLOCK_STEP_US / 6);
      run_for (200);
    }
  g_assert_cmpuint (fixture->n, ==, 0);
}

/* Nothing wakes the main loop while the clock goes as it should. */
static void
test_silence (Fixture *fixture, gconstpointer data)
{
  run_for (200);
  g_assert_false (g_main_context_pending (NULL));
  g_assert_cmpuint (fixture->n, ==, 0);
}

/* It goes when a step is about to be told. */
static void
test_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PotooClockWatch) other = potoo_clock_watch_new ();

  set_offset (POTOO_DAY_US);
  run_for (20);
  g_clear_object (&other);
  wait_for_step (fixture, 1, POTOO_DAY_US);
}

int
main (int argc, char *argv[])
{
  int fd = g_file_open_tmp ("potoo-clock-XXXXXX", &clock_path, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_setenv ("POTOO_TEST_CLOCK", clock_path, TRUE);

  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/clock-watch/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("steps", test_steps);
  ADD ("small-steps", test_small_steps);
  ADD ("silence", test_silence);
  ADD ("gone", test_gone);
  int status = g_test_run ();
  g_unlink (clock_path);
  g_free (clock_path);
  return status;
}
