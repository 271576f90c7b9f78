/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/* Shared by potoo-storage-root.c (what is at the path), potoo-root-paths.c (what is below it),
 * potoo-root-space.c (what fits) and potoo-root-status.c (how it is). */

#define POTOO_N_ROOT_STATES (POTOO_ROOT_FOREIGN + 1)

struct _PotooStorageRoot
{
  gatomicrefcount ref_count;
  PotooConfig *config; /* whole: names of the others */
  const PotooConfigRoot *settings;
  PotooCatalog *catalog;

  /* Of the directory that is attached. Changed only by the thread that attaches and detaches. */
  int lock_fd;
  guint64 device, inode, file_inode;

  gint64 busy_since_us; /* atomic, monotonic: a turn of the writer's thread; 0: it sleeps */

  GMutex lock; /* protects what follows; no other lock is taken under it */
  int fd;      /* -1: not attached */
  char *uuid;  /* (nullable): of what was attached last */
  gint64 row_id;
  gint64 total_bytes, free_bytes, min_free_bytes;
  gint64 used_bytes, headroom_bytes;
  gint64 written_bytes; /* since the rate was measured */
  gint64 rate;          /* bytes a second that are written */
  gint64 rated_at_us;   /* monotonic; 0: never */
  gboolean full;        /* as measured */
  gboolean failed;      /* the last write or sync */
  gboolean stalled;
  gboolean lost;                                      /* the path leads to something else */
  PotooRootState trouble;                             /* OK: none but what the flags say */
  char *reason;                                       /* of the trouble */
  gint64 measured_at_us, failed_at_us, pressed_at_us; /* monotonic; 0: never */
  PotooRootState published;
  gint64 since_us; /* of the state published */
  gint64 ok_since_us;
  gboolean told; /* at least once */

  GMutex watch_lock; /* held while they are called; no other lock is held then */
  PotooRootWatch watch;

  PotooMetric *total, *free, *used, *is_full, *has_failed, *failures;
  PotooMetric *syncs, *sync_time, *sync_max;
  PotooMetric *states[POTOO_N_ROOT_STATES];
};

void potoo_root_status_make_metrics (PotooStorageRoot *root);
void potoo_root_status_free_metrics (PotooStorageRoot *root);

/* Space and quota into @status. Under the lock. */
void potoo_root_space_fill_locked (PotooStorageRoot *root, PotooRootStatus *status);

/* To be called after whatever can change the state, without the lock. */
void potoo_storage_root_publish (PotooStorageRoot *root);
/* Something is wrong; takes effect at once. */
void potoo_storage_root_set_trouble (PotooStorageRoot *root, PotooRootState state, const char *why);
/* The path leads to something else. */
void potoo_storage_root_lose (PotooStorageRoot *root);
/* Whether the path still leads to what is attached. */
gboolean potoo_storage_root_is_in_place (PotooStorageRoot *root);

G_END_DECLS
