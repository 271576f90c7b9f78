/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl locks`. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-list.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlColumn columns[] = {
  { N_ ("START") },  { N_ ("END"), 0, 1 },
  { N_ ("CAMERA") }, { N_ ("EXPIRES"), POTOO_CTL_COLUMN_SPARSE, 2 },
  { N_ ("LOCK") },   { N_ ("REASON"), POTOO_CTL_COLUMN_WRAP },
  { NULL },
};

/* --- list --- */

static void
add_row (PotooCtlTable *table, GVariant *row)
{
  const char *id = "", *camera = "", *reason = "";
  gint64 start_us = 0, end_us = 0, expires_us = 0;

  g_variant_lookup (row, "id", "&s", &id);
  g_variant_lookup (row, "camera", "&s", &camera);
  g_variant_lookup (row, "reason", "&s", &reason);
  g_variant_lookup (row, "start", "x", &start_us);
  g_variant_lookup (row, "end", "x", &end_us);
  g_variant_lookup (row, "expires", "x", &expires_us);
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (start_us));
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (end_us));
  potoo_ctl_table_add (table, camera);
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (expires_us));
  potoo_ctl_table_add (table, id);
  potoo_ctl_table_add (table, reason);
}

/* Locks are few and may be of any time: all of them. */
gboolean
potoo_ctl_locks_list (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  const PotooCtlWindow all = { NULL };

  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 1, &argc, &argv, error))
    return FALSE;
  const char *camera = potoo_ctl_list_get_camera (ctl, argc, argv, error);
  const char *texts[] = { camera, NULL };
  g_autoptr (GPtrArray)
      pages = camera != NULL ? potoo_ctl_list_read (ctl, NULL, "ListLocks", texts, &all, error)
                             : NULL;
  if (pages == NULL)
    return FALSE;
  potoo_ctl_list_print (ctl, pages, columns, add_row);
  return TRUE;
}

/* --- add --- */

typedef struct
{
  char *start, *end, *expires; /* (nullable) */
} Times;

static void
times_clear (Times *times)
{
  g_free (times->start);
  g_free (times->end);
  g_free (times->expires);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Times, times_clear)

/* In how long, or when. */
static gboolean
parse_expiry (const char *text, gint64 now_us, gint64 *wall_us, GError **error)
{
  gint64 duration_us;

  if (!potoo_duration_parse (text, &duration_us))
    return potoo_ctl_arguments_parse_time ("--expires", text, now_us, wall_us, error);
  if (duration_us > G_MAXINT64 - now_us)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                           _ ("--expires is too far ahead"));
      return FALSE;
    }
  *wall_us = now_us + duration_us;
  return TRUE;
}

static gboolean
parse_times (GVariantDict *dict, const Times *times, GError **error)
{
  gint64 now_us = potoo_clock_wall_us (), start_us, end_us = now_us, expires_us;

  if (times->start == NULL)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                           _ ("--start is missing: from when on recordings are to be kept"));
      return FALSE;
    }
  if (!potoo_ctl_arguments_parse_time ("--start", times->start, now_us, &start_us, error) ||
      (times->end != NULL &&
       !potoo_ctl_arguments_parse_time ("--end", times->end, now_us, &end_us, error)) ||
      (times->expires != NULL && !parse_expiry (times->expires, now_us, &expires_us, error)))
    return FALSE;
  g_variant_dict_insert (dict, "start", "x", start_us);
  g_variant_dict_insert (dict, "end", "x", end_us);
  if (times->expires != NULL)
    g_variant_dict_insert (dict, "expires", "x", expires_us);
  return TRUE;
}

gboolean
potoo_ctl_locks_add (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (Times) times = { NULL };
  const GOptionEntry entries[] = {
    { "start", 's', 0, G_OPTION_ARG_STRING, &times.start, N_ ("From TIME on"), N_ ("TIME") },
    { "end", 'e', 0, G_OPTION_ARG_STRING, &times.end, N_ ("Until TIME; now unless given"),
      N_ ("TIME") },
    { "expires", 'x', 0, G_OPTION_ARG_STRING, &times.expires,
      N_ ("When it expires, or in how long, such as 30d; never unless given"), N_ ("TIME") },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (!potoo_ctl_parse (ctl, entries, potoo_ctl_list_describe_time (), 2, 2, &argc, &argv, error) ||
      !parse_times (&dict, &times, error))
    return FALSE;
  g_variant_dict_insert (&dict, "camera", "s", argv[0]);
  g_variant_dict_insert_value (&dict, "reason",
                               g_variant_new_take_string (g_utf8_make_valid (argv[1], -1)));
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant)
      answer = client != NULL
                   ? potoo_ctl_client_call (client, "AddLock",
                                            g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)),
                                            "(a{sv})", error)
                   : NULL;
  if (answer == NULL)
    return FALSE;
  g_autoptr (GVariant) lock = g_variant_get_child_value (answer, 0);
  const char *id = "";
  g_variant_lookup (lock, "id", "&s", &id);
  if (ctl->json)
    potoo_ctl_json_print_object (potoo_ctl_json_from_dict (lock));
  else
    g_print ("%s\n", id);
  return TRUE;
}

/* --- remove --- */

gboolean
potoo_ctl_locks_remove (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 1, G_MAXINT - 1, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  for (int i = 0; client != NULL && i < argc; i++)
    {
      g_autoptr (GVariant) answer = potoo_ctl_client_call (
          client, "RemoveLock", g_variant_new ("(s)", argv[i]), "()", error);
      if (answer == NULL)
        return FALSE;
    }
  return client != NULL;
}
