/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "web/potoo-web-request.h"

G_BEGIN_DECLS

/* What lists over time have in common: parameters, ready for the query of the catalog, and pages.
 */

/* Rows of a route's parameter table. */
#define POTOO_WEB_PAGE_PARAMS                                                                      \
  { .name = "start",                                                                               \
    .type = POTOO_WEB_PARAM_TIME,                                                                  \
    .fallback = 0,                                                                                 \
    .summary = "Only what ends after this time" },                                                 \
      { .name = "end",                                                                             \
        .type = POTOO_WEB_PARAM_TIME,                                                              \
        .fallback = G_MAXINT64,                                                                    \
        .summary = "Only what starts before this time" },                                          \
      { .name = "limit",                                                                           \
        .type = POTOO_WEB_PARAM_INTEGER,                                                           \
        .min = 1,                                                                                  \
        .max = 1000,                                                                               \
        .fallback = 100,                                                                           \
        .summary = "At most so many rows" },                                                       \
  {                                                                                                \
    .name = "cursor", .type = POTOO_WEB_PARAM_CURSOR, .summary = "`next` of the page before"       \
  }

/* FALSE when the request is answered: a foreign cursor, or an empty window. `limit` is one more
 * than the page holds, to know whether there is another. */
gboolean
potoo_web_page_get_query (PotooWebRequest *request, char cursor_kind, PotooSegmentQuery *query);

/* Where a row stands in its list. */
typedef struct
{
  gint64 start_us, id;
} PotooWebPlace;

/* (transfer full) */
typedef JsonObject *(*PotooWebRowFunc) (gconstpointer row, PotooWebPlace *place);

/* Answers with the @rows of the @query, but for the one that tells of another page. */
void potoo_web_page_reply (PotooWebRequest *request,
                           char cursor_kind,
                           const PotooSegmentQuery *query,
                           GPtrArray *rows,
                           PotooWebRowFunc describe);

G_END_DECLS
