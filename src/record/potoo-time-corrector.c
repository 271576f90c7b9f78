/* SPDX-License-Identifier: GPL-3.0-or-later */

/* While the clock is not synchronized it is asked every few seconds whether it is now: the kernel
 * does not tell. Steps meanwhile are kept. Once it is, they are corrected one after the other, the
 * first one first: each moves what was recorded before it, and what earlier ones have moved. A step
 * takes effect in a stream with its next keyframe; until then the catalog refuses, and is asked
 * again. */

#include "record/potoo-time-corrector.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

#define POLL_S 5
/* A stream that takes so long to take up a step keeps the times of before, and so does all else. */
#define MAX_TRIES 60
#define MAX_STEPS 8

struct _PotooTimeCorrector
{
  GObject parent_instance;
  PotooCatalog *catalog;
  PotooClockWatch *clock;
  GArray *inherited;   /* PotooGap */
  GArray *steps;       /* PotooCorrection: to be done */
  gint64 begun_us;     /* wall: of this run, with the steps so far */
  gint64 suspended_us; /* when the run began */
  gboolean synchronized, busy;
  guint n_tries, timer;
  PotooMetric *corrections;
};

G_DEFINE_FINAL_TYPE (PotooTimeCorrector, potoo_time_corrector, G_TYPE_OBJECT)

static void
give_up (PotooTimeCorrector *self, const char *why)
{
  if (self->steps->len > 0)
    potoo_log_warning (NULL, "The times of what was recorded by the wrong clock are left: %s", why);
  g_array_set_size (self->steps, 0);
}

/* --- doing --- */

static void
on_corrected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooTimeCorrector) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean done = potoo_catalog_correct_finish (POTOO_CATALOG (source), result, &error);

  self->busy = FALSE;
  if (self->steps->len == 0)
    return;
  if (done)
    {
      potoo_log_info (NULL,
                      "What was recorded since the start is dated by the right clock now, "
                      "%" G_GINT64_FORMAT " s later",
                      g_array_index (self->steps, PotooCorrection, 0).step_us / POTOO_SECOND_US);
      potoo_metric_add (self->corrections, 1);
      g_array_remove_index (self->steps, 0);
      self->n_tries = 0;
    }
  else if (!g_error_matches (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE) ||
           ++self->n_tries == MAX_TRIES)
    give_up (self, error->message);
}

static void
correct (PotooTimeCorrector *self)
{
  self->busy = TRUE;
  potoo_catalog_correct_async (self->catalog, &g_array_index (self->steps, PotooCorrection, 0),
                               self->inherited, on_corrected, g_object_ref (self));
}

/* --- when --- */

static gboolean
on_timer (gpointer user_data)
{
  PotooTimeCorrector *self = user_data;

  self->synchronized = self->synchronized || potoo_clock_is_synchronized ();
  gboolean too_late = potoo_clock_wall_us () - self->begun_us > POTOO_CORRECTION_MAX_US;
  if (self->busy || (!self->synchronized && !(too_late && self->steps->len == 0)))
    return G_SOURCE_CONTINUE;
  if (self->steps->len > 0)
    {
      correct (self);
      return G_SOURCE_CONTINUE;
    }
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static void
on_clock_set (PotooClockWatch *clock, gint64 step_us, gpointer user_data)
{
  PotooTimeCorrector *self = user_data;
  const PotooCorrection correction = {
    .begun_us = self->begun_us,
    .until_us = potoo_clock_wall_us () - step_us,
    .step_us = step_us,
  };

  if (self->synchronized)
    return;
  self->begun_us += step_us;
  if (step_us < 0)
    give_up (self, "the clock was set back");
  else if (potoo_clock_suspended_us () - self->suspended_us >= POTOO_CLOCK_STEP_US)
    give_up (self, "the machine was suspended");
  else if (correction.until_us - correction.begun_us > POTOO_CORRECTION_MAX_US ||
           self->steps->len == MAX_STEPS)
    give_up (self, "the clock was wrong for long");
  else if (step_us >= POTOO_CORRECTION_MIN_US)
    g_array_append_val (self->steps, correction);
}

PotooTimeCorrector *
potoo_time_corrector_new (PotooCatalog *catalog, PotooClockWatch *clock, GArray *inherited)
{
  PotooTimeCorrector *self = g_object_new (POTOO_TYPE_TIME_CORRECTOR, NULL);

  self->catalog = g_object_ref (catalog);
  self->clock = g_object_ref (clock);
  self->inherited = g_array_ref (inherited);
  self->begun_us = potoo_clock_wall_us ();
  self->suspended_us = potoo_clock_suspended_us ();
  self->synchronized = potoo_clock_is_synchronized ();
  if (self->synchronized)
    return self;
  g_signal_connect_object (clock, "clock-set", G_CALLBACK (on_clock_set), self, 0);
  self->timer = g_timeout_add_seconds (POLL_S, on_timer, self);
  return self;
}

static void
potoo_time_corrector_finalize (GObject *object)
{
  PotooTimeCorrector *self = POTOO_TIME_CORRECTOR (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_object_unref (self->catalog);
  g_object_unref (self->clock);
  g_array_unref (self->inherited);
  g_array_unref (self->steps);
  potoo_metric_unref (self->corrections);
  G_OBJECT_CLASS (potoo_time_corrector_parent_class)->finalize (object);
}

static void
potoo_time_corrector_class_init (PotooTimeCorrectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_time_corrector_finalize;
}

static void
potoo_time_corrector_init (PotooTimeCorrector *self)
{
  self->steps = g_array_new (FALSE, FALSE, sizeof (PotooCorrection));
  self->corrections = potoo_metric_new_counter (
      "potoo_clock_corrections_total", "Times that recordings by a wrong clock were dated anew",
      NULL);
}
