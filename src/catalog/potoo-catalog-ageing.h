/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/**
 * PotooCatalogAgeing:
 *
 * Keeps the tables of events and gaps from growing for ever. Dropped is what ended longer ago than
 * `max_age_us`, once nothing is recorded of its camera that is as old; and of each camera all but
 * the newest `max_rows` of either kind, of both streams. What goes on stays.
 */
typedef struct _PotooCatalogAgeing PotooCatalogAgeing;

typedef struct
{
  gint64 max_age_us;
  gint64 max_rows;
  gint64 batch; /* rows of a kind in one transaction */
} PotooAgeingLimits;

#define POTOO_AGEING_MAX_US (400 * 24 * 3600 * G_GINT64_CONSTANT (1000000)) /* as recorded days */
#define POTOO_AGEING_MAX_ROWS 100000
#define POTOO_AGEING_BATCH 500

extern const PotooAgeingLimits potoo_ageing_limits; /* the above: what holds outside tests */

PotooCatalogAgeing *potoo_catalog_ageing_new (PotooCatalog *catalog,
                                              const PotooAgeingLimits *limits);
/* What it has begun goes on until the catalog is closed. */
void potoo_catalog_ageing_free (PotooCatalogAgeing *ageing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCatalogAgeing, potoo_catalog_ageing_free)

/* Drops all that is to go, in the catalog's thread, as many transactions as it takes: what is
 * recorded meanwhile comes between them. Any thread, never blocks. */
void potoo_catalog_ageing_run (PotooCatalogAgeing *ageing, gint64 now_us);

G_END_DECLS
