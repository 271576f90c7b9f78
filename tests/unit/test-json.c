/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-json.h"

#include <string.h>

#include "base/potoo-error.h"

typedef struct
{
  const char *text;
  const char *expected; /* canonical text; NULL: as @text */
} Good;

/* What the check lets pass must mean to json-glib what RFC 8259 says. */
static const Good good[] = {
  { "{}", NULL },
  { "[]", NULL },
  { " \t\r\n[ 1 , 2 ]\n", "[1,2]" },
  { "true", NULL },
  { "false", NULL },
  { "null", NULL },
  { "0", NULL },
  { "-0", "0" },
  { "-1", NULL },
  { "9223372036854775807", NULL },
  { "-9223372036854775808", NULL },
  { "[-5,-6]", NULL },
  { "1e2", "100.0" },
  { "1E+2", "100.0" },
  { "-1.5e-1", "-0.15" },
  { "-0.0", "-0.0" },
  { "0.25", NULL },
  { "1e-999", "0.0" },
  { "300.123456", NULL },
  { "1e300", "1e+300" },
  { "0.1", NULL },
  { "\"\"", NULL },
  { "\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\"" },
  { "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
  { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
  { "\"/* no comment */ // 'x'\"", NULL },
  { "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", NULL },
  { "{\"\":1}", NULL },
  { "{\"a\\/b\":\"\\u007f\\u0001\"}", "{\"a/b\":\"\\u007f\\u0001\"}" },
};

typedef struct
{
  const char *text;
  const char *pointer;
} Bad;

static const Bad bad[] = {
  { "", "" },
  { "   ", "" },
  { "{} {}", "" },
  { "1 2", "" },
  { "[1]]", "" },
  { "// x\n1", "" },
  { "/* x */ 1", "" },
  { "[1 /* x */]", "/0" },
  { "'a'", "" },
  { "{'a':1}", "" },
  { "{a:1}", "" },
  { "{1:1}", "" },
  { "[1,]", "/1" },
  { "[,1]", "/0" },
  { "[1 2]", "/0" },
  { "{\"a\":1,}", "" },
  { "{\"a\":}", "/a" },
  { "{\"a\"}", "/a" },
  { "{\"a\" 1}", "/a" },
  { "{\"a\":1", "/a" },
  { "[", "/0" },
  { "{", "" },
  { "[}", "/0" },
  { "{]", "" },
  { "[1}", "/0" },
  { "]", "" },
  { "01", "" },
  { "-01", "" },
  { "00", "" },
  { "+1", "" },
  { "-", "" },
  { ".5", "" },
  { "1.", "" },
  { "1e", "" },
  { "1e+", "" },
  { "0x10", "" },
  { "1_000", "" },
  { "NaN", "" },
  { "Infinity", "" },
  { "-Infinity", "" },
  { "9223372036854775808", "" },
  { "-9223372036854775809", "" },
  { "{\"a\":[0,123456789012345678901234567890]}", "/a/1" },
  { "1e999", "" },
  { "-1e999", "" },
  { "True", "" },
  { "nul", "" },
  { "truex", "" },
  { "undefined", "" },
  { "\"a", "" },
  { "\"a\\", "" },
  { "\"\\x41\"", "" },
  { "\"\\'\"", "" },
  { "\"\\u12\"", "" },
  { "\"\\u12G4\"", "" },
  { "\"\\U0041\"", "" },
  { "\"\\u0000\"", "" },
  { "{\"a\\u0000b\":1}", "" },
  { "\"\\ud800\"", "" },
  { "\"\\ud800x\"", "" },
  { "\"\\ud800\\n\"", "" },
  { "\"\\ud800\\ud800\"", "" },
  { "\"\\udc00\"", "" },
  { "\"\\udc00\\ud800\"", "" },
  { "\"tab\there\"", "" },
  { "\"line\nfeed\"", "" },
  { "\"\x01\"", "" },
  { "\"\xff\"", "" },
  { "\"\xc0\x80\"", "" },
  { "\"\xed\xa0\x80\"", "" },
  { "\"\xf5\x80\x80\x80\"", "" },
  { "\xef\xbb\xbf{}", "" },
  { "\xc2\xa0{}", "" },
  { "\f1", "" },
  { "{\"a\":1,\"a\":2}", "/a" },
  { "{\"x\":[{\"a\":1,\"\\u0061\":2}]}", "/x/0/a" },
  { "{\"a/b~c\":[1,tru]}", "/a~1b~0c/1" },
};

/* Which case it is, in characters that TAP can hold. */
static void
tell (const char *json)
{
  g_autofree char *escaped = g_strescape (json, NULL);
  g_test_message ("%s", escaped);
}

static void
test_good (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = potoo_json_parse (good[i].text, strlen (good[i].text), &error);
      tell (good[i].text);
      g_assert_no_error (error);
      g_autofree char *text = potoo_json_to_text (node);
      g_assert_cmpstr (text, ==, good[i].expected != NULL ? good[i].expected : good[i].text);
    }
}

static void
test_bad (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      tell (bad[i].text);
      g_assert_null (potoo_json_parse (bad[i].text, strlen (bad[i].text), &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (potoo_error_get_pointer (error), ==, bad[i].pointer);
    }
}

static void
test_raw_nul (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_json_parse ("\"a\0b\"", 5, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (potoo_json_parse ("1\0", 2, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
}

/* The text may end anywhere in a larger buffer: nothing after it may be read. */
static void
test_not_terminated (void)
{
  static const char text[] = { '[', '1', ',', '2', '2', ']' };

  for (gsize length = 0; length <= sizeof text; length++)
    {
      g_autofree char *copy = g_memdup2 (text, length);
      g_autoptr (JsonNode) node = potoo_json_parse (length > 0 ? copy : "", length, NULL);
      g_assert_cmpint (node != NULL, ==, length == sizeof text);
    }
}

static char *
make_nested (gsize depth, char open, char close)
{
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < depth; i++)
    g_string_append_c (text, open);
  for (gsize i = 0; close != 0 && i < depth; i++)
    g_string_append_c (text, close);
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *deepest = make_nested (POTOO_JSON_MAX_DEPTH, '[', ']');
  g_autofree char *deeper = make_nested (POTOO_JSON_MAX_DEPTH + 1, '[', ']');
  g_autofree char *bomb = make_nested (60000, '[', 0);
  g_autofree char *huge = make_nested (100000, '[', 0);

  g_autoptr (JsonNode) node = potoo_json_parse (deepest, strlen (deepest), &error);
  g_assert_no_error (error);
  g_assert_null (potoo_json_parse (deeper, strlen (deeper), &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (potoo_json_parse (bomb, strlen (bomb), &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (potoo_json_parse (huge, strlen (huge), &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE);
}

static void
test_size (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (POTOO_JSON_MAX_BYTES + 1, ' ');

  text[0] = '1';
  g_autoptr (JsonNode) node = potoo_json_parse (text, POTOO_JSON_MAX_BYTES, &error);
  g_assert_no_error (error);
  g_assert_null (potoo_json_parse (text, POTOO_JSON_MAX_BYTES + 1, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE);
}

static void
test_position (void)
{
  static const char text[] = "{\n  \"\xc3\xa9\": 1,\n  \"b\": x }";
  g_autoptr (GError) error = NULL;

  g_assert_null (potoo_json_parse (text, strlen (text), &error));
  g_assert_nonnull (strstr (error->message, "line 3, column 8"));
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/b");
}

static void
test_pointer (void)
{
  g_autofree char *one = potoo_json_pointer_append ("", "a/b~c");
  g_autofree char *two = potoo_json_pointer_append (one, "");

  g_assert_cmpstr (one, ==, "/a~1b~0c");
  g_assert_cmpstr (two, ==, "/a~1b~0c/");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/good", test_good);
  g_test_add_func ("/json/bad", test_bad);
  g_test_add_func ("/json/raw-nul", test_raw_nul);
  g_test_add_func ("/json/not-terminated", test_not_terminated);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/size", test_size);
  g_test_add_func ("/json/position", test_position);
  g_test_add_func ("/json/pointer", test_pointer);
  return g_test_run ();
}
