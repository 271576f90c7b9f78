/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"
#include "record/potoo-retention.h"

G_BEGIN_DECLS

/**
 * PotooDbusReader:
 *
 * Reads the catalog for the main thread, which may not: one thread with a read-only connection of
 * its own, opened with the first read. How many reads wait is bounded by the calls that ask for
 * them. Main thread.
 */
typedef struct _PotooDbusReader PotooDbusReader;

PotooDbusReader *potoo_dbus_reader_new (PotooCatalog *catalog);
/* Reads that wait fail with POTOO_ERROR_UNAVAILABLE; waits for the one under way. */
void potoo_dbus_reader_free (PotooDbusReader *reader);

typedef enum
{
  POTOO_DBUS_READ_SEGMENTS,
  POTOO_DBUS_READ_GAPS,
  POTOO_DBUS_READ_EVENTS,
  POTOO_DBUS_READ_LOCKS,
  POTOO_DBUS_READ_COVERAGE, /* of the days of the machine's time zone */
} PotooDbusRead;

/* @query: copied; for segments, gaps and coverage its camera is given. @event_kind: (nullable): of
 * events, only these. */
void potoo_dbus_reader_list_async (PotooDbusReader *reader,
                                   PotooDbusRead kind,
                                   const PotooSegmentQuery *query,
                                   const PotooEventKind *event_kind,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* (transfer full) (element-type PotooSegment, PotooGap, PotooEvent, PotooLock or PotooCoverage)
 */
GPtrArray *potoo_dbus_reader_list_finish (GAsyncResult *result, GError **error);
PotooDbusRead potoo_dbus_reader_get_kind (GAsyncResult *result); /* what it is a list of */

/* potoo_catalog_reader_get_segment() */
void potoo_dbus_reader_get_segment_async (PotooDbusReader *reader,
                                          gint64 id,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
PotooSegment *potoo_dbus_reader_get_segment_finish (GAsyncResult *result, GError **error);

/* potoo_retention_report() */
void potoo_dbus_reader_report_async (PotooDbusReader *reader,
                                     PotooRetention *retention,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
PotooStorageReport *potoo_dbus_reader_report_finish (GAsyncResult *result, GError **error);

G_END_DECLS
