/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-list.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

#define PAGE 1000u

void
potoo_ctl_window_clear (PotooCtlWindow *window)
{
  g_free (window->start);
  g_free (window->end);
}

const char *
potoo_ctl_list_describe_time (void)
{
  return _ ("TIME is 2026-11-21, '2026-11-21 10:15', 10:15 (today), in the time zone "
            "here, 2026-11-21T10:15:30Z, or how long ago, such as 90s, 2h, 7d.");
}

gboolean
potoo_ctl_window_resolve (PotooCtlWindow *window, GError **error)
{
  gint64 now_us = potoo_clock_wall_us ();

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

/* (transfer floating) */
static GVariant *
make_arguments (const char *const *texts, const PotooCtlWindow *window, const char *cursor)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  for (; texts != NULL && *texts != NULL; texts++)
    g_variant_builder_add (&builder, "s", *texts);
  g_variant_builder_add (&builder, "x", window->start_us);
  g_variant_builder_add (&builder, "x", window->end_us);
  g_variant_builder_add (&builder, "u", PAGE);
  g_variant_builder_add (&builder, "s", cursor);
  return g_variant_builder_end (&builder);
}

static GVariant *
call (PotooCtlClient *client,
      const char *camera,
      const char *method,
      GVariant *arguments,
      GError **error)
{
  return camera != NULL
             ? potoo_ctl_client_call_camera (client, camera, method, arguments, "(aa{sv}s)", error)
             : potoo_ctl_client_call (client, method, arguments, "(aa{sv}s)", error);
}

GPtrArray *
potoo_ctl_list_read (PotooCtl *ctl,
                     const char *camera,
                     const char *method,
                     const char *const *texts,
                     const PotooCtlWindow *window,
                     GError **error)
{
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GPtrArray) pages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autofree char *cursor = g_strdup ("");

  do
    {
      g_autoptr (GVariant) answer = client != NULL
                                        ? call (client, camera, method,
                                                make_arguments (texts, window, cursor), error)
                                        : NULL;
      GVariant *rows;
      if (answer == NULL)
        return NULL;
      g_free (cursor);
      g_variant_get (answer, "(@aa{sv}s)", &rows, &cursor);
      g_ptr_array_add (pages, rows);
    }
  while (cursor[0] != '\0');
  return g_steal_pointer (&pages);
}

const char *
potoo_ctl_list_get_camera (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (argc == 0)
    return "";
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant)
      camera = client != NULL ? potoo_ctl_client_get_camera (client, argv[0], error) : NULL;
  return camera != NULL ? argv[0] : NULL;
}

void
potoo_ctl_list_add_time (PotooCtlTable *table, GVariant *row)
{
  gint64 start_us = potoo_ctl_row_get_int64 (row, "start");
  gint64 end_us = potoo_ctl_row_get_int64 (row, "end");
  gint64 until_us = end_us != 0 ? end_us : potoo_clock_wall_us ();

  potoo_ctl_table_take (table, potoo_ctl_text_from_time (start_us));
  potoo_ctl_table_take (table,
                        end_us != 0 ? potoo_ctl_text_from_time (end_us) : g_strdup (_ ("goes on")));
  potoo_ctl_table_take (table, potoo_ctl_text_from_duration (MAX (until_us - start_us, 0)));
}

static void
print_json (GPtrArray *pages)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < pages->len; i++)
    potoo_ctl_json_append_dicts (array, pages->pdata[i]);
  potoo_ctl_json_print_array (array);
}

void
potoo_ctl_list_print (PotooCtl *ctl,
                      GPtrArray *pages,
                      const PotooCtlColumn *columns,
                      PotooCtlAddRowFunc add_row)
{
  if (ctl->json)
    {
      print_json (pages);
      return;
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
}
