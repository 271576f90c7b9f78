/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"
#include "config/potoo-config.h"
#include "media/potoo-fragment.h"
#include "record/potoo-recording-plan.h"

G_BEGIN_DECLS

/**
 * PotooRecorder:
 *
 * Storage roots with a writer thread each, and a fragment queue for each camera
 * stream. Its life: new (locks and checks the roots, recovers what a crash
 * left, in the calling thread) → start (writers run) → stop (all queues
 * written, files finalised, writers ended). A root that cannot be used is no error: others
 * take its streams, and its writer looks for it every few seconds.
 *
 * Signal `root-changed` (const char *name), on main: the state of a root is another one.
 *
 * Main thread, except where said.
 */
#define POTOO_TYPE_RECORDER (potoo_recorder_get_type ())
G_DECLARE_FINAL_TYPE (PotooRecorder, potoo_recorder, POTOO, RECORDER, GObject)

PotooRecorder *potoo_recorder_new (PotooConfig *config, PotooCatalog *catalog, GError **error);
gboolean potoo_recorder_start (PotooRecorder *recorder, GError **error);
/* Closes every segment; open gaps of cause `shutdown` begin at its end. Blocks at most
 * @timeout_us; FALSE when a disk did not answer in time (what it has is repaired at the next
 * start). */
gboolean potoo_recorder_stop (PotooRecorder *recorder, gint64 timeout_us);

/* The wall clock was set: the next run is to know where it stood. */
void potoo_recorder_note_clock (PotooRecorder *recorder);

/* Gaps that were open when this run began, and whose end it tells. (transfer none) (element-type
 * PotooGap) */
GArray *potoo_recorder_get_inherited_gaps (PotooRecorder *recorder);
/* By which the clock was set while Potoo did not run; 0: it was not, or nobody knows. */
gint64 potoo_recorder_get_clock_step (PotooRecorder *recorder);

/* Bytes. */
typedef struct
{
  gint64 budget;   /* [server] memory */
  gint64 queues;   /* fragments that wait for disks */
  gint64 pre_roll; /* fragments that wait for events */
} PotooRecorderMemory;

/* Any thread. */
PotooRecorderMemory potoo_recorder_get_memory (PotooRecorder *recorder);

/**
 * PotooFragmentQueue:
 *
 * A camera stream's way to the disk. All queues share one memory: when it is used up, the oldest
 * fragments of the least important camera are dropped, up to the next key fragment, counted, and
 * become a gap of cause `disk-slow`. All functions: any thread, never block, take effect in order.
 */
typedef struct _PotooFragmentQueue PotooFragmentQueue;

/* Makes the queue; it records nothing until a plan says so. (transfer full) */
PotooFragmentQueue *
potoo_recorder_add_stream (PotooRecorder *recorder, const char *camera, PotooStreamKind stream);
/* The camera is removed: its segment is closed, its open gap ends now. Frees @queue
 * once the writer is through with it. Nothing may be pushed any more. */
void potoo_recorder_remove_stream (PotooRecorder *recorder, PotooFragmentQueue *queue);

void potoo_fragment_queue_push (PotooFragmentQueue *queue, PotooFragment *fragment);

/* What is to be recorded, of what is pushed from now on and of what the fragment ring holds. */
void potoo_fragment_queue_set_plan (PotooFragmentQueue *queue, PotooRecordingPlan *plan);
/* How much of what was not written the fragment ring holds, for an event's pre-roll; -1: there is
 * no ring. */
gint64 potoo_fragment_queue_get_pre_roll_us (PotooFragmentQueue *queue);

/* No fragment will come for now, because of @cause: the segment is closed and,
 * if the plan wants recording, a gap begins where the last fragment ended. Said again
 * with another cause during a gap, it ends that gap now and begins another. */
void potoo_fragment_queue_interrupt (PotooFragmentQueue *queue, PotooGapCause cause);

/* What a storage root can do now; all but OK with a reason. */
typedef enum
{
  POTOO_ROOT_OK,
  POTOO_ROOT_FULL,      /* at min-free or at its quota, or a write found no space */
  POTOO_ROOT_MISSING,   /* its directory, or the disk that belongs there, is not there */
  POTOO_ROOT_READ_ONLY, /* may be read only */
  POTOO_ROOT_STALLED,   /* a call on it has not come back for long */
  POTOO_ROOT_FAILED,    /* a write or sync failed; its id file is damaged; in use elsewhere */
  POTOO_ROOT_FOREIGN,   /* another disk, or a directory that is not Potoo's, is at its path */
} PotooRootState;

const char *potoo_root_state_to_string (PotooRootState state); /* "read-only" */

/* State of a storage root, published by its writer. */
typedef struct
{
  char *name;
  char *path;
  gint64 row_id; /* 0: not known to the catalog yet */
  PotooRootState state;
  char *reason;      /* what is wrong and the remedy, in words; NULL: ok */
  gint64 since_us;   /* monotonic: of this state */
  unsigned priority; /* the higher is filled first */
  gint64 total_bytes, free_bytes, min_free_bytes;
  gint64 used_bytes; /* of recordings, by the catalog and by what was written since */
  gint64 max_bytes;  /* quota; 0: none */
  /* To be kept free ahead: there is pressure while free_bytes < min_free_bytes + headroom_bytes, or
   * used_bytes > max_bytes - headroom_bytes. */
  gint64 headroom_bytes;
  gboolean full;   /* free_bytes is at or under min_free_bytes, or the quota is used up */
  gboolean failed; /* the last write or fsync failed */
} PotooRootStatus;

void potoo_root_status_free (PotooRootStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRootStatus, potoo_root_status_free)
/* Any thread. (transfer full) (element-type PotooRootStatus) */
GPtrArray *potoo_recorder_list_roots (PotooRecorder *recorder);

/* Any thread. Themselves, as configured. (transfer full) (element-type PotooStorageRoot) */
GPtrArray *potoo_recorder_get_storage_roots (PotooRecorder *recorder);

/* Called in a writer's thread, at most once a second for each root, while there is pressure on
 * it; must not block. @func: (nullable): nobody; the one before is not called any more. */
typedef void (*PotooPressureFunc) (gpointer user_data);
void potoo_recorder_set_pressure_func (PotooRecorder *recorder,
                                       PotooPressureFunc func,
                                       gpointer user_data);

/* Any thread. Opens a segment's file for reading (O_NOFOLLOW below the root);
 * -1 with an error. */
int
potoo_recorder_open_segment (PotooRecorder *recorder, const PotooSegment *segment, GError **error);

G_END_DECLS
