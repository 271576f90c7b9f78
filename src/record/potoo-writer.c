/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The thread: waits, takes from its streams' queues, syncs, looks after its root. Who has a stream
 * when is in potoo-writer-hand-over.c. The thread holds a reference of the writer: when stop()
 * gives up on it, it may end whenever its disk answers. */

#include "base/potoo-clock.h"
#include "base/potoo-cpu.h"
#include "record/potoo-clean-mark.h"
#include "record/potoo-writer-private.h"

#define MESSAGES_PER_TURN 32

PotooWriter *
potoo_writer_new (PotooStorageRoot *root, PotooCatalog *catalog, gint64 sync_interval_us)
{
  PotooWriter *writer = g_new0 (PotooWriter, 1);

  g_atomic_ref_count_init (&writer->ref_count);
  writer->root = potoo_storage_root_ref (root);
  writer->catalog = g_object_ref (catalog);
  writer->care = potoo_root_care_new (root, catalog);
  writer->sync_interval_us = sync_interval_us;
  writer->day = potoo_clock_wall_us () / POTOO_DAY_US;
  writer->streams = g_ptr_array_new ();
  g_mutex_init (&writer->streams_lock);
  g_mutex_init (&writer->lock);
  g_cond_init (&writer->work);
  g_cond_init (&writer->finished);
  g_queue_init (&writer->ready);
  g_queue_init (&writer->dirty);
  return writer;
}

PotooWriter *
potoo_writer_ref (PotooWriter *writer)
{
  g_atomic_ref_count_inc (&writer->ref_count);
  return writer;
}

void
potoo_writer_unref (PotooWriter *writer)
{
  if (!g_atomic_ref_count_dec (&writer->ref_count))
    return;
  g_queue_clear (&writer->ready);
  g_ptr_array_unref (writer->streams);
  g_mutex_clear (&writer->streams_lock);
  g_mutex_clear (&writer->lock);
  g_cond_clear (&writer->work);
  g_cond_clear (&writer->finished);
  potoo_root_care_free (writer->care);
  potoo_storage_root_unref (writer->root);
  g_object_unref (writer->catalog);
  g_free (writer);
}

/* --- any thread --- */

static void
schedule (PotooWriter *writer, PotooWriterStream *stream)
{
  g_mutex_lock (&writer->lock);
  g_queue_push_tail (&writer->ready, stream);
  g_cond_signal (&writer->work);
  g_mutex_unlock (&writer->lock);
}

void
potoo_writer_on_queue_awake (PotooFragmentQueue *queue, gpointer user_data)
{
  PotooWriterStream *stream = user_data;
  schedule (stream->writer, stream);
}

guint
potoo_writer_get_n_streams (PotooWriter *writer)
{
  g_mutex_lock (&writer->lock);
  guint n = writer->n_streams;
  g_mutex_unlock (&writer->lock);
  return n;
}

gboolean
potoo_writer_reserve (PotooWriter *writer)
{
  g_mutex_lock (&writer->lock);
  gboolean goes_on = !writer->stopping;
  if (goes_on)
    writer->n_streams++;
  g_mutex_unlock (&writer->lock);
  return goes_on;
}

void
potoo_writer_adopt (PotooWriter *writer, PotooWriterStream *stream)
{
  stream->writer = writer;
  g_mutex_lock (&writer->streams_lock);
  g_ptr_array_add (writer->streams, stream);
  g_mutex_unlock (&writer->streams_lock);
  schedule (writer, stream);
}

/* --- the writer's thread --- */

/* Brings the list of dirty streams up to date after anything that @stream did. A stream
 * that has become dirty has done so just now: the list is in order. */
void
potoo_writer_update_dirty (PotooWriter *writer, PotooWriterStream *stream)
{
  gint64 unsynced_us = potoo_stream_recorder_get_unsynced_us (stream->recorder);

  if (unsynced_us == stream->unsynced_us)
    return;
  if (stream->unsynced_us != 0)
    g_queue_unlink (&writer->dirty, &stream->link);
  if (unsynced_us != 0)
    g_queue_push_tail_link (&writer->dirty, &stream->link);
  stream->unsynced_us = unsynced_us;
}

/* The monotonic time of the next sync; 0 when nothing is unsynced. */
static gint64
next_sync (PotooWriter *writer)
{
  PotooWriterStream *stream = g_queue_peek_head (&writer->dirty);
  return stream != NULL ? stream->unsynced_us + writer->sync_interval_us : 0;
}

/* The monotonic time at which there is something to do in any case; 0: never. */
static gint64
next_turn (PotooWriter *writer)
{
  gint64 sync_us = next_sync (writer), look_us = potoo_root_care_get_due_us (writer->care);

  if (sync_us == 0 || look_us == 0)
    return MAX (sync_us, look_us);
  return MIN (sync_us, look_us);
}

/* The disk has answered: what it was asked for before is no stall any more. */
static void
note_progress (PotooWriter *writer)
{
  potoo_storage_root_set_busy (writer->root, potoo_clock_mono_us ());
}

static void
sync_what_is_due (PotooWriter *writer)
{
  for (gint64 due = next_sync (writer); due != 0 && due <= potoo_clock_mono_us ();
       due = next_sync (writer))
    {
      PotooWriterStream *stream = g_queue_peek_head (&writer->dirty);
      potoo_stream_recorder_sync (stream->recorder);
      potoo_writer_update_dirty (writer, stream);
      note_progress (writer);
    }
}

/* Waits for a stream that has something to do, or until it is time for something else. Returns
 * FALSE when the thread is to end. */
static gboolean
wait_for_work (PotooWriter *writer, PotooWriterStream **stream)
{
  gint64 due = next_turn (writer);
  gboolean timed_out = FALSE;

  potoo_storage_root_set_busy (writer->root, 0);
  g_mutex_lock (&writer->lock);
  while (writer->ready.length == 0 && !timed_out && !(writer->stopping && writer->n_streams == 0))
    {
      if (due == 0)
        g_cond_wait (&writer->work, &writer->lock);
      else
        timed_out = !g_cond_wait_until (&writer->work, &writer->lock, due);
    }
  *stream = g_queue_pop_head (&writer->ready);
  potoo_storage_root_set_busy (writer->root, potoo_clock_mono_us ());
  gboolean go_on = *stream != NULL || timed_out || !writer->stopping || writer->n_streams > 0;
  g_mutex_unlock (&writer->lock);
  return go_on;
}

void
potoo_writer_give_place_up (PotooWriter *writer)
{
  g_mutex_lock (&writer->lock);
  writer->n_streams--;
  g_mutex_unlock (&writer->lock);
}

/* @stream is no longer the writer's, in whose thread this is; its place still is taken. FALSE when
 * main has given its queue to another writer: then it stays until its tail is written. */
gboolean
potoo_writer_let_go (PotooWriter *writer, PotooWriterStream *stream, gboolean also_taken)
{
  g_mutex_lock (&writer->streams_lock);
  gboolean go = also_taken || !stream->taken;
  if (go)
    g_ptr_array_remove_fast (writer->streams, stream);
  g_mutex_unlock (&writer->streams_lock);
  if (!go)
    return FALSE;
  if (stream->unsynced_us != 0)
    g_queue_unlink (&writer->dirty, &stream->link);
  stream->unsynced_us = 0;
  return TRUE;
}

void
potoo_writer_unschedule (PotooWriter *writer, PotooWriterStream *stream)
{
  g_mutex_lock (&writer->lock);
  g_queue_remove_all (&writer->ready, stream);
  g_mutex_unlock (&writer->lock);
}

static void
stream_free (PotooWriter *writer, PotooWriterStream *stream)
{
  potoo_writer_let_go (writer, stream, TRUE);
  potoo_writer_unschedule (writer, stream);
  potoo_stream_recorder_free (stream->recorder);
  potoo_fragment_queue_unref (stream->queue);
  g_queue_clear_full (&stream->tail, (GDestroyNotify) potoo_message_free);
  g_free (stream);
  potoo_writer_give_place_up (writer);
}

/* --- turns --- */

static gboolean
take (PotooWriter *writer, PotooWriterStream *stream, PotooMessage *message)
{
  g_mutex_lock (&writer->streams_lock);
  g_autofree PotooMessage *first = g_queue_pop_head (&stream->tail);
  if (first != NULL)
    *message = *first;
  gboolean found = first != NULL ||
                   (!stream->taken && potoo_fragment_queue_take (stream->queue, message));
  g_mutex_unlock (&writer->streams_lock);
  return found;
}

/* Returns FALSE when @stream is not here any more. */
static gboolean
handle (PotooWriter *writer, PotooWriterStream *stream, PotooMessage *message)
{
  PotooWriter *target = potoo_writer_find_better (writer, stream, message);

  if (target != NULL && potoo_writer_move (writer, stream, target, message))
    return FALSE;
  gboolean go_on = potoo_stream_recorder_handle (stream->recorder, message);
  message->lost = (PotooLoss){ 0 }; /* it is noted, should the message go elsewhere */
  note_progress (writer);
  target = potoo_writer_find_rescue (writer, stream, message);
  if (target != NULL && potoo_writer_move (writer, stream, target, message))
    return FALSE;
  potoo_message_clear (message);
  if (go_on)
    potoo_writer_update_dirty (writer, stream);
  else
    stream_free (writer, stream);
  return go_on;
}

/* A bounded number of messages, so that a stream with a long queue does not hold up the others. */
static void
take_turn (PotooWriter *writer, PotooWriterStream *stream)
{
  for (int i = 0; i < MESSAGES_PER_TURN; i++)
    {
      PotooMessage message;
      if (!take (writer, stream, &message) || !handle (writer, stream, &message))
        return;
    }
  schedule (writer, stream);
}

/* From a root that is only just full streams go where their next key fragment is: see
 * potoo_writer_find_better(). */
static void
look_after_root (PotooWriter *writer)
{
  if (potoo_storage_root_get_state (writer->root) == POTOO_ROOT_OK)
    return;
  if (!potoo_storage_root_is_just_full (writer->root))
    potoo_writer_evacuate (writer);
  potoo_root_care_look (writer->care);
  note_progress (writer);
}

/* Once a day the clean mark follows, a day behind, since a fragment of yesterday may still wait in
 * a queue. */
static void
advance_clean_mark (PotooWriter *writer)
{
  gint64 day = potoo_clock_wall_us () / POTOO_DAY_US;

  if (day == writer->day || potoo_storage_root_get_state (writer->root) != POTOO_ROOT_OK ||
      !potoo_root_care_knows_files (writer->care))
    return;
  writer->day = day;
  potoo_clean_mark_put (writer->catalog, writer->root, (day - 1) * POTOO_DAY_US);
}

static gpointer
run (gpointer user_data)
{
  g_autoptr (PotooWriter) writer = user_data;
  PotooWriterStream *stream;

  potoo_cpu_watch_thread ();
  while (wait_for_work (writer, &stream))
    {
      if (stream != NULL)
        take_turn (writer, stream);
      sync_what_is_due (writer);
      look_after_root (writer);
      advance_clean_mark (writer);
    }
  g_clear_pointer (&writer->set, potoo_writer_set_unref);
  g_mutex_lock (&writer->lock);
  writer->has_finished = TRUE;
  g_cond_signal (&writer->finished);
  g_mutex_unlock (&writer->lock);
  return NULL;
}

/* --- main thread --- */

gboolean
potoo_writer_bring_up (PotooWriter *writer, PotooRecoveryReport *report, GError **error)
{
  return potoo_root_care_bring_up (writer->care, report, error);
}

gboolean
potoo_writer_knows_files (PotooWriter *writer)
{
  return potoo_root_care_knows_files (writer->care);
}

gboolean
potoo_writer_start (PotooWriter *writer, PotooWriterSet *set, GError **error)
{
  writer->set = potoo_writer_set_ref (set);
  writer->thread = g_thread_try_new ("writer", run, potoo_writer_ref (writer), error);
  if (writer->thread == NULL)
    {
      g_clear_pointer (&writer->set, potoo_writer_set_unref);
      potoo_writer_unref (writer);
    }
  return writer->thread != NULL;
}

PotooStorageRoot *
potoo_writer_get_root (PotooWriter *writer)
{
  return writer->root;
}

PotooWriterStream *
potoo_writer_stream_new (PotooWriter *writer)
{
  PotooWriterStream *stream = g_new0 (PotooWriterStream, 1);

  stream->writer = writer;
  stream->link.data = stream;
  g_queue_init (&stream->tail);
  return stream;
}

PotooFragmentQueue *
potoo_writer_add_stream (PotooWriter *writer,
                         PotooFragmentMemory *memory,
                         const char *camera,
                         PotooStreamKind kind,
                         PotooStreamRecorder *recorder)
{
  PotooWriterStream *stream = potoo_writer_stream_new (writer);

  stream->recorder = recorder;
  stream->queue = potoo_fragment_queue_new (memory, camera, kind, potoo_writer_on_queue_awake,
                                            stream);
  potoo_fragment_queue_set_ring (stream->queue, potoo_stream_recorder_get_ring (recorder));
  PotooFragmentQueue *queue = potoo_fragment_queue_ref (stream->queue);
  g_mutex_lock (&writer->lock);
  writer->n_streams++;
  g_mutex_unlock (&writer->lock);
  g_mutex_lock (&writer->streams_lock);
  g_ptr_array_add (writer->streams, stream);
  g_mutex_unlock (&writer->streams_lock);
  return queue;
}

gboolean
potoo_writer_stop (PotooWriter *writer, gint64 deadline_us)
{
  gboolean in_time = TRUE;

  if (writer->thread == NULL)
    return TRUE;
  g_mutex_lock (&writer->lock);
  writer->stopping = TRUE;
  g_cond_signal (&writer->work);
  while (!writer->has_finished && in_time)
    in_time = g_cond_wait_until (&writer->finished, &writer->lock, deadline_us);
  gboolean finished = writer->has_finished;
  g_mutex_unlock (&writer->lock);
  if (finished)
    g_thread_join (writer->thread);
  else
    g_thread_unref (writer->thread);
  writer->thread = NULL;
  return finished;
}
