/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "restream/potoo-restream-path.h"

static void
test_parse (void)
{
  static const struct
  {
    const char *path, *camera, *stream; /* camera NULL: not one of ours */
  } rows[] = {
    { "/front", "front", "main" },
    { "/front/sub", "front", "sub" },
    { "/front/stream=0", "front", "main" },
    { "/front/sub/stream=1", "front", "sub" },
    { "/2nd-cam", "2nd-cam", "main" },
    { "/sub", "sub", "main" },
    { "/sub/sub", "sub", "sub" },
    { "", NULL, NULL },
    { "/", NULL, NULL },
    { "front", NULL, NULL },
    { "//front", NULL, NULL },
    { "/front/", NULL, NULL },
    { "/front/main", NULL, NULL },
    { "/front/sub/", NULL, NULL },
    { "/front/sub/x", NULL, NULL },
    { "/front/sub/stream=0/x", NULL, NULL },
    { "/front/stream=0/stream=0", NULL, NULL },
    { "/front/stream=", NULL, NULL },
    { "/front/stream=-1", NULL, NULL },
    { "/front/stream=256", NULL, NULL },
    { "/stream=0", NULL, NULL },
    { "/Front", NULL, NULL },
    { "/-front", NULL, NULL },
    { "/../front", NULL, NULL },
    { "/fr%6fnt", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *camera = NULL;
      const char *stream = NULL;
      gboolean parsed = potoo_restream_path_parse (rows[i].path, &camera, &stream);
      g_assert_cmpstr (camera, ==, rows[i].camera);
      g_assert_cmpstr (stream, ==, rows[i].stream);
      g_assert_true (parsed == (rows[i].camera != NULL));
    }
  g_assert_false (potoo_restream_path_parse (NULL, NULL, NULL));
}

static void
test_make (void)
{
  g_autofree char *main_path = potoo_restream_path_make ("front", POTOO_RESTREAM_MAIN);
  g_autofree char *sub_path = potoo_restream_path_make ("front", POTOO_RESTREAM_SUB);

  g_assert_cmpstr (main_path, ==, "/front");
  g_assert_cmpstr (sub_path, ==, "/front/sub");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/restream-path/parse", test_parse);
  g_test_add_func ("/restream-path/make", test_make);
  return g_test_run ();
}
