/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Cursors of paged lists: where the last page ended, as base64url (RFC 4648, 5,
 * unpadded) of `KIND:KEY`. Opaque to clients, who give back what they got; anything else
 * is refused. Pure functions, any thread.
 */

#define POTOO_WEB_CURSOR_MAX 160

/* By (start, id): segments and gaps. @kind is one letter. (transfer full) */
char *potoo_web_cursor_from_time (char kind, gint64 start_us, gint64 id);
gboolean potoo_web_cursor_to_time (const char *cursor, char kind, gint64 *start_us, gint64 *id);

/* By slug: cameras. (transfer full) */
char *potoo_web_cursor_from_slug (char kind, const char *slug);
/* (transfer full) (nullable) */
char *potoo_web_cursor_to_slug (const char *cursor, char kind);

G_END_DECLS
