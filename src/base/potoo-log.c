/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"

static int max_level = POTOO_LOG_INFO; /* atomic */

/* Who writes a line for each of something that comes without end must not fill a disk. */
static struct
{
  GMutex lock;               /* protects the following */
  double lines;              /* that may be written now */
  gint64 filled_us;          /* monotonic */
  guint64 left_out;          /* since the last one that was written */
  PotooMetric *all_left_out; /* (nullable) before init */
} limit = { .lines = POTOO_LOG_MAX_BURST };

static const GLogLevelFlags glib_levels[] = {
  [POTOO_LOG_ERROR] = G_LOG_LEVEL_CRITICAL,
  [POTOO_LOG_WARNING] = G_LOG_LEVEL_WARNING,
  [POTOO_LOG_INFO] = G_LOG_LEVEL_MESSAGE,
  [POTOO_LOG_DEBUG] = G_LOG_LEVEL_DEBUG,
};

static const char *const level_names[] = {
  [POTOO_LOG_ERROR] = "error",
  [POTOO_LOG_WARNING] = "warning",
  [POTOO_LOG_INFO] = "info",
  [POTOO_LOG_DEBUG] = "debug",
};

static gboolean
is_scheme_char (char c)
{
  return g_ascii_isalnum (c) || c == '+' || c == '-' || c == '.';
}

/* The end of the authority that starts at @at: '/', '?', '#', space, quote or
 * end of text. A password may itself hold an '@', so the last one counts. */
static const char *
find_user_info_end (const char *at)
{
  gsize length = strcspn (at, "/?# \t\r\n\"'<>");
  return g_strrstr_len (at, (gssize) length, "@");
}

/* Cameras that take them in the query, or in a path such as /user=x&password=y&channel=1. */
static char *
mask_parameters (const char *text)
{
  static GRegex *regex;

  if (g_once_init_enter (&regex))
    {
      GRegex *made = g_regex_new (
          "([?&;/_](?:pass|passwd|password|pwd|secret|token)=)[^&;/#\\s\"'<>]*",
          G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
      g_once_init_leave (&regex, made);
    }
  char *masked = g_regex_replace (regex, text, -1, 0, "\\1***", 0, NULL);
  return masked != NULL ? masked : g_strdup ("***");
}

static char *
mask_user_info (const char *text)
{
  GString *out = g_string_sized_new (strlen (text) + 8);
  const char *at = text, *sep;

  while ((sep = strstr (at, "://")) != NULL)
    {
      const char *authority = sep + 3;
      g_string_append_len (out, at, authority - at);
      at = authority;
      if (sep == text || !is_scheme_char (sep[-1]))
        continue;
      const char *end = find_user_info_end (authority);
      if (end != NULL)
        {
          g_string_append (out, "***");
          at = end;
        }
    }
  g_string_append (out, at);
  return g_string_free (out, FALSE);
}

char *
potoo_mask_secrets (const char *text)
{
  g_autofree char *masked = mask_user_info (text);
  return mask_parameters (masked);
}

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key, gsize *length)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0)
      {
        *length = fields[i].length < 0 ? strlen (fields[i].value) : (gsize) fields[i].length;
        return fields[i].value;
      }
  *length = 0;
  return NULL;
}

static PotooLogLevel
level_from_glib (GLogLevelFlags flags)
{
  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return POTOO_LOG_ERROR;
  if (flags & G_LOG_LEVEL_WARNING)
    return POTOO_LOG_WARNING;
  if (flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
    return POTOO_LOG_INFO;
  return POTOO_LOG_DEBUG;
}

static void
write_line (PotooLogLevel level, const GLogField *fields, gsize n_fields)
{
  gsize length, camera_length, domain_length;
  const char *message = find_field (fields, n_fields, "MESSAGE", &length);
  const char *camera = find_field (fields, n_fields, "POTOO_CAMERA", &camera_length);
  const char *domain = find_field (fields, n_fields, "GLIB_DOMAIN", &domain_length);
  g_autofree char *time = potoo_time_format (potoo_clock_wall_us ());
  g_autofree char *copy = g_strndup (message != NULL ? message : "", length);
  g_autofree char *masked = potoo_mask_secrets (copy);
  g_autofree char *line = g_strdup_printf ("%s %s %.*s: %.*s%s%s\n", time, level_names[level],
                                           domain ? (int) domain_length : 5,
                                           domain ? domain : "potoo", (int) camera_length,
                                           camera ? camera : "", camera ? ": " : "", masked);

  /* One write, so that lines of several threads do not mix. */
  ssize_t written = write (STDERR_FILENO, line, strlen (line));
  (void) written;
}

static GLogWriterOutput
write_journal (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree GLogField *copy = g_memdup2 (fields, n_fields * sizeof *fields);
  g_autofree char *masked = NULL;

  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (copy[i].key, "MESSAGE") == 0 && copy[i].length < 0)
      copy[i].value = masked = potoo_mask_secrets (copy[i].value);
  return g_log_writer_journald (flags, copy, n_fields, data);
}

/* What libraries say for their own debugging only drowns ours. */
static gboolean
is_of_potoo (const GLogField *fields, gsize n_fields)
{
  gsize length;
  const char *domain = find_field (fields, n_fields, "GLIB_DOMAIN", &length);
  return domain != NULL && length >= 5 && strncmp (domain, "potoo", 5) == 0;
}

/* FALSE: it is left out. @left_out: how many were before it. When there were too many, a second's
 * worth is waited for, so that they do not come one by one, each with a word about the others. */
static gboolean
take_line (guint64 *left_out)
{
  gint64 now_us = potoo_clock_mono_us ();

  g_mutex_lock (&limit.lock);
  double more = (double) (now_us - limit.filled_us) * POTOO_LOG_MAX_PER_SECOND / POTOO_SECOND_US;
  limit.lines = MIN (limit.lines + more, POTOO_LOG_MAX_BURST);
  limit.filled_us = now_us;
  gboolean taken = limit.lines >= (limit.left_out > 0 ? POTOO_LOG_MAX_PER_SECOND : 1);
  limit.lines -= taken ? 1 : 0;
  *left_out = taken ? limit.left_out : 0;
  limit.left_out = taken ? 0 : limit.left_out + 1;
  if (!taken && limit.all_left_out != NULL)
    potoo_metric_add (limit.all_left_out, 1);
  g_mutex_unlock (&limit.lock);
  return taken;
}

static void
write_fields (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
  static int to_journal = -1;

  if (to_journal < 0)
    to_journal = g_log_writer_is_journald (STDERR_FILENO);
  if (!to_journal || write_journal (flags, fields, n_fields, data) != G_LOG_WRITER_HANDLED)
    write_line (level_from_glib (flags), fields, n_fields);
}

static void
write_left_out (guint64 n)
{
  g_autofree char *message = g_strdup_printf (
      "%" G_GUINT64_FORMAT " lines were left out here: more than %d in a second came", n,
      POTOO_LOG_MAX_PER_SECOND);
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "PRIORITY", "4", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
  };

  write_fields (G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields), NULL);
}

/* Who asks for all there is gets it, and the last words of a process are heard. */
static gboolean
is_unlimited (GLogLevelFlags flags)
{
  return (flags & G_LOG_FLAG_FATAL) != 0 || g_atomic_int_get (&max_level) == POTOO_LOG_DEBUG;
}

static GLogWriterOutput
log_writer (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
  PotooLogLevel level = level_from_glib (flags);

  if ((int) level > g_atomic_int_get (&max_level) ||
      (level == POTOO_LOG_DEBUG && !is_of_potoo (fields, n_fields)))
    return G_LOG_WRITER_HANDLED;
  guint64 left_out = 0;
  if (!is_unlimited (flags) && !take_line (&left_out))
    return G_LOG_WRITER_HANDLED;
  if (left_out > 0)
    write_left_out (left_out);
  write_fields (flags, fields, n_fields, data);
  return G_LOG_WRITER_HANDLED;
}

void
potoo_log_init (PotooLogLevel level)
{
  potoo_log_set_level (level);
  limit.all_left_out = potoo_metric_new_counter ("potoo_log_left_out_lines_total",
                                                 "Lines of the log left out: too many came", NULL);
  g_log_set_writer_func (log_writer, NULL, NULL);
}

void
potoo_log_set_level (PotooLogLevel level)
{
  g_atomic_int_set (&max_level, (int) level);
}

void
potoo_log (const char *domain, PotooLogLevel level, const char *camera, const char *format, ...)
{
  if ((int) level > g_atomic_int_get (&max_level))
    return;

  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);

  static const char *const priorities[] = { "3", "4", "6", "7" };
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "PRIORITY", priorities[level], -1 },
    { "GLIB_DOMAIN", domain, -1 },
    { "POTOO_CAMERA", camera, -1 },
  };
  /* POTOO_LOG_ERROR is the operator's trouble, not a programming error: it must
   * not abort under G_DEBUG=fatal-criticals, so it does not pass as CRITICAL. */
  log_writer (glib_levels[level], fields, camera != NULL ? 4 : 3, NULL);
}
