/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "record/potoo-eviction.h"

G_BEGIN_DECLS

/* Shared by potoo-eviction.c (threads) and potoo-eviction-batch.c (what they do). */

/* After this time what could not be unlinked is tried again. */
#define POTOO_EVICTION_STUCK_US (3600 * G_GINT64_CONSTANT (1000000))
/* With so many of them a root is left alone until then. */
#define POTOO_EVICTION_MAX_STUCK 1000

typedef struct
{
  PotooEviction *eviction; /* not owned, but its thread holds it */
  PotooStorageRoot *root;
  GThread *thread; /* main's; NULL: none yet */

  /* under the eviction's lock */
  GCond work;
  GQueue deletions; /* GTask */
  gboolean woken;
  gboolean has_finished;
  guint n_stuck;

  PotooMetric *segments[POTOO_EVICTION_N_REASONS], *bytes[POTOO_EVICTION_N_REASONS];
  PotooMetric *failures, *refused, *time, *time_max;
} PotooEvictionWorker;

struct _PotooEviction
{
  GObject parent_instance;
  PotooCatalog *catalog;
  GPtrArray *workers; /* PotooEvictionWorker; does not change */
  PotooEvictionPassFunc pass;
  gpointer pass_data;
  GDestroyNotify pass_destroy;

  GMutex lock; /* protects what follows and the queues; no other lock is taken under it */
  GCond finished;
  gboolean stopping;
  GHashTable *stuck;     /* set of gint64: ids of what could not be unlinked */
  gint64 stuck_since_us; /* monotonic: of the first of them */
};

PotooEvictionWorker *potoo_eviction_find_worker (PotooEviction *eviction, PotooStorageRoot *root);

G_END_DECLS
