/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl status`. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlColumn camera_columns[] = {
  { N_ ("CAMERA") },
  { N_ ("STATE") },
  { N_ ("SINCE"), 0, 1 },
  { N_ ("REASON"), POTOO_CTL_COLUMN_WRAP | POTOO_CTL_COLUMN_SPARSE },
  { NULL },
};

static const PotooCtlColumn storage_columns[] = {
  { N_ ("STORAGE") },
  { N_ ("FREE"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("OF"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("STATE") },
  { N_ ("PATH"), POTOO_CTL_COLUMN_WRAP },
  { NULL },
};

static guint
count_cameras (GPtrArray *cameras, const char *state)
{
  guint n = 0;

  for (guint i = 0; i < cameras->len; i++)
    {
      const char *found = potoo_ctl_row_get_text (cameras->pdata[i], "State");
      n += strcmp (found, state) == 0 ? 1 : 0;
    }
  return n;
}

static void
print_manager (GVariant *manager)
{
  const char *url = potoo_ctl_row_get_text (manager, "WebUrl");
  g_autofree char *uptime = potoo_ctl_text_from_duration (
      MAX (potoo_clock_wall_us () - potoo_ctl_row_get_int64 (manager, "Started"), 0));

  g_print (_ ("Potoo %s, running for %s\n"), potoo_ctl_row_get_text (manager, "Version"), uptime);
  if (url[0] != '\0')
    g_print ("%s\n", url);
  if (strcmp (potoo_ctl_row_get_text (manager, "Overload"), "none") != 0)
    g_print ("%s\n", _ ("The processor is overloaded; recording goes first"));
}

static void
print_memory (GVariant *memory)
{
  gint64 fragments = potoo_ctl_row_get_int64 (memory, "queue_bytes") +
                     potoo_ctl_row_get_int64 (memory, "pre_roll_bytes");
  g_autofree char *budget = g_format_size (
      (guint64) potoo_ctl_row_get_int64 (memory, "budget_bytes"));
  g_autofree char *resident = g_format_size (
      (guint64) potoo_ctl_row_get_int64 (memory, "resident_bytes"));
  g_autofree char *waiting = g_format_size ((guint64) fragments);

  g_print (_ ("\nMemory: %s of %s\n"), resident, budget);
  g_print (_ ("Recordings that wait: %s\n"), waiting);
}

static gboolean
is_well (GVariant *camera)
{
  const char *state = potoo_ctl_row_get_text (camera, "State");

  return strcmp (state, "streaming") == 0 || strcmp (state, "disabled") == 0;
}

/* All in a line, and those that need looking after in a table. */
static void
print_cameras (PotooCtl *ctl, GPtrArray *cameras)
{
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (camera_columns);
  guint n_disabled = count_cameras (cameras, "disabled");

  g_print (_ ("\nCameras: %u of %u stream"), count_cameras (cameras, "streaming"),
           cameras->len - n_disabled);
  if (n_disabled > 0)
    g_print (_ (", %u disabled"), n_disabled);
  g_print ("\n");
  for (guint i = 0; i < cameras->len; i++)
    {
      GVariant *camera = cameras->pdata[i];
      if (is_well (camera))
        continue;
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "Id"));
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "State"));
      potoo_ctl_table_take (table,
                            potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (camera, "Since")));
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "Reason"));
    }
  if (potoo_ctl_table_get_n_rows (table) > 0)
    potoo_ctl_print_table (ctl, table);
}

static void
take_size (PotooCtlTable *table, GVariant *root, const char *name)
{
  potoo_ctl_table_take (table, g_format_size ((guint64) potoo_ctl_row_get_int64 (root, name)));
}

static void
print_storage (PotooCtl *ctl, GVariant *roots)
{
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (storage_columns);

  for (gsize i = 0; i < g_variant_n_children (roots); i++)
    {
      g_autoptr (GVariant) root = g_variant_get_child_value (roots, i);
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "name"));
      take_size (table, root, "free_bytes");
      take_size (table, root, "total_bytes");
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "state"));
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (root, "path"));
    }
  g_print ("\n");
  potoo_ctl_print_table (ctl, table);
}

static void
print_json (GVariant *manager, GVariant *memory, GPtrArray *cameras, GVariant *roots)
{
  JsonObject *object = json_object_new ();
  JsonArray *camera_array = json_array_new (), *root_array = json_array_new ();
  const char *url = potoo_ctl_row_get_text (manager, "WebUrl");
  g_autofree char *started = potoo_time_format (potoo_ctl_row_get_int64 (manager, "Started"));

  json_object_set_string_member (object, "version", potoo_ctl_row_get_text (manager, "Version"));
  json_object_set_string_member (object, "started", started);
  if (url[0] != '\0')
    json_object_set_string_member (object, "web_url", url);
  else
    json_object_set_null_member (object, "web_url");
  json_object_set_string_member (object, "overload", potoo_ctl_row_get_text (manager, "Overload"));
  json_object_set_object_member (object, "memory", potoo_ctl_json_from_dict (memory));
  for (guint i = 0; i < cameras->len; i++)
    json_array_add_object_element (camera_array, potoo_ctl_json_from_camera (cameras->pdata[i]));
  json_object_set_array_member (object, "cameras", camera_array);
  potoo_ctl_json_append_dicts (root_array, roots);
  json_object_set_array_member (object, "storage", root_array);
  potoo_ctl_json_print_object (object);
}

gboolean
potoo_ctl_status (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 0, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  if (client == NULL)
    return FALSE;
  g_autoptr (GVariant) manager = potoo_ctl_client_get_manager (client, error);
  g_autoptr (GPtrArray) cameras = manager != NULL ? potoo_ctl_client_list_cameras (client, error)
                                                  : NULL;
  g_autoptr (GVariant)
      answer = cameras != NULL
                   ? potoo_ctl_client_call (client, "ListStorage", NULL, "(aa{sv}aa{sv})", error)
                   : NULL;
  g_autoptr (GVariant)
      usage = answer != NULL ? potoo_ctl_client_call (client, "GetMemory", NULL, "(a{sv})", error)
                             : NULL;
  if (usage == NULL)
    return FALSE;
  g_autoptr (GVariant) roots = g_variant_get_child_value (answer, 0);
  g_autoptr (GVariant) memory = g_variant_get_child_value (usage, 0);
  if (ctl->json)
    {
      print_json (manager, memory, cameras, roots);
      return TRUE;
    }
  print_manager (manager);
  print_cameras (ctl, cameras);
  print_memory (memory);
  print_storage (ctl, roots);
  return TRUE;
}
