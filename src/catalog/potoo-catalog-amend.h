/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* Changing rows of closed segments while others may delete them; and ids of files that no row has.
 */

/* Makes @after of @before, which is as it was read, with a new @index (nullable: stays). Nothing
 * happens when the row is another one by now, or gone. With a new index the hash is forgotten. Any
 * thread, never blocks. */
void potoo_catalog_amend_segment (PotooCatalog *catalog,
                                  const PotooSegment *before,
                                  const PotooSegment *after,
                                  GBytes *index);

/* Ids from here on are given out by this run; lower ones are those of earlier runs, but for what
 * is adopted. */
gint64 potoo_catalog_get_first_segment_id (PotooCatalog *catalog);

/* No id up to @id is given out from now on, but for those of the block in use when ids were taken
 * from it already. Blocks. */
gboolean potoo_catalog_raise_segment_ids (PotooCatalog *catalog, gint64 id, GError **error);

G_END_DECLS
