/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The index is followed, since one fragment that cannot be read says nothing about those behind
 * it. Only when something is amiss the file is read from its beginning as recovery does, to tell a
 * damaged file from a wrong index. */

#include "record/potoo-verify-file.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "media/potoo-fragment.h"
#include "media/potoo-mp4-reader.h"

/* Clocks are slewed while a segment is written: by 500 ppm at most, and what else there is. */
#define TOLERANCE_US POTOO_SECOND_US
#define TOLERANCE_PER_MILLE 1
/* What the headers of a fragment cost to read, roughly; for the pacer. */
#define HEADER_BYTES 8192

typedef struct
{
  const PotooFileCheckSpec *spec;
  PotooFileCheck *check;
  PotooMp4Reader *reader;
  PotooSegmentIndex *index;
  int fd;
  guint n_bad, first_bad, n_differ, last_good; /* last_good: one more than its place */
  gint64 worst_us;                             /* by which prft and row differ, at most */
  guint64 first_ticks, end_ticks;
  GArray *holes;   /* PotooMediaRange */
  gboolean broken; /* what comes cannot be shown before the next keyframe */
  char *why;       /* the first fragment was bad */
} Check;

static void fail (PotooFileCheck *check, PotooVerifyProblem problem, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* The first thing that is said stays. */
static void
fail (PotooFileCheck *check, PotooVerifyProblem problem, const char *format, ...)
{
  va_list args;

  if (!check->sound)
    return;
  check->sound = FALSE;
  check->problem = problem;
  va_start (args, format);
  check->detail = g_strdup_vprintf (format, args);
  va_end (args);
}

/* --- the index against the file --- */

static void
compare_times (Check *c,
               const PotooIndexEntry *entry,
               const PotooMp4Fragment *fragment,
               gboolean first)
{
  gint64 expected_us = c->spec->row->start_us - c->spec->row->shift_us +
                       (gint64) gst_util_uint64_scale_round (entry->time_ticks, POTOO_SECOND_US,
                                                             POTOO_VIDEO_TIMESCALE);
  gint64 off_us = fragment->wall_us - expected_us;

  if (first)
    c->first_ticks = fragment->time_ticks;
  else if (fragment->time_ticks != c->first_ticks + entry->time_ticks)
    c->n_differ++;
  if (ABS (off_us) > ABS (c->worst_us))
    c->worst_us = off_us;
  c->end_ticks = fragment->time_ticks + fragment->duration_ticks;
}

/* A fragment that is not what was written takes with it what follows up to the next keyframe. */
static void
note_hole (Check *c, const PotooIndexEntry *entry, gboolean good)
{
  const PotooMediaRange hole = { entry->time_ticks, entry->time_ticks + entry->duration_ticks };
  PotooMediaRange *last = c->holes->len > 0
                              ? &g_array_index (c->holes, PotooMediaRange, c->holes->len - 1)
                              : NULL;

  c->broken = !good || (c->broken && !entry->key);
  if (!c->broken)
    return;
  if (last != NULL && last->end_ticks == hole.start_ticks)
    last->end_ticks = hole.end_ticks;
  else
    g_array_append_val (c->holes, hole);
}

/* FALSE with @error when the disk did not give the fragment. */
static gboolean
check_fragment (Check *c, guint i, GError **error)
{
  const PotooIndexEntry *entry = potoo_segment_index_get (c->index, i);
  g_autoptr (GError) bad = NULL;
  PotooMp4Fragment fragment;

  if (potoo_mp4_reader_read_fragment (c->reader, (gint64) entry->offset, &fragment, &bad))
    {
      if (fragment.size != entry->size || fragment.duration_ticks != entry->duration_ticks ||
          fragment.key != entry->key)
        c->n_differ++;
      else
        c->last_good = i + 1;
      note_hole (c, entry, c->last_good == i + 1);
      compare_times (c, entry, &fragment, i == 0);
      return TRUE;
    }
  if (g_error_matches (bad, POTOO_ERROR, POTOO_ERROR_IO))
    {
      g_propagate_error (error, g_steal_pointer (&bad));
      return FALSE;
    }
  note_hole (c, entry, FALSE);
  if (c->n_bad++ == 0)
    {
      c->first_bad = i;
      c->why = g_strdup (bad->message);
    }
  return TRUE;
}

/* Whether the file, read from its beginning, has nothing but whole fragments. */
static gboolean
is_whole (Check *c)
{
  gint64 at = potoo_mp4_reader_get_init_size (c->reader);
  PotooMp4Fragment fragment;

  if (at == potoo_mp4_reader_get_file_size (c->reader))
    return FALSE;
  while (potoo_mp4_reader_read_fragment (c->reader, at, &fragment, NULL))
    at += fragment.size;
  return at == potoo_mp4_reader_get_file_size (c->reader);
}

static PotooSegmentIndex *
cut_index (PotooSegmentIndex *whole, gint64 init_bytes, guint n)
{
  PotooSegmentIndex *index = potoo_segment_index_new ((gsize) init_bytes);

  for (guint i = 0; i < n; i++)
    {
      const PotooIndexEntry *entry = potoo_segment_index_get (whole, i);
      potoo_segment_index_append (index, entry->size, entry->duration_ticks, entry->key);
    }
  return index;
}

static void
tell_damage (Check *c)
{
  guint n = potoo_segment_index_get_n (c->index);
  guint n_bad = c->n_bad + c->n_differ;

  fail (c->check, POTOO_VERIFY_DAMAGED,
        g_dngettext (GETTEXT_PACKAGE, "%u of %u fragments cannot be read: %s",
                     "%u of %u fragments cannot be read, the first: %s", n_bad),
        n_bad, n, c->why != NULL ? c->why : _ ("it is not the one that was written"));
  if (c->last_good > 0)
    c->check->readable = cut_index (c->index, c->spec->row->init_bytes, c->last_good);
  /* Of a row that is known to be damaged these are told of already. */
  if (c->spec->row->state == POTOO_SEGMENT_CLOSED)
    c->check->holes = g_steal_pointer (&c->holes);
}

/* FALSE when the check cannot go on. */
static gboolean
check_fragments (Check *c, GError **error)
{
  guint n = potoo_segment_index_get_n (c->index);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) failure = NULL;
      if (!potoo_pacer_take (c->spec->pacer, HEADER_BYTES, error))
        return FALSE;
      if (!check_fragment (c, i, &failure))
        {
          fail (c->check, POTOO_VERIFY_UNREADABLE, "%s", failure->message);
          return TRUE;
        }
    }
  if (c->spec->row->state == POTOO_SEGMENT_DAMAGED)
    {
      if (c->last_good > 0 && c->last_good < n)
        tell_damage (c);
    }
  else if (c->n_bad + c->n_differ > 0 && is_whole (c))
    fail (c->check, POTOO_VERIFY_MISMATCH, _ ("The index is not that of the file"));
  else if (c->n_bad + c->n_differ > 0)
    tell_damage (c);
  return TRUE;
}

/* --- the row against file and index --- */

static void
compare_row (Check *c)
{
  const PotooSegment *row = c->spec->row;
  gint64 file_size = potoo_mp4_reader_get_file_size (c->reader);
  guint64 duration = potoo_segment_index_get_duration_ticks (c->index);

  if ((gint64) potoo_segment_index_get_end (c->index) != row->size_bytes ||
      (gint64) duration != row->duration_ticks)
    fail (c->check, POTOO_VERIFY_MISMATCH, _ ("The row and the index tell different things"));
  if (row->state == POTOO_SEGMENT_DAMAGED)
    return;
  if (file_size != row->size_bytes)
    fail (c->check, POTOO_VERIFY_MISMATCH, _ ("The file has %lld bytes, the row says %lld"),
          (long long) file_size, (long long) row->size_bytes);
  if (!g_str_equal (potoo_mp4_reader_get_codecs (c->reader), row->codecs))
    fail (c->check, POTOO_VERIFY_MISMATCH, _ ("The file has %s, the row says %s"),
          potoo_mp4_reader_get_codecs (c->reader), row->codecs);
  if (potoo_mp4_reader_get_duration_ticks (c->reader) != c->end_ticks)
    fail (c->check, POTOO_VERIFY_MISMATCH, _ ("The duration in the file is not that of its media"));
}

static void
compare_wall_times (Check *c)
{
  const PotooSegment *row = c->spec->row;
  gint64 length_us = row->end_us - row->start_us;
  gint64 tolerance_us = TOLERANCE_US + length_us / 1000 * TOLERANCE_PER_MILLE;
  gint64 media_us = row->duration_ticks * 100 / (POTOO_VIDEO_TIMESCALE / 10000);

  if (row->state == POTOO_SEGMENT_DAMAGED)
    return;
  if (ABS (c->worst_us) > tolerance_us)
    fail (c->check, POTOO_VERIFY_TIMES,
          _ ("The times in the file and in the row are up to %.1f s apart"),
          (double) ABS (c->worst_us) / POTOO_SECOND_US);
  else if (ABS (length_us - media_us) > tolerance_us)
    fail (c->check, POTOO_VERIFY_TIMES, _ ("The row lasts %.1f s, what is in the file %.1f s"),
          (double) length_us / POTOO_SECOND_US, (double) media_us / POTOO_SECOND_US);
}

static PotooSegmentIndex *
parse_index (Check *c)
{
  g_autoptr (GError) error = NULL;
  const PotooSegment *row = c->spec->row;
  PotooSegmentIndex *index = NULL;

  if (potoo_mp4_reader_get_init_size (c->reader) != row->init_bytes)
    fail (c->check, is_whole (c) ? POTOO_VERIFY_MISMATCH : POTOO_VERIFY_DAMAGED,
          _ ("The init has %lld bytes, the row says %lld"),
          (long long) potoo_mp4_reader_get_init_size (c->reader), (long long) row->init_bytes);
  else if (c->spec->index != NULL)
    index = potoo_segment_index_parse (c->spec->index, (gsize) row->init_bytes, &error);
  if (index == NULL)
    fail (c->check, is_whole (c) ? POTOO_VERIFY_MISMATCH : POTOO_VERIFY_DAMAGED, "%s",
          error != NULL ? error->message : _ ("The catalog has no index of it"));
  return index;
}

/* --- the content --- */

static gboolean
check_contents (Check *c, GError **error)
{
  const PotooSegment *row = c->spec->row;
  g_autoptr (GError) failure = NULL;

  if (potoo_content_hash (c->fd, row->size_bytes, c->spec->pacer, c->check->sha256, &failure))
    {
      c->check->has_sha256 = TRUE;
      c->check->bytes_read = row->size_bytes;
      if (row->has_sha256 && memcmp (row->sha256, c->check->sha256, POTOO_SHA256_BYTES) != 0)
        fail (c->check, POTOO_VERIFY_CHANGED,
              _ ("Its content is not what was written: the SHA-256 is another one"));
      return TRUE;
    }
  if (g_error_matches (failure, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  fail (c->check, POTOO_VERIFY_UNREADABLE, "%s", failure->message);
  return TRUE;
}

static gboolean
check_open_file (Check *c, GError **error)
{
  g_autoptr (GError) bad = NULL;
  g_autoptr (PotooMp4Reader) reader = c->reader = potoo_mp4_reader_new (c->fd, &bad);

  if (reader == NULL)
    {
      gboolean corrupt = g_error_matches (bad, POTOO_ERROR, POTOO_ERROR_CORRUPT);
      if (!corrupt || c->spec->row->state != POTOO_SEGMENT_DAMAGED)
        fail (c->check, corrupt ? POTOO_VERIFY_DAMAGED : POTOO_VERIFY_UNREADABLE, "%s",
              bad->message);
      return TRUE;
    }
  g_autoptr (PotooSegmentIndex) index = c->index = parse_index (c);
  if (index == NULL)
    return TRUE;
  if (!check_fragments (c, error))
    return FALSE;
  compare_row (c);
  /* Who is found damaged need not be read; otherwise what changed is the graver thing to say. */
  if (c->spec->contents && c->spec->row->state == POTOO_SEGMENT_CLOSED && c->check->sound &&
      !check_contents (c, error))
    return FALSE;
  compare_wall_times (c);
  return TRUE;
}

gboolean
potoo_file_check_run (PotooFileCheck *check, const PotooFileCheckSpec *spec, GError **error)
{
  g_autofree char *path = potoo_segment_relative_path (spec->row);
  g_autoptr (GError) missing = NULL;
  Check c = { .spec = spec, .check = check };

  *check = (PotooFileCheck){ .sound = TRUE };
  c.fd = potoo_storage_root_open_file (spec->root, path, O_RDONLY, &missing);
  if (c.fd < 0)
    {
      gboolean gone = g_error_matches (missing, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
      fail (check, gone ? POTOO_VERIFY_MISSING : POTOO_VERIFY_UNREADABLE, "%s", missing->message);
      return TRUE;
    }
  c.holes = g_array_new (FALSE, FALSE, sizeof (PotooMediaRange));
  gboolean done = check_open_file (&c, error);
  close (c.fd);
  g_free (c.why);
  g_clear_pointer (&c.holes, g_array_unref);
  return done;
}

void
potoo_file_check_clear (PotooFileCheck *check)
{
  g_clear_pointer (&check->detail, g_free);
  g_clear_pointer (&check->readable, potoo_segment_index_free);
  g_clear_pointer (&check->holes, g_array_unref);
}
