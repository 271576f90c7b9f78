/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A week as a sorted list of slots that meet: from 0 to MINUTES_A_WEEK, Monday 00:00 first.
 * Reading makes a slot of each rule and day and sorts them; what does not meet is a hole or an
 * overlap. */

#include "config/potoo-schedule.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"

#define MINUTES_A_DAY (24 * 60)
#define N_DAYS 7
#define MINUTES_A_WEEK (N_DAYS * MINUTES_A_DAY)
#define MINUTE_US (60 * POTOO_SECOND_US)
#define BLANKS " \t\r\n"
#define SHOWN_BYTES 60

typedef struct
{
  int start, end; /* minutes of the week */
  PotooRecordMode mode;
} Slot;

struct _PotooSchedule
{
  GArray *slots; /* Slot */
};

static const char *const day_names[N_DAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static const struct
{
  const char *name;
  PotooRecordMode mode;
} modes[] = {
  { "continuous", POTOO_RECORD_CONTINUOUS },
  { "event", POTOO_RECORD_EVENT },
  { "off", POTOO_RECORD_OFF },
};

void
potoo_schedule_free (PotooSchedule *schedule)
{
  g_array_unref (schedule->slots);
  g_free (schedule);
}

/* --- the words of a rule --- */

/* TRUE and the day that @text, of @length bytes, names. */
static gboolean
parse_day (const char *text, gsize length, int *day)
{
  for (int i = 0; i < N_DAYS; i++)
    if (length == strlen (day_names[i]) && strncmp (text, day_names[i], length) == 0)
      {
        *day = i;
        return TRUE;
      }
  return FALSE;
}

/* `mon-fri,sun` → a bit for each day; 0 when it is none. */
static guint
parse_days (const char *text)
{
  g_auto (GStrv) ranges = g_strsplit (text, ",", -1);
  guint days = 0;

  for (char **range = ranges; *range != NULL; range++)
    {
      gsize length = strcspn (*range, "-");
      int first, last;
      if (!parse_day (*range, length, &first))
        return 0;
      last = first;
      if ((*range)[length] == '-' &&
          !parse_day (*range + length + 1, strlen (*range + length + 1), &last))
        return 0;
      for (int day = first; day != last; day = (day + 1) % N_DAYS)
        days |= 1u << day;
      days |= 1u << last;
    }
  return days;
}

/* `08:30` → minutes of the day, -1 when it is none. */
static int
parse_minute (const char *text)
{
  if (!g_ascii_isdigit (text[0]) || !g_ascii_isdigit (text[1]) || text[2] != ':' ||
      !g_ascii_isdigit (text[3]) || !g_ascii_isdigit (text[4]))
    return -1;
  int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
  return minute < 60 && hour * 60 + minute <= MINUTES_A_DAY ? hour * 60 + minute : -1;
}

static gboolean
parse_times (const char *text, int *start, int *end)
{
  if (strlen (text) != strlen ("00:00-24:00") || text[5] != '-')
    return FALSE;
  *start = parse_minute (text);
  *end = parse_minute (text + 6);
  return *start >= 0 && *end >= 0;
}

static gboolean
parse_mode (const char *text, PotooRecordMode *mode)
{
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    if (strcmp (modes[i].name, text) == 0)
      {
        *mode = modes[i].mode;
        return TRUE;
      }
  return FALSE;
}

/* --- rules --- */

static gboolean
refuse (GError **error, const char *pointer, const char *word, const char *why)
{
  g_autofree char *shown = g_utf8_make_valid (word, (gssize) MIN (strlen (word), SHOWN_BYTES));

  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer, "“%s”: %s", shown, why);
  return FALSE;
}

/* The words of @rule, between blanks. (transfer full) (element-type utf8) */
static GPtrArray *
split_words (const char *rule)
{
  g_auto (GStrv) pieces = g_strsplit_set (rule, BLANKS, -1);
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  for (char **piece = pieces; *piece != NULL; piece++)
    if (**piece != '\0')
      g_ptr_array_add (words, g_strdup (*piece));
  return words;
}

static gboolean
add_rule (GArray *slots, const char *rule, const char *pointer, GError **error)
{
  g_autoptr (GPtrArray) words = split_words (rule);
  guint days;
  Slot slot;

  if (words->len != 3)
    return refuse (error, pointer, rule,
                   _ ("must be days, times and a mode, such as mon-fri 08:00-18:00 continuous"));
  if ((days = parse_days (words->pdata[0])) == 0)
    return refuse (error, pointer, words->pdata[0],
                   _ ("must be days: mon, tue, wed, thu, fri, sat, sun, such as mon-fri,sun"));
  if (!parse_times (words->pdata[1], &slot.start, &slot.end))
    return refuse (error, pointer, words->pdata[1], _ ("must be times, such as 08:00-18:00"));
  if (slot.start >= slot.end)
    return refuse (error, pointer, words->pdata[1],
                   _ ("must end after it starts; over midnight there are two rules, one to 24:00 "
                      "and one from 00:00"));
  if (!parse_mode (words->pdata[2], &slot.mode))
    return refuse (error, pointer, words->pdata[2], _ ("must be one of: continuous, event, off"));
  for (int day = 0; day < N_DAYS; day++)
    if (days & 1u << day)
      {
        Slot on_day = { day * MINUTES_A_DAY + slot.start, day * MINUTES_A_DAY + slot.end,
                        slot.mode };
        g_array_append_val (slots, on_day);
      }
  return TRUE;
}

static int
compare_slots (gconstpointer a, gconstpointer b)
{
  const Slot *first = a, *second = b;

  return first->start != second->start ? first->start - second->start : first->end - second->end;
}

static gboolean
refuse_at (GError **error, const char *pointer, int minute, gboolean twice)
{
  g_autofree char *when = g_strdup_printf ("%s %02d:%02d", day_names[minute / MINUTES_A_DAY],
                                           minute % MINUTES_A_DAY / 60, minute % 60);

  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                      twice ? _ ("%s is in two slots; each time of the week must be in one")
                            : _ ("%s is in no slot; each time of the week must be in one"),
                      when);
  return FALSE;
}

/* Sorted slots are a week when they meet. */
static gboolean
check_week (GArray *slots, const char *pointer, GError **error)
{
  int covered = 0;

  for (guint i = 0; i < slots->len; i++)
    {
      const Slot *slot = &g_array_index (slots, Slot, i);
      if (slot->start > covered)
        break;
      if (slot->start < covered)
        return refuse_at (error, pointer, slot->start, TRUE);
      covered = slot->end;
    }
  return covered == MINUTES_A_WEEK || refuse_at (error, pointer, covered, FALSE);
}

PotooSchedule *
potoo_schedule_parse (const char *text, const char *pointer, GError **error)
{
  g_return_val_if_fail (text != NULL && pointer != NULL, NULL);

  if (strlen (text) > POTOO_SCHEDULE_MAX_BYTES)
    {
      potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, pointer,
                          _ ("Must be at most %d bytes"), POTOO_SCHEDULE_MAX_BYTES);
      return NULL;
    }
  g_auto (GStrv) rules = g_strsplit (text, ";", -1);
  g_autoptr (GArray) slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  for (char **rule = rules; *rule != NULL; rule++)
    {
      g_strstrip (*rule);
      gboolean trailing = **rule == '\0' && rule[1] == NULL && rule != rules;
      if (!trailing && !add_rule (slots, *rule, pointer, error))
        return NULL;
    }
  g_array_sort (slots, compare_slots);
  if (!check_week (slots, pointer, error))
    return NULL;
  PotooSchedule *schedule = g_new0 (PotooSchedule, 1);
  schedule->slots = g_steal_pointer (&slots);
  return schedule;
}

/* --- what holds when --- */

/* How far local time in @zone is ahead of UTC at @wall_us. */
static gint64
get_offset_us (GTimeZone *zone, gint64 wall_us)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (wall_us / POTOO_SECOND_US);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;

  return local != NULL ? g_date_time_get_utc_offset (local) : 0;
}

/* The first second in (@from_us, @to_us] with another offset than @from_us has; @to_us has one.
 * There is one change of clocks in between: they are weeks apart, and slots a day long at most. */
static gint64
find_clock_change (GTimeZone *zone, gint64 from_us, gint64 to_us)
{
  gint64 offset_us = get_offset_us (zone, from_us);
  gint64 before = from_us / POTOO_SECOND_US, after = (to_us - 1) / POTOO_SECOND_US + 1;

  while (after - before > 1)
    {
      gint64 middle = before + (after - before) / 2;
      if (get_offset_us (zone, middle * POTOO_SECOND_US) == offset_us)
        before = middle;
      else
        after = middle;
    }
  return after * POTOO_SECOND_US;
}

static const Slot *
find_slot (PotooSchedule *schedule, gint64 minute)
{
  for (guint i = 0; i < schedule->slots->len; i++)
    if (g_array_index (schedule->slots, Slot, i).end > minute)
      return &g_array_index (schedule->slots, Slot, i);
  g_return_val_if_reached (NULL);
}

PotooRecordMode
potoo_schedule_get_mode (PotooSchedule *schedule, GTimeZone *zone, gint64 wall_us, gint64 *until_us)
{
  /* Day 0 of 1970 was a Thursday. */
  const gint64 week_us = MINUTES_A_WEEK * MINUTE_US, thursday_us = 3 * POTOO_DAY_US;
  gint64 local_us = wall_us + get_offset_us (zone, wall_us) + thursday_us;
  gint64 in_week_us = (local_us % week_us + week_us) % week_us;
  const Slot *slot = find_slot (schedule, in_week_us / MINUTE_US);

  *until_us = wall_us + slot->end * MINUTE_US - in_week_us;
  if (get_offset_us (zone, *until_us) != get_offset_us (zone, wall_us))
    *until_us = find_clock_change (zone, wall_us, *until_us);
  return slot->mode;
}
