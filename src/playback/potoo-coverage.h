/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-timeline.h"

G_BEGIN_DECLS

/* A window of days may be as long as that of a timeline. */
#define POTOO_COVERAGE_MAX_US (31 * 24 * 3600 * G_GINT64_CONSTANT (1000000))

/**
 * PotooCoverage:
 *
 * How much of a window was recorded of a camera's stream, out of what should have been. At each
 * moment it is the first of these that holds: nothing that could be read was recorded (a gap
 * `damaged`); it is recorded; it is missing (any other gap but `clock-step`, which explains wall
 * time that never was). What is none of them was not to be recorded, or has been deleted since.
 */
typedef struct
{
  gint64 start_us, end_us; /* wall */
  gint64 recorded_us;      /* is there */
  gint64 deleted_us;       /* was there, and has been deleted since */
  gint64 missing_us;       /* up to now */
  gint64 missing_by_cause_us[POTOO_GAP_N_CAUSES];
  gboolean aged; /* it may lack gaps, which the ledger does not keep for ever */
} PotooCoverage;

/* 0 … 1: what was recorded, out of that and what is missing; negative when nothing was to be, or it
 * is not known any more what is missing. */
double potoo_coverage_get_share (const PotooCoverage *coverage);

/* Of the window that @coverage has, all but `deleted_us`. @spans: PotooSpan; @gaps: PotooGap of the
 * stream; both in any order, and may reach beyond the window. */
void potoo_coverage_measure (PotooCoverage *coverage,
                             const GArray *spans,
                             const GPtrArray *gaps,
                             gint64 now_us);

/* The days of @zone that overlap the window (at most POTOO_COVERAGE_MAX_US), whole, of the main
 * stream. What has been deleted is known for days of UTC: within one it is taken to lie evenly
 * where nothing else is known of. Whoever holds the reader. (transfer full) (element-type
 * PotooCoverage, freed with g_free()) */
GPtrArray *potoo_coverage_list_days (PotooCatalogReader *reader,
                                     const char *camera,
                                     GTimeZone *zone,
                                     gint64 start_us,
                                     gint64 end_us,
                                     gint64 now_us,
                                     GError **error);

/* `2026-11-21`, the day of @zone that @coverage is of. (transfer full) */
char *potoo_coverage_format_date (const PotooCoverage *coverage, GTimeZone *zone);

G_END_DECLS
