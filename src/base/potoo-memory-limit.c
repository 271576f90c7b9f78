/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Control groups of version 2, and the memory controller of version 1. A container may show its own
 * group as the topmost, or name one that it cannot see: so every directory on the way up is asked.
 */

#include <string.h>
#include <unistd.h>

#include "base/potoo-memory.h"

static gint64
read_limit (const char *directory, const char *file)
{
  g_autofree char *path = g_build_filename (directory, file, NULL);
  g_autofree char *text = NULL;
  guint64 limit;

  if (!g_file_get_contents (path, &text, NULL, NULL) ||
      !g_ascii_string_to_unsigned (g_strchomp (text), 10, 1, G_MAXINT64, &limit, NULL))
    return G_MAXINT64; /* there is none, or it is `max` */
  return (gint64) limit;
}

/* The least of @group's limit and those of the groups that it is in. */
static gint64
find_least (const char *mount, const char *group, const char *file)
{
  g_autofree char *at = g_canonicalize_filename (group, "/");
  gint64 least = G_MAXINT64;

  while (TRUE)
    {
      g_autofree char *directory = g_build_filename (mount, at, NULL);
      least = MIN (least, read_limit (directory, file));
      if (strcmp (at, "/") == 0)
        return least;
      char *parent = g_path_get_dirname (at);
      g_free (at);
      at = parent;
    }
}

gint64
potoo_memory_get_group_limit (const char *groups, const char *mount)
{
  g_autofree char *mount_v1 = g_build_filename (mount, "memory", NULL);
  g_auto (GStrv) lines = g_strsplit (groups, "\n", -1);
  gint64 least = G_MAXINT64;

  /* HIERARCHY:CONTROLLERS:GROUP, proc(5) and cgroups(7) */
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (lines[i], ":", 3);
      if (g_strv_length (parts) < 3)
        continue;
      g_auto (GStrv) controllers = g_strsplit (parts[1], ",", -1);
      if (parts[1][0] == '\0')
        least = MIN (least, find_least (mount, parts[2], "memory.max"));
      else if (g_strv_contains ((const char *const *) controllers, "memory"))
        least = MIN (least, find_least (mount_v1, parts[2], "memory.limit_in_bytes"));
    }
  return least;
}

gint64
potoo_memory_get_available (void)
{
  g_autofree char *groups = NULL;
  gint64 available = (gint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE);

  if (g_file_get_contents ("/proc/self/cgroup", &groups, NULL, NULL))
    available = MIN (available, potoo_memory_get_group_limit (groups, "/sys/fs/cgroup"));
  return available;
}
