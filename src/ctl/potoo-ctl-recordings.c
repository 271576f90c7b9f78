/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl segments` and `gaps`: all pages of a window, the last day unless another is given. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "ctl/potoo-ctl-list.h"
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
  const char *id = "", *state = "", *stream = "", *codecs = "";
  gint64 start_us = 0, size = 0;
  double seconds = 0;

  g_variant_lookup (row, "id", "&s", &id);
  g_variant_lookup (row, "state", "&s", &state);
  g_variant_lookup (row, "stream", "&s", &stream);
  g_variant_lookup (row, "codecs", "&s", &codecs);
  g_variant_lookup (row, "start", "x", &start_us);
  g_variant_lookup (row, "size", "x", &size);
  g_variant_lookup (row, "duration", "d", &seconds);
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (start_us));
  potoo_ctl_table_take (table, potoo_ctl_text_from_duration ((gint64) (seconds * G_USEC_PER_SEC)));
  potoo_ctl_table_take (table, g_format_size ((guint64) size));
  potoo_ctl_table_add (table, state);
  potoo_ctl_table_add (table, id);
  potoo_ctl_table_add (table, stream);
  potoo_ctl_table_add (table, codecs);
}

static void
add_gap (PotooCtlTable *table, GVariant *row)
{
  const char *cause = "", *stream = "";
  gint64 start_us = 0, end_us = 0;

  g_variant_lookup (row, "cause", "&s", &cause);
  g_variant_lookup (row, "stream", "&s", &stream);
  g_variant_lookup (row, "start", "x", &start_us);
  g_variant_lookup (row, "end", "x", &end_us);
  gint64 until_us = end_us != 0 ? end_us : potoo_clock_wall_us ();
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (start_us));
  potoo_ctl_table_take (table,
                        end_us != 0 ? potoo_ctl_text_from_time (end_us) : g_strdup (_ ("goes on")));
  potoo_ctl_table_take (table, potoo_ctl_text_from_duration (MAX (until_us - start_us, 0)));
  potoo_ctl_table_add (table, cause);
  potoo_ctl_table_add (table, stream);
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
potoo_ctl_segments (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  return run_list (ctl, argc, argv, "ListSegments", segment_columns, add_segment, error);
}

gboolean
potoo_ctl_gaps (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  return run_list (ctl, argc, argv, "ListGaps", gap_columns, add_gap, error);
}
