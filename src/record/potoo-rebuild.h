/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-recovery.h"

G_BEGIN_DECLS

/* When the catalog is a backup, or new, while the storage roots are not empty, it is completed from
 * the files: by PotooVerify with `rebuild`, while recording goes on. Until then new segments must
 * not get ids of files that the catalog does not know. */

/* At start: reads the names of all files on @root and keeps their ids from being given out, and
 * takes the newest file of each camera stream in that is to be recorded always: what is missing
 * begins behind it. Blocks: a second or two for a million files. */
gboolean potoo_rebuild_prepare (PotooCatalog *catalog,
                                PotooStorageRoot *root,
                                PotooCatalogReader *reader,
                                PotooRecoveryReport *report,
                                GError **error);

/* The ids of the cameras that are to be recorded always: of others nobody knows any more what was
 * wanted. (transfer full) (nullable) */
GHashTable *potoo_rebuild_list_continuous (PotooCatalogReader *reader, GError **error);

G_END_DECLS
