/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl events`, `bookmark` and `record`. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-change.h"
#include "ctl/potoo-ctl-list.h"
#include "ctl/potoo-ctl-row.h"

static const PotooCtlColumn columns[] = {
  { N_ ("START") },
  { N_ ("END"), 0, 3 },
  { N_ ("LENGTH"), POTOO_CTL_COLUMN_RIGHT, 1 },
  { N_ ("CAMERA") },
  { N_ ("KIND"), 0, 2 },
  { N_ ("SCORE"), POTOO_CTL_COLUMN_RIGHT | POTOO_CTL_COLUMN_SPARSE, 4 },
  { N_ ("EVENT") },
  { N_ ("TITLE"), POTOO_CTL_COLUMN_WRAP | POTOO_CTL_COLUMN_SPARSE },
  { NULL },
};

/* --- list --- */

static void
add_row (PotooCtlTable *table, GVariant *row)
{
  double score = potoo_ctl_row_get_double (row, "score");

  potoo_ctl_list_add_time (table, row);
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "camera"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "kind"));
  potoo_ctl_table_take (table, score >= 0 ? g_strdup_printf ("%.2f", score) : NULL);
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "id"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "title"));
}

gboolean
potoo_ctl_events_list (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (PotooCtlWindow) window = { NULL };
  g_autofree char *kind = NULL;
  const GOptionEntry entries[] = {
    { "kind", 'k', 0, G_OPTION_ARG_STRING, &kind,
      N_ ("Only of this kind: motion, onvif, manual, api, bookmark"), N_ ("KIND") },
    POTOO_CTL_WINDOW_OPTIONS (&window),
    G_OPTION_ENTRY_NULL,
  };

  if (!potoo_ctl_parse (ctl, entries, potoo_ctl_list_describe_time (), 0, 1, &argc, &argv, error) ||
      !potoo_ctl_window_resolve (&window, error))
    return FALSE;
  const char *camera = potoo_ctl_list_get_camera (ctl, argc, argv, error);
  const char *texts[] = { camera, kind != NULL ? kind : "", NULL };
  g_autoptr (GPtrArray)
      pages = camera != NULL ? potoo_ctl_list_read (ctl, NULL, "ListEvents", texts, &window, error)
                             : NULL;
  if (pages == NULL)
    return FALSE;
  potoo_ctl_list_print (ctl, pages, columns, add_row);
  return TRUE;
}

/* --- changes --- */

static const char *
describe_members (void)
{
  return _ ("NAME is start, end (a time), duration (such as 30s), score (0 to 1), title, "
            "metadata (a JSON object) and, of a new event, kind: api, motion, onvif, bookmark. An "
            "empty VALUE takes score, title or metadata away. Without end and duration an event "
            "goes on until it is ended, for an hour at most.");
}

gboolean
potoo_ctl_events_add (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (!potoo_ctl_parse (ctl, NULL, describe_members (), 1, G_MAXINT - 1, &argc, &argv, error) ||
      !potoo_ctl_change_parse (&dict, argc - 1, argv + 1, error))
    return FALSE;
  g_variant_dict_insert (&dict, "camera", "s", argv[0]);
  return potoo_ctl_change_call (ctl, "AddEvent",
                                g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), error);
}

gboolean
potoo_ctl_events_edit (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (!potoo_ctl_parse (ctl, NULL, describe_members (), 2, G_MAXINT - 1, &argc, &argv, error) ||
      !potoo_ctl_change_parse (&dict, argc - 1, argv + 1, error))
    return FALSE;
  return potoo_ctl_change_call (
      ctl, "ChangeEvent", g_variant_new ("(s@a{sv})", argv[0], g_variant_dict_end (&dict)), error);
}

gboolean
potoo_ctl_events_end (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 1, G_MAXINT - 1, &argc, &argv, error))
    return FALSE;
  for (int i = 0; i < argc; i++)
    {
      g_auto (GVariantDict) dict;
      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "end", "x", potoo_clock_wall_us ());
      if (!potoo_ctl_change_call (ctl, "ChangeEvent",
                                  g_variant_new ("(s@a{sv})", argv[i], g_variant_dict_end (&dict)),
                                  error))
        return FALSE;
    }
  return TRUE;
}

gboolean
potoo_ctl_events_remove (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  return potoo_ctl_parse (ctl, NULL, NULL, 1, G_MAXINT - 1, &argc, &argv, error) &&
         potoo_ctl_change_call_each (ctl, "RemoveEvent", argc, argv, error);
}

gboolean
potoo_ctl_bookmark (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_autofree char *start = NULL, *end = NULL;
  gint64 now_us = potoo_clock_wall_us (), start_us = now_us, end_us;
  const GOptionEntry entries[] = {
    { "start", 's', 0, G_OPTION_ARG_STRING, &start, N_ ("Of TIME; now unless given"), N_ ("TIME") },
    { "end", 'e', 0, G_OPTION_ARG_STRING, &end, N_ ("Until TIME; a moment unless given"),
      N_ ("TIME") },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (!potoo_ctl_parse (ctl, entries, potoo_ctl_list_describe_time (), 1, 2, &argc, &argv, error) ||
      (start != NULL &&
       !potoo_ctl_arguments_parse_time ("--start", start, now_us, &start_us, error)) ||
      (end != NULL && !potoo_ctl_arguments_parse_time ("--end", end, now_us, &end_us, error)))
    return FALSE;
  g_variant_dict_insert (&dict, "camera", "s", argv[0]);
  g_variant_dict_insert (&dict, "kind", "s", "bookmark");
  g_variant_dict_insert (&dict, "start", "x", start_us);
  if (end != NULL)
    g_variant_dict_insert (&dict, "end", "x", end_us);
  if (argc > 1)
    g_variant_dict_insert_value (&dict, "title",
                                 g_variant_new_take_string (g_utf8_make_valid (argv[1], -1)));
  return potoo_ctl_change_call (ctl, "AddEvent",
                                g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), error);
}

/* --- manual recording --- */

gboolean
potoo_ctl_record_start (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  gint64 duration_us = 0;

  if (!potoo_ctl_parse (ctl, NULL,
                        _ ("DURATION is such as 90s or 5min, up to 1h; without it, until it is "
                           "stopped, for an hour at most."),
                        1, 2, &argc, &argv, error))
    return FALSE;
  if (argc > 1 && (!potoo_duration_parse (argv[1], &duration_us) || duration_us < POTOO_SECOND_US ||
                   duration_us > 3600 * POTOO_SECOND_US))
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                           _ ("The duration must be from 1s to 1h"));
      return FALSE;
    }
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant)
      answer = client != NULL
                   ? potoo_ctl_client_call_camera (
                         client, argv[0], "StartRecording",
                         g_variant_new ("(u)", (guint32) (duration_us / POTOO_SECOND_US)),
                         "(a{sv})", error)
                   : NULL;
  if (answer == NULL)
    return FALSE;
  potoo_ctl_change_print (ctl, answer);
  return TRUE;
}

gboolean
potoo_ctl_record_stop (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 1, G_MAXINT - 1, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  for (int i = 0; client != NULL && i < argc; i++)
    {
      g_autoptr (GVariant) answer = potoo_ctl_client_call_camera (client, argv[i], "StopRecording",
                                                                  NULL, "(s)", error);
      const char *id;
      if (answer == NULL)
        return FALSE;
      g_variant_get (answer, "(&s)", &id);
      if (id[0] == '\0' && ctl->width > 0)
        g_print (_ ("%s was not being recorded by hand\n"), argv[i]);
    }
  return client != NULL;
}
