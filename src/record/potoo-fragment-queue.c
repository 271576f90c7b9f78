/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Between a camera's streaming thread, the main thread and the writer. `lock`
 * protects everything but the constants; the wake function is called after it
 * is released. The streaming thread holds it for a few instructions only, and
 * so does the writer: nobody waits for a disk here. */

#include "record/potoo-fragment-queue.h"

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"

struct _PotooFragmentQueue
{
  gatomicrefcount ref_count;
  char *camera;
  PotooStreamKind stream;
  PotooQueueWakeFunc wake;
  gpointer wake_data;

  GMutex lock;
  GQueue messages; /* PotooMessage */
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

static void
message_free (PotooMessage *message)
{
  potoo_message_clear (message);
  g_free (message);
}

void
potoo_fragment_queue_unref (PotooFragmentQueue *queue)
{
  if (!g_atomic_ref_count_dec (&queue->ref_count))
    return;
  g_queue_clear_full (&queue->messages, (GDestroyNotify) message_free);
  g_mutex_clear (&queue->lock);
  PotooMetric *const metrics[] = { queue->queued_bytes,   queue->queued_messages,
                                   queue->max_bytes,      queue->dropped_fragments,
                                   queue->dropped_frames, queue->merged_controls };
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    potoo_metric_unref (metrics[i]);
  g_free (queue->camera);
  g_free (queue);
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

static void
publish_locked (PotooFragmentQueue *queue)
{
  potoo_metric_set (queue->queued_bytes, (gint64) queue->bytes);
  potoo_metric_set (queue->queued_messages, queue->messages.length);
  potoo_metric_set_max (queue->max_bytes, (gint64) queue->bytes);
}

/* Returns whether the taker must be woken. */
static gboolean
append_locked (PotooFragmentQueue *queue, PotooMessage *message)
{
  message->lost_until_us = queue->lost_until_us;
  queue->lost_until_us = 0;
  g_queue_push_tail (&queue->messages, message);
  publish_locked (queue);
  gboolean wake = !queue->awake;
  queue->awake = TRUE;
  return wake;
}

static gboolean
accepts_locked (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  if (queue->dropping && !potoo_fragment_is_key (fragment))
    return FALSE;
  return queue->messages.length < POTOO_QUEUE_MAX_MESSAGES &&
         queue->bytes + potoo_fragment_get_size (fragment) <= POTOO_QUEUE_MAX_BYTES;
}

static gboolean
push_locked (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  if (!accepts_locked (queue, fragment))
    {
      queue->dropping = TRUE;
      queue->lost_until_us = potoo_fragment_get_wall_end_us (fragment);
      potoo_metric_add (queue->dropped_fragments, 1);
      potoo_metric_add (queue->dropped_frames, potoo_fragment_get_n_frames (fragment));
      return FALSE;
    }
  queue->dropping = FALSE;
  queue->bytes += potoo_fragment_get_size (fragment);
  PotooMessage *message = g_new0 (PotooMessage, 1);
  message->type = POTOO_MESSAGE_FRAGMENT;
  message->wall_us = potoo_fragment_get_wall_end_us (fragment);
  message->fragment = potoo_fragment_ref (fragment);
  return append_locked (queue, message);
}

void
potoo_fragment_queue_push (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  g_mutex_lock (&queue->lock);
  gboolean wake = !queue->ended && push_locked (queue, fragment);
  g_mutex_unlock (&queue->lock);
  if (wake)
    queue->wake (queue, queue->wake_data);
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
      message_free (message);
      g_queue_delete_link (&queue->messages, link);
      potoo_metric_add (queue->merged_controls, 1);
      return;
    }
}

/* Takes @message over. */
static void
post_control (PotooFragmentQueue *queue, PotooMessage *message)
{
  gboolean wake = FALSE;

  message->wall_us = potoo_clock_wall_us ();
  g_mutex_lock (&queue->lock);
  if (!queue->ended)
    {
      make_room_locked (queue, message->type);
      queue->ended = message->type == POTOO_MESSAGE_SHUT_DOWN ||
                     message->type == POTOO_MESSAGE_REMOVE;
      wake = append_locked (queue, g_steal_pointer (&message));
    }
  g_mutex_unlock (&queue->lock);
  g_clear_pointer (&message, message_free);
  if (wake)
    queue->wake (queue, queue->wake_data);
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
      if (first->fragment != NULL)
        queue->bytes -= potoo_fragment_get_size (first->fragment);
      publish_locked (queue);
    }
  g_mutex_unlock (&queue->lock);
  return first != NULL;
}
