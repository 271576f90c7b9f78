/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl cameras add` and `edit`. Which settings there are and of which type the daemon says,
 * from the same table that checks them. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-password.h"
#include "ctl/potoo-ctl-row.h"

typedef struct
{
  gboolean adding;
  char *password_file;
  gboolean ask_password, adopt;
  char *password; /* (nullable): as read */
} Options;

static void
options_clear (Options *options)
{
  g_free (options->password_file);
  potoo_ctl_password_free (options->password);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static const char *
describe_settings (void)
{
  return _ ("The settings and their values: potooctl cameras settings. An empty VALUE takes a "
            "setting away. A password does not belong on the command line, where other users can "
            "see it; one in URL is hidden from them as soon as it is read.");
}

static gboolean
parse (PotooCtl *ctl, Options *options, int *argc, char ***argv, GError **error)
{
  GOptionEntry entries[] = {
    { "ask-password", 'P', 0, G_OPTION_ARG_NONE, &options->ask_password,
      N_ ("Ask for the camera's password"), NULL },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file,
      N_ ("Read the camera's password from the first line of FILE; - is standard input"),
      N_ ("FILE") },
    { "adopt", 0, 0, G_OPTION_ARG_NONE, &options->adopt,
      N_ ("Let it have the recordings of a removed camera with its id"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!options->adding)
    entries[2].long_name = NULL;
  if (!potoo_ctl_parse (ctl, entries, describe_settings (), 1, G_MAXINT - 1, argc, argv, error))
    return FALSE;
  if (options->password_file != NULL)
    options->password = potoo_ctl_password_read (options->password_file, error);
  else if (options->ask_password)
    options->password = potoo_ctl_password_ask (_ ("Password of the camera: "), error);
  else
    return TRUE;
  return options->password != NULL;
}

/* --- settings --- */

/* The row of ListCameraSettings() for @name. (transfer full) */
static GVariant *
find_setting (GVariant *rows, const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *row_name = potoo_ctl_row_get_text (row, "name");
      if (strcmp (row_name, name) == 0)
        return g_steal_pointer (&row);
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", row_name);
    }
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
               _ ("A camera has no setting “%s”; it has %s"), name, names->str);
  return NULL;
}

/* An empty text takes the setting away, whatever its type. Whether a number is in range the daemon
 * says. (transfer floating) */
static GVariant *
parse_typed (const char *type, const char *name, const char *text, GError **error)
{
  gboolean value;
  gint64 number;

  if (text[0] == '\0')
    return g_variant_new_string (text);
  if (strcmp (type, "boolean") == 0)
    {
      if (potoo_ctl_arguments_parse_boolean (text, &value))
        return g_variant_new_boolean (value);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, _ ("%s must be yes or no"),
                   name);
    }
  else if (strcmp (type, "integer") == 0)
    {
      if (g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL))
        return g_variant_new_int64 (number);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("%s must be a whole number"), name);
    }
  else if (strcmp (type, "size") == 0)
    {
      if (potoo_size_parse (text, &number))
        return g_variant_new_int64 (number);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("%s must be a size, such as 500MB or 20GiB"), name);
    }
  else
    return g_variant_new_string (text);
  return NULL;
}

static GVariant *
parse_value (GVariant *row, const char *name, const char *text, GError **error)
{
  if (potoo_ctl_row_get_boolean (row, "write_only") && text[0] != '\0')
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s cannot be given on the command line, where other users can see it; use "
                    "--ask-password or --password-file"),
                 name);
  else if (!g_utf8_validate (text, -1, NULL))
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, _ ("%s must be text in UTF-8"),
                 name);
  else
    return parse_typed (potoo_ctl_row_get_text (row, "type"), name, text, error);
  return NULL;
}

static gboolean
insert_setting (GVariantDict *dict, GVariant *rows, const char *argument, GError **error)
{
  const char *equals = strchr (argument, '=');

  if (equals == NULL || equals == argument)
    {
      g_autofree char *valid = g_utf8_make_valid (argument, -1);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is not SETTING=VALUE"), valid);
      return FALSE;
    }
  g_autofree char *raw = g_strndup (argument, (gsize) (equals - argument));
  g_autofree char *name = g_utf8_make_valid (raw, -1);
  g_autoptr (GVariant) row = find_setting (rows, name, error);
  GVariant *value = row != NULL ? parse_value (row, name, equals + 1, error) : NULL;
  if (value != NULL)
    g_variant_dict_insert_value (dict, name, value);
  return value != NULL;
}

/* @url: (nullable). (transfer floating) */
static GVariant *
make_settings (PotooCtl *ctl,
               const char *url,
               char **arguments,
               const Options *options,
               GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant)
      answer = potoo_ctl_client_call (ctl->client, "ListCameraSettings", NULL, "(aa{sv})", error);
  if (answer == NULL)
    return NULL;
  g_autoptr (GVariant) rows = g_variant_get_child_value (answer, 0);
  if (url != NULL)
    {
      g_autofree char *argument = g_strconcat ("url=", url, NULL);
      if (!insert_setting (&dict, rows, argument, error))
        return NULL;
    }
  for (char **argument = arguments; *argument != NULL; argument++)
    if (!insert_setting (&dict, rows, *argument, error))
      return NULL;
  if (options->password != NULL)
    g_variant_dict_insert (&dict, "password", "s", options->password);
  return g_variant_dict_end (&dict);
}

/* --- the commands --- */

/* What became of it, as it is now. */
static gboolean
print_camera (PotooCtl *ctl, const char *id, const char *format, GError **error)
{
  g_autoptr (GVariant) camera = ctl->json ? potoo_ctl_client_get_camera (ctl->client, id, error)
                                          : NULL;

  if (ctl->json && camera == NULL)
    return FALSE;
  if (ctl->json)
    potoo_ctl_json_print_object (potoo_ctl_json_from_camera (camera));
  else
    g_print ("%s %s\n", id, format);
  return TRUE;
}

/* The id is a property of the new object, but the path tells it, too. */
static char *
get_id (const char *path)
{
  const char *label = strrchr (path, '/') + 1;
  GString *id = g_string_new (NULL);

  for (; *label != '\0'; label++)
    if (*label == '_' && g_ascii_isxdigit (label[1]) && g_ascii_isxdigit (label[2]))
      {
        g_string_append_c (
            id, (char) (g_ascii_xdigit_value (label[1]) * 16 + g_ascii_xdigit_value (label[2])));
        label += 2;
      }
    else
      g_string_append_c (id, *label);
  return g_string_free (id, FALSE);
}

gboolean
potoo_ctl_cameras_add (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (Options) options = { .adding = TRUE };
  const char *path;

  if (!parse (ctl, &options, &argc, &argv, error) || potoo_ctl_get_client (ctl, error) == NULL)
    return FALSE;
  GVariant *settings = make_settings (ctl, argv[0], argv + 1, &options, error);
  if (settings == NULL)
    return FALSE;
  g_autoptr (GVariant) answer = potoo_ctl_client_call (
      ctl->client, "AddCamera", g_variant_new ("(@a{sv}b)", settings, options.adopt), "(o)", error);
  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(&o)", &path);
  g_autofree char *id = get_id (path);
  return print_camera (ctl, id, _ ("is added"), error);
}

gboolean
potoo_ctl_cameras_edit (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  g_auto (Options) options = { .adding = FALSE };

  if (!parse (ctl, &options, &argc, &argv, error) || potoo_ctl_get_client (ctl, error) == NULL)
    return FALSE;
  if (argc == 1 && options.password == NULL)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                           _ ("Give at least one SETTING=VALUE"));
      return FALSE;
    }
  GVariant *settings = make_settings (ctl, NULL, argv + 1, &options, error);
  if (settings == NULL)
    return FALSE;
  g_autoptr (GVariant) answer = potoo_ctl_client_call_camera (
      ctl->client, argv[0], "UpdateSettings", g_variant_new ("(@a{sv}t)", settings, (guint64) 0),
      "(t)", error);
  return answer != NULL && print_camera (ctl, argv[0], _ ("is changed"), error);
}
