/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/* The clean mark of a storage root: the UTC day before which its folders and the catalog
 * are known to agree. At start, folders of that day and later are compared. */

/* The day of @wall_us. Any thread, never blocks. */
void potoo_clean_mark_put (PotooCatalog *catalog, PotooStorageRoot *root, gint64 wall_us);
/* `YYYY-MM-DD`, the first day to compare; "" when all are: there is no mark, or it
 * lies in the future. (transfer full) */
char *potoo_clean_mark_get (PotooCatalogReader *reader, PotooStorageRoot *root);

/* `YYYY-MM-DD` with a day that exists. */
gboolean potoo_day_is_valid (const char *text);

G_END_DECLS
