/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-overload.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-metrics.h"

/* Who looks seldom, because main was held up, has seen no more than this. */
#define MAX_STEP_US (2 * G_USEC_PER_SEC)
#define RATIO_PARTS 1000000

const char *
potoo_overload_get_name (PotooOverload overload)
{
  static const char *const names[] = { "none", "refusing", "ending" };

  return names[overload];
}

/* --- the rule --- */

typedef struct
{
  int enter, leave; /* percent */
} Step;

static const Step steps[] = {
  [POTOO_OVERLOAD_REFUSING] = { POTOO_OVERLOAD_REFUSE_PERCENT, POTOO_OVERLOAD_ADMIT_PERCENT },
  [POTOO_OVERLOAD_ENDING] = { POTOO_OVERLOAD_END_PERCENT, POTOO_OVERLOAD_SPARE_PERCENT },
};

void
potoo_overload_rule_take (PotooOverloadRule *rule, double wait, gint64 elapsed_us)
{
  PotooOverload before = rule->overload;
  gint64 step_us = MIN (elapsed_us, MAX_STEP_US);
  gboolean high = before < POTOO_OVERLOAD_ENDING && wait * 100 >= steps[before + 1].enter;
  gboolean low = before > POTOO_OVERLOAD_NONE && wait * 100 < steps[before].leave;

  rule->high_us = high ? rule->high_us + step_us : 0;
  rule->low_us = low ? rule->low_us + step_us : 0;
  if (rule->high_us >= POTOO_OVERLOAD_RISE_US)
    rule->overload++;
  else if (rule->low_us >= POTOO_OVERLOAD_FALL_US)
    rule->overload--;
  if (rule->overload != before)
    rule->high_us = rule->low_us = 0;
}

/* --- of this process --- */

typedef struct
{
  int overload; /* atomic */
  PotooMetric *level, *wait, *refused[POTOO_N_WORKS], *ended[POTOO_N_WORKS];
} State;

static State *
state_new (void)
{
  static const char *const names[POTOO_N_WORKS] = {
    [POTOO_WORK_SNAPSHOT] = "snapshot",
    [POTOO_WORK_LIVE] = "live",
    [POTOO_WORK_RESTREAM] = "restream",
  };
  State *state = g_new0 (State, 1);

  state->level = potoo_metric_new_gauge (
      "potoo_overload",
      "For want of processors 1: nothing new is begun for who watches, 2: it ends.", NULL);
  state->wait = potoo_metric_set_divisor (
      potoo_metric_new_gauge ("potoo_cpu_wait_ratio",
                              "Share of time for which recording waits for a processor.", NULL),
      RATIO_PARTS);
  for (guint i = 0; i < POTOO_N_WORKS; i++)
    {
      state->refused[i] = potoo_metric_new_counter ("potoo_overload_refused_total",
                                                    "What was not begun for want of processors.",
                                                    "work", names[i], NULL);
      state->ended[i] = potoo_metric_new_counter ("potoo_overload_ended_total",
                                                  "What was ended for want of processors.", "work",
                                                  names[i], NULL);
    }
  return state;
}

static State *
get_state (void)
{
  static State *state;

  if (g_once_init_enter (&state))
    g_once_init_leave (&state, state_new ());
  return state;
}

void
potoo_overload_set (PotooOverload overload, double wait)
{
  State *state = get_state ();

  g_atomic_int_set (&state->overload, overload);
  potoo_metric_set (state->level, overload);
  potoo_metric_set (state->wait, (gint64) (wait * RATIO_PARTS));
}

PotooOverload
potoo_overload_get (void)
{
  return (PotooOverload) g_atomic_int_get (&get_state ()->overload);
}

const char *
potoo_overload_describe (void)
{
  return _ ("The processor is overloaded; recording goes first");
}

gboolean
potoo_overload_admit (PotooWork work, GError **error)
{
  if (potoo_overload_get () == POTOO_OVERLOAD_NONE)
    return TRUE;
  potoo_metric_add (get_state ()->refused[work], 1);
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_BUSY, potoo_overload_describe ());
  return FALSE;
}

void
potoo_overload_note_ended (PotooWork work, guint n)
{
  potoo_metric_add (get_state ()->ended[work], n);
}
