/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Who has a stream when. The thread that has it gives it away itself, between two turns; only from
 * one that hangs in its disk main takes the queue away, and leaves it what it has begun. */

#include "base/potoo-log.h"
#include "record/potoo-writer-private.h"

/* Closing what is open may hang, too: meanwhile the stream is still where main finds it. */
gboolean
potoo_writer_move (PotooWriter *writer,
                   PotooWriterStream *stream,
                   PotooWriter *target,
                   const PotooMessage *first)
{
  if (!potoo_writer_reserve (target))
    return FALSE;
  potoo_stream_recorder_move (stream->recorder, target->root);
  if (!potoo_writer_let_go (writer, stream, FALSE))
    {
      potoo_stream_recorder_move (stream->recorder, writer->root);
      potoo_writer_update_dirty (writer, stream);
      potoo_writer_give_place_up (target);
      return FALSE;
    }
  potoo_log_info (potoo_fragment_queue_get_camera (stream->queue),
                  "Recording continues on storage root %s (it was on %s)",
                  potoo_storage_root_get_name (target->root),
                  potoo_storage_root_get_name (writer->root));
  if (first != NULL)
    g_queue_push_head (&stream->tail, g_memdup2 (first, sizeof *first));
  potoo_fragment_queue_claim (stream->queue);
  potoo_writer_unschedule (writer, stream);
  potoo_writer_adopt (target, stream);
  potoo_writer_give_place_up (writer);
  return TRUE;
}

static PotooWriter *
choose_other (PotooWriter *writer, PotooWriterStream *stream)
{
  PotooWriter *best = potoo_writer_set_choose (
      writer->set, potoo_stream_recorder_get_pinned_root (stream->recorder));
  return best != writer ? best : NULL;
}

PotooWriter *
potoo_writer_find_better (PotooWriter *writer,
                          PotooWriterStream *stream,
                          const PotooMessage *message)
{
  gboolean forced = potoo_storage_root_get_state (writer->root) != POTOO_ROOT_OK;

  if (message->type != POTOO_MESSAGE_FRAGMENT || !potoo_fragment_is_key (message->fragment) ||
      (!forced && !potoo_stream_recorder_may_move (stream->recorder, message->fragment)))
    return NULL;
  PotooWriter *best = choose_other (writer, stream);
  if (best == NULL || forced)
    return best;
  const char *pinned = potoo_stream_recorder_get_pinned_root (stream->recorder);
  return potoo_writer_set_is_better (best, writer, pinned) ? best : NULL;
}

PotooWriter *
potoo_writer_find_rescue (PotooWriter *writer,
                          PotooWriterStream *stream,
                          const PotooMessage *message)
{
  if (message->type != POTOO_MESSAGE_FRAGMENT || !potoo_stream_recorder_lacks (stream->recorder) ||
      potoo_storage_root_get_state (writer->root) == POTOO_ROOT_OK)
    return NULL;
  return choose_other (writer, stream);
}

/* (transfer container) */
static GPtrArray *
copy_streams (PotooWriter *writer)
{
  g_mutex_lock (&writer->streams_lock);
  GPtrArray *streams = g_ptr_array_copy (writer->streams, NULL, NULL);
  g_mutex_unlock (&writer->streams_lock);
  return streams;
}

void
potoo_writer_evacuate (PotooWriter *writer)
{
  g_autoptr (GPtrArray) streams = copy_streams (writer);
  gboolean lost = potoo_storage_root_is_lost (writer->root);

  for (guint i = 0; i < streams->len; i++)
    {
      PotooWriterStream *stream = streams->pdata[i];
      PotooWriter *target = choose_other (writer, stream);
      if ((target != NULL && potoo_writer_move (writer, stream, target, NULL)) || !lost)
        continue;
      potoo_stream_recorder_move (stream->recorder, writer->root);
      potoo_writer_update_dirty (writer, stream);
    }
}

/* --- main thread --- */

/* From the next key fragment on the stream is @target's; what comes before it stays for the thread
 * that hangs. NULL: not now. Under the streams_lock. */
static PotooWriterStream *
take_away_locked (PotooWriterStream *stream, PotooWriter *target)
{
  g_autoptr (PotooRecordingPlan) plan = NULL;
  PotooWriterStream *next = potoo_writer_stream_new (target);
  PotooLoss lost;
  g_autoptr (PotooFragment) first = potoo_fragment_queue_split (
      stream->queue, &stream->tail, &lost, &plan, potoo_writer_on_queue_awake, next);

  if (first == NULL)
    {
      g_free (next);
      return NULL;
    }
  PotooMessage *last = g_new0 (PotooMessage, 1);
  last->type = POTOO_MESSAGE_HAND_OVER;
  last->lost = lost;
  last->wall_us = potoo_fragment_get_wall_start_us (first);
  g_queue_push_tail (&stream->tail, last);
  stream->taken = TRUE;
  next->queue = potoo_fragment_queue_ref (stream->queue);
  next->recorder = potoo_stream_recorder_new_successor (stream->recorder, target->root, plan,
                                                        first);
  potoo_fragment_queue_set_ring (next->queue, potoo_stream_recorder_get_ring (next->recorder));
  potoo_log_warning (potoo_fragment_queue_get_camera (stream->queue),
                     "Recording continues on storage root %s, since %s does not answer",
                     potoo_storage_root_get_name (target->root),
                     potoo_storage_root_get_name (stream->writer->root));
  return next;
}

void
potoo_writer_check_stall (PotooWriter *writer, PotooWriterSet *set)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new ();

  if (writer->thread == NULL || !potoo_storage_root_check_stall (writer->root))
    return;
  g_mutex_lock (&writer->streams_lock);
  for (guint i = 0; i < writer->streams->len; i++)
    {
      PotooWriterStream *stream = writer->streams->pdata[i];
      /* Where it is pinned to it can go with its next segment. */
      PotooWriter *target = stream->taken ? NULL : potoo_writer_set_choose (set, NULL);
      if (target == NULL || target == writer || !potoo_writer_reserve (target))
        continue;
      PotooWriterStream *next = take_away_locked (stream, target);
      if (next != NULL)
        g_ptr_array_add (taken, next);
      else
        potoo_writer_give_place_up (target);
    }
  g_mutex_unlock (&writer->streams_lock);
  for (guint i = 0; i < taken->len; i++)
    {
      PotooWriterStream *next = taken->pdata[i];
      potoo_writer_adopt (next->writer, next);
    }
}
