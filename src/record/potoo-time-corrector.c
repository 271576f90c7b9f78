/* SPDX-License-Identifier: GPL-3.0-or-later */

/* While the clock is not synchronized it is asked every few seconds whether it is now: the kernel
 * does not tell. Once it is, the steps until then are corrected one after the other. A step takes
 * effect in a stream with its next keyframe; until then the catalog refuses, and is asked again.
 *
 * That a step is corrected is said in the transaction that does it, so that it is done once. While
 * that is under way the history is not written otherwise. */

#include "record/potoo-time-corrector.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-main.h"
#include "base/potoo-metrics.h"
#include "base/potoo-text.h"
#include "catalog/potoo-catalog-settings.h"

#define POLL_S 5
/* A stream that takes so long to take up a step keeps the times of before, and so does all else. */
#define MAX_TRIES 60

struct _PotooTimeCorrector
{
  GObject parent_instance;
  PotooCatalog *catalog;
  PotooClockWatch *clock;
  gint64 suspended_us; /* when the clock was last looked at */
  gint64 started_us;   /* monotonic */
  gint64 correcting;   /* id of the step that is under way; 0: none */
  GTask *task;         /* who asked for it; NULL: nobody */
  gboolean by_itself;  /* until it is known whether the clock was wrong from the start */
  guint n_tries, timer;
  PotooMetric *corrections, *refused;

  GMutex lock; /* protects what follows; no other lock is taken under it */
  PotooClockHistory *history;
};

G_DEFINE_FINAL_TYPE (PotooTimeCorrector, potoo_time_corrector, G_TYPE_OBJECT)

static void
save (PotooTimeCorrector *self)
{
  if (self->correcting != 0)
    return;
  g_autofree char *text = potoo_clock_history_to_text (self->history);
  potoo_catalog_put_setting (self->catalog, POTOO_CLOCK_HISTORY_SETTING, text);
}

static void
give_up (PotooTimeCorrector *self, const char *why)
{
  if (self->by_itself)
    potoo_log_warning (NULL, "The times of what was recorded by the wrong clock are left: %s", why);
  self->by_itself = FALSE;
}

/* --- doing --- */

static void
note_done (PotooTimeCorrector *self)
{
  const PotooClockStep *step = potoo_clock_history_find (self->history, self->correcting);

  self->n_tries = 0;
  potoo_metric_add (self->corrections, 1);
  if (step == NULL)
    return; /* forgotten: the clock was set so often meanwhile */
  g_autofree char *size = potoo_duration_format (ABS (step->step_us));
  potoo_log_info (NULL, "What was recorded before the clock was set is dated by it now, %s %s",
                  size, step->step_us < 0 ? "earlier" : "later");
  g_mutex_lock (&self->lock);
  potoo_clock_history_note_corrected (self->history, step->id);
  g_mutex_unlock (&self->lock);
}

/* When nobody asked it is tried again. */
static void
note_failed (PotooTimeCorrector *self, const GError *error)
{
  gboolean again = g_error_matches (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);

  if (self->task == NULL && again && ++self->n_tries < MAX_TRIES)
    return;
  potoo_metric_add (self->refused, 1);
  if (self->task == NULL)
    give_up (self, error->message);
}

static void
on_corrected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooTimeCorrector) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean done = potoo_catalog_correct_finish (POTOO_CATALOG (source), result, &error);

  if (done)
    note_done (self);
  else
    note_failed (self, error);
  self->correcting = 0;
  save (self); /* there may be more steps by now */
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  if (task != NULL && done)
    g_task_return_boolean (task, TRUE);
  else if (task != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
correct (PotooTimeCorrector *self, gint64 id)
{
  g_autoptr (PotooClockHistory) after = potoo_clock_history_copy (self->history);
  PotooCorrection correction;

  save (self);
  potoo_clock_history_note_corrected (after, id);
  potoo_clock_history_prepare (self->history, id, &correction);
  g_autofree char *value_before = potoo_clock_history_to_text (self->history);
  g_autofree char *value_after = potoo_clock_history_to_text (after);
  correction.setting = POTOO_CLOCK_HISTORY_SETTING;
  correction.value_before = value_before;
  correction.value_after = value_after;
  correction.may_overlap = self->task == NULL;
  self->correcting = id;
  potoo_catalog_correct_async (self->catalog, &correction, on_corrected, g_object_ref (self));
}

/* --- asked for --- */

static gboolean
on_asked (gpointer user_data)
{
  GTask *task = user_data;
  PotooTimeCorrector *self = g_task_get_source_object (task);
  gint64 id = *(gint64 *) g_task_get_task_data (task);
  const PotooClockStep *step = potoo_clock_history_find (self->history, id);

  if (step == NULL)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                             _ ("The clock was not set so since the machine was started: there is "
                                "no step %lld"),
                             (long long) id);
  else if (step->corrected)
    g_task_return_boolean (task, TRUE);
  else if (self->correcting != 0)
    g_task_return_new_error (task, POTOO_ERROR, POTOO_ERROR_BUSY,
                             _ ("Recordings are being dated anew; try again later"));
  else
    {
      self->task = g_object_ref (task);
      correct (self, id);
    }
  return G_SOURCE_REMOVE;
}

void
potoo_time_corrector_correct_async (PotooTimeCorrector *self,
                                    gint64 id,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (POTOO_IS_TIME_CORRECTOR (self));

  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_time_corrector_correct_async);
  g_task_set_task_data (task, g_memdup2 (&id, sizeof id), g_free);
  potoo_main_post (on_asked, task);
}

gboolean
potoo_time_corrector_correct_finish (PotooTimeCorrector *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

JsonObject *
potoo_time_corrector_to_json (PotooTimeCorrector *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *steps = json_array_new ();

  json_object_set_boolean_member (object, "synchronized", potoo_clock_is_synchronized ());
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < potoo_clock_history_get_n_steps (self->history); i++)
    {
      const PotooClockStep *step = potoo_clock_history_get_step (self->history, i);
      g_autofree char *time = potoo_time_format (step->after_us);
      JsonObject *member = json_object_new ();
      json_object_set_int_member (member, "id", step->id);
      json_object_set_string_member (member, "time", time);
      json_object_set_double_member (member, "seconds", (double) step->step_us / POTOO_SECOND_US);
      json_object_set_boolean_member (member, "corrected", step->corrected);
      json_array_add_object_element (steps, member);
    }
  g_mutex_unlock (&self->lock);
  json_object_set_array_member (object, "steps", steps);
  return object;
}

/* --- by itself --- */

/* The first step that was not corrected; NULL: none, or one of them is no reason to. */
static const PotooClockStep *
find_next (PotooTimeCorrector *self)
{
  const PotooClockStep *next = NULL;
  PotooCorrection correction;

  for (guint i = potoo_clock_history_get_n_steps (self->history); i-- > 0 && self->by_itself;)
    {
      const PotooClockStep *step = potoo_clock_history_get_step (self->history, i);
      potoo_clock_history_prepare (self->history, step->id, &correction);
      if (step->step_us < 0)
        give_up (self, "the clock was set back");
      else if (!step->corrected &&
               correction.before_us - correction.begun_us > POTOO_CORRECTION_MAX_US)
        give_up (self, "the clock was wrong for long");
      else if (!step->corrected && step->step_us >= POTOO_CORRECTION_MIN_US)
        next = step;
    }
  return self->by_itself ? next : NULL;
}

static void
trust_clock (PotooTimeCorrector *self)
{
  g_mutex_lock (&self->lock);
  potoo_clock_history_set_trusted (self->history);
  g_mutex_unlock (&self->lock);
  save (self);
}

/* Not for ever, when there is nothing to correct. */
static gboolean
wait_for_clock (PotooTimeCorrector *self)
{
  if (potoo_clock_history_get_n_steps (self->history) > 0 ||
      potoo_clock_mono_us () - self->started_us <= POTOO_CORRECTION_MAX_US)
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
on_timer (gpointer user_data)
{
  PotooTimeCorrector *self = user_data;

  if (self->correcting != 0)
    return G_SOURCE_CONTINUE;
  if (!potoo_clock_is_synchronized ())
    return wait_for_clock (self);
  const PotooClockStep *next = find_next (self);
  if (next != NULL)
    {
      correct (self, next->id);
      return G_SOURCE_CONTINUE;
    }
  trust_clock (self);
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

/* --- steps --- */

static void
add_step (PotooTimeCorrector *self, gint64 step_us)
{
  PotooClockStep step = {
    .mono_us = potoo_clock_mono_us (),
    .after_us = potoo_clock_wall_us (),
    .step_us = step_us,
  };

  potoo_catalog_get_id_marks (self->catalog, &step.ids);
  g_mutex_lock (&self->lock);
  potoo_clock_history_add (self->history, &step);
  g_mutex_unlock (&self->lock);
  save (self);
}

static void
on_clock_set (PotooClockWatch *clock, gint64 step_us, gpointer user_data)
{
  PotooTimeCorrector *self = user_data;
  gint64 slept_us = potoo_clock_suspended_us () - self->suspended_us;

  self->suspended_us += slept_us;
  if (ABS (step_us - slept_us) >= POTOO_CLOCK_STEP_US)
    add_step (self, step_us - slept_us);
}

/* --- the object --- */

static gboolean
load (PotooTimeCorrector *self, GArray *inherited, GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, error);

  if (reader == NULL)
    return FALSE;
  g_autofree char *text = potoo_catalog_reader_get_setting (reader, POTOO_CLOCK_HISTORY_SETTING,
                                                            NULL);
  self->history = potoo_clock_history_parse (text);
  if (self->history != NULL)
    return TRUE;
  PotooIdMarks from;
  potoo_catalog_get_id_marks (self->catalog, &from);
  self->history = potoo_clock_history_new (&from, potoo_clock_wall_us (), inherited);
  if (potoo_clock_is_synchronized ())
    potoo_clock_history_set_trusted (self->history);
  save (self);
  return TRUE;
}

PotooTimeCorrector *
potoo_time_corrector_new (PotooCatalog *catalog,
                          PotooClockWatch *clock,
                          GArray *inherited,
                          gint64 step_us,
                          GError **error)
{
  g_autoptr (PotooTimeCorrector) self = g_object_new (POTOO_TYPE_TIME_CORRECTOR, NULL);

  self->catalog = g_object_ref (catalog);
  self->clock = g_object_ref (clock);
  if (!load (self, inherited, error))
    return NULL;
  self->suspended_us = potoo_clock_suspended_us ();
  self->started_us = potoo_clock_mono_us ();
  if (step_us != 0)
    add_step (self, step_us);
  g_signal_connect_object (clock, "clock-set", G_CALLBACK (on_clock_set), self, 0);
  self->by_itself = !potoo_clock_history_is_trusted (self->history);
  if (self->by_itself)
    self->timer = g_timeout_add_seconds (POLL_S, on_timer, self);
  return g_steal_pointer (&self);
}

static void
potoo_time_corrector_finalize (GObject *object)
{
  PotooTimeCorrector *self = POTOO_TIME_CORRECTOR (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->catalog);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->history, potoo_clock_history_free);
  g_mutex_clear (&self->lock);
  potoo_metric_unref (self->corrections);
  potoo_metric_unref (self->refused);
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
  g_mutex_init (&self->lock);
  self->corrections = potoo_metric_new_counter (
      "potoo_clock_corrections_total", "Times that recordings by a wrong clock were dated anew",
      NULL);
  self->refused = potoo_metric_new_counter ("potoo_clock_corrections_refused_total",
                                            "Times that they could not be", NULL);
}
