/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-state-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/potoo-error.h"

static gint64
read_pid (int fd)
{
  char text[32] = { 0 };
  ssize_t n = pread (fd, text, sizeof text - 1, 0);
  return n > 0 ? g_ascii_strtoll (text, NULL, 10) : 0;
}

static void
write_pid (int fd)
{
  char text[32];
  int length = g_snprintf (text, sizeof text, "%ld\n", (long) getpid ());
  if (ftruncate (fd, 0) == 0)
    length -= (int) pwrite (fd, text, (gsize) length, 0);
}

int
potoo_state_dir_lock (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) != 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot make the state directory %s"), path);
      return -1;
    }
  g_autofree char *lock_path = g_build_filename (path, "lock", NULL);
  int fd = open (lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot write to the state directory %s"), path);
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      int saved = errno;
      if (saved == EWOULDBLOCK)
        g_set_error (
            error, POTOO_ERROR, POTOO_ERROR_BUSY,
            _ ("The state directory %s is in use by another potoo (process %lld): stop it, or "
               "choose another with --state-dir"),
            path, (long long) read_pid (fd));
      else
        potoo_set_error_errno (error, saved, _ ("Cannot lock the state directory %s"), path);
      close (fd);
      return -1;
    }
  write_pid (fd);
  return fd;
}
