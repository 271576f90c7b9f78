/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-text.h"

static void
test_slug (void)
{
  g_autofree char *longest = g_strnfill (POTOO_SLUG_MAX, 'a');
  g_autofree char *too_long = g_strnfill (POTOO_SLUG_MAX + 1, 'a');
  static const char *const good[] = { "a", "0", "front-door", "2nd-cam", "a--b", "a-" };
  static const char *const bad[] = { "", "-a", "A", "a_b", "a/b", "..", "a b", "ä", "a\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (potoo_slug_is_valid (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (potoo_slug_is_valid (bad[i]));
  g_assert_true (potoo_slug_is_valid (longest));
  g_assert_false (potoo_slug_is_valid (too_long));
  g_assert_false (potoo_slug_is_valid (NULL));
}

static void
test_slug_from_name (void)
{
  static const struct
  {
    const char *name, *slug;
  } cases[] = {
    { "Front Door", "front-door" },
    { "  Garage #2 (left) ", "garage-2-left" },
    { "Küche", "kuche" },
    { "Bob's shed", "bobs-shed" },
    { "---", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *slug = potoo_slug_from_name (cases[i].name);
      g_assert_cmpstr (slug, ==, cases[i].slug);
    }

  g_autofree char *name = g_strnfill (200, 'x');
  g_autofree char *slug = potoo_slug_from_name (name);
  g_assert_true (potoo_slug_is_valid (slug));
}

static void
test_duration (void)
{
  static const struct
  {
    const char *text;
    gint64 us;
  } cases[] = {
    { "5", 5000000 },
    { "0", 0 },
    { "250ms", 250000 },
    { "2s", 2000000 },
    { "5min", 300000000 },
    { "1h", G_GINT64_CONSTANT (3600000000) },
    { "7d", G_GINT64_CONSTANT (604800000000) },
  };
  static const char *const bad[] = {
    "", "s", "-1s", "+1s", "1 s", "1.5s", "1m", "1S", "9223372036854775807s", "0x10", "1s2"
  };
  gint64 us;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_true (potoo_duration_parse (cases[i].text, &us));
      g_assert_cmpint (us, ==, cases[i].us);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (potoo_duration_parse (bad[i], &us));
}

static void
test_size (void)
{
  gint64 size;

  g_assert_true (potoo_size_parse ("500M", &size));
  g_assert_cmpint (size, ==, 500000000);
  g_assert_true (potoo_size_parse ("20GiB", &size));
  g_assert_cmpint (size, ==, G_GINT64_CONSTANT (20) << 30);
  g_assert_true (potoo_size_parse ("1024", &size));
  g_assert_cmpint (size, ==, 1024);
  g_assert_false (potoo_size_parse ("9000000TB", &size) && size < 0);
  g_assert_false (potoo_size_parse ("99999999999TiB", &size));
  g_assert_false (potoo_size_parse ("5%", &size));
  g_assert_false (potoo_size_parse ("GB", &size));
}

static void
test_segment_id (void)
{
  static const char *const bad[] = { "",
                                     "1",
                                     "0000000000000000",
                                     "000000000000000G",
                                     "00000000000000AB",
                                     "8000000000000000",
                                     "00000000000000001" };
  gint64 id;

  g_autofree char *text = potoo_segment_id_format (0x1a2b);
  g_assert_cmpstr (text, ==, "0000000000001a2b");
  g_assert_true (potoo_segment_id_parse (text, &id));
  g_assert_cmpint (id, ==, 0x1a2b);
  g_assert_true (potoo_segment_id_parse ("7fffffffffffffff", &id));
  g_assert_cmpint (id, ==, G_MAXINT64);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (potoo_segment_id_parse (bad[i], &id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/slug", test_slug);
  g_test_add_func ("/text/slug-from-name", test_slug_from_name);
  g_test_add_func ("/text/duration", test_duration);
  g_test_add_func ("/text/size", test_size);
  g_test_add_func ("/text/segment-id", test_segment_id);
  return g_test_run ();
}
