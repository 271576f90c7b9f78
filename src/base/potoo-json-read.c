/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-json-read.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"

gboolean
potoo_json_read_names (JsonObject *object, const char *const *names, GError **error)
{
  JsonObjectIter iter;
  const char *name;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, NULL))
    if (!g_strv_contains (names, name))
      {
        g_autofree char *pointer = potoo_json_pointer_append ("", name);
        g_autofree char *known = g_strjoinv (", ", (char **) names);
        potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                            _ ("Is not known here; there may be: %s"), known);
        return FALSE;
      }
  return TRUE;
}

static gboolean
holds (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

gboolean
potoo_json_read_string (JsonNode *node, const char *pointer, const char **text, GError **error)
{
  if (holds (node, G_TYPE_STRING))
    {
      *text = json_node_get_string (node);
      return TRUE;
    }
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Must be a string"));
  return FALSE;
}

/* Blank when there is nothing to be seen in it. */
static gboolean
is_text (const char *text, gboolean *blank)
{
  *blank = TRUE;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);
      if (g_unichar_iscntrl (c))
        return FALSE;
      *blank = *blank && g_unichar_isspace (c);
    }
  return TRUE;
}

gboolean
potoo_json_read_text (JsonNode *node,
                      const char *pointer,
                      guint max,
                      const char **text,
                      GError **error)
{
  gboolean blank;

  if (!potoo_json_read_string (node, pointer, text, error))
    return FALSE;
  if (!g_utf8_validate (*text, -1, NULL) || !is_text (*text, &blank))
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                        _ ("Must be UTF-8 text without control characters"));
  else if (blank || g_utf8_strlen (*text, -1) > max)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                        _ ("Must be 1 to %u characters, not all of them blank"), max);
  else
    return TRUE;
  return FALSE;
}

gboolean
potoo_json_read_time (JsonNode *node, const char *pointer, gint64 *wall_us, GError **error)
{
  if (holds (node, G_TYPE_STRING) && potoo_time_parse (json_node_get_string (node), wall_us))
    return TRUE;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("Must be a time such as 2026-11-21T10:15:30Z"));
  return FALSE;
}

gboolean
potoo_json_read_number (JsonNode *node,
                        const char *pointer,
                        double min,
                        double max,
                        double *number,
                        GError **error)
{
  if (holds (node, G_TYPE_INT64) || holds (node, G_TYPE_DOUBLE))
    {
      *number = json_node_get_double (node);
      if (*number >= min && *number <= max)
        return TRUE;
    }
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("Must be a number from %g to %g"), min, max);
  return FALSE;
}

gboolean
potoo_json_read_object (JsonNode *node, const char *pointer, JsonObject **object, GError **error)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      *object = json_node_get_object (node);
      return TRUE;
    }
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, _ ("Must be an object"));
  return FALSE;
}
