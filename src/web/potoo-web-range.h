/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Conditional and range requests of RFC 9110, sections 13 and 14. Pure functions, any thread. */

typedef enum
{
  POTOO_WEB_RANGE_WHOLE,         /* no range, or one that is to be ignored: 200 */
  POTOO_WEB_RANGE_PART,          /* 206 */
  POTOO_WEB_RANGE_UNSATISFIABLE, /* 416 */
} PotooWebRange;

/* @range: (nullable): the Range field. A single byte range inside @size gives @offset and
 * @length; other units, several ranges and malformed ones are ignored. */
PotooWebRange
potoo_web_range_parse (const char *range, guint64 size, guint64 *offset, guint64 *length);

/* TRUE when @list (If-None-Match or If-Match: `*` or entity tags) names @etag. The strong
 * comparison takes weak tags for different. */
gboolean potoo_web_etag_matches (const char *list, const char *etag, gboolean strong);

/* `Sat, 21 Nov 2026 10:15:30 GMT` (RFC 9110, 5.6.7). (transfer full) */
char *potoo_web_http_date (gint64 wall_us);

G_END_DECLS
