/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-timeline.h"
#include "playback/potoo-coverage.h"

G_BEGIN_DECLS

#define POTOO_TIMELINE_MAX_US (31 * 24 * 3600 * G_GINT64_CONSTANT (1000000))
#define POTOO_TIMELINE_MAX_ROWS 10000 /* spans, and gaps */

/**
 * PotooTimeline:
 *
 * When a stream of a camera was recorded, and when it was not though it should have been.
 */
typedef struct
{
  GArray *spans;          /* PotooSpan, by start, clipped to the window */
  GPtrArray *gaps;        /* PotooGap of the stream, by start, as in the catalog */
  PotooCoverage coverage; /* of the window; what has been deleted of it is not known */
} PotooTimeline;

/* Whoever holds the reader; the catalog's errors, and POTOO_ERROR_INVALID_ARGUMENT for a window
 * of more than POTOO_TIMELINE_MAX_ROWS. (transfer full) */
PotooTimeline *potoo_timeline_new (PotooCatalogReader *reader,
                                   const char *camera,
                                   PotooStreamKind stream,
                                   gint64 start_us,
                                   gint64 end_us,
                                   gint64 now_us,
                                   GError **error);
void potoo_timeline_free (PotooTimeline *timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTimeline, potoo_timeline_free)

G_END_DECLS
