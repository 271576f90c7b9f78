/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-arguments.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"

/* `rtsp://user:password@host` → `rtsp://user:********@host`, in place. */
static void
hide_password (char *argument)
{
  char *start = strstr (argument, "://");
  char *end = start != NULL ? start + 3 + strcspn (start + 3, "/?#") : NULL;
  char *at = end != NULL ? memrchr (start, '@', (gsize) (end - start)) : NULL;
  char *colon = at != NULL ? memchr (start + 3, ':', (gsize) (at - start - 3)) : NULL;

  if (colon != NULL)
    memset (colon + 1, '*', (gsize) (at - colon - 1));
}

GStrv
potoo_ctl_arguments_take (int argc, char **argv)
{
  GStrv copy = g_new0 (char *, (gsize) argc + 1);

  for (int i = 0; i < argc; i++)
    {
      copy[i] = g_strdup (argv[i]);
      hide_password (argv[i]);
    }
  return copy;
}

/* The length of a date at the start of @text, 0 when there is none. */
static int
parse_date (const char *text, int *year, int *month, int *day)
{
  int used = 0;

  return sscanf (text, "%4d-%2d-%2d%n", year, month, day, &used) == 3 && used == 10 ? used : 0;
}

/* `10:15` or `10:15:30`, and nothing else. */
static gboolean
parse_time_of_day (const char *text, int *hour, int *minute, int *second)
{
  int used = 0, more = 0;

  if (sscanf (text, "%2d:%2d%n", hour, minute, &used) != 2 || used != 5)
    return FALSE;
  return text[used] == '\0' || (sscanf (text + used, ":%2d%n", second, &more) == 1 && more == 3 &&
                                text[used + more] == '\0');
}

/* A date, a time of that date, or a time of today, in the time zone here. */
static GDateTime *
parse_local (const char *text, gint64 now_us)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_local (now_us / G_USEC_PER_SEC);
  int year, month, day, hour = 0, minute = 0, second = 0;

  int used = parse_date (text, &year, &month, &day);
  if (used == 0)
    g_date_time_get_ymd (now, &year, &month, &day);
  if (used == 0 || text[used] != '\0')
    {
      if (used > 0 && text[used++] != ' ')
        return NULL;
      if (!parse_time_of_day (text + used, &hour, &minute, &second))
        return NULL;
    }
  return g_date_time_new (zone, year, month, day, hour, minute, second);
}

gboolean
potoo_ctl_arguments_parse_time (const char *option,
                                const char *text,
                                gint64 now_us,
                                gint64 *wall_us,
                                GError **error)
{
  gint64 ago_us;

  if (strcmp (text, "now") == 0)
    *wall_us = now_us;
  else if (potoo_duration_parse (text, &ago_us) && ago_us <= now_us)
    *wall_us = now_us - ago_us;
  else if (!potoo_time_parse (text, wall_us))
    {
      g_autoptr (GDateTime) time = parse_local (text, now_us);
      if (time == NULL || g_date_time_to_unix (time) < 0)
        {
          g_set_error (
              error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
              _ ("%s=%s is no time; it may be 2026-11-21, '2026-11-21 10:15', 10:15, or how "
                 "long ago, such as 2h"),
              option, text);
          return FALSE;
        }
      *wall_us = g_date_time_to_unix (time) * G_USEC_PER_SEC;
    }
  return TRUE;
}

gboolean
potoo_ctl_arguments_parse_boolean (const char *text, gboolean *value)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  *value = g_strv_contains (yes, text);
  return *value || g_strv_contains (no, text);
}
