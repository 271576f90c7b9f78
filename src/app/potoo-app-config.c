/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-config.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "base/potoo-log.h"
#include "base/potoo-memory.h"
#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog.h"
#include "media/potoo-stream-hub.h"

struct _PotooAppConfig
{
  char *path; /* (nullable) */
  char *state_dir;
  PotooConfig *config;
  PotooMetric *memory, *resident, *catalog; /* gauges, of memory */
  GFileMonitor *monitor;                    /* (nullable) */
};

static void
share_memory_out (PotooAppConfig *self)
{
  const PotooMemoryBudget *budget = potoo_config_get_memory_budget (self->config);
  g_autofree char *total = g_format_size ((guint64) budget->total);
  g_autofree char *queues = g_format_size ((guint64) budget->queues);
  g_autofree char *pre_roll = g_format_size ((guint64) budget->pre_roll);

  self->memory = potoo_metric_new_gauge ("potoo_memory_budget_bytes",
                                         "Memory that Potoo goes by: [server] memory", NULL);
  potoo_metric_set (self->memory, budget->total);
  self->resident = potoo_metric_new_asked ("potoo_memory_resident_bytes", "Memory of this process",
                                           potoo_memory_get_resident);
  self->catalog = potoo_metric_new_asked ("potoo_catalog_memory_bytes",
                                          "Memory that SQLite takes, of all connections",
                                          potoo_catalog_get_memory);
  potoo_stream_hub_set_ring_bytes (budget->hub_ring);
  potoo_catalog_set_memory (budget->catalog);
  potoo_log_info (NULL, _ ("Memory: %s, of which %s may wait for disks and %s for events"), total,
                  queues, pre_roll);
}

PotooAppConfig *
potoo_app_config_new (const char *path, const char *state_dir, GError **error)
{
  PotooConfig *config = potoo_config_load (path, state_dir, error);

  if (config == NULL)
    return NULL;
  PotooAppConfig *self = g_new0 (PotooAppConfig, 1);
  self->path = g_strdup (path);
  self->state_dir = g_strdup (state_dir);
  self->config = config;
  potoo_log_set_level ((PotooLogLevel) potoo_config_get_log_level (config));
  share_memory_out (self);
  return self;
}

void
potoo_app_config_free (PotooAppConfig *self)
{
  potoo_app_config_unwatch (self);
  potoo_config_unref (self->config);
  potoo_metric_unref (self->memory);
  potoo_metric_unref (self->resident);
  potoo_metric_unref (self->catalog);
  g_free (self->path);
  g_free (self->state_dir);
  g_free (self);
}

PotooConfig *
potoo_app_config_get (PotooAppConfig *self)
{
  return self->config;
}

void
potoo_app_config_reload (PotooAppConfig *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooConfig) config = potoo_config_load (self->path, self->state_dir, &error);

  if (config == NULL)
    {
      potoo_log_error (NULL, _ ("The configuration is not taken over, nothing has changed: %s"),
                       error->message);
      return;
    }
  g_autofree char *restart = potoo_config_describe_restart (self->config, config);
  potoo_log_set_level ((PotooLogLevel) potoo_config_get_log_level (config));
  if (restart != NULL)
    potoo_log_warning (NULL,
                       _ ("Changed in the configuration, but used only from the next start on: %s"),
                       restart);
  else
    potoo_log_info (NULL, _ ("Configuration read"));
}

static void
on_changed (GFileMonitor *monitor,
            GFile *file,
            GFile *other,
            GFileMonitorEvent event,
            gpointer user_data)
{
  if (event == G_FILE_MONITOR_EVENT_CHANGES_DONE_HINT || event == G_FILE_MONITOR_EVENT_RENAMED ||
      event == G_FILE_MONITOR_EVENT_MOVED_IN)
    potoo_app_config_reload (user_data);
}

void
potoo_app_config_watch (PotooAppConfig *self)
{
  if (self->path == NULL)
    return;
  g_autoptr (GFile) file = g_file_new_for_path (self->path);
  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect (self->monitor, "changed", G_CALLBACK (on_changed), self);
}

void
potoo_app_config_unwatch (PotooAppConfig *self)
{
  if (self->monitor != NULL)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
}
