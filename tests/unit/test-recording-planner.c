/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Plans, and how they are made. Times are seconds unless they say otherwise. */

#include <stdlib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "record/potoo-event-list.h"
#include "record/potoo-recording-planner.h"

#define S POTOO_SECOND_US
#define LATE (POTOO_EVENT_LATE_US / S)
#define EVER G_MININT64
#define GOOD G_MAXINT64

/* --- plans --- */

static gint64
us (gint64 seconds)
{
  return seconds == EVER || seconds == GOOD ? seconds : seconds * S;
}

static PotooRecordingPlan *
make_plan (const PotooRecordingSpan *seconds, guint n)
{
  g_autofree PotooRecordingSpan *spans = g_new (PotooRecordingSpan, n);

  for (guint i = 0; i < n; i++)
    spans[i] = (PotooRecordingSpan){ us (seconds[i].from_us), us (seconds[i].due_us),
                                     us (seconds[i].until_us) };
  return potoo_recording_plan_new (&(PotooRecordingPlanSpec){ .spans = spans, .n_spans = n });
}

/* "1 2 3, 4 5 6": from, due and until of each span, in seconds. */
static char *
plan_to_text (PotooRecordingPlan *plan)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < plan->n_spans; i++)
    {
      const gint64 times[] = { plan->spans[i].from_us, plan->spans[i].due_us,
                               plan->spans[i].until_us };
      g_string_append (text, i > 0 ? ", " : "");
      for (guint j = 0; j < 3; j++)
        {
          g_string_append (text, j > 0 ? " " : "");
          if (times[j] == EVER || times[j] == GOOD)
            g_string_append (text, times[j] == EVER ? "ever" : "good");
          else
            g_string_append_printf (text, "%g", (double) times[j] / (double) S);
        }
    }
  return g_string_free (text, FALSE);
}

static void
check_plan (PotooRecordingPlan *plan, const char *expected)
{
  g_autofree char *text = plan_to_text (plan);
  g_assert_cmpstr (text, ==, expected);
}

static const struct
{
  PotooRecordingSpan spans[4]; /* seconds */
  const char *plan;
} merges[] = {
  { { { 5, 6, 9 }, { 1, 2, 3 } }, "1 2 3, 5 6 9" },
  { { { 1, 2, 5 }, { 4, 5, 9 } }, "1 2 9" },
  { { { 1, 2, 5 }, { 5, 5, 9 } }, "1 2 9" },
  { { { 1, 3, 9 }, { 2, 4, 5 } }, "1 3 9" },
  { { { 1, 3, 5 }, { 1, 2, 4 } }, "1 2 5" },
  /* Due only after the one in front of it has ended: what lacks of its pre-roll is no gap. */
  { { { 1, 2, 5 }, { 4, 7, 9 } }, "1 2 5, 5 7 9" },
  { { { 1, 2, 5 }, { 2, 7, 4 } }, "1 2 5" },
  { { { 1, 9, 5 }, { 5, 5, 7 } }, "1 5 7" },
  { { { 3, 3, 3 }, { 5, 5, 4 }, { 6, 6, 7 } }, "6 6 7" },
  { { { EVER, EVER, 5 }, { 4, 4, GOOD } }, "ever ever good" },
  { { { 1, 1, 2 }, { 2, 2, 3 }, { 3, 3, 4 }, { 8, 8, 9 } }, "1 1 4, 8 8 9" },
};

static void
test_merge (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (merges); i++)
    {
      g_autoptr (PotooRecordingPlan) plan = make_plan (merges[i].spans, 4);
      check_plan (plan, merges[i].plan);
    }
}

/* More spans than there may be: the nearest become one, and nothing that was wanted is lost. */
static void
test_bound (void)
{
  PotooRecordingSpan spans[POTOO_PLAN_MAX_SPANS + 2];

  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    spans[i] = (PotooRecordingSpan){ 10 * i, 10 * i, 10 * i + (i == 7 || i == 20 ? 9 : 2) };
  g_autoptr (PotooRecordingPlan) plan = make_plan (spans, G_N_ELEMENTS (spans));
  g_assert_cmpuint (plan->n_spans, ==, POTOO_PLAN_MAX_SPANS);
  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    g_assert_nonnull (
        potoo_recording_plan_find (plan, us (spans[i].from_us), us (spans[i].until_us)));
  g_assert_cmpint (plan->spans[7].until_us, ==, 82 * S);
  g_assert_cmpint (plan->spans[19].until_us, ==, 212 * S);
}

static void
test_find (void)
{
  const PotooRecordingSpan spans[] = { { 10, 12, 20 }, { 30, 30, 40 } };
  g_autoptr (PotooRecordingPlan) plan = make_plan (spans, 2);
  g_autoptr (PotooRecordingPlan) endless = potoo_recording_plan_new_endless ();
  g_autoptr (PotooRecordingPlan) empty = potoo_recording_plan_new_empty ();

  g_assert_null (potoo_recording_plan_find (plan, 8 * S, 10 * S));
  g_assert_nonnull (potoo_recording_plan_find (plan, 8 * S, 10 * S + 1));
  g_assert_nonnull (potoo_recording_plan_find (plan, 20 * S - 1, 25 * S));
  g_assert_null (potoo_recording_plan_find (plan, 20 * S, 30 * S));
  g_assert_true (potoo_recording_plan_find (plan, 20 * S, 31 * S) == &plan->spans[1]);
  g_assert_nonnull (potoo_recording_plan_find (plan, 10 * S, 10 * S));
  g_assert_null (potoo_recording_plan_find (plan, 20 * S, 20 * S));
  g_assert_nonnull (potoo_recording_plan_find (endless, 0, 0));
  g_assert_null (potoo_recording_plan_find (empty, G_MININT64, G_MAXINT64));
}

/* --- planning --- */

/* The planner's input, told in seconds; wall time is monotonic time + `offset_us`. */
typedef struct
{
  PotooPlannerInput input;
  gint64 offset_us;
  gint64 next_us;
  PotooRecordingPlan *plan; /* the last one */
} Rig;

static void
set_settings (Rig *rig, const char *members)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("{'id':'a','url':'rtsp://h/'%s}", members);
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_strdelimit (text, "'", '"');
  g_assert_true (json_parser_load_from_data (parser, text, -1, &error));
  g_clear_pointer (&rig->input.settings, potoo_camera_settings_unref);
  rig->input.settings = potoo_camera_settings_new (
      json_node_get_object (json_parser_get_root (parser)), &error);
  g_assert_no_error (error);
  g_clear_pointer (&rig->input.schedule, potoo_schedule_free);
  const char *schedule = potoo_camera_settings_get_schedule (rig->input.settings);
  if (schedule != NULL)
    rig->input.schedule = potoo_schedule_parse (schedule, "", NULL);
}

static void
set_up (Rig *rig, gconstpointer data)
{
  *rig = (Rig){
    .input = { .recorded = TRUE,
               .zone = g_time_zone_new_utc (),
               .events = g_array_new (FALSE, FALSE, sizeof (PotooEventSpan)) },
  };
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  g_clear_pointer (&rig->plan, potoo_recording_plan_unref);
  g_clear_pointer (&rig->input.settings, potoo_camera_settings_unref);
  g_clear_pointer (&rig->input.schedule, potoo_schedule_free);
  g_time_zone_unref (rig->input.zone);
  g_array_unref (rig->input.events);
}

static void
plan_at (Rig *rig, gint64 now, const char *expected)
{
  g_autoptr (PotooRecordingPlan) previous = g_steal_pointer (&rig->plan);

  rig->input.previous = previous;
  rig->input.mono_us = us (now);
  rig->input.wall_us = us (now) + rig->offset_us;
  rig->plan = potoo_recording_planner_plan (&rig->input, &rig->next_us);
  check_plan (rig->plan, expected);
}

static void
add_event (Rig *rig, gint64 from, gint64 due, gint64 until, gboolean manual)
{
  const PotooEventSpan span = { us (from), us (due), us (until), manual };
  g_array_append_val (rig->input.events, span);
}

static void
check_ring (Rig *rig, gint64 seconds)
{
  g_assert_cmpint (rig->plan->ring_us, ==, seconds * S);
}

static void
check_next (Rig *rig, gint64 seconds)
{
  g_assert_cmpint (rig->next_us, ==, us (seconds));
}

static void
test_continuous_and_off (Rig *rig, gconstpointer data)
{
  set_settings (rig, "");
  plan_at (rig, 100, "ever ever good");
  check_next (rig, GOOD);
  check_ring (rig, 0);
  plan_at (rig, 110, "ever ever good");

  /* What was wanted stays so up to the moment of the switch. */
  set_settings (rig, ",'record':'off'");
  plan_at (rig, 120, "ever ever 120");
  check_next (rig, GOOD);
  plan_at (rig, 121, "ever ever 120");
  set_settings (rig, "");
  plan_at (rig, 122, "ever ever 120, 122 122 good");
  plan_at (rig, 200, "122 122 good"); /* long enough ago */
  rig->input.recorded = FALSE;
  plan_at (rig, 201, "122 122 201");
  check_next (rig, GOOD);
  plan_at (rig, 262, "");
}

static void
test_many_switches (Rig *rig, gconstpointer data)
{
  g_autoptr (PotooRecordingPlan) before = NULL;

  set_settings (rig, ",'record':'off'");
  plan_at (rig, 100, "");
  for (int i = 0; i < 1000; i++)
    {
      rig->input.previous = rig->plan;
      rig->input.mono_us = 100 * S + i * 10000;
      set_settings (rig, i % 2 == 0 ? "" : ",'record':'off'");
      before = g_steal_pointer (&rig->plan);
      rig->plan = potoo_recording_planner_plan (&rig->input, &rig->next_us);
      g_clear_pointer (&before, potoo_recording_plan_unref);
    }
  /* Each time in which it was on is still covered. */
  for (int i = 0; i < 1000; i += 2)
    g_assert_nonnull (
        potoo_recording_plan_find (rig->plan, 100 * S + i * 10000, 100 * S + (i + 1) * 10000));
  g_assert_null (potoo_recording_plan_find (rig->plan, rig->input.mono_us, G_MAXINT64));
  g_assert_cmpint (rig->next_us, ==, GOOD);
}

static void
test_events (Rig *rig, gconstpointer data)
{
  set_settings (rig, ",'record':'event','pre_roll':10,'priority':7,'storage_root':'big'");
  plan_at (rig, 100, "");
  check_ring (rig, 10 + LATE);
  check_next (rig, GOOD);
  g_assert_cmpuint (rig->plan->priority, ==, 7);
  g_assert_cmpstr (rig->plan->root, ==, "big");

  add_event (rig, 90, 100, GOOD, FALSE);
  plan_at (rig, 101, "90 100 good");
  check_ring (rig, 10 + LATE);
  g_array_index (rig->input.events, PotooEventSpan, 0).until_us = 115 * S;
  plan_at (rig, 105, "90 100 115");
  check_next (rig, 115);
  plan_at (rig, 115, "90 100 115");
  check_next (rig, GOOD);
  /* One that is forgotten still holds for what may come late; one that is taken back does not
   * go on. */
  g_array_set_size (rig->input.events, 0);
  plan_at (rig, 120, "90 100 115");
  add_event (rig, 110, 120, GOOD, FALSE);
  plan_at (rig, 121, "90 100 115, 115 120 good");
  g_array_set_size (rig->input.events, 0);
  plan_at (rig, 122, "90 100 115, 115 120 122");
  /* A mode that does not want it. */
  set_settings (rig, ",'record':'off'");
  add_event (rig, 120, 125, GOOD, FALSE);
  plan_at (rig, 200, "");
  check_ring (rig, 0);
}

static void
test_manual (Rig *rig, gconstpointer data)
{
  set_settings (rig, ",'record':'off'");
  add_event (rig, 100, 100, 130, TRUE);
  plan_at (rig, 100, "100 100 130");
  check_next (rig, 130);
  check_ring (rig, 0);
  /* Nothing of a camera that is off altogether. */
  rig->input.recorded = FALSE;
  plan_at (rig, 110, "100 100 110");
  rig->input.recorded = TRUE;
  set_settings (rig, ",'record':'schedule','schedule':'mon-sun 00:00-24:00 off'");
  plan_at (rig, 120, "100 100 130");
}

/* --- schedules --- */

#define DAY_AND_NIGHT                                                                              \
  "mon-sun 00:00-08:00 event;mon-sun 08:00-18:00 continuous;mon-sun 18:00-24:00 off"

/* Monotonic 0 is @midnight. */
static void
set_midnight (Rig *rig, const char *zone, const char *midnight, const char *schedule)
{
  g_autofree char *members = g_strdup_printf (",'record':'schedule','pre_roll':10,'schedule':'%s'",
                                              schedule);

  g_time_zone_unref (rig->input.zone);
  rig->input.zone = g_time_zone_new_identifier (zone);
  g_assert_nonnull (rig->input.zone);
  g_assert_true (potoo_time_parse (midnight, &rig->offset_us));
  set_settings (rig, members);
}

#define H 3600

static void
test_schedule (Rig *rig, gconstpointer data)
{
  set_midnight (rig, "UTC", "2026-11-24T00:00:00Z", DAY_AND_NIGHT);
  /* The first plan tells of yesterday as well, for what the last run left open. */
  plan_at (rig, 1 * H, "-57600 -57600 -21600, 28800 28800 64800");
  check_ring (rig, 10 + LATE);
  check_next (rig, 1 * H + 60);
  plan_at (rig, 8 * H - 30, "28800 28800 64800");
  check_next (rig, 8 * H);
  check_ring (rig, 10 + LATE);
  plan_at (rig, 8 * H, "28800 28800 64800");
  check_ring (rig, 0);
  plan_at (rig, 8 * H + 1, "28800 28800 64800, 115200 115200 151200");
  plan_at (rig, 17 * H, "28800 28800 64800, 115200 115200 151200");
  plan_at (rig, 18 * H + 30, "28800 28800 64800, 115200 115200 151200");
  check_ring (rig, 0);
  plan_at (rig, 24 * H - 120, "115200 115200 151200");
  check_ring (rig, 0);
  plan_at (rig, 24 * H - 119, "115200 115200 151200");
  check_ring (rig, 10 + LATE);
}

/* Of an event, what lies in slots for events. */
static void
test_schedule_with_events (Rig *rig, gconstpointer data)
{
  set_midnight (rig, "UTC", "2026-11-24T00:00:00Z",
                "mon-sun 00:00-02:00 off;mon-sun 02:00-08:00 event;mon-sun 08:00-24:00 off");
  plan_at (rig, 1 * H, "");
  add_event (rig, 2 * H - 5, 2 * H + 5, 2 * H + 20, FALSE);
  plan_at (rig, 2 * H + 5, "7200 7205 7220");
  check_next (rig, 2 * H + 20);
  g_array_set_size (rig->input.events, 0);
  add_event (rig, 8 * H - 100, 8 * H - 90, 8 * H + 100, FALSE);
  plan_at (rig, 8 * H - 50, "28700 28710 28800");
  check_next (rig, 8 * H);
  plan_at (rig, 8 * H + 30, "28700 28710 28800");
  check_ring (rig, 0);
  add_event (rig, 8 * H + 40, 8 * H + 50, 8 * H + 55, TRUE);
  plan_at (rig, 8 * H + 50, "28700 28710 28800, 28840 28850 28855");
}

/* When the clocks change the slots are those of the clock on the wall. */
static void
test_schedule_summer_time (Rig *rig, gconstpointer data)
{
  static const struct
  {
    const char *zone, *midnight, *plan;
    gint64 now;
  } cases[] = {
    /* 01:30–04:00 lasts 90 minutes in spring, and three hours and a half in autumn. */
    { "Europe/Berlin", "2027-03-27T23:00:00Z", "5400 5400 10800", 600 },
    { "Europe/Berlin", "2026-10-24T22:00:00Z", "5400 5400 18000", 600 },
    /* By half an hour, from half an hour; at 02:00. */
    { "Australia/Lord_Howe", "2026-10-03T13:30:00Z", "5400 5400 12600", 600 },
    /* Southern: back in April, at 03:00. */
    { "Australia/Sydney", "2027-04-03T13:00:00Z", "5400 5400 18000", 600 },
    { "Asia/Kolkata", "2026-11-23T18:30:00Z", "5400 5400 14400", 600 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      set_midnight (
          rig, cases[i].zone, cases[i].midnight,
          "mon-sun 00:00-01:30 off;mon-sun 01:30-04:00 continuous;mon-sun 04:00-24:00 off");
      g_clear_pointer (&rig->plan, potoo_recording_plan_unref);
      rig->plan = potoo_recording_plan_new_empty ();
      plan_at (rig, cases[i].now, cases[i].plan);
    }
}

/* The clock is set: the slots move, and what was recorded stays wanted. */
static void
test_clock_step (Rig *rig, gconstpointer data)
{
  set_midnight (rig, "UTC", "2026-11-24T00:00:00Z", DAY_AND_NIGHT);
  rig->plan = potoo_recording_plan_new_empty ();
  plan_at (rig, 9 * H, "32400 32400 64800, 115200 115200 151200");
  g_assert_cmpint (rig->next_us - rig->input.mono_us, <=, 60 * S);
  rig->offset_us += 12 * H * S; /* it is 21:00 */
  plan_at (rig, 9 * H + 60, "32400 32400 32460, 72000 72000 108000");
  rig->offset_us -= 12 * H * S;
  plan_at (rig, 9 * H + 90, "32400 32400 32460, 32490 32490 64800, 115200 115200 151200");
}

/* A schedule of many short slots: bounded, and looked at often enough. */
static void
test_many_slots (Rig *rig, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 120; i++)
    g_string_append_printf (text, "mon-sun %02d:%02d-%02d:%02d %s;", i / 60, i % 60, (i + 1) / 60,
                            (i + 1) % 60, i % 2 == 0 ? "continuous" : "off");
  g_string_append (text, "mon-sun 02:00-24:00 off");
  set_midnight (rig, "UTC", "2026-11-24T00:00:00Z", text->str);
  rig->plan = potoo_recording_plan_new_empty ();
  for (gint64 now = 0; now < 2 * H; now += 30)
    {
      g_autoptr (PotooRecordingPlan) previous = g_steal_pointer (&rig->plan);
      rig->input.previous = previous;
      rig->input.mono_us = us (now);
      rig->input.wall_us = us (now) + rig->offset_us;
      rig->plan = potoo_recording_planner_plan (&rig->input, &rig->next_us);
      g_assert_cmpuint (rig->plan->n_spans, <=, POTOO_PLAN_MAX_SPANS);
      g_assert_cmpint (rig->next_us, <=, us (now + 60));
      gboolean on = potoo_recording_plan_find (rig->plan, us (now + 1), us (now + 1)) != NULL;
      g_assert_cmpint (on, ==, now / 60 % 2 == 0);
    }
}

/* Whatever happens, and however often is planned in between: what one plan says of the past, the
 * next one says as well. */
static void
test_random (Rig *rig, gconstpointer data)
{
  static const char *const modes[] = {
    "", ",'record':'off'", ",'record':'event'",
    ",'record':'schedule','schedule':'mon-sun 00:00-12:00 continuous;mon-sun 12:00-24:00 event'"
  };
  gint64 now_us = 0;

  g_assert_true (potoo_time_parse ("2026-11-24T11:59:00Z", &rig->offset_us));
  set_settings (rig, "");
  for (int i = 0; i < 3000; i++)
    {
      if (g_test_rand_int_range (0, 4) == 0)
        set_settings (rig, modes[g_test_rand_int_range (0, G_N_ELEMENTS (modes))]);
      g_array_set_size (rig->input.events, 0);
      if (g_test_rand_bit ())
        add_event (rig, now_us / S - 5, now_us / S, g_test_rand_bit () ? GOOD : now_us / S + 20,
                   g_test_rand_bit ());
      g_autoptr (PotooRecordingPlan) previous = g_steal_pointer (&rig->plan);
      rig->input.previous = previous;
      rig->input.mono_us = now_us;
      rig->input.wall_us = now_us + rig->offset_us;
      rig->plan = potoo_recording_planner_plan (&rig->input, &rig->next_us);
      for (gint64 t = now_us - 59 * S; previous != NULL && t < now_us; t += S / 2)
        if (potoo_recording_plan_find (previous, t, t) != NULL)
          g_assert_nonnull (potoo_recording_plan_find (rig->plan, t, t));
      g_assert_cmpint (rig->next_us, >, now_us);
      now_us += g_test_rand_int_range (1, 4 * S);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recording-plan/merge", test_merge);
  g_test_add_func ("/recording-plan/bound", test_bound);
  g_test_add_func ("/recording-plan/find", test_find);
#define ADD(path, func) g_test_add ("/recording-planner/" path, Rig, NULL, set_up, func, tear_down)
  ADD ("continuous-and-off", test_continuous_and_off);
  ADD ("many-switches", test_many_switches);
  ADD ("events", test_events);
  ADD ("manual", test_manual);
  ADD ("schedule", test_schedule);
  ADD ("schedule-with-events", test_schedule_with_events);
  ADD ("schedule-summer-time", test_schedule_summer_time);
  ADD ("clock-step", test_clock_step);
  ADD ("many-slots", test_many_slots);
  ADD ("random", test_random);
  return g_test_run ();
}
