/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-json-read.h"

#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-json.h"

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = potoo_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return node;
}

/* @error: (transfer full) */
static void
check_refused (gboolean result, GError *error)
{
  g_assert_false (result);
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/here");
  g_error_free (error);
}

static void
test_text (void)
{
  static const char *const good[] = { "\"a\"", "\" a \"",
                                      "\"\\u00e9\\u6771\\u4eac\\ud83d\\ude00\"" };
  static const char *const bad[] = { "\"\"",      "\"  \"",      "\"\\u00a0\"",
                                     "\"a\\nb\"", "\"\\u0085\"", "\"12345678\"",
                                     "7",         "null",        "[]",
                                     "{}" };
  const char *text;

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (JsonNode) node = parse (good[i]);
      g_assert_true (potoo_json_read_text (node, "/here", 7, &text, NULL));
      g_assert_cmpstr (text, ==, json_node_get_string (node));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = parse (bad[i]);
      GError *error = NULL;
      gboolean result = potoo_json_read_text (node, "/here", 7, &text, &error);
      check_refused (result, error);
    }
}

static void
test_number (void)
{
  static const char *const good[] = { "0", "1", "0.5", "1e0" };
  static const char *const bad[] = { "-0.001", "1.001", "1e300", "\"1\"", "true", "null", "[1]" };
  double number;

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (JsonNode) node = parse (good[i]);
      g_assert_true (potoo_json_read_number (node, "/here", 0, 1, &number, NULL));
      g_assert_cmpfloat_with_epsilon (number, g_ascii_strtod (good[i], NULL), 1e-9);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = parse (bad[i]);
      GError *error = NULL;
      gboolean result = potoo_json_read_number (node, "/here", 0, 1, &number, &error);
      check_refused (result, error);
    }
}

static void
test_time (void)
{
  static const char *const bad[] = { "\"now\"", "\"2026-11-21\"", "1732184130", "null", "{}" };
  g_autoptr (JsonNode) good = parse ("\"1970-01-01T00:00:01.5Z\"");
  gint64 wall_us;

  g_assert_true (potoo_json_read_time (good, "/here", &wall_us, NULL));
  g_assert_cmpint (wall_us, ==, 1500000);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = parse (bad[i]);
      GError *error = NULL;
      gboolean result = potoo_json_read_time (node, "/here", &wall_us, &error);
      check_refused (result, error);
    }
}

static void
test_names (void)
{
  static const char *const names[] = { "a", "b", NULL };
  g_autoptr (JsonNode) good = parse ("{\"b\":1}");
  g_autoptr (JsonNode) bad = parse ("{\"a\":1,\"~/\":2}");
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  g_assert_true (potoo_json_read_object (good, "", &object, NULL));
  g_assert_true (potoo_json_read_names (object, names, NULL));
  g_assert_true (potoo_json_read_object (bad, "", &object, NULL));
  g_assert_false (potoo_json_read_names (object, names, &error));
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/~0~1");
  g_assert_nonnull (strstr (error->message, "a, b"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-read/text", test_text);
  g_test_add_func ("/json-read/number", test_number);
  g_test_add_func ("/json-read/time", test_time);
  g_test_add_func ("/json-read/names", test_names);
  return g_test_run ();
}
