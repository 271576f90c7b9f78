/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-value.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "base/potoo-text.h"
#include "media/potoo-fragment.h"

#define ID_DIGITS 16

/* --- settings --- */

/* Any of the integers, since not every language lets one choose. */
static gboolean
get_integer (GVariant *value, gint64 *number)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_INT16:
      *number = g_variant_get_int16 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT16:
      *number = g_variant_get_uint16 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      *number = g_variant_get_int32 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      *number = g_variant_get_uint32 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      *number = g_variant_get_int64 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT64:
      *number = (gint64) MIN (g_variant_get_uint64 (value), (guint64) G_MAXINT64);
      return TRUE;
    default:
      return FALSE;
    }
}

/* (nullable) */
static JsonNode *
make_node (GVariant *value)
{
  gint64 number;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return json_node_init_boolean (json_node_alloc (), g_variant_get_boolean (value));
  if (get_integer (value, &number))
    return json_node_init_int (json_node_alloc (), number);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return NULL;
  const char *text = g_variant_get_string (value, NULL);
  return text[0] != '\0' ? json_node_init_string (json_node_alloc (), text)
                         : json_node_init_null (json_node_alloc ());
}

JsonObject *
potoo_dbus_value_to_json (GVariant *settings, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      g_autofree char *pointer = potoo_json_pointer_append ("", name);
      JsonNode *node = make_node (value);
      if (node == NULL || json_object_has_member (object, name))
        {
          potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "%s",
                              node == NULL ? _ ("Must be a string, a boolean or a whole number")
                                           : _ ("Is given twice"));
          g_clear_pointer (&node, json_node_unref);
          return NULL;
        }
      json_object_set_member (object, name, node);
    }
  return g_steal_pointer (&object);
}

static GVariant *
make_texts (JsonArray *array)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_variant_builder_add (&builder, "s", json_array_get_string_element (array, i));
  return g_variant_builder_end (&builder);
}

static GVariant *
make_variant (JsonNode *node)
{
  if (JSON_NODE_HOLDS_ARRAY (node))
    return make_texts (json_node_get_array (node));
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return g_variant_new_boolean (json_node_get_boolean (node));
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
    return g_variant_new_int64 (json_node_get_int (node));
  return g_variant_new_string (JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : "");
}

GVariant *
potoo_dbus_value_from_json (JsonObject *object)
{
  GVariantDict dict;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_variant_dict_init (&dict, NULL);
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node))
    g_variant_dict_insert_value (&dict, name, make_variant (node));
  return g_variant_dict_end (&dict);
}

GVariant *
potoo_dbus_value_from_json_array (JsonArray *array)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_variant_builder_add_value (
        &builder, potoo_dbus_value_from_json (json_array_get_object_element (array, i)));
  return g_variant_builder_end (&builder);
}

/* --- rows --- */

/* D-Bus ends the connection of who sends a text that is not UTF-8; a path need not be.
 * @text: (nullable) */
static void
insert_text (GVariantDict *dict, const char *name, const char *text)
{
  char *valid = text != NULL ? g_utf8_make_valid (text, -1) : g_strdup ("");

  g_variant_dict_insert_value (dict, name, g_variant_new_take_string (valid));
}

static void
insert_id (GVariantDict *dict, const char *name, gint64 id)
{
  g_autofree char *text = potoo_segment_id_format (id);

  g_variant_dict_insert (dict, name, "s", text);
}

GVariant *
potoo_dbus_value_from_segment (const PotooSegment *segment)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  insert_id (&dict, "id", segment->id);
  g_variant_dict_insert (&dict, "stream", "s", potoo_stream_kind_to_string (segment->stream));
  g_variant_dict_insert (&dict, "state", "s", potoo_segment_state_to_string (segment->state));
  g_variant_dict_insert (&dict, "class", "s", potoo_segment_class_to_string (segment->class));
  insert_id (&dict, "recording", segment->recording);
  g_variant_dict_insert (&dict, "start", "x", segment->start_us);
  g_variant_dict_insert (&dict, "end", "x", segment->end_us);
  g_variant_dict_insert (&dict, "duration", "d",
                         (double) segment->duration_ticks / POTOO_VIDEO_TIMESCALE);
  g_variant_dict_insert (&dict, "size", "x", segment->size_bytes);
  insert_text (&dict, "codecs", segment->codecs);
  if (segment->has_clock_offset)
    g_variant_dict_insert (&dict, "clock_offset", "d", (double) segment->clock_offset_us / 1e6);
  return g_variant_dict_end (&dict);
}

GVariant *
potoo_dbus_value_from_gap (const PotooGap *gap)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  insert_id (&dict, "id", gap->id);
  g_variant_dict_insert (&dict, "stream", "s", potoo_stream_kind_to_string (gap->stream));
  g_variant_dict_insert (&dict, "start", "x", gap->start_us);
  g_variant_dict_insert (&dict, "end", "x", gap->end_us);
  g_variant_dict_insert (&dict, "cause", "s", potoo_gap_cause_to_string (gap->cause));
  return g_variant_dict_end (&dict);
}

static double
to_seconds (gint64 length_us)
{
  return (double) length_us / G_USEC_PER_SEC;
}

GVariant *
potoo_dbus_value_from_coverage (const PotooCoverage *day, GTimeZone *zone)
{
  g_autofree char *date = potoo_coverage_format_date (day, zone);
  GVariantBuilder causes;
  GVariantDict dict;

  g_variant_builder_init (&causes, G_VARIANT_TYPE ("a{sd}"));
  for (guint i = 0; i < POTOO_GAP_N_CAUSES; i++)
    if (day->missing_by_cause_us[i] > 0)
      g_variant_builder_add (&causes, "{sd}", potoo_gap_cause_to_string ((PotooGapCause) i),
                             to_seconds (day->missing_by_cause_us[i]));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "date", "s", date);
  g_variant_dict_insert (&dict, "start", "x", day->start_us);
  g_variant_dict_insert (&dict, "end", "x", day->end_us);
  g_variant_dict_insert (&dict, "coverage", "d", potoo_coverage_get_share (day));
  g_variant_dict_insert (&dict, "recorded_seconds", "d", to_seconds (day->recorded_us));
  g_variant_dict_insert (&dict, "deleted_seconds", "d", to_seconds (day->deleted_us));
  g_variant_dict_insert (&dict, "missing_seconds", "d", to_seconds (day->missing_us));
  g_variant_dict_insert_value (&dict, "missing_by_cause", g_variant_builder_end (&causes));
  return g_variant_dict_end (&dict);
}

GVariant *
potoo_dbus_value_from_event (const PotooEvent *event)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  insert_id (&dict, "id", event->id);
  g_variant_dict_insert (&dict, "camera", "s", event->camera);
  g_variant_dict_insert (&dict, "kind", "s", potoo_event_kind_to_string (event->kind));
  g_variant_dict_insert (&dict, "start", "x", event->start_us);
  g_variant_dict_insert (&dict, "end", "x", event->end_us);
  g_variant_dict_insert (&dict, "score", "d", event->score);
  insert_text (&dict, "title", event->title);
  insert_text (&dict, "metadata", event->metadata);
  return g_variant_dict_end (&dict);
}

GVariant *
potoo_dbus_value_from_lock (const PotooLock *lock)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  insert_id (&dict, "id", lock->id);
  g_variant_dict_insert (&dict, "camera", "s", lock->camera);
  g_variant_dict_insert (&dict, "start", "x", lock->start_us);
  g_variant_dict_insert (&dict, "end", "x", lock->end_us);
  insert_text (&dict, "reason", lock->reason);
  g_variant_dict_insert (&dict, "expires", "x", lock->expires_us);
  g_variant_dict_insert (&dict, "created", "x", lock->created_us);
  return g_variant_dict_end (&dict);
}

GVariant *
potoo_dbus_value_from_viewer (const PotooRestreamClientInfo *viewer)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "t", viewer->id);
  insert_text (&dict, "address", viewer->address);
  g_variant_dict_insert (&dict, "port", "u", viewer->port);
  insert_text (&dict, "user_agent", viewer->user_agent);
  insert_text (&dict, "camera", viewer->camera);
  insert_text (&dict, "stream", viewer->stream);
  insert_text (&dict, "transport", viewer->transport);
  g_variant_dict_insert (&dict, "since", "x", viewer->since_wall_us);
  g_variant_dict_insert (&dict, "bytes", "t", viewer->bytes);
  return g_variant_dict_end (&dict);
}

/* --- cursors --- */

char *
potoo_dbus_cursor_format (gint64 start_us, gint64 id)
{
  g_autofree char *start = potoo_segment_id_format (start_us);
  g_autofree char *last = potoo_segment_id_format (id);

  return g_strconcat (start, last, NULL);
}

gboolean
potoo_dbus_cursor_parse (const char *text, gint64 *start_us, gint64 *id)
{
  if (strlen (text) != 2 * ID_DIGITS)
    return FALSE;
  g_autofree char *start = g_strndup (text, ID_DIGITS);
  return potoo_segment_id_parse (start, start_us) && potoo_segment_id_parse (text + ID_DIGITS, id);
}
