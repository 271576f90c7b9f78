/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded (LD_PRELOAD): a disk that fails on command. The file named by POTOO_TEST_DISK holds a
 * directory and what writes and syncs of files below it do, on a line each: a number is the errno
 * that they fail with, `sync ` and a number that of syncs alone, `hang` makes them wait until it
 * says something else. */

#undef _FILE_OFFSET_BITS /* pwrite and pwrite64 are two symbols here */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define POLL_US 5000

static int
read_command (char *directory, char *what)
{
  const char *path = getenv ("POTOO_TEST_DISK");
  FILE *file = path != NULL ? fopen (path, "re") : NULL;
  int n = file != NULL ? fscanf (file, "%4095[^\n]\n%15[^\n]", directory, what) : 0;
  if (file != NULL)
    fclose (file);
  return n == 2;
}

static int
read_errno (const char *what, int syncs)
{
  static const char only_syncs[] = "sync ";

  if (strncmp (what, only_syncs, strlen (only_syncs)) == 0)
    return syncs ? atoi (what + strlen (only_syncs)) : 0;
  return atoi (what);
}

/* The errno that a call on @fd, of @syncs or else a write, fails with; 0: none. */
static int
meet_fault (int fd, int syncs)
{
  char directory[PATH_MAX], what[16], link[64], target[PATH_MAX];

  while (read_command (directory, what))
    {
      snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
      ssize_t n = readlink (link, target, sizeof target - 1);
      if (n < 0)
        return 0;
      target[n] = '\0';
      if (strncmp (target, directory, strlen (directory)) != 0 || target[strlen (directory)] != '/')
        return 0;
      if (strcmp (what, "hang") != 0)
        return read_errno (what, syncs);
      usleep (POLL_US);
    }
  return 0;
}

#define CALL(type, name, syncs, parameters, arguments)                                             \
  type name parameters;                                                                            \
  type name parameters                                                                             \
  {                                                                                                \
    static type (*next) parameters;                                                                \
    int fault = meet_fault (fd, syncs);                                                            \
    if (next == NULL)                                                                              \
      *(void **) &next = dlsym (RTLD_NEXT, #name);                                                 \
    if (fault == 0)                                                                                \
      return next arguments;                                                                       \
    errno = fault;                                                                                 \
    return -1;                                                                                     \
  }

CALL (ssize_t, writev, 0, (int fd, const struct iovec *iov, int n), (fd, iov, n))
CALL (ssize_t,
      pwrite,
      0,
      (int fd, const void *data, size_t size, off_t offset),
      (fd, data, size, offset))
CALL (ssize_t,
      pwrite64,
      0,
      (int fd, const void *data, size_t size, off64_t offset),
      (fd, data, size, offset))
CALL (int, fdatasync, 1, (int fd), (fd))
