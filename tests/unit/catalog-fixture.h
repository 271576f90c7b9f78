/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"
#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-segments.h"
#include "catalog/potoo-catalog-settings.h"

/* A catalog in a directory of its own, a reader of it and a storage root. */
typedef struct
{
  char *directory;
  char *path; /* of catalog.db */
  PotooCatalog *catalog;
  PotooCatalogReader *reader;
  gint64 root;
} CatalogFixture;

void catalog_fixture_set_up (CatalogFixture *fixture, gconstpointer data);
void catalog_fixture_tear_down (CatalogFixture *fixture, gconstpointer data);

/* Only the directory, for tests that open catalogs themselves. */
void catalog_fixture_set_up_empty (CatalogFixture *fixture, gconstpointer data);

void catalog_fixture_open (CatalogFixture *fixture);
void catalog_fixture_close (CatalogFixture *fixture);
void catalog_fixture_sync (CatalogFixture *fixture);

/* Runs SQL on the file as another program would, without any of our checks. */
void catalog_fixture_tamper (CatalogFixture *fixture, const char *sql);
/* The first column of the first row as text; NULL when there is none. */
char *catalog_fixture_query (CatalogFixture *fixture, const char *sql);
gint64 catalog_fixture_query_int (CatalogFixture *fixture, const char *sql);

/* The SQL of one of the directory tests/unit/catalog-fixtures. (transfer full) */
char *catalog_fixture_read_sql (const char *name);

/* The plan of a statement that was prepared on @handle and whose text holds @words: it uses @index,
 * as EXPLAIN QUERY PLAN words it, and looks through no table, except the few storage roots. */
void catalog_fixture_assert_plan (sqlite3 *handle, const char *words, const char *index);

/* How many of the directory's files have names that start with @prefix. */
guint catalog_fixture_count_files (CatalogFixture *fixture, const char *prefix);
/* The path of one of them. (transfer full) (nullable) */
char *catalog_fixture_find_file (CatalogFixture *fixture, const char *prefix);

gint64 catalog_fixture_take_id (CatalogFixture *fixture);
/* A closed segment of @camera of a new id. */
PotooSegment catalog_fixture_segment (CatalogFixture *fixture,
                                      const char *camera,
                                      gint64 start_us,
                                      gint64 end_us);

/* Value of a series without labels as /metrics shows it, rounded up; -1 when there is none. */
gint64 catalog_metric (const char *name);

/* Puts or drops it and waits; NULL, or why not. (transfer full) (nullable) */
GError *catalog_fixture_put_event (CatalogFixture *fixture, const PotooEvent *event);
GError *catalog_fixture_drop_event (CatalogFixture *fixture, gint64 id);
GError *catalog_fixture_put_lock (CatalogFixture *fixture, const PotooLock *lock);
GError *catalog_fixture_drop_lock (CatalogFixture *fixture, gint64 id);

/* Waits for a GAsyncResult, for callbacks of type GAsyncReadyCallback. */
void catalog_take_result (GObject *source, GAsyncResult *result, gpointer result_pointer);
GAsyncResult *catalog_wait_result (GAsyncResult **result);
