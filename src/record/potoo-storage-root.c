/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opened by the main thread at start, then used by its writer; the status is
 * published under `lock` for whoever asks. The descriptors live until the last
 * reference goes: a writer that hangs in a dead disk keeps them. */

#include "record/potoo-storage-root.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-root-file.h"

#define MEASURE_INTERVAL_US POTOO_SECOND_US
#define HYSTERESIS_PERCENT 1
#define MAX_PATH_LEVELS 3 /* camera, day, file */

PotooDiskCalls potoo_disk_calls = { writev, pwrite, fdatasync, fstatvfs };

struct _PotooStorageRoot
{
  gatomicrefcount ref_count;
  PotooConfigRoot config; /* strings owned */
  char *uuid;
  gint64 row_id;
  int fd, lock_fd;

  GMutex lock; /* protects what follows; no other lock is taken under it */
  gint64 total_bytes, free_bytes, min_free_bytes;
  gboolean full, failed;
  gint64 measured_at_us, failed_at_us; /* monotonic; 0: never */

  PotooMetric *total, *free, *is_full, *has_failed, *failures;
  PotooMetric *syncs, *sync_time, *sync_max;
};

static void
make_metrics (PotooStorageRoot *root)
{
  const char *name = root->config.name;

  root->total = potoo_metric_new_gauge (
      "potoo_storage_total_bytes", "Size of the storage root's file system", "root", name, NULL);
  root->free = potoo_metric_new_gauge (
      "potoo_storage_free_bytes", "Space left for Potoo on the storage root", "root", name, NULL);
  root->is_full = potoo_metric_new_gauge (
      "potoo_storage_full", "1 while free space is at min-free or under it", "root", name, NULL);
  root->has_failed = potoo_metric_new_gauge (
      "potoo_storage_failed", "1 while writing or syncing fails", "root", name, NULL);
  root->failures = potoo_metric_new_counter ("potoo_storage_failures_total",
                                             "Writes, syncs and file creations that failed", "root",
                                             name, NULL);
  root->syncs = potoo_metric_new_counter ("potoo_storage_syncs_total", "fdatasync calls", "root",
                                          name, NULL);
  root->sync_time = potoo_metric_set_divisor (
      potoo_metric_new_counter ("potoo_storage_sync_seconds_total", "Time spent in fdatasync",
                                "root", name, NULL),
      POTOO_SECOND_US);
  root->sync_max = potoo_metric_set_divisor (
      potoo_metric_new_gauge ("potoo_storage_sync_max_seconds", "Longest fdatasync since start",
                              "root", name, NULL),
      POTOO_SECOND_US);
}

static void
free_metrics (PotooStorageRoot *root)
{
  PotooMetric *const metrics[] = { root->total,    root->free,  root->is_full,   root->has_failed,
                                   root->failures, root->syncs, root->sync_time, root->sync_max };
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    potoo_metric_unref (metrics[i]);
}

/* Only the last level is made: a missing parent is a disk that is not mounted
 * rather than a new root. */
static int
open_root_directory (const char *path, GError **error)
{
  if (mkdir (path, 0750) == 0)
    {
      g_autofree char *parent = g_path_get_dirname (path);
      int parent_fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (parent_fd >= 0)
        {
          fsync (parent_fd);
          close (parent_fd);
        }
    }
  else if (errno == ENOENT)
    {
      g_set_error (
          error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
          _ ("Cannot make the storage root %s: the directory above it does not exist; mount "
             "the disk or make the directory"),
          path);
      return -1;
    }
  else if (errno != EEXIST)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot make the storage root %s"), path);
      return -1;
    }

  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOTDIR)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("The storage root %s is not a directory: name a directory"), path);
  else if (fd < 0)
    potoo_set_error_errno (error, errno, _ ("Cannot open the storage root %s"), path);
  return fd;
}

static gboolean
check_writable (int fd, const char *path, GError **error)
{
  if (faccessat (fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0)
    return TRUE;
  potoo_set_error_errno (error, errno,
                         _ ("Cannot write to the storage root %s (its owner must be the user that "
                            "Potoo runs as)"),
                         path);
  return FALSE;
}

/* A directory that was known as a root and now is a new one is often a mount point without its
 * disk. */
static void
warn_when_replaced (PotooStorageRoot *root, PotooCatalog *catalog)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, NULL);
  g_autoptr (GPtrArray) rows = reader != NULL ? potoo_catalog_reader_list_roots (reader, NULL)
                                              : NULL;

  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const PotooRootRow *row = rows->pdata[i];
      if (g_str_equal (row->path, root->config.path) && !g_str_equal (row->uuid, root->uuid))
        potoo_log_warning (
            NULL,
            "Storage root %s: the directory %s is not the one it was (id %s, was %s): is its "
            "disk mounted?",
            root->config.name, root->config.path, root->uuid, row->uuid);
    }
}

PotooStorageRoot *
potoo_storage_root_open (const PotooConfigRoot *config, PotooCatalog *catalog, GError **error)
{
  g_autoptr (PotooStorageRoot) root = g_new0 (PotooStorageRoot, 1);

  g_atomic_ref_count_init (&root->ref_count);
  g_mutex_init (&root->lock);
  root->config = *config;
  root->config.name = g_strdup (config->name);
  root->config.path = g_strdup (config->path);
  root->fd = root->lock_fd = -1;
  make_metrics (root);

  root->fd = open_root_directory (config->path, error);
  if (root->fd < 0 || !check_writable (root->fd, config->path, error))
    return NULL;
  root->lock_fd = potoo_root_file_lock (root->fd, config->path, &root->uuid, error);
  if (root->lock_fd < 0)
    return NULL;
  warn_when_replaced (root, catalog);
  root->row_id = potoo_catalog_register_root (catalog, root->uuid, config->name, config->path,
                                              error);
  if (root->row_id == 0)
    return NULL;
  potoo_storage_root_measure (root, TRUE);
  return g_steal_pointer (&root);
}

PotooStorageRoot *
potoo_storage_root_ref (PotooStorageRoot *root)
{
  g_atomic_ref_count_inc (&root->ref_count);
  return root;
}

void
potoo_storage_root_unref (PotooStorageRoot *root)
{
  if (!g_atomic_ref_count_dec (&root->ref_count))
    return;
  if (root->lock_fd >= 0)
    close (root->lock_fd);
  if (root->fd >= 0)
    close (root->fd);
  free_metrics (root);
  g_mutex_clear (&root->lock);
  g_free (root->config.name);
  g_free (root->config.path);
  g_free (root->uuid);
  g_free (root);
}

const char *
potoo_storage_root_get_name (PotooStorageRoot *root)
{
  return root->config.name;
}

const char *
potoo_storage_root_get_path (PotooStorageRoot *root)
{
  return root->config.path;
}

const char *
potoo_storage_root_get_uuid (PotooStorageRoot *root)
{
  return root->uuid;
}

gint64
potoo_storage_root_get_row_id (PotooStorageRoot *root)
{
  return root->row_id;
}

int
potoo_storage_root_get_fd (PotooStorageRoot *root)
{
  return root->fd;
}

/* --- paths --- */

static int
open_level (PotooStorageRoot *root, int parent_fd, const char *name, gboolean make, GError **error)
{
  if (make && mkdirat (parent_fd, name, 0750) != 0 && errno != EEXIST)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot make the directory %s in %s"), name,
                             root->config.path);
      return -1;
    }
  if (make && fsync (parent_fd) != 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot sync the directory above %s in %s"), name,
                             root->config.path);
      return -1;
    }
  int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    potoo_set_error_errno (error, errno, _ ("Cannot open the directory %s in %s"), name,
                           root->config.path);
  return fd;
}

int
potoo_storage_root_open_directory (PotooStorageRoot *root,
                                   const char *path,
                                   gboolean make,
                                   GError **error)
{
  g_auto (GStrv) levels = g_strsplit (path, "/", MAX_PATH_LEVELS + 1);
  int fd = root->fd;

  for (char **level = levels; *level != NULL; level++)
    {
      int next = open_level (root, fd, *level, make, error);
      if (fd != root->fd)
        close (fd);
      if (next < 0)
        return -1;
      fd = next;
    }
  return fd == root->fd ? dup (fd) : fd;
}

/* Splits @path into its directory, opened, and its last part. */
static int
open_parent (PotooStorageRoot *root, const char *path, char **name, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  *name = g_path_get_basename (path);
  return potoo_storage_root_open_directory (root, directory, FALSE, error);
}

int
potoo_storage_root_open_file (PotooStorageRoot *root, const char *path, int flags, GError **error)
{
  g_autofree char *name = NULL;
  struct stat st;

  int dir_fd = open_parent (root, path, &name, error);
  if (dir_fd < 0)
    return -1;
  int fd = openat (dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  int error_code = errno;
  close (dir_fd);
  if (fd < 0)
    potoo_set_error_errno (error, error_code, _ ("Cannot open %s in %s"), path, root->config.path);
  else if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("%s in %s is not a regular file"), path, root->config.path);
      close (fd);
      fd = -1;
    }
  return fd;
}

gboolean
potoo_storage_root_unlink (PotooStorageRoot *root, const char *path, GError **error)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) missing = NULL;

  int dir_fd = open_parent (root, path, &name, &missing);
  if (dir_fd < 0)
    {
      if (g_error_matches (missing, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  gboolean done = (unlinkat (dir_fd, name, 0) == 0 || errno == ENOENT) && fsync (dir_fd) == 0;
  if (!done)
    potoo_set_error_errno (error, errno, _ ("Cannot remove %s in %s"), path, root->config.path);
  close (dir_fd);
  return done;
}

/* --- state --- */

gboolean
potoo_storage_root_sync (PotooStorageRoot *root, int fd, GError **error)
{
  gint64 before = potoo_clock_mono_us ();
  gboolean synced = potoo_disk_calls.fdatasync (fd) == 0;
  int error_code = errno;
  gint64 took = potoo_clock_mono_us () - before;

  potoo_metric_add (root->syncs, 1);
  potoo_metric_add (root->sync_time, took);
  potoo_metric_set_max (root->sync_max, took);
  if (!synced)
    {
      potoo_set_error_errno (error, error_code, _ ("Cannot sync a file in %s"), root->config.path);
      return FALSE;
    }
  g_mutex_lock (&root->lock);
  gboolean recovered = root->failed;
  root->failed = FALSE;
  g_mutex_unlock (&root->lock);
  if (recovered)
    {
      potoo_metric_set (root->has_failed, 0);
      potoo_log_info (NULL, "Storage root %s: writing works again", root->config.name);
    }
  return TRUE;
}

static gint64
to_bytes (guint64 blocks, guint64 block_size)
{
  guint64 bytes;
  if (!g_uint64_checked_mul (&bytes, blocks, block_size) || bytes > G_MAXINT64)
    return G_MAXINT64;
  return (gint64) bytes;
}

/* Returns TRUE when the root has become full, or is no longer. */
static gboolean
apply_measure_locked (PotooStorageRoot *root, const struct statvfs *st)
{
  gint64 hysteresis;
  gboolean was_full = root->full;

  root->total_bytes = to_bytes (st->f_blocks, st->f_frsize);
  root->free_bytes = to_bytes (st->f_bavail, st->f_frsize);
  root->min_free_bytes = root->config.min_free_percent > 0
                             ? root->total_bytes / 100 * root->config.min_free_percent
                             : root->config.min_free_bytes;
  hysteresis = was_full ? root->total_bytes / 100 * HYSTERESIS_PERCENT : 0;
  root->full = root->free_bytes - hysteresis <= root->min_free_bytes;
  return root->full != was_full;
}

gboolean
potoo_storage_root_measure (PotooStorageRoot *root, gboolean now)
{
  gint64 mono_us = potoo_clock_mono_us ();
  struct statvfs st;

  g_mutex_lock (&root->lock);
  gboolean due = now || root->measured_at_us == 0 ||
                 mono_us - root->measured_at_us >= MEASURE_INTERVAL_US;
  gboolean full = root->full;
  g_mutex_unlock (&root->lock);
  if (!due || potoo_disk_calls.fstatvfs (root->fd, &st) != 0)
    return !full;

  g_mutex_lock (&root->lock);
  root->measured_at_us = mono_us;
  gboolean changed = apply_measure_locked (root, &st);
  full = root->full;
  gint64 free_bytes = root->free_bytes, min_free_bytes = root->min_free_bytes;
  potoo_metric_set (root->total, root->total_bytes);
  g_mutex_unlock (&root->lock);

  potoo_metric_set (root->free, free_bytes);
  potoo_metric_set (root->is_full, full);
  if (changed && full)
    potoo_log_error (NULL,
                     "Storage root %s is full: %" G_GINT64_FORMAT
                     " bytes are free, min-free is %" G_GINT64_FORMAT
                     "; recording to it stops until there is more",
                     root->config.name, free_bytes, min_free_bytes);
  else if (changed)
    potoo_log_info (NULL, "Storage root %s has space again", root->config.name);
  return !full;
}

void
potoo_storage_root_note_failure (PotooStorageRoot *root, const char *camera, const GError *failure)
{
  g_mutex_lock (&root->lock);
  root->failed = TRUE;
  root->failed_at_us = potoo_clock_mono_us ();
  g_mutex_unlock (&root->lock);
  potoo_metric_add (root->failures, 1);
  potoo_metric_set (root->has_failed, 1);
  potoo_log_error (camera, "Storage root %s: %s", root->config.name, failure->message);
}

gboolean
potoo_storage_root_may_begin (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gboolean may = root->failed_at_us == 0 ||
                 potoo_clock_mono_us () - root->failed_at_us >= POTOO_BACK_OFF_US;
  g_mutex_unlock (&root->lock);
  return may;
}

PotooRootStatus *
potoo_storage_root_get_status (PotooStorageRoot *root)
{
  PotooRootStatus *status = g_new0 (PotooRootStatus, 1);

  status->name = g_strdup (root->config.name);
  status->path = g_strdup (root->config.path);
  status->row_id = root->row_id;
  g_mutex_lock (&root->lock);
  status->total_bytes = root->total_bytes;
  status->free_bytes = root->free_bytes;
  status->min_free_bytes = root->min_free_bytes;
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
  g_free (status);
}
