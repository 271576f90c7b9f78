/* SPDX-License-Identifier: GPL-3.0-or-later */

/* When disks are too slow, fragments are dropped where they are oldest, up to the next key
 * fragment; plans and interruptions between them stay, in order. What follows on fragments that
 * were dropped tells what was lost, so that the ledger has it to the fragment. */

#include "base/potoo-clock.h"
#include "record/potoo-fragment-queue-private.h"

#define LOG_INTERVAL_US (600 * POTOO_SECOND_US)

void
potoo_fragment_queue_publish (PotooFragmentQueue *queue)
{
  potoo_metric_set (queue->queued_bytes, queue->holder.bytes);
  potoo_metric_set (queue->queued_messages, queue->messages.length);
  potoo_metric_set_max (queue->max_bytes, queue->holder.bytes);
}

static GList *
find_fragment (GList *link)
{
  while (link != NULL && ((PotooMessage *) link->data)->fragment == NULL)
    link = link->next;
  return link;
}

GList *
potoo_fragment_queue_find_key (GList *link)
{
  link = find_fragment (link);
  while (link != NULL && !potoo_fragment_is_key (((PotooMessage *) link->data)->fragment))
    link = find_fragment (link->next);
  return link;
}

/* --- what is lost --- */

/* Told now and then: the gaps are told when the disk gets there. */
static void
note_dropping (PotooFragmentQueue *queue, PotooQueuePush *push)
{
  gint64 now_us = potoo_clock_mono_us ();

  if (push->camera != NULL ||
      (queue->logged_us != 0 && now_us - queue->logged_us < LOG_INTERVAL_US))
    return;
  queue->logged_us = now_us;
  push->camera = g_strdup (queue->camera);
}

static PotooLoss
lose (PotooFragmentQueue *queue, PotooFragment *fragment)
{
  potoo_metric_add (queue->dropped_fragments, 1);
  potoo_metric_add (queue->dropped_frames, potoo_fragment_get_n_frames (fragment));
  return (PotooLoss){ potoo_moment_of_start (fragment), potoo_moment_of_end (fragment) };
}

/* @loss comes before what is known to be lost already. */
static void
prepend_loss (PotooLoss *known, PotooLoss loss)
{
  if (loss.until.wall_us == 0)
    return;
  known->from = loss.from;
  if (known->until.wall_us == 0)
    known->until = loss.until;
}

PotooMessage *
potoo_fragment_queue_take_out (PotooFragmentQueue *queue, GList *link)
{
  PotooMessage *message = link->data;
  PotooMessage *next = link->next != NULL ? link->next->data : NULL;
  PotooLoss *known = next != NULL ? &next->lost : &queue->lost;

  if (message->fragment != NULL)
    prepend_loss (known, lose (queue, message->fragment));
  prepend_loss (known, message->lost);
  g_queue_delete_link (&queue->messages, link);
  return message;
}

/* --- room --- */

/* The oldest group that waits goes. Where it is all there is, and what is pushed belongs to it,
 * that is rather to go: less is lost. */
static gboolean
give_way (PotooFragmentHolder *holder, gpointer user_data)
{
  PotooFragmentQueue *queue = (PotooFragmentQueue *) holder;
  PotooQueuePush *push = user_data;
  GList *link = find_fragment (queue->messages.head);
  GList *key = link != NULL ? potoo_fragment_queue_find_key (link->next) : NULL;

  if (link == NULL ||
      (key == NULL && queue == push->queue && !potoo_fragment_is_key (push->fragment)))
    return FALSE;
  if (key == NULL)
    queue->dropping = TRUE;
  note_dropping (queue, push);
  while (link != key)
    {
      GList *next = find_fragment (link->next);
      PotooMessage *message = potoo_fragment_queue_take_out (queue, link);
      potoo_fragment_holder_add (holder, -(gint64) potoo_fragment_get_memory (message->fragment));
      g_queue_push_tail (&push->dropped, message);
      link = next;
    }
  potoo_fragment_queue_publish (queue);
  return TRUE;
}

static gint64
weigh (PotooFragmentHolder *holder)
{
  return holder->bytes;
}

const PotooFragmentHolderClass potoo_fragment_queue_holder_class = { weigh, give_way };

static gboolean
accepts (PotooQueuePush *push)
{
  PotooFragmentQueue *queue = push->queue;

  if (queue->dropping && !potoo_fragment_is_key (push->fragment))
    return FALSE;
  while (queue->messages.length >= POTOO_QUEUE_MAX_MESSAGES)
    if (!give_way (&queue->holder, push))
      return FALSE;
  return potoo_fragment_holder_make_room (
      &queue->holder, (gint64) potoo_fragment_get_memory (push->fragment), push);
}

gboolean
potoo_fragment_queue_make_room (PotooQueuePush *push)
{
  PotooFragmentQueue *queue = push->queue;

  queue->dropping = !accepts (push);
  if (!queue->dropping)
    return TRUE;
  note_dropping (queue, push);
  PotooLoss loss = lose (queue, push->fragment);
  prepend_loss (&loss, queue->lost);
  queue->lost = loss;
  return FALSE;
}
