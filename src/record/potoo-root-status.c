/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How a storage root is: space, quota, failures, stalls, and the one state that follows from them.
 * The state is told once for each change: by a metric, a log line and the watch. Any thread. */

#include <errno.h>
#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "record/potoo-storage-root-private.h"

gint64 potoo_stall_us = 10 * POTOO_SECOND_US;

static const char *const state_names[POTOO_N_ROOT_STATES] = {
  [POTOO_ROOT_OK] = "ok",           [POTOO_ROOT_FULL] = "full",
  [POTOO_ROOT_MISSING] = "missing", [POTOO_ROOT_READ_ONLY] = "read-only",
  [POTOO_ROOT_STALLED] = "stalled", [POTOO_ROOT_FAILED] = "failed",
  [POTOO_ROOT_FOREIGN] = "foreign",
};

const char *
potoo_root_state_to_string (PotooRootState state)
{
  g_return_val_if_fail (state < POTOO_N_ROOT_STATES, NULL);

  return state_names[state];
}

static PotooMetric *
make_gauge (PotooStorageRoot *root, const char *name, const char *help)
{
  return potoo_metric_new_gauge (name, help, "root", root->settings->name, NULL);
}

static PotooMetric *
make_counter (PotooStorageRoot *root, const char *name, const char *help)
{
  return potoo_metric_new_counter (name, help, "root", root->settings->name, NULL);
}

void
potoo_root_status_make_metrics (PotooStorageRoot *root)
{
  root->total = make_gauge (root, "potoo_storage_total_bytes",
                            "Size of the storage root's file system");
  root->free = make_gauge (root, "potoo_storage_free_bytes",
                           "Space left for Potoo on the storage root");
  root->used = make_gauge (root, "potoo_storage_used_bytes", "Recordings on the storage root");
  root->is_full = make_gauge (
      root, "potoo_storage_full",
      "1 while free space is at min-free or under it, or the quota used up");
  root->has_failed = make_gauge (root, "potoo_storage_failed", "1 while writing or syncing fails");
  root->failures = make_counter (root, "potoo_storage_failures_total",
                                 "Writes, syncs and file creations that failed");
  root->syncs = make_counter (root, "potoo_storage_syncs_total", "fdatasync calls");
  root->sync_time = potoo_metric_set_divisor (
      make_counter (root, "potoo_storage_sync_seconds_total", "Time spent in fdatasync"),
      POTOO_SECOND_US);
  root->sync_max = potoo_metric_set_divisor (
      make_gauge (root, "potoo_storage_sync_max_seconds", "Longest fdatasync since start"),
      POTOO_SECOND_US);
  for (guint i = 0; i < POTOO_N_ROOT_STATES; i++)
    root->states[i] = potoo_metric_new_gauge ("potoo_storage_state",
                                              "1 for the state that the storage root is in", "root",
                                              root->settings->name, "state", state_names[i], NULL);
  potoo_metric_set (root->states[root->published], 1);
}

void
potoo_root_status_free_metrics (PotooStorageRoot *root)
{
  PotooMetric *const metrics[] = { root->total,   root->free,     root->used,
                                   root->is_full, root->failures, root->has_failed,
                                   root->syncs,   root->sync_max, root->sync_time };
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    potoo_metric_unref (metrics[i]);
  for (guint i = 0; i < POTOO_N_ROOT_STATES; i++)
    potoo_metric_unref (root->states[i]);
}

/* --- the state --- */

static PotooRootState
state_locked (PotooStorageRoot *root)
{
  if (root->trouble != POTOO_ROOT_OK)
    return root->trouble;
  if (root->stalled)
    return POTOO_ROOT_STALLED;
  return root->full ? POTOO_ROOT_FULL : POTOO_ROOT_OK;
}

/* (transfer full) (nullable) */
static char *
describe_locked (PotooStorageRoot *root)
{
  switch (state_locked (root))
    {
    case POTOO_ROOT_OK:
      return NULL;
    case POTOO_ROOT_STALLED:
      return g_strdup_printf (
          _ ("The disk of %s has not answered for more than %d s: look at its cable and at the "
             "kernel's log"),
          root->settings->path, (int) (potoo_stall_us / POTOO_SECOND_US));
    case POTOO_ROOT_FULL:
      if (root->trouble != POTOO_ROOT_OK)
        return g_strdup (root->reason);
      if (root->settings->max_bytes > 0 && root->free_bytes > root->min_free_bytes)
        return g_strdup_printf (
            _ ("The quota is used up: recordings take %lld bytes, max-bytes is %lld, and "
               "nothing more may be evicted; raise it, or keep less"),
            (long long) root->used_bytes, (long long) root->settings->max_bytes);
      return g_strdup_printf (
          _ ("%lld bytes are free, min-free is %lld, and nothing more may be evicted; make "
             "room, or keep less"),
          (long long) root->free_bytes, (long long) root->min_free_bytes);
    default:
      return g_strdup (root->reason);
    }
}

/* To be called after whatever can change the state, without the lock. */
void
potoo_storage_root_publish (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  PotooRootState before = root->published, state = state_locked (root);
  /* Until it was looked at for the first time there is nothing to tell. */
  gboolean known = root->trouble == POTOO_ROOT_OK || root->reason != NULL;
  gboolean news = known && (state != before || !root->told);
  g_autofree char *reason = news ? describe_locked (root) : NULL;
  if (news)
    {
      root->published = state;
      root->since_us = potoo_clock_mono_us ();
      /* A root that was well from the start is trusted. */
      root->ok_since_us = state != POTOO_ROOT_OK ? 0 : root->told ? root->since_us : 1;
      root->told = TRUE;
      potoo_metric_set (root->states[before], 0);
      potoo_metric_set (root->states[state], 1);
    }
  potoo_metric_set (root->is_full, root->full);
  potoo_metric_set (root->has_failed, root->failed);
  g_mutex_unlock (&root->lock);
  if (!news)
    return;
  if (state != POTOO_ROOT_OK)
    potoo_log_error (NULL, "Storage root %s is %s: %s", root->settings->name, state_names[state],
                     reason);
  else
    potoo_log_info (NULL, "Storage root %s can be written to", root->settings->name);
  g_mutex_lock (&root->watch_lock);
  if (root->watch.changed != NULL)
    root->watch.changed (root->watch.changed_data);
  g_mutex_unlock (&root->watch_lock);
}

PotooRootState
potoo_storage_root_get_state (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  PotooRootState state = state_locked (root);
  g_mutex_unlock (&root->lock);
  return state;
}

gboolean
potoo_storage_root_is_just_full (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gboolean just_full = root->trouble == POTOO_ROOT_OK && root->full;
  g_mutex_unlock (&root->lock);
  return just_full;
}

gint64
potoo_storage_root_get_ok_since_us (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gint64 since_us = root->ok_since_us;
  g_mutex_unlock (&root->lock);
  return since_us;
}

gboolean
potoo_storage_root_is_lost (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gboolean lost = root->lost;
  g_mutex_unlock (&root->lock);
  return lost;
}

void
potoo_storage_root_set_trouble (PotooStorageRoot *root, PotooRootState state, const char *why)
{
  g_mutex_lock (&root->lock);
  root->trouble = state;
  g_free (root->reason);
  root->reason = g_strdup (why);
  g_mutex_unlock (&root->lock);
  potoo_storage_root_publish (root);
}

void
potoo_storage_root_set_ok (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  root->trouble = POTOO_ROOT_OK;
  g_clear_pointer (&root->reason, g_free);
  root->failed = root->lost = FALSE;
  root->failed_at_us = 0;
  g_mutex_unlock (&root->lock);
  potoo_storage_root_publish (root);
}

void
potoo_storage_root_set_watch (PotooStorageRoot *root, const PotooRootWatch *watch)
{
  g_mutex_lock (&root->watch_lock);
  root->watch = watch != NULL ? *watch : (PotooRootWatch){ NULL };
  g_mutex_unlock (&root->watch_lock);
}

/* --- failures --- */

void
potoo_storage_root_lose (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gboolean news = !root->lost;
  root->lost = TRUE;
  g_mutex_unlock (&root->lock);
  g_autofree char *why = g_strdup_printf (
      _ ("The path %s no longer leads to this root: its directory was removed, or its disk "
         "unmounted; mount it again"),
      root->settings->path);
  if (news)
    potoo_storage_root_set_trouble (root, POTOO_ROOT_MISSING, why);
}

gboolean
potoo_storage_root_sync (PotooStorageRoot *root, int fd, GError **error)
{
  gint64 before = potoo_clock_mono_us ();
  gboolean synced = potoo_disk_calls.fdatasync (fd) == 0;
  int error_code = errno;
  gint64 after = potoo_clock_mono_us ();

  potoo_metric_add (root->syncs, 1);
  potoo_metric_add (root->sync_time, after - before);
  potoo_metric_set_max (root->sync_max, after - before);
  if (!synced)
    {
      potoo_set_error_errno (error, error_code, _ ("Cannot sync a file in %s"),
                             root->settings->path);
      return FALSE;
    }
  /* What is synced while streams leave a root that has just failed proves nothing. */
  g_mutex_lock (&root->lock);
  gboolean recovered = root->failed && after - root->failed_at_us >= POTOO_BACK_OFF_US;
  g_mutex_unlock (&root->lock);
  if (recovered)
    potoo_storage_root_set_ok (root);
  return TRUE;
}

static PotooRootState
state_of_failure (const GError *failure)
{
  switch (potoo_error_code_of (failure))
    {
    case POTOO_ERROR_DISK_FULL:
      return POTOO_ROOT_FULL;
    case POTOO_ERROR_FORBIDDEN:
      return POTOO_ROOT_READ_ONLY;
    default:
      return POTOO_ROOT_FAILED;
    }
}

void
potoo_storage_root_note_failure (PotooStorageRoot *root, const char *camera, const GError *failure)
{
  gboolean of_disk = !g_error_matches (failure, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE) &&
                     !g_error_matches (failure, POTOO_ERROR, POTOO_ERROR_INTERNAL);

  g_mutex_lock (&root->lock);
  root->failed = TRUE;
  root->failed_at_us = potoo_clock_mono_us ();
  gboolean lost = root->lost;
  g_mutex_unlock (&root->lock);
  potoo_metric_add (root->failures, 1);
  potoo_log_error (camera, "Storage root %s: %s", root->settings->name, failure->message);
  if (of_disk && !lost && potoo_storage_root_is_attached (root) &&
      !potoo_storage_root_is_in_place (root))
    potoo_storage_root_lose (root);
  else if (of_disk && !lost)
    potoo_storage_root_set_trouble (root, state_of_failure (failure), failure->message);
  else
    potoo_storage_root_publish (root);
}

/* --- stalls --- */

void
potoo_storage_root_set_busy (PotooStorageRoot *root, gint64 mono_us)
{
  __atomic_store_n (&root->busy_since_us, mono_us, __ATOMIC_RELAXED);
  g_mutex_lock (&root->lock);
  gboolean ends = root->stalled;
  root->stalled = FALSE;
  g_mutex_unlock (&root->lock);
  if (ends)
    potoo_storage_root_publish (root);
}

gboolean
potoo_storage_root_check_stall (PotooStorageRoot *root)
{
  gint64 since_us = __atomic_load_n (&root->busy_since_us, __ATOMIC_RELAXED);

  if (since_us == 0 || potoo_clock_mono_us () - since_us < potoo_stall_us)
    return FALSE;
  g_mutex_lock (&root->lock);
  root->stalled = __atomic_load_n (&root->busy_since_us, __ATOMIC_RELAXED) == since_us;
  gboolean stalled = root->stalled;
  g_mutex_unlock (&root->lock);
  potoo_storage_root_publish (root);
  return stalled;
}

/* --- the status --- */

PotooRootStatus *
potoo_storage_root_get_status (PotooStorageRoot *root)
{
  PotooRootStatus *status = g_new0 (PotooRootStatus, 1);

  status->name = g_strdup (root->settings->name);
  status->path = g_strdup (root->settings->path);
  status->priority = root->settings->priority;
  g_mutex_lock (&root->lock);
  status->row_id = root->row_id;
  status->state = state_locked (root);
  status->reason = describe_locked (root);
  status->since_us = root->since_us;
  potoo_root_space_fill_locked (root, status);
  status->full = root->full;
  status->failed = root->failed;
  g_mutex_unlock (&root->lock);
  return status;
}

void
potoo_root_status_free (PotooRootStatus *status)
{
  g_free (status->name);
  g_free (status->path);
  g_free (status->reason);
  g_free (status);
}
