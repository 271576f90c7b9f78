/* SPDX-License-Identifier: GPL-3.0-or-later */

/* potoo-camera-sim: options, signals, exit status. */

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <gst/gst.h>

#include "base/potoo-error.h"
#include "base/potoo-locale.h"
#include "base/potoo-log.h"
#include "base/potoo-memory.h"
#include "sim/potoo-sim-server.h"

static gboolean
on_signal (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

static int
fail (const GError *error)
{
  g_printerr ("potoo-camera-sim: %s\n", error->message);
  return potoo_error_exit_status (potoo_error_code_of (error));
}

static int
run (const PotooSimOptions *options, pid_t parent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (PotooSimServer) server = NULL;

  if (options->die_with_parent)
    {
      prctl (PR_SET_PDEATHSIG, SIGTERM);
      if (getppid () != parent) /* it ended before the line above */
        return 0;
    }
  server = potoo_sim_server_new (options, &error);
  if (server == NULL)
    return fail (error);
  guint term = g_unix_signal_add (SIGTERM, on_signal, loop);
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, loop);
  if (options->print_ready)
    {
      g_autofree char *ready = potoo_sim_server_describe (server);
      g_print ("%s\n", ready);
      fflush (stdout);
    }
  g_main_loop_run (loop);
  g_source_remove (term);
  g_source_remove (interrupt);
  return 0;
}

int
main (int argc, char **argv)
{
  pid_t parent = getppid ();
  g_autoptr (GError) error = NULL;

  potoo_memory_set_up (argv);
  signal (SIGPIPE, SIG_IGN);
  potoo_locale_set_up ();

  g_autoptr (PotooSimOptions) options = potoo_sim_options_parse (argc, argv, &error);
  if (options == NULL)
    return fail (error);
  if (options->version)
    {
      g_print ("potoo-camera-sim %s\n", PACKAGE_VERSION);
      return 0;
    }
  potoo_log_init (options->verbose ? POTOO_LOG_DEBUG : POTOO_LOG_INFO);
  gst_init (NULL, NULL);
  int status = run (options, parent);
  gst_deinit ();
  return status;
}
