/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is at the path of a storage root: found by its id, attached, detached, tried. The
 * descriptors of an attached root live until it is detached or the last reference goes: a writer
 * that hangs in a dead disk keeps them. */

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-root-file.h"
#include "record/potoo-storage-root-private.h"

#define PROBE_FILE ".potoo-probe"
#define PROBE_BYTES 4096

PotooDiskCalls potoo_disk_calls = { writev, pwrite, fdatasync, fstatvfs };

PotooStorageRoot *
potoo_storage_root_new (PotooConfig *config, unsigned index, PotooCatalog *catalog)
{
  PotooStorageRoot *root = g_new0 (PotooStorageRoot, 1);
  unsigned n;

  root->config = potoo_config_ref (config);
  root->settings = &potoo_config_get_roots (config, &n)[index];
  g_assert (index < n);
  root->catalog = g_object_ref (catalog);
  root->fd = root->lock_fd = -1;
  root->trouble = root->published = POTOO_ROOT_MISSING;
  root->since_us = potoo_clock_mono_us ();
  g_atomic_ref_count_init (&root->ref_count);
  g_mutex_init (&root->lock);
  g_mutex_init (&root->watch_lock);
  potoo_root_status_make_metrics (root);
  return root;
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
  potoo_storage_root_detach (root);
  potoo_root_status_free_metrics (root);
  g_mutex_clear (&root->lock);
  g_mutex_clear (&root->watch_lock);
  g_free (root->uuid);
  g_free (root->reason);
  g_object_unref (root->catalog);
  potoo_config_unref (root->config);
  g_free (root);
}

const char *
potoo_storage_root_get_name (PotooStorageRoot *root)
{
  return root->settings->name;
}

const char *
potoo_storage_root_get_path (PotooStorageRoot *root)
{
  return root->settings->path;
}

unsigned
potoo_storage_root_get_priority (PotooStorageRoot *root)
{
  return root->settings->priority;
}

char *
potoo_storage_root_dup_uuid (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  char *uuid = g_strdup (root->uuid);
  g_mutex_unlock (&root->lock);
  return uuid;
}

gint64
potoo_storage_root_get_row_id (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gint64 row_id = root->row_id;
  g_mutex_unlock (&root->lock);
  return row_id;
}

gboolean
potoo_storage_root_is_attached (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  gboolean attached = root->fd >= 0;
  g_mutex_unlock (&root->lock);
  return attached;
}

/* --- what can only be a mistake --- */

gboolean
potoo_storage_root_check_paths (PotooConfig *config, GError **error)
{
  unsigned n;
  const PotooConfigRoot *roots = potoo_config_get_roots (config, &n);
  g_autoptr (GPtrArray) real = g_ptr_array_new_with_free_func (free);

  for (unsigned i = 0; i < n; i++)
    {
      struct stat st;
      g_ptr_array_add (real, realpath (roots[i].path, NULL));
      if (real->pdata[i] == NULL || stat (roots[i].path, &st) != 0)
        continue;
      if (!S_ISDIR (st.st_mode))
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                       _ ("The storage root %s is not a directory: name a directory"),
                       roots[i].path);
          return FALSE;
        }
      for (unsigned j = 0; j < i; j++)
        {
          const PotooConfigRoot a = { .path = real->pdata[i] }, b = { .path = real->pdata[j] };
          if (b.path == NULL || !potoo_config_root_overlaps (&a, &b))
            continue;
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                       _ ("The storage roots %s and %s are one directory or lie one inside the "
                          "other, by way of a link: give each its own"),
                       roots[j].path, roots[i].path);
          return FALSE;
        }
    }
  return TRUE;
}

/* --- attaching --- */

/* A directory that is found, before it is the root's. */
typedef struct
{
  int fd, lock_fd;
  char *uuid;
} Found;

static void
found_clear (Found *found)
{
  if (found->lock_fd >= 0)
    close (found->lock_fd);
  if (found->fd >= 0)
    close (found->fd);
  g_free (found->uuid);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

static gboolean
is_configured (PotooConfig *config, const char *name)
{
  unsigned n;
  const PotooConfigRoot *roots = potoo_config_get_roots (config, &n);

  for (unsigned i = 0; i < n; i++)
    if (g_str_equal (roots[i].name, name))
      return TRUE;
  return FALSE;
}

/* What the catalog knows of a root of this name, the newest if an older version let there be
 * several. Its recordings are known though its disk may never be found. */
static gboolean
look_up (PotooStorageRoot *root, GPtrArray *rows)
{
  gboolean known = FALSE;

  g_mutex_lock (&root->lock);
  for (guint i = 0; i < rows->len; i++)
    {
      const PotooRootRow *row = rows->pdata[i];
      if (!g_str_equal (row->name, root->settings->name))
        continue;
      known = TRUE;
      root->row_id = row->id;
    }
  g_mutex_unlock (&root->lock);
  return known;
}

/* Only the last level is made: a missing parent is a disk that is not mounted
 * rather than a new root. */
static gboolean
make_directory (const char *path, GError **error)
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
      return TRUE;
    }
  if (errno == EEXIST)
    return TRUE;
  if (errno == ENOENT)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                 _ ("Cannot make the storage root %s: the directory above it does not exist; mount "
                    "the disk or make the directory"),
                 path);
  else
    potoo_set_error_errno (error, errno, _ ("Cannot make the storage root %s"), path);
  return FALSE;
}

static int
open_directory (const char *path, gboolean known, GError **error)
{
  if (!known && !make_directory (path, error))
    return -1;
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOTDIR)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("The storage root %s is not a directory: name a directory"), path);
  else if (fd < 0 && errno == ENOENT)
    g_set_error (
        error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
        _ ("The directory %s is gone, and recordings are known to be there: mount its disk, "
           "or, for a new disk, give the storage root another name"),
        path);
  else if (fd < 0)
    potoo_set_error_errno (error, errno, _ ("Cannot open the storage root %s"), path);
  return fd;
}

/* The disk that is there must be the one that belongs there. */
static gboolean
check_identity (PotooStorageRoot *root, const char *uuid, GPtrArray *rows, GError **error)
{
  const char *expected = NULL;

  for (guint i = 0; i < rows->len; i++)
    {
      const PotooRootRow *row = rows->pdata[i];
      gboolean same_name = g_str_equal (row->name, root->settings->name);
      if (same_name && g_str_equal (row->uuid, uuid))
        return TRUE;
      if (same_name)
        expected = row->uuid;
      else if (g_str_equal (row->uuid, uuid) && is_configured (root->config, row->name))
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                       _ ("The disk at %s is that of the storage root %s, or a copy of it (id %s): "
                          "mount each where it belongs"),
                       root->settings->path, row->name, uuid);
          return FALSE;
        }
    }
  if (expected == NULL)
    return TRUE;
  g_set_error (
      error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
      _ ("The disk at %s is another one (id %s, %s belongs there): mount the right one, or, "
         "to keep this one, give the storage root another name"),
      root->settings->path, uuid, expected);
  return FALSE;
}

/* A group under a new name begins a new root, on purpose. By mistake it would be the mount point of
 * a disk that is known by its old name. */
static void
warn_when_replaced (PotooStorageRoot *root, const char *uuid, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    {
      const PotooRootRow *row = rows->pdata[i];
      if (g_str_equal (row->path, root->settings->path) && !g_str_equal (row->uuid, uuid))
        potoo_log_warning (
            NULL,
            "Storage root %s: the directory %s is not the one it was under the name %s (id %s, was "
            "%s): is its disk mounted?",
            root->settings->name, row->path, row->name, uuid, row->uuid);
    }
}

static gboolean
find (PotooStorageRoot *root, Found *found, GPtrArray *rows, GError **error)
{
  const char *path = root->settings->path;
  gboolean known = look_up (root, rows);

  found->fd = open_directory (path, known, error);
  if (found->fd < 0)
    return FALSE;
  found->lock_fd = potoo_root_file_lock (found->fd, path, known, &found->uuid, error);
  if (found->lock_fd < 0 || !check_identity (root, found->uuid, rows, error))
    return FALSE;
  if (!known)
    warn_when_replaced (root, found->uuid, rows);
  return TRUE;
}

static gboolean
take_over (PotooStorageRoot *root, Found *found, GError **error)
{
  struct stat st, file;

  if (fstat (found->fd, &st) != 0 || fstat (found->lock_fd, &file) != 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot look at the storage root %s"),
                             root->settings->path);
      return FALSE;
    }
  gint64 row_id = potoo_catalog_register_root (root->catalog, found->uuid, root->settings->name,
                                               root->settings->path, error);
  if (row_id == 0)
    return FALSE;
  root->device = st.st_dev;
  root->inode = st.st_ino;
  root->file_inode = file.st_ino;
  root->lock_fd = found->lock_fd;
  found->lock_fd = -1;
  g_mutex_lock (&root->lock);
  root->fd = found->fd;
  found->fd = -1;
  g_free (root->uuid);
  root->uuid = g_steal_pointer (&found->uuid);
  root->row_id = row_id;
  root->lost = FALSE;
  g_mutex_unlock (&root->lock);
  return TRUE;
}

static PotooRootState
state_of_error (const GError *error)
{
  switch (potoo_error_code_of (error))
    {
    case POTOO_ERROR_NOT_FOUND:
      return POTOO_ROOT_MISSING;
    case POTOO_ERROR_FORBIDDEN:
      return POTOO_ROOT_READ_ONLY;
    case POTOO_ERROR_INVALID_ARGUMENT:
    case POTOO_ERROR_CONFLICT:
      return POTOO_ROOT_FOREIGN;
    case POTOO_ERROR_DISK_FULL:
      return POTOO_ROOT_FULL;
    default:
      return POTOO_ROOT_FAILED;
    }
}

gboolean
potoo_storage_root_attach (PotooStorageRoot *root, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_auto (Found) found = { .fd = -1, .lock_fd = -1 };
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (root->catalog, &local);
  g_autoptr (GPtrArray) rows = reader != NULL ? potoo_catalog_reader_list_roots (reader, &local)
                                              : NULL;

  g_return_val_if_fail (root->lock_fd < 0, FALSE);

  if (rows == NULL || !find (root, &found, rows, &local) || !take_over (root, &found, &local))
    {
      potoo_storage_root_set_trouble (root, state_of_error (local), local->message);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

void
potoo_storage_root_detach (PotooStorageRoot *root)
{
  g_mutex_lock (&root->lock);
  int fd = root->fd;
  root->fd = -1;
  root->total_bytes = root->free_bytes = root->min_free_bytes = 0;
  root->measured_at_us = 0;
  root->full = FALSE;
  g_mutex_unlock (&root->lock);
  if (fd >= 0)
    close (fd);
  if (root->lock_fd >= 0)
    close (root->lock_fd);
  root->lock_fd = -1;
}

/* --- trying --- */

gboolean
potoo_storage_root_is_in_place (PotooStorageRoot *root)
{
  struct stat st;
  return stat (root->settings->path, &st) == 0 && st.st_dev == root->device &&
         st.st_ino == root->inode && potoo_root_file_is_in_place (root->fd, root->file_inode);
}

/* A small file written, synced and removed. */
static gboolean
try_write (PotooStorageRoot *root, GError **error)
{
  static const char zeros[PROBE_BYTES];
  struct iovec iov = { (void *) zeros, sizeof zeros };

  unlinkat (root->fd, PROBE_FILE, 0);
  int fd = openat (root->fd, PROBE_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   0640);
  gboolean done = fd >= 0 && potoo_disk_calls.writev (fd, &iov, 1) == sizeof zeros &&
                  potoo_disk_calls.fdatasync (fd) == 0;
  int error_code = errno;
  if (fd >= 0)
    {
      close (fd);
      unlinkat (root->fd, PROBE_FILE, 0);
    }
  if (!done)
    potoo_set_error_errno (
        error, error_code,
        _ ("Cannot write to the storage root %s (its owner must be the user that "
           "Potoo runs as, and its disk mounted for writing)"),
        root->settings->path);
  return done;
}

gboolean
potoo_storage_root_probe (PotooStorageRoot *root)
{
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (root->lock_fd >= 0, FALSE);

  potoo_storage_root_measure (root, TRUE);
  g_mutex_lock (&root->lock);
  gboolean lost = root->lost;
  g_mutex_unlock (&root->lock);
  if (!lost && try_write (root, &error))
    return TRUE;
  if (!lost)
    potoo_storage_root_set_trouble (root, state_of_error (error), error->message);
  return FALSE;
}
