/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-ring.h"
#include "record/potoo-moment.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/* The two ends of PotooFragmentQueue that its users do not see: making it and taking
 * from it. Bounds: the memory that all queues share; POTOO_QUEUE_MAX_MESSAGES of
 * all kinds, and POTOO_QUEUE_MAX_CONTROLS on top for what must not be lost. */

#define POTOO_QUEUE_MAX_MESSAGES 4096
#define POTOO_QUEUE_MAX_CONTROLS 64

typedef enum
{
  POTOO_MESSAGE_FRAGMENT,
  POTOO_MESSAGE_PLAN,
  POTOO_MESSAGE_INTERRUPT,
  POTOO_MESSAGE_SHUT_DOWN, /* the last one: the recorder stops */
  POTOO_MESSAGE_REMOVE,    /* the last one: the camera is removed */
  POTOO_MESSAGE_HAND_OVER, /* the last one that this recorder gets: another has gone on */
} PotooMessageType;

/* Fragments that were dropped, one after the other: where the first began and the last ended. All
 * 0: none. */
typedef struct
{
  PotooMoment from, until;
} PotooLoss;

typedef struct
{
  PotooMessageType type;
  gint64 wall_us, mono_us;  /* when it was posted */
  PotooLoss lost;           /* in front of it */
  PotooFragment *fragment;  /* (transfer full) */
  PotooRecordingPlan *plan; /* (transfer full) */
  PotooGapCause cause;
} PotooMessage;

void potoo_message_clear (PotooMessage *message);
void potoo_message_free (PotooMessage *message);

/* Called, in the pushing thread and under the queue's lock, when the queue turns from idle to not
 * idle: it stays so until potoo_fragment_queue_take() has returned FALSE. */
typedef void (*PotooQueueWakeFunc) (PotooFragmentQueue *queue, gpointer user_data);

/* Of all queues. (transfer full) */
PotooFragmentMemory *potoo_fragment_queue_memory_new (gint64 max_bytes);

PotooFragmentQueue *potoo_fragment_queue_new (PotooFragmentMemory *memory,
                                              const char *camera,
                                              PotooStreamKind stream,
                                              PotooQueueWakeFunc wake,
                                              gpointer user_data);
PotooFragmentQueue *potoo_fragment_queue_ref (PotooFragmentQueue *queue);
void potoo_fragment_queue_unref (PotooFragmentQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooFragmentQueue, potoo_fragment_queue_unref)

const char *potoo_fragment_queue_get_camera (PotooFragmentQueue *queue);

/* Where what is not written waits: for potoo_fragment_queue_get_pre_roll_us(). */
void potoo_fragment_queue_set_ring (PotooFragmentQueue *queue, PotooFragmentRing *ring);

/* Posts SHUT_DOWN or REMOVE; what is pushed after it is dropped. */
void potoo_fragment_queue_end (PotooFragmentQueue *queue, PotooMessageType type);

/* The next message into @message; FALSE when there is none: idle again. */
gboolean potoo_fragment_queue_take (PotooFragmentQueue *queue, PotooMessage *message);

/* --- handing over --- */

/* Called in the pushing thread, at most once a second, as long as the taker, who knows that there
 * is something, has not come for potoo_stall_us. To be set before the first push. */
typedef void (*PotooQueueLateFunc) (gpointer user_data);
void potoo_fragment_queue_set_late_func (PotooFragmentQueue *queue,
                                         PotooQueueLateFunc func,
                                         gpointer user_data);

/* The taker: it comes again without being woken. */
void potoo_fragment_queue_claim (PotooFragmentQueue *queue);

/* From the first key fragment on the queue gets another taker, which need not be woken. What is in
 * front of it comes into @before (element-type PotooMessage): no new segment can begin there.
 * @lost: in front of that fragment, which no longer tells it. @plan: the one that holds at that
 * place. Returns that fragment; NULL when there is none yet, or the queue has ended: nothing was
 * done. (transfer full) (nullable) */
PotooFragment *potoo_fragment_queue_split (PotooFragmentQueue *queue,
                                           GQueue *before,
                                           PotooLoss *lost,
                                           PotooRecordingPlan **plan,
                                           PotooQueueWakeFunc wake,
                                           gpointer user_data);

G_END_DECLS
