/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ctl/potoo-ctl-client.h"
#include "ctl/potoo-ctl-table.h"

G_BEGIN_DECLS

typedef struct _PotooCtl PotooCtl;

/* One command of potooctl: a row of the table in potoo-ctl.c. */
typedef struct
{
  const char *name;      /* one word or two; NULL ends the table */
  const char *arguments; /* as the usage shows them, translated when shown */
  const char *summary;   /* translated when shown */
  /* @argv: what follows the name. Prints its outcome. FALSE with an error. */
  gboolean (*run) (PotooCtl *ctl, int argc, char **argv, GError **error);
} PotooCtlCommand;

/* What is common to all commands. */
struct _PotooCtl
{
  const PotooCtlCommand *command;
  gboolean json;
  gboolean system, session;
  guint width; /* of the terminal; 0: standard output is none */
  PotooCtlClient *client;
};

/* The options that every command has. (transfer full) */
GOptionGroup *potoo_ctl_make_options (PotooCtl *ctl);

/* Takes the command's options out of @argv; --help prints and ends the program. What is left in
 * @argv are @least to @most arguments. @description: (nullable) is shown below the options. */
gboolean potoo_ctl_parse (PotooCtl *ctl,
                          const GOptionEntry *entries,
                          const char *description,
                          int least,
                          int most,
                          int *argc,
                          char ***argv,
                          GError **error);

/* The daemon, once it is needed. (transfer none) */
PotooCtlClient *potoo_ctl_get_client (PotooCtl *ctl, GError **error);

void potoo_ctl_print_table (PotooCtl *ctl, PotooCtlTable *table);

/* --- the commands --- */

gboolean potoo_ctl_cameras_list (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_cameras_show (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_cameras_add (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_cameras_edit (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_cameras_remove (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_cameras_settings (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_status (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_segments_list (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_segments_delete (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_gaps (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_coverage (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_events_list (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_events_add (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_events_edit (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_events_end (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_events_remove (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_bookmark (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_record_start (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_record_stop (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_locks_list (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_locks_add (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_locks_edit (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_locks_remove (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_snapshot (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_storage (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_viewers_list (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_viewers_disconnect (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_clock_show (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_clock_correct (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_verify (PotooCtl *ctl, int argc, char **argv, GError **error);
gboolean potoo_ctl_watch (PotooCtl *ctl, int argc, char **argv, GError **error);

G_END_DECLS
