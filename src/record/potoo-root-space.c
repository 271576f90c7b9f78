/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The space of a storage root: what is free, what its quota leaves, what is to be freed ahead, and
 * whether a fragment may be written. Measured by the writer's thread; read by any. */

#include <sys/statvfs.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-totals.h"
#include "record/potoo-storage-root-private.h"

#define MEASURE_INTERVAL_US POTOO_SECOND_US
/* What is kept free ahead: this part of the limit, or what is written in this time if that is more,
 * within these bounds. */
#define HEADROOM_PERCENT 2
#define HEADROOM_BYTES (G_GINT64_CONSTANT (2) << 30)
#define HEADROOM_SECONDS 10
#define HEADROOM_MIN_BYTES (1 << 20)
#define HEADROOM_MAX_PART 4
#define RATE_SMOOTHING 8 /* of the rate at which is written: part of a new figure that counts */
/* A root is full until this part of the limit is free again, or half of the headroom: what is freed
 * ahead must be enough. */
#define HYSTERESIS_PERCENT 1

static gint64
to_bytes (guint64 blocks, guint64 block_size)
{
  guint64 bytes;
  if (!g_uint64_checked_mul (&bytes, blocks, block_size) || bytes > G_MAXINT64)
    return G_MAXINT64;
  return (gint64) bytes;
}

static gint64
headroom_of (PotooStorageRoot *root)
{
  gint64 limit = root->settings->max_bytes > 0 ? root->settings->max_bytes : root->total_bytes;
  gint64 headroom = MAX (MIN (limit / 100 * HEADROOM_PERCENT, HEADROOM_BYTES),
                         root->rate * HEADROOM_SECONDS);

  return CLAMP (headroom, HEADROOM_MIN_BYTES, MAX (limit / HEADROOM_MAX_PART, HEADROOM_MIN_BYTES));
}

static gint64
hysteresis_of (PotooStorageRoot *root, gint64 limit)
{
  return root->full ? MIN (limit / 100 * HYSTERESIS_PERCENT, root->headroom_bytes / 2) : 0;
}

static gboolean
is_full_locked (PotooStorageRoot *root)
{
  gint64 max_bytes = root->settings->max_bytes;
  gint64 free_hysteresis = hysteresis_of (root, root->total_bytes);
  gint64 used_hysteresis = hysteresis_of (root, max_bytes);

  return root->free_bytes - free_hysteresis <= root->min_free_bytes ||
         (max_bytes > 0 && root->used_bytes + used_hysteresis >= max_bytes);
}

/* As long as a root is only just full, an open segment goes on to the next key fragment. */
static gboolean
is_brimful_locked (PotooStorageRoot *root)
{
  gint64 max_bytes = root->settings->max_bytes;
  gint64 slack = root->headroom_bytes / 2;

  return root->free_bytes <= MAX (root->min_free_bytes - slack, 0) ||
         (max_bytes > 0 && root->used_bytes >= max_bytes + slack);
}

/* Bytes a second, smooth enough for the headroom to stay about what it was. */
static void
measure_rate_locked (PotooStorageRoot *root, gint64 mono_us)
{
  gint64 elapsed_us = mono_us - root->rated_at_us;

  if (root->rated_at_us != 0 && elapsed_us < MEASURE_INTERVAL_US / 2)
    return; /* too short to say anything */
  /* Long ago says nothing of now. */
  if (root->rated_at_us == 0 || elapsed_us > 60 * POTOO_SECOND_US)
    root->rate = 0;
  else
    {
      gint64 rate = root->written_bytes * POTOO_SECOND_US / elapsed_us;
      root->rate += root->rate == 0 ? rate : (rate - root->rate) / RATE_SMOOTHING;
    }
  root->written_bytes = 0;
  root->rated_at_us = mono_us;
}

static void
apply_measure_locked (PotooStorageRoot *root, const struct statvfs *st, gint64 mono_us)
{
  measure_rate_locked (root, mono_us);
  root->measured_at_us = mono_us;
  root->total_bytes = to_bytes (st->f_blocks, st->f_frsize);
  root->free_bytes = to_bytes (st->f_bavail, st->f_frsize);
  root->min_free_bytes = root->settings->min_free_percent > 0
                             ? root->total_bytes / 100 * root->settings->min_free_percent
                             : root->settings->min_free_bytes;
  root->headroom_bytes = headroom_of (root);
  root->full = is_full_locked (root);
  potoo_metric_set (root->total, root->total_bytes);
  potoo_metric_set (root->free, root->free_bytes);
  potoo_metric_set (root->used, root->used_bytes);
}

void
potoo_root_space_fill_locked (PotooStorageRoot *root, PotooRootStatus *status)
{
  status->total_bytes = root->total_bytes;
  status->free_bytes = root->free_bytes;
  status->min_free_bytes = root->min_free_bytes;
  status->used_bytes = root->used_bytes;
  status->max_bytes = root->settings->max_bytes;
  status->headroom_bytes = root->headroom_bytes;
}

/* Bytes that must go for the headroom to be there; 0: none. */
static gint64
get_pressure (const PotooRootStatus *status)
{
  gint64 for_free = status->min_free_bytes + status->headroom_bytes - status->free_bytes;
  gint64 for_quota = status->max_bytes > 0
                         ? status->used_bytes - (status->max_bytes - status->headroom_bytes)
                         : 0;

  return status->total_bytes > 0 ? MAX (MAX (for_free, for_quota), 0) : 0;
}

static void
press (PotooStorageRoot *root, gint64 mono_us)
{
  PotooRootStatus status = { 0 };

  g_mutex_lock (&root->lock);
  potoo_root_space_fill_locked (root, &status);
  gboolean due = mono_us - root->pressed_at_us >= MEASURE_INTERVAL_US && get_pressure (&status) > 0;
  if (due)
    root->pressed_at_us = mono_us;
  g_mutex_unlock (&root->lock);
  if (!due)
    return;
  g_mutex_lock (&root->watch_lock);
  if (root->watch.pressure != NULL)
    root->watch.pressure (root->watch.pressure_data);
  g_mutex_unlock (&root->watch_lock);
}

void
potoo_storage_root_measure (PotooStorageRoot *root, gboolean now)
{
  gint64 mono_us = potoo_clock_mono_us ();
  struct statvfs st;

  g_mutex_lock (&root->lock);
  gboolean due = root->fd >= 0 && (now || root->measured_at_us == 0 ||
                                   mono_us - root->measured_at_us >= MEASURE_INTERVAL_US);
  int fd = root->fd;
  g_mutex_unlock (&root->lock);
  if (!due)
    return;
  if (!potoo_storage_root_is_in_place (root))
    potoo_storage_root_lose (root);
  if (potoo_disk_calls.fstatvfs (fd, &st) != 0)
    return;
  g_mutex_lock (&root->lock);
  apply_measure_locked (root, &st, mono_us);
  g_mutex_unlock (&root->lock);
  potoo_storage_root_publish (root);
  press (root, mono_us);
}

gboolean
potoo_storage_root_may_write (PotooStorageRoot *root,
                              gboolean begins,
                              gboolean key,
                              PotooGapCause *cause)
{
  potoo_storage_root_measure (root, FALSE);
  g_mutex_lock (&root->lock);
  gboolean backs_off = root->failed_at_us != 0 &&
                       potoo_clock_mono_us () - root->failed_at_us < POTOO_BACK_OFF_US;
  gboolean may;
  switch (root->trouble)
    {
    case POTOO_ROOT_OK:
    case POTOO_ROOT_FULL:
    case POTOO_ROOT_FAILED:
      may = root->full ? !begins && !key && !is_brimful_locked (root) : !begins || !backs_off;
      break;
    default:
      may = FALSE;
    }
  *cause = root->full || root->trouble == POTOO_ROOT_FULL ? POTOO_GAP_DISK_FULL
                                                          : POTOO_GAP_DISK_ERROR;
  may = may && root->fd >= 0;
  g_mutex_unlock (&root->lock);
  return may;
}

void
potoo_storage_root_add_used (PotooStorageRoot *root, gint64 bytes)
{
  g_mutex_lock (&root->lock);
  gboolean was_full = root->full;
  root->used_bytes = MAX (root->used_bytes + bytes, 0);
  root->written_bytes += MAX (bytes, 0);
  if (root->settings->max_bytes > 0)
    root->full = is_full_locked (root);
  gboolean news = root->full != was_full;
  g_mutex_unlock (&root->lock);
  if (news)
    potoo_storage_root_publish (root);
}

void
potoo_storage_root_read_used (PotooStorageRoot *root)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (root->catalog, &error);
  PotooTotals totals = { 0 };

  if (reader == NULL || !potoo_catalog_reader_get_totals (
                            reader, potoo_storage_root_get_row_id (root), NULL, &totals, &error))
    {
      potoo_log_warning (NULL, "Storage root %s: %s", root->settings->name, error->message);
      return;
    }
  g_mutex_lock (&root->lock);
  root->used_bytes = potoo_totals_get_used_bytes (&totals);
  g_mutex_unlock (&root->lock);
}
