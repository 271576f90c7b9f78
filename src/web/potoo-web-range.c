/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-range.h"

#include <string.h>
#include <time.h>

/* Digits only, saturating: a position beyond every file is just that. */
static gboolean
parse_position (const char **at, guint64 *value)
{
  const char *first = *at;

  *value = 0;
  for (; g_ascii_isdigit (**at); (*at)++)
    if (*value < G_MAXUINT64 / 10 - 1)
      *value = *value * 10 + (guint64) (**at - '0');
    else
      *value = G_MAXUINT64;
  return *at > first;
}

PotooWebRange
potoo_web_range_parse (const char *range, guint64 size, guint64 *offset, guint64 *length)
{
  guint64 first, last;
  gboolean has_first, has_last;

  *offset = 0;
  *length = size;
  if (range == NULL || g_ascii_strncasecmp (range, "bytes=", 6) != 0)
    return POTOO_WEB_RANGE_WHOLE;
  const char *at = range + 6;
  has_first = parse_position (&at, &first);
  if (*at++ != '-')
    return POTOO_WEB_RANGE_WHOLE;
  has_last = parse_position (&at, &last);
  if (*at != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
    return POTOO_WEB_RANGE_WHOLE;

  if (!has_first)
    {
      if (last == 0 || size == 0)
        return POTOO_WEB_RANGE_UNSATISFIABLE;
      *length = MIN (last, size);
      *offset = size - *length;
      return POTOO_WEB_RANGE_PART;
    }
  if (first >= size)
    return POTOO_WEB_RANGE_UNSATISFIABLE;
  *offset = first;
  *length = (has_last ? MIN (last, size - 1) : size - 1) - first + 1;
  return POTOO_WEB_RANGE_PART;
}

gboolean
potoo_web_etag_matches (const char *list, const char *etag, gboolean strong)
{
  gsize length = strlen (etag);

  for (const char *at = list; *at != '\0';)
    {
      at += strspn (at, " \t,");
      if (*at == '*')
        return TRUE;
      gboolean weak = g_str_has_prefix (at, "W/");
      if (weak)
        at += 2;
      const char *end = *at == '"' ? strchr (at + 1, '"') : NULL;
      if (end == NULL)
        return FALSE;
      end++;
      if (!(weak && strong) && (gsize) (end - at) == length && memcmp (at, etag, length) == 0)
        return TRUE;
      at = end;
    }
  return FALSE;
}

char *
potoo_web_http_date (gint64 wall_us)
{
  static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
  struct tm tm;

  if (gmtime_r (&seconds, &tm) == NULL)
    return g_strdup ("Thu, 01 Jan 1970 00:00:00 GMT");
  return g_strdup_printf ("%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
                          months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
