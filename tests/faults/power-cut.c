/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded (LD_PRELOAD): tells what a power cut would leave. What is done to the files and names
 * below the directory POTOO_TEST_POWER, and what of it is synced, is appended to a journal beside
 * it (`<directory>.journal`), from which tests/lib/potoo_power.py makes the disk after a cut.
 *
 * A record is written when its call has been made, before the caller goes on: so what the caller
 * may rely on is in the journal. Records of a sync stand before and behind it, since only what was
 * done before it began is durable. Files are told by their inode; the record of a name that is made
 * begins a new file, which may have the inode of one that is gone. Calls that change names wait for
 * each other, so that their records are in their order; all others run beside each other, as
 * without this. A process that is killed leaves at most a torn last record.
 *
 * Not seen: stdio, mmap (the shared memory beside a catalog, which no cut leaves), fallocate and
 * copy_file_range; a test compares the journal with the files. sync_file_range makes nothing
 * durable that POSIX knows of.
 *
 * POTOO_TEST_POWER_LIES: syncs of `files` or of `directories` are not told. */

#undef _FILE_OFFSET_BITS /* pwrite and pwrite64 are two symbols here */
#define _LARGEFILE64_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x52575050
#define NEXT(name)                                                                                 \
  static __typeof__ (&name) next;                                                                  \
  if (next == NULL)                                                                                \
  *(void **) &next = dlsym (RTLD_NEXT, #name)

/* As potoo_power.py reads them. */
enum
{
  CREATE = 1, /* a file, as `name` in `directory` */
  MKDIR,
  LINK,
  UNLINK,     /* a file or directory */
  RENAME,     /* `name` is the old one, a zero, the new one; `offset` is the new directory */
  WRITE,      /* `size` bytes follow */
  TRUNCATE,   /* to `offset` */
  SYNC_BEGIN, /* `offset`: the thread */
  SYNC_END,
};

typedef struct
{
  uint32_t magic;
  uint16_t op, name_size;
  uint64_t inode, directory;
  int64_t offset;
  uint64_t size;
  int64_t mono_ns;
} Record;

static int journal = -1;
static char watched[PATH_MAX];
static size_t watched_size;
static const char *lies;
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__ ((constructor)) static void
begin (void)
{
  const char *path = getenv ("POTOO_TEST_POWER");
  char name[PATH_MAX + 16];

  if (path == NULL || realpath (path, watched) == NULL)
    return;
  watched_size = strlen (watched);
  lies = getenv ("POTOO_TEST_POWER_LIES");
  snprintf (name, sizeof name, "%s.journal", watched);
  journal = openat (AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* --- the journal --- */

/* One write, so that records of several threads never mix. */
static void
append (Record record, const char *name, const struct iovec *data)
{
  NEXT (write);
  int saved = errno;
  struct timespec now;
  size_t size = sizeof record + record.name_size + record.size;
  char *buffer = malloc (size), *at = buffer + sizeof record;

  clock_gettime (CLOCK_MONOTONIC, &now);
  record.magic = MAGIC;
  record.mono_ns = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
  memcpy (buffer, &record, sizeof record);
  memcpy (at, name, record.name_size);
  at += record.name_size;
  for (size_t left = record.size; left > 0; data++)
    {
      size_t n = data->iov_len < left ? data->iov_len : left;
      if (n > 0)
        memcpy (at, data->iov_base, n);
      at += n;
      left -= n;
    }
  if (next (journal, buffer, size) != (ssize_t) size)
    abort (); /* a journal with holes proves nothing */
  free (buffer);
  errno = saved;
}

static bool
is_watched (int fd, struct stat *st)
{
  char link[64], target[PATH_MAX];

  if (journal < 0 || fstat (fd, st) != 0 || !(S_ISREG (st->st_mode) || S_ISDIR (st->st_mode)))
    return false;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink (link, target, sizeof target);
  return n >= (ssize_t) watched_size && memcmp (target, watched, watched_size) == 0 &&
         (n == (ssize_t) watched_size || target[watched_size] == '/');
}

static bool
is_watched_after (int fd, struct stat *st)
{
  int saved = errno;
  bool result = is_watched (fd, st);

  errno = saved;
  return result;
}

/* --- names --- */

typedef struct
{
  bool watched;
  uint64_t directory; /* its inode */
  uint64_t inode;     /* of what has the name; 0: nothing */
  char name[NAME_MAX + 1];
} Place;

static int
open_parent (int dir_fd, const char *path, const char *slash)
{
  NEXT (openat);
  char parent[PATH_MAX];
  int length = slash == NULL ? 0 : (int) (slash - path);

  if (slash == path)
    length = 1;
  snprintf (parent, sizeof parent, "%.*s", length, length > 0 ? path : ".");
  return next (dir_fd, length > 0 ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static Place
find_place (int dir_fd, const char *path)
{
  Place place = { .watched = false };
  const char *slash = strrchr (path, '/');
  struct stat st;
  int saved = errno, fd = journal >= 0 ? open_parent (dir_fd, path, slash) : -1;

  if (fd >= 0 && is_watched (fd, &st))
    {
      place.watched = true;
      place.directory = st.st_ino;
      snprintf (place.name, sizeof place.name, "%s", slash != NULL ? slash + 1 : path);
      if (fstatat (dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        place.inode = st.st_ino;
    }
  if (fd >= 0)
    close (fd);
  errno = saved;
  return place;
}

static void
tell_name (int op, const Place *place, uint64_t inode)
{
  append ((Record){ .op = (uint16_t) op,
                    .name_size = (uint16_t) strlen (place->name),
                    .inode = inode,
                    .directory = place->directory },
          place->name, NULL);
}

static int
do_open (int dir_fd, const char *path, int flags, mode_t mode)
{
  NEXT (openat64);
  struct stat st;

  if (journal < 0 || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE)
    return next (dir_fd, path, flags, mode);
  pthread_mutex_lock (&names_lock);
  Place place = find_place (dir_fd, path);
  int fd = next (dir_fd, path, flags, mode);
  if (fd >= 0 && place.watched && fstat (fd, &st) == 0)
    {
      if (place.inode == 0)
        tell_name (CREATE, &place, st.st_ino);
      else if (flags & O_TRUNC)
        append ((Record){ .op = TRUNCATE, .inode = st.st_ino }, "", NULL);
    }
  pthread_mutex_unlock (&names_lock);
  return fd;
}

static mode_t
read_mode (int flags, va_list arguments)
{
  return flags & O_CREAT ? (mode_t) va_arg (arguments, int) : 0;
}

#define OPEN(name)                                                                                 \
  int name (const char *path, int flags, ...)                                                      \
  {                                                                                                \
    va_list arguments;                                                                             \
    va_start (arguments, flags);                                                                   \
    mode_t mode = read_mode (flags, arguments);                                                    \
    va_end (arguments);                                                                            \
    return do_open (AT_FDCWD, path, flags, mode);                                                  \
  }
#define OPENAT(name)                                                                               \
  int name (int dir_fd, const char *path, int flags, ...)                                          \
  {                                                                                                \
    va_list arguments;                                                                             \
    va_start (arguments, flags);                                                                   \
    mode_t mode = read_mode (flags, arguments);                                                    \
    va_end (arguments);                                                                            \
    return do_open (dir_fd, path, flags, mode);                                                    \
  }
OPEN (open)
OPEN (open64)
OPENAT (openat)
OPENAT (openat64)

int
creat (const char *path, mode_t mode)
{
  return do_open (AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int
creat64 (const char *path, mode_t mode)
{
  return do_open (AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int
mkdirat (int dir_fd, const char *path, mode_t mode)
{
  NEXT (mkdirat);
  pthread_mutex_lock (&names_lock);
  int result = next (dir_fd, path, mode);
  if (result == 0)
    {
      Place place = find_place (dir_fd, path);
      if (place.watched)
        tell_name (MKDIR, &place, place.inode);
    }
  pthread_mutex_unlock (&names_lock);
  return result;
}

int
mkdir (const char *path, mode_t mode)
{
  return mkdirat (AT_FDCWD, path, mode);
}

int
unlinkat (int dir_fd, const char *path, int flags)
{
  NEXT (unlinkat);
  pthread_mutex_lock (&names_lock);
  Place place = find_place (dir_fd, path);
  int result = next (dir_fd, path, flags);
  if (result == 0 && place.watched)
    tell_name (UNLINK, &place, place.inode);
  pthread_mutex_unlock (&names_lock);
  return result;
}

int
unlink (const char *path)
{
  return unlinkat (AT_FDCWD, path, 0);
}

int
rmdir (const char *path)
{
  return unlinkat (AT_FDCWD, path, AT_REMOVEDIR);
}

int
linkat (int from_fd, const char *from, int to_fd, const char *to, int flags)
{
  NEXT (linkat);
  pthread_mutex_lock (&names_lock);
  int result = next (from_fd, from, to_fd, to, flags);
  if (result == 0)
    {
      Place place = find_place (to_fd, to);
      if (place.watched)
        tell_name (LINK, &place, place.inode);
    }
  pthread_mutex_unlock (&names_lock);
  return result;
}

int
link (const char *from, const char *to)
{
  return linkat (AT_FDCWD, from, AT_FDCWD, to, 0);
}

static void
tell_rename (const Place *from, const Place *to)
{
  char names[2 * NAME_MAX + 2];
  int size = snprintf (names, sizeof names, "%s%c%s", from->name, '\0', to->name);

  append ((Record){ .op = RENAME,
                    .name_size = (uint16_t) size,
                    .inode = from->inode,
                    .directory = from->directory,
                    .offset = (int64_t) to->directory },
          names, NULL);
}

int
renameat2 (int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
  NEXT (renameat2);
  pthread_mutex_lock (&names_lock);
  Place source = find_place (from_fd, from), target = find_place (to_fd, to);
  int result = next (from_fd, from, to_fd, to, flags);
  if (result == 0 && (source.watched || target.watched))
    tell_rename (&source, &target);
  pthread_mutex_unlock (&names_lock);
  return result;
}

int
renameat (int from_fd, const char *from, int to_fd, const char *to)
{
  return renameat2 (from_fd, from, to_fd, to, 0);
}

int
rename (const char *from, const char *to)
{
  return renameat2 (AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* --- bytes --- */

static void
tell_write (int fd, const struct iovec *data, ssize_t size, off64_t offset)
{
  struct stat st;

  if (size > 0 && is_watched_after (fd, &st))
    append ((Record){ .op = WRITE, .inode = st.st_ino, .offset = offset, .size = (uint64_t) size },
            "", data);
}

/* Where a write of @size bytes began that has moved the position of @fd. */
static off64_t
find_start (int fd, ssize_t size)
{
  int saved = errno;
  off64_t end = size > 0 ? lseek64 (fd, 0, SEEK_CUR) : 0;

  errno = saved;
  return end - size;
}

ssize_t
write (int fd, const void *data, size_t size)
{
  NEXT (write);
  ssize_t written = next (fd, data, size);
  tell_write (fd, &(struct iovec){ (void *) data, size }, written, find_start (fd, written));
  return written;
}

ssize_t
writev (int fd, const struct iovec *data, int n)
{
  NEXT (writev);
  ssize_t written = next (fd, data, n);
  tell_write (fd, data, written, find_start (fd, written));
  return written;
}

ssize_t
pwrite64 (int fd, const void *data, size_t size, off64_t offset)
{
  NEXT (pwrite64);
  ssize_t written = next (fd, data, size, offset);
  tell_write (fd, &(struct iovec){ (void *) data, size }, written, offset);
  return written;
}

ssize_t
pwrite (int fd, const void *data, size_t size, off_t offset)
{
  return pwrite64 (fd, data, size, offset);
}

int
ftruncate64 (int fd, off64_t size)
{
  NEXT (ftruncate64);
  struct stat st;
  int result = next (fd, size);
  if (result == 0 && is_watched_after (fd, &st))
    append ((Record){ .op = TRUNCATE, .inode = st.st_ino, .offset = size }, "", NULL);
  return result;
}

int
ftruncate (int fd, off_t size)
{
  return ftruncate64 (fd, size);
}

/* --- what makes it durable --- */

static void
tell_sync (int op, int fd)
{
  struct stat st;

  if (!is_watched_after (fd, &st) ||
      (lies != NULL && strcmp (lies, S_ISDIR (st.st_mode) ? "directories" : "files") == 0))
    return;
  append ((Record){ .op = (uint16_t) op, .inode = st.st_ino, .offset = syscall (SYS_gettid) }, "",
          NULL);
}

#define SYNC(name)                                                                                 \
  int name (int fd)                                                                                \
  {                                                                                                \
    NEXT (name);                                                                                   \
    tell_sync (SYNC_BEGIN, fd);                                                                    \
    int result = next (fd);                                                                        \
    if (result == 0)                                                                               \
      tell_sync (SYNC_END, fd);                                                                    \
    return result;                                                                                 \
  }
SYNC (fsync)
SYNC (fdatasync)
