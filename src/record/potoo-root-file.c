/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The id file and lock of a storage root. Used by the thread that attaches the root. The
 * file is written once in its life: whoever holds the lock is asked from
 * /proc/locks instead of being written into it. */

#include "record/potoo-root-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/potoo-error.h"

#define ROOT_FILE ".potoo-root"
#define TEMPORARY_FILE ".potoo-root.new"
#define GROUP "root"
#define FORMAT 1
#define MAX_FILE_SIZE 4096

/* A new file system is not empty: it has lost+found. -1 with an error. */
static int
is_empty (int dir_fd, const char *path, GError **error)
{
  gboolean empty = TRUE;
  int fd = openat (dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

  if (dir == NULL)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot list the storage root %s"), path);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  for (struct dirent *entry = readdir (dir); entry != NULL && empty; entry = readdir (dir))
    empty = g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, "..") ||
            g_str_equal (entry->d_name, "lost+found") ||
            g_str_equal (entry->d_name, TEMPORARY_FILE);
  closedir (dir);
  return empty;
}

/* There is no id file: whether one may be made. */
static gboolean
may_create (int dir_fd, const char *path, gboolean known, GError **error)
{
  int empty = is_empty (dir_fd, path, error);

  if (empty < 0 || (empty && !known))
    return empty > 0;
  if (empty)
    g_set_error (
        error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
        _ ("The directory %s is empty, and recordings are known to be there: its disk is not "
           "mounted; mount it, or, for a new disk, give the storage root another name"),
        path);
  else if (known)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                 _ ("The directory %s is not the storage root that it was (it has no %s): another "
                    "disk is mounted there, or none; mount the right one"),
                 path, ROOT_FILE);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("The directory %s is not empty and is no storage root (it has no %s): name an "
                    "empty directory, or one that Potoo has made"),
                 path, ROOT_FILE);
  return FALSE;
}

static gboolean
write_and_sync (int fd, const char *text)
{
  gsize size = strlen (text);
  return write (fd, text, size) == (ssize_t) size && fsync (fd) == 0;
}

/* Under another name first, so that a crash leaves the whole file or none. */
static gboolean
create (int dir_fd, const char *path, GError **error)
{
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *text = g_strdup_printf ("[" GROUP "]\nid=%s\nformat=%d\n", uuid, FORMAT);

  int fd = openat (dir_fd, TEMPORARY_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                   0640);
  gboolean written = fd >= 0 && write_and_sync (fd, text);
  int error_code = errno;
  if (fd >= 0)
    close (fd);
  if (written && renameat (dir_fd, TEMPORARY_FILE, dir_fd, ROOT_FILE) == 0 && fsync (dir_fd) == 0)
    return TRUE;
  potoo_set_error_errno (error, written ? errno : error_code,
                         _ ("Cannot write %s in the storage root %s"), ROOT_FILE, path);
  return FALSE;
}

static char *
read_uuid (int fd, const char *path, GError **error)
{
  char text[MAX_FILE_SIZE];
  g_autoptr (GKeyFile) file = g_key_file_new ();

  ssize_t n = pread (fd, text, sizeof text, 0);
  if (n < 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot read %s/%s"), path, ROOT_FILE);
      return NULL;
    }
  if (n == 0 || n == sizeof text ||
      !g_key_file_load_from_data (file, text, (gsize) n, G_KEY_FILE_NONE, NULL))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                   _ ("%s/%s is damaged: it is no key file with an id"), path, ROOT_FILE);
      return NULL;
    }
  int format = g_key_file_get_integer (file, GROUP, "format", NULL);
  if (format != FORMAT)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("The storage root %s has format %d and this version of Potoo knows %d only: "
                      "use the version that made it, or name another directory"),
                   path, format, FORMAT);
      return NULL;
    }
  g_autofree char *uuid = g_key_file_get_string (file, GROUP, "id", NULL);
  if (uuid != NULL && g_uuid_string_is_valid (uuid))
    return g_steal_pointer (&uuid);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, _ ("%s/%s is damaged: its id is no UUID"),
               path, ROOT_FILE);
  return NULL;
}

/* Who holds the flock, by proc(5): `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`. 0: not
 * known. */
static int
find_holder (int fd)
{
  struct stat st;
  g_autofree char *text = NULL;

  if (fstat (fd, &st) != 0 || !g_file_get_contents ("/proc/locks", &text, NULL, NULL))
    return 0;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      int pid;
      unsigned device_major, device_minor;
      unsigned long inode;
      if (sscanf (*line, "%*s FLOCK %*s %*s %d %x:%x:%lu", &pid, &device_major, &device_minor,
                  &inode) == 4 &&
          inode == st.st_ino && device_major == major (st.st_dev) &&
          device_minor == minor (st.st_dev))
        return pid;
    }
  return 0;
}

static gboolean
lock (int fd, const char *path, GError **error)
{
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot lock the storage root %s"), path);
      return FALSE;
    }
  int pid = find_holder (fd);
  if (pid == getpid ())
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                 _ ("The storage root %s is configured twice: each needs a directory of its own"),
                 path);
  else if (pid > 0)
    g_set_error (
        error, POTOO_ERROR, POTOO_ERROR_BUSY,
        _ ("The storage root %s is in use by another instance (process %d): stop it first"), path,
        pid);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                 _ ("The storage root %s is in use by another instance: stop it first"), path);
  return FALSE;
}

static int
open_file (int dir_fd, const char *path, gboolean known, GError **error)
{
  int fd = openat (dir_fd, ROOT_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    {
      if (!may_create (dir_fd, path, known, error) || !create (dir_fd, path, error))
        return -1;
      fd = openat (dir_fd, ROOT_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }
  struct stat st;
  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return fd;
  if (fd >= 0 || errno == ELOOP)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s/%s is not a regular file: remove it, it was not made by Potoo"), path,
                 ROOT_FILE);
  else
    potoo_set_error_errno (error, errno, _ ("Cannot open %s/%s"), path, ROOT_FILE);
  if (fd >= 0)
    close (fd);
  return -1;
}

int
potoo_root_file_lock (int dir_fd, const char *path, gboolean known, char **uuid, GError **error)
{
  int fd = open_file (dir_fd, path, known, error);
  if (fd < 0)
    return -1;
  if (lock (fd, path, error) && (*uuid = read_uuid (fd, path, error)) != NULL)
    return fd;
  close (fd);
  return -1;
}

gboolean
potoo_root_file_is_in_place (int dir_fd, guint64 inode)
{
  struct stat st;
  return fstatat (dir_fd, ROOT_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == inode;
}
