/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-text.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
#define MIN_WIDTH 20
#define ELLIPSIS "…"

static guint
get_width (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

guint
potoo_ctl_text_width (const char *text, gssize n)
{
  const char *end = n >= 0 ? text + n : text + strlen (text);
  guint width = 0;

  for (; text < end; text = g_utf8_next_char (text))
    width += get_width (g_utf8_get_char (text));
  return width;
}

/* The longest start of @text, in bytes, that is at most @width columns wide. */
static gsize
fit (const char *text, guint width)
{
  const char *end = text;
  guint taken = 0;

  for (; *end != '\0'; end = g_utf8_next_char (end))
    {
      taken += get_width (g_utf8_get_char (end));
      if (taken > width)
        break;
    }
  return (gsize) (end - text);
}

char *
potoo_ctl_text_shorten (const char *text, guint width)
{
  if (potoo_ctl_text_width (text, -1) <= width)
    return g_strdup (text);
  if (width == 0)
    return g_strdup ("");
  g_autofree char *start = g_strndup (text, fit (text, width - 1));
  return g_strconcat (start, ELLIPSIS, NULL);
}

/* How much of @text goes into the next line; paths are broken, too. */
static gsize
find_break (const char *text, guint width)
{
  gsize fits = MAX (fit (text, width), (gsize) (g_utf8_next_char (text) - text));
  gsize at = fits;

  if (text[fits] == '\0')
    return fits;
  while (at > 0 && text[at] != ' ' && text[at - 1] != '/')
    at--;
  return at > 0 ? at : fits;
}

GPtrArray *
potoo_ctl_text_wrap (const char *text, guint width)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);

  while (*text != '\0')
    {
      gsize n = find_break (text, width);
      g_ptr_array_add (lines, g_strchomp (g_strndup (text, n)));
      for (text += n; *text == ' '; text++)
        ;
    }
  if (lines->len == 0)
    g_ptr_array_add (lines, g_strdup (""));
  return lines;
}

char *
potoo_ctl_text_clean (const char *text)
{
  GString *clean = g_string_new (NULL);
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);
      GUnicodeType type = g_unichar_type (character);
      /* Format characters turn the direction of what follows. */
      gboolean obeyed = type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
                        type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
      g_string_append_unichar (clean, obeyed ? 0xfffd : character);
    }
  return g_string_free (clean, FALSE);
}

char *
potoo_ctl_text_from_time (gint64 wall_us)
{
  if (wall_us == 0)
    return g_strdup ("");
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (wall_us / G_USEC_PER_SEC);
  return time != NULL ? g_date_time_format (time, "%F %T") : g_strdup ("?");
}

char *
potoo_ctl_text_from_duration (gint64 duration_us)
{
  gint64 seconds = duration_us / G_USEC_PER_SEC;
  gint64 minutes = seconds / 60, hours = minutes / 60;

  if (seconds < 10)
    return g_strdup_printf (_ ("%.1f s"), (double) duration_us / G_USEC_PER_SEC);
  if (minutes == 0)
    return g_strdup_printf (_ ("%d s"), (int) seconds);
  if (hours == 0)
    return g_strdup_printf (_ ("%d min %d s"), (int) minutes, (int) (seconds % 60));
  if (hours < 48)
    return g_strdup_printf (_ ("%d h %d min"), (int) hours, (int) (minutes % 60));
  return g_strdup_printf (_ ("%d d %d h"), (int) (hours / 24), (int) (hours % 24));
}

char *
potoo_ctl_text_from_bitrate (gint64 bits_per_second)
{
  if (bits_per_second == 0)
    return g_strdup ("");
  if (bits_per_second < 1000 * 1000)
    return g_strdup_printf (_ ("%d kb/s"), (int) (bits_per_second / 1000));
  return g_strdup_printf (_ ("%.1f Mb/s"), (double) bits_per_second / 1e6);
}

guint
potoo_ctl_text_get_terminal_width (void)
{
  struct winsize size;
  guint64 columns;

  if (!isatty (STDOUT_FILENO))
    return 0;
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return MAX (size.ws_col, MIN_WIDTH);
  const char *given = g_getenv ("COLUMNS");
  if (given != NULL && g_ascii_string_to_unsigned (given, 10, MIN_WIDTH, 1000, &columns, NULL))
    return (guint) columns;
  return DEFAULT_WIDTH;
}
