/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-command.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

GOptionGroup *
potoo_ctl_make_options (PotooCtl *ctl)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &ctl->json, N_ ("Print JSON, for scripts"), NULL },
    { "system", 0, 0, G_OPTION_ARG_NONE, &ctl->system, N_ ("Talk to the Potoo of the system"),
      NULL },
    { "user", 0, 0, G_OPTION_ARG_NONE, &ctl->session, N_ ("Talk to the Potoo of the session"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, NULL, NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  return group;
}

gboolean
potoo_ctl_parse (PotooCtl *ctl,
                 const GOptionEntry *entries,
                 const char *description,
                 int least,
                 int most,
                 int *argc,
                 char ***argv,
                 GError **error)
{
  const PotooCtlCommand *command = ctl->command;
  g_autofree char *program = g_strconcat ("potooctl ", command->name, NULL);
  g_autoptr (GOptionContext) context = g_option_context_new (
      command->arguments[0] != '\0' ? _ (command->arguments) : NULL);
  GOptionGroup *group = potoo_ctl_make_options (ctl);

  g_set_prgname (program);
  g_option_context_set_summary (context, _ (command->summary));
  g_option_context_set_description (context, description);
  if (entries != NULL)
    g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc - 1 >= least && *argc - 1 <= most)
    {
      *argc -= 1;
      *argv += 1;
      return TRUE;
    }
  if (*argc - 1 < least)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("Something is missing; it is: %s %s"), program, _ (command->arguments));
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("Unexpected argument “%s”; see %s --help"), (*argv)[most + 1], program);
  return FALSE;
}

PotooCtlClient *
potoo_ctl_get_client (PotooCtl *ctl, GError **error)
{
  PotooCtlBus bus = ctl->system    ? POTOO_CTL_BUS_SYSTEM
                    : ctl->session ? POTOO_CTL_BUS_SESSION
                                   : POTOO_CTL_BUS_ANY;

  if (ctl->client == NULL)
    ctl->client = potoo_ctl_client_new (bus, error);
  return ctl->client;
}

void
potoo_ctl_print_table (PotooCtl *ctl, PotooCtlTable *table)
{
  g_autofree char *text = potoo_ctl_table_render (table, ctl->width);

  g_print ("%s", text);
}
