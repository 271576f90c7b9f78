/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * PotooCatalog:
 *
 * `<state>/catalog.db`: all that Potoo knows besides the media files. One
 * thread owns the one write connection; every write is a job in a bounded
 * queue, and the jobs that wait are done in one transaction (durable when the
 * job's callback runs). Jobs are done in the order in which they were posted, whoever posted.
 *
 * Posting functions come in two shapes: `…_async/_finish` (callback in the caller's
 * thread-default main context) for who needs the outcome, and plain ones without a
 * callback for the writers of `record`, which never wait for SQL: their
 * failures are logged, counted and mended from the files at the next start.
 */
#define POTOO_TYPE_CATALOG (potoo_catalog_get_type ())
G_DECLARE_FINAL_TYPE (PotooCatalog, potoo_catalog, POTOO, CATALOG, GObject)

/* Opens, backs up before migrating (VACUUM INTO, 2 kept), migrates; a newer schema is refused,
 * naming both versions. @state_dir exists and is locked by the caller. Blocks. */
/* What SQLite may take in this process, of all connections together: while it has that much, one
 * that needs another page takes one of its own anew. Unset: 2 MB for each. Before the first is
 * opened. */
void potoo_catalog_set_memory (gint64 bytes);
gint64 potoo_catalog_get_memory (void); /* what it takes now. Any thread */

PotooCatalog *potoo_catalog_open (const char *state_dir, GError **error);

/* Does all posted jobs and stops the thread. Blocks. Later posts fail. To be called
 * before the last reference goes, which a callback may hold. */
void potoo_catalog_close (PotooCatalog *catalog);

/* Blocks until every job posted so far is durable (start-up, tests, shutdown). */
gboolean potoo_catalog_sync (PotooCatalog *catalog, GError **error);

/* Why nothing can be written at present (disk full, I/O error); NULL while all is well. Plain
 * jobs stay in the queue meanwhile and are tried again. Any thread. (transfer full) (nullable) */
char *potoo_catalog_get_error (PotooCatalog *catalog);

/* Whether a plain job was refused since it was opened, since too many waited. Any thread. */
gboolean potoo_catalog_lacks_rows (PotooCatalog *catalog);

/**
 * PotooCatalogReader:
 *
 * A read-only connection, for one thread at a time: each web worker has its own.
 */
typedef struct _PotooCatalogReader PotooCatalogReader;

PotooCatalogReader *potoo_catalog_reader_new (PotooCatalog *catalog, GError **error);
void potoo_catalog_reader_free (PotooCatalogReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCatalogReader, potoo_catalog_reader_free)

G_END_DECLS
