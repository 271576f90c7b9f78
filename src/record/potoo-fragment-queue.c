/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Between a camera's streaming thread, the main thread and the writer. `lock`
 * protects everything but the constants, and is held while the wake function is called, so that a
 * stream that is handed over wakes the one or the other writer. The streaming thread holds it for a
 * few instructions only, and so does the writer: nobody waits for a disk here. */

#include "record/potoo-fragment-queue.h"

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"
#include "record/potoo-storage-root.h"

struct _PotooFragmentQueue
{
  gatomicrefcount ref_count;
  char *camera;
  PotooStreamKind stream;
  PotooQueueLateFunc late; /* (nullable) */
  gpointer late_data;

  GMutex lock;
  PotooQueueWakeFunc wake;
  gpointer wake_data;
  PotooRecordingPlan *plan; /* (nullable): the last one taken */
  PotooFragmentRing *ring;  /* (nullable) */
  gint64 told_late_us;      /* monotonic */
  GQueue messages;          /* PotooMessage */
  gsize bytes;
  gboolean awake; /* the taker knows that there is something */
  gboolean ended;
  gboolean dropping;    /* until a key fragment fits */
  gint64 lost_until_us; /* for the next message */

  PotooMetric *queued_bytes, *queued_messages, *max_bytes, *dropped_fragments, *dropped_frames,
      *merged_controls;
};

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

PotooFragmentQueue *
potoo_fragment_queue_new (const char *camera,
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
  g_mutex_init (&queue->lock);
  g_queue_init (&queue->messages);
  make_metrics (queue);
  return queue;
}

PotooFragmentQueue *
potoo_fragment_queue_ref (PotooFragmentQueue *queue)
{
  g_atomic_ref_count_inc (&queue->ref_count);
  return queue;
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
potoo_fragment_queue_unref (PotooFragmentQueue *queue)
{
  if (!g_atomic_ref_count_dec (&queue->ref_count))
    return;
  g_queue_clear_full (&queue->messages, (GDestroyNotify) potoo_message_free);
  g_mutex_clear (&queue->lock);
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

PotooStreamKind
potoo_fragment_queue_get_stream (PotooFragmentQueue *queue)
{
  return queue->stream;
}

void
potoo_fragment_queue_set_ring (PotooFragmentQueue *queue, PotooFragmentRing *ring)
{
  potoo_fragment_ring_ref (ring);
  g_mutex_lock (&queue->lock);
  g_autoptr (PotooFragmentRing) old = queue->ring;
  queue->ring = ring;
  g_mutex_unlock (&queue->lock);
}

gint64
potoo_fragment_queue_get_pre_roll_us (PotooFragmentQueue *queue)
{
  g_mutex_lock (&queue->lock);
  g_autoptr (PotooFragmentRing) ring = queue->ring != NULL ? potoo_fragment_ring_ref (queue->ring)
                                                           : NULL;
  g_mutex_unlock (&queue->lock);
  return ring != NULL ? potoo_fragment_ring_get_held_us (ring) : -1;
}

static void
publish_locked (PotooFragmentQueue *queue)
{
  potoo_metric_set (queue->queued_bytes, (gint64) queue->bytes);
  potoo_metric_set (queue->queued_messages, queue->messages.length);
  potoo_metric_set_max (queue->max_bytes, (gint64) queue->bytes);
}

/* Wakes the taker when it must be. */
static void
append_locked (PotooFragmentQueue *queue, PotooMessage *message)
{
  message->mono_us = potoo_clock_mono_us ();
  message->lost_until_us = queue->lost_until_us;
  queue->lost_until_us = 0;
  g_queue_push_tail (&queue->messages, message);
  publish_locked (queue);
  if (queue->awake)
    return;
  queue->awake = TRUE;
  queue->wake (queue, queue->wake_data);
}

/* Whether it is time to say that the taker does not come. */
static gboolean
is_late_locked (PotooFragmentQueue *queue)
{
  const PotooMessage *first = g_queue_peek_head (&queue->messages);
  gint64 now_us = potoo_clock_mono_us ();

  if (first == NULL || now_us - first->mono_us < potoo_stall_us ||
      now_us - queue->told_late_us < POTOO_SECOND_US)
    return FALSE;
  queue->told_late_us = now_us;
  return TRUE;
}

static gboolean
accepts_locked (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  if (queue->dropping && !potoo_fragment_is_key (fragment))
    return FALSE;
  return queue->messages.length < POTOO_QUEUE_MAX_MESSAGES &&
         queue->bytes + potoo_fragment_get_size (fragment) <= POTOO_QUEUE_MAX_BYTES;
}

static void
push_locked (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  if (!accepts_locked (queue, fragment))
    {
      queue->dropping = TRUE;
      queue->lost_until_us = potoo_fragment_get_wall_end_us (fragment);
      potoo_metric_add (queue->dropped_fragments, 1);
      potoo_metric_add (queue->dropped_frames, potoo_fragment_get_n_frames (fragment));
      return;
    }
  queue->dropping = FALSE;
  queue->bytes += potoo_fragment_get_size (fragment);
  PotooMessage *message = g_new0 (PotooMessage, 1);
  message->type = POTOO_MESSAGE_FRAGMENT;
  message->wall_us = potoo_fragment_get_wall_end_us (fragment);
  message->fragment = potoo_fragment_ref (fragment);
  append_locked (queue, message);
}

void
potoo_fragment_queue_push (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  g_mutex_lock (&queue->lock);
  if (!queue->ended)
    push_locked (queue, fragment);
  gboolean late = queue->late != NULL && is_late_locked (queue);
  g_mutex_unlock (&queue->lock);
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
      if (queue->lost_until_us == 0)
        queue->lost_until_us = message->lost_until_us;
      potoo_message_free (message);
      g_queue_delete_link (&queue->messages, link);
      potoo_metric_add (queue->merged_controls, 1);
      return;
    }
}

/* Takes @message over. */
static void
post_control (PotooFragmentQueue *queue, PotooMessage *message)
{
  message->wall_us = potoo_clock_wall_us ();
  g_mutex_lock (&queue->lock);
  if (!queue->ended)
    {
      make_room_locked (queue, message->type);
      queue->ended = message->type == POTOO_MESSAGE_SHUT_DOWN ||
                     message->type == POTOO_MESSAGE_REMOVE;
      append_locked (queue, g_steal_pointer (&message));
    }
  g_mutex_unlock (&queue->lock);
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
    queue->bytes -= potoo_fragment_get_size (message->fragment);
  if (message->plan != NULL)
    {
      g_clear_pointer (&queue->plan, potoo_recording_plan_unref);
      queue->plan = potoo_recording_plan_ref (message->plan);
    }
}

gboolean
potoo_fragment_queue_take (PotooFragmentQueue *queue, PotooMessage *message)
{
  g_mutex_lock (&queue->lock);
  g_autofree PotooMessage *first = g_queue_pop_head (&queue->messages);
  if (first == NULL)
    queue->awake = FALSE;
  else
    {
      *message = *first;
      note_taken_locked (queue, message);
      publish_locked (queue);
    }
  g_mutex_unlock (&queue->lock);
  return first != NULL;
}

void
potoo_fragment_queue_claim (PotooFragmentQueue *queue)
{
  g_mutex_lock (&queue->lock);
  queue->awake = TRUE;
  g_mutex_unlock (&queue->lock);
}

static GList *
find_key_locked (PotooFragmentQueue *queue)
{
  for (GList *link = queue->messages.head; link != NULL; link = link->next)
    {
      const PotooMessage *message = link->data;
      if (message->fragment != NULL && potoo_fragment_is_key (message->fragment))
        return link;
    }
  return NULL;
}

PotooFragment *
potoo_fragment_queue_split (PotooFragmentQueue *queue,
                            GQueue *before,
                            PotooRecordingPlan **plan,
                            PotooQueueWakeFunc wake,
                            gpointer user_data)
{
  PotooFragment *key = NULL;

  g_mutex_lock (&queue->lock);
  GList *link = queue->ended ? NULL : find_key_locked (queue);
  if (link != NULL)
    {
      key = potoo_fragment_ref (((PotooMessage *) link->data)->fragment);
      while (queue->messages.head != link)
        {
          PotooMessage *message = g_queue_pop_head (&queue->messages);
          note_taken_locked (queue, message);
          g_queue_push_tail (before, message);
        }
      publish_locked (queue);
      *plan = queue->plan != NULL ? potoo_recording_plan_ref (queue->plan) : NULL;
      queue->wake = wake;
      queue->wake_data = user_data;
    }
  g_mutex_unlock (&queue->lock);
  return key;
}
