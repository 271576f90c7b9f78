/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Paths below a storage root. Any thread: each call begins with a descriptor of its own of the
 * root's directory, since the root may be detached at any moment. */

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "record/potoo-storage-root-private.h"

#define MAX_PATH_LEVELS 3 /* camera, day, file */
#define MAKE_TRIES 3

/* -1 with POTOO_ERROR_UNAVAILABLE when nothing is attached. */
static int
dup_top (PotooStorageRoot *root, GError **error)
{
  g_mutex_lock (&root->lock);
  int fd = root->fd >= 0 ? fcntl (root->fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (fd < 0 && root->fd >= 0)
    potoo_set_error_errno (error, errno, _ ("Cannot open the storage root %s"),
                           root->settings->path);
  else if (fd < 0)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                 _ ("The storage root %s is not there: %s"), root->settings->name,
                 root->reason != NULL ? root->reason : root->settings->path);
  g_mutex_unlock (&root->lock);
  return fd;
}

/* Who lists the directory needs a position of its own; and the lock is not held meanwhile, since
 * the disk may hang. */
static int
open_top (PotooStorageRoot *root, GError **error)
{
  int fd = dup_top (root, error);

  if (fd < 0)
    return -1;
  int own = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0)
    potoo_set_error_errno (error, errno, _ ("Cannot open the storage root %s"),
                           root->settings->path);
  close (fd);
  return own;
}

static int
open_level (PotooStorageRoot *root, int parent_fd, const char *name, gboolean make, GError **error)
{
  if (make && mkdirat (parent_fd, name, 0750) != 0 && errno != EEXIST)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot make the directory %s in %s"), name,
                             root->settings->path);
      return -1;
    }
  if (make && fsync (parent_fd) != 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot sync the directory above %s in %s"), name,
                             root->settings->path);
      return -1;
    }
  int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s in %s is not a directory"), name, root->settings->path);
  else if (fd < 0)
    potoo_set_error_errno (error, errno, _ ("Cannot open the directory %s in %s"), name,
                           root->settings->path);
  return fd;
}

static int
open_levels (PotooStorageRoot *root, char **levels, gboolean make, GError **error)
{
  int fd = open_top (root, error);

  for (char **level = levels; *level != NULL && fd >= 0; level++)
    {
      int next = open_level (root, fd, *level, make, error);
      close (fd);
      fd = next;
    }
  return fd;
}

int
potoo_storage_root_open_directory (PotooStorageRoot *root,
                                   const char *path,
                                   gboolean make,
                                   GError **error)
{
  g_auto (GStrv) levels = g_strsplit (path, "/", MAX_PATH_LEVELS + 1);
  GError *failure = NULL;
  int fd = open_levels (root, levels, make, &failure);

  /* Eviction may find a level empty that was just made, and remove it. */
  for (int i = 1;
       make && i < MAKE_TRIES && g_error_matches (failure, POTOO_ERROR, POTOO_ERROR_NOT_FOUND); i++)
    {
      g_clear_error (&failure);
      fd = open_levels (root, levels, make, &failure);
    }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return fd;
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
    potoo_set_error_errno (error, error_code, _ ("Cannot open %s in %s"), path,
                           root->settings->path);
  else if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("%s in %s is not a regular file"), path, root->settings->path);
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
    potoo_set_error_errno (error, errno, _ ("Cannot remove %s in %s"), path, root->settings->path);
  close (dir_fd);
  return done;
}
