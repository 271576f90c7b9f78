/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/* Small facts of the daemon itself, by key (text to text): boot id of the last run, whether it
 * stopped cleanly, the clean mark. */
void potoo_catalog_put_setting (PotooCatalog *catalog, const char *key, const char *value);
/* NULL without error when there is none. (transfer full) (nullable) */
char *
potoo_catalog_reader_get_setting (PotooCatalogReader *reader, const char *key, GError **error);

/* Settings whose key starts with @prefix, ASCII. */
void potoo_catalog_drop_settings (PotooCatalog *catalog, const char *prefix);
/* What follows @prefix → value, of POTOO_CATALOG_MAX_ROWS at most. (transfer full) */
GHashTable *
potoo_catalog_reader_list_settings (PotooCatalogReader *reader, const char *prefix, GError **error);

/* --- storage roots --- */

typedef struct
{
  gint64 id;
  char *uuid; /* as in .potoo-root */
  char *name;
  char *path;
} PotooRootRow;

void potoo_root_row_free (PotooRootRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRootRow, potoo_root_row_free)

/* Finds the row by @uuid or makes one; name and path are brought up to date. Blocks
 * (start-up only). Returns the row id, 0 on error. */
gint64 potoo_catalog_register_root (PotooCatalog *catalog,
                                    const char *uuid,
                                    const char *name,
                                    const char *path,
                                    GError **error);
/* (transfer full) (element-type PotooRootRow) */
GPtrArray *potoo_catalog_reader_list_roots (PotooCatalogReader *reader, GError **error);

G_END_DECLS
