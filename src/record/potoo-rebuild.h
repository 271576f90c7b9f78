/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/* When the catalog is a backup, or new, while the storage roots are not empty, it is completed from
 * the files: by PotooVerify with `rebuild`, while recording goes on. Until then new segments must
 * not get ids of files that the catalog does not know. */

/* Reads the names of all files on @root and keeps their ids from being given out. Blocks: a second
 * or two for a million files. */
gboolean potoo_rebuild_reserve_ids (PotooCatalog *catalog, PotooStorageRoot *root, GError **error);

G_END_DECLS
