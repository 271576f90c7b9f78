/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-value.h"

#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "config/potoo-camera-settings.h"
#include "dbus/potoo-dbus-storage.h"
#include "media/potoo-fragment.h"

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_to_json (void)
{
  g_autoptr (GVariant) value = parse ("{'name': <'Door'>, 'audio': <false>, 'sub_url': <''>}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = potoo_dbus_value_to_json (value, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (json_object_get_size (object), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, "Door");
  g_assert_false (json_object_get_boolean_member (object, "audio"));
  g_assert_true (json_object_get_null_member (object, "sub_url"));
}

static void
test_wrong_types (void)
{
  static const char *const cases[] = {
    "{'url': <byte 5>}",          "{'url': <['a']>}",
    "{'url': <b'bytes'>}",        "{'url': <<'deep'>>}",
    "{'url': <objectpath '/a'>}", "{'url': <1.5>}",
    "{'url': <@a{sv} {}>}",       "{'name': <'a'>, 'url': <handle 1>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) value = parse (cases[i]);
      g_autoptr (GError) error = NULL;
      g_assert_null (potoo_dbus_value_to_json (value, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/url");
    }
}

/* Whatever kind of integer a language sends. */
static void
test_integers (void)
{
  g_autoptr (GVariant)
      value = parse ("{'n': <int16 -5>, 'q': <uint16 5>, 'i': <-5>, 'u': <uint32 4294967295>, "
                     "'x': <int64 -9223372036854775808>, 't': <uint64 18446744073709551615>}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = potoo_dbus_value_to_json (value, &error);

  g_assert_no_error (error);
  g_assert_cmpint (json_object_get_int_member (object, "n"), ==, -5);
  g_assert_cmpint (json_object_get_int_member (object, "q"), ==, 5);
  g_assert_cmpint (json_object_get_int_member (object, "i"), ==, -5);
  g_assert_cmpint (json_object_get_int_member (object, "u"), ==, G_MAXUINT32);
  g_assert_cmpint (json_object_get_int_member (object, "x"), ==, G_MININT64);
  g_assert_cmpint (json_object_get_int_member (object, "t"), ==, G_MAXINT64);
}

/* A dictionary on the wire may name a thing twice. */
static void
test_twice (void)
{
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GError) error = NULL;

  g_variant_builder_add (builder, "{sv}", "a/b", g_variant_new_string ("1"));
  g_variant_builder_add (builder, "{sv}", "a/b", g_variant_new_string ("2"));
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_builder_end (builder));
  g_assert_null (potoo_dbus_value_to_json (value, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/a~1b");
}

/* What can be read can be written back, and the password can only be written. */
static void
test_settings_round_trip (void)
{
  g_autoptr (GVariant)
      given = parse ("{'url': <'rtsp://192.0.2.1/main'>, 'id': <'2nd-cam'>, "
                     "'username': <'u'>, 'password': <'secret'>, 'audio': <false>, "
                     "'pre_roll': <uint32 30>, 'max_bytes': <int64 9007199254740991>}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = potoo_dbus_value_to_json (given, &error);
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, &error);
  g_assert_no_error (error);
  g_autoptr (JsonObject) shown = potoo_camera_settings_to_json (settings);
  g_autoptr (GVariant) value = g_variant_ref_sink (potoo_dbus_value_from_json (shown));
  g_autofree char *text = g_variant_print (value, TRUE);
  gboolean has_password = FALSE;

  g_assert_null (strstr (text, "secret"));
  g_assert_true (g_variant_lookup (value, "has_password", "b", &has_password));
  g_assert_true (has_password);
  g_autoptr (JsonObject) back = potoo_dbus_value_to_json (value, &error);
  g_assert_no_error (error);
  json_object_remove_member (back, "has_password");
  g_autoptr (PotooCameraSettings) same = potoo_camera_settings_patch (settings, back, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (potoo_camera_settings_get_password (same), ==, "secret");
  g_assert_cmpint (potoo_camera_settings_get_pre_roll_us (same), ==, 30 * G_USEC_PER_SEC);
  g_assert_cmpint (potoo_camera_settings_get_max_bytes (same), ==,
                   G_GINT64_CONSTANT (9007199254740991));
  g_assert_false (potoo_camera_settings_needs_reconnect (settings, same));
}

/* The table tells of every setting that there is. */
static void
test_describe (void)
{
  g_autoptr (JsonArray) array = potoo_camera_settings_describe ();
  g_autoptr (GVariant) rows = g_variant_ref_sink (potoo_dbus_value_from_json_array (array));
  g_autoptr (GHashTable) types = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *name = NULL, *type = NULL, *help = "", *standard = NULL;
      g_autofree const char **choices = NULL;
      gboolean write_only, on;
      gint64 number, minimum, maximum;
      g_assert_true (g_variant_lookup (row, "name", "&s", &name));
      g_assert_true (g_variant_lookup (row, "type", "&s", &type));
      g_assert_true (g_variant_lookup (row, "help", "&s", &help) && help[0] != '\0');
      g_assert_true (g_variant_lookup (row, "write_only", "b", &write_only));
      g_assert_cmpint (write_only, ==, g_str_equal (name, "password"));
      if (g_str_equal (type, "boolean"))
        g_assert_true (g_variant_lookup (row, "default", "b", &on));
      if (g_str_equal (type, "choice"))
        {
          g_assert_true (g_variant_lookup (row, "choices", "^a&s", &choices));
          g_assert_true (g_variant_lookup (row, "default", "&s", &standard));
          g_assert_true (g_strv_contains (choices, standard));
        }
      if (g_str_equal (type, "integer") || g_str_equal (type, "size"))
        {
          g_assert_true (g_variant_lookup (row, "default", "x", &number));
          g_assert_true (g_variant_lookup (row, "minimum", "x", &minimum) && minimum <= number);
          g_assert_true (g_variant_lookup (row, "maximum", "x", &maximum) && maximum >= number);
        }
      g_hash_table_add (types, (gpointer) type);
    }
  g_assert_cmpuint (g_variant_n_children (rows), >=, 21);
  g_assert_cmpuint (g_hash_table_size (types), ==, 5);
}

static void
test_rows (void)
{
  const PotooSegment segment = { .id = 17,
                                 .camera = "door",
                                 .state = POTOO_SEGMENT_CLOSED,
                                 .recording = 16,
                                 .start_us = 1000,
                                 .end_us = 2001000,
                                 .duration_ticks = 2 * POTOO_VIDEO_TIMESCALE,
                                 .size_bytes = 99,
                                 .codecs = "avc1.64001f" };
  const PotooGap gap = { .id = 3, .start_us = 5, .cause = POTOO_GAP_DISK_SLOW };
  g_autoptr (GVariant) first = g_variant_ref_sink (potoo_dbus_value_from_segment (&segment));
  g_autoptr (GVariant) second = g_variant_ref_sink (potoo_dbus_value_from_gap (&gap));
  const char *text;
  gint64 number;
  double seconds;

  g_assert_true (g_variant_lookup (first, "id", "&s", &text));
  g_assert_cmpstr (text, ==, "0000000000000011");
  g_assert_true (g_variant_lookup (first, "duration", "d", &seconds));
  g_assert_cmpfloat_with_epsilon (seconds, 2, 1e-9);
  g_assert_true (g_variant_lookup (second, "end", "x", &number));
  g_assert_cmpint (number, ==, 0);
  g_assert_true (g_variant_lookup (second, "cause", "&s", &text));
  g_assert_cmpstr (text, ==, "disk-slow");
}

/* D-Bus takes nothing but UTF-8. */
static void
test_bad_path (void)
{
  PotooRootStatus status = { .name = (char *) "main", .path = (char *) "/d\xff" };
  const PotooStorageReportRoot root = { .status = &status };
  g_autoptr (GVariant) value = g_variant_ref_sink (potoo_dbus_storage_from_root (&root));
  const char *path;

  g_assert_true (g_variant_lookup (value, "path", "&s", &path));
  g_assert_true (g_utf8_validate (path, -1, NULL));
}

static void
test_cursor (void)
{
  static const char *const bad[] = { "", "x", "0000000000000001",
                                     "000000000000000100000000000000002",
                                     "0000000000000001000000000000000G" };
  g_autofree char *text = potoo_dbus_cursor_format (G_MAXINT64 - 1, 7);
  gint64 start_us, id;

  g_assert_true (potoo_dbus_cursor_parse (text, &start_us, &id));
  g_assert_cmpint (start_us, ==, G_MAXINT64 - 1);
  g_assert_cmpint (id, ==, 7);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (potoo_dbus_cursor_parse (bad[i], &start_us, &id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dbus-value/to-json", test_to_json);
  g_test_add_func ("/dbus-value/wrong-types", test_wrong_types);
  g_test_add_func ("/dbus-value/integers", test_integers);
  g_test_add_func ("/dbus-value/twice", test_twice);
  g_test_add_func ("/dbus-value/settings-round-trip", test_settings_round_trip);
  g_test_add_func ("/dbus-value/describe", test_describe);
  g_test_add_func ("/dbus-value/rows", test_rows);
  g_test_add_func ("/dbus-value/bad-path", test_bad_path);
  g_test_add_func ("/dbus-value/cursor", test_cursor);
  return g_test_run ();
}
