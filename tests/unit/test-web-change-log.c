/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "web/potoo-web-change-log.h"

static void
publish (PotooWebChangeLog *log, const char *event, gint64 n, gsize padding)
{
  JsonObject *object = json_object_new ();
  g_autofree char *text = g_strnfill (padding, 'x');

  json_object_set_int_member (object, "n", n);
  json_object_set_string_member (object, "text", text);
  potoo_web_change_log_publish (log, event, object);
}

static char *
next (PotooWebChangeLog *log, guint64 *place)
{
  g_autoptr (GBytes) event = NULL;

  g_assert_cmpint (potoo_web_change_log_next (log, place, &event), ==, POTOO_WEB_CHANGE_EVENT);
  return g_strndup (g_bytes_get_data (event, NULL), g_bytes_get_size (event));
}

static void
assert_next (PotooWebChangeLog *log, guint64 *place, PotooWebChange change)
{
  g_autoptr (GBytes) event = NULL;

  g_assert_cmpint (potoo_web_change_log_next (log, place, &event), ==, change);
}

static void
test_order (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  guint64 place = potoo_web_change_log_get_end (log);

  assert_next (log, &place, POTOO_WEB_CHANGE_NONE);
  publish (log, "camera", 1, 0);
  publish (log, "gap", 2, 0);
  for (guint i = 1; i <= 2; i++)
    {
      g_autofree char *id = potoo_web_change_log_make_id (log, i);
      g_autofree char *text = next (log, &place);
      g_autofree char *expected = g_strdup_printf (
          "id: %s\nevent: %s\ndata: {\"n\":%u,\"text\":\"\"}\n\n", id, i == 1 ? "camera" : "gap",
          i);
      g_assert_cmpstr (text, ==, expected);
      g_assert_cmpuint (place, ==, i);
    }
  assert_next (log, &place, POTOO_WEB_CHANGE_NONE);
}

/* A line break would end an event's field: JSON escapes them all. */
static void
test_line_breaks (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  JsonObject *object = json_object_new ();
  guint64 place = 0;

  json_object_set_string_member (object, "name", "a\n\nevent: reset\r\ndata: {}\n\n");
  potoo_web_change_log_publish (log, "camera", object);
  g_autofree char *text = next (log, &place);
  g_assert_null (strchr (text, '\r'));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 5); /* three, and the two breaks at the end */
}

static void
test_find (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  g_autoptr (PotooWebChangeLog) other = potoo_web_change_log_new ();
  guint64 place;

  publish (log, "gap", 1, 0);
  publish (log, "gap", 2, 0);
  for (guint64 i = 0; i <= 2; i++)
    {
      g_autofree char *id = potoo_web_change_log_make_id (log, i);
      g_assert_true (potoo_web_change_log_find (log, id, &place));
      g_assert_cmpuint (place, ==, i);
      g_assert_false (potoo_web_change_log_find (other, id, &place));
    }
}

static void
test_find_hostile (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  g_autofree char *own = potoo_web_change_log_make_id (log, 0);
  g_autofree char *name = g_strndup (own, (gsize) (strchr (own, '-') - own));
  g_autofree char *huge = g_strnfill (100000, '9');
  guint64 place;
  const char *const tails[] = { "",
                                "-",
                                "-1 ",
                                "- 1",
                                "-+1",
                                "--1",
                                "-01",
                                "-1x",
                                "-0x1",
                                "-1-1",
                                "-1.0",
                                "-1e0",
                                "1",
                                "-\xff",
                                "-1,1",
                                "-1, -2",
                                "-\xe2",
                                "-2",
                                "-18446744073709551615",
                                "-18446744073709551616",
                                "-99999999999999999999999" };

  publish (log, "gap", 1, 0);
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *id = g_strconcat (name, tails[i], NULL);
      g_assert_false (potoo_web_change_log_find (log, id, &place));
    }
  g_autofree char *long_id = g_strconcat (name, "-", huge, NULL);
  g_assert_false (potoo_web_change_log_find (log, long_id, &place));
  g_assert_false (potoo_web_change_log_find (log, huge, &place));
  g_assert_false (potoo_web_change_log_find (log, "", &place));
  g_assert_false (potoo_web_change_log_find (log, "-1", &place));
}

static void
test_lost_by_number (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  guint64 place, begin = 0;

  for (int i = 0; i < POTOO_WEB_CHANGE_LOG_EVENTS; i++)
    publish (log, "gap", i + 1, 0);
  g_autofree char *first = potoo_web_change_log_make_id (log, 0);
  g_autofree char *second = potoo_web_change_log_make_id (log, 1);
  g_assert_true (potoo_web_change_log_find (log, first, &place));
  publish (log, "gap", 0, 0);
  g_assert_false (potoo_web_change_log_find (log, first, &place));
  assert_next (log, &begin, POTOO_WEB_CHANGE_LOST);
  g_assert_cmpuint (begin, ==, 0);
  g_assert_true (potoo_web_change_log_find (log, second, &place));
  for (int i = 0; i < POTOO_WEB_CHANGE_LOG_EVENTS; i++)
    assert_next (log, &place, POTOO_WEB_CHANGE_EVENT);
  assert_next (log, &place, POTOO_WEB_CHANGE_NONE);
}

static void
test_lost_by_bytes (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  const gsize size = POTOO_WEB_CHANGE_LOG_BYTES / 4;
  guint64 place = 0;

  for (int i = 0; i < 4; i++)
    publish (log, "gap", i, size); /* the texts around it are too much for the fourth */
  assert_next (log, &place, POTOO_WEB_CHANGE_LOST);
  place = 1;
  for (int i = 1; i < 4; i++)
    assert_next (log, &place, POTOO_WEB_CHANGE_EVENT);

  /* One that is over the bound by itself is alone. */
  publish (log, "gap", 4, POTOO_WEB_CHANGE_LOG_BYTES);
  g_assert_cmpuint (place, ==, 4);
  assert_next (log, &place, POTOO_WEB_CHANGE_EVENT);
  place = 3;
  assert_next (log, &place, POTOO_WEB_CHANGE_LOST);
}

static void
count_wake (gpointer user_data)
{
  g_atomic_int_inc ((gint *) user_data);
}

static void
test_watch (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  gint a = 0, b = 0;

  potoo_web_change_log_watch (log, count_wake, &a);
  potoo_web_change_log_watch (log, count_wake, &b);
  publish (log, "gap", 1, 0);
  potoo_web_change_log_unwatch (log, &a);
  publish (log, "gap", 2, 0);
  g_assert_cmpint (a, ==, 1);
  g_assert_cmpint (b, ==, 2);
  potoo_web_change_log_unwatch (log, &b);
}

#define N_THREADS 4
#define N_EACH 200 /* together less than the log keeps */

static gpointer
publish_many (gpointer log)
{
  for (int i = 0; i < N_EACH; i++)
    publish (log, "gap", i, 10);
  return NULL;
}

/* Whoever publishes when: a follower gets each event once, in the order of the ids. */
static void
test_threads (void)
{
  g_autoptr (PotooWebChangeLog) log = potoo_web_change_log_new ();
  GThread *threads[N_THREADS];
  guint64 place = 0;

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("publisher", publish_many, log);
  while (place < N_THREADS * N_EACH)
    {
      g_autoptr (GBytes) event = NULL;
      if (potoo_web_change_log_next (log, &place, &event) != POTOO_WEB_CHANGE_EVENT)
        continue;
      g_autofree char *id = potoo_web_change_log_make_id (log, place);
      g_autofree char *begin = g_strdup_printf ("id: %s\n", id);
      g_assert_true (g_str_has_prefix (g_bytes_get_data (event, NULL), begin));
    }
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  assert_next (log, &place, POTOO_WEB_CHANGE_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web-change-log/order", test_order);
  g_test_add_func ("/web-change-log/line-breaks", test_line_breaks);
  g_test_add_func ("/web-change-log/find", test_find);
  g_test_add_func ("/web-change-log/find-hostile", test_find_hostile);
  g_test_add_func ("/web-change-log/lost-by-number", test_lost_by_number);
  g_test_add_func ("/web-change-log/lost-by-bytes", test_lost_by_bytes);
  g_test_add_func ("/web-change-log/watch", test_watch);
  g_test_add_func ("/web-change-log/threads", test_threads);
  return g_test_run ();
}
