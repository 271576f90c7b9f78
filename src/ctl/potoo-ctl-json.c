/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-json.h"

#include <stdio.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-json.h"

/* Members that are microseconds since 1970. */
static const char *const times[] = { "start",   "end",     "since",  "retry_at", "started",
                                     "expires", "created", "oldest", NULL };

static JsonNode *
make_time (gint64 wall_us)
{
  g_autofree char *text = wall_us != 0 ? potoo_time_format (wall_us) : NULL;
  JsonNode *node = json_node_alloc ();

  return text != NULL ? json_node_init_string (node, text) : json_node_init_null (node);
}

/* It travels as text. */
static JsonNode *
parse_metadata (const char *text)
{
  JsonNode *node = potoo_json_parse (text, strlen (text), NULL);

  return node != NULL ? node : json_node_init_null (json_node_alloc ());
}

static JsonNode *
make_node (const char *name, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64) && g_strv_contains (times, name))
    return make_time (g_variant_get_int64 (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) &&
      g_variant_get_string (value, NULL)[0] == '\0')
    return json_node_init_null (json_node_alloc ());
  if (strcmp (name, "metadata") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return parse_metadata (g_variant_get_string (value, NULL));
  /* A score or a number of days that there is none of. */
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE) && g_variant_get_double (value) < 0)
    return json_node_init_null (json_node_alloc ());
  return json_gvariant_serialize (value);
}

JsonObject *
potoo_ctl_json_from_dict (GVariant *dict)
{
  JsonObject *object = json_object_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      json_object_set_member (object, name, make_node (name, value));
      g_variant_unref (value);
    }
  return object;
}

void
potoo_ctl_json_append_dicts (JsonArray *array, GVariant *dicts)
{
  for (gsize i = 0; i < g_variant_n_children (dicts); i++)
    {
      g_autoptr (GVariant) dict = g_variant_get_child_value (dicts, i);
      json_array_add_object_element (array, potoo_ctl_json_from_dict (dict));
    }
}

/* "RestreamUrl" → "restream_url" */
static char *
make_member_name (const char *property)
{
  GString *name = g_string_new (NULL);

  for (const char *c = property; *c != '\0'; c++)
    {
      if (g_ascii_isupper (*c) && c != property)
        g_string_append_c (name, '_');
      g_string_append_c (name, g_ascii_tolower (*c));
    }
  return g_string_free (name, FALSE);
}

JsonObject *
potoo_ctl_json_from_camera (GVariant *properties)
{
  static const char *const settings[] = { "Id", "Name", "Enabled", "Settings", "SettingsVersion",
                                          NULL };
  g_autoptr (GVariant)
      members = g_variant_lookup_value (properties, "Settings", G_VARIANT_TYPE_VARDICT);
  JsonObject *object = members != NULL ? potoo_ctl_json_from_dict (members) : json_object_new ();
  JsonObject *status = json_object_new ();
  GVariantIter iter;
  const char *property;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &property, &value))
    {
      g_autofree char *name = make_member_name (property);
      if (!g_strv_contains (settings, property))
        json_object_set_member (status, name, make_node (name, value));
      g_variant_unref (value);
    }
  json_object_set_object_member (object, "status", status);
  return object;
}

static void
print_node (JsonNode *node)
{
  g_autofree char *text = potoo_json_to_text (node);

  /* Not g_print(): JSON is UTF-8, whatever the locale says. */
  fputs (text, stdout);
  fputc ('\n', stdout);
  fflush (stdout);
}

void
potoo_ctl_json_print_object (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  json_object_unref (object);
  print_node (node);
}

void
potoo_ctl_json_print_array (JsonArray *array)
{
  g_autoptr (JsonNode) node = json_node_init_array (json_node_alloc (), array);

  json_array_unref (array);
  print_node (node);
}
