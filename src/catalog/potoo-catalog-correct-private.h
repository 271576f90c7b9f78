/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-correct.h"
#include "catalog/potoo-catalog-private.h"

G_BEGIN_DECLS

/* A correction under way, in the catalog's thread: what it may do, and what it did. */
typedef struct
{
  PotooCorrection c;
  gint64 *inherited;
  char *texts[3]; /* of the setting */
  PotooCatalog *catalog;
  GPtrArray *segments, *gaps, *events, *locks; /* as they are now */
  GPtrArray *skipped;                          /* PotooGap: that are none */
} PotooCorrect;

/* ?1 to ?2: wall times, ?3: step, ?4 and before ?5: ids, ?6: this boot, ?7: when the clock was set,
 * ?8: wall less monotonic time by the clock before, ?9: key, ?10: its value, ?11: what it becomes
 */
#define POTOO_SQL_BEFORE_STEP                                                                      \
  " id >= ?4 AND boot_id = ?6 AND (mono_us < ?7 - 5000000"                                         \
  " OR (mono_us < ?7 + 5000000 AND abs (start_us - mono_us - ?8) < abs (?3) / 2))"

/* Wall times up to this one may be by the clock of before: streams take a step up late. */
gint64 potoo_correct_get_until_us (const PotooCorrection *correction);

/* (transfer full): @sql, for what has ids from @from on and before @until; NULL with @error. */
PotooStatement *potoo_correct_prepare (PotooCorrect *correct,
                                       PotooDb *db,
                                       const char *sql,
                                       gint64 from,
                                       gint64 until,
                                       GError **error);
PotooStatement *potoo_correct_prepare_segments (PotooCorrect *correct,
                                                PotooDb *db,
                                                const char *sql,
                                                GError **error);
/* What @statement, which may be NULL, finds: @found 0 when nothing. */
gboolean
potoo_correct_look_up (PotooDb *db, PotooStatement *statement, gint64 *found, GError **error);

/* Whether it is still to be done; from now on it is done. */
gboolean potoo_correct_claim (PotooCorrect *correct, PotooDb *db, GError **error);
/* Whether it can be done. */
gboolean potoo_correct_check (PotooCorrect *correct, PotooDb *db, GError **error);
/* Whether what has moved lies over nothing else. */
gboolean potoo_correct_check_overlap (PotooCorrect *correct, PotooDb *db, GError **error);

G_END_DECLS
