/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pages of what is in the catalog, by (start, id). One row more than a page has is read, which
 * tells whether there is a next one. */

#include "dbus/potoo-dbus-lists.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "dbus/potoo-dbus-value.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 1000

#define N_PAGE_ARGUMENTS 4

/* Of those of the page. */
static void
get_page_argument (PotooDbusCall *call, gsize i, const char *type, gpointer value)
{
  GVariant *arguments = potoo_dbus_call_get_arguments (call);

  g_variant_get_child (arguments, g_variant_n_children (arguments) - N_PAGE_ARGUMENTS + i, type,
                       value);
}

/* FALSE with an error that names the argument. */
static gboolean
get_query (PotooDbusCall *call, PotooSegmentQuery *query, GError **error)
{
  const char *cursor;

  get_page_argument (call, 0, "x", &query->start_us);
  get_page_argument (call, 1, "x", &query->end_us);
  get_page_argument (call, 2, "u", &query->limit);
  get_page_argument (call, 3, "&s", &cursor);
  if (query->end_us == 0)
    query->end_us = G_MAXINT64;
  if (query->limit == 0)
    query->limit = DEFAULT_LIMIT;
  if (query->start_us < 0 || query->end_us < query->start_us)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/end", "%s",
                        _ ("The window must begin after 1970 and end after its start"));
  else if (query->limit > MAX_LIMIT)
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/limit", _ ("Must be at most %d"),
                        MAX_LIMIT);
  else if (cursor[0] != '\0' &&
           !potoo_dbus_cursor_parse (cursor, &query->after_start_us, &query->after_id))
    potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/cursor", "%s",
                        _ ("The cursor is not one of this list"));
  else
    return TRUE;
  return FALSE;
}

static guint
get_limit (PotooDbusCall *call)
{
  guint limit;

  get_page_argument (call, 2, "u", &limit);
  return limit != 0 ? limit : DEFAULT_LIMIT;
}

static void
list (PotooDbusCall *call,
      PotooDbusReader *reader,
      const char *camera,
      PotooDbusRead kind,
      const PotooEventKind *event_kind,
      GAsyncReadyCallback callback)
{
  PotooSegmentQuery query = { .camera = camera };
  g_autoptr (GError) error = NULL;

  if (!get_query (call, &query, &error))
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  query.limit++;
  potoo_dbus_reader_list_async (reader, kind, &query, event_kind, callback, call);
}

typedef GVariant *(*FromRowFunc) (gconstpointer row);
typedef char *(*CursorFunc) (gconstpointer row);

static void
return_page (PotooDbusCall *call,
             GAsyncResult *result,
             FromRowFunc from_row,
             CursorFunc make_cursor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = potoo_dbus_reader_list_finish (result, &error);
  GVariantBuilder builder;

  if (rows == NULL)
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  guint n = MIN (rows->len, get_limit (call));
  g_autofree char *next = rows->len > n ? make_cursor (rows->pdata[n - 1]) : g_strdup ("");
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add_value (&builder, from_row (rows->pdata[i]));
  potoo_dbus_call_return (call, g_variant_new ("(aa{sv}s)", &builder, next));
}

/* --- segments --- */

static GVariant *
from_segment (gconstpointer row)
{
  return potoo_dbus_value_from_segment (row);
}

static char *
make_segment_cursor (gconstpointer row)
{
  const PotooSegment *segment = row;

  return potoo_dbus_cursor_format (segment->start_us, segment->id);
}

static void
on_segments (GObject *source, GAsyncResult *result, gpointer user_data)
{
  return_page (user_data, result, from_segment, make_segment_cursor);
}

void
potoo_dbus_list_segments (PotooDbusCall *call, PotooDbusReader *reader, const char *camera)
{
  list (call, reader, camera, POTOO_DBUS_READ_SEGMENTS, NULL, on_segments);
}

/* --- gaps --- */

static GVariant *
from_gap (gconstpointer row)
{
  return potoo_dbus_value_from_gap (row);
}

static char *
make_gap_cursor (gconstpointer row)
{
  const PotooGap *gap = row;

  return potoo_dbus_cursor_format (gap->start_us, gap->id);
}

static void
on_gaps (GObject *source, GAsyncResult *result, gpointer user_data)
{
  return_page (user_data, result, from_gap, make_gap_cursor);
}

void
potoo_dbus_list_gaps (PotooDbusCall *call, PotooDbusReader *reader, const char *camera)
{
  list (call, reader, camera, POTOO_DBUS_READ_GAPS, NULL, on_gaps);
}

/* --- events --- */

static GVariant *
from_event (gconstpointer row)
{
  return potoo_dbus_value_from_event (row);
}

static char *
make_event_cursor (gconstpointer row)
{
  const PotooEvent *event = row;

  return potoo_dbus_cursor_format (event->start_us, event->id);
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  return_page (user_data, result, from_event, make_event_cursor);
}

void
potoo_dbus_list_events (PotooDbusCall *call,
                        PotooDbusReader *reader,
                        const char *camera,
                        const PotooEventKind *kind)
{
  list (call, reader, camera, POTOO_DBUS_READ_EVENTS, kind, on_events);
}

/* --- locks --- */

static GVariant *
from_lock (gconstpointer row)
{
  return potoo_dbus_value_from_lock (row);
}

static char *
make_lock_cursor (gconstpointer row)
{
  const PotooLock *lock = row;

  return potoo_dbus_cursor_format (lock->start_us, lock->id);
}

static void
on_locks (GObject *source, GAsyncResult *result, gpointer user_data)
{
  return_page (user_data, result, from_lock, make_lock_cursor);
}

void
potoo_dbus_list_locks (PotooDbusCall *call, PotooDbusReader *reader, const char *camera)
{
  list (call, reader, camera, POTOO_DBUS_READ_LOCKS, NULL, on_locks);
}

/* --- coverage --- */

static void
on_coverage (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) days = potoo_dbus_reader_list_finish (result, &error);
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  GVariantBuilder builder;

  if (days == NULL)
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < days->len; i++)
    g_variant_builder_add_value (&builder, potoo_dbus_value_from_coverage (days->pdata[i], zone));
  potoo_dbus_call_return (call, g_variant_new ("(aa{sv})", &builder));
}

void
potoo_dbus_list_coverage (PotooDbusCall *call, PotooDbusReader *reader, const char *camera)
{
  PotooSegmentQuery query = { .camera = camera };

  g_variant_get (potoo_dbus_call_get_arguments (call), "(xx)", &query.start_us, &query.end_us);
  if (query.end_us == 0)
    query.end_us = potoo_clock_wall_us ();
  potoo_dbus_reader_list_async (reader, POTOO_DBUS_READ_COVERAGE, &query, NULL, on_coverage, call);
}
