/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/*
 * The class of segments, which follows from the rows of `events` and `locks` and is kept beside it:
 * eviction chooses by it. Who puts a segment computes it anew; who puts, changes or drops an event
 * or a lock has the segments looked at that it touches, in the same transaction.
 *
 * An end that equals its start counts as a microsecond later.
 */

/* An expression: the class of a segment of `camera` from `start` up to `end`, which is later. Three
 * look-ups, each up to the first row that is found. Of the rows that end before a segment none is
 * looked at, of those that start after it two hours of events and 31 days of locks. */
#define POTOO_CLASS_SQL(camera, start, end)                                                        \
  "CASE WHEN EXISTS (SELECT 1 FROM locks AS l INDEXED BY locks_by_camera WHERE l.camera = " camera \
  " AND l.end_us > " start " AND l.end_us < " end " + 2678400000000 AND l.start_us < " end         \
  ") THEN 2"                                                                                       \
  " WHEN EXISTS (SELECT 1 FROM events AS v INDEXED BY events_kept WHERE v.camera = " camera        \
  " AND v.keep_end_us >= " start " AND v.keep_end_us < " end " + 7200000000"                       \
  " AND v.keep_start_us < " end " AND (v.keep_end_us > " start " OR v.keep_start_us = " start      \
  ")) OR EXISTS (SELECT 1 FROM events AS v INDEXED BY events_kept_long WHERE v.camera = " camera   \
  " AND v.keep_end_us > " start " AND v.keep_end_us - v.keep_start_us > 7200000000"                \
  " AND v.keep_start_us < " end ") THEN 1 ELSE 0 END"

/* A time of a camera; end_us: later than start_us, G_MAXINT64: goes on. */
typedef struct
{
  char camera[POTOO_SLUG_MAX + 1];
  gint64 start_us, end_us;
} PotooProtected;

/* With an end that equals its start, or is 0 for one that goes on. */
void
potoo_protected_init (PotooProtected *self, const char *camera, gint64 start_us, gint64 end_us);

/* From a row with camera, start and end, @column and the next ones; it need not make sense. */
void potoo_protected_read (PotooProtected *self, PotooStatement *statement, int column);

/* The time in the row of @id, by @sql: a query for its camera, start and end. 1, 0: there is no
 * such row, -1: error. */
int potoo_protected_find (PotooProtected *self,
                          PotooDb *db,
                          const char *sql,
                          gint64 id,
                          GError **error);

/* Brings segments of less protected classes that overlap @now to @class, and those of @class that
 * overlap @before, but not @now, to what is left for them; either (nullable). To be called when
 * the row of the event or lock is what it is to be. */
gboolean potoo_catalog_update_class (PotooDb *db,
                                     PotooSegmentClass class,
                                     const PotooProtected *before,
                                     const PotooProtected *now,
                                     GError **error);

/* Drops the row of @id by @sql, which deletes it and returns its camera, start and end, and lowers
 * what had @class by it. 1, 0: there is no such row, -1: error. */
int potoo_protected_drop (PotooDb *db,
                          const char *sql,
                          gint64 id,
                          PotooSegmentClass class,
                          GError **error);

/* 1: a kept segment overlaps it, 0: none, -1: error. */
int potoo_catalog_has_segments (PotooDb *db, const PotooProtected *time, GError **error);

G_END_DECLS
