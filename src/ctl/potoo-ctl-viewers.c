/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl viewers`. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlColumn columns[] = {
  { N_ ("VIEWER"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("CAMERA") },
  { N_ ("STREAM"), 0, 2 },
  { N_ ("ADDRESS") },
  { N_ ("BY"), 0, 3 },
  { N_ ("SINCE"), 0, 4 },
  { N_ ("SENT"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("PROGRAM"), POTOO_CTL_COLUMN_SPARSE, 1 },
  { NULL },
};

static char *
format_address (GVariant *viewer)
{
  const char *address = potoo_ctl_row_get_text (viewer, "address");
  gint64 port = potoo_ctl_row_get_int64 (viewer, "port");

  return g_strdup_printf (strchr (address, ':') != NULL ? "[%s]:%d" : "%s:%d", address, (int) port);
}

static void
add_row (PotooCtlTable *table, GVariant *viewer)
{
  const char *camera = potoo_ctl_row_get_text (viewer, "camera");
  gint64 id = potoo_ctl_row_get_int64 (viewer, "id");

  potoo_ctl_table_take (table, g_strdup_printf ("%" G_GINT64_FORMAT, id));
  potoo_ctl_table_add (table, camera[0] != '\0' ? camera : "-");
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (viewer, "stream"));
  potoo_ctl_table_take (table, format_address (viewer));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (viewer, "transport"));
  potoo_ctl_table_take (table,
                        potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (viewer, "since")));
  potoo_ctl_table_take (table, g_format_size ((guint64) potoo_ctl_row_get_int64 (viewer, "bytes")));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (viewer, "user_agent"));
}

gboolean
potoo_ctl_viewers_list (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 0, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant) answer = client != NULL ? potoo_ctl_client_call (client, "ListViewers", NULL,
                                                                        "(aa{sv})", error)
                                               : NULL;
  if (answer == NULL)
    return FALSE;
  g_autoptr (GVariant) viewers = g_variant_get_child_value (answer, 0);
  if (ctl->json)
    {
      JsonArray *array = json_array_new ();
      potoo_ctl_json_append_dicts (array, viewers);
      potoo_ctl_json_print_array (array);
      return TRUE;
    }
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);
  for (gsize i = 0; i < g_variant_n_children (viewers); i++)
    {
      g_autoptr (GVariant) viewer = g_variant_get_child_value (viewers, i);
      add_row (table, viewer);
    }
  if (potoo_ctl_table_get_n_rows (table) > 0)
    potoo_ctl_print_table (ctl, table);
  else if (ctl->width > 0)
    g_print (_ ("Nobody watches over RTSP.\n"));
  return TRUE;
}

gboolean
potoo_ctl_viewers_disconnect (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 1, G_MAXINT - 1, &argc, &argv, error))
    return FALSE;
  for (int i = 0; i < argc; i++)
    {
      guint64 id;
      if (!g_ascii_string_to_unsigned (argv[i], 10, 0, G_MAXUINT64, &id, NULL))
        {
          g_autofree char *valid = g_utf8_make_valid (argv[i], -1);
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                       _ ("“%s” is not the number of a viewer; potooctl viewers lists them"),
                       valid);
          return FALSE;
        }
      PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
      g_autoptr (GVariant)
          answer = client != NULL ? potoo_ctl_client_call (client, "DisconnectViewer",
                                                           g_variant_new ("(t)", id), "()", error)
                                  : NULL;
      if (answer == NULL)
        return FALSE;
    }
  return TRUE;
}
