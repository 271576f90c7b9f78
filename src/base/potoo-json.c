/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Hostile JSON. A checker walks the text once, without recursion, with an
 * explicit stack of POTOO_JSON_MAX_DEPTH open containers, and refuses whatever
 * RFC 8259 does not allow or json-glib would read wrongly. Only text that passes
 * is given to json-glib, whose nesting is then bounded. Any thread.
 */

#include "base/potoo-json.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/potoo-error.h"

/* An open object or array, and where in it the checker is. */
typedef struct
{
  GHashTable *keys; /* owned; NULL for an array */
  const char *key;  /* of the member being read; owned by @keys */
  guint index;      /* of the element being read */
} Level;

typedef enum
{
  EXPECT_VALUE,
  EXPECT_VALUE_OR_CLOSE,
  EXPECT_KEY,
  EXPECT_KEY_OR_CLOSE,
  EXPECT_COMMA_OR_CLOSE,
  EXPECT_END,
} Expect;

typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  Level levels[POTOO_JSON_MAX_DEPTH];
  guint depth;
} Checker;

char *
potoo_json_pointer_append (const char *pointer, const char *token)
{
  GString *out = g_string_new (pointer);

  g_string_append_c (out, '/');
  for (const char *c = token; *c != '\0'; c++)
    if (*c == '~')
      g_string_append (out, "~0");
    else if (*c == '/')
      g_string_append (out, "~1");
    else
      g_string_append_c (out, *c);
  return g_string_free (out, FALSE);
}

static char *
checker_get_pointer (Checker *checker)
{
  char *pointer = g_strdup ("");

  for (guint i = 0; i < checker->depth; i++)
    {
      Level *level = &checker->levels[i];
      char number[16];
      g_snprintf (number, sizeof number, "%u", level->index);
      if (level->keys != NULL && level->key == NULL)
        break;
      g_autofree char *parent = pointer;
      pointer = potoo_json_pointer_append (parent, level->keys != NULL ? level->key : number);
    }
  return pointer;
}

/* Columns count characters, from 1, as editors do. Always FALSE. */
static gboolean
checker_fail (Checker *checker, GError **error, const char *what)
{
  g_autofree char *pointer = checker_get_pointer (checker);
  guint line = 1, column = 1;

  for (const char *c = checker->start; c < checker->at; c++)
    if (*c == '\n')
      {
        line++;
        column = 1;
      }
    else if (((guchar) *c & 0xc0) != 0x80)
      column++;
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      _ ("JSON, line %u, column %u: %s"), line, column, what);
  return FALSE;
}

static int
checker_peek (Checker *checker)
{
  return checker->at < checker->end ? (guchar) *checker->at : -1;
}

static gboolean
checker_take (Checker *checker, char c)
{
  if (checker_peek (checker) != c)
    return FALSE;
  checker->at++;
  return TRUE;
}

static void
checker_skip_space (Checker *checker)
{
  while (checker->at < checker->end && strchr (" \t\r\n", *checker->at) != NULL)
    checker->at++;
}

static gboolean
take_hex4 (Checker *checker, gunichar *unit)
{
  *unit = 0;
  for (int i = 0; i < 4; i++)
    {
      int digit = checker->at < checker->end ? g_ascii_xdigit_value (*checker->at) : -1;
      if (digit < 0)
        return FALSE;
      *unit = *unit << 4 | (gunichar) digit;
      checker->at++;
    }
  return TRUE;
}

/* After `\u`: one UTF-16 unit, or a pair of surrogates. */
static gboolean
take_unicode_escape (Checker *checker, GString *text, GError **error)
{
  gunichar unit, low;

  if (!take_hex4 (checker, &unit))
    return checker_fail (checker, error, _ ("\\u needs four hexadecimal digits"));
  if (unit == 0)
    return checker_fail (checker, error, _ ("\\u0000 is not accepted in a string"));
  if (unit >= 0xd800 && unit <= 0xdfff)
    {
      if (unit >= 0xdc00 || !checker_take (checker, '\\') || !checker_take (checker, 'u') ||
          !take_hex4 (checker, &low) || low < 0xdc00 || low > 0xdfff)
        return checker_fail (checker, error, _ ("a surrogate escape without its other half"));
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  g_string_append_unichar (text, unit);
  return TRUE;
}

static gboolean
take_escape (Checker *checker, GString *text, GError **error)
{
  static const char escapes[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  int c = checker_peek (checker);
  const char *found = c > 0 ? strchr (escapes, c) : NULL;

  if (c == 'u')
    {
      checker->at++;
      return take_unicode_escape (checker, text, error);
    }
  if (found == NULL)
    return checker_fail (checker, error, _ ("unknown escape in a string"));
  checker->at++;
  g_string_append_c (text, meanings[found - escapes]);
  return TRUE;
}

/* @text gets the string, unescaped. */
static gboolean
take_string (Checker *checker, GString *text, GError **error)
{
  g_string_truncate (text, 0);
  checker->at++;
  while (checker->at < checker->end)
    {
      guchar c = (guchar) *checker->at;
      if (c < 0x20)
        return checker_fail (checker, error, _ ("control characters in strings must be escaped"));
      checker->at++;
      if (c == '"')
        return TRUE;
      if (c != '\\')
        g_string_append_c (text, (char) c);
      else if (!take_escape (checker, text, error))
        return FALSE;
    }
  return checker_fail (checker, error, _ ("the string does not end"));
}

static gboolean
take_digits (Checker *checker)
{
  const char *first = checker->at;

  while (checker->at < checker->end && g_ascii_isdigit (*checker->at))
    checker->at++;
  return checker->at > first;
}

static gboolean
is_number_in_range (const char *text, gboolean integer)
{
  errno = 0;
  if (!integer)
    return isfinite (g_ascii_strtod (text, NULL));
  g_ascii_strtoll (text, NULL, 10);
  return errno != ERANGE;
}

static gboolean
take_number (Checker *checker, GError **error)
{
  const char *first = checker->at;
  gboolean integer = TRUE;

  checker_take (checker, '-');
  if (!checker_take (checker, '0') && !take_digits (checker))
    return checker_fail (checker, error, _ ("a number needs digits"));
  if (checker->at < checker->end && g_ascii_isdigit (*checker->at))
    return checker_fail (checker, error, _ ("a number must not start with 0"));
  if (checker_take (checker, '.'))
    {
      integer = FALSE;
      if (!take_digits (checker))
        return checker_fail (checker, error, _ ("digits must follow the decimal point"));
    }
  if (checker_take (checker, 'e') || checker_take (checker, 'E'))
    {
      integer = FALSE;
      if (!checker_take (checker, '-'))
        checker_take (checker, '+');
      if (!take_digits (checker))
        return checker_fail (checker, error, _ ("digits must follow the exponent sign"));
    }
  g_autofree char *text = g_strndup (first, (gsize) (checker->at - first));
  if (!is_number_in_range (text, integer))
    return checker_fail (checker, error, _ ("the number is out of range"));
  return TRUE;
}

static gboolean
take_literal (Checker *checker, GError **error)
{
  static const char *const literals[] = { "true", "false", "null" };
  gsize left = (gsize) (checker->end - checker->at);

  for (gsize i = 0; i < G_N_ELEMENTS (literals); i++)
    {
      gsize length = strlen (literals[i]);
      if (left >= length && memcmp (checker->at, literals[i], length) == 0)
        {
          checker->at += length;
          return TRUE;
        }
    }
  return checker_fail (checker, error, _ ("a value is expected here"));
}

static Expect
checker_after_value (Checker *checker)
{
  return checker->depth == 0 ? EXPECT_END : EXPECT_COMMA_OR_CLOSE;
}

static gboolean
open_container (Checker *checker, Expect *expect, GError **error)
{
  gboolean object = *checker->at == '{';

  if (checker->depth == POTOO_JSON_MAX_DEPTH)
    return checker_fail (checker, error, _ ("nested too deeply; at most 32 levels are accepted"));
  checker->at++;
  checker->levels[checker->depth++] = (Level){
    .keys = object ? g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) : NULL,
  };
  *expect = object ? EXPECT_KEY_OR_CLOSE : EXPECT_VALUE_OR_CLOSE;
  return TRUE;
}

static void
close_container (Checker *checker, Expect *expect)
{
  Level *level = &checker->levels[--checker->depth];

  checker->at++;
  g_clear_pointer (&level->keys, g_hash_table_unref);
  *expect = checker_after_value (checker);
}

static gboolean
take_value (Checker *checker, GString *scratch, Expect *expect, GError **error)
{
  int c = checker_peek (checker);

  if (c == '{' || c == '[')
    return open_container (checker, expect, error);
  *expect = checker_after_value (checker);
  if (c == '"')
    return take_string (checker, scratch, error);
  if (c == '-' || g_ascii_isdigit (c))
    return take_number (checker, error);
  return take_literal (checker, error);
}

static gboolean
take_key (Checker *checker, GString *scratch, Expect *expect, GError **error)
{
  Level *level = &checker->levels[checker->depth - 1];

  level->key = NULL;
  if (checker_peek (checker) != '"')
    return checker_fail (checker, error, _ ("a member name in double quotes is expected here"));
  if (!take_string (checker, scratch, error))
    return FALSE;
  char *key = g_strndup (scratch->str, scratch->len);
  gboolean fresh = !g_hash_table_contains (level->keys, key);
  g_hash_table_add (level->keys, key);
  g_hash_table_lookup_extended (level->keys, scratch->str, (gpointer *) &level->key, NULL);
  if (!fresh)
    return checker_fail (checker, error, _ ("the member stands twice in its object"));
  checker_skip_space (checker);
  if (!checker_take (checker, ':'))
    return checker_fail (checker, error, _ ("a colon is expected here"));
  *expect = EXPECT_VALUE;
  return TRUE;
}

static gboolean
take_comma_or_close (Checker *checker, Expect *expect, GError **error)
{
  Level *level = &checker->levels[checker->depth - 1];

  if (checker_peek (checker) == (level->keys != NULL ? '}' : ']'))
    {
      close_container (checker, expect);
      return TRUE;
    }
  if (!checker_take (checker, ','))
    return checker_fail (checker, error, _ ("a comma or the closing bracket is expected here"));
  level->index++;
  *expect = level->keys != NULL ? EXPECT_KEY : EXPECT_VALUE;
  return TRUE;
}

static gboolean
checker_step (Checker *checker, GString *scratch, Expect *expect, GError **error)
{
  switch (*expect)
    {
    case EXPECT_VALUE_OR_CLOSE:
      if (checker_peek (checker) != ']')
        return take_value (checker, scratch, expect, error);
      close_container (checker, expect);
      return TRUE;
    case EXPECT_KEY_OR_CLOSE:
      if (checker_peek (checker) != '}')
        return take_key (checker, scratch, expect, error);
      close_container (checker, expect);
      return TRUE;
    case EXPECT_KEY:
      return take_key (checker, scratch, expect, error);
    case EXPECT_COMMA_OR_CLOSE:
      return take_comma_or_close (checker, expect, error);
    case EXPECT_VALUE:
      return take_value (checker, scratch, expect, error);
    case EXPECT_END:
    default:
      return checker_fail (checker, error, _ ("the text must end after the first value"));
    }
}

static gboolean
check (const char *data, gsize length, GError **error)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  Checker checker = { .start = data, .at = data, .end = data + length };
  Expect expect = EXPECT_VALUE;
  gboolean ok = TRUE;
  const char *invalid;

  if (!g_utf8_validate_len (data, length, &invalid))
    {
      checker.at = invalid;
      return checker_fail (&checker, error, _ ("not valid UTF-8"));
    }
  checker_skip_space (&checker);
  while (ok && (expect != EXPECT_END || checker.at < checker.end))
    {
      ok = checker_step (&checker, scratch, &expect, error);
      checker_skip_space (&checker);
    }
  while (checker.depth > 0)
    close_container (&checker, &expect);
  return ok;
}

JsonNode *
potoo_json_parse (const char *data, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) own_error = NULL;

  if (length > POTOO_JSON_MAX_BYTES)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE,
                   _ ("The JSON text is longer than %d bytes"), POTOO_JSON_MAX_BYTES);
      return NULL;
    }
  if (!check (data, length, error))
    return NULL;
  if (!json_parser_load_from_data (parser, data, (gssize) length, &own_error))
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, NULL, _ ("JSON: %s"),
                          own_error->message);
      return NULL;
    }
  return json_parser_steal_root (parser);
}
