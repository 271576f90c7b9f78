/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-recovery.h"

G_BEGIN_DECLS

/**
 * PotooRootCare:
 *
 * Brings a storage root up, at start and whenever it comes back: attached → tried → recovered → OK;
 * looks for it every POTOO_PROBE_INTERVAL_US as long as it is not OK, and lets go of one that is
 * lost.
 *
 * One thread at a time: main before the root's writer runs, then the writer's. Blocks.
 */
typedef struct _PotooRootCare PotooRootCare;

extern gint64 potoo_probe_us; /* 5 s; tests replace it, before the first thread */

PotooRootCare *potoo_root_care_new (PotooStorageRoot *root, PotooCatalog *catalog);
void potoo_root_care_free (PotooRootCare *care);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRootCare, potoo_root_care_free)

/* At start. What recovery finds is added to @report. A root that cannot be used is no error: only a
 * catalog that does not work is, and an instance of Potoo that has the root (POTOO_ERROR_BUSY). */
gboolean
potoo_root_care_bring_up (PotooRootCare *care, PotooRecoveryReport *report, GError **error);

/* Attached, and recovered since, with nothing left that could not be looked at. */
gboolean potoo_root_care_knows_files (PotooRootCare *care);

/* Monotonic time at which look() is to be called; 0: the root is OK. */
gint64 potoo_root_care_get_due_us (PotooRootCare *care);
/* Does what is due; nobody may have a file open on a root that is lost. */
void potoo_root_care_look (PotooRootCare *care);

G_END_DECLS
