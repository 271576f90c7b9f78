/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Members of a body that a client sent. Each function fails with POTOO_ERROR_INVALID_ARGUMENT and
 * the place, @pointer, of what is wrong. Any thread. */

/* @names: NULL-terminated, all that @object may have. */
gboolean potoo_json_read_names (JsonObject *object, const char *const *names, GError **error);

/* (transfer none) */
gboolean
potoo_json_read_string (JsonNode *node, const char *pointer, const char **text, GError **error);
/* 1 to @max characters, not all of them blank, no control characters. (transfer none) */
gboolean potoo_json_read_text (JsonNode *node,
                               const char *pointer,
                               guint max,
                               const char **text,
                               GError **error);
/* RFC 3339, see potoo_time_parse(). */
gboolean
potoo_json_read_time (JsonNode *node, const char *pointer, gint64 *wall_us, GError **error);
gboolean potoo_json_read_number (JsonNode *node,
                                 const char *pointer,
                                 double min,
                                 double max,
                                 double *number,
                                 GError **error);
gboolean
potoo_json_read_object (JsonNode *node, const char *pointer, JsonObject **object, GError **error);

G_END_DECLS
