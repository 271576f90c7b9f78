/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-text.h"

#include <string.h>

static gboolean
is_slug_char (char c)
{
  return g_ascii_islower (c) || g_ascii_isdigit (c);
}

gboolean
potoo_slug_is_valid (const char *text)
{
  if (text == NULL || !is_slug_char (text[0]))
    return FALSE;
  gsize length = 1;
  for (; text[length] != '\0'; length++)
    if (length >= POTOO_SLUG_MAX || !(is_slug_char (text[length]) || text[length] == '-'))
      return FALSE;
  return TRUE;
}

char *
potoo_slug_from_name (const char *name)
{
  g_autofree char *ascii = g_str_to_ascii (name, "C");
  GString *out = g_string_new (NULL);

  for (const char *c = ascii; *c != '\0' && out->len < POTOO_SLUG_MAX; c++)
    {
      char lower = g_ascii_tolower (*c);
      if (is_slug_char (lower))
        g_string_append_c (out, lower);
      else if (lower != '?' && lower != '\'' && out->len > 0 && out->str[out->len - 1] != '-')
        g_string_append_c (out, '-');
    }
  while (out->len > 0 && out->str[out->len - 1] == '-')
    g_string_truncate (out, out->len - 1);
  return g_string_free (out, out->len == 0);
}

typedef struct
{
  const char *suffix;
  gint64 factor;
} Unit;

static gboolean
parse_with_unit (const char *text, const Unit *units, gint64 *value)
{
  guint64 number;
  char *end;

  if (text == NULL || !g_ascii_isdigit (text[0]))
    return FALSE;
  number = g_ascii_strtoull (text, &end, 10);
  if (number > (guint64) G_MAXINT64)
    return FALSE;
  for (const Unit *unit = units; unit->suffix != NULL; unit++)
    if (strcmp (end, unit->suffix) == 0)
      return !__builtin_mul_overflow ((gint64) number, unit->factor, value);
  return FALSE;
}

gboolean
potoo_duration_parse (const char *text, gint64 *duration_us)
{
  static const Unit units[] = {
    { "", 1000000 },
    { "s", 1000000 },
    { "ms", 1000 },
    { "min", G_GINT64_CONSTANT (60000000) },
    { "h", G_GINT64_CONSTANT (3600000000) },
    { "d", G_GINT64_CONSTANT (86400000000) },
    { NULL, 0 },
  };
  return parse_with_unit (text, units, duration_us);
}

char *
potoo_duration_format (gint64 duration_us)
{
  static const struct
  {
    const char *name;
    gint64 seconds;
  } units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
  gint64 seconds = (duration_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
  guint i = 0;

  if (seconds < 60)
    return g_strdup_printf ("%.3f s", (double) duration_us / G_USEC_PER_SEC);
  while (seconds < units[i].seconds)
    i++;
  gint64 rest = seconds % units[i].seconds / units[i + 1].seconds;
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT " %s", seconds / units[i].seconds,
                                            units[i].name);
  if (rest == 0)
    return g_steal_pointer (&first);
  return g_strdup_printf ("%s %" G_GINT64_FORMAT " %s", first, rest, units[i + 1].name);
}

gboolean
potoo_size_parse (const char *text, gint64 *size_bytes)
{
  static const Unit units[] = {
    { "", 1 },
    { "B", 1 },
    { "K", 1000 },
    { "kB", 1000 },
    { "KB", 1000 },
    { "KiB", 1024 },
    { "M", 1000000 },
    { "MB", 1000000 },
    { "MiB", 1 << 20 },
    { "G", 1000000000 },
    { "GB", 1000000000 },
    { "GiB", 1 << 30 },
    { "T", G_GINT64_CONSTANT (1000000000000) },
    { "TB", G_GINT64_CONSTANT (1000000000000) },
    { "TiB", G_GINT64_CONSTANT (1) << 40 },
    { NULL, 0 },
  };
  return parse_with_unit (text, units, size_bytes);
}

char *
potoo_segment_id_format (gint64 id)
{
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", (guint64) id);
}

gboolean
potoo_segment_id_parse (const char *text, gint64 *id)
{
  if (text == NULL || strlen (text) != 16)
    return FALSE;
  for (int i = 0; i < 16; i++)
    if (!g_ascii_isxdigit (text[i]) || g_ascii_isupper (text[i]))
      return FALSE;
  guint64 value = g_ascii_strtoull (text, NULL, 16);
  if (value == 0 || value > (guint64) G_MAXINT64)
    return FALSE;
  *id = (gint64) value;
  return TRUE;
}
