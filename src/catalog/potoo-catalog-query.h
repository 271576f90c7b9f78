/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* What the lists of segments and gaps share: paging by (start_us, id) through
 * the rows that overlap a window. */

/* Binds ?1 camera (when it is given), ?2 ?3 the cursor that stands for @query->after_… or for
 * @back_us before the window, whichever is later, ?4 ?5 the window, ?6 the limit. */
gboolean potoo_catalog_bind_query (PotooDb *db,
                                   PotooStatement *statement,
                                   const PotooSegmentQuery *query,
                                   gint64 back_us,
                                   guint limit,
                                   GError **error);

/* @query->limit within its bound; 0 for an empty window. */
guint potoo_catalog_query_limit (const PotooSegmentQuery *query);

G_END_DECLS
