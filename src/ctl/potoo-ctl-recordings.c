/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl segments` and `gaps`: all pages of a window, the last day unless another is given. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-text.h"

#define PAGE 1000u

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

typedef void (*AddRowFunc) (PotooCtlTable *table, GVariant *row);

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

/* --- the window --- */

typedef struct
{
  char *start, *end; /* as given (nullable) */
  gint64 start_us, end_us;
} Window;

static void
window_clear (Window *window)
{
  g_free (window->start);
  g_free (window->end);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Window, window_clear)

static gboolean
parse (PotooCtl *ctl, Window *window, int *argc, char ***argv, GError **error)
{
  gint64 now_us = potoo_clock_wall_us ();
  const GOptionEntry entries[] = {
    { "start", 's', 0, G_OPTION_ARG_STRING, &window->start,
      N_ ("From TIME on; the last 24 hours unless given"), N_ ("TIME") },
    { "end", 'e', 0, G_OPTION_ARG_STRING, &window->end, N_ ("Until TIME"), N_ ("TIME") },
    G_OPTION_ENTRY_NULL,
  };

  if (!potoo_ctl_parse (
          ctl, entries,
          _ ("TIME is 2026-11-21, '2026-11-21 10:15', 10:15 (today), in the time zone "
             "here, 2026-11-21T10:15:30Z, or how long ago, such as 90s, 2h, 7d."),
          1, 1, argc, argv, error))
    return FALSE;
  window->start_us = now_us - POTOO_DAY_US;
  if (window->start != NULL &&
      !potoo_ctl_arguments_parse_time ("--start", window->start, now_us, &window->start_us, error))
    return FALSE;
  if (window->end != NULL &&
      !potoo_ctl_arguments_parse_time ("--end", window->end, now_us, &window->end_us, error))
    return FALSE;
  if (window->end == NULL || window->end_us > window->start_us)
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                       _ ("--end must be after --start, which is 24 hours ago unless given"));
  return FALSE;
}

/* --- the list --- */

/* Appends a page to @pages; @cursor: where it begins; then where the next one does, empty after the
 * last. */
static gboolean
read_page (PotooCtl *ctl,
           const char *id,
           const char *method,
           const Window *window,
           char **cursor,
           GPtrArray *pages,
           GError **error)
{
  g_autoptr (GVariant) answer = potoo_ctl_client_call_camera (
      ctl->client, id, method,
      g_variant_new ("(xxus)", window->start_us, window->end_us, PAGE, *cursor), "(aa{sv}s)",
      error);
  GVariant *rows;

  if (answer == NULL)
    return FALSE;
  g_free (*cursor);
  g_variant_get (answer, "(@aa{sv}s)", &rows, cursor);
  g_ptr_array_add (pages, rows);
  return TRUE;
}

static GPtrArray *
read_pages (PotooCtl *ctl, const char *id, const char *method, const Window *window, GError **error)
{
  g_autoptr (GPtrArray) pages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autofree char *cursor = g_strdup ("");

  do
    if (!read_page (ctl, id, method, window, &cursor, pages, error))
      return NULL;
  while (cursor[0] != '\0');
  return g_steal_pointer (&pages);
}

static void
print_json (GPtrArray *pages)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < pages->len; i++)
    potoo_ctl_json_append_dicts (array, pages->pdata[i]);
  potoo_ctl_json_print_array (array);
}

static gboolean
run_list (PotooCtl *ctl,
          int argc,
          char **argv,
          const char *method,
          const PotooCtlColumn *columns,
          AddRowFunc add_row,
          GError **error)
{
  g_auto (Window) window = { NULL };

  if (!parse (ctl, &window, &argc, &argv, error) || potoo_ctl_get_client (ctl, error) == NULL)
    return FALSE;
  g_autoptr (GPtrArray) pages = read_pages (ctl, argv[0], method, &window, error);
  if (pages == NULL)
    return FALSE;
  if (ctl->json)
    {
      print_json (pages);
      return TRUE;
    }
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);
  for (guint i = 0; i < pages->len; i++)
    for (gsize n = 0; n < g_variant_n_children (pages->pdata[i]); n++)
      {
        g_autoptr (GVariant) row = g_variant_get_child_value (pages->pdata[i], n);
        add_row (table, row);
      }
  if (potoo_ctl_table_get_n_rows (table) > 0)
    potoo_ctl_print_table (ctl, table);
  else if (ctl->width > 0)
    g_print (_ ("There are none in this time.\n"));
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
