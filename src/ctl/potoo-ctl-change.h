/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/potoo-ctl-command.h"

G_BEGIN_DECLS

/* What commands have in common that change, take away or delete rows of the catalog. */

/* NAME=VALUE words of an event or a lock into @dict. What members there are the daemon says. */
gboolean potoo_ctl_change_parse (GVariantDict *dict, int argc, char **argv, GError **error);

/* When, or in how long: of `expires`. */
gboolean potoo_ctl_change_parse_expiry (const char *name,
                                        const char *text,
                                        gint64 now_us,
                                        gint64 *wall_us,
                                        GError **error);

/* Prints the row that @answer, (a{sv}), has: its id, or all of it as JSON. */
void potoo_ctl_change_print (PotooCtl *ctl, GVariant *answer);
/* Calls a method of the manager that answers so, and prints it. @arguments: floating */
gboolean
potoo_ctl_change_call (PotooCtl *ctl, const char *method, GVariant *arguments, GError **error);
/* Calls a method of the manager for each id. */
gboolean
potoo_ctl_change_call_each (PotooCtl *ctl, const char *method, int n, char **ids, GError **error);

/* The option that says yes to potoo_ctl_change_confirm() beforehand. */
#define POTOO_CTL_YES_OPTION(yes)                                                                  \
  {                                                                                                \
    "yes", 'y', 0, G_OPTION_ARG_NONE, (yes), N_ ("Do not ask"), NULL                               \
  }

/* Asks @question on the terminal. FALSE with an error: no, or there is nobody to be asked. */
gboolean potoo_ctl_change_confirm (const char *question, GError **error);

G_END_DECLS
