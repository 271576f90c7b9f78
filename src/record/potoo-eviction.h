/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/**
 * PotooEviction:
 *
 * Deletes segments. A thread for each storage root does it, so that a disk that hangs holds up
 * no other; writers share nothing with it but their disk. Of a batch all rows are marked
 * `deleting` in one transaction, durable → files unlinked → directories synced → rows dropped;
 * whatever a crash leaves of that the next start completes. Directories of cameras and days
 * that have become empty go too. What cannot be unlinked is a segment again.
 *
 * Who has a file open keeps what it opened.
 */
#define POTOO_TYPE_EVICTION (potoo_eviction_get_type ())
G_DECLARE_FINAL_TYPE (PotooEviction, potoo_eviction, POTOO, EVICTION, GObject)

#define POTOO_EVICTION_BATCH 16

/* @roots: (element-type PotooStorageRoot). Main thread. */
PotooEviction *potoo_eviction_new (PotooCatalog *catalog, GPtrArray *roots);
/* Ends the threads after the batch that each is at; blocks at most @timeout_us, then leaves one
 * that hangs in a disk behind. What waits is answered with POTOO_ERROR_UNAVAILABLE. Main thread. */
void potoo_eviction_stop (PotooEviction *eviction, gint64 timeout_us);

/**
 * potoo_eviction_delete_async:
 * @segment: its row, as it was read
 *
 * Deletes one segment because somebody asks for it; no guarantee holds it. It is done when its file
 * and row are gone. Any thread; the callback comes in the caller's thread-default context.
 *
 * Errors: POTOO_ERROR_NOT_FOUND when it is gone meanwhile; POTOO_ERROR_CONFLICT while it is being
 * written or is locked; POTOO_ERROR_UNAVAILABLE when its root is not there; POTOO_ERROR_BUSY when
 * too many wait (POTOO_EVICTION_MAX_WAITING for each root); the system's when it cannot be
 * unlinked.
 */
void potoo_eviction_delete_async (PotooEviction *eviction,
                                  const PotooSegment *segment,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean
potoo_eviction_delete_finish (PotooEviction *eviction, GAsyncResult *result, GError **error);

#define POTOO_EVICTION_MAX_WAITING 64

/* --- for retention --- */

typedef enum
{
  POTOO_EVICTION_AGE,     /* older than it may be */
  POTOO_EVICTION_CAMERA,  /* its camera has more than it may have */
  POTOO_EVICTION_ROOT,    /* the root needs the space */
  POTOO_EVICTION_REQUEST, /* somebody asked for it */
  POTOO_EVICTION_N_REASONS,
} PotooEvictionReason;

const char *potoo_eviction_reason_to_string (PotooEvictionReason reason); /* "age" */

/* Runs in the thread of @root when it was woken, with a catalog reader of that thread. */
typedef void (*PotooEvictionPassFunc) (PotooEviction *eviction,
                                       PotooStorageRoot *root,
                                       PotooCatalogReader *reader,
                                       gpointer user_data);

/* Before the first potoo_eviction_wake(). @destroy comes with the end of the object, which the
 * last thread may be. Main thread. */
void potoo_eviction_set_pass_func (PotooEviction *eviction,
                                   PotooEvictionPassFunc func,
                                   gpointer user_data,
                                   GDestroyNotify destroy);
/* A pass on every root, soon; one more when one is under way. Any thread, never blocks. */
void potoo_eviction_wake (PotooEviction *eviction);

typedef struct
{
  PotooEvictionReason reason;
  PotooSegmentClass class; /* what became more protected meanwhile is passed over */
  GPtrArray *segments;     /* PotooSegment, all of one root, at most POTOO_EVICTION_BATCH */
  /* out */
  guint n_deleted;
  gint64 deleted_bytes;
} PotooEvictionBatch;

/* Those that were locked or dropped meanwhile are passed over, and so are those that cannot be
 * unlinked. FALSE with the first error when it is no use to go on with this root for now. In the
 * thread of @root. */
gboolean potoo_eviction_run (PotooEviction *eviction,
                             PotooStorageRoot *root,
                             PotooEvictionBatch *batch,
                             GError **error);
/* Segments that could not be unlinked a while ago are not to be chosen again: takes them out of
 * @segments (element-type PotooSegment). Any thread. */
void potoo_eviction_leave_out_stuck (PotooEviction *eviction, GPtrArray *segments);
guint potoo_eviction_get_n_stuck (PotooEviction *eviction);
/* TRUE when a pass should end. Any thread. */
gboolean potoo_eviction_is_stopping (PotooEviction *eviction);

G_END_DECLS
