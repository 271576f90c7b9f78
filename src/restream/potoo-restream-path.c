/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "restream/potoo-restream-path.h"

#include <string.h>

#include "base/potoo-text.h"

/* What gst-rtsp-server appends to a path for each track. */
#define TRACK_PREFIX "stream="
#define MAX_PARTS 3

char *
potoo_restream_path_make (const char *camera, const char *stream)
{
  gboolean is_main = strcmp (stream, POTOO_RESTREAM_MAIN) == 0;

  return g_strconcat ("/", camera, is_main ? "" : "/" POTOO_RESTREAM_SUB, NULL);
}

static gboolean
is_track (const char *part)
{
  guint64 number;

  return g_str_has_prefix (part, TRACK_PREFIX) &&
         g_ascii_string_to_unsigned (part + strlen (TRACK_PREFIX), 10, 0, G_MAXUINT8, &number,
                                     NULL);
}

gboolean
potoo_restream_path_parse (const char *path, char **camera, const char **stream)
{
  if (path == NULL || path[0] != '/')
    return FALSE;

  g_auto (GStrv) parts = g_strsplit (path + 1, "/", MAX_PARTS + 1);
  guint n = g_strv_length (parts);
  if (n > 1 && is_track (parts[n - 1]))
    n--;
  gboolean is_sub = n == 2 && strcmp (parts[1], POTOO_RESTREAM_SUB) == 0;
  if ((n != 1 && !is_sub) || !potoo_slug_is_valid (parts[0]))
    return FALSE;
  *camera = g_strdup (parts[0]);
  *stream = is_sub ? POTOO_RESTREAM_SUB : POTOO_RESTREAM_MAIN;
  return TRUE;
}
