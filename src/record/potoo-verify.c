/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs in one thread, which is the daemon's background thread or that of `potoo --verify`; only the
 * report is seen by others. Rows and files are gone through a page and a directory at a time.
 * While writers and retention are at work, whatever looks amiss is looked at twice: with the row as
 * it is then. */

#include "record/potoo-verify-private.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-amend.h"
#include "catalog/potoo-catalog-restore.h"
#include "catalog/potoo-catalog-totals.h"
#include "record/potoo-adoption.h"
#include "record/potoo-rebuild.h"

#define ROWS_PER_PAGE 256
#define JOBS_PER_SYNC 500

PotooVerify *
potoo_verify_new (const PotooVerifySpec *spec)
{
  PotooVerify *v = g_new0 (PotooVerify, 1);

  v->spec = *spec;
  g_object_ref (v->spec.catalog);
  g_ptr_array_ref (v->spec.roots);
  v->cancellable = g_cancellable_new ();
  v->pacer = (PotooPacer){ .bandwidth = spec->bandwidth,
                           .cancellable = v->cancellable,
                           .background = spec->live };
  g_mutex_init (&v->lock);
  v->report = potoo_verify_report_new ();
  v->report->repair = spec->repair;
  v->report->rebuild = spec->rebuild;
  v->report->running = TRUE;
  v->report->started_us = potoo_clock_wall_us ();
  v->started_mono_us = potoo_clock_mono_us ();
  return v;
}

void
potoo_verify_free (PotooVerify *v)
{
  g_clear_pointer (&v->reader, potoo_catalog_reader_free);
  potoo_verify_report_free (v->report);
  g_mutex_clear (&v->lock);
  g_object_unref (v->cancellable);
  g_ptr_array_unref (v->spec.roots);
  g_object_unref (v->spec.catalog);
  g_free (v);
}

void
potoo_verify_cancel (PotooVerify *v)
{
  g_cancellable_cancel (v->cancellable);
}

PotooVerifyReport *
potoo_verify_get_report (PotooVerify *v)
{
  g_mutex_lock (&v->lock);
  if (v->report->running)
    v->report->duration_us = potoo_clock_mono_us () - v->started_mono_us;
  PotooVerifyReport *copy = potoo_verify_report_copy (v->report);
  g_mutex_unlock (&v->lock);
  return copy;
}

void
potoo_verify_note_finding (PotooVerify *v, const PotooVerifyFinding *finding)
{
  g_mutex_lock (&v->lock);
  potoo_verify_report_add (v->report, finding);
  g_mutex_unlock (&v->lock);
  if (v->spec.found != NULL)
    v->spec.found (finding, v->spec.user_data);
}

void
potoo_verify_note (PotooVerify *v,
                   PotooVerifyProblem problem,
                   PotooStorageRoot *root,
                   gint64 segment,
                   const char *path,
                   const char *detail,
                   gboolean repaired)
{
  PotooVerifyFinding finding = {
    .problem = problem,
    .segment = segment,
    .root = (char *) potoo_storage_root_get_name (root),
    .path = (char *) path,
    .detail = (char *) detail,
    .repaired = repaired,
  };

  potoo_verify_note_finding (v, &finding);
}

gboolean
potoo_verify_note_posted (PotooVerify *v, GError **error)
{
  if (++v->n_posted < JOBS_PER_SYNC)
    return TRUE;
  v->n_posted = 0;
  return potoo_catalog_sync (v->spec.catalog, error);
}

/* --- rows --- */

/* Those that are being written, by this run or, as they stand, by one that died, are the affair of
 * recovery, and so are those that are being deleted. */
static gboolean
is_settled (const PotooSegment *row)
{
  return row->state == POTOO_SEGMENT_CLOSED || row->state == POTOO_SEGMENT_DAMAGED;
}

/* A look from outside changes nothing. */
static gboolean
notes_hashes (PotooVerify *v)
{
  return v->spec.repair || v->spec.live;
}

static void
count_row (PotooVerify *v, const PotooSegment *row, const PotooFileCheck *check)
{
  gboolean closed = row->state == POTOO_SEGMENT_CLOSED;

  g_mutex_lock (&v->lock);
  v->report->segments++;
  v->report->bytes += check->bytes_read;
  if (check->sound && !closed)
    v->report->known_damaged++;
  if (check->sound && closed && !row->has_sha256 && !(notes_hashes (v) && check->has_sha256))
    v->report->unhashed++;
  if (check->sound && closed && !row->has_sha256 && notes_hashes (v) && check->has_sha256)
    v->report->hashed++;
  g_mutex_unlock (&v->lock);
}

static gboolean
note_hash (PotooVerify *v, const PotooSegment *row, const PotooFileCheck *check, GError **error)
{
  if (!notes_hashes (v) || !check->sound || !check->has_sha256 || row->has_sha256)
    return TRUE;
  potoo_catalog_set_segment_sha256 (v->spec.catalog, row->id, check->sha256);
  return potoo_verify_note_posted (v, error);
}

static gboolean
check_row (PotooVerify *v,
           PotooStorageRoot *root,
           const PotooSegment *row,
           PotooFileCheck *check,
           GError **error)
{
  g_autoptr (GError) no_index = NULL;
  g_autoptr (GBytes) index = potoo_catalog_reader_get_index (v->reader, row->id, &no_index);
  const PotooFileCheckSpec spec = {
    .root = root,
    .row = row,
    .index = index,
    .contents = v->spec.contents,
    .pacer = &v->pacer,
  };
  return potoo_file_check_run (check, &spec, error);
}

/* Whether the row is still the one that was looked at. */
static gboolean
is_current (PotooVerify *v, const PotooSegment *row)
{
  g_autoptr (PotooSegment) now = potoo_catalog_reader_get_segment (v->reader, row->id, NULL);

  return now != NULL && now->state == row->state && now->size_bytes == row->size_bytes &&
         now->end_us == row->end_us && now->has_sha256 == row->has_sha256;
}

static gboolean
verify_row (PotooVerify *v, PotooStorageRoot *root, const PotooSegment *row, GError **error)
{
  g_auto (PotooFileCheck) check = { 0 };

  if (!check_row (v, root, row, &check, error))
    return FALSE;
  if (!check.sound && !is_current (v, row))
    return TRUE; /* it was deleted, or changed, meanwhile */
  count_row (v, row, &check);
  if (check.sound)
    return note_hash (v, row, &check, error);
  g_autofree char *path = potoo_segment_relative_path (row);
  PotooVerifyFinding finding = {
    .problem = check.problem,
    .segment = row->id,
    .root = (char *) potoo_storage_root_get_name (root),
    .path = path,
    .detail = check.detail,
  };
  potoo_verify_measure_lost (row, &check, &finding);
  finding.repaired = v->spec.repair && potoo_verify_repair (v, root, row, &check);
  potoo_verify_note_finding (v, &finding);
  return !finding.repaired || potoo_verify_note_posted (v, error);
}

static gboolean
look_at (PotooVerify *v, PotooStorageRoot *root, const PotooSegment *row, GError **error)
{
  if (!is_settled (row))
    return TRUE;
  return v->spec.rebuild ? potoo_rebuild_check_row (v, root, row, error)
                         : verify_row (v, root, row, error);
}

/* Of a disk that is not there nothing is said but that; least of all that its files are missing. */
static gboolean
is_there (PotooVerify *v, PotooStorageRoot *root)
{
  if (potoo_storage_root_is_attached (root))
    return TRUE;
  potoo_verify_note (v, POTOO_VERIFY_UNREADABLE, root, 0, "", _ ("The storage root is not there"),
                     FALSE);
  return FALSE;
}

static gboolean
verify_rows (PotooVerify *v, PotooStorageRoot *root, GError **error)
{
  gint64 after_id = 0;
  guint n = 0;

  do
    {
      if (!is_there (v, root))
        return TRUE;
      g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_root_segments (
          v->reader, potoo_storage_root_get_row_id (root), after_id, ROWS_PER_PAGE, error);
      if (rows == NULL)
        return FALSE;
      n = rows->len;
      for (guint i = 0; i < n; i++)
        {
          const PotooSegment *row = rows->pdata[i];
          after_id = row->id;
          if (!potoo_pacer_yield (&v->pacer, error) || !look_at (v, root, row, error))
            return FALSE;
        }
    }
  while (n == ROWS_PER_PAGE);
  return TRUE;
}

/* --- files --- */

typedef struct
{
  PotooVerify *verify;
  PotooStorageRoot *root;
  PotooRecoveryReport *recovered;
  PotooAdoption *adoption;
} Files;

/* A file of ours whose row may not be durable yet. */
static gboolean
is_in_the_making (PotooVerify *v, gint64 id)
{
  return v->spec.live && id >= v->first_id;
}

static gboolean
note_unlisted (Files *files, const PotooFileName *name, GError **error)
{
  PotooVerify *v = files->verify;
  guint foreign = files->recovered->foreign, unreadable = files->recovered->unreadable;

  if (v->spec.repair && !potoo_adoption_add (files->adoption, name, error))
    return FALSE;
  if (files->recovered->foreign > foreign)
    potoo_verify_note (v, POTOO_VERIFY_FOREIGN, files->root, 0, name->path,
                       _ ("It has the name of a recording, and is none"), FALSE);
  else
    potoo_verify_note (v, POTOO_VERIFY_UNLISTED, files->root, name->id, name->path,
                       _ ("The catalog does not know it"),
                       v->spec.repair && files->recovered->unreadable == unreadable);
  return TRUE;
}

static gboolean
visit_file (const PotooFileName *name, gpointer user_data, GError **error)
{
  Files *files = user_data;
  PotooVerify *v = files->verify;

  g_mutex_lock (&v->lock);
  v->report->files++;
  g_mutex_unlock (&v->lock);
  if (!potoo_pacer_take (&v->pacer, 0, error))
    return FALSE;
  switch (potoo_adoption_find_row (files->adoption, name, error))
    {
    case 0:
      return is_in_the_making (v, name->id) || note_unlisted (files, name, error);
    case -1:
      potoo_verify_note (v, POTOO_VERIFY_FOREIGN, files->root, 0, name->path,
                         _ ("Its id is that of another file"), FALSE);
      return TRUE;
    case -2:
      return FALSE;
    default:
      return TRUE;
    }
}

static gboolean
visit_foreign (const char *path, gpointer user_data, GError **error)
{
  Files *files = user_data;

  potoo_verify_note (files->verify, POTOO_VERIFY_FOREIGN, files->root, 0, path,
                     _ ("Potoo does not make such names"), FALSE);
  return TRUE;
}

static void
note_unreadable (const char *path, const GError *why, gpointer user_data)
{
  Files *files = user_data;

  potoo_verify_note (files->verify, POTOO_VERIFY_UNREADABLE, files->root, 0, path, why->message,
                     FALSE);
}

static gboolean
verify_files (PotooVerify *v, PotooStorageRoot *root, GError **error)
{
  static const PotooRootVisitor visitor = { visit_file, visit_foreign, note_unreadable };
  g_auto (PotooRecoveryReport) recovered = { 0 };

  if (!potoo_storage_root_is_attached (root))
    return TRUE;
  potoo_recovery_report_init (&recovered, NULL);
  g_autoptr (PotooAdoption)
      adoption = potoo_adoption_new (root, v->spec.catalog, v->reader, &recovered);
  Files files = { v, root, &recovered, adoption };
  return potoo_root_walk (root, "", &visitor, &files, error);
}

/* --- all --- */

static gboolean
count_total (PotooVerify *v, GError **error)
{
  gint64 total = 0;

  for (guint i = 0; i < v->spec.roots->len; i++)
    {
      PotooTotals totals = { 0 };
      if (!potoo_catalog_reader_get_totals (v->reader,
                                            potoo_storage_root_get_row_id (v->spec.roots->pdata[i]),
                                            NULL, &totals, error))
        return FALSE;
      for (guint class = 0; class < POTOO_SEGMENT_N_CLASSES; class ++)
        total += totals.kept[class].segments;
    }
  g_mutex_lock (&v->lock);
  v->report->total = total;
  g_mutex_unlock (&v->lock);
  return TRUE;
}

static gboolean
run (PotooVerify *v, GError **error)
{
  v->first_id = potoo_catalog_get_first_segment_id (v->spec.catalog);
  v->reader = potoo_catalog_reader_new (v->spec.catalog, error);
  if (v->reader == NULL || !potoo_catalog_sync (v->spec.catalog, error) ||
      !count_total (v, error) ||
      (v->spec.contents && !potoo_catalog_reader_check (v->reader, v->cancellable, error)))
    return FALSE;
  for (guint i = 0; i < v->spec.roots->len; i++)
    if (!verify_rows (v, v->spec.roots->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < v->spec.roots->len; i++)
    if (!verify_files (v, v->spec.roots->pdata[i], error))
      return FALSE;
  return potoo_catalog_sync (v->spec.catalog, error) &&
         (!v->spec.rebuild || potoo_rebuild_join (v, error)) &&
         potoo_catalog_sync (v->spec.catalog, error);
}

gboolean
potoo_verify_run (PotooVerify *v, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean done = run (v, &local);

  g_mutex_lock (&v->lock);
  v->report->running = FALSE;
  v->report->ended_us = potoo_clock_wall_us ();
  v->report->duration_us = potoo_clock_mono_us () - v->started_mono_us;
  v->report->error = g_strdup (local != NULL ? local->message : NULL);
  g_mutex_unlock (&v->lock);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return done;
}
