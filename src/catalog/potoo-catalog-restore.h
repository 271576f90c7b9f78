/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/* Opening the catalog whatever became of it: one that is damaged is moved aside, as
 * `catalog.db.corrupt-<time>` (the newest two are kept), and the newest backup that is
 * sound takes its place; so it does when there is no catalog. Without a backup there is a new one.
 */

/* As potoo_catalog_open(). Until potoo_catalog_set_complete() the catalog is marked as one that
 * does not know all files: restored or made, in this run or an earlier one. */
PotooCatalog *potoo_catalog_open_or_restore (const char *state_dir, GError **error);

/* Whether files may lie on the storage roots, from before this run, that the catalog does not know,
 * or rows be there of files that are gone. */
gboolean potoo_catalog_reader_is_complete (PotooCatalogReader *reader);
void potoo_catalog_set_complete (PotooCatalog *catalog);

/* Looks through the whole catalog (PRAGMA quick_check): seconds for each gigabyte. Damage is noted
 * for the next start, and told by potoo_catalog_get_error(). POTOO_ERROR_CORRUPT with what was
 * found, POTOO_ERROR_UNAVAILABLE when cancelled. @cancellable: (nullable) */
gboolean
potoo_catalog_reader_check (PotooCatalogReader *reader, GCancellable *cancellable, GError **error);

G_END_DECLS
