/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* Why a camera was not recorded. Stored by name; the order is free. */
typedef enum
{
  POTOO_GAP_DISCONNECTED,
  POTOO_GAP_AUTH,
  POTOO_GAP_STALLED,
  POTOO_GAP_NO_VIDEO,
  POTOO_GAP_NO_KEYFRAMES,
  POTOO_GAP_DISK_FULL,
  POTOO_GAP_DISK_SLOW,
  POTOO_GAP_DISK_ERROR,
  POTOO_GAP_CRASH,      /* the process died, the machine went on */
  POTOO_GAP_POWER,      /* the machine went down */
  POTOO_GAP_SHUTDOWN,   /* potoo was stopped */
  POTOO_GAP_DAMAGED,    /* it was recorded, or may have been, and cannot be read any more */
  POTOO_GAP_CLOCK_STEP, /* wall time that never was: nothing is missing */
} PotooGapCause;

#define POTOO_GAP_N_CAUSES (POTOO_GAP_CLOCK_STEP + 1)

const char *potoo_gap_cause_to_string (PotooGapCause cause); /* "no-keyframes" */
gboolean potoo_gap_cause_parse (const char *text, PotooGapCause *cause);

typedef struct
{
  gint64 id; /* from potoo_catalog_take_gap_id() */
  char camera[POTOO_SLUG_MAX + 1];
  PotooStreamKind stream;
  gint64 start_us, end_us; /* wall; end_us 0: goes on */
  PotooGapCause cause;
} PotooGap;

gint64 potoo_catalog_take_gap_id (PotooCatalog *catalog); /* never blocks, 0: none left */
/* Waits for one when none is left; not from the main thread once all runs. 0: there is none to be
 * had.
 */
gint64 potoo_catalog_wait_for_gap_id (PotooCatalog *catalog);
void potoo_catalog_put_gap (PotooCatalog *catalog, const PotooGap *gap); /* insert or replace */
void potoo_catalog_drop_gap (PotooCatalog *catalog, gint64 id); /* it turned out to be none */

/* As potoo_catalog_reader_list_segments(). (transfer full) (element-type PotooGap, freed with
 * g_free()) */
GPtrArray *potoo_catalog_reader_list_gaps (PotooCatalogReader *reader,
                                           const PotooSegmentQuery *query,
                                           GError **error);
/* With end_us = 0; at most one for each camera stream. */
GPtrArray *potoo_catalog_reader_list_open_gaps (PotooCatalogReader *reader, GError **error);

G_END_DECLS
