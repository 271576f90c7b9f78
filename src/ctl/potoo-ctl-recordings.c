/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl segments` and `gaps`: all pages of a window, the last day unless another is given; and
 * deleting what was recorded. */

#include <glib/gi18n-lib.h>

#include "ctl/potoo-ctl-change.h"
#include "ctl/potoo-ctl-list.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlColumn segment_columns[] = {
  { N_ ("START") },
  { N_ ("LENGTH"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("SIZE"), POTOO_CTL_COLUMN_RIGHT, 1 },
  { N_ ("STATE"), 0, 2 },
  { N_ ("SEGMENT") },
  { N_ ("STREAM"), 0, 4 },
  { N_ ("CODECS"), 0, 5 },
  { NULL },
};

static const PotooCtlColumn gap_columns[] = {
  { N_ ("START") }, { N_ ("END") },          { N_ ("LENGTH"), POTOO_CTL_COLUMN_RIGHT, 1 },
  { N_ ("CAUSE") }, { N_ ("STREAM"), 0, 2 }, { NULL },
};

static void
add_segment (PotooCtlTable *table, GVariant *row)
{
  double seconds = potoo_ctl_row_get_double (row, "duration");

  potoo_ctl_table_take (table, potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (row, "start")));
  potoo_ctl_table_take (table, potoo_ctl_text_from_duration ((gint64) (seconds * G_USEC_PER_SEC)));
  potoo_ctl_table_take (table, g_format_size ((guint64) potoo_ctl_row_get_int64 (row, "size")));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "state"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "id"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "stream"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "codecs"));
}

static void
add_gap (PotooCtlTable *table, GVariant *row)
{
  potoo_ctl_list_add_time (table, row);
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "cause"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "stream"));
}

static gboolean
run_list (PotooCtl *ctl,
          int argc,
          char **argv,
          const char *method,
          const PotooCtlColumn *columns,
          PotooCtlAddRowFunc add_row,
          GError **error)
{
  g_auto (PotooCtlWindow) window = { NULL };
  const GOptionEntry entries[] = { POTOO_CTL_WINDOW_OPTIONS (&window), G_OPTION_ENTRY_NULL };

  if (!potoo_ctl_parse (ctl, entries, potoo_ctl_list_describe_time (), 1, 1, &argc, &argv, error) ||
      !potoo_ctl_window_resolve (&window, error))
    return FALSE;
  g_autoptr (GPtrArray) pages = potoo_ctl_list_read (ctl, argv[0], method, NULL, &window, error);
  if (pages == NULL)
    return FALSE;
  potoo_ctl_list_print (ctl, pages, columns, add_row);
  return TRUE;
}

gboolean
potoo_ctl_segments_list (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  return run_list (ctl, argc, argv, "ListSegments", segment_columns, add_segment, error);
}

gboolean
potoo_ctl_segments_delete (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  gboolean yes = FALSE;
  const GOptionEntry entries[] = { POTOO_CTL_YES_OPTION (&yes), G_OPTION_ENTRY_NULL };

  if (!potoo_ctl_parse (ctl, entries, NULL, 1, G_MAXINT - 1, &argc, &argv, error))
    return FALSE;
  g_autofree char *question = g_strdup_printf (ngettext ("Delete %d recorded file for good?",
                                                         "Delete %d recorded files for good?",
                                                         (gulong) argc),
                                               argc);
  return (yes || potoo_ctl_change_confirm (question, error)) &&
         potoo_ctl_change_call_each (ctl, "DeleteSegment", argc, argv, error);
}

gboolean
potoo_ctl_gaps (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  return run_list (ctl, argc, argv, "ListGaps", gap_columns, add_gap, error);
}
