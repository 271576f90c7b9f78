/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl cameras`: list, show, remove, settings. Adding and editing are in
 * potoo-ctl-camera-edit.c. */

#include <glib/gi18n-lib.h>

#include "ctl/potoo-ctl-change.h"
#include "ctl/potoo-ctl-json.h"
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
format_fps (double fps)
{
  return fps > 0 ? g_strdup_printf ("%.1f", fps) : g_strdup ("");
}

static void
add_row (PotooCtlTable *table, GVariant *camera)
{
  const char *id = "", *name = "", *state = "", *reason = "";
  gboolean recording = FALSE;
  double fps = 0;
  guint64 bitrate = 0;

  g_variant_lookup (camera, "Id", "&s", &id);
  g_variant_lookup (camera, "Name", "&s", &name);
  g_variant_lookup (camera, "State", "&s", &state);
  g_variant_lookup (camera, "Reason", "&s", &reason);
  g_variant_lookup (camera, "Recording", "b", &recording);
  g_variant_lookup (camera, "Fps", "d", &fps);
  g_variant_lookup (camera, "Bitrate", "t", &bitrate);
  potoo_ctl_table_add (table, id);
  potoo_ctl_table_add (table, g_strcmp0 (id, name) != 0 ? name : "");
  potoo_ctl_table_add (table, state);
  potoo_ctl_table_add (table, recording ? _ ("yes") : _ ("no"));
  potoo_ctl_table_take (table, format_fps (fps));
  potoo_ctl_table_take (table, potoo_ctl_text_from_bitrate ((gint64) bitrate));
  potoo_ctl_table_add (table, reason);
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
    return g_strdup (g_variant_get_boolean (value) ? _ ("yes") : _ ("no"));
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
add_status (PotooCtlTable *table, GVariant *camera)
{
  const char *state = "", *reason = "", *video = "", *audio = "", *restream = "";
  gint64 since_us = 0, retry_us = 0;
  guint64 bitrate = 0;
  guint width = 0, height = 0;
  double fps = 0;
  gboolean recording = FALSE;

  g_variant_lookup (camera, "State", "&s", &state);
  g_variant_lookup (camera, "Reason", "&s", &reason);
  g_variant_lookup (camera, "Since", "x", &since_us);
  g_variant_lookup (camera, "RetryAt", "x", &retry_us);
  g_variant_lookup (camera, "VideoCodec", "&s", &video);
  g_variant_lookup (camera, "AudioCodec", "&s", &audio);
  g_variant_lookup (camera, "Width", "u", &width);
  g_variant_lookup (camera, "Height", "u", &height);
  g_variant_lookup (camera, "Fps", "d", &fps);
  g_variant_lookup (camera, "Bitrate", "t", &bitrate);
  g_variant_lookup (camera, "Recording", "b", &recording);
  g_variant_lookup (camera, "RestreamUrl", "&s", &restream);
  take_pair (table, _ ("state"), g_strdup (state));
  take_pair (table, _ ("reason"), g_strdup (reason));
  take_pair (table, _ ("since"), potoo_ctl_text_from_time (since_us));
  take_pair (table, _ ("next try"), potoo_ctl_text_from_time (retry_us));
  take_pair (table, _ ("recording"), g_strdup (recording ? _ ("yes") : _ ("no")));
  take_pair (table, _ ("video"),
             width > 0 ? g_strdup_printf ("%s, %u × %u", video, width, height) : g_strdup (video));
  take_pair (table, _ ("sound"), g_strdup (audio));
  take_pair (table, _ ("frames a second"), format_fps (fps));
  take_pair (table, _ ("bit rate"), potoo_ctl_text_from_bitrate ((gint64) bitrate));
  take_pair (table, _ ("re-stream"), g_strdup (restream));
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
      const char *name = "";
      g_variant_lookup (row, "name", "&s", &name);
      g_autoptr (GVariant) value = g_variant_lookup_value (settings, name, NULL);
      if (value != NULL)
        take_pair (table, name, format_value (value));
    }
  gboolean has_password = FALSE;
  if (settings != NULL && g_variant_lookup (settings, "has_password", "b", &has_password))
    take_pair (table, _ ("password"), g_strdup (has_password ? _ ("is set") : ""));
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
  const char *type = "";
  gint64 minimum, maximum;

  g_variant_lookup (row, "type", "&s", &type);
  if (g_variant_lookup (row, "choices", "^a&s", &choices))
    return g_strjoinv (", ", (char **) choices);
  if (g_strcmp0 (type, "size") == 0)
    return g_strdup (_ ("bytes, such as 500MB or 20GiB"));
  if (g_variant_lookup (row, "minimum", "x", &minimum) &&
      g_variant_lookup (row, "maximum", "x", &maximum))
    return g_strdup_printf ("%" G_GINT64_FORMAT "–%" G_GINT64_FORMAT, minimum, maximum);
  return g_strdup (g_strcmp0 (type, "boolean") == 0 ? _ ("yes, no") : _ ("text"));
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
      const char *name = "", *help = "";
      g_variant_lookup (row, "name", "&s", &name);
      g_variant_lookup (row, "help", "&s", &help);
      potoo_ctl_table_add (table, name);
      potoo_ctl_table_take (table, format_values (row));
      potoo_ctl_table_take (table, standard != NULL ? format_value (standard) : g_strdup (""));
      potoo_ctl_table_add (table, help);
    }
  potoo_ctl_print_table (ctl, table);
  return TRUE;
}
