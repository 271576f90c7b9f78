/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-options.h"

static PotooSimOptions *
parse (GError **error, const char *first, ...)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  va_list list;

  g_ptr_array_add (args, (char *) "potoo-camera-sim");
  va_start (list, first);
  for (const char *arg = first; arg != NULL; arg = va_arg (list, const char *))
    g_ptr_array_add (args, (char *) arg);
  va_end (list);
  guint argc = args->len;
  g_ptr_array_add (args, NULL);
  return potoo_sim_options_parse ((int) argc, (char **) args->pdata, error);
}

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSimOptions) options = parse (&error, NULL);
  PotooSimLoopParams params;

  g_assert_no_error (error);
  g_assert_cmpuint (options->cameras->len, ==, 1);
  PotooSimCameraOptions *camera = options->cameras->pdata[0];
  g_assert_cmpstr (camera->id, ==, "cam1");
  g_assert_null (camera->user);
  potoo_sim_camera_options_get_main (camera, &params);
  g_assert_cmpint (params.codec, ==, POTOO_SIM_CODEC_H264);
  g_assert_cmpuint (params.width, ==, 1280);
  g_assert_cmpuint (params.n_units, ==, 1500);
  potoo_sim_camera_options_get_sub (camera, &params);
  g_assert_cmpuint (params.width, ==, 640);
  g_assert_cmpuint (params.height, ==, 360);
  g_assert_cmpuint (params.n_units, ==, 600);
}

static void
test_all_settings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSimOptions) options = parse (
      &error, "--port=0",
      "--camera=a,codec=h265,width=640,height=480,fps=30,bitrate=999,gop=15,bframes=2,"
      "slices=4,audio=opus,user=u,password=p=q,loop=2",
      "--camera=b", "--tls", "--control=/x", "--cache-dir=/y", "--print-ready", NULL);

  g_assert_no_error (error);
  g_assert_cmpuint (options->port, ==, 0);
  g_assert_true (options->tls && options->print_ready && !options->die_with_parent);
  g_assert_cmpstr (options->control_path, ==, "/x");
  g_assert_cmpstr (options->cache_directory, ==, "/y");
  g_assert_cmpuint (options->cameras->len, ==, 2);
  PotooSimCameraOptions *camera = options->cameras->pdata[0];
  g_assert_cmpstr (camera->user, ==, "u");
  g_assert_cmpstr (camera->password, ==, "p=q");
  g_assert_cmpint (camera->audio, ==, POTOO_SIM_CODEC_OPUS);
  PotooSimLoopParams params;
  potoo_sim_camera_options_get_main (camera, &params);
  g_autofree char *key = potoo_sim_loop_params_key (&params);
  g_assert_nonnull (
      strstr (key, "h265 640x480, 30/1, 999 kbit/s, gop 15, bframes 2, slices 4, units 60"));
}

/* Loops are whole GOPs, at least one. */
static void
test_whole_gops (void)
{
  static const struct
  {
    const char *text;
    guint units;
  } cases[] = {
    { "a,loop=2,fps=25,gop=25", 50 },
    { "a,loop=2,fps=25,gop=30", 60 },
    { "a,loop=2,fps=10,gop=600", 600 },
    { "a,loop=3,fps=7,gop=1", 21 },
    { "a,loop=20,interval=5,gop=2", 4 },
    { "a,loop=4,interval=5,gop=5", 5 },
    { "a,loop=2,fps=10,gop=600,codec=mjpeg", 20 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (PotooSimCameraOptions)
          options = potoo_sim_camera_options_parse (cases[i].text, NULL);
      PotooSimLoopParams params;
      potoo_sim_camera_options_get_main (options, &params);
      g_assert_cmpuint (params.n_units, ==, cases[i].units);
      potoo_sim_camera_options_get_sub (options, &params);
      g_assert_cmpuint (params.n_units % params.gop, ==, 0);
    }
}

static void
test_bad_cameras (void)
{
  static const char *const cases[][2] = {
    { "", "Camera id" },
    { "A", "Camera id" },
    { "-a", "Camera id" },
    { "a/b", "Camera id" },
    { "a,", "known are" },
    { "a,fps", "fps=: must be a number from 1 to 60" },
    { "a,fps=61", "from 1 to 60" },
    { "a,fps=-1", "from 1 to 60" },
    { "a,fps=25x", "from 1 to 60" },
    { "a,fps=99999999999999999999", "from 1 to 60" },
    { "a,width=322", "multiple of 8" },
    { "a,height=241", "multiple of 2" },
    { "a,codec=aac", "h264, h265" },
    { "a,audio=h264", "none, aac, pcmu, pcma, opus, g722, g726, l16, mp2" },
    { "a,slices=0", "from 1 to 8" },
    { "a,interval=21", "from 1 to 20" },
    { "a,sprop=2", "from 0 to 1" },
    { "a,wrap=-1", "from 0 to 3600" },
    { "a,codec=mjpeg,width=2048", "at most 2040" },
    { "a,loop=1", "from 2 to 600" },
    { "a,loop=600", "at most 4096" },
    { "a,loop=100,bitrate=50000", "512 MB" },
    { "a,gop=2,bframes=2", "less than gop" },
    { "a,user=x", "together" },
    { "a,user=x,password=", "password" },
    { "a,user=a\"b,password=x", "without quotes" },
    { "a,size=1", "Unknown camera setting" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (potoo_sim_camera_options_parse (cases[i][0], &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      if (strstr (error->message, cases[i][1]) == NULL)
        g_error ("%s: %s", cases[i][0], error->message);
    }
}

static void
test_bad_options (void)
{
  static const char *const cases[][3] = {
    { "--foo", NULL, "--foo" },
    { "--port=x", NULL, "--port" },
    { "--port=65536", NULL, "0 to 65535" },
    { "--port=-1", NULL, "0 to 65535" },
    { "--cameras=0", NULL, "from 1 to" },
    { "--cameras=513", NULL, "from 1 to 512" },
    { "--cameras=2", "--camera=a", "together" },
    { "--camera=a", "--camera=a", "twice" },
    { "word", NULL, "word" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (parse (&error, cases[i][0], cases[i][1], NULL));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, cases[i][2]));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/options/defaults", test_defaults);
  g_test_add_func ("/sim/options/all", test_all_settings);
  g_test_add_func ("/sim/options/whole-gops", test_whole_gops);
  g_test_add_func ("/sim/options/bad-cameras", test_bad_cameras);
  g_test_add_func ("/sim/options/bad-options", test_bad_options);
  return g_test_run ();
}
