/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-db.h"

G_BEGIN_DECLS

/* A damaged database. What SQLite says of one while Potoo runs is noted in a file beside it,
 * `catalog.db.damaged`, so that the next start looks closer (potoo-catalog-restore.h): a catalog
 * that can be opened may be damaged all the same. Any thread. */

void potoo_catalog_note_damage (const char *path);
gboolean potoo_catalog_has_noted_damage (const char *path);
void potoo_catalog_forget_damage (const char *path);

/* As potoo_catalog_reader_check(), of any database; notes nothing. @cancellable: (nullable) */
gboolean potoo_db_check_pages (PotooDb *db, GCancellable *cancellable, GError **error);

G_END_DECLS
