/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-retention-clock.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "catalog/potoo-catalog-settings.h"

void
potoo_retention_clock_init (PotooRetentionClock *clock, gint64 wall_us, gint64 mono_us)
{
  *clock = (PotooRetentionClock){ .wall_us = wall_us, .mono_us = mono_us };
}

gboolean
potoo_retention_clock_load (PotooRetentionClock *clock, PotooCatalogReader *reader, GError **error)
{
  GError *failure = NULL;
  g_autofree char *text = potoo_catalog_reader_get_setting (reader, POTOO_RETENTION_CLOCK_SETTING,
                                                            &failure);
  gint64 wall_us = text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;

  potoo_retention_clock_init (clock, MAX (wall_us, 0), potoo_clock_mono_us ());
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
is_doubtful (PotooRetentionClock *clock, gint64 wall_us, gint64 mono_us, gint64 expected_us)
{
  if (clock->wall_us == 0 || wall_us <= expected_us + POTOO_RETENTION_JUMP_US)
    return FALSE;
  return clock->doubted_since_us == 0 ||
         mono_us - clock->doubted_since_us < POTOO_RETENTION_DOUBT_US;
}

gint64
potoo_retention_clock_read (PotooRetentionClock *clock, gint64 wall_us, gint64 mono_us)
{
  gint64 expected_us = clock->wall_us + mono_us - clock->mono_us;

  if (is_doubtful (clock, wall_us, mono_us, expected_us))
    {
      if (clock->doubted_since_us == 0)
        {
          g_autofree char *shown = potoo_time_format (wall_us);
          g_autofree char *expected = potoo_time_format (expected_us);
          potoo_log_warning (
              NULL,
              _ ("The clock is at %s, more than a day ahead of where it was left (%s): nothing is "
                 "deleted for its age by it for an hour"),
              shown, expected);
          clock->doubted_since_us = mono_us;
        }
      return expected_us;
    }
  potoo_retention_clock_init (clock, wall_us, mono_us);
  return wall_us;
}
