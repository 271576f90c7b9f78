/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-queue.h"
#include "record/potoo-recovery.h"
#include "record/potoo-stream-recorder.h"

G_BEGIN_DECLS

/**
 * PotooWriter:
 *
 * The thread of one storage root: takes from the queues of its streams, writes, and syncs each
 * open segment once every sync interval. It sleeps without a timer while nothing is unsynced and
 * its root is OK; as long as that is not so, it looks for the root every few seconds.
 *
 * A stream belongs to one writer at a time. The writer whose root fails hands its streams over; so
 * does one that has a stream for which there is a better root, where a new segment begins
 * anyway. From a writer that hangs main takes them away: see potoo_writer_check_stall().
 *
 * Main thread, except where said.
 */
typedef struct _PotooWriter PotooWriter;

typedef struct _PotooWriterSet PotooWriterSet; /* potoo-writer-set.h */

PotooWriter *
potoo_writer_new (PotooStorageRoot *root, PotooCatalog *catalog, gint64 sync_interval_us);
PotooWriter *potoo_writer_ref (PotooWriter *writer);
void potoo_writer_unref (PotooWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWriter, potoo_writer_unref)

/* At start: attaches and recovers the root, when it can be. FALSE when the
 * catalog fails, or another instance has the root. */
gboolean potoo_writer_bring_up (PotooWriter *writer, PotooRecoveryReport *report, GError **error);
/* Whether the root is there and all that an earlier run left was dealt with. While the thread does
 * not run. */
gboolean potoo_writer_knows_files (PotooWriter *writer);
PotooStorageRoot *potoo_writer_get_root (PotooWriter *writer); /* any thread */
guint potoo_writer_get_n_streams (PotooWriter *writer);        /* any thread */
/* Its thread holds @set until it ends. */
gboolean potoo_writer_start (PotooWriter *writer, PotooWriterSet *set, GError **error);

/* Takes @recorder over; returns its queue, which takes of @memory. The queue's last message frees
 * both. (transfer full) */
PotooFragmentQueue *potoo_writer_add_stream (PotooWriter *writer,
                                             PotooFragmentMemory *memory,
                                             const char *camera,
                                             PotooStreamKind stream,
                                             PotooStreamRecorder *recorder);

/* Called because messages wait: when the thread has not come back from its disk for long, each of
 * its streams that can goes on on another root; what the thread holds it completes when the disk
 * answers. */
void potoo_writer_check_stall (PotooWriter *writer, PotooWriterSet *set);

/* To be called when every queue has got its last message: the thread ends after it handled
 * them all. Waits until @deadline_us (monotonic); FALSE when the thread hangs
 * in a disk: it is left to itself, with what it needs. */
gboolean potoo_writer_stop (PotooWriter *writer, gint64 deadline_us);

G_END_DECLS
