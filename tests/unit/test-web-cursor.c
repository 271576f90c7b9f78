/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-cursor.h"

#include <string.h>

static void
test_time (void)
{
  static const gint64 starts[] = { 0, 1, 1795000000000000, G_MAXINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      g_autofree char *cursor = potoo_web_cursor_from_time ('s', starts[i], G_MAXINT64);
      gint64 start_us, id;
      g_assert_cmpuint (strlen (cursor), <=, POTOO_WEB_CURSOR_MAX);
      g_assert_cmpuint (strspn (cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_"),
                        ==, strlen (cursor));
      g_assert_true (potoo_web_cursor_to_time (cursor, 's', &start_us, &id));
      g_assert_cmpint (start_us, ==, starts[i]);
      g_assert_cmpint (id, ==, G_MAXINT64);
      g_assert_false (potoo_web_cursor_to_time (cursor, 'g', &start_us, &id));
      g_assert_null (potoo_web_cursor_to_slug (cursor, 's'));
    }
}

static void
test_slug (void)
{
  g_autofree char *longest = g_strnfill (63, 'a');
  g_autofree char *cursor = potoo_web_cursor_from_slug ('c', longest);
  g_autofree char *back = potoo_web_cursor_to_slug (cursor, 'c');

  g_assert_cmpstr (back, ==, longest);
}

/* Of @text, whatever it is. */
static char *
encode (const char *text, gsize length)
{
  char *encoded = g_base64_encode ((const guchar *) text, length);
  encoded[strcspn (encoded, "=")] = '\0';
  return encoded;
}

static void
test_forged (void)
{
  static const char *const texts[] = { "",       "s",      "s:",
                                       "s:1",    "s:1:",   "s:1:0",
                                       "s:-1:1", "s:1:-1", "s:1:2:3",
                                       "s: 1:2", "s:1:2 ", "s:0x1:2",
                                       "g:1:2",  "s:a:b",  "s:1:9999999999999999999",
                                       "s:+1:2" };
  static const char *const raw[] = {
    "", "=", "czox", "czoxOjI=", "czoxOjI ", "czo\xff", "a", "%00"
  };
  gint64 start_us, id;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *cursor = encode (texts[i], strlen (texts[i]));
      g_test_message ("%s", texts[i]);
      g_assert_false (potoo_web_cursor_to_time (cursor, 's', &start_us, &id));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (raw); i++)
    g_assert_false (potoo_web_cursor_to_time (raw[i], 's', &start_us, &id));
  g_autofree char *nul = encode ("s:1:2\0x", 7);
  g_assert_false (potoo_web_cursor_to_time (nul, 's', &start_us, &id));
  g_autofree char *bad_slug = encode ("c:../x", 6);
  g_assert_null (potoo_web_cursor_to_slug (bad_slug, 'c'));
  g_autofree char *huge = g_strnfill (POTOO_WEB_CURSOR_MAX + 1, 'A');
  g_assert_null (potoo_web_cursor_to_slug (huge, 'c'));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web-cursor/time", test_time);
  g_test_add_func ("/web-cursor/slug", test_slug);
  g_test_add_func ("/web-cursor/forged", test_forged);
  return g_test_run ();
}
