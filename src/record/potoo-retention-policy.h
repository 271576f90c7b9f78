/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-eviction.h"
#include "catalog/potoo-catalog-totals.h"
#include "record/potoo-eviction.h"
#include "record/potoo-recorder.h"
#include "record/potoo-retention-rules.h"

G_BEGIN_DECLS

/*
 * What is to be deleted. Decided from what there is, what the settings ask and what time it is:
 * no disk, no clock, no catalog of its own. Any thread.
 */

/* Younger than this nothing is deleted for space: people are looking at it. */
#define POTOO_RETENTION_FLOOR_US (2 * 60 * G_GINT64_CONSTANT (1000000))

/* When a root lacks headroom this part of it is freed as well, so that the next pass is not due
 * at once. */
#define POTOO_RETENTION_SPARE_PART 2

/* As potoo_catalog_reader_list_evictable(). */
typedef GPtrArray *(*PotooRetentionListFunc) (const PotooEvictableQuery *query,
                                              gpointer user_data,
                                              GError **error);

typedef struct
{
  PotooRetentionRules *rules;
  gint64 now_us;
  GArray *totals;       /* (element-type PotooStreamTotals): all */
  GPtrArray *roots;     /* (element-type PotooRootStatus): all */
  gint64 root;          /* row id of the one whose segments are chosen */
  gint64 owed_bytes;    /* deleted from it already, but not free yet */
  gboolean making_room; /* this pass has deleted for its sake */
  PotooRetentionListFunc list;
  gpointer list_data;
} PotooRetentionInput;

typedef struct
{
  GPtrArray *segments; /* PotooSegment; none: nothing is to go now */
  PotooEvictionReason reason;
  PotooSegmentClass class; /* all have it */
  gint64 short_bytes;      /* lacking, and nothing may go for it */
  gint64 next_us;          /* when time alone may change the choice; G_MAXINT64: never */
} PotooRetentionChoice;

/* At most POTOO_EVICTION_BATCH segments, for one reason, those that must go first first. FALSE
 * when @input->list fails. */
gboolean potoo_retention_choose (const PotooRetentionInput *input,
                                 PotooRetentionChoice *choice,
                                 GError **error);
void potoo_retention_choice_clear (PotooRetentionChoice *choice);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooRetentionChoice, potoo_retention_choice_clear)

/* What is to be free of a camera's limit, by what it has. */
gint64 potoo_retention_get_camera_headroom (const PotooTotal *kept, gint64 max_bytes);

/* TRUE when segments can be deleted from a root in this state. */
gboolean potoo_retention_is_reachable (const PotooRootStatus *root);

G_END_DECLS
