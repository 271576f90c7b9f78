/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define POTOO_JSON_MAX_BYTES (64 * 1024)
#define POTOO_JSON_MAX_DEPTH 32

/**
 * potoo_json_parse:
 *
 * Parses hostile JSON. json-glib alone accepts comments and single quotes, wraps
 * integers and overflows its stack on deep nesting, so a strict, non-recursive
 * check comes first: at most POTOO_JSON_MAX_BYTES, depth ≤ POTOO_JSON_MAX_DEPTH,
 * the grammar of RFC 8259, valid UTF-8 (no NUL, no lone surrogate escapes), no
 * duplicate keys in an object, integers within gint64, finite numbers.
 *
 * Errors: POTOO_ERROR_TOO_LARGE or POTOO_ERROR_INVALID_ARGUMENT with line and
 * column in the message and, where it is known, the JSON pointer.
 *
 * Returns: (transfer full): the root node
 */
JsonNode *potoo_json_parse (const char *data, gsize length, GError **error);

/* Appends @token to a JSON pointer, escaping `~` and `/` (RFC 6901).
 * (transfer full) */
char *potoo_json_pointer_append (const char *pointer, const char *token);

/* Compact text of @node; integers and strings exact, other numbers with as few
 * digits as read back the same; null for what is not finite. (transfer full) */
char *potoo_json_to_text (JsonNode *node);

G_END_DECLS
