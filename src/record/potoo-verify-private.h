/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-verify-file.h"
#include "record/potoo-verify.h"

G_BEGIN_DECLS

/* A pass in its thread, for the files that it is made of. */
struct _PotooVerify
{
  PotooVerifySpec spec; /* holds references */
  GCancellable *cancellable;
  PotooPacer pacer;
  PotooCatalogReader *reader;
  gint64 first_id; /* of this run of the daemon */
  guint n_posted;  /* to the catalog since it was waited for */

  GMutex lock; /* protects what follows */
  PotooVerifyReport *report;
  gint64 started_mono_us;
};

/* Counts a finding and tells of it; all it points to is copied. */
void potoo_verify_note_finding (PotooVerify *verify, const PotooVerifyFinding *finding);
/* The same, of what costs no recorded time. */
void potoo_verify_note (PotooVerify *verify,
                        PotooVerifyProblem problem,
                        PotooStorageRoot *root,
                        gint64 segment,
                        const char *path,
                        const char *detail,
                        gboolean repaired);
/* One job more was posted; waits now and then, so that the catalog's queue never fills. */
gboolean potoo_verify_note_posted (PotooVerify *verify, GError **error);

/* --- potoo-verify-repair.c --- */

/* Puts right what @check found of @row; TRUE when that could be done. */
gboolean potoo_verify_repair (PotooVerify *verify,
                              PotooStorageRoot *root,
                              const PotooSegment *row,
                              PotooFileCheck *check);
/* What @check found to be lost of @row. */
void potoo_verify_measure_lost (const PotooSegment *row,
                                const PotooFileCheck *check,
                                PotooVerifyFinding *finding);

/* --- potoo-rebuild.c --- */

/* A row that the backup has: without its file it goes. */
gboolean potoo_rebuild_check_row (PotooVerify *verify,
                                  PotooStorageRoot *root,
                                  const PotooSegment *row,
                                  GError **error);
/* Once all files have rows: segments of all roots that follow on each other become one recording; a
 * camera that is to be recorded always has gaps `damaged` between those that do not. */
gboolean potoo_rebuild_join (PotooVerify *verify, GError **error);

G_END_DECLS
