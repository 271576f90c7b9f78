/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-db.h"

G_BEGIN_DECLS

/* `PRAGMA application_id` of a catalog: "POTO". */
#define POTOO_CATALOG_APPLICATION_ID 0x504F544F

/* The embedded scripts src/catalog/migrations/NNN.sql in their order; script n makes schema
 * version n out of n - 1. NULL-terminated. (transfer full) */
char **potoo_catalog_load_migrations (void);

/* Brings the schema of @db (a writer) to the version that @migrations lead to, each step in a
 * transaction of its own, after a backup of what was there. Errors: POTOO_ERROR_UNSUPPORTED for
 * a newer schema, POTOO_ERROR_CORRUPT for what is no catalog. */
gboolean potoo_catalog_migrate (PotooDb *db, const char *const *migrations, GError **error);

/* Writes `<path>.backup-v<version>-<time>` beside the catalog, whole or not at all, and
 * takes away all but the newest two. */
gboolean potoo_catalog_back_up (PotooDb *db, int version, GError **error);

G_END_DECLS
