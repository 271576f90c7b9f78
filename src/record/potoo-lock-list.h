/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "catalog/potoo-catalog-locks.h"

G_BEGIN_DECLS

/**
 * PotooLockList:
 *
 * Who locks recordings against eviction comes here, and locks expire here, by a timer. A command is
 * done when the catalog has it durably; on any error nothing has changed. Belongs to the main
 * thread;
 * `_async` commands may be called from any thread, and call back in the caller's
 * thread-default context.
 */
#define POTOO_TYPE_LOCK_LIST (potoo_lock_list_get_type ())
G_DECLARE_FINAL_TYPE (PotooLockList, potoo_lock_list, POTOO, LOCK_LIST, GObject)

/* Commands that wait or are under way. */
#define POTOO_LOCK_MAX_COMMANDS 64

PotooLockList *potoo_lock_list_new (PotooCatalog *catalog);
/* Reads when locks expire. Blocks shortly. */
gboolean potoo_lock_list_start (PotooLockList *list, GError **error);
/* No further commands and timers. */
void potoo_lock_list_stop (PotooLockList *list);

/* @object: as potoo_lock_draft_new() takes it. Errors: POTOO_ERROR_INVALID_ARGUMENT with the JSON
 * pointer; POTOO_ERROR_NOT_FOUND when nothing is recorded in that time, with the nearest
 * recorded times in words; POTOO_ERROR_CONFLICT when there are POTOO_LOCKS_MAX;
 * POTOO_ERROR_BUSY. */
void potoo_lock_list_add_async (PotooLockList *list,
                                JsonObject *object,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* (transfer full) */
PotooLock *potoo_lock_list_add_finish (PotooLockList *list, GAsyncResult *result, GError **error);

/* @patch: as potoo_lock_draft_patch() takes it. */
void potoo_lock_list_change_async (PotooLockList *list,
                                   gint64 id,
                                   JsonObject *patch,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* (transfer full) */
PotooLock *
potoo_lock_list_change_finish (PotooLockList *list, GAsyncResult *result, GError **error);

void potoo_lock_list_remove_async (PotooLockList *list,
                                   gint64 id,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean potoo_lock_list_remove_finish (PotooLockList *list, GAsyncResult *result, GError **error);

G_END_DECLS
