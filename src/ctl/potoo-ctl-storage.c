/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl storage`. */

#include <glib/gi18n-lib.h>

#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlColumn root_columns[] = {
  { N_ ("STORAGE") },
  { N_ ("STATE") },
  { N_ ("USED"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("FREE"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("A DAY"), POTOO_CTL_COLUMN_RIGHT, 2 },
  { N_ ("DAYS KEPT"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("GUARANTEE BREAKS"), POTOO_CTL_COLUMN_SPARSE },
  { N_ ("REASON"), POTOO_CTL_COLUMN_WRAP | POTOO_CTL_COLUMN_SPARSE },
  { NULL },
};

static const PotooCtlColumn camera_columns[] = {
  { N_ ("CAMERA") },
  { N_ ("RECORDED"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("OLDEST"), 0, 1 },
  { N_ ("A DAY"), POTOO_CTL_COLUMN_RIGHT, 2 },
  { N_ ("DAYS KEPT"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("EVENTS KEPT"), POTOO_CTL_COLUMN_RIGHT, 3 },
  { N_ ("GUARANTEED"), POTOO_CTL_COLUMN_RIGHT, 4 },
  { N_ ("BREAKS"), POTOO_CTL_COLUMN_SPARSE },
  { NULL },
};

static void
take_size (PotooCtlTable *table, gint64 bytes)
{
  potoo_ctl_table_take (table, g_format_size ((guint64) MAX (bytes, 0)));
}

static void
take_days (PotooCtlTable *table, GVariant *dict, const char *name)
{
  double days = -1;

  g_variant_lookup (dict, name, "d", &days);
  potoo_ctl_table_take (table, days >= 0 ? g_strdup_printf ("%.1f", days) : g_strdup ("-"));
}

static void
add_root (PotooCtlTable *table, GVariant *root)
{
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "name"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "state"));
  take_size (table, potoo_ctl_row_get_int64 (root, "used_bytes"));
  take_size (table, potoo_ctl_row_get_int64 (root, "free_bytes"));
  take_size (table, potoo_ctl_row_get_int64 (root, "bytes_per_day"));
  take_days (table, root, "days_kept");
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "guarantee_breaks"));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "reason"));
}

static gint64
sum_bytes (GVariant *camera)
{
  g_autoptr (GVariant) bytes = g_variant_lookup_value (camera, "bytes", G_VARIANT_TYPE_VARDICT);
  gint64 sum = 0, number;
  GVariantIter iter;
  GVariant *value;

  if (bytes == NULL)
    return 0;
  g_variant_iter_init (&iter, bytes);
  while (g_variant_iter_next (&iter, "{&sv}", NULL, &value))
    {
      g_variant_get (value, "x", &number);
      sum += number;
      g_variant_unref (value);
    }
  return sum;
}

static void
add_camera (PotooCtlTable *table, GVariant *camera)
{
  gint64 days = potoo_ctl_row_get_int64 (camera, "guaranteed_days");

  potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "id"));
  take_size (table, sum_bytes (camera));
  potoo_ctl_table_take (table,
                        potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (camera, "oldest")));
  take_size (table, potoo_ctl_row_get_int64 (camera, "bytes_per_day"));
  take_days (table, camera, "days_kept");
  take_days (table, camera, "event_days_kept");
  potoo_ctl_table_take (table,
                        days > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, days) : g_strdup (""));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "guarantee_breaks"));
}

static void
print_table (PotooCtl *ctl,
             const PotooCtlColumn *columns,
             GVariant *dicts,
             void (*add) (PotooCtlTable *, GVariant *))
{
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);

  for (gsize i = 0; i < g_variant_n_children (dicts); i++)
    {
      g_autoptr (GVariant) dict = g_variant_get_child_value (dicts, i);
      add (table, dict);
    }
  if (potoo_ctl_table_get_n_rows (table) > 0)
    potoo_ctl_print_table (ctl, table);
}

static void
print_json (GVariant *roots, GVariant *cameras)
{
  JsonObject *object = json_object_new ();
  JsonArray *root_array = json_array_new (), *camera_array = json_array_new ();

  potoo_ctl_json_append_dicts (root_array, roots);
  potoo_ctl_json_append_dicts (camera_array, cameras);
  json_object_set_array_member (object, "roots", root_array);
  json_object_set_array_member (object, "cameras", camera_array);
  potoo_ctl_json_print_object (object);
}

gboolean
potoo_ctl_storage (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 0, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant) answer = client != NULL ? potoo_ctl_client_call (client, "ListStorage", NULL,
                                                                        "(aa{sv}aa{sv})", error)
                                               : NULL;
  if (answer == NULL)
    return FALSE;
  g_autoptr (GVariant) roots = g_variant_get_child_value (answer, 0);
  g_autoptr (GVariant) cameras = g_variant_get_child_value (answer, 1);
  if (ctl->json)
    {
      print_json (roots, cameras);
      return TRUE;
    }
  print_table (ctl, root_columns, roots, add_root);
  g_print ("\n");
  print_table (ctl, camera_columns, cameras, add_camera);
  return TRUE;
}
