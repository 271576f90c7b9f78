/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What is said of events and locks over D-Bus, as the body that REST takes. `start`, `end`,
 * `expires`: x, microseconds since 1970; `duration`, `score`: d, or a whole number; `metadata`: s,
 * JSON; all else: s. An empty text, a time of 0 and a negative score are null.
 * POTOO_ERROR_INVALID_ARGUMENT names the member. Any thread. (transfer full) */
JsonObject *potoo_dbus_members_to_json (GVariant *members, GError **error);

G_END_DECLS
