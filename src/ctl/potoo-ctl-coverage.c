/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl coverage`: the days of a week, unless another window is given. */

#include <glib/gi18n-lib.h>

#include "ctl/potoo-ctl-list.h"
#include "ctl/potoo-ctl-text.h"

#define DEFAULT_START "6d" /* a week, with today */

static const PotooCtlColumn columns[] = {
  { N_ ("DAY") },
  { N_ ("RECORDED"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("MISSING"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("CAUSES"), POTOO_CTL_COLUMN_WRAP },
  { NULL },
};

typedef struct
{
  const char *cause;
  double seconds;
} Share;

static int
longest_first (gconstpointer a, gconstpointer b)
{
  const Share *one = a, *other = b;
  return one->seconds > other->seconds ? -1 : one->seconds < other->seconds;
}

/* "disconnected 3 min, power 12 s" (transfer full) */
static char *
describe_causes (GVariant *day)
{
  g_autoptr (GVariant)
      causes = g_variant_lookup_value (day, "missing_by_cause", G_VARIANT_TYPE ("a{sd}"));
  g_autoptr (GArray) shares = g_array_new (FALSE, FALSE, sizeof (Share));
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  Share share;

  if (causes == NULL)
    return g_string_free (text, FALSE);
  g_variant_iter_init (&iter, causes);
  while (g_variant_iter_next (&iter, "{&sd}", &share.cause, &share.seconds))
    g_array_append_val (shares, share);
  g_array_sort (shares, longest_first);
  for (guint i = 0; i < shares->len; i++)
    {
      const Share *next = &g_array_index (shares, Share, i);
      g_autofree char *length = potoo_ctl_text_from_duration (
          (gint64) (next->seconds * G_USEC_PER_SEC));
      g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "", next->cause, length);
    }
  return g_string_free (text, FALSE);
}

/* Rounded down: what lacks something is not shown as whole. (transfer full) */
static char *
describe_share (double share)
{
  return share < 0 ? g_strdup ("-") : g_strdup_printf ("%.2f %%", (int) (share * 1e4) / 100.0);
}

static void
add_day (PotooCtlTable *table, GVariant *day)
{
  const char *date = "";
  double share = -1, missing = 0;

  g_variant_lookup (day, "date", "&s", &date);
  g_variant_lookup (day, "coverage", "d", &share);
  g_variant_lookup (day, "missing_seconds", "d", &missing);
  potoo_ctl_table_add (table, date);
  potoo_ctl_table_take (table, describe_share (share));
  potoo_ctl_table_take (
      table, missing > 0 ? potoo_ctl_text_from_duration ((gint64) (missing * G_USEC_PER_SEC))
                         : g_strdup (""));
  potoo_ctl_table_take (table, describe_causes (day));
}

/* (transfer full): aa{sv} */
static GVariant *
read_days (PotooCtl *ctl, const char *camera, const PotooCtlWindow *window, GError **error)
{
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant) answer = client != NULL
                                    ? potoo_ctl_client_call_camera (
                                          client, camera, "ListCoverage",
                                          g_variant_new ("(xx)", window->start_us, window->end_us),
                                          "(aa{sv})", error)
                                    : NULL;

  return answer != NULL ? g_variant_get_child_value (answer, 0) : NULL;
}

gboolean
potoo_ctl_coverage (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (PotooCtlWindow) window = { NULL };
  const GOptionEntry entries[] = {
    { "start", 's', 0, G_OPTION_ARG_STRING, &window.start,
      N_ ("From the day of TIME on; a week unless given"), N_ ("TIME") },
    { "end", 'e', 0, G_OPTION_ARG_STRING, &window.end, N_ ("Until TIME"), N_ ("TIME") },
    G_OPTION_ENTRY_NULL
  };

  if (!potoo_ctl_parse (ctl, entries, potoo_ctl_list_describe_time (), 1, 1, &argc, &argv, error))
    return FALSE;
  if (window.start == NULL)
    window.start = g_strdup (DEFAULT_START);
  if (!potoo_ctl_window_resolve (&window, error))
    return FALSE;
  g_autoptr (GPtrArray) pages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  GVariant *days = read_days (ctl, argv[0], &window, error);
  if (days == NULL)
    return FALSE;
  g_ptr_array_add (pages, days);
  potoo_ctl_list_print (ctl, pages, columns, add_day);
  return TRUE;
}
