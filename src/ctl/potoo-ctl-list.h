/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/potoo-ctl-command.h"

G_BEGIN_DECLS

/* Lists over time, which come page by page. */

/* A window of time: `--start` and `--end`. Initialised with zeros. */
typedef struct
{
  char *start, *end; /* as given (nullable) */
  gint64 start_us;   /* the last 24 hours unless given */
  gint64 end_us;     /* 0: none */
} PotooCtlWindow;

void potoo_ctl_window_clear (PotooCtlWindow *window);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooCtlWindow, potoo_ctl_window_clear)

/* Rows of a command's option table. */
#define POTOO_CTL_WINDOW_OPTIONS(window)                                                           \
  { "start",                                                                                       \
    's',                                                                                           \
    0,                                                                                             \
    G_OPTION_ARG_STRING,                                                                           \
    &(window)->start,                                                                              \
    N_ ("From TIME on; the last 24 hours unless given"),                                           \
    N_ ("TIME") },                                                                                 \
  {                                                                                                \
    "end", 'e', 0, G_OPTION_ARG_STRING, &(window)->end, N_ ("Until TIME"), N_ ("TIME")             \
  }

/* What TIME is, for a command's help. */
const char *potoo_ctl_list_describe_time (void);

/* After the options were read. */
gboolean potoo_ctl_window_resolve (PotooCtlWindow *window, GError **error);

/* All pages of @method, of the manager when @camera is NULL; its arguments are the strings in
 * @texts (nullable, NULL-terminated), then (xxus). (transfer full) (element-type GVariant): aa{sv}
 */
GPtrArray *potoo_ctl_list_read (PotooCtl *ctl,
                                const char *camera,
                                const char *method,
                                const char *const *texts,
                                const PotooCtlWindow *window,
                                GError **error);

/* The id in an optional argument, of a camera that there is; empty: all. NULL with an error. */
const char *potoo_ctl_list_get_camera (PotooCtl *ctl, int argc, char **argv, GError **error);

/* Appends the cells of a row, a{sv}. */
typedef void (*PotooCtlAddRowFunc) (PotooCtlTable *table, GVariant *row);
/* Those of START, END and LENGTH of what may go on. */
void potoo_ctl_list_add_time (PotooCtlTable *table, GVariant *row);

/* As JSON when that is asked for, else as a table. */
void potoo_ctl_list_print (PotooCtl *ctl,
                           GPtrArray *pages,
                           const PotooCtlColumn *columns,
                           PotooCtlAddRowFunc add_row);

G_END_DECLS
