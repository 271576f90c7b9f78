/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "live/potoo-live-window.h"

#define START_US G_GINT64_CONSTANT (1795000000000000) /* 2026-11-18T11:06:40Z */
#define MAX_BYTES 10000

static PotooMetric *bytes_metric;

static void
add (PotooLiveWindow *window, guint number, gsize size, gint64 duration_us)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);

  potoo_live_window_add (window, bytes, START_US + number * G_USEC_PER_SEC, duration_us);
}

static void
add_many (PotooLiveWindow *window, guint n)
{
  for (guint i = 0; i < n; i++)
    add (window, i, 100, G_USEC_PER_SEC);
}

/* The playlist with the window's own word replaced by WORD. (transfer full) (nullable) */
static char *
make_playlist (PotooLiveWindow *window)
{
  g_autofree char *text = potoo_live_window_make_playlist (window, "ts/");
  g_autoptr (GRegex) word = g_regex_new ("ts/[0-9a-f]{16}-", 0, 0, NULL);

  return text != NULL ? g_regex_replace_literal (word, text, -1, 0, "ts/WORD-", 0, NULL) : NULL;
}

static void
assert_has (PotooLiveWindow *window, const char *line)
{
  g_autofree char *text = make_playlist (window);
  g_autofree char *whole = g_strdup_printf ("\n%s\n", line);

  if (strstr (text, whole) == NULL)
    g_error ("no line “%s” in:\n%s", line, text);
}

static guint
count (PotooLiveWindow *window, const char *part)
{
  g_autofree char *text = make_playlist (window);
  g_auto (GStrv) pieces = g_strsplit (text, part, -1);

  return g_strv_length (pieces) - 1;
}

/* (transfer full) */
static char *
get_name (PotooLiveWindow *window, guint64 sequence)
{
  g_autofree char *text = potoo_live_window_make_playlist (window, "");
  g_autofree char *pattern = g_strdup_printf ("^([0-9a-f]{16})-%" G_GUINT64_FORMAT "\\.ts$",
                                              sequence);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  g_assert_true (g_regex_match (regex, text, 0, &match));
  return g_match_info_fetch (match, 0);
}

static gboolean
has_segment (PotooLiveWindow *window, const char *name)
{
  g_autoptr (GBytes) bytes = potoo_live_window_get_segment (window, name);
  return bytes != NULL;
}

static void
test_playlist (void)
{
  g_autoptr (PotooLiveWindow) window = potoo_live_window_new (MAX_BYTES, bytes_metric);

  g_assert_null (make_playlist (window));
  add (window, 0, 100, 1499999);
  add (window, 1, 100, 960000);
  potoo_live_window_break (window);
  add (window, 61, 100, 40);
  g_autofree char *text = make_playlist (window);
  g_assert_cmpstr (text, ==,
                   "#EXTM3U\n"
                   "#EXT-X-VERSION:3\n"
                   "#EXT-X-INDEPENDENT-SEGMENTS\n"
                   "#EXT-X-TARGETDURATION:1\n"
                   "#EXT-X-MEDIA-SEQUENCE:0\n"
                   "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:40.000000Z\n"
                   "#EXTINF:1.499999,\n"
                   "ts/WORD-0.ts\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:06:41.000000Z\n"
                   "#EXTINF:0.960000,\n"
                   "ts/WORD-1.ts\n"
                   "#EXT-X-DISCONTINUITY\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2026-11-18T11:07:41.000000Z\n"
                   "#EXTINF:0.000040,\n"
                   "ts/WORD-2.ts\n");
}

/* A player may have read the target duration when it was longer. */
static void
test_target_duration (void)
{
  g_autoptr (PotooLiveWindow) window = potoo_live_window_new (MAX_BYTES, bytes_metric);

  add (window, 0, 100, 100);
  assert_has (window, "#EXT-X-TARGETDURATION:1");
  add (window, 1, 100, 3500000);
  assert_has (window, "#EXT-X-TARGETDURATION:4");
  g_assert_cmpint (potoo_live_window_get_target_us (window), ==, 4 * G_USEC_PER_SEC);
  add_many (window, 20);
  assert_has (window, "#EXT-X-TARGETDURATION:4");
}

static void
test_slides (void)
{
  g_autoptr (PotooLiveWindow) window = potoo_live_window_new (MAX_BYTES, bytes_metric);

  add_many (window, POTOO_LIVE_LISTED);
  g_assert_cmpuint (count (window, "#EXTINF"), ==, POTOO_LIVE_LISTED);
  assert_has (window, "#EXT-X-MEDIA-SEQUENCE:0");
  g_autofree char *first = get_name (window, 0);
  add_many (window, 3);
  g_assert_cmpuint (count (window, "#EXTINF"), ==, POTOO_LIVE_LISTED);
  assert_has (window, "#EXT-X-MEDIA-SEQUENCE:3");
  g_assert_true (has_segment (window, first)); /* for who has the playlist before */
  add_many (window, 1);
  g_assert_false (has_segment (window, first));
  g_assert_cmpint (potoo_metric_get (bytes_metric), ==, POTOO_LIVE_KEPT * 100);
}

static void
test_bytes (void)
{
  g_autoptr (PotooLiveWindow) window = potoo_live_window_new (MAX_BYTES, bytes_metric);

  for (guint i = 0; i < 5; i++)
    add (window, i, MAX_BYTES / 3, G_USEC_PER_SEC);
  g_assert_cmpuint (count (window, "#EXTINF"), ==, 3);
  g_assert_cmpint (potoo_metric_get (bytes_metric), <=, MAX_BYTES);
  add (window, 5, MAX_BYTES * 2, G_USEC_PER_SEC); /* the newest stays, whatever its size */
  g_assert_cmpuint (count (window, "#EXTINF"), ==, 1);
  assert_has (window, "#EXT-X-MEDIA-SEQUENCE:5");
}

static void
test_discontinuities (void)
{
  g_autoptr (PotooLiveWindow) window = potoo_live_window_new (MAX_BYTES, bytes_metric);

  potoo_live_window_break (window); /* nothing was before the first one */
  add_many (window, 1);
  g_assert_cmpuint (count (window, "#EXT-X-DISCONTINUITY\n"), ==, 0);
  potoo_live_window_break (window);
  potoo_live_window_break (window);
  add_many (window, 2);
  g_assert_cmpuint (count (window, "#EXT-X-DISCONTINUITY\n"), ==, 1);
  add_many (window, POTOO_LIVE_LISTED - 2);
  assert_has (window, "#EXT-X-DISCONTINUITY-SEQUENCE:0");
  g_assert_cmpuint (count (window, "#EXT-X-DISCONTINUITY\n"), ==, 1); /* of the first listed */
  add_many (window, 1);
  assert_has (window, "#EXT-X-DISCONTINUITY-SEQUENCE:1"); /* kept, but not listed */
  add_many (window, 20);
  assert_has (window, "#EXT-X-DISCONTINUITY-SEQUENCE:1"); /* gone */
}

static void
test_clear (void)
{
  g_autoptr (PotooLiveWindow) window = potoo_live_window_new (MAX_BYTES, bytes_metric);

  add_many (window, 3);
  g_autofree char *old = get_name (window, 2);
  potoo_live_window_clear (window);
  g_assert_null (make_playlist (window));
  g_assert_false (has_segment (window, old));
  g_assert_cmpint (potoo_metric_get (bytes_metric), ==, 0);
  add_many (window, 1);
  assert_has (window, "#EXT-X-MEDIA-SEQUENCE:3");
  g_assert_cmpuint (count (window, "#EXT-X-DISCONTINUITY\n"), ==, 1);
}

static void
test_names (void)
{
  g_autoptr (PotooLiveWindow) one = potoo_live_window_new (MAX_BYTES, bytes_metric);
  g_autoptr (PotooLiveWindow) other = potoo_live_window_new (MAX_BYTES, bytes_metric);

  add_many (one, 1);
  add_many (other, 1);
  g_autofree char *name = get_name (one, 0);
  g_autofree char *cut = g_strndup (name, strlen (name) - 1);
  g_autofree char *longer = g_strconcat (name, "x", NULL);
  g_assert_true (has_segment (one, name));
  g_assert_false (has_segment (other, name));
  g_assert_false (has_segment (one, ""));
  g_assert_false (has_segment (one, cut));
  g_assert_false (has_segment (one, longer));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  bytes_metric = potoo_metric_new_gauge ("potoo_test_bytes", "Test", NULL);
  g_test_add_func ("/live-window/playlist", test_playlist);
  g_test_add_func ("/live-window/target-duration", test_target_duration);
  g_test_add_func ("/live-window/slides", test_slides);
  g_test_add_func ("/live-window/bytes", test_bytes);
  g_test_add_func ("/live-window/discontinuities", test_discontinuities);
  g_test_add_func ("/live-window/clear", test_clear);
  g_test_add_func ("/live-window/names", test_names);
  int status = g_test_run ();
  g_assert_cmpint (potoo_metric_get (bytes_metric), ==, 0);
  potoo_metric_unref (bytes_metric);
  return status;
}
