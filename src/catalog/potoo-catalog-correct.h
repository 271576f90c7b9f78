/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-gaps.h"

G_BEGIN_DECLS

/* Dating anew what was recorded by a wrong clock. */

/* More is refused: all is one transaction, for which other rows wait. */
#define POTOO_CORRECTION_MAX_SEGMENTS 20000

/* Ids of one moment: what is made later has these or later ones. */
typedef struct
{
  gint64 segment, gap, event, lock;
} PotooIdMarks;

void potoo_catalog_get_id_marks (PotooCatalog *catalog, PotooIdMarks *marks);

/* A step of the wall clock: what this boot recorded before it is dated later by that much. */
typedef struct
{
  gint64 mono_us;           /* when the clock was set */
  gint64 before_us;         /* the same by the clock before */
  gint64 step_us;           /* by so much it was set; below 0: back */
  gint64 begun_us;          /* by the clocks before: this boot recorded nothing earlier */
  PotooIdMarks from, until; /* what this boot has, and had by then; of segments from … */
  PotooIdMarks late;        /* … and what it had until the clock was set the next time */
  const gint64 *inherited;  /* gaps that were open when this boot's first run began */
  guint n_inherited;
  gboolean may_overlap; /* also when what is moved then lies over other recordings */
  /* A setting that tells that it is not done, and that it is: it is done once. */
  const char *setting, *value_before, *value_after;
} PotooCorrection;

/* Segments, gaps, events and locks, with the classes that follow, in one transaction; what goes on
 * is not touched. Files keep their names. Inherited gaps end where this boot's recordings begin,
 * corrected as well, also when by the wrong clock that was before their start.
 *
 * Nothing is changed with POTOO_ERROR_UNAVAILABLE, while a segment of before is open;
 * POTOO_ERROR_TOO_LARGE; POTOO_ERROR_CONFLICT when others have the times that it would get, locks
 * were set since on times that were there twice, or the setting is another. */
void potoo_catalog_correct_async (PotooCatalog *catalog,
                                  const PotooCorrection *correction,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean potoo_catalog_correct_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

G_END_DECLS
