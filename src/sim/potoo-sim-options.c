/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-options.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-faults.h"

typedef struct
{
  int port;
  int n_cameras;
  char **cameras;
  char *cache_directory;
  char *control_path;
} Raw;

static char *
describe (void)
{
  g_autofree char *faults = potoo_sim_faults_help ();

  return g_strdup_printf (
      "%s\n%s\n\n%s",
      _ ("A camera setting is one of (defaults in brackets):\n"
         "  codec=h264|h265|mjpeg [h264]  audio=none|aac|pcmu|pcma|opus|g722|g726|l16|mp2 [aac]\n"
         "  width=160…3840 [1280]         height=120…2160 [720]\n"
         "  fps=1…60 [25]                 bitrate=50…50000 kbit/s [2000]\n"
         "  gop=1…600 pictures [50]       bframes=0…4 [0]\n"
         "  slices=1…8 [1]                loop=2…600 seconds [60]\n"
         "  tcp=0|1 [1]: whether RTP over TCP is served, or UDP only\n"
         "  interval=1…20 [1]: seconds from picture to picture, instead of fps\n"
         "  sprop=0|1 [1]: parameter sets in the SDP\n"
         "  inband=0|1 [1]: parameter sets with keyframes\n"
         "  wrap=0…3600 [0]: seconds until RTP time wraps; 0: anywhen\n"
         "  metadata=0|1 [0]: a track in the SDP that is none of ours\n"
         "  seed=0…65535 [0]: what faults hit at random follows from it\n"
         "  user=TEXT, password=TEXT: digest authentication\n"
         "Streams are at rtsp://127.0.0.1:PORT/ID/main and /ID/sub, or at rtsp://[::1]:PORT/…"),
      "", faults);
}

static GOptionContext *
make_context (Raw *raw, PotooSimOptions *options)
{
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &raw->port,
      N_ ("TCP port on 127.0.0.1 (default 8555; 0 takes a free one)"), "N" },
    { "ipv6", 0, 0, G_OPTION_ARG_NONE, &options->ipv6, N_ ("Serve on [::1] instead"), NULL },
    { "cameras", 'n', 0, G_OPTION_ARG_INT, &raw->n_cameras,
      N_ ("Simulate N cameras cam1, cam2, … with default settings (default 1)"), "N" },
    { "camera", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &raw->cameras,
      N_ ("Simulate a camera; may be repeated"), "ID[,SETTING=VALUE…]" },
    { "tls", 0, 0, G_OPTION_ARG_NONE, &options->tls,
      N_ ("Serve rtsps with a self-signed certificate made at start"), NULL },
    { "cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &raw->cache_directory,
      N_ ("Keep encoded loops in DIR (default $XDG_CACHE_HOME/potoo-sim)"), "DIR" },
    { "control", 0, 0, G_OPTION_ARG_FILENAME, &raw->control_path,
      N_ ("Take faults over the unix socket PATH"), "PATH" },
    { "print-ready", 0, 0, G_OPTION_ARG_NONE, &options->print_ready,
      N_ ("Print one line of JSON with port and URLs when serving"), NULL },
    { "die-with-parent", 0, 0, G_OPTION_ARG_NONE, &options->die_with_parent,
      N_ ("Stop when the parent process ends"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, N_ ("Log more"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version"), NULL },
    { NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);
  g_autofree char *description = describe ();

  g_option_context_set_summary (
      context, _ ("Simulates RTSP cameras: every picture carries its number and time."));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  return context;
}

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static gboolean
add_camera (PotooSimOptions *options, const char *text, GError **error)
{
  PotooSimCameraOptions *camera = potoo_sim_camera_options_parse (text, error);

  if (camera == NULL)
    return FALSE;
  for (guint i = 0; i < options->cameras->len; i++)
    if (strcmp (((PotooSimCameraOptions *) options->cameras->pdata[i])->id, camera->id) == 0)
      {
        refuse (error, _ ("Camera id “%s” is given twice"), camera->id);
        potoo_sim_camera_options_free (camera);
        return FALSE;
      }
  g_ptr_array_add (options->cameras, camera);
  return TRUE;
}

static gboolean
add_cameras (PotooSimOptions *options, const Raw *raw, GError **error)
{
  int n = raw->n_cameras < 0 ? 1 : raw->n_cameras;

  if (raw->cameras != NULL)
    {
      if (raw->n_cameras >= 0)
        return refuse (error, _ ("--cameras and --camera cannot be given together"));
      if (g_strv_length (raw->cameras) > POTOO_SIM_MAX_CAMERAS)
        return refuse (error, _ ("--camera: at most %d are possible"), POTOO_SIM_MAX_CAMERAS);
      for (guint i = 0; raw->cameras[i] != NULL; i++)
        if (!add_camera (options, raw->cameras[i], error))
          return FALSE;
      return TRUE;
    }
  if (n < 1 || n > POTOO_SIM_MAX_CAMERAS)
    return refuse (error, _ ("--cameras=%d: must be from 1 to %d"), n, POTOO_SIM_MAX_CAMERAS);
  for (int i = 1; i <= n; i++)
    {
      g_autofree char *id = g_strdup_printf ("cam%d", i);
      if (!add_camera (options, id, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_raw (PotooSimOptions *options, Raw *raw, int argc, char **argv, GError **error)
{
  if (argc > 1)
    return refuse (error, _ ("Unexpected argument “%s”: only options are allowed"), argv[1]);
  if (raw->port < 0 || raw->port > 65535)
    return refuse (error, _ ("--port=%d: must be from 0 to 65535"), raw->port);
  options->port = (guint) raw->port;
  options->control_path = g_steal_pointer (&raw->control_path);
  options->cache_directory = raw->cache_directory != NULL
                                 ? g_steal_pointer (&raw->cache_directory)
                                 : g_build_filename (g_get_user_cache_dir (), "potoo-sim", NULL);
  return add_cameras (options, raw, error);
}

PotooSimOptions *
potoo_sim_options_parse (int argc, char **argv, GError **error)
{
  Raw raw = { .port = 8555, .n_cameras = -1 };
  g_autoptr (PotooSimOptions) options = g_new0 (PotooSimOptions, 1);
  g_autoptr (GOptionContext) context = make_context (&raw, options);
  g_autoptr (GError) cause = NULL;

  options->cameras = g_ptr_array_new_with_free_func (
      (GDestroyNotify) potoo_sim_camera_options_free);
  gboolean ok = g_option_context_parse (context, &argc, &argv, &cause);
  if (!ok)
    refuse (error, _ ("%s; --help lists what is allowed"), cause->message);
  else
    ok = take_raw (options, &raw, argc, argv, error);
  g_strfreev (raw.cameras);
  g_free (raw.cache_directory);
  g_free (raw.control_path);
  return ok ? g_steal_pointer (&options) : NULL;
}

void
potoo_sim_options_free (PotooSimOptions *options)
{
  g_free (options->cache_directory);
  g_free (options->control_path);
  g_ptr_array_unref (options->cameras);
  g_free (options);
}
