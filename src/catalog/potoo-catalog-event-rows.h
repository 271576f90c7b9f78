/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-private.h"

G_BEGIN_DECLS

/* Rows of `events`, for the files of the catalog that read or write them. */

#define POTOO_EVENT_COLUMNS                                                                        \
  "id, camera, kind, start_us, end_us, keep_start_us, keep_end_us, score, title, metadata"

/* Ends of an event that goes on, in the table: it then overlaps all that comes. */
#define POTOO_EVENT_OPEN_END_US G_MAXINT64

/* All rows of a bound statement of these, appended to @list. */
gboolean
potoo_catalog_read_events (PotooDb *db, PotooStatement *statement, GPtrArray *list, GError **error);

void potoo_catalog_fail_no_event (gint64 id, GError **error);

G_END_DECLS
