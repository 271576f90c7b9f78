/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One timer looks at the wall clock, so that what is due follows it, also through a suspended night
 * and over restarts: when something was done last is read at the start. The first verification is
 * due one interval after the first start, the first backup soon after it. */

#include "app/potoo-app-upkeep.h"

#include "app/potoo-app-backup.h"
#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-ageing.h"
#include "catalog/potoo-catalog-backup.h"
#include "catalog/potoo-catalog-settings.h"

#define STOP_TIMEOUT_US (500 * 1000)
#define MAX_TICK_US (60 * POTOO_SECOND_US)
#define TICKS_PER_INTERVAL 4
/* Something that failed is tried again no sooner. */
#define RETRY_US (3600 * POTOO_SECOND_US)

#define HOUR_US (3600 * POTOO_SECOND_US)
#define FIRST_BACKUP_US (600 * POTOO_SECOND_US)

#define SETTING_SINCE "upkeep-since" /* when Potoo first ran on this catalog */

typedef struct
{
  gint64 interval_us; /* 0: never */
  gint64 first_us;    /* after the first start, at most interval_us */
  gint64 last_us;     /* wall */
  gint64 tried_us;    /* wall; 0: not since the start */
  gint64 ahead_us;    /* monotonic: since when it is known that the last time lies ahead; 0: not */
} Schedule;

struct _PotooAppUpkeep
{
  PotooCatalog *catalog;
  PotooRecorder *recorder;
  PotooRetention *retention;
  PotooVerifier *verifier;
  PotooHasher *hasher;
  PotooAppBackup *backup;
  PotooCatalogAgeing *ageing;
  gint64 hourly_due_us; /* monotonic */
  Schedule verify_schedule, backup_schedule;
  gint64 since_us;
  guint timer;
};

/* When it was done last, or begun to be waited for. A time in the future, of a clock that was wrong
 * then, counts as the moment at which this was noticed. */
static gint64
get_last_us (Schedule *schedule, gint64 since_us, gint64 now_us)
{
  gint64 last_us = schedule->last_us > 0 ? schedule->last_us : since_us;
  gint64 mono_us = potoo_clock_mono_us ();

  if (last_us <= now_us)
    schedule->ahead_us = 0;
  else if (schedule->ahead_us == 0)
    schedule->ahead_us = mono_us;
  return last_us <= now_us ? last_us : now_us - (mono_us - schedule->ahead_us);
}

static gint64
get_next_us (Schedule *schedule, gint64 since_us)
{
  gint64 now_us = potoo_clock_wall_us ();
  gint64 next_us = get_last_us (schedule, since_us, now_us) +
                   (schedule->last_us > 0 ? schedule->interval_us : schedule->first_us);

  if (schedule->interval_us == 0)
    return 0;
  if (schedule->tried_us != 0 && schedule->tried_us <= now_us)
    next_us = MAX (next_us, schedule->tried_us + MIN (schedule->interval_us, RETRY_US));
  return next_us;
}

/* TRUE once each time that it is due. */
static gboolean
take_due (Schedule *schedule, gint64 since_us)
{
  gint64 now_us = potoo_clock_wall_us ();
  gint64 next_us = get_next_us (schedule, since_us);

  if (next_us == 0 || next_us > now_us)
    return FALSE;
  schedule->tried_us = now_us;
  return TRUE;
}

static void
publish_next (PotooAppUpkeep *self)
{
  self->verify_schedule.last_us = potoo_verifier_get_last_us (self->verifier);
  potoo_verifier_set_next_us (self->verifier, get_next_us (&self->verify_schedule, self->since_us));
}

static void
work_hourly (PotooAppUpkeep *self)
{
  gint64 mono_us = potoo_clock_mono_us ();

  if (mono_us < self->hourly_due_us)
    return;
  self->hourly_due_us = mono_us + HOUR_US;
  potoo_catalog_ageing_run (self->ageing, potoo_retention_get_time (self->retention));
  potoo_verifier_complete_gaps (self->verifier);
}

static gboolean
on_tick (gpointer user_data)
{
  PotooAppUpkeep *self = user_data;

  publish_next (self);
  if (!potoo_verifier_is_running (self->verifier) &&
      take_due (&self->verify_schedule, self->since_us))
    potoo_verifier_start (self->verifier, FALSE, NULL);
  if (!potoo_app_backup_is_running (self->backup) &&
      take_due (&self->backup_schedule, self->since_us))
    {
      potoo_app_backup_start (self->backup);
      self->backup_schedule.last_us = potoo_clock_wall_us ();
    }
  work_hourly (self);
  return G_SOURCE_CONTINUE;
}

static void
on_root_changed (PotooRecorder *recorder, const char *name, gpointer user_data)
{
  potoo_verifier_complete (((PotooAppUpkeep *) user_data)->verifier);
}

static gint64
read_since_us (PotooCatalog *catalog, GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, error);
  gint64 since_us = potoo_clock_wall_us ();

  if (reader == NULL)
    return -1;
  g_autofree char *text = potoo_catalog_reader_get_setting (reader, SETTING_SINCE, NULL);
  if (text != NULL && potoo_time_parse (text, &since_us))
    return since_us;
  g_autofree char *now = potoo_time_format (since_us);
  potoo_catalog_put_setting (catalog, SETTING_SINCE, now);
  return since_us;
}

static guint
choose_tick_ms (PotooAppUpkeep *self)
{
  gint64 tick_us = MAX_TICK_US;

  if (self->verify_schedule.interval_us > 0)
    tick_us = MIN (tick_us, self->verify_schedule.interval_us / TICKS_PER_INTERVAL);
  if (self->backup_schedule.interval_us > 0)
    tick_us = MIN (tick_us, self->backup_schedule.interval_us / TICKS_PER_INTERVAL);
  return (guint) (tick_us / 1000);
}

PotooAppUpkeep *
potoo_app_upkeep_new (PotooCatalog *catalog,
                      PotooRecorder *recorder,
                      PotooRetention *retention,
                      PotooConfig *config,
                      GError **error)
{
  gint64 since_us = read_since_us (catalog, error);
  PotooVerifier *verifier = since_us >= 0
                                ? potoo_verifier_new (catalog, recorder,
                                                      potoo_config_get_verify_bandwidth (config),
                                                      error)
                                : NULL;

  if (verifier == NULL)
    return NULL;
  PotooAppUpkeep *self = g_new0 (PotooAppUpkeep, 1);
  self->catalog = g_object_ref (catalog);
  self->recorder = g_object_ref (recorder);
  self->retention = g_object_ref (retention);
  self->ageing = potoo_catalog_ageing_new (catalog, &potoo_ageing_limits);
  self->verifier = verifier;
  self->hasher = potoo_hasher_new (catalog, recorder);
  self->backup = potoo_app_backup_new (catalog);
  self->since_us = since_us;
  self->verify_schedule.interval_us = potoo_config_get_verify_interval_us (config);
  self->verify_schedule.first_us = self->verify_schedule.interval_us;
  self->backup_schedule.interval_us = potoo_config_get_backup_interval_us (config);
  self->backup_schedule.first_us = MIN (self->backup_schedule.interval_us, FIRST_BACKUP_US);
  self->backup_schedule.last_us = potoo_catalog_get_backup_time_us (catalog);
  self->timer = g_timeout_add (choose_tick_ms (self), on_tick, self);
  g_signal_connect (recorder, "root-changed", G_CALLBACK (on_root_changed), self);
  publish_next (self);
  potoo_verifier_complete (verifier);
  return self;
}

void
potoo_app_upkeep_free (PotooAppUpkeep *self)
{
  g_source_remove (self->timer);
  g_signal_handlers_disconnect_by_data (self->recorder, self);
  potoo_app_backup_free (self->backup, STOP_TIMEOUT_US);
  potoo_catalog_ageing_free (self->ageing);
  potoo_hasher_free (self->hasher, STOP_TIMEOUT_US);
  potoo_verifier_free (self->verifier, STOP_TIMEOUT_US);
  g_object_unref (self->retention);
  g_object_unref (self->recorder);
  g_object_unref (self->catalog);
  g_free (self);
}

PotooVerifier *
potoo_app_upkeep_get_verifier (PotooAppUpkeep *self)
{
  return self->verifier;
}

PotooHasher *
potoo_app_upkeep_get_hasher (PotooAppUpkeep *self)
{
  return self->hasher;
}
