/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Rows are posted; now and then they are waited for, so that a root full of files without rows does
 * not fill the catalog's queue. */

#include "record/potoo-adoption.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-amend.h"
#include "record/potoo-clean-mark.h"
#include "record/potoo-segment-scan.h"

#define ROWS_PER_SYNC 500

struct _PotooAdoption
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  PotooCatalogReader *reader;
  PotooRecoveryReport *report;
  GHashTable *newest; /* stream key → PotooSegment: adopted last */
  guint n_posted;     /* since the last sync */
  gboolean crashed;   /* the catalog lacks only what a crash took */
};

PotooAdoption *
potoo_adoption_new (PotooStorageRoot *root,
                    PotooCatalog *catalog,
                    PotooCatalogReader *reader,
                    PotooRecoveryReport *report)
{
  PotooAdoption *a = g_new0 (PotooAdoption, 1);

  a->root = root;
  a->catalog = catalog;
  a->reader = reader;
  a->report = report;
  a->newest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                     (GDestroyNotify) potoo_segment_free);
  return a;
}

void
potoo_adoption_free (PotooAdoption *a)
{
  g_hash_table_unref (a->newest);
  g_free (a);
}

gboolean
potoo_adoption_goes_on (const PotooSegment *before, const PotooSegment *after)
{
  return before->start_us < after->start_us &&
         ABS (after->start_us - before->end_us) <= POTOO_SAME_MOMENT_US;
}

/* The start is what was written; the end was counted from the last fragment's. */
void
potoo_adoption_meet (PotooCatalog *catalog, PotooSegment *before, const PotooSegment *after)
{
  PotooSegment met = *before;

  if (before->end_us == after->start_us)
    return;
  met.end_us = after->start_us;
  potoo_catalog_amend_segment (catalog, before, &met, NULL);
  before->end_us = met.end_us;
}

/* @row goes on with the recording of the segment that ends where it starts. */
static void
join_recording (PotooAdoption *a, PotooSegment *row)
{
  g_autofree char *key = potoo_stream_key (row->camera, row->stream);
  g_autoptr (PotooSegment) last = NULL;
  PotooSegment *previous = g_hash_table_lookup (a->newest, key);

  if (previous == NULL)
    previous = last = potoo_catalog_reader_get_last_segment (a->reader, row->camera, row->stream,
                                                             NULL);
  row->recording = row->id;
  if (previous == NULL || !potoo_adoption_goes_on (previous, row))
    return;
  row->recording = previous->recording;
  potoo_adoption_meet (a->catalog, previous, row);
}

static void
fill_row (PotooAdoption *a, const PotooFileName *name, PotooSegmentScan *scan, PotooSegment *row)
{
  row->id = name->id;
  g_strlcpy (row->camera, name->camera, sizeof row->camera);
  row->stream = name->stream;
  row->root = potoo_storage_root_get_row_id (a->root);
  row->state = scan->foreign_tail ? POTOO_SEGMENT_DAMAGED : POTOO_SEGMENT_CLOSED;
  row->duration_ticks = (gint64) potoo_segment_index_get_duration_ticks (scan->index);
  row->size_bytes = scan->end;
  row->init_bytes = scan->init_size;
  g_strlcpy (row->codecs, scan->codecs, sizeof row->codecs);
  row->start_us = scan->wall_start_us;
  row->end_us = scan->wall_end_us;

  /* The row must lead to the file: when the boxes tell another time, the name is right. */
  g_autofree char *expected = potoo_segment_relative_path (row);
  if (!g_str_equal (expected, name->path))
    {
      row->end_us += name->start_us - row->start_us;
      row->start_us = name->start_us;
    }
  join_recording (a, row);
}

/* Who made it may have been killed before its entry was durable. */
static gboolean
sync_entry (PotooAdoption *a, const char *path, GError **error)
{
  g_autofree char *day = g_path_get_dirname (path);
  int fd = potoo_storage_root_open_directory (a->root, day, FALSE, error);

  if (fd < 0)
    return FALSE;
  gboolean synced = fsync (fd) == 0;
  if (!synced)
    potoo_set_error_errno (error, errno, _ ("Cannot sync the directory %s in %s"), day,
                           potoo_storage_root_get_path (a->root));
  close (fd);
  return synced;
}

static void
adopt_scanned (PotooAdoption *a, const PotooFileName *name, PotooSegmentScan *scan)
{
  g_autoptr (GError) error = NULL;
  PotooSegment row = { 0 };

  /* Behind a tail that is not of ours there may be more: such a file is not cut. */
  if (!potoo_segment_scan_mend (scan, a->root, scan->foreign_tail, &error) ||
      (a->crashed && !sync_entry (a, name->path, &error)))
    {
      potoo_log_warning (name->camera, "%s: %s", name->path, error->message);
      a->report->unreadable++;
      return;
    }
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (scan->index);
  fill_row (a, name, scan, &row);
  potoo_recovery_report_note_end (a->report, &row, row.end_us);
  potoo_catalog_put_segment (a->catalog, &row, blob);
  a->n_posted++;
  g_hash_table_replace (a->newest, potoo_stream_key (row.camera, row.stream),
                        potoo_segment_copy (&row));
  if (row.state == POTOO_SEGMENT_DAMAGED)
    a->report->damaged++;
  a->report->adopted++;
  a->report->cut_bytes += scan->foreign_tail ? 0 : scan->file_size - scan->end;
}

/* A kill between making a file and writing its init. */
static gboolean
is_empty (PotooAdoption *a, const char *path)
{
  struct stat st;
  int fd = potoo_storage_root_open_file (a->root, path, O_RDONLY, NULL);

  if (fd < 0)
    return FALSE;
  gboolean empty = fstat (fd, &st) == 0 && st.st_size == 0;
  close (fd);
  return empty;
}

static void
drop_file (PotooAdoption *a, const PotooFileName *name)
{
  if (potoo_storage_root_unlink (a->root, name->path, NULL))
    a->report->dropped++;
}

/* No whole fragment is in it. */
static void
judge_unreadable (PotooAdoption *a, const PotooFileName *name, const GError *why)
{
  if (a->crashed && g_error_matches (why, POTOO_ERROR, POTOO_ERROR_CORRUPT) &&
      potoo_segment_scan_is_torn (a->root, name->path))
    {
      potoo_log_warning (name->camera, "A file that was never synced is removed: %s", why->message);
      drop_file (a, name);
      return;
    }
  potoo_log_warning (name->camera, "A file without a row is left alone: %s", why->message);
  a->report->foreign++;
}

static void
adopt (PotooAdoption *a, const PotooFileName *name)
{
  g_auto (PotooSegmentScan) scan = { .fd = -1 };
  g_autoptr (GError) error = NULL;
  PotooScanDepth depth = a->crashed ? POTOO_SCAN_MEDIA : POTOO_SCAN_BOXES;

  if (is_empty (a, name->path))
    drop_file (a, name);
  else if (!potoo_segment_scan_open (&scan, a->root, name->path, NULL, 0, depth, &error))
    judge_unreadable (a, name, error);
  else if (potoo_segment_index_get_n (scan.index) > 0)
    adopt_scanned (a, name, &scan);
  else if (scan.foreign_tail)
    {
      g_set_error (&error, POTOO_ERROR, POTOO_ERROR_CORRUPT, "%s: No fragment is whole",
                   name->path);
      judge_unreadable (a, name, error);
    }
  else
    drop_file (a, name);
}

gboolean
potoo_adoption_add (PotooAdoption *a, const PotooFileName *name, GError **error)
{
  adopt (a, name);
  if (a->n_posted < ROWS_PER_SYNC)
    return TRUE;
  a->n_posted = 0;
  return potoo_catalog_sync (a->catalog, error);
}

int
potoo_adoption_find_row (PotooAdoption *a, const PotooFileName *name, GError **error)
{
  g_autoptr (GError) missing = NULL;

  if (!potoo_catalog_is_plausible_segment_id (a->catalog, name->id))
    return -1;
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (a->reader, name->id, &missing);
  if (row == NULL)
    {
      if (g_error_matches (missing, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
        return 0;
      g_propagate_error (error, g_steal_pointer (&missing));
      return -2;
    }
  g_autofree char *expected = potoo_segment_relative_path (row);
  return row->root == potoo_storage_root_get_row_id (a->root) && g_str_equal (expected, name->path)
             ? 1
             : -1;
}

/* --- all since the clean mark --- */

static gboolean
visit_file (const PotooFileName *name, gpointer user_data, GError **error)
{
  PotooAdoption *a = user_data;
  int found = potoo_adoption_find_row (a, name, error);

  if (found == 0)
    return potoo_adoption_add (a, name, error);
  if (found == -1)
    a->report->foreign++;
  return found != -2;
}

static gboolean
visit_foreign (const char *path, gpointer user_data, GError **error)
{
  ((PotooAdoption *) user_data)->report->foreign++;
  return TRUE;
}

/* What lies in it is looked for at the next start, since the clean mark stays. */
static void
note_unreadable (const char *path, const GError *why, gpointer user_data)
{
  potoo_log_warning (NULL, "%s", why->message);
  ((PotooAdoption *) user_data)->report->unreadable++;
}

gboolean
potoo_adoption_run (PotooStorageRoot *root,
                    PotooCatalog *catalog,
                    PotooCatalogReader *reader,
                    PotooRecoveryReport *report,
                    GError **error)
{
  static const PotooRootVisitor visitor = { visit_file, visit_foreign, note_unreadable };
  g_autofree char *first_day = potoo_clean_mark_get (reader, root);
  g_autoptr (PotooAdoption) adoption = potoo_adoption_new (root, catalog, reader, report);

  adoption->crashed = TRUE;
  return potoo_root_walk (root, first_day, &visitor, adoption, error);
}
