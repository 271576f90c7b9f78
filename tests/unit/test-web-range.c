/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-range.h"

typedef struct
{
  const char *range;
  guint64 size;
  PotooWebRange expected;
  guint64 offset, length;
} Row;

static const Row rows[] = {
  { NULL, 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=0-0", 1000, POTOO_WEB_RANGE_PART, 0, 1 },
  { "bytes=0-999", 1000, POTOO_WEB_RANGE_PART, 0, 1000 },
  { "bytes=0-1000", 1000, POTOO_WEB_RANGE_PART, 0, 1000 },
  { "bytes=500-", 1000, POTOO_WEB_RANGE_PART, 500, 500 },
  { "BYTES=999-", 1000, POTOO_WEB_RANGE_PART, 999, 1 },
  { "bytes=1000-", 1000, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=1000-2000", 1000, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=-1", 1000, POTOO_WEB_RANGE_PART, 999, 1 },
  { "bytes=-1000", 1000, POTOO_WEB_RANGE_PART, 0, 1000 },
  { "bytes=-5000", 1000, POTOO_WEB_RANGE_PART, 0, 1000 },
  { "bytes=-0", 1000, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=0-", 0, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=-1", 0, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=0-99999999999999999999999999", 1000, POTOO_WEB_RANGE_PART, 0, 1000 },
  { "bytes=99999999999999999999999999-", 1000, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=18446744073709551616-", 1000, POTOO_WEB_RANGE_UNSATISFIABLE, 0, 0 },
  { "bytes=-99999999999999999999999999", 1000, POTOO_WEB_RANGE_PART, 0, 1000 },
  { "bytes=5-4", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=-", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=0-1,5-6", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=0-1x", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes= 0-1", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=--1", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "bytes=+0-1", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "items=0-1", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
  { "", 1000, POTOO_WEB_RANGE_WHOLE, 0, 1000 },
};

static void
test_parse (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint64 offset, length;
      g_test_message ("%s", rows[i].range != NULL ? rows[i].range : "(none)");
      g_assert_cmpint (potoo_web_range_parse (rows[i].range, rows[i].size, &offset, &length), ==,
                       rows[i].expected);
      if (rows[i].expected == POTOO_WEB_RANGE_UNSATISFIABLE)
        continue;
      g_assert_cmpuint (offset, ==, rows[i].offset);
      g_assert_cmpuint (length, ==, rows[i].length);
    }
}

static void
test_etag (void)
{
  g_assert_true (potoo_web_etag_matches ("\"v1\"", "\"v1\"", TRUE));
  g_assert_true (potoo_web_etag_matches ("*", "\"v1\"", TRUE));
  g_assert_true (potoo_web_etag_matches ("\"v0\", \"v1\"", "\"v1\"", TRUE));
  g_assert_true (potoo_web_etag_matches (" ,\"a,b\" ,\"v1\"", "\"v1\"", TRUE));
  g_assert_true (potoo_web_etag_matches ("W/\"v1\"", "\"v1\"", FALSE));
  g_assert_false (potoo_web_etag_matches ("W/\"v1\"", "\"v1\"", TRUE));
  g_assert_false (potoo_web_etag_matches ("\"v11\"", "\"v1\"", TRUE));
  g_assert_false (potoo_web_etag_matches ("\"v\"", "\"v1\"", TRUE));
  g_assert_false (potoo_web_etag_matches ("v1", "\"v1\"", TRUE));
  g_assert_false (potoo_web_etag_matches ("\"v1", "\"v1\"", TRUE));
  g_assert_false (potoo_web_etag_matches ("", "\"v1\"", TRUE));
  g_assert_false (potoo_web_etag_matches ("W/", "\"v1\"", FALSE));
}

static void
test_date (void)
{
  g_autofree char *date = potoo_web_http_date (G_GINT64_CONSTANT (784111777) * G_USEC_PER_SEC);

  g_assert_cmpstr (date, ==, "Sun, 06 Nov 1994 08:49:37 GMT");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web-range/parse", test_parse);
  g_test_add_func ("/web-range/etag", test_etag);
  g_test_add_func ("/web-range/date", test_date);
  return g_test_run ();
}
