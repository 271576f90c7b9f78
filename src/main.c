/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Options, signals and exit status of `potoo`; all else is in app/. */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "app/potoo-app-verify.h"
#include "app/potoo-app.h"
#include "app/potoo-demo.h"
#include "base/potoo-error.h"
#include "base/potoo-locale.h"
#include "base/potoo-log.h"
#include "base/potoo-memory.h"
#include "config/potoo-config.h"
#include "media/potoo-media.h"

/* A desktop's proxies, settings and virtual file systems are of no use to a
 * recorder, but each would bring threads and a D-Bus connection beside our own. */
static const char *const plain_gio[][2] = {
  { "GIO_USE_PROXY_RESOLVER", "dummy" },
  { "GSETTINGS_BACKEND", "memory" },
  { "GIO_USE_VFS", "local" },
};

typedef struct
{
  char *config_path;
  char *state_dir;
  guint demo; /* simulated cameras */
  gboolean system;
  gboolean check_config;
  gboolean verify, repair, json;
  gboolean version;
} Options;

typedef struct
{
  PotooApp *app;
  GMainLoop *loop;
  gboolean stopping;
  int exit_status;
} Run;

static int
report (const GError *error)
{
  g_autofree char *masked = potoo_mask_secrets (error->message);
  g_printerr ("potoo: %s\n", masked);
  return potoo_error_exit_status (potoo_error_code_of (error));
}

static gboolean
parse_demo (const char *name, const char *value, gpointer user_data, GError **error)
{
  Options *options = user_data;
  guint64 n = POTOO_DEMO_CAMERAS;

  if (value != NULL && !g_ascii_string_to_unsigned (value, 10, 1, POTOO_DEMO_MAX_CAMERAS, &n, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--demo=%s: must be a number of cameras from 1 to %d"), value,
                   POTOO_DEMO_MAX_CAMERAS);
      return FALSE;
    }
  options->demo = (guint) n;
  return TRUE;
}

/* Given paths win; then systemd's STATE_DIRECTORY; then system or user places, which for the
 * demo are its own: no configuration file, which may name disks for real recordings. */
static void
complete_options (Options *options)
{
  const char *state = g_getenv ("STATE_DIRECTORY");
  gboolean system = options->system || state != NULL;

  if (options->state_dir == NULL)
    options->state_dir = state != NULL ? g_strdup (state)
                         : system
                             ? g_strdup ("/var/lib/potoo")
                             : g_build_filename (g_get_user_state_dir (),
                                                 options->demo > 0 ? "potoo-demo" : "potoo", NULL);
  else
    {
      char *absolute = g_canonicalize_filename (options->state_dir, NULL);
      g_free (options->state_dir);
      options->state_dir = absolute;
    }
  if (options->config_path != NULL || options->demo > 0)
    return;
  g_autofree char *path = system ? g_build_filename (POTOO_SYSCONF_DIR, "potoo", "potoo.conf", NULL)
                                 : g_build_filename (g_get_user_config_dir (), "potoo",
                                                     "potoo.conf", NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    options->config_path = g_steal_pointer (&path);
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path, N_ ("Configuration file"),
      N_ ("FILE") },
    { "state-dir", 's', 0, G_OPTION_ARG_FILENAME, &options->state_dir,
      N_ ("Directory of catalog and, unless configured, recordings"), N_ ("DIR") },
    { "system", 0, 0, G_OPTION_ARG_NONE, &options->system,
      N_ ("Use the system's directories (/etc/potoo, /var/lib/potoo) and D-Bus"), NULL },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check_config,
      N_ ("Check the configuration file and exit"), NULL },
    { "verify", 0, 0, G_OPTION_ARG_NONE, &options->verify,
      N_ ("Compare all recordings with the catalog, print what is amiss and exit"), NULL },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &options->repair,
      N_ ("With --verify: put right what can be"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_ ("With --verify: print JSON"), NULL },
    { "demo", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, parse_demo,
      N_ ("Record N simulated cameras (1 to 16, 4 unless given), in a state directory of their own"),
      N_ ("N") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version and exit"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_summary (context, _ ("Network video recorder"));
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, options, NULL);
  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("Unexpected argument “%s”; see potoo --help"), (*argv)[1]);
      return FALSE;
    }
  if (options->demo > 0 && options->system)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           _ ("--demo and --system cannot be given together"));
      return FALSE;
    }
  if ((options->repair || options->json) && !options->verify)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           _ ("--repair and --json go with --verify"));
      return FALSE;
    }
  complete_options (options);
  return TRUE;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;

  if (!potoo_app_stop_finish (POTOO_APP (source), result, &error))
    run->exit_status = report (error);
  g_main_loop_quit (run->loop);
}

static gboolean
on_stop_signal (gpointer user_data)
{
  Run *run = user_data;

  if (!run->stopping)
    potoo_app_stop_async (run->app, on_stopped, run);
  run->stopping = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload_signal (gpointer user_data)
{
  potoo_app_reload (((Run *) user_data)->app);
  return G_SOURCE_CONTINUE;
}

static int
run_app (const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooApp) app = potoo_app_new (options->config_path, options->state_dir);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { app, loop, FALSE, EXIT_SUCCESS };

  potoo_app_set_demo (app, options->demo);
  potoo_app_set_bus (app, options->system ? POTOO_BUS_SYSTEM : POTOO_BUS_SESSION);
  /* Opening may take long; who asks for a reload meanwhile does not want an end. */
  g_unix_signal_add (SIGHUP, on_reload_signal, &run);
  if (!potoo_app_open (app, &error))
    return report (error);
  /* Before the first camera: from here on a signal finishes what is recorded. */
  g_unix_signal_add (SIGTERM, on_stop_signal, &run);
  g_unix_signal_add (SIGINT, on_stop_signal, &run);
  if (!potoo_app_start (app, &error))
    return report (error);
  g_main_loop_run (loop);
  return run.exit_status;
}

static int
check_config (const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooConfig)
      config = potoo_config_load (options->config_path, options->state_dir, &error);

  if (config == NULL)
    return report (error);
  g_print (_ ("%s is valid\n"),
           options->config_path != NULL ? options->config_path : _ ("The default configuration"));
  return EXIT_SUCCESS;
}

static int
verify (const Options *options)
{
  g_autoptr (GError) error = NULL;
  const PotooAppVerifyOptions how = {
    .config_path = options->config_path,
    .state_dir = options->state_dir,
    .repair = options->repair,
    .json = options->json,
  };

  potoo_log_set_level (POTOO_LOG_WARNING);
  if (!potoo_media_init (&error) || !potoo_app_verify (&how, &error))
    return report (error);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options options = { 0 };

  potoo_memory_set_up (argv);
  potoo_locale_set_up ();
  for (gsize i = 0; i < G_N_ELEMENTS (plain_gio); i++)
    g_setenv (plain_gio[i][0], plain_gio[i][1], TRUE);
  umask (0027);
  signal (SIGPIPE, SIG_IGN);
  potoo_log_init (POTOO_LOG_INFO);

  int status;
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("potoo: %s\n", error->message);
      status = EX_USAGE;
    }
  else if (options.version)
    {
      g_print ("potoo %s\n", PACKAGE_VERSION);
      status = EXIT_SUCCESS;
    }
  else
    status = options.check_config ? check_config (&options)
             : options.verify     ? verify (&options)
                                  : run_app (&options);
  g_free (options.config_path);
  g_free (options.state_dir);
  return status;
}
