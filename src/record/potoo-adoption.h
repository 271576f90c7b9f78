/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-recovery.h"

G_BEGIN_DECLS

/* Files in the day folders since the clean mark that have no row, because the machine died before
 * the row was durable or the catalog is an older one: each gets a row, made from its name and its
 * boxes. Names that Potoo does not make are counted and left alone; symbolic links are not
 * followed. */
gboolean potoo_adoption_run (PotooStorageRoot *root,
                             PotooCatalog *catalog,
                             PotooCatalogReader *reader,
                             PotooRecoveryReport *report,
                             GError **error);

G_END_DECLS
