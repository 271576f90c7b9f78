/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog/potoo-catalog-watch.h"

#include "catalog/potoo-catalog-private.h"

struct _PotooRowWatch
{
  GMutex lock;                    /* protects the following, and is held while somebody is told */
  const PotooCatalogWatch *funcs; /* (nullable) */
  gpointer user_data;
};

PotooRowWatch *
potoo_row_watch_new (void)
{
  PotooRowWatch *self = g_new0 (PotooRowWatch, 1);

  g_mutex_init (&self->lock);
  return self;
}

void
potoo_row_watch_free (PotooRowWatch *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

PotooDropJob *
potoo_drop_job_new (PotooCatalog *catalog, gint64 id)
{
  PotooDropJob *drop = g_new (PotooDropJob, 1);

  drop->id = id;
  drop->watch = potoo_catalog_get_row_watch (catalog);
  return drop;
}

void
potoo_catalog_set_watch (PotooCatalog *catalog, const PotooCatalogWatch *watch, gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));

  PotooRowWatch *self = potoo_catalog_get_row_watch (catalog);
  g_mutex_lock (&self->lock);
  self->funcs = watch;
  self->user_data = user_data;
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_segment (PotooRowWatch *self, const PotooSegment *segment)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL)
    self->funcs->segment (segment, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_segment_dropped (PotooRowWatch *self, gint64 id)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL)
    self->funcs->segment_dropped (id, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_gap (PotooRowWatch *self, const PotooGap *gap)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL)
    self->funcs->gap (gap, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_gap_dropped (PotooRowWatch *self, gint64 id)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL)
    self->funcs->gap_dropped (id, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_event (PotooRowWatch *self, const PotooEvent *event)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL && self->funcs->event != NULL)
    self->funcs->event (event, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_event_dropped (PotooRowWatch *self, gint64 id)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL && self->funcs->event_dropped != NULL)
    self->funcs->event_dropped (id, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_lock (PotooRowWatch *self, const PotooLock *lock)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL && self->funcs->lock != NULL)
    self->funcs->lock (lock, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
potoo_row_watch_tell_lock_dropped (PotooRowWatch *self, gint64 id)
{
  g_mutex_lock (&self->lock);
  if (self->funcs != NULL && self->funcs->lock_dropped != NULL)
    self->funcs->lock_dropped (id, self->user_data);
  g_mutex_unlock (&self->lock);
}
