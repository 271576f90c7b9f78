/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/statvfs.h>
#include <sys/uio.h>

#include "config/potoo-config.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/**
 * PotooStorageRoot:
 *
 * One directory that segments are written to, known by the id in its `.potoo-root`
 * and locked (flock) as long as it is open. Every path below it is opened
 * step by step from its directory, without following symbolic links.
 *
 * Any thread; one lock inside protects the published status. Functions that touch the
 * disk block.
 */
typedef struct _PotooStorageRoot PotooStorageRoot;

/* The system calls that can fail because of a disk; tests replace them, before
 * the first thread. */
typedef struct
{
  ssize_t (*writev) (int fd, const struct iovec *iov, int n);
  ssize_t (*pwrite) (int fd, const void *data, size_t size, off_t offset);
  int (*fdatasync) (int fd);
  int (*fstatvfs) (int fd, struct statvfs *st);
} PotooDiskCalls;
extern PotooDiskCalls potoo_disk_calls;

/* Makes the directory (not its parents) and its id file when there is none,
 * locks it and registers it in @catalog. Errors name the path and the remedy. (transfer full) */
PotooStorageRoot *
potoo_storage_root_open (const PotooConfigRoot *config, PotooCatalog *catalog, GError **error);
PotooStorageRoot *potoo_storage_root_ref (PotooStorageRoot *root);
void potoo_storage_root_unref (PotooStorageRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStorageRoot, potoo_storage_root_unref)

const char *potoo_storage_root_get_name (PotooStorageRoot *root);
const char *potoo_storage_root_get_path (PotooStorageRoot *root);
const char *potoo_storage_root_get_uuid (PotooStorageRoot *root);
gint64 potoo_storage_root_get_row_id (PotooStorageRoot *root);
int potoo_storage_root_get_fd (PotooStorageRoot *root); /* the root's */

/* --- paths below the root, relative to it --- */

/* Opens the directory @path, made durably when @make (0750; every level is
 * synced once more, since an earlier run may have died before it did that). -1 with an error. */
int potoo_storage_root_open_directory (PotooStorageRoot *root,
                                       const char *path,
                                       gboolean make,
                                       GError **error);
/* Opens a regular file with open(2) @flags; never makes one. */
int
potoo_storage_root_open_file (PotooStorageRoot *root, const char *path, int flags, GError **error);
/* Unlinks and syncs the directory. A missing file is no error. */
gboolean potoo_storage_root_unlink (PotooStorageRoot *root, const char *path, GError **error);

/* --- what is measured --- */

/* fdatasync of @fd, timed into the metrics. FALSE with errno as an error. */
gboolean potoo_storage_root_sync (PotooStorageRoot *root, int fd, GError **error);

/* Reads free space when that was done longer than a second ago, or @now. Returns
 * whether the root may be written to: full begins at min-free and ends at 1 % more. */
gboolean potoo_storage_root_measure (PotooStorageRoot *root, gboolean now);

/* The last write or fsync failed; forgotten with the next sync that succeeds. For
 * POTOO_BACK_OFF_US after a failure nothing new is begun: may_begin() is FALSE. */
#define POTOO_BACK_OFF_US G_GINT64_CONSTANT (1000000)
void
potoo_storage_root_note_failure (PotooStorageRoot *root, const char *camera, const GError *failure);
gboolean potoo_storage_root_may_begin (PotooStorageRoot *root);

PotooRootStatus *potoo_storage_root_get_status (PotooStorageRoot *root); /* (transfer full) */

G_END_DECLS
