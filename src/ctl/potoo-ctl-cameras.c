/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl cameras`: list, show, remove, settings. Adding and editing are in
 * potoo-ctl-camera-edit.c. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ctl/potoo-ctl-change.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"
#include "ctl/potoo-ctl-text.h"

/* --- list --- */

static const PotooCtlColumn list_columns[] = {
  { N_ ("CAMERA") },
  { N_ ("NAME"), POTOO_CTL_COLUMN_SPARSE, 1 },
  { N_ ("STATE") },
  { N_ ("REC"), 0, 2 },
  { N_ ("FPS"), POTOO_CTL_COLUMN_RIGHT | POTOO_CTL_COLUMN_SPARSE, 3 },
  { N_ ("BITRATE"), POTOO_CTL_COLUMN_RIGHT | POTOO_CTL_COLUMN_SPARSE, 4 },
  { N_ ("REASON"), POTOO_CTL_COLUMN_WRAP | POTOO_CTL_COLUMN_SPARSE },
  { NULL },
};

static char *
format_fps (GVariant *camera)
{
  double fps = potoo_ctl_row_get_double (camera, "Fps");

  return fps > 0 ? g_strdup_printf ("%.1f", fps) : g_strdup ("");
}

static const char *
describe_boolean (gboolean value)
{
  return value ? _ ("yes") : _ ("no");
}

static void
add_row (PotooCtlTable *table, GVariant *camera)
{
  const char *id = potoo_ctl_row_get_text (camera, "Id");
  const char *name = potoo_ctl_row_get_text (camera, "Name");

  potoo_ctl_table_add (table, id);
  potoo_ctl_table_add (table, strcmp (id, name) != 0 ? name : "");
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "State"));
  potoo_ctl_table_add (table, describe_boolean (potoo_ctl_row_get_boolean (camera, "Recording")));
  potoo_ctl_table_take (table, format_fps (camera));
  potoo_ctl_table_take (table,
                        potoo_ctl_text_from_bitrate (potoo_ctl_row_get_int64 (camera, "Bitrate")));
  potoo_ctl_table_add (table, potoo_ctl_row_get_text (camera, "Reason"));
}

gboolean
potoo_ctl_cameras_list (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 0, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GPtrArray) cameras = client != NULL ? potoo_ctl_client_list_cameras (client, error)
                                                 : NULL;
  if (cameras == NULL)
    return FALSE;

  if (ctl->json)
    {
      JsonArray *array = json_array_new ();
      for (guint i = 0; i < cameras->len; i++)
        json_array_add_object_element (array, potoo_ctl_json_from_camera (cameras->pdata[i]));
      potoo_ctl_json_print_array (array);
      return TRUE;
    }
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (list_columns);
  for (guint i = 0; i < cameras->len; i++)
    add_row (table, cameras->pdata[i]);
  if (cameras->len > 0)
    potoo_ctl_print_table (ctl, table);
  else if (ctl->width > 0)
    g_print (_ ("There are no cameras; add one with potooctl cameras add rtsp://…\n"));
  return TRUE;
}

/* --- show --- */

static const PotooCtlColumn pair_columns[] = {
  { "" },
  { "", POTOO_CTL_COLUMN_WRAP },
  { NULL },
};

static char *
format_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (describe_boolean (g_variant_get_boolean (value)));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  return g_variant_print (value, FALSE);
}

/* Leaves out what is empty. */
static void
take_pair (PotooCtlTable *table, const char *title, char *value)
{
  if (value[0] != '\0')
    {
      potoo_ctl_table_add (table, title);
      potoo_ctl_table_add (table, value);
    }
  g_free (value);
}

static void
add_text (PotooCtlTable *table, const char *title, GVariant *camera, const char *property)
{
  take_pair (table, title, g_strdup (potoo_ctl_row_get_text (camera, property)));
}

static void
add_time (PotooCtlTable *table, const char *title, GVariant *camera, const char *property)
{
  take_pair (table, title, potoo_ctl_text_from_time (potoo_ctl_row_get_int64 (camera, property)));
}

static char *
describe_video (GVariant *camera)
{
  const char *codec = potoo_ctl_row_get_text (camera, "VideoCodec");
  int width = (int) potoo_ctl_row_get_int64 (camera, "Width");
  int height = (int) potoo_ctl_row_get_int64 (camera, "Height");

  return width > 0 ? g_strdup_printf ("%s, %d × %d", codec, width, height) : g_strdup (codec);
}

static void
add_status (PotooCtlTable *table, GVariant *camera)
{
  add_text (table, _ ("state"), camera, "State");
  add_text (table, _ ("reason"), camera, "Reason");
  add_time (table, _ ("since"), camera, "Since");
  add_time (table, _ ("next try"), camera, "RetryAt");
  take_pair (table, _ ("recording"),
             g_strdup (describe_boolean (potoo_ctl_row_get_boolean (camera, "Recording"))));
  take_pair (table, _ ("video"), describe_video (camera));
  add_text (table, _ ("sound"), camera, "AudioCodec");
  take_pair (table, _ ("frames a second"), format_fps (camera));
  take_pair (table, _ ("bit rate"),
             potoo_ctl_text_from_bitrate (potoo_ctl_row_get_int64 (camera, "Bitrate")));
  add_text (table, _ ("re-stream"), camera, "RestreamUrl");
}

static gboolean
print_camera (PotooCtl *ctl, GVariant *camera, GError **error)
{
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (pair_columns);
  g_autoptr (GVariant)
      settings = g_variant_lookup_value (camera, "Settings", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) rows = NULL;
  g_autoptr (GVariant)
      answer = potoo_ctl_client_call (ctl->client, "ListCameraSettings", NULL, "(aa{sv})", error);

  if (answer == NULL)
    return FALSE;
  rows = g_variant_get_child_value (answer, 0);
  for (gsize i = 0; settings != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *name = potoo_ctl_row_get_text (row, "name");
      g_autoptr (GVariant) value = g_variant_lookup_value (settings, name, NULL);
      if (value != NULL)
        take_pair (table, name, format_value (value));
    }
  if (settings != NULL && potoo_ctl_row_get_boolean (settings, "has_password"))
    take_pair (table, _ ("password"), g_strdup (_ ("is set")));
  add_status (table, camera);
  potoo_ctl_print_table (ctl, table);
  return TRUE;
}

gboolean
potoo_ctl_cameras_show (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 1, 1, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant)
      camera = client != NULL ? potoo_ctl_client_get_camera (client, argv[0], error) : NULL;
  if (camera == NULL)
    return FALSE;
  if (!ctl->json)
    return print_camera (ctl, camera, error);
  potoo_ctl_json_print_object (potoo_ctl_json_from_camera (camera));
  return TRUE;
}

/* --- remove --- */

/* @method: RemoveCamera or DeleteCamera */
static gboolean
remove_each (PotooCtl *ctl, const char *method, char **ids, const char *outcome, GError **error)
{
  for (; *ids != NULL; ids++)
    {
      g_autoptr (GVariant) answer = potoo_ctl_client_call (
          ctl->client, method, g_variant_new ("(st)", *ids, (guint64) 0), "()", error);
      if (answer == NULL)
        return FALSE;
      if (ctl->width > 0)
        g_print ("%s %s\n", *ids, outcome);
    }
  return TRUE;
}

gboolean
potoo_ctl_cameras_remove (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  gboolean recordings = FALSE, yes = FALSE;
  const GOptionEntry entries[] = {
    { "delete-recordings", 0, 0, G_OPTION_ARG_NONE, &recordings,
      N_ ("Delete what was recorded of them, too"), NULL },
    POTOO_CTL_YES_OPTION (&yes),
    G_OPTION_ENTRY_NULL,
  };

  if (!potoo_ctl_parse (ctl, entries,
                        _ ("With --delete-recordings all that was recorded of them is deleted in "
                           "the background, but for what is locked."),
                        1, G_MAXINT - 1, &argc, &argv, error) ||
      potoo_ctl_get_client (ctl, error) == NULL ||
      !potoo_ctl_client_check_cameras (ctl->client, argv, error))
    return FALSE;
  if (!recordings)
    return remove_each (ctl, "RemoveCamera", argv, _ ("is removed; its recordings stay"), error);
  g_autofree char *ids = g_strjoinv (", ", argv);
  g_autofree char *question = g_strdup_printf (_ ("Delete all recordings of %s for good?"), ids);
  return (yes || potoo_ctl_change_confirm (question, error)) &&
         remove_each (ctl, "DeleteCamera", argv, _ ("is removed; its recordings are being deleted"),
                      error);
}

/* --- settings --- */

static const PotooCtlColumn settings_columns[] = {
  { N_ ("SETTING") },
  { N_ ("VALUES"), POTOO_CTL_COLUMN_WRAP },
  { N_ ("DEFAULT"), POTOO_CTL_COLUMN_SPARSE },
  { N_ ("MEANING"), POTOO_CTL_COLUMN_WRAP },
  { NULL },
};

static char *
format_values (GVariant *row)
{
  g_autofree const char **choices = NULL;
  const char *type = potoo_ctl_row_get_text (row, "type");
  gint64 minimum, maximum;

  if (g_variant_lookup (row, "choices", "^a&s", &choices))
    return g_strjoinv (", ", (char **) choices);
  if (strcmp (type, "size") == 0)
    return g_strdup (_ ("bytes, such as 500MB or 20GiB"));
  if (g_variant_lookup (row, "minimum", "x", &minimum) &&
      g_variant_lookup (row, "maximum", "x", &maximum))
    return g_strdup_printf ("%" G_GINT64_FORMAT "–%" G_GINT64_FORMAT, minimum, maximum);
  return g_strdup (strcmp (type, "boolean") == 0 ? _ ("yes, no") : _ ("text"));
}

gboolean
potoo_ctl_cameras_settings (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 0, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant)
      answer = client != NULL
                   ? potoo_ctl_client_call (client, "ListCameraSettings", NULL, "(aa{sv})", error)
                   : NULL;
  if (answer == NULL)
    return FALSE;
  g_autoptr (GVariant) rows = g_variant_get_child_value (answer, 0);
  if (ctl->json)
    {
      JsonArray *array = json_array_new ();
      potoo_ctl_json_append_dicts (array, rows);
      potoo_ctl_json_print_array (array);
      return TRUE;
    }
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (settings_columns);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) standard = g_variant_lookup_value (row, "default", NULL);
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "name"));
      potoo_ctl_table_take (table, format_values (row));
      potoo_ctl_table_take (table, standard != NULL ? format_value (standard) : g_strdup (""));
      potoo_ctl_table_add (table, potoo_ctl_row_get_text (row, "help"));
    }
  potoo_ctl_print_table (ctl, table);
  return TRUE;
}
