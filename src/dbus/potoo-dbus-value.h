/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"
#include "playback/potoo-coverage.h"
#include "record/potoo-recorder.h"
#include "restream/potoo-restream-clients.h"

G_BEGIN_DECLS

/*
 * Between what Potoo works with and what travels over D-Bus. A null of JSON, which D-Bus lacks,
 * is an empty text there. Any thread.
 */

/* @settings: a{sv}. What the settings' table makes of it is not looked at here.
 * POTOO_ERROR_INVALID_ARGUMENT for a value of a type that no setting has, or a name given twice.
 * (transfer full) */
JsonObject *potoo_dbus_value_to_json (GVariant *settings, GError **error);

/* a{sv} of texts, booleans, integers (x) and lists of texts. (transfer floating) */
GVariant *potoo_dbus_value_from_json (JsonObject *object);
/* aa{sv} (transfer floating) */
GVariant *potoo_dbus_value_from_json_array (JsonArray *array);

/* a{sv} as the interfaces document them. (transfer floating) */
GVariant *potoo_dbus_value_from_segment (const PotooSegment *segment);
GVariant *potoo_dbus_value_from_gap (const PotooGap *gap);
GVariant *potoo_dbus_value_from_event (const PotooEvent *event);
GVariant *potoo_dbus_value_from_lock (const PotooLock *lock);
/* @zone: whose day it is */
GVariant *potoo_dbus_value_from_coverage (const PotooCoverage *day, GTimeZone *zone);
GVariant *potoo_dbus_value_from_viewer (const PotooRestreamClientInfo *viewer);

/* A place in a list by (start, id), as opaque text. */
char *potoo_dbus_cursor_format (gint64 start_us, gint64 id); /* (transfer full) */
gboolean potoo_dbus_cursor_parse (const char *text, gint64 *start_us, gint64 *id);

G_END_DECLS
