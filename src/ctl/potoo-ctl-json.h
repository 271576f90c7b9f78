/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What came over D-Bus as JSON for scripts, in the shapes of REST: times as text in UTC, null
 * for what is empty there. */

/* @dict: a{sv}. (transfer full) */
JsonObject *potoo_ctl_json_from_dict (GVariant *dict);
/* @dicts: aa{sv}, appended to @array. */
void potoo_ctl_json_append_dicts (JsonArray *array, GVariant *dicts);
/* @properties: of a camera. (transfer full) */
JsonObject *potoo_ctl_json_from_camera (GVariant *properties);

/* One line each. */
void potoo_ctl_json_print_object (JsonObject *object); /* (transfer full) */
void potoo_ctl_json_print_array (JsonArray *array);    /* (transfer full) */

G_END_DECLS
