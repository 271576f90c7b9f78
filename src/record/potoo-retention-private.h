/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "record/potoo-retention-clock.h"
#include "record/potoo-retention.h"

G_BEGIN_DECLS

/* Shared by potoo-retention.c (when) and potoo-retention-pass.c (what). */

/* Of one root; only its thread looks at it. */
typedef struct
{
  PotooStorageRoot *root;
  gint64 owed_bytes;    /* deleted, but not seen as free yet (a file system may take its time, */
  gint64 owed_until_us; /* or somebody has the file open): believed until then, monotonic */
  gboolean is_short;
  gboolean is_failing; /* which was logged */
  PotooMetric *short_bytes;
} PotooRetentionRoot;

struct _PotooRetention
{
  GObject parent_instance;
  PotooCatalog *catalog;
  PotooRecorder *recorder;
  GArray *roots; /* PotooRetentionRoot; does not change */
  PotooMetric *breaking;

  /* main */
  guint timer;
  gint64 timer_due_us; /* monotonic */

  GMutex lock;             /* protects what follows; no other lock is taken under it */
  PotooEviction *eviction; /* until stopped; changed by main only */
  GPtrArray *settings;     /* PotooCameraSettings; does not change itself */
  gboolean told_cameras;   /* before that no guarantee is known, and nothing is deleted */
  PotooRetentionClock clock;
  gint64 clock_stored_us;     /* what of it the catalog has */
  GHashTable *condemned;      /* id → gint64 *: since when, monotonic */
  PotooRetentionRules *rules; /* made of the two */
  gint64 wanted_due_us;       /* monotonic: when main is to look again; 0: not asked for */
  gint64 checked_at_us;       /* monotonic: the guarantees; 0: since the rules changed not */
  GHashTable *breaks;         /* camera → gint64 *: when its guarantee breaks, as told */
  GQueue told;                /* PotooRetentionNews, for main */
};

typedef struct
{
  char *camera;
  gint64 breaks_us;
} PotooRetentionNews;

/* PotooEvictionPassFunc, @user_data is the retention. */
void potoo_retention_pass (PotooEviction *eviction,
                           PotooStorageRoot *root,
                           PotooCatalogReader *reader,
                           gpointer user_data);

/* Asks main for a pass in @delay_us, or earlier. Any thread. */
void potoo_retention_schedule (PotooRetention *self, gint64 delay_us);
PotooRetentionRules *potoo_retention_ref_rules (PotooRetention *self); /* any thread */
/* What became of the condemned, by all @totals. Any thread. */
void potoo_retention_release_gone (PotooRetention *self, GArray *totals);
/* For main to emit. Any thread. */
void potoo_retention_tell (PotooRetention *self, const char *camera, gint64 breaks_us);

G_END_DECLS
