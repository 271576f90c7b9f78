/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The small scan beside GKeyFile: GKeyFile gives the values, but neither tells
 * where they stand nor minds a group or key that comes twice (it merges the one
 * and lets the last of the other win). This reads the same grammar, line by line, for
 * nothing but names and line numbers. Any thread; no state. */

#include "config/potoo-config-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"

#define MAX_BYTES (1024 * 1024)

static gboolean
fail_errno (GError **error, const char *path, int errno_value)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("Cannot read configuration file %s: %s"), path, g_strerror (errno_value));
  return FALSE;
}

/* Opened without blocking, so that a FIFO in its place cannot hold up the start. */
static int
open_regular (const char *path, GError **error)
{
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0 || fstat (fd, &info) < 0)
    {
      fail_errno (error, path, errno);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   S_ISDIR (info.st_mode)
                       ? _ ("Configuration file %s is a directory; give the path of a file")
                       : _ ("Configuration file %s is not a regular file"),
                   path);
      close (fd);
      return -1;
    }
  return fd;
}

/* One byte more than is allowed shows that there is more. */
static gboolean
read_all (int fd, const char *path, GByteArray *into, GError **error)
{
  guint8 buffer[16384];

  while (into->len <= MAX_BYTES)
    {
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n == 0)
        return TRUE;
      if (n < 0 && errno != EINTR)
        return fail_errno (error, path, errno);
      if (n > 0)
        g_byte_array_append (into, buffer, (guint) n);
    }
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
               _ ("Configuration file %s is larger than 1 MiB"), path);
  return FALSE;
}

static guint
count_lines (const char *text, const char *until)
{
  guint line = 1;
  for (const char *c = text; c < until; c++)
    line += *c == '\n';
  return line;
}

char *
potoo_config_read_file (const char *path, gsize *length, GError **error)
{
  int fd = open_regular (path, error);
  if (fd < 0)
    return NULL;

  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean done = read_all (fd, path, bytes, error);
  close (fd);
  if (!done)
    return NULL;

  const char *end;
  g_byte_array_append (bytes, (const guint8 *) "", 1);
  if (!g_utf8_validate ((const char *) bytes->data, bytes->len - 1, &end))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("%s:%u: this line is not valid UTF-8 text"), path,
                   count_lines ((const char *) bytes->data, end));
      return NULL;
    }
  *length = bytes->len - 1;
  return (char *) g_byte_array_free (g_steal_pointer (&bytes), FALSE);
}

static void
entry_free (PotooConfigEntry *entry)
{
  g_free (entry->group);
  g_free (entry->key);
  g_free (entry);
}

/* The name of a group from its line, which is `[name]`; NULL when it is not. */
static char *
parse_group (const char *line)
{
  gsize length = strlen (line);

  if (length < 3 || line[length - 1] != ']')
    return NULL;
  g_autofree char *name = g_strndup (line + 1, length - 2);
  return strpbrk (name, "[]") == NULL ? g_steal_pointer (&name) : NULL;
}

static char *
parse_key (const char *line)
{
  const char *equals = strchr (line, '=');

  if (equals == NULL || equals == line)
    return NULL;
  return g_strchomp (g_strndup (line, (gsize) (equals - line)));
}

static gboolean
fail_at (GError **error, const char *file, guint line, const char *message)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG, "%s:%u: %s", file, line, message);
  return FALSE;
}

/* What one scan carries along. */
typedef struct
{
  const char *file;
  GPtrArray *entries;
  GHashTable *seen;  /* "group\nkey" or "group" → entry */
  const char *group; /* the current one; NULL before the first */
} Scan;

static gboolean
add_entry (Scan *scan, const char *group, const char *key, guint line, GError **error)
{
  char *id = key != NULL ? g_strdup_printf ("%s\n%s", group, key) : g_strdup (group);
  PotooConfigEntry *first = g_hash_table_lookup (scan->seen, id);

  if (first != NULL)
    {
      g_autofree char *what =
          key != NULL ? g_strdup_printf (_ ("key “%s” stands here again, first in line %u"), key,
                                         first->line)
                      : g_strdup_printf (_ ("group [%s] stands here again, first in line %u"),
                                         group, first->line);
      g_free (id);
      return fail_at (error, scan->file, line, what);
    }
  PotooConfigEntry *entry = g_new0 (PotooConfigEntry, 1);
  entry->group = g_strdup (group);
  entry->key = g_strdup (key);
  entry->line = line;
  g_ptr_array_add (scan->entries, entry);
  g_hash_table_insert (scan->seen, id, entry);
  scan->group = entry->group;
  return TRUE;
}

static gboolean
scan_line (Scan *scan, const char *line, guint number, GError **error)
{
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  if (line[0] == '[')
    {
      g_autofree char *group = parse_group (line);
      if (group == NULL)
        return fail_at (error, scan->file, number, _ ("a group is written as [name]"));
      return add_entry (scan, group, NULL, number, error);
    }
  g_autofree char *key = parse_key (line);
  if (key == NULL)
    return fail_at (error, scan->file, number,
                    _ ("expected “key=value”, a [group] or a comment that starts with “#”"));
  if (scan->group == NULL)
    return fail_at (error, scan->file, number, _ ("a key before the first [group]"));
  return add_entry (scan, scan->group, key, number, error);
}

GPtrArray *
potoo_config_scan (const char *file, const char *text, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Scan scan = { .file = file, .entries = entries, .seen = seen };
  guint number = 1;

  for (const char *start = text; start != NULL; number++)
    {
      const char *end = strchr (start, '\n');
      g_autofree char *line = end != NULL ? g_strndup (start, (gsize) (end - start))
                                          : g_strdup (start);
      if (!scan_line (&scan, g_strstrip (line), number, error))
        return NULL;
      start = end != NULL ? end + 1 : NULL;
    }
  return g_steal_pointer (&entries);
}
