/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "record/potoo-lock-list.h"
#include "record/potoo-retention-clock.h"

G_BEGIN_DECLS

/* What potoo-lock-list.c (expiry) and potoo-lock-commands.c share. Main thread. */

struct _PotooLockList
{
  GObject parent_instance;

  PotooCatalog *catalog;
  gboolean started, stopped;
  GHashTable *expiring; /* id → wall time at which it expires, or is looked at again: gint64 */
  PotooRetentionClock clock; /* what time it is, for what expires */
  guint timer;
  GQueue commands; /* GTask; the first is under way */
  gint n_commands; /* atomic: counted where they are posted, in any thread */
  PotooMetric *expired, *refused;
};

/* When the lock expires, durably; 0: never, or it is gone. */
void potoo_lock_list_note_expiry (PotooLockList *list, gint64 id, gint64 when_us);

/* As potoo_lock_list_remove_async(), for the list itself: not bound. */
void potoo_lock_list_drop_async (PotooLockList *list,
                                 gint64 id,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);

G_END_DECLS
