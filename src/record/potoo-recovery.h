/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/* Mending what a crash left in a storage root: at start, before its writer runs, or in its writer's
 * thread when the root comes later. Blocks. */

/* Times are read from boxes, where durations are rounded: nearer than this they mean the same
 * moment. */
#define POTOO_SAME_MOMENT_US 50000

typedef struct
{
  guint repaired;   /* open segments closed */
  guint damaged;    /* open or adopted segments of which a part is lost */
  guint dropped;    /* rows without a whole fragment on disk */
  guint deleted;    /* deletions completed */
  guint adopted;    /* files that had no row */
  guint foreign;    /* files and directories that are not ours, left alone */
  guint unreadable; /* could not be looked at: left as they are until the next start */
  gint64 cut_bytes;
  /* camera/stream → gint64 *: wall time up to which that stream, which was recorded
   * when the last run ended, was recorded */
  GHashTable *ends;
  PotooCatalog *catalog; /* (nullable): where ends are noted too, until there are gaps for them */
} PotooRecoveryReport;

/* @catalog: (nullable): recovery of what the last run left: a power cut between here and
 * potoo_recovery_report_settled() loses none of its ends, though rows tell them no more. */
void potoo_recovery_report_init (PotooRecoveryReport *report, PotooCatalog *catalog);
/* Of one storage root: its ends are those of @whole. */
void potoo_recovery_report_init_part (PotooRecoveryReport *report,
                                      const PotooRecoveryReport *whole);
/* Takes over what was noted and not settled. */
gboolean potoo_recovery_report_resume (PotooRecoveryReport *report, GError **error);
/* The gaps have been posted. */
void potoo_recovery_report_settled (PotooRecoveryReport *report);
void potoo_recovery_report_clear (PotooRecoveryReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooRecoveryReport, potoo_recovery_report_clear)

/* The key of a stream in PotooRecoveryReport.ends. (transfer full) */
char *potoo_stream_key (const char *camera, PotooStreamKind stream);
/* Keeps the latest end of each stream. Before the row is posted that tells it no more. */
void potoo_recovery_report_note_end (PotooRecoveryReport *report,
                                     const PotooSegment *row,
                                     gint64 end_us);

/* Rows in state open and deleting, then files without a row (potoo-adoption.h), unless the catalog
 * is one that is to be completed (potoo-rebuild.h). What
 * it learns is posted to @catalog and durable when this returns TRUE. */
gboolean potoo_recovery_run (PotooStorageRoot *root,
                             PotooCatalog *catalog,
                             PotooRecoveryReport *report,
                             GError **error);

/* For @roots that are not attached, and for those that are not configured any more: what the
 * catalog says of segments that were being written. */
gboolean potoo_recovery_note_absent (PotooCatalog *catalog,
                                     GPtrArray *roots, /* (element-type PotooStorageRoot) */
                                     PotooRecoveryReport *report,
                                     GError **error);

G_END_DECLS
