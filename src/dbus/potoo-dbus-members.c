/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-members.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"

/* Of the year 9999. */
#define LAST_TIME_US G_GINT64_CONSTANT (253402300799999999)

static const char *const times[] = { "start", "end", "expires", NULL };
static const char *const numbers[] = { "duration", "score", NULL };

static JsonNode *
refuse (GError **error, const char *pointer, const char *message)
{
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "%s", message);
  return NULL;
}

static JsonNode *
make_null (void)
{
  return json_node_init_null (json_node_alloc ());
}

static JsonNode *
make_time (GVariant *value, const char *pointer, GError **error)
{
  gint64 time_us = g_variant_is_of_type (value, G_VARIANT_TYPE_INT64) ? g_variant_get_int64 (value)
                                                                      : -1;

  if (time_us == 0)
    return make_null ();
  if (time_us < 0 || time_us > LAST_TIME_US)
    return refuse (error, pointer, _ ("Must be a time of type x, in microseconds since 1970"));
  g_autofree char *text = potoo_time_format (time_us);
  return json_node_init_string (json_node_alloc (), text);
}

/* Languages have their own idea of which type a number has. */
static gboolean
get_number (GVariant *value, double *number)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_DOUBLE:
      *number = g_variant_get_double (value);
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      *number = g_variant_get_int32 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      *number = g_variant_get_uint32 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      *number = (double) g_variant_get_int64 (value);
      return TRUE;
    default:
      return FALSE;
    }
}

static JsonNode *
make_number (GVariant *value, const char *name, const char *pointer, GError **error)
{
  double number;

  if (!get_number (value, &number))
    return refuse (error, pointer, _ ("Must be a number of type d"));
  if (strcmp (name, "score") == 0 && number < 0)
    return make_null ();
  return json_node_init_double (json_node_alloc (), number);
}

static JsonNode *
make_text (GVariant *value, const char *name, const char *pointer, GError **error)
{
  g_autoptr (GError) own_error = NULL;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return refuse (error, pointer, _ ("Must be a string"));
  const char *text = g_variant_get_string (value, NULL);
  if (text[0] == '\0')
    return make_null ();
  if (strcmp (name, "metadata") != 0)
    return json_node_init_string (json_node_alloc (), text);
  JsonNode *node = potoo_json_parse (text, strlen (text), &own_error);
  return node != NULL ? node : refuse (error, pointer, own_error->message);
}

static JsonNode *
make_node (const char *name, GVariant *value, const char *pointer, GError **error)
{
  if (g_strv_contains (times, name))
    return make_time (value, pointer, error);
  if (g_strv_contains (numbers, name))
    return make_number (value, name, pointer, error);
  return make_text (value, name, pointer, error);
}

JsonObject *
potoo_dbus_members_to_json (GVariant *members, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, members);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      g_autofree char *pointer = potoo_json_pointer_append ("", name);
      JsonNode *node = json_object_has_member (object, name)
                           ? refuse (error, pointer, _ ("Is given twice"))
                           : make_node (name, value, pointer, error);
      if (node == NULL)
        return NULL;
      json_object_set_member (object, name, node);
    }
  return g_steal_pointer (&object);
}
