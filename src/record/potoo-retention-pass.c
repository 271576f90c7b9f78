/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A pass over one root, in its thread: read how things stand, choose, delete a batch, until nothing
 * is to go. What people set and what time it is may change between two batches.
 */

#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "record/potoo-retention-policy.h"
#include "record/potoo-retention-private.h"

/* The clock may be set: no later than this it is looked at again. */
#define LONGEST_WAIT_US (3600 * POTOO_SECOND_US)
/* Ages need not be kept to the second. */
#define SHORTEST_WAIT_US (60 * POTOO_SECOND_US)
/* For how long deleted files may stand in the way of free space: what the headroom lasts. */
#define OWED_US (10 * POTOO_SECOND_US)
#define CHECK_INTERVAL_US (60 * POTOO_SECOND_US)
/* Batches in a row of which nothing could be deleted. */
#define MAX_VAIN 64

typedef struct
{
  PotooRetention *retention;
  PotooEviction *eviction;
  PotooCatalogReader *reader;
  PotooRetentionRoot *root;
  gboolean making_room;
} Pass;

/* PotooRetentionListFunc */
static GPtrArray *
list (const PotooEvictableQuery *query, gpointer user_data, GError **error)
{
  Pass *pass = user_data;
  PotooEvictableQuery wider = *query;

  wider.limit += potoo_eviction_get_n_stuck (pass->eviction);
  GPtrArray *rows = potoo_catalog_reader_list_evictable (pass->reader, &wider, error);
  if (rows == NULL)
    return NULL;
  if (wider.limit > query->limit)
    potoo_eviction_leave_out_stuck (pass->eviction, rows);
  if (rows->len > query->limit)
    g_ptr_array_set_size (rows, (int) query->limit);
  return rows;
}

static gboolean
is_here (PotooRetentionRoot *root)
{
  g_autoptr (PotooRootStatus) status = potoo_storage_root_get_status (root->root);
  return potoo_retention_is_reachable (status);
}

/* --- deleting --- */

/* Beside the writer's measurements, which its rate is taken from; -1: not known. */
static gint64
measure_free (PotooStorageRoot *root)
{
  struct statvfs st;
  guint64 bytes;
  int fd = potoo_storage_root_open_directory (root, "", FALSE, NULL);

  if (fd < 0)
    return -1;
  gboolean measured = potoo_disk_calls.fstatvfs (fd, &st) == 0 &&
                      g_uint64_checked_mul (&bytes, st.f_bavail, st.f_frsize);
  close (fd);
  return measured && bytes <= G_MAXINT64 ? (gint64) bytes : -1;
}

static void
note_owed (PotooRetentionRoot *root, gint64 deleted_bytes, gint64 free_before)
{
  gint64 freed_bytes = measure_free (root->root) - free_before;

  if (free_before < 0 || freed_bytes >= deleted_bytes / 2)
    return;
  if (root->owed_bytes == 0)
    root->owed_until_us = potoo_clock_mono_us () + OWED_US;
  root->owed_bytes += deleted_bytes - MAX (freed_bytes, 0);
}

static gint64
get_owed (PotooRetentionRoot *root)
{
  if (potoo_clock_mono_us () >= root->owed_until_us)
    root->owed_bytes = 0;
  return root->owed_bytes;
}

/* Once, until it works again: passes come every second while there is pressure. */
static void
note_failure (PotooRetentionRoot *root, const GError *failure)
{
  if (failure != NULL && !root->is_failing)
    potoo_log_error (NULL, "Storage root %s: no more is deleted for now: %s",
                     potoo_storage_root_get_name (root->root), failure->message);
  root->is_failing = failure != NULL;
}

/* FALSE when the pass is to end; FALSE in @deleted when nothing was. */
static gboolean
carry_out (Pass *pass, const PotooRetentionChoice *choice, gboolean *deleted)
{
  g_autoptr (GError) error = NULL;
  PotooEvictionBatch batch = { choice->reason, choice->class, choice->segments, 0, 0 };
  gint64 free_before = measure_free (pass->root->root);

  gboolean go_on = potoo_eviction_run (pass->eviction, pass->root->root, &batch, &error);
  note_failure (pass->root, error);
  *deleted = batch.n_deleted > 0;
  pass->making_room |= choice->reason == POTOO_EVICTION_ROOT;
  note_owed (pass->root, batch.deleted_bytes, free_before);
  return go_on;
}

/* What the writer measured may be a second old. */
static void
set_free (PotooRetentionRoot *root, GPtrArray *statuses)
{
  gint64 row_id = potoo_storage_root_get_row_id (root->root),
         free_bytes = measure_free (root->root);

  for (guint i = 0; i < statuses->len && free_bytes >= 0; i++)
    {
      PotooRootStatus *status = statuses->pdata[i];
      if (status->row_id == row_id)
        status->free_bytes = free_bytes;
    }
}

static gboolean
choose (Pass *pass, PotooRetentionChoice *choice, GError **error)
{
  g_autoptr (PotooRetentionRules) rules = potoo_retention_ref_rules (pass->retention);
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (pass->retention->recorder);
  g_autoptr (GArray) totals = potoo_catalog_reader_list_totals (pass->reader, 0, NULL, error);

  if (totals == NULL)
    return FALSE;
  potoo_retention_release_gone (pass->retention, totals);
  set_free (pass->root, roots);
  const PotooRetentionInput input = {
    .rules = rules,
    .now_us = potoo_retention_get_time (pass->retention),
    .totals = totals,
    .roots = roots,
    .root = potoo_storage_root_get_row_id (pass->root->root),
    .owed_bytes = get_owed (pass->root),
    .making_room = pass->making_room,
    .list = list,
    .list_data = pass,
  };
  return potoo_retention_choose (&input, choice, error);
}

/* --- what is found out --- */

/* Returns whether this is new. */
static gboolean
note_short (PotooRetentionRoot *root, gint64 short_bytes)
{
  gboolean news = (short_bytes > 0) != root->is_short;
  const char *name = potoo_storage_root_get_name (root->root);

  potoo_metric_set (root->short_bytes, short_bytes);
  if (news && short_bytes > 0)
    potoo_log_warning (NULL,
                       "Storage root %s: %" G_GINT64_FORMAT
                       " bytes are lacking, and all that is there is guaranteed, locked, or of the "
                       "last minutes: when it is full nothing is recorded to it",
                       name, short_bytes);
  else if (news)
    potoo_log_info (NULL, "Storage root %s: there is room again", name);
  root->is_short = short_bytes > 0;
  return news;
}

static void
note_next (PotooRetention *self, gint64 next_us)
{
  if (next_us == G_MAXINT64)
    return;
  gint64 wait_us = next_us - potoo_retention_get_time (self);
  potoo_retention_schedule (self, CLAMP (wait_us, SHORTEST_WAIT_US, LONGEST_WAIT_US));
}

/* Returns whether it is another day than what was told. */
static gboolean
is_news_locked (PotooRetention *self, const PotooStorageReportCamera *camera)
{
  const gint64 *told = g_hash_table_lookup (self->breaks, camera->id);

  if (camera->breaks_us == 0)
    return g_hash_table_remove (self->breaks, camera->id);
  if (told != NULL && *told / POTOO_DAY_US == camera->breaks_us / POTOO_DAY_US)
    return FALSE;
  g_hash_table_replace (self->breaks, g_strdup (camera->id),
                        g_memdup2 (&camera->breaks_us, sizeof camera->breaks_us));
  return TRUE;
}

static void
note_guarantee (PotooRetention *self, const PotooStorageReportCamera *camera)
{
  g_mutex_lock (&self->lock);
  gboolean known = g_hash_table_contains (self->breaks, camera->id);
  gboolean news = is_news_locked (self, camera);
  potoo_metric_set (self->breaking, g_hash_table_size (self->breaks));
  g_mutex_unlock (&self->lock);
  if (!news)
    return;
  if (camera->breaks_us == 0)
    potoo_log_info (camera->id, "Its guaranteed days fit now");
  else if (!known)
    {
      g_autofree char *day = potoo_time_format (camera->breaks_us);
      day[strlen ("2026-11-21")] = '\0';
      potoo_log_warning (camera->id,
                         "Its %" G_GINT64_FORMAT
                         " guaranteed days will not fit from %s on: give the storage root more "
                         "room, or guarantee less",
                         camera->rule->min_us / POTOO_DAY_US, day);
    }
  potoo_retention_tell (self, camera->id, camera->breaks_us);
}

/* Of cameras that are no more. */
static void
forget_gone (PotooRetention *self, const PotooStorageReport *report)
{
  GHashTableIter iter;
  gpointer camera;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->breaks);
  while (g_hash_table_iter_next (&iter, &camera, NULL))
    if (!potoo_retention_rules_has (report->rules, camera))
      g_hash_table_iter_remove (&iter);
  potoo_metric_set (self->breaking, g_hash_table_size (self->breaks));
  g_mutex_unlock (&self->lock);
}

static gboolean
is_check_due (PotooRetention *self)
{
  gint64 now_us = potoo_clock_mono_us ();

  g_mutex_lock (&self->lock);
  gboolean due = self->checked_at_us == 0 || now_us - self->checked_at_us >= CHECK_INTERVAL_US;
  if (due)
    self->checked_at_us = now_us;
  g_mutex_unlock (&self->lock);
  return due;
}

static void
check_guarantees (Pass *pass)
{
  g_autoptr (GError) error = NULL;

  g_autoptr (PotooStorageReport)
      report = potoo_retention_report (pass->retention, pass->reader, &error);
  if (report == NULL)
    {
      potoo_log_debug (NULL, "No forecast can be made: %s", error->message);
      return;
    }
  for (guint i = 0; i < report->cameras->len; i++)
    note_guarantee (pass->retention, report->cameras->pdata[i]);
  forget_gone (pass->retention, report);
}

/* --- the pass --- */

/* TRUE when nothing more is to go. */
static gboolean
delete_all (Pass *pass, PotooRetentionChoice *choice)
{
  g_autoptr (GError) error = NULL;

  for (guint vain = 0; vain < MAX_VAIN && is_here (pass->root);)
    {
      gboolean deleted;
      potoo_retention_choice_clear (choice);
      if (potoo_eviction_is_stopping (pass->eviction))
        return FALSE;
      if (!choose (pass, choice, &error))
        {
          note_failure (pass->root, error);
          return FALSE;
        }
      if (choice->segments->len == 0)
        return TRUE;
      if (!carry_out (pass, choice, &deleted))
        return FALSE;
      vain = deleted ? 0 : vain + 1;
    }
  return FALSE;
}

void
potoo_retention_pass (PotooEviction *eviction,
                      PotooStorageRoot *root,
                      PotooCatalogReader *reader,
                      gpointer user_data)
{
  PotooRetention *self = user_data;
  Pass pass = { self, eviction, reader, NULL, FALSE };
  g_auto (PotooRetentionChoice) choice = { 0 };

  for (guint i = 0; i < self->roots->len; i++)
    if (g_array_index (self->roots, PotooRetentionRoot, i).root == root)
      pass.root = &g_array_index (self->roots, PotooRetentionRoot, i);
  g_return_if_fail (pass.root != NULL);

  gboolean news = FALSE;
  if (delete_all (&pass, &choice))
    {
      news = note_short (pass.root, choice.short_bytes);
      note_next (self, choice.next_us);
    }
  else if (!potoo_eviction_is_stopping (eviction) && is_here (pass.root))
    potoo_retention_schedule (self, SHORTEST_WAIT_US);
  if (!potoo_eviction_is_stopping (eviction) && (is_check_due (self) || news))
    check_guarantees (&pass);
}
