/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Open: configuration → lock of the state directory → catalog → recorder (recovers, writers run)
 * with retention.
 * Start: web (listens, not ready) → cameras → ready → D-Bus.
 * Stop, in the order of the media: cameras, and D-Bus meanwhile → web → retention → recorder →
 * catalog.
 */

#include "app/potoo-app.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "app/potoo-app-changes.h"
#include "app/potoo-app-config.h"
#include "app/potoo-app-events.h"
#include "app/potoo-app-live.h"
#include "app/potoo-app-overload.h"
#include "app/potoo-app-recording.h"
#include "app/potoo-app-restream.h"
#include "app/potoo-app-retention.h"
#include "app/potoo-app-upkeep.h"
#include "app/potoo-demo.h"
#include "app/potoo-state-dir.h"
#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-restore.h"
#include "dbus/potoo-dbus-server.h"
#include "media/potoo-media.h"
#include "record/potoo-time-corrector.h"
#include "web/potoo-web-server.h"

#define WEB_STOP_TIMEOUT_US (300 * 1000)
#define RECORDER_STOP_TIMEOUT_US (1500 * 1000)

struct _PotooApp
{
  GObject parent_instance;

  char *config_path; /* (nullable) */
  char *state_dir;
  int lock_fd;
  PotooClockWatch *clock;
  PotooTimeCorrector *corrector;
  PotooAppConfig *config;
  PotooCatalog *catalog;
  PotooRecorder *recorder;
  PotooAppRetention *retention;
  PotooAppUpkeep *upkeep;
  PotooCameraList *cameras;
  PotooAppEvents *events;
  PotooAppRecording *recording;
  PotooAppLive *live;
  PotooAppRestream *restream;
  PotooWebChangeLog *change_log;
  PotooCameraTester *tester;
  PotooAppChanges *changes;
  PotooAppOverload *overload;
  PotooWebServer *web;
  PotooBusKind bus;
  PotooDbusServer *dbus;
  guint n_demo_cameras; /* 0: no demo */
  PotooDemo *demo;
  gboolean started;
  guint n_stopping; /* parts that a stop waits for */
};

G_DEFINE_FINAL_TYPE (PotooApp, potoo_app, G_TYPE_OBJECT)

PotooApp *
potoo_app_new (const char *config_path, const char *state_dir)
{
  PotooApp *self = g_object_new (POTOO_TYPE_APP, NULL);
  self->config_path = g_strdup (config_path);
  self->state_dir = g_strdup (state_dir);
  return self;
}

void
potoo_app_set_demo (PotooApp *self, guint n_cameras)
{
  self->n_demo_cameras = n_cameras;
}

void
potoo_app_set_bus (PotooApp *self, PotooBusKind bus)
{
  self->bus = bus;
}

void
potoo_app_reload (PotooApp *self)
{
  potoo_app_config_reload (self->config);
}

static gboolean
prepare_demo (PotooApp *self, GError **error)
{
  if (self->n_demo_cameras > 0)
    self->demo = potoo_demo_new (self->state_dir, self->n_demo_cameras, error);
  return self->n_demo_cameras == 0 || self->demo != NULL;
}

static gboolean
start_storage (PotooApp *self, GError **error)
{
  self->lock_fd = potoo_state_dir_lock (self->state_dir, error);
  if (self->lock_fd < 0)
    return FALSE;
  self->catalog = potoo_catalog_open_or_restore (self->state_dir, error);
  if (self->catalog == NULL)
    return FALSE;
  self->recorder = potoo_recorder_new (potoo_app_config_get (self->config), self->catalog, error);
  if (self->recorder == NULL)
    return FALSE;
  self->retention = potoo_app_retention_new (self->catalog, self->recorder, error);
  if (self->retention == NULL || !potoo_recorder_start (self->recorder, error))
    return FALSE;
  self->upkeep = potoo_app_upkeep_new (self->catalog, self->recorder,
                                       potoo_app_retention_get (self->retention),
                                       potoo_app_config_get (self->config), error);
  return self->upkeep != NULL;
}

static gboolean
start_services (PotooApp *self, GError **error)
{
  self->clock = potoo_clock_watch_new ();
  self->corrector = potoo_time_corrector_new (
      self->catalog, self->clock, potoo_recorder_get_inherited_gaps (self->recorder),
      potoo_recorder_get_clock_step (self->recorder), error);
  if (self->corrector == NULL)
    return FALSE;
  self->tester = potoo_camera_tester_new ();
  PotooRetention *retention = potoo_app_retention_get (self->retention);
  self->cameras = potoo_camera_list_new (self->catalog);
  potoo_app_retention_follow (self->retention, self->cameras);
  self->events = potoo_app_events_new (self->cameras, self->catalog, error);
  if (self->events == NULL)
    return FALSE;
  self->recording = potoo_app_recording_new (
      self->cameras, potoo_app_events_get_events (self->events), self->recorder, self->clock);
  self->live = potoo_app_live_new (self->cameras);
  potoo_snapshots_set_cache_bytes (
      potoo_app_live_get_snapshots (self->live),
      potoo_config_get_memory_budget (potoo_app_config_get (self->config))->pictures);
  self->restream = potoo_app_restream_new (self->cameras, potoo_app_config_get (self->config));
  const PotooDbusContext dbus_context = {
    .catalog = self->catalog,
    .cameras = self->cameras,
    .recorder = self->recorder,
    .eviction = potoo_retention_get_eviction (retention),
    .retention = retention,
    .verifier = potoo_app_upkeep_get_verifier (self->upkeep),
    .corrector = self->corrector,
    .events = potoo_app_events_get_events (self->events),
    .locks = potoo_app_events_get_locks (self->events),
    .snapshots = potoo_app_live_get_snapshots (self->live),
    .restream = potoo_app_restream_get_server (self->restream),
  };
  self->dbus = potoo_dbus_server_new (&dbus_context);
  self->change_log = potoo_web_change_log_new ();
  potoo_app_retention_tell (self->retention, self->change_log);
  self->changes = potoo_app_changes_new (self->cameras, self->catalog, retention,
                                         potoo_app_upkeep_get_hasher (self->upkeep),
                                         self->change_log, self->dbus);
  self->overload = potoo_app_overload_new (self->cameras, self->live, self->restream,
                                           self->change_log, self->dbus);
  PotooWebContext context = {
    .catalog = self->catalog,
    .cameras = self->cameras,
    .recorder = self->recorder,
    .eviction = potoo_retention_get_eviction (retention),
    .retention = retention,
    .verifier = potoo_app_upkeep_get_verifier (self->upkeep),
    .corrector = self->corrector,
    .events = potoo_app_events_get_events (self->events),
    .locks = potoo_app_events_get_locks (self->events),
    .live = potoo_app_live_get_outputs (self->live),
    .snapshots = potoo_app_live_get_snapshots (self->live),
    .changes = self->change_log,
    .tester = self->tester,
    .started_mono_us = potoo_clock_mono_us (),
  };
  self->web = potoo_web_server_new (potoo_app_config_get (self->config), &context, error);
  return self->web != NULL && potoo_camera_list_start (self->cameras, error);
}

/* What stands when the cameras are down, or were never up. */
static gboolean
tear_down (PotooApp *self)
{
  gboolean finalised = TRUE;

  potoo_app_config_unwatch (self->config);
  if (self->demo != NULL)
    potoo_demo_stop (self->demo);
  g_clear_object (&self->demo);
  if (self->web != NULL)
    potoo_web_server_stop (self->web, WEB_STOP_TIMEOUT_US);
  g_clear_object (&self->web);
  g_clear_object (&self->tester);
  g_clear_pointer (&self->overload, potoo_app_overload_free);
  g_clear_pointer (&self->changes, potoo_app_changes_free);
  g_clear_pointer (&self->change_log, potoo_web_change_log_unref);
  g_clear_object (&self->dbus);
  g_clear_pointer (&self->restream, potoo_app_restream_free);
  g_clear_pointer (&self->live, potoo_app_live_free);
  g_clear_pointer (&self->recording, potoo_app_recording_free);
  g_clear_object (&self->corrector);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->events, potoo_app_events_free);
  g_clear_pointer (&self->upkeep, potoo_app_upkeep_free);
  g_clear_pointer (&self->retention, potoo_app_retention_free);
  g_clear_object (&self->cameras);
  if (self->recorder != NULL)
    finalised = potoo_recorder_stop (self->recorder, RECORDER_STOP_TIMEOUT_US);
  g_clear_object (&self->recorder);
  if (self->catalog != NULL)
    potoo_catalog_close (self->catalog);
  g_clear_object (&self->catalog);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
  self->started = FALSE;
  return finalised;
}

gboolean
potoo_app_open (PotooApp *self, GError **error)
{
  g_return_val_if_fail (self->config == NULL, FALSE);

  self->config = potoo_app_config_new (self->config_path, self->state_dir, error);
  if (self->config == NULL)
    return FALSE;
  if (potoo_media_init (error) && prepare_demo (self, error) && start_storage (self, error))
    return TRUE;
  tear_down (self);
  return FALSE;
}

gboolean
potoo_app_start (PotooApp *self, GError **error)
{
  g_return_val_if_fail (self->recorder != NULL && !self->started, FALSE);

  if (!start_services (self, error))
    {
      tear_down (self);
      return FALSE;
    }
  self->started = TRUE;
  potoo_app_config_watch (self->config);
  potoo_web_server_set_ready (self->web, TRUE);
  g_autofree char *url = potoo_web_server_get_url (self->web);
  potoo_log_info (NULL, _ ("Potoo %s is ready at %s"), PACKAGE_VERSION, url != NULL ? url : "-");
  potoo_dbus_server_start (self->dbus, self->bus, url);
  if (self->demo != NULL)
    potoo_demo_start (self->demo, self->cameras, url);
  return TRUE;
}

static void
on_part_stopped (GTask *task)
{
  PotooApp *self = g_task_get_source_object (task);

  if (--self->n_stopping > 0)
    return;
  if (tear_down (self))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (
        task, POTOO_ERROR, POTOO_ERROR_TIMEOUT,
        _ ("A disk did not take the last data in time: it is repaired at the next start"));
}

static void
on_cameras_stopped (GObject *cameras, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  potoo_camera_list_stop_finish (POTOO_CAMERA_LIST (cameras), result);
  on_part_stopped (task);
}

static void
on_dbus_stopped (GObject *dbus, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  potoo_dbus_server_stop_finish (POTOO_DBUS_SERVER (dbus), result);
  on_part_stopped (task);
}

static void
on_tester_stopped (GObject *tester, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  potoo_camera_tester_stop_finish (POTOO_CAMERA_TESTER (tester), result);
  on_part_stopped (task);
}

void
potoo_app_stop_async (PotooApp *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (self->started);

  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_app_stop_async);
  potoo_web_server_set_ready (self->web, FALSE);
  self->n_stopping = 3;
  potoo_dbus_server_stop_async (self->dbus, on_dbus_stopped, g_object_ref (task));
  potoo_camera_list_stop_async (self->cameras, on_cameras_stopped, g_object_ref (task));
  potoo_camera_tester_stop_async (self->tester, on_tester_stopped, g_object_ref (task));
}

gboolean
potoo_app_stop_finish (PotooApp *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
potoo_app_finalize (GObject *object)
{
  PotooApp *self = POTOO_APP (object);

  g_clear_pointer (&self->config, potoo_app_config_free);
  g_free (self->config_path);
  g_free (self->state_dir);
  G_OBJECT_CLASS (potoo_app_parent_class)->finalize (object);
}

static void
potoo_app_class_init (PotooAppClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_app_finalize;
}

static void
potoo_app_init (PotooApp *self)
{
  self->lock_fd = -1;
}
