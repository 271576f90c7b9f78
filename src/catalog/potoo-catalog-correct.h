/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"

G_BEGIN_DECLS

/* Correcting the times of what was recorded by a wrong clock. */

typedef struct
{
  gint64
      begun_us; /* wall, by the wrong clock: of what this run recorded, what began from here on … */
  gint64 until_us; /* … until the clock was set … */
  gint64 step_us;  /* … forward by so much. More than a few key intervals */
} PotooCorrection;

/* All of this run that @correction tells: segments, gaps, events and locks, with the classes that
 * follow, in one transaction; what goes on is not touched. Files keep their names. @inherited
 * (element-type PotooGap) were open when the run began: they end where it began, corrected as well,
 * also when by the wrong clock that was before their start.
 *
 * POTOO_ERROR_UNAVAILABLE, and nothing is changed, while a segment of before is open. */
void potoo_catalog_correct_async (PotooCatalog *catalog,
                                  const PotooCorrection *correction,
                                  GArray *inherited,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean potoo_catalog_correct_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

G_END_DECLS
