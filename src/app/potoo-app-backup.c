/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-backup.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog-backup.h"
#include "record/potoo-background.h"

struct _PotooAppBackup
{
  gatomicrefcount ref_count;
  PotooCatalog *catalog;
  GCancellable *cancellable;
  PotooMetric *made, *failed, *duration;

  GMutex lock; /* protects what follows */
  GCond ended;
  gboolean running;
};

PotooAppBackup *
potoo_app_backup_new (PotooCatalog *catalog)
{
  PotooAppBackup *self = g_new0 (PotooAppBackup, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->catalog = g_object_ref (catalog);
  self->cancellable = g_cancellable_new ();
  self->made = potoo_metric_new_counter ("potoo_catalog_backups_total",
                                         "Scheduled backups of the catalog that were made", NULL);
  self->failed = potoo_metric_new_counter ("potoo_catalog_failed_backups_total",
                                           "Scheduled backups of the catalog that failed", NULL);
  self->duration = potoo_metric_set_divisor (
      potoo_metric_new_gauge ("potoo_catalog_backup_seconds",
                              "How long the last backup of the catalog took", NULL),
      POTOO_SECOND_US);
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  return self;
}

static void
backup_unref (PotooAppBackup *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  potoo_metric_unref (self->made);
  potoo_metric_unref (self->failed);
  potoo_metric_unref (self->duration);
  g_cond_clear (&self->ended);
  g_mutex_clear (&self->lock);
  g_object_unref (self->cancellable);
  g_object_unref (self->catalog);
  g_free (self);
}

void
potoo_app_backup_free (PotooAppBackup *self, gint64 timeout_us)
{
  gint64 deadline_us = potoo_clock_mono_us () + timeout_us;

  g_cancellable_cancel (self->cancellable);
  g_mutex_lock (&self->lock);
  while (self->running && g_cond_wait_until (&self->ended, &self->lock, deadline_us))
    ;
  g_mutex_unlock (&self->lock);
  backup_unref (self);
}

static gpointer
backup_main (gpointer data)
{
  PotooAppBackup *self = data;
  g_autoptr (GError) error = NULL;
  gint64 before_us = potoo_clock_mono_us ();

  potoo_background_enter ();
  if (potoo_catalog_back_up_now (self->catalog, self->cancellable, &error))
    potoo_metric_add (self->made, 1);
  else if (!g_cancellable_is_cancelled (self->cancellable))
    {
      potoo_metric_add (self->failed, 1);
      potoo_log_error (NULL, _ ("The catalog could not be backed up: %s"), error->message);
    }
  potoo_metric_set (self->duration, potoo_clock_mono_us () - before_us);
  g_mutex_lock (&self->lock);
  self->running = FALSE;
  g_cond_broadcast (&self->ended);
  g_mutex_unlock (&self->lock);
  backup_unref (self);
  return NULL;
}

void
potoo_app_backup_start (PotooAppBackup *self)
{
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->lock);
  if (!self->running)
    {
      g_atomic_ref_count_inc (&self->ref_count);
      GThread *thread = g_thread_try_new ("backup", backup_main, self, &error);
      self->running = thread != NULL;
      if (thread != NULL)
        g_thread_unref (thread);
      else
        g_atomic_ref_count_dec (&self->ref_count);
    }
  g_mutex_unlock (&self->lock);
  if (error != NULL)
    potoo_log_error (NULL, _ ("The catalog could not be backed up: %s"), error->message);
}

gboolean
potoo_app_backup_is_running (PotooAppBackup *self)
{
  g_mutex_lock (&self->lock);
  gboolean running = self->running;
  g_mutex_unlock (&self->lock);
  return running;
}
