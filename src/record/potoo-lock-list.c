/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * All that is kept in memory of locks is when they expire. One timer, set while any does, is for
 * that; it looks once a minute at least, since the wall clock may be set. A clock that is suddenly
 * more than a day ahead is not gone by for an hour, as in retention: a wrong one must not take away
 * what is locked. Main thread.
 */

#include "record/potoo-lock-list.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-text.h"
#include "record/potoo-lock-list-private.h"

#define LOOK_US (60 * POTOO_SECOND_US)
#define PAGE 1000

G_DEFINE_FINAL_TYPE (PotooLockList, potoo_lock_list, G_TYPE_OBJECT)

/* --- expiry --- */

static gboolean on_timer (gpointer user_data);

static gint64
get_now_us (PotooLockList *self)
{
  return potoo_retention_clock_read (&self->clock, potoo_clock_wall_us (), potoo_clock_mono_us ());
}

static void
set_timer (PotooLockList *self)
{
  gint64 next_us = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->stopped || g_hash_table_size (self->expiring) == 0)
    return;
  g_hash_table_iter_init (&iter, self->expiring);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    next_us = MIN (next_us, *(gint64 *) value);
  gint64 wait_us = CLAMP (next_us - get_now_us (self), 0, LOOK_US);
  self->timer = g_timeout_add ((guint) (wait_us / 1000 + 1), on_timer, self);
}

void
potoo_lock_list_note_expiry (PotooLockList *self, gint64 id, gint64 when_us)
{
  if (when_us != 0)
    g_hash_table_insert (self->expiring, g_memdup2 (&id, sizeof id),
                         g_memdup2 (&when_us, sizeof when_us));
  else
    g_hash_table_remove (self->expiring, &id);
  if (self->started)
    set_timer (self);
}

static void
on_expired (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooLockList *self = POTOO_LOCK_LIST (source);
  g_autofree gint64 *id = user_data;
  g_autofree char *text = potoo_segment_id_format (*id);
  g_autoptr (GError) error = NULL;

  if (potoo_lock_list_remove_finish (self, result, &error))
    {
      potoo_metric_add (self->expired, 1);
      potoo_log_info (NULL, "Lock %s has expired", text);
    }
  else if (g_error_matches (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND))
    potoo_lock_list_note_expiry (self, *id, 0);
  else
    potoo_log_warning (NULL, "Lock %s has expired and cannot be dropped yet: %s", text,
                       error->message);
}

static void
drop_expired (PotooLockList *self)
{
  gint64 now_us = get_now_us (self);
  GHashTableIter iter;
  gpointer id, when;

  g_hash_table_iter_init (&iter, self->expiring);
  while (g_hash_table_iter_next (&iter, &id, &when))
    {
      if (*(gint64 *) when > now_us)
        continue;
      *(gint64 *) when = now_us + LOOK_US; /* should it fail */
      potoo_lock_list_drop_async (self, *(gint64 *) id, on_expired,
                                  g_memdup2 (id, sizeof (gint64)));
    }
}

static gboolean
on_timer (gpointer user_data)
{
  PotooLockList *self = user_data;

  self->timer = 0;
  drop_expired (self);
  set_timer (self);
  return G_SOURCE_REMOVE;
}

/* --- life --- */

gboolean
potoo_lock_list_start (PotooLockList *self, GError **error)
{
  g_return_val_if_fail (POTOO_IS_LOCK_LIST (self) && !self->started, FALSE);

  PotooSegmentQuery query = { .end_us = G_MAXINT64, .limit = PAGE };
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, error);
  guint n = PAGE;
  if (reader == NULL || !potoo_retention_clock_load (&self->clock, reader, error))
    return FALSE;
  while (n == PAGE)
    {
      g_autoptr (GPtrArray) locks = potoo_catalog_reader_list_locks (reader, &query, error);
      if (locks == NULL)
        return FALSE;
      n = locks->len;
      for (guint i = 0; i < n; i++)
        {
          const PotooLock *lock = locks->pdata[i];
          potoo_lock_list_note_expiry (self, lock->id, lock->expires_us);
          query.after_start_us = lock->start_us;
          query.after_id = lock->id;
        }
    }
  self->started = TRUE;
  set_timer (self);
  return TRUE;
}

void
potoo_lock_list_stop (PotooLockList *self)
{
  g_return_if_fail (POTOO_IS_LOCK_LIST (self));

  self->stopped = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
}

PotooLockList *
potoo_lock_list_new (PotooCatalog *catalog)
{
  PotooLockList *self = g_object_new (POTOO_TYPE_LOCK_LIST, NULL);

  self->catalog = g_object_ref (catalog);
  return self;
}

static void
potoo_lock_list_finalize (GObject *object)
{
  PotooLockList *self = POTOO_LOCK_LIST (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_unref (self->expiring);
  potoo_metric_unref (self->expired);
  potoo_metric_unref (self->refused);
  g_clear_object (&self->catalog);
  G_OBJECT_CLASS (potoo_lock_list_parent_class)->finalize (object);
}

static void
potoo_lock_list_class_init (PotooLockListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_lock_list_finalize;
}

static void
potoo_lock_list_init (PotooLockList *self)
{
  self->expiring = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  self->expired = potoo_metric_new_counter ("potoo_locks_expired_total", "Locks that expired",
                                            NULL);
  self->refused = potoo_metric_new_counter ("potoo_lock_commands_refused_total",
                                            "Changes of locks refused: too many waited", NULL);
}
