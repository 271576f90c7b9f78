/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/* Copies of the catalog beside it, of mode 0600:
 *
 *   catalog.db.backup-v<version>-<time>            before each migration (potoo-catalog-migrate.h)
 *   catalog.db.backup-scheduled-v<version>-<time>  now and then, while Potoo runs
 *
 * of each kind the newest two. Each is written under a passing name, checked, made durable and
 * renamed, and only then the oldest goes. */

/* Makes a scheduled one from a reading connection of its own: neither the catalog's thread nor any
 * reader waits for it. Blocks; the slower, the larger the catalog is: 32 MB a second. @cancellable:
 * (nullable). POTOO_ERROR_CORRUPT when the catalog turns out to be damaged. */
gboolean
potoo_catalog_back_up_now (PotooCatalog *catalog, GCancellable *cancellable, GError **error);

/* The journal cannot be cut back meanwhile: when it is larger than this, the backup is given up.
 * Tests set it. */
extern gint64 potoo_backup_journal_bytes_max;

/* The time of the newest scheduled one, wall; 0: none. */
gint64 potoo_catalog_get_backup_time_us (PotooCatalog *catalog);

/* --- for the catalog itself --- */

/* Paths of all backups of the catalog at @path, the newest first. (transfer full) */
GPtrArray *potoo_catalog_list_backups (const char *path);

/* Copies the database at @from to @to, which is made (0600), in small steps; checks it and makes it
 * durable. */
gboolean potoo_catalog_copy (const char *from,
                             const char *to,
                             gint64 bandwidth,
                             GCancellable *cancellable,
                             GError **error);

/* Now, for names of files: `20261121T101530Z`. (transfer full) */
char *potoo_catalog_format_file_time (void);
gboolean potoo_catalog_sync_file (const char *path);
/* Makes the entries of the directory that @path is in durable. */
gboolean potoo_catalog_sync_directory (const char *path);
/* Removes all but the newest @keep files whose names begin with @path and @infix and end with a
 * time. */
void potoo_catalog_remove_old (const char *path, const char *infix, guint keep);

G_END_DECLS
