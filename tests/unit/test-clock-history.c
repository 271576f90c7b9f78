/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The steps of the clock, and what is to be done for each of them. */

#include <string.h>

#include "base/potoo-clock.h"
#include "record/potoo-clock-history.h"

#define S POTOO_SECOND_US
#define HOUR (3600 * S)
#define BEGUN (100 * HOUR)

static PotooClockHistory *
make (void)
{
  const PotooIdMarks from = { 10, 20, 30, 40 };
  const PotooGap gaps[] = { { .id = 7 }, { .id = 9 } };
  g_autoptr (GArray) inherited = g_array_new (FALSE, FALSE, sizeof (PotooGap));

  g_array_append_vals (inherited, gaps, G_N_ELEMENTS (gaps));
  return potoo_clock_history_new (&from, BEGUN, inherited);
}

static gint64
add (PotooClockHistory *history, gint64 after_us, gint64 step_us, gint64 id)
{
  const PotooClockStep step = {
    .mono_us = id * S, .after_us = after_us, .step_us = step_us, .ids = { id, id, id, id }
  };

  return potoo_clock_history_add (history, &step);
}

/* Back by an hour, after an hour; and forward again by two, an hour later. */
static void
test_steps (void)
{
  g_autoptr (PotooClockHistory) history = make ();
  gint64 back = add (history, BEGUN, -HOUR, 100);
  gint64 forward = add (history, BEGUN + 3 * HOUR, 2 * HOUR, 200);
  PotooCorrection c;

  potoo_clock_history_prepare (history, back, &c);
  g_assert_cmpint (c.before_us, ==, BEGUN + HOUR);
  g_assert_cmpint (c.step_us, ==, -HOUR);
  g_assert_cmpint (c.begun_us, ==, BEGUN);
  g_assert_cmpint (c.mono_us, ==, 100 * S);
  g_assert_cmpint (c.from.lock, ==, 40);
  g_assert_cmpint (c.until.gap, ==, 100);
  g_assert_cmpint (c.late.event, ==, 200);
  g_assert_cmpuint (c.n_inherited, ==, 2);
  g_assert_cmpint (c.inherited[1], ==, 9);
  potoo_clock_history_prepare (history, forward, &c);
  g_assert_cmpint (c.before_us, ==, BEGUN + HOUR);
  g_assert_cmpint (c.late.segment, ==, G_MAXINT64);

  /* What is dated anew takes the times of earlier steps with it, in any order. */
  potoo_clock_history_note_corrected (history, forward);
  g_assert_true (potoo_clock_history_find (history, forward)->corrected);
  potoo_clock_history_prepare (history, back, &c);
  g_assert_cmpint (c.before_us, ==, BEGUN + 3 * HOUR);
  g_assert_cmpint (c.begun_us, ==, BEGUN + 2 * HOUR);
  potoo_clock_history_note_corrected (history, back);
  g_assert_cmpint (potoo_clock_history_find (history, back)->after_us, ==, BEGUN + 2 * HOUR);
  g_assert_cmpint (potoo_clock_history_find (history, forward)->after_us, ==, BEGUN + 3 * HOUR);
}

/* A step back made the times of before it earlier ones. */
static void
test_earliest (void)
{
  g_autoptr (PotooClockHistory) history = make ();
  PotooCorrection c;

  add (history, BEGUN - HOUR, -2 * HOUR, 100);
  potoo_clock_history_prepare (history, add (history, BEGUN, HOUR, 200), &c);
  g_assert_cmpint (c.begun_us, ==, BEGUN - HOUR);
}

static void
test_text (void)
{
  g_autoptr (PotooClockHistory) history = make ();
  add (history, BEGUN + HOUR, -HOUR, 100);
  potoo_clock_history_note_corrected (history, add (history, BEGUN + HOUR, HOUR, 200));
  potoo_clock_history_set_trusted (history);
  g_autofree char *text = potoo_clock_history_to_text (history);
  g_autoptr (PotooClockHistory) read = potoo_clock_history_parse (text);
  g_autofree char *again = potoo_clock_history_to_text (read);

  g_assert_cmpstr (again, ==, text);
  g_assert_true (potoo_clock_history_is_trusted (read));
  g_assert_true (potoo_clock_history_find (read, 2)->corrected);
  g_assert_cmpint (potoo_clock_history_find (read, 1)->step_us, ==, -HOUR);
  g_assert_null (potoo_clock_history_find (read, 3));
  g_assert_cmpint (add (read, BEGUN, HOUR, 300), ==, 3);
}

/* Of another boot, or by whoever's hand. */
static void
test_no_history (void)
{
  g_autoptr (PotooClockHistory) history = make ();
  g_autofree char *text = potoo_clock_history_to_text (history);
  g_autofree char *other = g_strdup (text);
  const char *bad[] = {
    NULL, "", "[]", "{}", "{\"boot\":7}", other,
  };

  add (history, BEGUN, HOUR, 100);
  char *boot = strstr (other, potoo_clock_boot_id ());
  boot[0] = boot[0] == 'x' ? 'y' : 'x';
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (potoo_clock_history_parse (bad[i]));
  g_autofree char *whole = potoo_clock_history_to_text (history);
  for (const char *const *name = (const char *const[]){ "begun_us", "from", "steps", "step_us",
                                                        "ids", "inherited", NULL };
       *name != NULL; name++)
    {
      g_autofree char *damaged = g_strdup (whole);
      strstr (damaged, *name)[0] = 'X';
      g_assert_null (potoo_clock_history_parse (damaged));
    }
}

static void
test_bound (void)
{
  g_autoptr (PotooClockHistory) history = make ();
  PotooCorrection c;

  add (history, BEGUN - HOUR, -HOUR, 1);
  for (guint i = 0; i < POTOO_CLOCK_HISTORY_MAX_STEPS; i++)
    add (history, BEGUN + i, HOUR, 2 + i);
  g_assert_cmpuint (potoo_clock_history_get_n_steps (history), ==, POTOO_CLOCK_HISTORY_MAX_STEPS);
  g_assert_null (potoo_clock_history_find (history, 1));
  potoo_clock_history_prepare (history, 2, &c);
  g_assert_cmpint (c.begun_us, ==, BEGUN - HOUR);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock-history/steps", test_steps);
  g_test_add_func ("/clock-history/earliest", test_earliest);
  g_test_add_func ("/clock-history/text", test_text);
  g_test_add_func ("/clock-history/no-history", test_no_history);
  g_test_add_func ("/clock-history/bound", test_bound);
  return g_test_run ();
}
