/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "config/potoo-schedule.h"

#define WORKING_WEEK                                                                               \
  "mon-fri 08:00-18:00 continuous; mon-fri 18:00-24:00 event; mon-fri 00:00-08:00 event; "         \
  "sat,sun 00:00-24:00 off"

static PotooSchedule *
parse_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  PotooSchedule *schedule = potoo_schedule_parse (text, "/schedule", &error);

  g_assert_no_error (error);
  return schedule;
}

static gint64
parse_time (const char *text)
{
  gint64 wall_us;

  g_assert_true (potoo_time_parse (text, &wall_us));
  return wall_us;
}

/* --- the grammar --- */

static const char *const good[] = {
  WORKING_WEEK,
  "mon-sun 00:00-24:00 event",
  "mon-sun 00:00-24:00 event;",
  "  mon-sun\t00:00-24:00\n off ; ",
  "fri-mon 00:00-24:00 off;tue,wed,thu 00:00-24:00 continuous",
  "sun,mon,tue-sat 00:00-00:01 off;mon-sun 00:01-23:59 event;mon-sun 23:59-24:00 continuous",
  "mon,mon 00:00-24:00 off; tue-sun 00:00-24:00 off",
};

/* What is refused, and what the reason names. */
static const struct
{
  const char *text, *named;
} bad[] = {
  { "", "mon 00:00 is in no slot" },
  { ";", "must be days" },
  { "mon-sun 00:00-24:00 event;;", "must be days" },
  { "; mon-sun 00:00-24:00 event", "must be days" },
  { "mon-sun 00:00-24:00", "must be days" },
  { "mon-sun 00:00-24:00 event off", "must be days" },
  { "mon-son 00:00-24:00 event", "mon-son" },
  { "mo-su 00:00-24:00 event", "mo-su" },
  { "mon- 00:00-24:00 event", "mon-" },
  { "-mon 00:00-24:00 event", "-mon" },
  { "mon,,tue 00:00-24:00 event", "mon,,tue" },
  { "mon-tue-sun 00:00-24:00 event", "mon-tue-sun" },
  { "MON-SUN 00:00-24:00 event", "MON-SUN" },
  { "mon-sun 00:00-24:01 event", "00:00-24:01" },
  { "mon-sun 0:00-24:00 event", "0:00-24:00" },
  { "mon-sun 00:60-24:00 event", "00:60-24:00" },
  { "mon-sun 00:00_24:00 event", "00:00_24:00" },
  { "mon-sun 00:00-2400 event", "00:00-2400" },
  { "mon-sun 18:00-08:00 event", "over midnight" },
  { "mon-sun 08:00-08:00 event", "after it starts" },
  { "mon-sun 00:00-24:00 schedule", "schedule" },
  { "mon-sun 00:00-24:00 on", "continuous, event, off" },
  { "mon-sun 00:00-24:00 \xff", "continuous, event, off" },
  { "mon-sat 00:00-24:00 off", "sun 00:00 is in no slot" },
  { "mon-sun 00:01-24:00 off", "mon 00:00 is in no slot" },
  { "mon-sun 00:00-12:00 off; mon-sun 12:01-24:00 event", "mon 12:00 is in no slot" },
  { "mon-sun 00:00-24:00 off; wed 10:30-11:00 event", "wed 10:30 is in two slots" },
  { "mon-sun 00:00-12:01 off; mon-sun 12:00-24:00 event", "mon 12:00 is in two slots" },
  { "mon-sun 00:00-24:00 off; mon-sun 00:00-24:00 off", "mon 00:00 is in two slots" },
  { "mon-wed 00:00-24:00 off; thu 00:00-20:00 off; fri-sun 00:00-24:00 off", "thu 20:00 is in no" },
};

static void
test_grammar (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (PotooSchedule) schedule = parse_ok (good[i]);
      g_assert_nonnull (schedule);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (potoo_schedule_parse (bad[i].text, "/schedule", &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      if (strstr (error->message, bad[i].named) == NULL)
        g_error ("“%s” is refused by “%s”", bad[i].text, error->message);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpuint (strlen (error->message), <, 300);
    }
}

static void
test_length (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *blanks = g_strnfill (POTOO_SCHEDULE_MAX_BYTES, ' ');
  g_autofree char *long_text = g_strconcat ("mon-sun 00:00-24:00 off", blanks, NULL);

  g_assert_null (potoo_schedule_parse (long_text, "/schedule", &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  long_text[POTOO_SCHEDULE_MAX_BYTES] = '\0';
  g_autoptr (PotooSchedule) schedule = parse_ok (long_text);
}

/* Nothing that is put together of the right words by chance crashes, or is taken with a hole. */
static void
test_random (void)
{
  static const char *const words[] = { "mon", "tue", "sun",        "-",     ",",     ";",
                                       " ",   "  ",  "00:00",      "12:00", "24:00", "-",
                                       "off", ":",   "continuous", "é" };
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();

  for (int i = 0; i < 20000; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      for (int n = g_test_rand_int_range (0, 12); n > 0; n--)
        g_string_append (text, words[g_test_rand_int_range (0, G_N_ELEMENTS (words))]);
      g_autoptr (PotooSchedule) schedule = potoo_schedule_parse (text->str, "/s", NULL);
      gint64 until_us;
      if (schedule != NULL)
        potoo_schedule_get_mode (schedule, utc, g_test_rand_int (), &until_us);
    }
}

/* --- what holds when --- */

typedef struct
{
  const char *at;
  PotooRecordMode mode;
  const char *until;
} Slot;

/* Each slot holds from `at` until `until`, where the next one is looked at. */
static void
check_slots (const char *text, const char *zone_name, const Slot *slots, guint n)
{
  g_autoptr (PotooSchedule) schedule = parse_ok (text);
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zone_name);

  g_assert_nonnull (zone);
  for (guint i = 0; i < n; i++)
    {
      gint64 at_us = parse_time (slots[i].at), until_us;
      g_assert_cmpint (potoo_schedule_get_mode (schedule, zone, at_us, &until_us), ==,
                       slots[i].mode);
      g_autofree char *until = potoo_time_format (until_us);
      g_assert_cmpstr (until, ==, slots[i].until);
      gint64 same_until_us;
      g_assert_cmpint (potoo_schedule_get_mode (schedule, zone, until_us - 1, &same_until_us), ==,
                       slots[i].mode);
      g_assert_cmpint (same_until_us, ==, until_us);
    }
}

static void
test_week (void)
{
  const Slot slots[] = {
    /* A Saturday, and the Monday after it. */
    { "2026-11-21T10:15:30.5Z", POTOO_RECORD_OFF, "2026-11-22T00:00:00.000000Z" },
    { "2026-11-22T23:59:59.999999Z", POTOO_RECORD_OFF, "2026-11-23T00:00:00.000000Z" },
    { "2026-11-23T00:00:00Z", POTOO_RECORD_EVENT, "2026-11-23T08:00:00.000000Z" },
    { "2026-11-23T08:00:00Z", POTOO_RECORD_CONTINUOUS, "2026-11-23T18:00:00.000000Z" },
    { "2026-11-23T18:00:00Z", POTOO_RECORD_EVENT, "2026-11-24T00:00:00.000000Z" },
    /* Thursday, the first day of 1970. */
    { "1970-01-01T07:59:00Z", POTOO_RECORD_EVENT, "1970-01-01T08:00:00.000000Z" },
  };
  check_slots (WORKING_WEEK, "UTC", slots, G_N_ELEMENTS (slots));
}

/* 02:00 becomes 03:00 on 2027-03-28: 01:00 UTC. */
static void
test_spring (void)
{
  const Slot slots[] = {
    { "2027-03-28T00:00:00Z", POTOO_RECORD_OFF, "2027-03-28T00:30:00.000000Z" },
    /* 01:30–02:15: ends when there is no 02:15. */
    { "2027-03-28T00:30:00Z", POTOO_RECORD_EVENT, "2027-03-28T01:00:00.000000Z" },
    /* 02:15–02:45 does not occur; 02:45–04:00 begins at 03:00. */
    { "2027-03-28T01:00:00Z", POTOO_RECORD_CONTINUOUS, "2027-03-28T02:00:00.000000Z" },
    { "2027-03-28T02:00:00Z", POTOO_RECORD_OFF, "2027-03-28T22:00:00.000000Z" },
  };
  check_slots ("mon-sun 00:00-01:30 off; mon-sun 01:30-02:15 event; mon-sun 02:15-02:45 off; "
               "mon-sun 02:45-04:00 continuous; mon-sun 04:00-24:00 off",
               "Europe/Berlin", slots, G_N_ELEMENTS (slots));
}

/* 03:00 becomes 02:00 on 2026-10-25: 01:00 UTC. */
static void
test_autumn (void)
{
  const Slot slots[] = {
    { "2026-10-25T00:15:00Z", POTOO_RECORD_OFF, "2026-10-25T00:30:00.000000Z" },
    /* 02:30–03:30 begins, stops when it is 02:00 again, and begins anew. */
    { "2026-10-25T00:30:00Z", POTOO_RECORD_EVENT, "2026-10-25T01:00:00.000000Z" },
    { "2026-10-25T01:00:00Z", POTOO_RECORD_OFF, "2026-10-25T01:30:00.000000Z" },
    { "2026-10-25T01:30:00Z", POTOO_RECORD_EVENT, "2026-10-25T02:30:00.000000Z" },
    { "2026-10-25T02:30:00Z", POTOO_RECORD_OFF, "2026-10-25T23:00:00.000000Z" },
  };
  check_slots ("mon-sun 00:00-02:30 off; mon-sun 02:30-03:30 event; mon-sun 03:30-24:00 off",
               "Europe/Berlin", slots, G_N_ELEMENTS (slots));
}

/* Half hours, and a clock that changes by half an hour: Lord Howe, +10:30, in summer +11; 02:00
 * becomes 02:30 on 2026-10-04 at 15:30 UTC of the day before. */
static void
test_half_hours (void)
{
  const Slot india[] = {
    { "2026-11-23T02:29:00Z", POTOO_RECORD_EVENT, "2026-11-23T02:30:00.000000Z" },
    { "2026-11-23T02:30:00Z", POTOO_RECORD_CONTINUOUS, "2026-11-23T12:30:00.000000Z" },
  };
  const Slot lord_howe[] = {
    { "2026-10-03T15:00:00Z", POTOO_RECORD_OFF, "2026-10-03T15:30:00.000000Z" },
    { "2026-10-03T15:30:00Z", POTOO_RECORD_EVENT, "2026-10-03T16:00:00.000000Z" },
    { "2026-10-03T16:00:00Z", POTOO_RECORD_OFF, "2026-10-04T13:00:00.000000Z" },
  };
  check_slots (WORKING_WEEK, "Asia/Kolkata", india, G_N_ELEMENTS (india));
  check_slots ("mon-sun 00:00-02:15 off; mon-sun 02:15-03:00 event; mon-sun 03:00-24:00 off",
               "Australia/Lord_Howe", lord_howe, G_N_ELEMENTS (lord_howe));
}

/* The southern hemisphere has summer time in January; it ends on 2027-04-04 at 03:00 = 16:00 UTC.
 */
static void
test_south (void)
{
  const Slot slots[] = {
    { "2027-01-10T20:00:00Z", POTOO_RECORD_EVENT, "2027-01-10T21:00:00.000000Z" },
    { "2027-01-10T21:00:00Z", POTOO_RECORD_CONTINUOUS, "2027-01-11T07:00:00.000000Z" },
    { "2027-07-11T21:00:00Z", POTOO_RECORD_EVENT, "2027-07-11T22:00:00.000000Z" },
    { "2027-07-11T22:00:00Z", POTOO_RECORD_CONTINUOUS, "2027-07-12T08:00:00.000000Z" },
    /* Sunday, off all day: until the clocks change, then until midnight. */
    { "2027-04-03T14:00:00Z", POTOO_RECORD_OFF, "2027-04-03T16:00:00.000000Z" },
    { "2027-04-03T16:00:00Z", POTOO_RECORD_OFF, "2027-04-04T14:00:00.000000Z" },
  };
  check_slots (WORKING_WEEK, "Australia/Sydney", slots, G_N_ELEMENTS (slots));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/grammar", test_grammar);
  g_test_add_func ("/schedule/length", test_length);
  g_test_add_func ("/schedule/random", test_random);
  g_test_add_func ("/schedule/week", test_week);
  g_test_add_func ("/schedule/spring", test_spring);
  g_test_add_func ("/schedule/autumn", test_autumn);
  g_test_add_func ("/schedule/half-hours", test_half_hours);
  g_test_add_func ("/schedule/south", test_south);
  return g_test_run ();
}
