/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-cursor.h"

#include <string.h>

#include "base/potoo-text.h"

static char *
encode (const char *text)
{
  char *encoded = g_base64_encode ((const guchar *) text, strlen (text));

  for (char *c = encoded; *c != '\0'; c++)
    if (*c == '+')
      *c = '-';
    else if (*c == '/')
      *c = '_';
    else if (*c == '=')
      *c = '\0';
  return encoded;
}

/* Only what encode() gives is accepted: one text for each cursor. (nullable) */
static char *
decode (const char *cursor, char kind)
{
  gsize length = strlen (cursor), size;

  if (length == 0 || length > POTOO_WEB_CURSOR_MAX)
    return NULL;
  g_autoptr (GString) padded = g_string_new (cursor);
  for (char *c = padded->str; *c != '\0'; c++)
    if (*c == '-')
      *c = '+';
    else if (*c == '_')
      *c = '/';
    else if (!g_ascii_isalnum (*c))
      return NULL;
  while (padded->len % 4 != 0)
    g_string_append_c (padded, '=');
  g_autofree guchar *data = g_base64_decode (padded->str, &size);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *again = encode (text);
  if (strcmp (again, cursor) != 0 || text[0] != kind || text[1] != ':')
    return NULL;
  return g_strdup (text + 2);
}

char *
potoo_web_cursor_from_time (char kind, gint64 start_us, gint64 id)
{
  g_autofree char *text = g_strdup_printf ("%c:%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, kind,
                                           start_us, id);
  return encode (text);
}

gboolean
potoo_web_cursor_to_time (const char *cursor, char kind, gint64 *start_us, gint64 *id)
{
  g_autofree char *text = decode (cursor, kind);
  char *colon = text != NULL ? strchr (text, ':') : NULL;

  if (colon == NULL)
    return FALSE;
  *colon = '\0';
  if (!g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, start_us, NULL) ||
      !g_ascii_string_to_signed (colon + 1, 10, 1, G_MAXINT64, id, NULL))
    return FALSE;
  g_autofree char *again = potoo_web_cursor_from_time (kind, *start_us, *id);
  return strcmp (again, cursor) == 0;
}

char *
potoo_web_cursor_from_slug (char kind, const char *slug)
{
  g_autofree char *text = g_strdup_printf ("%c:%s", kind, slug);
  return encode (text);
}

char *
potoo_web_cursor_to_slug (const char *cursor, char kind)
{
  g_autofree char *text = decode (cursor, kind);

  return text != NULL && potoo_slug_is_valid (text) ? g_steal_pointer (&text) : NULL;
}
