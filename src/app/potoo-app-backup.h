/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

/* Backs the catalog up in a thread of the lowest priority, which is there only while it does. Main
 * thread. */
typedef struct _PotooAppBackup PotooAppBackup;

PotooAppBackup *potoo_app_backup_new (PotooCatalog *catalog);
/* Ends a backup that is under way; it is left to itself when a disk holds it for longer than
 * @timeout_us. */
void potoo_app_backup_free (PotooAppBackup *backup, gint64 timeout_us);

/* Nothing happens while one is under way. */
void potoo_app_backup_start (PotooAppBackup *backup);
gboolean potoo_app_backup_is_running (PotooAppBackup *backup);

G_END_DECLS
