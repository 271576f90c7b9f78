/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/statvfs.h>
#include <sys/uio.h>

#include "config/potoo-config.h"
#include "catalog/potoo-catalog.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/**
 * PotooStorageRoot:
 *
 * One directory that segments are written to, known by the id in its `.potoo-root`
 * and locked (flock) as long as it is attached. Its path may lead to nothing, or to another disk,
 * at the start or at any later moment: then the root is not OK, tells why, and nothing is written
 * by that path. Every path below it is opened step by step from its directory, without following
 * symbolic links.
 *
 * new → attach, as often as it takes → detach. Only one thread attaches and detaches: main before
 * the root's writer runs, then the writer's. Other functions: any thread; those that touch the disk
 * block.
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

/* The root at @index of @config, not attached. (transfer full) */
PotooStorageRoot *
potoo_storage_root_new (PotooConfig *config, unsigned index, PotooCatalog *catalog);
PotooStorageRoot *potoo_storage_root_ref (PotooStorageRoot *root);
void potoo_storage_root_unref (PotooStorageRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStorageRoot, potoo_storage_root_unref)

const char *potoo_storage_root_get_name (PotooStorageRoot *root);
const char *potoo_storage_root_get_path (PotooStorageRoot *root);
unsigned potoo_storage_root_get_priority (PotooStorageRoot *root);
/* What is, or was, attached; NULL and 0: nothing yet. (transfer full) (nullable) */
char *potoo_storage_root_dup_uuid (PotooStorageRoot *root);
gint64 potoo_storage_root_get_row_id (PotooStorageRoot *root);

/* --- what is at the path --- */

/* POTOO_ERROR_INVALID_CONFIG for what can only be a mistake: a root that is a file, or one inside
 * another by way of links. What cannot be looked at now is passed over. */
gboolean potoo_storage_root_check_paths (PotooConfig *config, GError **error);

/* Finds the root's directory by its id, locks it and registers it in the catalog. A root that the
 * catalog does not know is made: the directory (not its parents) and its id file. One that it
 * knows never is: an empty directory is then a mount point without its disk. An error names
 * the path and the remedy, and becomes the root's state and reason. */
gboolean potoo_storage_root_attach (PotooStorageRoot *root, GError **error);
/* Lets go of the directory, so that its disk can be unmounted. */
void potoo_storage_root_detach (PotooStorageRoot *root);
gboolean potoo_storage_root_is_attached (PotooStorageRoot *root);
/* Whether the path leads to something else meanwhile: what is open there is given up. */
gboolean potoo_storage_root_is_lost (PotooStorageRoot *root);
/* Measures and tries a write. FALSE: the newest reason is told. For an attached root. */
gboolean potoo_storage_root_probe (PotooStorageRoot *root);
/* It can be written to, and was recovered. */
void potoo_storage_root_set_ok (PotooStorageRoot *root);

/* --- paths below the root, relative to it --- */

/* Opens the directory @path, "" for the root's own, made durably when @make (0750; every level is
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

/* --- how it is --- */

PotooRootState potoo_storage_root_get_state (PotooStorageRoot *root);
/* Full, and nothing else: what is open may go on to its next key fragment. */
gboolean potoo_storage_root_is_just_full (PotooStorageRoot *root);
/* Monotonic time since which the state has been OK; 0 when it is not, 1 when it always was. */
gint64 potoo_storage_root_get_ok_since_us (PotooStorageRoot *root);
PotooRootStatus *potoo_storage_root_get_status (PotooStorageRoot *root); /* (transfer full) */

/* Called in the thread that caused it; they must not block. */
typedef struct
{
  void (*changed) (gpointer user_data); /* the state is another one (nullable) */
  gpointer changed_data;
  PotooPressureFunc pressure; /* (nullable) */
  gpointer pressure_data;
} PotooRootWatch;
/* @watch: (nullable). No call is under way when this returns. */
void potoo_storage_root_set_watch (PotooStorageRoot *root, const PotooRootWatch *watch);

/* fdatasync of @fd, timed into the metrics. FALSE with errno as an error. */
gboolean potoo_storage_root_sync (PotooStorageRoot *root, int fd, GError **error);

/* Once a second, or @now: reads free space, and looks whether the path still leads to the root.
 * Full begins at min-free, or at the quota, and ends at 1 % more. */
void potoo_storage_root_measure (PotooStorageRoot *root, gboolean now);

/* Measures when due. Whether a fragment may be written: @begins, to a new segment; else to the one
 * that is open, which takes what follows up to the next key fragment when the root has just
 * become full. FALSE with the cause of the gap. The writer's thread. */
gboolean potoo_storage_root_may_write (PotooStorageRoot *root,
                                       gboolean begins,
                                       gboolean key,
                                       PotooGapCause *cause);

/* A write, a sync or the making of a file failed; it counts until the next sync that succeeds. For
 * POTOO_BACK_OFF_US after a failure nothing new is begun. */
#define POTOO_BACK_OFF_US G_GINT64_CONSTANT (1000000)
void
potoo_storage_root_note_failure (PotooStorageRoot *root, const char *camera, const GError *failure);
/* What was written, or, less than 0, removed: counts for the quota. */
void potoo_storage_root_add_used (PotooStorageRoot *root, gint64 bytes);
/* What the catalog says lies there. Blocks on the catalog. */
void potoo_storage_root_read_used (PotooStorageRoot *root);

/* --- calls that do not come back --- */

/* A turn of the writer's thread that takes longer is a stall; tests replace it, before the first
 * thread. */
extern gint64 potoo_stall_us;
/* The writer's thread: it does something on the disk from @mono_us on; 0: it sleeps. Ends a
 * stall. */
void potoo_storage_root_set_busy (PotooStorageRoot *root, gint64 mono_us);
/* Main thread: whether there is a stall now. */
gboolean potoo_storage_root_check_stall (PotooStorageRoot *root);

G_END_DECLS
