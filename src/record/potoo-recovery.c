/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every step may be cut off and done again at the next start: a file is mended
 * before its row is closed, a file is gone before its row goes, and where what is missing begins is
 * noted before the row is closed that tells it. */

#include "record/potoo-recovery.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-restore.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-adoption.h"
#include "record/potoo-rebuild.h"
#include "record/potoo-segment-scan.h"

/* Settings of streams whose ends are not settled: followed by the stream's key. */
#define INTERRUPTED "interrupted:"
#define MAX_GAPS 100 /* at one moment, of all streams of a camera */

typedef struct
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  PotooCatalogReader *reader;
  PotooRecoveryReport *report;
  GHashTable
      *next_starts;  /* stream key → gint64 *: start of the segment that was looked at before */
  gboolean complete; /* the catalog is that of the last run, and no backup */
} Recovery;

char *
potoo_stream_key (const char *camera, PotooStreamKind stream)
{
  return g_strconcat (camera, "/", potoo_stream_kind_to_string (stream), NULL);
}

void
potoo_recovery_report_init (PotooRecoveryReport *report, PotooCatalog *catalog)
{
  *report = (PotooRecoveryReport){
    .ends = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .catalog = catalog != NULL ? g_object_ref (catalog) : NULL,
  };
}

void
potoo_recovery_report_init_part (PotooRecoveryReport *report, const PotooRecoveryReport *whole)
{
  *report = (PotooRecoveryReport){
    .ends = g_hash_table_ref (whole->ends),
    .catalog = whole->catalog != NULL ? g_object_ref (whole->catalog) : NULL,
  };
}

void
potoo_recovery_report_clear (PotooRecoveryReport *report)
{
  g_clear_pointer (&report->ends, g_hash_table_unref);
  g_clear_object (&report->catalog);
}

static void
put_time (GHashTable *table, const PotooSegment *row, gint64 time_us)
{
  g_hash_table_replace (table, potoo_stream_key (row->camera, row->stream),
                        g_memdup2 (&time_us, sizeof time_us));
}

static gint64
get_time (GHashTable *table, const PotooSegment *row)
{
  g_autofree char *key = potoo_stream_key (row->camera, row->stream);
  gint64 *time_us = g_hash_table_lookup (table, key);
  return time_us != NULL ? *time_us : 0;
}

static void
post_end (PotooCatalog *catalog, const PotooSegment *row, gint64 end_us)
{
  g_autofree char *stream = potoo_stream_key (row->camera, row->stream);
  g_autofree char *key = g_strconcat (INTERRUPTED, stream, NULL);
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, end_us);

  potoo_catalog_put_setting (catalog, key, value);
}

void
potoo_recovery_report_note_end (PotooRecoveryReport *report, const PotooSegment *row, gint64 end_us)
{
  if (end_us <= get_time (report->ends, row))
    return;
  put_time (report->ends, row, end_us);
  if (report->catalog != NULL)
    post_end (report->catalog, row, end_us);
}

gboolean
potoo_recovery_report_resume (PotooRecoveryReport *report, GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (report->catalog, error);
  g_autoptr (GHashTable)
      noted = reader != NULL ? potoo_catalog_reader_list_settings (reader, INTERRUPTED, error)
                             : NULL;
  GHashTableIter iter;
  gpointer key, value;

  if (noted == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, noted);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      gint64 end_us = g_ascii_strtoll (value, NULL, 10);
      g_hash_table_replace (report->ends, g_strdup (key), g_memdup2 (&end_us, sizeof end_us));
    }
  return TRUE;
}

void
potoo_recovery_report_settled (PotooRecoveryReport *report)
{
  potoo_catalog_drop_settings (report->catalog, INTERRUPTED);
}

/* --- rows in state open --- */

/* What was durable of @row up to @end_us is not there from @start_us on. Returns where what else is
 * missing of the stream begins. */
static gint64
put_lost (Recovery *r, const PotooSegment *row, gint64 start_us, gint64 end_us)
{
  PotooGap gap = {
    .stream = row->stream, .start_us = start_us, .end_us = end_us, .cause = POTOO_GAP_DAMAGED
  };

  if (end_us - start_us <= POTOO_SAME_MOMENT_US)
    return start_us;
  g_strlcpy (gap.camera, row->camera, sizeof gap.camera);
  gap.id = potoo_catalog_wait_for_gap_id (r->catalog);
  if (gap.id != 0)
    potoo_catalog_put_gap (r->catalog, &gap);
  return end_us;
}

static void
drop (Recovery *r, const PotooSegment *row, const char *path, const char *why)
{
  g_autoptr (GError) error = NULL;

  if (!potoo_storage_root_unlink (r->root, path, &error))
    {
      potoo_log_warning (row->camera, "%s", error->message);
      r->report->unreadable++;
      return;
    }
  potoo_log_warning (row->camera, "Segment %s has no media and is dropped: %s", path, why);
  gint64 end_us = put_lost (r, row, row->start_us, row->end_us);
  potoo_recovery_report_note_end (r->report, row, end_us);
  potoo_catalog_drop_segment (r->catalog, row->id);
  r->report->dropped++;
}

/* The file stays as it is, the row keeps what was durable. */
static void
give_up (Recovery *r, PotooSegment *row, const GError *why)
{
  potoo_log_error (row->camera, "Segment %016" G_GINT64_MODIFIER "x is damaged: %s",
                   (guint64) row->id, why->message);
  row->state = POTOO_SEGMENT_DAMAGED;
  if (g_error_matches (why, POTOO_ERROR, POTOO_ERROR_CORRUPT)) /* its init: nothing can be read */
    put_lost (r, row, row->start_us, row->end_us);
  potoo_recovery_report_note_end (r->report, row, row->end_us);
  potoo_catalog_put_segment (r->catalog, row, NULL);
  r->report->damaged++;
}

static void
put_mended (Recovery *r, PotooSegment *row, PotooSegmentScan *scan)
{
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (scan->index);
  gint64 next_start_us = get_time (r->next_starts, row), durable_end_us = row->end_us;

  /* Nothing new was found: the row knows the end better than the boxes do. */
  if (scan->shorter || scan->end > row->size_bytes)
    row->end_us = scan->wall_end_us;
  if (ABS (next_start_us - row->end_us) <= POTOO_SAME_MOMENT_US)
    row->end_us = next_start_us;
  row->state = scan->shorter ? POTOO_SEGMENT_DAMAGED : POTOO_SEGMENT_CLOSED;
  row->size_bytes = scan->end;
  row->init_bytes = scan->init_size;
  row->duration_ticks = (gint64) potoo_segment_index_get_duration_ticks (scan->index);
  gint64 end_us = put_lost (r, row, row->end_us, durable_end_us);
  potoo_recovery_report_note_end (r->report, row, end_us);
  potoo_catalog_put_segment (r->catalog, row, blob);
  r->report->cut_bytes += scan->file_size - scan->end;
  if (scan->shorter)
    r->report->damaged++;
  else
    r->report->repaired++;
}

/* What cannot be read now may be readable at the next start, unless media is known to be in it. */
static void
handle_failed_scan (Recovery *r, PotooSegment *row, const char *path, const GError *error)
{
  gboolean corrupt = g_error_matches (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);

  if (g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND) ||
      (corrupt && row->size_bytes == 0))
    drop (r, row, path, error->message);
  else if (row->size_bytes > 0)
    give_up (r, row, error);
  else
    {
      potoo_log_warning (row->camera, "%s", error->message);
      r->report->unreadable++;
    }
}

/* Whether the ledger has a gap from where the row ends: while the root was away or did not answer,
 * what was not durable was declared lost, and the stream may have gone on elsewhere. 1, 0; -1 with
 * an error. */
static int
is_declared (PotooCatalogReader *reader, const PotooSegment *row, GError **error)
{
  PotooSegmentQuery query = {
    .camera = row->camera,
    .start_us = row->end_us - POTOO_SAME_MOMENT_US,
    .end_us = row->end_us + POTOO_SAME_MOMENT_US,
    .limit = MAX_GAPS,
  };
  g_autoptr (GPtrArray) gaps = potoo_catalog_reader_list_gaps (reader, &query, error);

  if (gaps == NULL)
    return -1;
  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (gap->stream == row->stream && ABS (gap->start_us - row->end_us) <= POTOO_SAME_MOMENT_US)
        return 1;
    }
  return 0;
}

/* FALSE when the catalog cannot be asked. */
static gboolean
mend_open (Recovery *r, PotooSegment *row, GError **error)
{
  g_autofree char *path = potoo_segment_relative_path (row);
  g_autoptr (GBytes) blob = potoo_catalog_reader_get_index (r->reader, row->id, NULL);
  g_auto (PotooSegmentScan) scan = { .fd = -1 };
  g_autoptr (GError) failure = NULL;
  int declared = is_declared (r->reader, row, error);

  if (declared < 0)
    return FALSE;
  /* A backup knows less of the file than was durable: its time is taken out of the gap, as that of
   * any row that is made from a file. */
  if (declared && !r->complete)
    {
      declared = 0;
      row->boot_id[0] = '\0';
    }
  if (!potoo_segment_scan_open (&scan, r->root, path, blob, row->init_bytes,
                                declared ? POTOO_SCAN_INDEXED : POTOO_SCAN_MEDIA, &failure))
    handle_failed_scan (r, row, path, failure);
  else if (potoo_segment_index_get_n (scan.index) == 0)
    drop (r, row, path, "no whole fragment");
  else if (!potoo_segment_scan_mend (&scan, r->root, FALSE, &failure))
    give_up (r, row, failure);
  else
    put_mended (r, row, &scan);
  put_time (r->next_starts, row, row->start_us);
  return TRUE;
}

/* --- rows in state deleting --- */

static void
complete_deletion (Recovery *r, const PotooSegment *row)
{
  g_autofree char *path = potoo_segment_relative_path (row);
  g_autoptr (GError) error = NULL;

  if (potoo_storage_root_unlink (r->root, path, &error))
    {
      potoo_catalog_drop_segment (r->catalog, row->id);
      r->report->deleted++;
      return;
    }
  potoo_log_warning (row->camera, "%s", error->message);
  r->report->unreadable++;
}

/* --- all --- */

static int
newest_first (gconstpointer a, gconstpointer b)
{
  const PotooSegment *left = *(PotooSegment *const *) a, *right = *(PotooSegment *const *) b;
  return left->id < right->id ? 1 : left->id > right->id ? -1 : 0;
}

static void
log_report (PotooStorageRoot *root, const PotooRecoveryReport *report, gint64 took_us)
{
  if (report->repaired + report->damaged + report->dropped + report->deleted + report->adopted +
          report->unreadable ==
      0)
    return;
  potoo_log_info (
      NULL,
      "Storage root %s: %u segments repaired (%" G_GINT64_FORMAT
      " bytes cut), %u damaged, %u dropped, %u adopted, %u deletions completed, %u foreign "
      "entries left alone, %u not readable, in %.3f s",
      potoo_storage_root_get_name (root), report->repaired, report->cut_bytes, report->damaged,
      report->dropped, report->adopted, report->deleted, report->foreign, report->unreadable,
      (double) took_us / POTOO_SECOND_US);
}

/* A catalog that does not know all files is completed while recording goes on. */
static gboolean
adopt (Recovery *r, GError **error)
{
  if (r->complete)
    return potoo_adoption_run (r->root, r->catalog, r->reader, r->report, error);
  return potoo_rebuild_prepare (r->catalog, r->root, r->reader, r->report, error);
}

gboolean
potoo_recovery_run (PotooStorageRoot *root,
                    PotooCatalog *catalog,
                    PotooRecoveryReport *report,
                    GError **error)
{
  gint64 before_us = potoo_clock_mono_us ();
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, error);

  if (reader == NULL)
    return FALSE;
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_unfinished (
      reader, potoo_storage_root_get_row_id (root), error);
  if (rows == NULL)
    return FALSE;
  g_autoptr (GHashTable)
      next_starts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gboolean complete = potoo_catalog_reader_is_complete (reader);
  Recovery recovery = { root, catalog, reader, report, next_starts, complete };

  g_ptr_array_sort (rows, newest_first);
  for (guint i = 0; i < rows->len; i++)
    {
      PotooSegment *row = rows->pdata[i];
      if (row->state == POTOO_SEGMENT_DELETING)
        complete_deletion (&recovery, row);
      else if (!mend_open (&recovery, row, error))
        return FALSE;
    }
  if (!potoo_catalog_sync (catalog, error) || !adopt (&recovery, error) ||
      !potoo_catalog_sync (catalog, error))
    return FALSE;
  log_report (root, report, potoo_clock_mono_us () - before_us);
  return TRUE;
}

/* --- roots that are not there --- */

/* The newest of its stream, and nothing is known of what came after it. */
static gboolean
is_interrupted (PotooCatalogReader *reader, const PotooSegment *row)
{
  g_autoptr (PotooSegment)
      last = potoo_catalog_reader_get_last_segment (reader, row->camera, row->stream, NULL);
  return last != NULL && last->id == row->id && is_declared (reader, row, NULL) == 0;
}

static gboolean
is_attached (GPtrArray *roots, gint64 row_id)
{
  for (guint i = 0; i < roots->len; i++)
    if (potoo_storage_root_get_row_id (roots->pdata[i]) == row_id)
      return potoo_storage_root_is_attached (roots->pdata[i]);
  return FALSE;
}

gboolean
potoo_recovery_note_absent (PotooCatalog *catalog,
                            GPtrArray *roots,
                            PotooRecoveryReport *report,
                            GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, error);
  g_autoptr (GPtrArray) known = reader != NULL ? potoo_catalog_reader_list_roots (reader, error)
                                               : NULL;

  for (guint i = 0; known != NULL && i < known->len; i++)
    {
      gint64 row_id = ((PotooRootRow *) known->pdata[i])->id;
      if (is_attached (roots, row_id))
        continue;
      g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_unfinished (reader, row_id, error);
      for (guint j = 0; rows != NULL && j < rows->len; j++)
        {
          const PotooSegment *row = rows->pdata[j];
          if (row->state == POTOO_SEGMENT_OPEN && is_interrupted (reader, row))
            potoo_recovery_report_note_end (report, row, row->end_us);
        }
      if (rows == NULL)
        return FALSE;
    }
  return known != NULL;
}
