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

static GVariant *
make_value (PotooDbusRead kind, gconstpointer row)
{
  switch (kind)
    {
    case POTOO_DBUS_READ_SEGMENTS:
      return potoo_dbus_value_from_segment (row);
    case POTOO_DBUS_READ_GAPS:
      return potoo_dbus_value_from_gap (row);
    case POTOO_DBUS_READ_EVENTS:
      return potoo_dbus_value_from_event (row);
    case POTOO_DBUS_READ_LOCKS:
      return potoo_dbus_value_from_lock (row);
    default:
      g_assert_not_reached ();
    }
}

static char *
make_cursor (PotooDbusRead kind, gconstpointer row)
{
  const PotooSegment *segment = row;
  const PotooGap *gap = row;
  const PotooEvent *event = row;
  const PotooLock *lock = row;

  switch (kind)
    {
    case POTOO_DBUS_READ_SEGMENTS:
      return potoo_dbus_cursor_format (segment->start_us, segment->id);
    case POTOO_DBUS_READ_GAPS:
      return potoo_dbus_cursor_format (gap->start_us, gap->id);
    case POTOO_DBUS_READ_EVENTS:
      return potoo_dbus_cursor_format (event->start_us, event->id);
    case POTOO_DBUS_READ_LOCKS:
      return potoo_dbus_cursor_format (lock->start_us, lock->id);
    default:
      g_assert_not_reached ();
    }
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  PotooDbusRead kind = potoo_dbus_reader_get_kind (result);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = potoo_dbus_reader_list_finish (result, &error);
  GVariantBuilder builder;

  if (rows == NULL)
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  guint n = MIN (rows->len, get_limit (call));
  g_autofree char *next = rows->len > n ? make_cursor (kind, rows->pdata[n - 1]) : g_strdup ("");
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add_value (&builder, make_value (kind, rows->pdata[i]));
  potoo_dbus_call_return (call, g_variant_new ("(aa{sv}s)", &builder, next));
}

void
potoo_dbus_list_rows (PotooDbusCall *call,
                      PotooDbusReader *reader,
                      PotooDbusRead kind,
                      const char *camera,
                      const PotooEventKind *event_kind)
{
  PotooSegmentQuery query = { .camera = camera };
  g_autoptr (GError) error = NULL;

  if (!get_query (call, &query, &error))
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  query.limit++;
  potoo_dbus_reader_list_async (reader, kind, &query, event_kind, on_rows, call);
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
