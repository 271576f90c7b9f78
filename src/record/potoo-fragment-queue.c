/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Between a camera's streaming thread, the main thread and the writer. What is dropped when the
 * disk is too slow is in potoo-fragment-queue-room.c. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "record/potoo-fragment-queue-private.h"
#include "record/potoo-storage-root.h"

static void
lock (PotooFragmentQueue *queue)
{
  potoo_fragment_memory_lock (queue->holder.memory);
}

static void
unlock (PotooFragmentQueue *queue)
{
  potoo_fragment_memory_unlock (queue->holder.memory);
}

static void
make_metrics (PotooFragmentQueue *queue)
{
  const char *camera = queue->camera, *stream = potoo_stream_kind_to_string (queue->stream);

  queue->queued_bytes = potoo_metric_new_gauge ("potoo_fragment_queue_bytes",
                                                "Bytes of fragments that wait for the disk",
                                                "camera", camera, "stream", stream, NULL);
  queue->max_bytes = potoo_metric_new_gauge ("potoo_fragment_queue_max_bytes",
                                             "Most bytes that ever waited for the disk", "camera",
                                             camera, "stream", stream, NULL);
  queue->queued_messages = potoo_metric_new_gauge ("potoo_fragment_queue_messages",
                                                   "Messages that wait for the writer", "camera",
                                                   camera, "stream", stream, NULL);
  queue->dropped_fragments = potoo_metric_new_counter (
      "potoo_fragment_queue_dropped_fragments_total",
      "Fragments dropped because the disk was too slow", "camera", camera, "stream", stream, NULL);
  queue->dropped_frames = potoo_metric_new_counter ("potoo_fragment_queue_dropped_frames_total",
                                                    "Video frames in the dropped fragments",
                                                    "camera", camera, "stream", stream, NULL);
  queue->merged_controls = potoo_metric_new_counter (
      "potoo_fragment_queue_merged_controls_total",
      "Plans and interruptions that a newer one replaced in a full queue", "camera", camera,
      "stream", stream, NULL);
}

void
potoo_message_clear (PotooMessage *message)
{
  g_clear_pointer (&message->fragment, potoo_fragment_unref);
  g_clear_pointer (&message->plan, potoo_recording_plan_unref);
}

void
potoo_message_free (PotooMessage *message)
{
  potoo_message_clear (message);
  g_free (message);
}

void
potoo_fragment_queue_set_late_func (PotooFragmentQueue *queue,
                                    PotooQueueLateFunc func,
                                    gpointer user_data)
{
  queue->late = func;
  queue->late_data = user_data;
}

const char *
potoo_fragment_queue_get_camera (PotooFragmentQueue *queue)
{
  return queue->camera;
}

void
potoo_fragment_queue_set_ring (PotooFragmentQueue *queue, PotooFragmentRing *ring)
{
  potoo_fragment_ring_ref (ring);
  lock (queue);
  g_autoptr (PotooFragmentRing) old = queue->ring;
  queue->ring = ring;
  unlock (queue);
}

gint64
potoo_fragment_queue_get_pre_roll_us (PotooFragmentQueue *queue)
{
  lock (queue);
  g_autoptr (PotooFragmentRing) ring = queue->ring != NULL ? potoo_fragment_ring_ref (queue->ring)
                                                           : NULL;
  unlock (queue);
  return ring != NULL ? potoo_fragment_ring_get_held_us (ring) : -1;
}

/* Wakes the taker when it must be. */
static void
append_locked (PotooFragmentQueue *queue, PotooMessage *message)
{
  message->lost = queue->lost;
  queue->lost = (PotooLoss){ 0 };
  g_queue_push_tail (&queue->messages, message);
  potoo_fragment_queue_publish (queue);
  if (queue->awake)
    return;
  queue->awake = TRUE;
  queue->awaited_us = message->mono_us;
  queue->wake (queue, queue->wake_data);
}

/* Whether it is time to say that the taker does not come. */
static gboolean
is_late_locked (PotooFragmentQueue *queue)
{
  gint64 now_us = potoo_clock_mono_us ();

  if (!queue->awake || now_us - queue->awaited_us < potoo_stall_us ||
      now_us - queue->told_late_us < POTOO_SECOND_US)
    return FALSE;
  queue->told_late_us = now_us;
  return TRUE;
}

PotooFragmentMemory *
potoo_fragment_queue_memory_new (gint64 max_bytes)
{
  return potoo_fragment_memory_new (
      max_bytes,
      potoo_metric_new_gauge ("potoo_fragment_queue_memory_bytes",
                              "Memory of all fragments that wait for disks", NULL),
      potoo_metric_new_gauge ("potoo_fragment_queue_memory_max_bytes", "Memory that they may take",
                              NULL));
}

PotooFragmentQueue *
potoo_fragment_queue_new (PotooFragmentMemory *memory,
                          const char *camera,
                          PotooStreamKind stream,
                          PotooQueueWakeFunc wake,
                          gpointer user_data)
{
  PotooFragmentQueue *queue = g_new0 (PotooFragmentQueue, 1);

  g_atomic_ref_count_init (&queue->ref_count);
  queue->camera = g_strdup (camera);
  queue->stream = stream;
  queue->wake = wake;
  queue->wake_data = user_data;
  g_queue_init (&queue->messages);
  make_metrics (queue);
  potoo_fragment_holder_init (&queue->holder, &potoo_fragment_queue_holder_class, memory);
  return queue;
}

PotooFragmentQueue *
potoo_fragment_queue_ref (PotooFragmentQueue *queue)
{
  g_atomic_ref_count_inc (&queue->ref_count);
  return queue;
}

void
potoo_fragment_queue_unref (PotooFragmentQueue *queue)
{
  if (!g_atomic_ref_count_dec (&queue->ref_count))
    return;
  lock (queue);
  potoo_fragment_holder_add (&queue->holder, -queue->holder.bytes);
  unlock (queue);
  potoo_fragment_holder_clear (&queue->holder);
  g_queue_clear_full (&queue->messages, (GDestroyNotify) potoo_message_free);
  PotooMetric *const metrics[] = { queue->queued_bytes,   queue->queued_messages,
                                   queue->max_bytes,      queue->dropped_fragments,
                                   queue->dropped_frames, queue->merged_controls };
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    potoo_metric_unref (metrics[i]);
  g_clear_pointer (&queue->plan, potoo_recording_plan_unref);
  g_clear_pointer (&queue->ring, potoo_fragment_ring_unref);
  g_free (queue->camera);
  g_free (queue);
}

/* --- the pushing side --- */

static void
push_locked (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  PotooMessage *message = g_new0 (PotooMessage, 1);

  message->type = POTOO_MESSAGE_FRAGMENT;
  message->mono_us = potoo_clock_mono_us ();
  message->wall_us = potoo_fragment_get_wall_end_us (fragment);
  message->fragment = potoo_fragment_ref (fragment);
  potoo_fragment_holder_add (&queue->holder, (gint64) potoo_fragment_get_memory (fragment));
  append_locked (queue, message);
}

/* Main thread: who pushes does not wait for a log either. */
static gboolean
warn (gpointer user_data)
{
  potoo_log_warning (user_data,
                     _ ("Recordings are lost: the disk is too slow, and memory for what waits is "
                        "used up; raise memory, or the camera's priority"));
  return G_SOURCE_REMOVE;
}

void
potoo_fragment_queue_push (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  PotooQueuePush push = { queue, fragment, G_QUEUE_INIT, NULL };

  lock (queue);
  if (!queue->ended && potoo_fragment_queue_make_room (&push))
    push_locked (queue, fragment);
  gboolean late = queue->late != NULL && is_late_locked (queue);
  unlock (queue);
  g_queue_clear_full (&push.dropped, (GDestroyNotify) potoo_message_free);
  if (push.camera != NULL)
    g_idle_add_full (G_PRIORITY_DEFAULT, warn, push.camera, g_free);
  if (late)
    queue->late (queue->late_data);
}

/* In a queue that is full of controls the newest one of the same type, at the
 * end of the queue, makes room: what holds in the end is the newest anyway. */
static void
make_room_locked (PotooFragmentQueue *queue, PotooMessageType type)
{
  if (queue->messages.length < POTOO_QUEUE_MAX_MESSAGES + POTOO_QUEUE_MAX_CONTROLS)
    return;
  for (GList *link = queue->messages.tail; link != NULL; link = link->prev)
    {
      PotooMessage *message = link->data;
      if (message->type == POTOO_MESSAGE_FRAGMENT)
        return;
      if (message->type != type)
        continue;
      potoo_message_free (potoo_fragment_queue_take_out (queue, link));
      potoo_metric_add (queue->merged_controls, 1);
      return;
    }
}

/* Takes @message over. Its times by the two clocks are of one moment, also when this thread is kept
 * waiting in between: nobody is to take that for a step of the wall clock. */
static void
post_control (PotooFragmentQueue *queue, PotooMessage *message)
{
  gint64 offset_us = potoo_clock_wall_offset_us ();

  lock (queue);
  message->mono_us = potoo_clock_mono_us ();
  message->wall_us = MIN (message->mono_us + offset_us, potoo_clock_wall_us ()); /* not ahead */
  if (!queue->ended)
    {
      make_room_locked (queue, message->type);
      queue->ended = message->type == POTOO_MESSAGE_SHUT_DOWN ||
                     message->type == POTOO_MESSAGE_REMOVE;
      if (message->plan != NULL)
        queue->holder.priority = message->plan->priority;
      append_locked (queue, g_steal_pointer (&message));
    }
  unlock (queue);
  g_clear_pointer (&message, potoo_message_free);
}

void
potoo_fragment_queue_set_plan (PotooFragmentQueue *queue, PotooRecordingPlan *plan)
{
  PotooMessage *message = g_new0 (PotooMessage, 1);
  message->type = POTOO_MESSAGE_PLAN;
  message->plan = potoo_recording_plan_ref (plan);
  post_control (queue, message);
}

void
potoo_fragment_queue_interrupt (PotooFragmentQueue *queue, PotooGapCause cause)
{
  PotooMessage *message = g_new0 (PotooMessage, 1);
  message->type = POTOO_MESSAGE_INTERRUPT;
  message->cause = cause;
  post_control (queue, message);
}

void
potoo_fragment_queue_end (PotooFragmentQueue *queue, PotooMessageType type)
{
  g_return_if_fail (type == POTOO_MESSAGE_SHUT_DOWN || type == POTOO_MESSAGE_REMOVE);

  PotooMessage *message = g_new0 (PotooMessage, 1);
  message->type = type;
  post_control (queue, message);
}

static void
note_taken_locked (PotooFragmentQueue *queue, const PotooMessage *message)
{
  if (message->fragment != NULL)
    potoo_fragment_holder_add (&queue->holder,
                               -(gint64) potoo_fragment_get_memory (message->fragment));
  if (message->plan != NULL)
    {
      g_clear_pointer (&queue->plan, potoo_recording_plan_unref);
      queue->plan = potoo_recording_plan_ref (message->plan);
    }
}

gboolean
potoo_fragment_queue_take (PotooFragmentQueue *queue, PotooMessage *message)
{
  lock (queue);
  g_autofree PotooMessage *first = g_queue_pop_head (&queue->messages);
  if (first == NULL)
    queue->awake = FALSE;
  else
    {
      *message = *first;
      queue->awaited_us = potoo_clock_mono_us ();
      note_taken_locked (queue, message);
      potoo_fragment_queue_publish (queue);
    }
  unlock (queue);
  return first != NULL;
}

void
potoo_fragment_queue_claim (PotooFragmentQueue *queue)
{
  lock (queue);
  queue->awake = TRUE;
  queue->awaited_us = potoo_clock_mono_us ();
  unlock (queue);
}

PotooFragment *
potoo_fragment_queue_split (PotooFragmentQueue *queue,
                            GQueue *before,
                            PotooLoss *lost,
                            PotooRecordingPlan **plan,
                            PotooQueueWakeFunc wake,
                            gpointer user_data)
{
  PotooFragment *key = NULL;

  lock (queue);
  GList *link = queue->ended ? NULL : potoo_fragment_queue_find_key (queue->messages.head);
  if (link != NULL)
    {
      PotooMessage *first = link->data;
      key = potoo_fragment_ref (first->fragment);
      *lost = first->lost;
      first->lost = (PotooLoss){ 0 };
      while (queue->messages.head != link)
        {
          PotooMessage *message = g_queue_pop_head (&queue->messages);
          note_taken_locked (queue, message);
          g_queue_push_tail (before, message);
        }
      potoo_fragment_queue_publish (queue);
      *plan = queue->plan != NULL ? potoo_recording_plan_ref (queue->plan) : NULL;
      queue->wake = wake;
      queue->wake_data = user_data;
    }
  unlock (queue);
  return key;
}
