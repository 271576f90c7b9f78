/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Small grammars that configuration, API and command line share. Any thread. */

#define POTOO_SLUG_MAX 63

/* A camera id: `[a-z0-9][a-z0-9-]{0,62}`. */
gboolean potoo_slug_is_valid (const char *text);

/* Makes a slug from a name in any language ("Front Door" → "front-door");
 * NULL when nothing of @name can be kept. (transfer full) (nullable) */
char *potoo_slug_from_name (const char *name);

/* `5min`, `2s`, `250ms`, `1h`, `7d`, or a bare number of seconds; one integer
 * and one suffix. FALSE on anything else, also on overflow. */
gboolean potoo_duration_parse (const char *text, gint64 *duration_us);
/* For people: `1 d 2 h`, `3 min`, `0.750 s`; two units tell enough. (transfer full) */
char *potoo_duration_format (gint64 duration_us);

/* `500M`, `20GB` (powers of 1000), `20GiB` (powers of 1024), or a bare number
 * of bytes. FALSE on anything else, also on overflow. */
gboolean potoo_size_parse (const char *text, gint64 *size_bytes);

/* Segment ids are shown as exactly 16 lower-case hexadecimal digits. */
char *potoo_segment_id_format (gint64 id); /* (transfer full) */
gboolean potoo_segment_id_parse (const char *text, gint64 *id);

G_END_DECLS
