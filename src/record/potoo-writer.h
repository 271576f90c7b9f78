/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-queue.h"
#include "record/potoo-stream-recorder.h"

G_BEGIN_DECLS

/**
 * PotooWriter:
 *
 * The thread of one storage root: takes from the queues of its streams, writes, and syncs each
 * open segment once every sync interval. It sleeps without a timer while
 * nothing is unsynced.
 *
 * Main thread, except where said.
 */
typedef struct _PotooWriter PotooWriter;

PotooWriter *
potoo_writer_new (PotooStorageRoot *root, PotooCatalog *catalog, gint64 sync_interval_us);
PotooWriter *potoo_writer_ref (PotooWriter *writer);
void potoo_writer_unref (PotooWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWriter, potoo_writer_unref)

gboolean potoo_writer_start (PotooWriter *writer, GError **error);

/* Takes @recorder over; returns its queue. The queue's last message frees both. (transfer full) */
PotooFragmentQueue *potoo_writer_add_stream (PotooWriter *writer,
                                             const char *camera,
                                             PotooStreamKind stream,
                                             PotooStreamRecorder *recorder);
guint potoo_writer_get_n_streams (PotooWriter *writer);

/* To be called when every queue has got its last message: the thread ends after it handled
 * them all. Waits until @deadline_us (monotonic); FALSE when the thread hangs
 * in a disk: it is left to itself, with what it needs. */
gboolean potoo_writer_stop (PotooWriter *writer, gint64 deadline_us);

G_END_DECLS
