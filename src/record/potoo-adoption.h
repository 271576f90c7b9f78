/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-recovery.h"
#include "record/potoo-root-walk.h"

G_BEGIN_DECLS

/**
 * PotooAdoption:
 *
 * Gives files that have no row one, made from their name and their boxes: the machine died before
 * the row was durable, or the catalog is an older one or lost. Names that Potoo does not make are
 * counted and left alone; symbolic links are not followed.
 *
 * Nobody may be writing the file. One thread; blocks.
 */
typedef struct _PotooAdoption PotooAdoption;

/* Holds what it is given, which must outlive it. */
PotooAdoption *potoo_adoption_new (PotooStorageRoot *root,
                                   PotooCatalog *catalog,
                                   PotooCatalogReader *reader,
                                   PotooRecoveryReport *report);
void potoo_adoption_free (PotooAdoption *adoption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAdoption, potoo_adoption_free)

/* Takes @name's file in, if it can be; one without media is removed, one that is no recording is
 * counted as foreign. FALSE when the catalog cannot be written. */
gboolean potoo_adoption_add (PotooAdoption *adoption, const PotooFileName *name, GError **error);

/* Whether the file has a row: its own (1), none (0), or that of another file (-1: the name is then
 * foreign). -2 when the catalog cannot be asked. */
int potoo_adoption_find_row (PotooAdoption *adoption, const PotooFileName *name, GError **error);

/* Whether @after begins where @before, of the same stream, ends. */
gboolean potoo_adoption_goes_on (const PotooSegment *before, const PotooSegment *after);
/* … and then the two are of one recording, and meet to the microsecond: changes @before, whose row
 * is like it, and the row. */
void potoo_adoption_meet (PotooCatalog *catalog, PotooSegment *before, const PotooSegment *after);

/* All files in the day folders since the clean mark, of a catalog that lacks only what a crash
 * took: so a file that lacks a row was hardly ever synced. Its media is looked at, see
 * potoo-segment-scan.h, and it is removed when its init is torn. */
gboolean potoo_adoption_run (PotooStorageRoot *root,
                             PotooCatalog *catalog,
                             PotooCatalogReader *reader,
                             PotooRecoveryReport *report,
                             GError **error);

G_END_DECLS
