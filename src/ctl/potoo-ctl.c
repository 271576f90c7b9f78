/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of commands, help and exit status of `potooctl`. */

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/potoo-error.h"
#include "base/potoo-locale.h"
#include "base/potoo-log.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlCommand commands[] = {
  { "cameras", "", N_ ("List the cameras"), potoo_ctl_cameras_list },
  { "cameras list", "", N_ ("List the cameras"), potoo_ctl_cameras_list },
  { "cameras show", N_ ("CAMERA"), N_ ("Show everything about a camera"), potoo_ctl_cameras_show },
  { "cameras add", N_ ("URL [SETTING=VALUE…]"), N_ ("Add a camera and connect to it"),
    potoo_ctl_cameras_add },
  { "cameras edit", N_ ("CAMERA [SETTING=VALUE…]"), N_ ("Change settings of a camera"),
    potoo_ctl_cameras_edit },
  { "cameras remove", N_ ("CAMERA…"), N_ ("Take cameras away; their recordings stay, or go, too"),
    potoo_ctl_cameras_remove },
  { "cameras settings", "", N_ ("Explain the settings that a camera has"),
    potoo_ctl_cameras_settings },
  { "status", "", N_ ("Show how Potoo, its cameras and its storage are"), potoo_ctl_status },
  { "storage", "", N_ ("Show what lies where, and how long it is kept"), potoo_ctl_storage },
  { "segments", N_ ("CAMERA"), N_ ("List recorded files"), potoo_ctl_segments_list },
  { "segments list", N_ ("CAMERA"), N_ ("List recorded files"), potoo_ctl_segments_list },
  { "segments delete", N_ ("SEGMENT…"), N_ ("Delete recorded files"), potoo_ctl_segments_delete },
  { "gaps", N_ ("CAMERA"), N_ ("List times that should have been recorded and were not"),
    potoo_ctl_gaps },
  { "coverage", N_ ("CAMERA"), N_ ("Show how much of each day was recorded"), potoo_ctl_coverage },
  { "events", N_ ("[CAMERA]"), N_ ("List events"), potoo_ctl_events_list },
  { "events list", N_ ("[CAMERA]"), N_ ("List events"), potoo_ctl_events_list },
  { "events add", N_ ("CAMERA [NAME=VALUE…]"), N_ ("Tell of an event"), potoo_ctl_events_add },
  { "events edit", N_ ("EVENT NAME=VALUE…"), N_ ("End or describe an event"),
    potoo_ctl_events_edit },
  { "events end", N_ ("EVENT…"), N_ ("End events now"), potoo_ctl_events_end },
  { "events remove", N_ ("EVENT…"), N_ ("Take events away; recordings stay"),
    potoo_ctl_events_remove },
  { "bookmark", N_ ("CAMERA [TITLE]"), N_ ("Mark a time, and protect its recordings"),
    potoo_ctl_bookmark },
  { "record start", N_ ("CAMERA [DURATION]"), N_ ("Record, whatever the mode"),
    potoo_ctl_record_start },
  { "record stop", N_ ("CAMERA…"), N_ ("Stop what “record start” began"), potoo_ctl_record_stop },
  { "locks", N_ ("[CAMERA]"), N_ ("List times whose recordings are locked"), potoo_ctl_locks_list },
  { "locks list", N_ ("[CAMERA]"), N_ ("List times whose recordings are locked"),
    potoo_ctl_locks_list },
  { "locks add", N_ ("CAMERA REASON"), N_ ("Keep recordings of a time from being deleted"),
    potoo_ctl_locks_add },
  { "locks edit", N_ ("LOCK NAME=VALUE…"), N_ ("Change a lock"), potoo_ctl_locks_edit },
  { "locks remove", N_ ("LOCK…"), N_ ("Take locks away"), potoo_ctl_locks_remove },
  { "snapshot", N_ ("CAMERA [FILE]"), N_ ("Take a picture, as JPEG"), potoo_ctl_snapshot },
  { "viewers", "", N_ ("List who watches over RTSP"), potoo_ctl_viewers_list },
  { "viewers list", "", N_ ("List who watches over RTSP"), potoo_ctl_viewers_list },
  { "viewers disconnect", N_ ("VIEWER…"), N_ ("End RTSP connections"),
    potoo_ctl_viewers_disconnect },
  { "verify", "", N_ ("Compare all recordings with the catalog"), potoo_ctl_verify },
  { "clock", "", N_ ("Show how the clock was set since the machine was started"),
    potoo_ctl_clock_show },
  { "clock correct", N_ ("STEP"), N_ ("Date anew what was recorded before the clock was set"),
    potoo_ctl_clock_correct },
  { "watch", N_ ("[CAMERA…]"), N_ ("Tell what changes, until interrupted"), potoo_ctl_watch },
  { NULL },
};

/* --- which command --- */

static const PotooCtlCommand *
find_command (const char *name)
{
  for (const PotooCtlCommand *command = commands; command->name != NULL; command++)
    if (strcmp (command->name, name) == 0)
      return command;
  return NULL;
}

/* `cameras add` before `cameras`, whose only argument would be a misspelt second word. */
static const PotooCtlCommand *
choose_command (int argc, char **argv, int *n_words)
{
  g_autofree char *two = argc > 2 ? g_strjoin (" ", argv[1], argv[2], NULL) : NULL;
  const PotooCtlCommand *command = two != NULL ? find_command (two) : NULL;

  *n_words = command != NULL ? 2 : 1;
  return command != NULL ? command : find_command (argv[1]);
}

static char *
describe_commands (void)
{
  static const PotooCtlColumn columns[] = { { "" }, { "", POTOO_CTL_COLUMN_WRAP }, { NULL } };
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);
  guint width = potoo_ctl_text_get_terminal_width ();

  for (const PotooCtlCommand *command = commands; command->name != NULL; command++)
    {
      const char *arguments = command->arguments[0] != '\0' ? _ (command->arguments) : "";
      if (command->run == command[1].run)
        continue; /* short for the list */
      potoo_ctl_table_take (table, g_strconcat ("  ", command->name, " ", arguments, NULL));
      potoo_ctl_table_add (table, _ (command->summary));
    }
  g_autofree char *list = potoo_ctl_table_render (table, width);
  return g_strdup_printf (
      _ ("Commands:\n%s\nEach tells more with --help, such as potooctl cameras add --help. The exit "
         "status is 0, or as in sysexits(3): 64 for a wrong argument, 66 when something is not "
         "there, 69 when Potoo is not running or a camera not streaming."),
      list);
}

/* --- running --- */

static int
report (const GError *error)
{
  g_autofree char *masked = potoo_mask_secrets (error->message);
  g_autofree char *clean = potoo_ctl_text_clean (masked);

  fflush (stdout);
  g_printerr ("potooctl: %s\n", clean);
  return error->domain == G_OPTION_ERROR ? EX_USAGE
                                         : potoo_error_exit_status (potoo_error_code_of (error));
}

/* The options before the command; FALSE when there is nothing more to do. */
static gboolean
parse_options (PotooCtl *ctl, int *argc, char ***argv, int *status)
{
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version and exit"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *description = describe_commands ();
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("COMMAND [ARGUMENT…]"));
  GOptionGroup *group = potoo_ctl_make_options (ctl);

  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_summary (context, _ ("Control the network video recorder Potoo"));
  g_option_context_set_description (context, description);
  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  *status = EXIT_SUCCESS;
  if (!g_option_context_parse (context, argc, argv, &error))
    *status = report (error);
  else if (version)
    g_print ("potooctl %s\n", PACKAGE_VERSION);
  else if (*argc > 1)
    return TRUE;
  else
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);
      g_printerr ("%s", help);
      *status = EX_USAGE;
    }
  return FALSE;
}

static int
run_command (PotooCtl *ctl, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int n_words;

  ctl->command = choose_command (argc, argv, &n_words);
  if (ctl->command == NULL)
    {
      g_set_error (&error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("There is no command “%s”; see potooctl --help"), argv[1]);
      return report (error);
    }
  if (!ctl->command->run (ctl, argc - n_words, argv + n_words, &error))
    return report (error);
  fflush (stdout);
  if (!ferror (stdout))
    return EXIT_SUCCESS;
  g_set_error_literal (&error, POTOO_ERROR, POTOO_ERROR_IO, _ ("Cannot write to standard output"));
  return report (error);
}

int
main (int argc, char **argv)
{
  PotooCtl ctl = { 0 };
  int status;

  potoo_locale_set_up ();
  g_set_prgname ("potooctl");
  /* GIO would look for things of the desktop, over D-Bus. */
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  g_auto (GStrv) words = potoo_ctl_arguments_take (argc, argv);
  /* Parsing takes words out of the array. */
  g_autofree char **rest = g_memdup2 (words, ((gsize) argc + 1) * sizeof *words);
  char **arguments = rest;
  ctl.width = potoo_ctl_text_get_terminal_width ();
  if (parse_options (&ctl, &argc, &arguments, &status))
    status = run_command (&ctl, argc, arguments);
  g_clear_pointer (&ctl.client, potoo_ctl_client_free);
  return status;
}
