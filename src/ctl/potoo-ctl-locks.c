/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl locks`. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-change.h"
#include "ctl/potoo-ctl-list.h"
#include "ctl/potoo-ctl-row.h"
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
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (row, "start")));
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (row, "end")));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "camera"));
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (row, "expires")));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "id"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "reason"));
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
      (times->expires != NULL &&
       !potoo_ctl_change_parse_expiry ("--expires", times->expires, now_us, &expires_us, error)))
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
  return potoo_ctl_change_call (ctl, "AddLock",
                                g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), error);
}

/* --- edit and remove --- */

gboolean
potoo_ctl_locks_edit (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (!potoo_ctl_parse (ctl, NULL,
                        _ ("NAME is start, end (a time), reason and expires (a time, or in how "
                           "long, such as 30d; an empty VALUE: never)."),
                        2, G_MAXINT - 1, &argc, &argv, error) ||
      !potoo_ctl_change_parse (&dict, argc - 1, argv + 1, error))
    return FALSE;
  return potoo_ctl_change_call (
      ctl, "ChangeLock", g_variant_new ("(s@a{sv})", argv[0], g_variant_dict_end (&dict)), error);
}

gboolean
potoo_ctl_locks_remove (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  return potoo_ctl_parse (ctl, NULL, NULL, 1, G_MAXINT - 1, &argc, &argv, error) &&
         potoo_ctl_change_call_each (ctl, "RemoveLock", argc, argv, error);
}
