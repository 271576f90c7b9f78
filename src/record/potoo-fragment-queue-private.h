/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-queue.h"

G_BEGIN_DECLS

/* Shared by potoo-fragment-queue.c and potoo-fragment-queue-room.c.
 *
 * The lock of the memory protects everything but the constants, and is held while the wake function
 * is called, so that a stream that is handed over wakes the one or the other writer. Whoever holds
 * it does so for a few instructions: nobody waits for a disk here. */

struct _PotooFragmentQueue
{
  PotooFragmentHolder holder;
  gatomicrefcount ref_count;
  char *camera;
  PotooStreamKind stream;
  PotooQueueLateFunc late; /* (nullable) */
  gpointer late_data;

  PotooQueueWakeFunc wake;
  gpointer wake_data;
  PotooRecordingPlan *plan; /* (nullable): the last one taken */
  PotooFragmentRing *ring;  /* (nullable) */
  gint64 told_late_us;      /* monotonic */
  GQueue messages;          /* PotooMessage */
  gboolean awake;           /* the taker knows that there is something */
  gint64 awaited_us;        /* monotonic: since then it has not come, while it is awake */
  gboolean ended;
  gboolean dropping; /* until a key fragment fits */
  gint64 logged_us;  /* monotonic; when it was told last that fragments are dropped; 0: never */
  PotooLoss lost;    /* for the next message */

  PotooMetric *queued_bytes, *queued_messages, *max_bytes, *dropped_fragments, *dropped_frames,
      *merged_controls;
};

/* A fragment on its way into a queue. */
typedef struct
{
  PotooFragmentQueue *queue;
  PotooFragment *fragment;
  GQueue dropped; /* PotooMessage, of any queue: to be freed without the lock */
  char *camera;   /* (transfer full) (nullable): of whom it is to be told */
} PotooQueuePush;

/* --- potoo-fragment-queue-room.c: under the lock --- */

extern const PotooFragmentHolderClass potoo_fragment_queue_holder_class;

/* Room for the fragment, where others, or older ones of its own queue, gave way. FALSE: there is
 * none, and it is noted as lost. */
gboolean potoo_fragment_queue_make_room (PotooQueuePush *push);

/* The message at @link, out of turn: what follows tells what was lost in front of it, and with it.
 * (transfer full) */
PotooMessage *potoo_fragment_queue_take_out (PotooFragmentQueue *queue, GList *link);

/* The first key fragment, from @link on. (nullable) */
GList *potoo_fragment_queue_find_key (GList *link);

void potoo_fragment_queue_publish (PotooFragmentQueue *queue); /* its metrics */

G_END_DECLS
