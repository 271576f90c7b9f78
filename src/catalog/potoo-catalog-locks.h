/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

#define POTOO_LOCK_REASON_MAX 200 /* characters */
/* A longer time takes several locks: each segment in one is looked at when it comes, changes or
 * goes. */
#define POTOO_LOCK_MAX_US (31 * 24 * 3600 * G_GINT64_CONSTANT (1000000))
#define POTOO_LOCKS_MAX 10000

/* A time of a camera that is not evicted. */
typedef struct
{
  gint64 id; /* from potoo_catalog_take_lock_id() */
  char camera[POTOO_SLUG_MAX + 1];
  gint64 start_us, end_us; /* wall, half-open, not empty */
  char *reason;            /* never NULL */
  gint64 expires_us;       /* 0: never. It locks until it is dropped, also when that is past. */
  gint64 created_us;
} PotooLock;

PotooLock *potoo_lock_copy (const PotooLock *lock);
void potoo_lock_free (PotooLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooLock, potoo_lock_free)

/* --- writing; any thread, never blocks --- */

gint64 potoo_catalog_take_lock_id (PotooCatalog *catalog); /* 0: none left */

/* Inserts or replaces the row; the segments that overlap it, and those that it no longer does, have
 * their class when it is durable. Errors: POTOO_ERROR_NOT_FOUND when no segment of the camera
 * overlaps it, POTOO_ERROR_INVALID_ARGUMENT when it is too long, makes no sense or its reason
 * is too long, POTOO_ERROR_CONFLICT when there are POTOO_LOCKS_MAX. */
void potoo_catalog_put_lock_async (PotooCatalog *catalog,
                                   const PotooLock *lock,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean
potoo_catalog_put_lock_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

/* POTOO_ERROR_NOT_FOUND when there is no such lock. */
void potoo_catalog_drop_lock_async (PotooCatalog *catalog,
                                    gint64 id,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean
potoo_catalog_drop_lock_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

/* --- reading --- */

/* NULL with POTOO_ERROR_NOT_FOUND when there is none. (transfer full) */
PotooLock *potoo_catalog_reader_get_lock (PotooCatalogReader *reader, gint64 id, GError **error);
/* As potoo_catalog_reader_list_segments(). (transfer full) (element-type PotooLock) */
GPtrArray *potoo_catalog_reader_list_locks (PotooCatalogReader *reader,
                                            const PotooSegmentQuery *query,
                                            GError **error);

G_END_DECLS
