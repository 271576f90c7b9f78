/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-metrics.h"

typedef struct
{
  char *path;
  int own_stderr;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd = g_file_open_tmp ("potoo-log-XXXXXX", &fixture->path, NULL);

  g_assert_cmpint (fd, >=, 0);
  fixture->own_stderr = dup (STDERR_FILENO);
  g_assert_cmpint (dup2 (fd, STDERR_FILENO), ==, STDERR_FILENO);
  close (fd);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dup2 (fixture->own_stderr, STDERR_FILENO);
  close (fixture->own_stderr);
  g_unlink (fixture->path);
  g_free (fixture->path);
}

/* What was written since the last time. (transfer full) */
static GStrv
take_lines (Fixture *fixture)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_cmpint (ftruncate (STDERR_FILENO, 0), ==, 0);
  lseek (STDERR_FILENO, 0, SEEK_SET);
  g_strchomp (text);
  return g_strsplit (text, "\n", -1);
}

static void
flood (guint n)
{
  for (guint i = 0; i < n; i++)
    potoo_log_warning ("door", "line %u", i);
}

static void
test_bound (Fixture *fixture, gconstpointer data)
{
  flood (POTOO_LOG_MAX_BURST + 500);
  g_auto (GStrv) first = take_lines (fixture);
  guint n = g_strv_length (first);
  g_assert_cmpuint (n, >=, POTOO_LOG_MAX_BURST);
  g_assert_cmpuint (n, <, POTOO_LOG_MAX_BURST + 500);
  g_assert_nonnull (strstr (first[0], "door: line 0"));
  g_autofree char *page = potoo_metrics_render ();
  g_autofree char *counted = g_strdup_printf ("potoo_log_left_out_lines_total %u\n",
                                              POTOO_LOG_MAX_BURST + 500 - n);
  g_assert_nonnull (strstr (page, counted));

  /* The next ones come together, and the first tells of the others. */
  g_usleep (3 * G_USEC_PER_SEC / 2);
  flood (5);
  g_auto (GStrv) next = take_lines (fixture);
  g_assert_cmpuint (g_strv_length (next), ==, 6);
  g_autofree char *told = g_strdup_printf ("%u lines were left out", POTOO_LOG_MAX_BURST + 500 - n);
  g_assert_nonnull (strstr (next[0], told));
  g_assert_nonnull (strstr (next[1], "door: line 0"));
}

static void
test_debug (Fixture *fixture, gconstpointer data)
{
  potoo_log_set_level (POTOO_LOG_DEBUG);
  flood (3 * POTOO_LOG_MAX_BURST);
  potoo_log_set_level (POTOO_LOG_INFO);
  g_auto (GStrv) lines = take_lines (fixture);
  g_assert_cmpuint (g_strv_length (lines), ==, 3 * POTOO_LOG_MAX_BURST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  potoo_log_init (POTOO_LOG_INFO);
  g_test_add ("/log/bound", Fixture, NULL, set_up, test_bound, tear_down);
  g_test_add ("/log/debug", Fixture, NULL, set_up, test_debug, tear_down);
  return g_test_run ();
}
