/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-db.h"

G_BEGIN_DECLS

/**
 * PotooCatalogWriter:
 *
 * The thread that owns the write connection, and the bounded queue of jobs in front of it.
 * Jobs are done in the order of posting, all that wait in one transaction, each within
 * its own savepoint: one that fails is undone alone.
 */
typedef struct _PotooCatalogWriter PotooCatalogWriter;

#define POTOO_CATALOG_MAX_JOBS 10000
#define POTOO_CATALOG_MAX_BATCH 1000
#define POTOO_CATALOG_LINGER_US 100000

/* Does the job, in the writer thread and inside a transaction. It may be done
 * again when the transaction could not be committed. */
typedef gboolean (*PotooJobFunc) (PotooDb *db, gpointer data, GError **error);
/* The job's outcome, durable, in the writer thread; @error: (nullable). */
typedef void (*PotooJobDoneFunc) (gpointer data, const GError *error);
/* Takes over from @newer what is to be done instead of @data. */
typedef void (*PotooJobMergeFunc) (gpointer data, gpointer newer);

typedef enum
{
  /* Someone waits for the outcome: it is done at once, and fails when its transaction
   * fails. Others may linger for more to join, and stay to be tried again. */
  POTOO_JOB_AWAITED = 1 << 0,
  POTOO_JOB_UNBOUNDED = 1 << 1, /* posted even when the queue is full */
  /* Nothing that is posted behind it is merged into what waits before it. */
  POTOO_JOB_BARRIER = 1 << 2,
} PotooJobFlags;

typedef struct
{
  PotooJobFunc run;
  PotooJobDoneFunc done; /* (nullable) */
  PotooJobFlags flags;
  gpointer data;          /* owned by the job */
  GDestroyNotify destroy; /* (nullable); any thread */

  /* 0: none. A job is merged into a waiting one of the same key and `merge` func;
   * one of the same key without `merge` stands between those before and after it. */
  gint64 key;
  PotooJobMergeFunc merge;
} PotooJob;

/* Takes over @db. */
PotooCatalogWriter *potoo_catalog_writer_new (PotooDb *db);
/* Does all jobs that wait, then closes the connection and ends the thread; what cannot be committed
 * in a few tries is given up. Blocks; from any other thread. */
void potoo_catalog_writer_stop (PotooCatalogWriter *writer);
/* Stops it, if that was not done. */
void potoo_catalog_writer_free (PotooCatalogWriter *writer);

/* Any thread; never blocks. Takes over @job->data, also when it fails: with POTOO_ERROR_BUSY, queue
 * full, or POTOO_ERROR_UNAVAILABLE, stopped; then `done` is not called. */
gboolean
potoo_catalog_writer_post (PotooCatalogWriter *writer, const PotooJob *job, GError **error);

/* Why transactions fail at present. Any thread. (transfer full) (nullable) */
char *potoo_catalog_writer_get_error (PotooCatalogWriter *writer);

G_END_DECLS
