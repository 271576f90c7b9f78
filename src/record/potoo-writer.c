/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `lock` protects the list of streams that have something to do, the number of streams
 * and the marks of the thread's life. It is taken under no other lock, and held for a
 * few instructions. All else belongs to the thread.
 *
 * The thread holds a reference of the writer: when stop() gives up on it, it may end
 * whenever its disk answers. */

#include "record/potoo-writer.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "record/potoo-clean-mark.h"

#define MESSAGES_PER_TURN 32

typedef struct
{
  PotooWriter *writer;
  PotooFragmentQueue *queue;
  PotooStreamRecorder *recorder;
  gint64 unsynced_us; /* as the list of dirty ones knows it; 0: not in it */
  GList link;         /* in that list */
} Stream;

struct _PotooWriter
{
  gatomicrefcount ref_count;
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  gint64 sync_interval_us;
  GThread *thread;

  GMutex lock;
  GCond work;     /* for the thread */
  GCond finished; /* for stop() */
  GQueue ready;   /* Stream */
  guint n_streams;
  gboolean stopping, has_finished;

  GQueue dirty; /* Stream, the one whose sync is due first at the head */
  gint64 day;   /* since 1970, of the last clean mark */
};

PotooWriter *
potoo_writer_new (PotooStorageRoot *root, PotooCatalog *catalog, gint64 sync_interval_us)
{
  PotooWriter *writer = g_new0 (PotooWriter, 1);

  g_atomic_ref_count_init (&writer->ref_count);
  writer->root = potoo_storage_root_ref (root);
  writer->catalog = g_object_ref (catalog);
  writer->sync_interval_us = sync_interval_us;
  writer->day = potoo_clock_wall_us () / POTOO_DAY_US;
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
  g_mutex_clear (&writer->lock);
  g_cond_clear (&writer->work);
  g_cond_clear (&writer->finished);
  potoo_storage_root_unref (writer->root);
  g_object_unref (writer->catalog);
  g_free (writer);
}

/* --- any thread --- */

static void
schedule (PotooWriter *writer, Stream *stream)
{
  g_mutex_lock (&writer->lock);
  g_queue_push_tail (&writer->ready, stream);
  g_cond_signal (&writer->work);
  g_mutex_unlock (&writer->lock);
}

static void
on_queue_awake (PotooFragmentQueue *queue, gpointer user_data)
{
  Stream *stream = user_data;
  schedule (stream->writer, stream);
}

/* --- the writer's thread --- */

/* Brings the list of dirty streams up to date after anything that @stream did. A stream
 * that has become dirty has done so just now: the list is in order. */
static void
update_dirty (PotooWriter *writer, Stream *stream)
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
  Stream *stream = g_queue_peek_head (&writer->dirty);
  return stream != NULL ? stream->unsynced_us + writer->sync_interval_us : 0;
}

static void
sync_what_is_due (PotooWriter *writer)
{
  for (gint64 due = next_sync (writer); due != 0 && due <= potoo_clock_mono_us ();
       due = next_sync (writer))
    {
      Stream *stream = g_queue_peek_head (&writer->dirty);
      potoo_stream_recorder_sync (stream->recorder);
      update_dirty (writer, stream);
    }
}

/* Waits for a stream that has something to do, or until a sync is due. Returns FALSE
 * when the thread is to end. */
static gboolean
wait_for_work (PotooWriter *writer, Stream **stream)
{
  gint64 due = next_sync (writer);
  gboolean timed_out = FALSE;

  g_mutex_lock (&writer->lock);
  while (writer->ready.length == 0 && !timed_out && !(writer->stopping && writer->n_streams == 0))
    {
      if (due == 0)
        g_cond_wait (&writer->work, &writer->lock);
      else
        timed_out = !g_cond_wait_until (&writer->work, &writer->lock, due);
    }
  *stream = g_queue_pop_head (&writer->ready);
  gboolean go_on = *stream != NULL || timed_out || !writer->stopping || writer->n_streams > 0;
  g_mutex_unlock (&writer->lock);
  return go_on;
}

static void
stream_free (PotooWriter *writer, Stream *stream)
{
  if (stream->unsynced_us != 0)
    g_queue_unlink (&writer->dirty, &stream->link);
  potoo_stream_recorder_free (stream->recorder);
  potoo_fragment_queue_unref (stream->queue);
  g_free (stream);
  g_mutex_lock (&writer->lock);
  writer->n_streams--;
  g_mutex_unlock (&writer->lock);
}

/* A bounded number of messages, so that a stream with a long queue does not hold up the others. */
static void
take_turn (PotooWriter *writer, Stream *stream)
{
  for (int i = 0; i < MESSAGES_PER_TURN; i++)
    {
      PotooMessage message;
      if (!potoo_fragment_queue_take (stream->queue, &message))
        return;
      gboolean go_on = potoo_stream_recorder_handle (stream->recorder, &message);
      potoo_message_clear (&message);
      if (!go_on)
        {
          stream_free (writer, stream);
          return;
        }
      update_dirty (writer, stream);
    }
  schedule (writer, stream);
}

/* Once a day the clean mark follows, a day behind, since a fragment of yesterday may still wait in
 * a queue. */
static void
advance_clean_mark (PotooWriter *writer)
{
  gint64 day = potoo_clock_wall_us () / POTOO_DAY_US;

  if (day == writer->day)
    return;
  writer->day = day;
  potoo_clean_mark_put (writer->catalog, writer->root, (day - 1) * POTOO_DAY_US);
}

static gpointer
run (gpointer user_data)
{
  g_autoptr (PotooWriter) writer = user_data;
  Stream *stream;

  while (wait_for_work (writer, &stream))
    {
      if (stream != NULL)
        take_turn (writer, stream);
      sync_what_is_due (writer);
      advance_clean_mark (writer);
    }
  g_mutex_lock (&writer->lock);
  writer->has_finished = TRUE;
  g_cond_signal (&writer->finished);
  g_mutex_unlock (&writer->lock);
  return NULL;
}

/* --- main thread --- */

gboolean
potoo_writer_start (PotooWriter *writer, GError **error)
{
  writer->thread = g_thread_try_new ("writer", run, potoo_writer_ref (writer), error);
  if (writer->thread == NULL)
    potoo_writer_unref (writer);
  return writer->thread != NULL;
}

PotooFragmentQueue *
potoo_writer_add_stream (PotooWriter *writer,
                         const char *camera,
                         PotooStreamKind kind,
                         PotooStreamRecorder *recorder)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->writer = writer;
  stream->recorder = recorder;
  stream->link.data = stream;
  stream->queue = potoo_fragment_queue_new (camera, kind, on_queue_awake, stream);
  g_mutex_lock (&writer->lock);
  writer->n_streams++;
  g_mutex_unlock (&writer->lock);
  return potoo_fragment_queue_ref (stream->queue);
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
