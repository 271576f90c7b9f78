/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-db.h"
#include "catalog/potoo-catalog-ids.h"
#include "catalog/potoo-catalog-watch.h"
#include "catalog/potoo-catalog-writer.h"
#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/* What the table families (potoo-catalog-*.c) are written with: jobs that they
 * post, and the connection that a reader reads with. */

/* The longest that a segment may claim to last. Segments are cut after an hour at most, at
 * the next keyframe; queries by overlap look back this far from their window, and
 * a CHECK in the schema holds every row to it. */
#define POTOO_SEGMENT_MAX_DURATION_US (2 * 3600 * G_GINT64_CONSTANT (1000000))
/* A gap over this is "long": see the indexes of `gaps` in migrations/001.sql. */
#define POTOO_GAP_LONG_US (3600 * G_GINT64_CONSTANT (1000000))

/* What an event keeps is "long" when it is over this, and so is an event: see the indexes of
 * `events` in migrations/002.sql. */
#define POTOO_EVENT_LONG_US (2 * 3600 * G_GINT64_CONSTANT (1000000))
/* The end of the year 9999: no time of an event or lock is later. */
#define POTOO_TIME_MAX_US G_GINT64_CONSTANT (253402300799999999)

/* Rows that a reader gives at most, whatever `limit` says. */
#define POTOO_CATALOG_MAX_ROWS 10000

/* Opens with other migrations than the embedded ones (tests). NULL-terminated. */
PotooCatalog *potoo_catalog_open_with_migrations (const char *state_dir,
                                                  const char *const *migrations,
                                                  GError **error);

/* Posts a job without an outcome; when it is refused, that is logged and counted. */
void potoo_catalog_post (PotooCatalog *catalog, const PotooJob *job);

/* A job whose outcome a GTask brings: @job has `run`, `data`, `destroy` and, if any, `done` and
 * `key`. */
void potoo_catalog_post_async (PotooCatalog *catalog,
                               const PotooJob *job,
                               gpointer source_tag,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean potoo_catalog_post_finish (PotooCatalog *catalog,
                                    GAsyncResult *result,
                                    gpointer source_tag,
                                    GError **error);

/* Waits for the outcome; @data stays the caller's. @done: (nullable): as in PotooJob. Not from the
 * writer thread. */
gboolean potoo_catalog_run (PotooCatalog *catalog, PotooJobFunc run, gpointer data, GError **error);
gboolean potoo_catalog_run_told (PotooCatalog *catalog,
                                 PotooJobFunc run,
                                 PotooJobDoneFunc done,
                                 gpointer data,
                                 GError **error);

const char *potoo_catalog_get_path (PotooCatalog *catalog);
PotooIdBlocks *potoo_catalog_get_segment_ids (PotooCatalog *catalog);
PotooIdBlocks *potoo_catalog_get_gap_ids (PotooCatalog *catalog);
PotooIdBlocks *potoo_catalog_get_event_ids (PotooCatalog *catalog);
PotooIdBlocks *potoo_catalog_get_lock_ids (PotooCatalog *catalog);
PotooRowWatch *potoo_catalog_get_row_watch (PotooCatalog *catalog);
PotooCatalogWriter *potoo_catalog_get_writer (PotooCatalog *catalog);

/* Data of a job that drops a row. */
typedef struct
{
  gint64 id;
  PotooRowWatch *watch;
} PotooDropJob;

PotooDropJob *potoo_drop_job_new (PotooCatalog *catalog, gint64 id); /* freed with g_free() */

PotooDb *potoo_catalog_reader_get_db (PotooCatalogReader *reader);

/* --- rows, for who changes several tables at once --- */

#define POTOO_GAP_COLUMNS "id, camera, stream, start_us, end_us, cause"
#define POTOO_LOCK_COLUMNS "id, camera, start_us, end_us, reason, expires_us, created_us"

/* All rows of a bound statement of those columns, appended to @list or as a list. */
gboolean
potoo_catalog_read_gaps (PotooDb *db, PotooStatement *statement, GPtrArray *list, GError **error);
gboolean potoo_catalog_write_gap (PotooDb *db, const PotooGap *gap, GError **error);
GPtrArray *potoo_catalog_read_locks (PotooDb *db, PotooStatement *statement, GError **error);

G_END_DECLS
