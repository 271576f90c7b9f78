/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A timer of CLOCK_REALTIME that never expires: with TFD_TIMER_CANCEL_ON_SET, reading it fails when
 * the clock has been set, also by waking up (timerfd_create(2)). By how much the offset between the
 * clocks tells. In a build for tests the file of the clock seam is watched besides, which nobody
 * but a test has.
 *
 * Where there is no such timer (a sandbox that forbids it) steps are noticed by who compares the
 * clocks anyway: each stream's fragmenter with its keyframes, the planner once a minute.
 */

#include "base/potoo-clock-watch.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "base/potoo-text.h"

/* The seam reads its file at most so often, and a little more. */
#define SEAM_MS 60

struct _PotooClockWatch
{
  GObject parent_instance;
  int fd; /* -1: none */
  guint source;
  gint64 offset_us, suspended_us; /* as they were told last */
  PotooMetric *steps;
  GFileMonitor *seam; /* (nullable) */
  guint seam_timer;
};

enum
{
  CLOCK_SET,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (PotooClockWatch, potoo_clock_watch, G_TYPE_OBJECT)

static void
tell (PotooClockWatch *self, gint64 step_us, gint64 slept_us)
{
  g_autofree char *size = potoo_duration_format (ABS (step_us));
  g_autofree char *slept = potoo_duration_format (slept_us);

  potoo_metric_add (self->steps, 1);
  if (slept_us >= POTOO_CLOCK_STEP_US)
    potoo_log_info (NULL, "The machine was suspended for %s", slept);
  if (ABS (step_us - slept_us) >= POTOO_CLOCK_STEP_US)
    potoo_log_warning (NULL, "The clock was set %s by %s: new recordings begin",
                       step_us < 0 ? "back" : "forward", size);
  g_signal_emit (self, signals[CLOCK_SET], 0, step_us);
}

static void
look (PotooClockWatch *self)
{
  gint64 offset_us = potoo_clock_wall_offset_us (), suspended_us = potoo_clock_suspended_us ();
  gint64 step_us = offset_us - self->offset_us;
  gint64 slept_us = suspended_us - self->suspended_us;

  self->offset_us = offset_us;
  self->suspended_us = suspended_us;
  if (ABS (step_us) >= POTOO_CLOCK_STEP_US)
    tell (self, step_us, slept_us);
}

static gboolean
on_cancelled (gint fd, GIOCondition condition, gpointer user_data)
{
  PotooClockWatch *self = user_data;
  guint64 n_expirations;

  if (read (fd, &n_expirations, sizeof n_expirations) < 0 && errno == ECANCELED)
    look (self);
  return G_SOURCE_CONTINUE;
}

static void
arm (PotooClockWatch *self)
{
  const struct itimerspec never = { .it_value = { .tv_sec = G_MAXLONG } };

  self->fd = timerfd_create (CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (self->fd >= 0 &&
      timerfd_settime (self->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0)
    self->source = g_unix_fd_add (self->fd, G_IO_IN, on_cancelled, self);
  else
    potoo_log_warning (NULL,
                       "The kernel does not tell when the clock is set (%s): steps of the "
                       "clock are noticed a little later",
                       g_strerror (errno));
}

#ifdef POTOO_TESTS
static gboolean
on_seam_timer (gpointer user_data)
{
  PotooClockWatch *self = user_data;

  self->seam_timer = 0;
  look (self);
  return G_SOURCE_REMOVE;
}

static void
on_seam_changed (PotooClockWatch *self)
{
  if (self->seam_timer == 0)
    self->seam_timer = g_timeout_add (SEAM_MS, on_seam_timer, self);
}

static void
watch_seam (PotooClockWatch *self)
{
  const char *path = g_getenv ("POTOO_TEST_CLOCK");

  if (path == NULL)
    return;
  g_autoptr (GFile) file = g_file_new_for_path (path);
  self->seam = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->seam != NULL)
    g_signal_connect_swapped (self->seam, "changed", G_CALLBACK (on_seam_changed), self);
}
#else
static inline void
watch_seam (PotooClockWatch *self)
{
}
#endif

PotooClockWatch *
potoo_clock_watch_new (void)
{
  PotooClockWatch *self = g_object_new (POTOO_TYPE_CLOCK_WATCH, NULL);

  arm (self);
  watch_seam (self);
  self->offset_us = potoo_clock_wall_offset_us ();
  self->suspended_us = potoo_clock_suspended_us ();
  return self;
}

static void
potoo_clock_watch_finalize (GObject *object)
{
  PotooClockWatch *self = POTOO_CLOCK_WATCH (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_handle_id (&self->seam_timer, g_source_remove);
  if (self->seam != NULL)
    g_signal_handlers_disconnect_by_data (self->seam, self);
  g_clear_object (&self->seam);
  if (self->fd >= 0)
    close (self->fd);
  potoo_metric_unref (self->steps);
  G_OBJECT_CLASS (potoo_clock_watch_parent_class)->finalize (object);
}

static void
potoo_clock_watch_class_init (PotooClockWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_clock_watch_finalize;
  signals[CLOCK_SET] = g_signal_new ("clock-set", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
}

static void
potoo_clock_watch_init (PotooClockWatch *self)
{
  self->fd = -1;
  self->steps = potoo_metric_new_counter (
      "potoo_clock_steps_total", "Times that the wall clock was set, or the machine woke up", NULL);
}
