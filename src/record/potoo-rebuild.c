/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-rebuild.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-amend.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-totals.h"
#include "record/potoo-adoption.h"
#include "record/potoo-recovery.h"
#include "record/potoo-root-walk.h"
#include "record/potoo-verify-private.h"

#define ROWS_PER_PAGE 256

/* --- at start --- */

typedef struct
{
  PotooCatalog *catalog;
  gint64 highest;
  GHashTable *newest; /* stream key → NewestFile */
} Names;

typedef struct
{
  char *path, *camera, *day;
  PotooFileName name; /* of these texts */
} NewestFile;

static void
newest_file_free (gpointer data)
{
  NewestFile *file = data;

  g_free (file->path);
  g_free (file->camera);
  g_free (file->day);
  g_free (file);
}

static NewestFile *
newest_file_new (const PotooFileName *name)
{
  NewestFile *file = g_new0 (NewestFile, 1);

  file->name = *name;
  file->name.path = file->path = g_strdup (name->path);
  file->name.camera = file->camera = g_strdup (name->camera);
  file->name.day = file->day = g_strdup (name->day);
  return file;
}

static gboolean
note_name (const PotooFileName *name, gpointer user_data, GError **error)
{
  Names *names = user_data;

  if (!potoo_catalog_is_plausible_segment_id (names->catalog, name->id))
    return TRUE;
  names->highest = MAX (names->highest, name->id);
  g_autofree char *key = potoo_stream_key (name->camera, name->stream);
  const NewestFile *newest = g_hash_table_lookup (names->newest, key);
  if (newest == NULL || name->id > newest->name.id)
    g_hash_table_replace (names->newest, g_steal_pointer (&key), newest_file_new (name));
  return TRUE;
}

static gboolean
pass_over (const char *path, gpointer user_data, GError **error)
{
  return TRUE;
}

static void
note_unreadable (const char *path, const GError *why, gpointer user_data)
{
  potoo_log_warning (NULL, "%s", why->message);
}

static gboolean
adopt_newest (Names *names,
              PotooStorageRoot *root,
              PotooCatalogReader *reader,
              PotooRecoveryReport *report,
              GError **error)
{
  g_autoptr (GHashTable) continuous = potoo_rebuild_list_continuous (reader, error);
  g_autoptr (PotooAdoption) adoption = potoo_adoption_new (root, names->catalog, reader, report);
  GHashTableIter iter;
  gpointer file;

  if (continuous == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, names->newest);
  while (g_hash_table_iter_next (&iter, NULL, &file))
    {
      const PotooFileName *name = &((NewestFile *) file)->name;
      if (!g_hash_table_contains (continuous, name->camera))
        continue;
      int found = potoo_adoption_find_row (adoption, name, error);
      if (found == -2 || (found == 0 && !potoo_adoption_add (adoption, name, error)))
        return FALSE;
    }
  return TRUE;
}

gboolean
potoo_rebuild_prepare (PotooCatalog *catalog,
                       PotooStorageRoot *root,
                       PotooCatalogReader *reader,
                       PotooRecoveryReport *report,
                       GError **error)
{
  static const PotooRootVisitor visitor = { note_name, pass_over, note_unreadable };
  g_autoptr (GHashTable)
      newest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, newest_file_free);
  Names names = { catalog, 0, newest };

  if (!potoo_root_walk (root, "", &visitor, &names, error))
    return FALSE;
  if (names.highest != 0 && !potoo_catalog_raise_segment_ids (catalog, names.highest, error))
    return FALSE;
  return adopt_newest (&names, root, reader, report, error);
}

/* --- rows of the backup --- */

gboolean
potoo_rebuild_check_row (PotooVerify *v,
                         PotooStorageRoot *root,
                         const PotooSegment *row,
                         GError **error)
{
  g_autofree char *path = potoo_segment_relative_path (row);
  g_autoptr (GError) missing = NULL;
  int fd = potoo_storage_root_open_file (root, path, O_RDONLY, &missing);

  if (fd >= 0)
    close (fd);
  if (!g_error_matches (missing, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
    return TRUE;
  potoo_catalog_drop_segment (v->spec.catalog, row->id);
  potoo_verify_note (v, POTOO_VERIFY_MISSING, root, row->id, path,
                     _ ("It was deleted after the catalog was backed up"), TRUE);
  return potoo_verify_note_posted (v, error);
}

/* --- recordings and gaps --- */

typedef struct
{
  PotooVerify *verify;
  GHashTable *continuous; /* set of camera ids */
  PotooSegment before;    /* id 0: none */
} Join;

GHashTable *
potoo_rebuild_list_continuous (PotooCatalogReader *reader, GError **error)
{
  g_autoptr (GPtrArray) cameras = potoo_catalog_reader_list_cameras (reader, error);

  if (cameras == NULL)
    return NULL;
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < cameras->len; i++)
    if (potoo_camera_settings_get_enabled (cameras->pdata[i]) &&
        potoo_camera_settings_get_record (cameras->pdata[i]) == POTOO_RECORD_CONTINUOUS)
      g_hash_table_add (ids, g_strdup (potoo_camera_settings_get_id (cameras->pdata[i])));
  return ids;
}

/* Rows that were made from files tell no boot. */
static gboolean
is_adopted (const PotooSegment *row)
{
  return row->boot_id[0] == '\0';
}

/* Whether the ledger says something of the time between. */
static gboolean
has_gap (Join *join, const PotooSegment *after)
{
  PotooSegmentQuery query = {
    .camera = after->camera,
    .start_us = join->before.end_us,
    .end_us = after->start_us,
    .limit = ROWS_PER_PAGE,
  };
  g_autoptr (GPtrArray) gaps = potoo_catalog_reader_list_gaps (join->verify->reader, &query, NULL);

  for (guint i = 0; gaps != NULL && i < gaps->len; i++)
    if (((PotooGap *) gaps->pdata[i])->stream == after->stream)
      return TRUE;
  return gaps == NULL;
}

static void
put_gap (Join *join, const PotooSegment *after)
{
  PotooCatalog *catalog = join->verify->spec.catalog;
  PotooGap gap = {
    .stream = after->stream,
    .start_us = join->before.end_us,
    .end_us = after->start_us,
    .cause = POTOO_GAP_DAMAGED,
  };

  g_strlcpy (gap.camera, after->camera, sizeof gap.camera);
  gap.id = potoo_catalog_wait_for_gap_id (catalog);
  if (gap.id != 0)
    potoo_catalog_put_gap (catalog, &gap);
}

/* Takes the time of @row out of @gap, which then is two, one or none. */
static void
cut_gap (PotooCatalog *catalog, const PotooGap *gap, const PotooSegment *row)
{
  PotooGap before = *gap, after = *gap;

  before.end_us = row->start_us;
  if (before.end_us - before.start_us > POTOO_SAME_MOMENT_US)
    potoo_catalog_put_gap (catalog, &before);
  else
    potoo_catalog_drop_gap (catalog, gap->id);
  after.start_us = row->end_us;
  if (after.end_us - after.start_us <= POTOO_SAME_MOMENT_US)
    return;
  after.id = potoo_catalog_wait_for_gap_id (catalog);
  if (after.id != 0)
    potoo_catalog_put_gap (catalog, &after);
}

/* A gap that goes on is the recorder's, which writes it when it ends: it is cut after that. */
static void
leave_open_gap (Join *join)
{
  g_mutex_lock (&join->verify->lock);
  join->verify->report->left_gap = TRUE;
  g_mutex_unlock (&join->verify->lock);
}

/* A gap that was open when the catalog was backed up lasts to the newest file, and one that the
 * start began may: what was recorded meanwhile is not missing. */
static gboolean
cut_gaps (Join *join, const PotooSegment *row, GError **error)
{
  PotooCatalog *catalog = join->verify->spec.catalog;
  const PotooSegmentQuery query = {
    .camera = row->camera, .start_us = row->start_us, .end_us = row->end_us, .limit = ROWS_PER_PAGE
  };
  g_autoptr (GPtrArray) gaps = potoo_catalog_reader_list_gaps (join->verify->reader, &query, error);
  gboolean cut = FALSE;

  if (gaps == NULL)
    return FALSE;
  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      gint64 gap_end_us = gap->end_us != 0 ? gap->end_us : G_MAXINT64;
      gint64 overlap_us = MIN (gap_end_us, row->end_us) - MAX (gap->start_us, row->start_us);
      if (gap->stream != row->stream || overlap_us <= POTOO_SAME_MOMENT_US ||
          gap->cause == POTOO_GAP_DAMAGED || gap->cause == POTOO_GAP_CLOCK_STEP)
        continue;
      if (gap->end_us == 0)
        {
          leave_open_gap (join);
          continue;
        }
      cut_gap (catalog, gap, row);
      cut = TRUE;
    }
  /* The next row looks for what is left of it. */
  return !cut || potoo_catalog_sync (catalog, error);
}

/* What the plan wanted back then is not known of cameras that are recorded now and then. */
static gboolean
is_gap (Join *join, const PotooSegment *after)
{
  return after->start_us - join->before.end_us > POTOO_SAME_MOMENT_US &&
         (is_adopted (&join->before) || is_adopted (after)) &&
         g_hash_table_contains (join->continuous, after->camera) && !has_gap (join, after);
}

static gboolean
join_row (Join *join, PotooSegment *row, GError **error)
{
  PotooSegment *before = &join->before;
  gboolean posted = FALSE;

  if (is_adopted (row) && !cut_gaps (join, row, error))
    return FALSE;

  if (before->id != 0 && potoo_adoption_goes_on (before, row) && row->recording == row->id &&
      row->recording != before->recording && is_adopted (row))
    {
      PotooSegment joined = *row;
      joined.recording = before->recording;
      potoo_catalog_amend_segment (join->verify->spec.catalog, row, &joined, NULL);
      potoo_adoption_meet (join->verify->spec.catalog, before, row);
      row->recording = joined.recording;
      posted = TRUE;
    }
  else if (before->id != 0 && is_gap (join, row))
    {
      put_gap (join, row);
      posted = TRUE;
    }
  join->before = *row;
  return !posted || potoo_verify_note_posted (join->verify, error);
}

static gboolean
join_stream (Join *join, const char *camera, PotooStreamKind stream, GError **error)
{
  PotooSegmentQuery query = { .camera = camera, .end_us = G_MAXINT64, .limit = ROWS_PER_PAGE };
  guint n;

  join->before = (PotooSegment){ 0 };
  do
    {
      g_autoptr (GPtrArray)
          rows = potoo_catalog_reader_list_stream (join->verify->reader, &query, stream, error);
      if (rows == NULL || !potoo_pacer_take (&join->verify->pacer, 0, error))
        return FALSE;
      n = rows->len;
      for (guint i = 0; i < n; i++)
        {
          PotooSegment *row = rows->pdata[i];
          query.after_start_us = row->start_us;
          query.after_id = row->id;
          if (!join_row (join, row, error))
            return FALSE;
        }
    }
  while (n == ROWS_PER_PAGE);
  return TRUE;
}

gboolean
potoo_rebuild_join (PotooVerify *v, GError **error)
{
  g_autoptr (GArray) streams = potoo_catalog_reader_list_totals (v->reader, 0, NULL, error);
  g_autoptr (GHashTable)
      continuous = streams != NULL ? potoo_rebuild_list_continuous (v->reader, error) : NULL;
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Join join = { .verify = v, .continuous = continuous };

  for (guint i = 0; continuous != NULL && i < streams->len; i++)
    {
      const PotooStreamTotals *stream = &g_array_index (streams, PotooStreamTotals, i);
      /* One row for each root that holds some of it. */
      if (g_hash_table_add (done, potoo_stream_key (stream->camera, stream->stream)) &&
          !join_stream (&join, stream->camera, stream->stream, error))
        return FALSE;
    }
  return continuous != NULL;
}
