/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-clock.h"

#include <string.h>
#include <sys/timex.h>
#include <time.h>

#ifdef POTOO_TESTS
#define REREAD_US 50000

/* Both only ever move forward to a newer reading; torn pairs are harmless. */
static gint64 test_offset_us;
static gint64 test_read_at_us;

static gint64
test_offset (gint64 mono_us)
{
  static const char *path;
  static gsize once;

  if (g_once_init_enter (&once))
    {
      path = g_getenv ("POTOO_TEST_CLOCK");
      g_once_init_leave (&once, 1);
    }
  if (path == NULL)
    return 0;

  gint64 last = __atomic_load_n (&test_read_at_us, __ATOMIC_RELAXED);
  if (last == 0 || mono_us - last >= REREAD_US)
    {
      g_autofree char *text = NULL;
      __atomic_store_n (&test_read_at_us, mono_us, __ATOMIC_RELAXED);
      if (g_file_get_contents (path, &text, NULL, NULL))
        __atomic_store_n (&test_offset_us, g_ascii_strtoll (text, NULL, 10), __ATOMIC_RELAXED);
    }
  return __atomic_load_n (&test_offset_us, __ATOMIC_RELAXED);
}

static char *
test_boot_id (void)
{
  return g_strdup (g_getenv ("POTOO_TEST_BOOT_ID"));
}

static gboolean
is_test_clock (gboolean *synchronized)
{
  const char *path = g_getenv ("POTOO_TEST_CLOCK");
  g_autofree char *text = NULL;

  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  *synchronized = strstr (text, "unsynchronized") == NULL;
  return TRUE;
}
#else
static inline gint64
test_offset (gint64 mono_us)
{
  return 0;
}

static inline char *
test_boot_id (void)
{
  return NULL;
}

static inline gboolean
is_test_clock (gboolean *synchronized)
{
  return FALSE;
}
#endif

gint64
potoo_clock_mono_us (void)
{
  return g_get_monotonic_time ();
}

gint64
potoo_clock_wall_us (void)
{
  return g_get_real_time () + test_offset (g_get_monotonic_time ());
}

gint64
potoo_clock_wall_offset_us (void)
{
  /* The wall clock is read between two readings of the monotonic one, so that
   * being scheduled away in between is noticed and tried again. */
  gint64 best = 0, best_width = G_MAXINT64;
  gint64 before = 0;

  for (int i = 0; i < 3 && best_width > 20; i++)
    {
      before = g_get_monotonic_time ();
      gint64 wall = g_get_real_time ();
      gint64 width = g_get_monotonic_time () - before;
      if (width < best_width)
        {
          best_width = width;
          best = wall - before - width / 2;
        }
    }
  return best + test_offset (before);
}

static gint64
read_clock_us (clockid_t id)
{
  struct timespec time = { 0 };

  clock_gettime (id, &time);
  return (gint64) time.tv_sec * POTOO_SECOND_US + time.tv_nsec / 1000;
}

gint64
potoo_clock_suspended_us (void)
{
  return read_clock_us (CLOCK_BOOTTIME) - read_clock_us (CLOCK_MONOTONIC);
}

gboolean
potoo_clock_is_synchronized (void)
{
  struct timex state = { 0 };
  gboolean synchronized;

  if (is_test_clock (&synchronized))
    return synchronized;
  return adjtimex (&state) < 0 || (state.status & STA_UNSYNC) == 0;
}

const char *
potoo_clock_boot_id (void)
{
  static char *boot_id;
  static gsize once;

  if (g_once_init_enter (&once))
    {
      boot_id = test_boot_id ();
      if (boot_id == NULL &&
          !g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL))
        boot_id = g_strdup ("unknown");
      g_strstrip (boot_id);
      g_once_init_leave (&once, 1);
    }
  return boot_id;
}

char *
potoo_time_format (gint64 wall_us)
{
  gint64 seconds = wall_us / POTOO_SECOND_US, rest = wall_us % POTOO_SECOND_US;
  if (rest < 0)
    {
      rest += POTOO_SECOND_US;
      seconds--;
    }
  time_t t = (time_t) seconds;
  struct tm tm;
  gmtime_r (&t, &tm);
  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                          tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) rest);
}

static gboolean
take_number (const char **at, int digits, int min, int max, int *value)
{
  int v = 0;
  for (int i = 0; i < digits; i++, (*at)++)
    {
      if (!g_ascii_isdigit (**at))
        return FALSE;
      v = v * 10 + (**at - '0');
    }
  *value = v;
  return v >= min && v <= max;
}

static gboolean
take_char (const char **at, char c)
{
  if (**at != c)
    return FALSE;
  (*at)++;
  return TRUE;
}

static gboolean
take_fraction (const char **at, int *micros)
{
  *micros = 0;
  if (**at != '.')
    return TRUE;
  (*at)++;
  int digits = 0;
  for (int scale = 100000; g_ascii_isdigit (**at); scale /= 10, digits++, (*at)++)
    *micros += (**at - '0') * scale;
  return digits >= 1 && digits <= 6;
}

static gboolean
take_offset (const char **at, int *minutes_east)
{
  int hours, minutes, sign = 1;

  *minutes_east = 0;
  if (take_char (at, 'Z') || take_char (at, 'z'))
    return TRUE;
  if (**at == '-')
    sign = -1;
  else if (**at != '+')
    return FALSE;
  (*at)++;
  if (!take_number (at, 2, 0, 23, &hours) || !take_char (at, ':') ||
      !take_number (at, 2, 0, 59, &minutes))
    return FALSE;
  *minutes_east = sign * (hours * 60 + minutes);
  return TRUE;
}

gboolean
potoo_time_parse (const char *text, gint64 *wall_us)
{
  int year, month, day, hour, minute, second, micros, east;
  const char *at = text;

  g_return_val_if_fail (text != NULL && wall_us != NULL, FALSE);

  if (!take_number (&at, 4, 1970, 9999, &year) || !take_char (&at, '-') ||
      !take_number (&at, 2, 1, 12, &month) || !take_char (&at, '-') ||
      !take_number (&at, 2, 1, 31, &day) || !(take_char (&at, 'T') || take_char (&at, 't')) ||
      !take_number (&at, 2, 0, 23, &hour) || !take_char (&at, ':') ||
      !take_number (&at, 2, 0, 59, &minute) || !take_char (&at, ':') ||
      !take_number (&at, 2, 0, 60, &second) || !take_fraction (&at, &micros) ||
      !take_offset (&at, &east) || *at != '\0' ||
      !g_date_valid_dmy ((GDateDay) day, (GDateMonth) month, (GDateYear) year))
    return FALSE;

  struct tm tm = {
    .tm_year = year - 1900,
    .tm_mon = month - 1,
    .tm_mday = day,
    .tm_hour = hour,
    .tm_min = minute,
    .tm_sec = second,
  };
  gint64 seconds = (gint64) timegm (&tm) - east * 60;
  *wall_us = seconds * POTOO_SECOND_US + micros;
  return *wall_us >= 0;
}
