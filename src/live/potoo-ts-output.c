/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The thread's life: subscribe → (take what there is → wait)* → unsubscribe. What it does with
 * access units is in potoo-ts-runs.c.
 */

#include "live/potoo-ts-output.h"

#include "base/potoo-clock.h"
#include "base/potoo-cpu.h"
#include "base/potoo-log.h"
#include "live/potoo-ts-runs.h"

#define GOPS 3 /* two whole ones and the one under way: the first playlist at once */
#define QUEUE_MAX_BYTES (64 * 1024 * 1024)
#define CONGESTED_WAIT_US (20 * 1000)
#define IDLE_WAIT_US (500 * 1000)

struct _PotooTsOutput
{
  gatomicrefcount ref_count;
  char *camera_id;
  PotooStreamHub *hub;
  PotooLiveWindow *window;
  PotooTsOutputMetrics metrics;
  GThread *thread;

  GMutex lock; /* protects what follows; never held while anybody is called but `changed` */
  GCond wake;
  gboolean woken, stopping, ended;
  char *failure;
  PotooTsOutputChangedFunc changed; /* NULL: abandoned */
  gpointer user_data;
};

static void
tell_changed (PotooTsOutput *self)
{
  g_mutex_lock (&self->lock);
  if (self->changed != NULL)
    self->changed (self, self->user_data);
  g_mutex_unlock (&self->lock);
}

/* --- from other threads --- */

static void
on_wake (gpointer user_data)
{
  PotooTsOutput *self = user_data;

  g_mutex_lock (&self->lock);
  self->woken = TRUE;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

static void
on_segment (GBytes *segment, GstClockTime start_ns, GstClockTime duration_ns, gpointer user_data)
{
  PotooTsOutput *self = user_data;

  potoo_live_window_add (self->window, segment,
                         (gint64) GST_TIME_AS_USECONDS (start_ns) + potoo_clock_wall_offset_us (),
                         (gint64) GST_TIME_AS_USECONDS (duration_ns));
  potoo_metric_add (self->metrics.segments, 1);
  tell_changed (self);
}

/* --- the thread --- */

static void
fail (PotooTsOutput *self, const GError *error)
{
  potoo_log_warning (self->camera_id, "The live output has ended: %s", error->message);
  g_mutex_lock (&self->lock);
  if (self->failure == NULL)
    self->failure = g_strdup (error->message);
  self->stopping = TRUE;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_stopping (PotooTsOutput *self)
{
  g_mutex_lock (&self->lock);
  gboolean stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

/* What waits in the subscriber, as long as the pipeline takes it. */
static gboolean
take_all (PotooTsOutput *self, PotooTsRuns *runs, PotooSubscriber *subscriber, GError **error)
{
  PotooAccessUnit unit;
  gboolean taken = TRUE;

  while (taken && !is_stopping (self) && !potoo_ts_runs_is_congested (runs) &&
         potoo_subscriber_take (subscriber, &unit))
    {
      taken = potoo_ts_runs_take (runs, &unit, error);
      potoo_access_unit_clear (&unit);
    }
  return taken;
}

/* FALSE when it is to end. */
static gboolean
wait_for_units (PotooTsOutput *self, PotooTsRuns *runs)
{
  gint64 until_us = potoo_clock_mono_us () +
                    (potoo_ts_runs_is_congested (runs) ? CONGESTED_WAIT_US : IDLE_WAIT_US);

  g_mutex_lock (&self->lock);
  while (!self->woken && !self->stopping)
    if (!g_cond_wait_until (&self->wake, &self->lock, until_us))
      break;
  self->woken = FALSE;
  gboolean go_on = !self->stopping;
  g_mutex_unlock (&self->lock);
  return go_on;
}

static gpointer
run (gpointer user_data)
{
  PotooTsOutput *self = user_data;
  const PotooTsPipelineFuncs funcs = { on_segment, on_wake, self };
  PotooTsRuns *runs = potoo_ts_runs_new (self->camera_id, self->window, self->metrics.runs, &funcs);
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (self->hub, GOPS, QUEUE_MAX_BYTES,
                                                            on_wake, self);

  potoo_cpu_give_way ();
  do
    {
      g_autoptr (GError) error = NULL;
      if (!take_all (self, runs, subscriber, &error) || !potoo_ts_runs_look (runs, &error))
        fail (self, error);
    }
  while (wait_for_units (self, runs));
  potoo_subscriber_free (subscriber);
  potoo_ts_runs_free (runs);

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->wake);
  if (self->changed != NULL)
    self->changed (self, self->user_data);
  g_mutex_unlock (&self->lock);
  potoo_ts_output_unref (self);
  return NULL;
}

/* --- the object --- */

/* On a machine at its limit of threads this output fails, and nothing else does. */
static void
start_thread (PotooTsOutput *self)
{
  g_autoptr (GError) error = NULL;

  self->thread = g_thread_try_new ("potoo-live", run, potoo_ts_output_ref (self), &error);
  if (self->thread != NULL)
    return;
  fail (self, error);
  self->ended = TRUE;
  potoo_ts_output_unref (self);
}

PotooTsOutput *
potoo_ts_output_new (const char *camera_id,
                     PotooStreamHub *hub,
                     const PotooTsOutputMetrics *metrics,
                     PotooTsOutputChangedFunc changed,
                     gpointer user_data)
{
  PotooTsOutput *self = g_new0 (PotooTsOutput, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->camera_id = g_strdup (camera_id);
  self->hub = potoo_stream_hub_ref (hub);
  self->window = potoo_live_window_new (POTOO_TS_OUTPUT_MAX_BYTES, metrics->bytes);
  self->metrics.segments = potoo_metric_ref (metrics->segments);
  self->metrics.runs = potoo_metric_ref (metrics->runs);
  self->metrics.bytes = potoo_metric_ref (metrics->bytes);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->changed = changed;
  self->user_data = user_data;
  start_thread (self);
  return self;
}

PotooTsOutput *
potoo_ts_output_ref (PotooTsOutput *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
potoo_ts_output_unref (PotooTsOutput *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->thread, g_thread_unref);
  potoo_stream_hub_unref (self->hub);
  potoo_live_window_unref (self->window);
  potoo_metric_unref (self->metrics.segments);
  potoo_metric_unref (self->metrics.runs);
  potoo_metric_unref (self->metrics.bytes);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
  g_free (self->failure);
  g_free (self->camera_id);
  g_free (self);
}

PotooLiveWindow *
potoo_ts_output_get_window (PotooTsOutput *self)
{
  return self->window;
}

void
potoo_ts_output_stop (PotooTsOutput *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

gboolean
potoo_ts_output_has_ended (PotooTsOutput *self, char **failure)
{
  g_mutex_lock (&self->lock);
  gboolean ended = self->ended;
  if (ended && failure != NULL)
    *failure = g_strdup (self->failure);
  g_mutex_unlock (&self->lock);
  return ended;
}

gboolean
potoo_ts_output_join (PotooTsOutput *self, gint64 until_us)
{
  g_mutex_lock (&self->lock);
  while (!self->ended)
    if (!g_cond_wait_until (&self->wake, &self->lock, until_us))
      break;
  gboolean ended = self->ended;
  self->changed = NULL;
  g_mutex_unlock (&self->lock);
  if (ended && self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
  return ended;
}
