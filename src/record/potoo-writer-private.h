/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-root-care.h"
#include "record/potoo-writer-set.h"

G_BEGIN_DECLS

/* Shared by potoo-writer.c and potoo-writer-hand-over.c.
 *
 * `lock` protects the list of streams that have something to do, the number of streams
 * and the marks of the thread's life. It is held for a few instructions; the lock of the queues may
 * be held when it is taken, and no other is taken under it. `streams_lock` protects the list of all
 * streams, and from whom each takes: the thread holds it only there, never while it is at its disk,
 * so that main can take the streams of one that hangs. The lock of the queues may be taken under
 * it.
 *
 * All else belongs to the thread. */

typedef struct
{
  PotooWriter *writer;
  PotooFragmentQueue *queue;
  PotooStreamRecorder *recorder;
  /* Under the streams_lock: */
  gboolean taken;     /* main has given the queue to another writer: only the tail is left */
  GQueue tail;        /* PotooMessage; goes before the queue */
  gint64 unsynced_us; /* as the list of dirty ones knows it; 0: not in it */
  GList link;         /* in that list */
} PotooWriterStream;

struct _PotooWriter
{
  gatomicrefcount ref_count;
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  PotooRootCare *care;
  gint64 sync_interval_us;
  GThread *thread;

  GMutex streams_lock;
  GPtrArray *streams; /* PotooWriterStream */

  GMutex lock;
  GCond work;     /* for the thread */
  GCond finished; /* for stop() */
  GQueue ready;   /* PotooWriterStream */
  guint n_streams;
  gboolean stopping, has_finished;

  PotooWriterSet *set; /* the thread's */
  GQueue dirty;        /* PotooWriterStream, the one whose sync is due first at the head */
  gint64 day;          /* since 1970, of the last clean mark */
};

/* --- a writer's streams: potoo-writer.c --- */

PotooWriterStream *potoo_writer_stream_new (PotooWriter *writer);
/* Under the queue's lock. */
void potoo_writer_on_queue_awake (PotooFragmentQueue *queue, gpointer user_data);

/* A place for one more stream; FALSE when the thread is about to end. Any thread. */
gboolean potoo_writer_reserve (PotooWriter *writer);
void potoo_writer_give_place_up (PotooWriter *writer);
/* @stream, for which there is a place, comes to @writer with messages that may wait. Any thread. */
void potoo_writer_adopt (PotooWriter *writer, PotooWriterStream *stream);

/* The following in the writer's thread. */

/* @stream is no longer the writer's; its place is still taken. FALSE when main has given its queue
 * to another writer: then it stays until its tail is written, unless @also_taken. */
gboolean potoo_writer_let_go (PotooWriter *writer, PotooWriterStream *stream, gboolean also_taken);
void potoo_writer_unschedule (PotooWriter *writer, PotooWriterStream *stream);
/* To be called after anything that @stream did on the disk. */
void potoo_writer_update_dirty (PotooWriter *writer, PotooWriterStream *stream);

/* --- potoo-writer-hand-over.c: in the writer's thread --- */

/* The stream goes on with @target, and with @first (nullable) before what it has queued. FALSE: it
 * stays. */
gboolean potoo_writer_move (PotooWriter *writer,
                            PotooWriterStream *stream,
                            PotooWriter *target,
                            const PotooMessage *first);
/* Where @message, which @stream has just taken, belongs if not here. (nullable) */
PotooWriter *potoo_writer_find_better (PotooWriter *writer,
                                       PotooWriterStream *stream,
                                       const PotooMessage *message);
/* Where @message goes that the root has not taken. (nullable) */
PotooWriter *potoo_writer_find_rescue (PotooWriter *writer,
                                       PotooWriterStream *stream,
                                       const PotooMessage *message);
/* Whoever can goes elsewhere; who stays has no file open on a root that is lost. */
void potoo_writer_evacuate (PotooWriter *writer);

G_END_DECLS
