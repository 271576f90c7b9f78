/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PotooEvent as a value: names of its kinds, copies, and what it may hold. Any thread. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-private.h"

static const char *const kind_names[] = {
  [POTOO_EVENT_MOTION] = "motion",     [POTOO_EVENT_ONVIF] = "onvif",
  [POTOO_EVENT_MANUAL] = "manual",     [POTOO_EVENT_API] = "api",
  [POTOO_EVENT_BOOKMARK] = "bookmark",
};

const char *
potoo_event_kind_to_string (PotooEventKind kind)
{
  g_return_val_if_fail ((guint) kind < G_N_ELEMENTS (kind_names), "unknown");
  return kind_names[kind];
}

gboolean
potoo_event_kind_parse (const char *text, PotooEventKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kind_names); i++)
    if (g_strcmp0 (text, kind_names[i]) == 0)
      {
        *kind = (PotooEventKind) i;
        return TRUE;
      }
  return FALSE;
}

PotooEvent *
potoo_event_copy (const PotooEvent *event)
{
  PotooEvent *copy = g_memdup2 (event, sizeof *event);

  copy->title = g_strdup (event->title != NULL ? event->title : "");
  copy->metadata = g_strdup (event->metadata);
  return copy;
}

void
potoo_event_free (PotooEvent *event)
{
  g_free (event->title);
  g_free (event->metadata);
  g_free (event);
}

static gboolean
fail (const char *why, GError **error)
{
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, why);
  return FALSE;
}

static gboolean
check_times (const PotooEvent *event, GError **error)
{
  gboolean open = event->end_us == 0;

  if (event->start_us < 0 || event->start_us > POTOO_TIME_MAX_US ||
      (!open && (event->end_us < event->start_us || event->end_us > POTOO_TIME_MAX_US)))
    return fail (_ ("The event ends before it starts, or is not within the years 1970 to 9999"),
                 error);
  if (event->keep_start_us < 0 || event->keep_start_us > event->start_us ||
      (event->keep_end_us == 0) != open || event->keep_end_us < event->end_us ||
      event->keep_end_us > POTOO_TIME_MAX_US)
    return fail (_ ("The event is not within what it keeps"), error);
  if (!open && event->keep_end_us - event->keep_start_us > POTOO_EVENT_MAX_KEEP_US)
    return fail (_ ("The event keeps more than 7 days; use a lock for that"), error);
  return TRUE;
}

static gboolean
is_text (const char *text, gsize max_bytes)
{
  return strlen (text) <= max_bytes && g_utf8_validate (text, -1, NULL);
}

gboolean
potoo_event_check (const PotooEvent *event, GError **error)
{
  if (!(event->score <= 1)) /* nor NaN; below 0 there is none */
    return fail (_ ("The score of an event is a number from 0 to 1"), error);
  if (!is_text (event->title, 4 * POTOO_EVENT_TITLE_MAX) ||
      g_utf8_strlen (event->title, -1) > POTOO_EVENT_TITLE_MAX)
    return fail (_ ("The title of an event has at most 200 characters"), error);
  if (event->metadata != NULL && !is_text (event->metadata, POTOO_EVENT_METADATA_MAX_BYTES))
    return fail (_ ("The metadata of an event has at most 16 KiB"), error);
  return check_times (event, error);
}
