/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `lock` protects the list of streams that have something to do, the number of streams
 * and the marks of the thread's life. It is held for a few instructions; a queue's lock may be held
 * when it is taken, and no other is taken under it. `streams_lock` protects the list of all
 * streams, and from whom each takes: the thread holds it only there, never while it is at its disk,
 * so that main can take the streams of one that hangs. A queue's lock may be taken under it.
 *
 * All else belongs to the thread. It holds a reference of the writer: when stop() gives up on it,
 * it may end whenever its disk answers. */

#include "record/potoo-writer.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "record/potoo-clean-mark.h"
#include "record/potoo-root-care.h"
#include "record/potoo-writer-set.h"

#define MESSAGES_PER_TURN 32

typedef struct
{
  PotooWriter *writer;
  PotooFragmentQueue *queue;
  PotooStreamRecorder *recorder;
  gboolean
      taken;   /* streams_lock: main has given the queue to another writer; only the tail is left */
  GQueue tail; /* streams_lock: PotooMessage; goes before the queue */
  gint64 unsynced_us; /* as the list of dirty ones knows it; 0: not in it */
  GList link;         /* in that list */
} Stream;

struct _PotooWriter
{
  gatomicrefcount ref_count;
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  PotooRootCare *care;
  gint64 sync_interval_us;
  GThread *thread;

  GMutex streams_lock;
  GPtrArray *streams; /* Stream */

  GMutex lock;
  GCond work;     /* for the thread */
  GCond finished; /* for stop() */
  GQueue ready;   /* Stream */
  guint n_streams;
  gboolean stopping, has_finished;

  PotooWriterSet *set; /* the thread's */
  GQueue dirty;        /* Stream, the one whose sync is due first at the head */
  gint64 day;          /* since 1970, of the last clean mark */
};

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
schedule (PotooWriter *writer, Stream *stream)
{
  g_mutex_lock (&writer->lock);
  g_queue_push_tail (&writer->ready, stream);
  g_cond_signal (&writer->work);
  g_mutex_unlock (&writer->lock);
}

/* Under the queue's lock. */
static void
on_queue_awake (PotooFragmentQueue *queue, gpointer user_data)
{
  Stream *stream = user_data;
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

/* A place for one more stream; FALSE when the thread is about to end. */
static gboolean
reserve (PotooWriter *writer)
{
  g_mutex_lock (&writer->lock);
  gboolean goes_on = !writer->stopping;
  if (goes_on)
    writer->n_streams++;
  g_mutex_unlock (&writer->lock);
  return goes_on;
}

/* @stream, for which there is a place, comes to @writer with messages that may wait. */
static void
adopt (PotooWriter *writer, Stream *stream)
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
      Stream *stream = g_queue_peek_head (&writer->dirty);
      potoo_stream_recorder_sync (stream->recorder);
      update_dirty (writer, stream);
      note_progress (writer);
    }
}

/* Waits for a stream that has something to do, or until it is time for something else. Returns
 * FALSE when the thread is to end. */
static gboolean
wait_for_work (PotooWriter *writer, Stream **stream)
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

static void
give_place_up (PotooWriter *writer)
{
  g_mutex_lock (&writer->lock);
  writer->n_streams--;
  g_mutex_unlock (&writer->lock);
}

/* @stream is no longer the writer's, in whose thread this is; its place still is taken. FALSE when
 * main has given its queue to another writer: then it stays until its tail is written. */
static gboolean
let_go (PotooWriter *writer, Stream *stream, gboolean also_taken)
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

static void
unschedule (PotooWriter *writer, Stream *stream)
{
  g_mutex_lock (&writer->lock);
  g_queue_remove_all (&writer->ready, stream);
  g_mutex_unlock (&writer->lock);
}

static void
stream_free (PotooWriter *writer, Stream *stream)
{
  let_go (writer, stream, TRUE);
  unschedule (writer, stream);
  potoo_stream_recorder_free (stream->recorder);
  potoo_fragment_queue_unref (stream->queue);
  g_queue_clear_full (&stream->tail, (GDestroyNotify) potoo_message_free);
  g_free (stream);
  give_place_up (writer);
}

/* --- handing over --- */

/* The stream goes on with @target, and with @first (nullable) before what it has queued. FALSE: it
 * stays. */
static gboolean
move (PotooWriter *writer, Stream *stream, PotooWriter *target, const PotooMessage *first)
{
  if (!reserve (target))
    return FALSE;
  if (!let_go (writer, stream, FALSE))
    {
      give_place_up (target);
      return FALSE;
    }
  potoo_log_info (potoo_fragment_queue_get_camera (stream->queue),
                  "Recording continues on storage root %s (it was on %s)",
                  potoo_storage_root_get_name (target->root),
                  potoo_storage_root_get_name (writer->root));
  potoo_stream_recorder_move (stream->recorder, target->root);
  if (first != NULL)
    g_queue_push_head (&stream->tail, g_memdup2 (first, sizeof *first));
  potoo_fragment_queue_claim (stream->queue);
  unschedule (writer, stream);
  adopt (target, stream);
  give_place_up (writer);
  return TRUE;
}

static PotooWriter *
choose_other (PotooWriter *writer, Stream *stream)
{
  PotooWriter *best = potoo_writer_set_choose (
      writer->set, potoo_stream_recorder_get_pinned_root (stream->recorder));
  return best != writer ? best : NULL;
}

/* Where @message, which @stream has just taken, belongs if not here. */
static PotooWriter *
find_better (PotooWriter *writer, Stream *stream, const PotooMessage *message)
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

/* Where @message goes that the root has not taken. */
static PotooWriter *
find_rescue (PotooWriter *writer, Stream *stream, const PotooMessage *message)
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

/* Whoever can goes elsewhere; who stays has no file open on a root that is lost. */
static void
evacuate (PotooWriter *writer)
{
  g_autoptr (GPtrArray) streams = copy_streams (writer);
  gboolean lost = potoo_storage_root_is_lost (writer->root);

  for (guint i = 0; i < streams->len; i++)
    {
      Stream *stream = streams->pdata[i];
      PotooWriter *target = choose_other (writer, stream);
      if ((target != NULL && move (writer, stream, target, NULL)) || !lost)
        continue;
      potoo_stream_recorder_move (stream->recorder, writer->root);
      update_dirty (writer, stream);
    }
}

/* --- turns --- */

static gboolean
take (PotooWriter *writer, Stream *stream, PotooMessage *message)
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
handle (PotooWriter *writer, Stream *stream, PotooMessage *message)
{
  PotooWriter *target = find_better (writer, stream, message);

  if (target != NULL && move (writer, stream, target, message))
    return FALSE;
  gboolean go_on = potoo_stream_recorder_handle (stream->recorder, message);
  note_progress (writer);
  target = find_rescue (writer, stream, message);
  if (target != NULL && move (writer, stream, target, message))
    return FALSE;
  potoo_message_clear (message);
  if (go_on)
    update_dirty (writer, stream);
  else
    stream_free (writer, stream);
  return go_on;
}

/* A bounded number of messages, so that a stream with a long queue does not hold up the others. */
static void
take_turn (PotooWriter *writer, Stream *stream)
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
 * find_better(). */
static void
look_after_root (PotooWriter *writer)
{
  if (potoo_storage_root_get_state (writer->root) == POTOO_ROOT_OK)
    return;
  if (!potoo_storage_root_is_just_full (writer->root))
    evacuate (writer);
  potoo_root_care_look (writer->care);
  note_progress (writer);
}

/* Once a day the clean mark follows, a day behind, since a fragment of yesterday may still wait in
 * a queue. */
static void
advance_clean_mark (PotooWriter *writer)
{
  gint64 day = potoo_clock_wall_us () / POTOO_DAY_US;

  if (day == writer->day || potoo_storage_root_get_state (writer->root) != POTOO_ROOT_OK)
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
potoo_writer_is_recovered (PotooWriter *writer)
{
  return potoo_root_care_is_recovered (writer->care);
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

static Stream *
stream_new (PotooWriter *writer)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->writer = writer;
  stream->link.data = stream;
  g_queue_init (&stream->tail);
  return stream;
}

PotooFragmentQueue *
potoo_writer_add_stream (PotooWriter *writer,
                         const char *camera,
                         PotooStreamKind kind,
                         PotooStreamRecorder *recorder)
{
  Stream *stream = stream_new (writer);

  stream->recorder = recorder;
  stream->queue = potoo_fragment_queue_new (camera, kind, on_queue_awake, stream);
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

/* From the next key fragment on the stream is @target's; what comes before it stays for the thread
 * that hangs. NULL: not now. Under the streams_lock. */
static Stream *
take_away_locked (Stream *stream, PotooWriter *target)
{
  g_autoptr (PotooRecordingPlan) plan = NULL;
  Stream *next = stream_new (target);
  g_autoptr (PotooFragment) first = potoo_fragment_queue_split (stream->queue, &stream->tail, &plan,
                                                                on_queue_awake, next);

  if (first == NULL)
    {
      g_free (next);
      return NULL;
    }
  PotooMessage *last = g_new0 (PotooMessage, 1);
  last->type = POTOO_MESSAGE_HAND_OVER;
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
      Stream *stream = writer->streams->pdata[i];
      /* Where it is pinned to it can go with its next segment. */
      PotooWriter *target = stream->taken ? NULL : potoo_writer_set_choose (set, NULL);
      if (target == NULL || target == writer || !reserve (target))
        continue;
      Stream *next = take_away_locked (stream, target);
      if (next != NULL)
        g_ptr_array_add (taken, next);
      else
        give_place_up (target);
    }
  g_mutex_unlock (&writer->streams_lock);
  for (guint i = 0; i < taken->len; i++)
    {
      Stream *next = taken->pdata[i];
      adopt (next->writer, next);
    }
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
