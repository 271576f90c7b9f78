/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-totals.h"
#include "record/potoo-recorder.h"
#include "record/potoo-retention-rules.h"

G_BEGIN_DECLS

/* What is recorded where, and how long it will be kept: what people and programs are told. */

typedef struct
{
  PotooRootStatus *status;
  PotooTotals totals;
  double bytes_per_day;
  double days_kept; /* of continuous material without limits of its own; potoo-forecast.h */
  gint64 fills_us;  /* wall: when the first is deleted for space, at the latest now; 0: never */
  gint64 breaks_us; /* wall: when the guarantees no longer fit; 0: never */
} PotooStorageReportRoot;

typedef struct
{
  char *id;
  gboolean removed; /* the camera is no more, these are its recordings */
  const PotooRetentionRule *rule;
  PotooTotals totals; /* on all roots */
  gint64 oldest_us;   /* wall: where its oldest segment starts; 0: there is none */
  double bytes_per_day;
  /* How long what is recorded now is kept, on the root where that is shortest; 0: nothing of that
   * kind is recorded. */
  double days_kept, event_days_kept;
  gint64 breaks_us; /* wall: when its guarantee no longer holds; 0: it does, or there is none */
} PotooStorageReportCamera;

typedef struct
{
  PotooRetentionRules *rules;
  GPtrArray *roots;   /* PotooStorageReportRoot, as configured */
  GPtrArray *cameras; /* PotooStorageReportCamera, by id */
} PotooStorageReport;

/* @roots: (transfer full) (element-type PotooRootStatus). A few queries for each camera, none
 * of which looks at more than a few rows. */
PotooStorageReport *potoo_storage_report_new (PotooCatalogReader *reader,
                                              PotooRetentionRules *rules,
                                              GPtrArray *roots,
                                              gint64 now_us,
                                              GError **error);
void potoo_storage_report_free (PotooStorageReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStorageReport, potoo_storage_report_free)

G_END_DECLS
