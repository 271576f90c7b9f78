/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What this run recorded has ids that were reserved by it; what it recorded by the wrong clock
 * starts before the times that the right one gives. Streams take a step up with their next
 * keyframe: half of the step beyond it is still the old time. */

#include "catalog/potoo-catalog-correct.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-event-rows.h"
#include "catalog/potoo-catalog-segment-rows.h"

/* ?1 to ?2: when, ?3: step, ?4: first id, ?5: this boot */
#define OF_THIS_RUN " id >= ?4 AND start_us BETWEEN ?1 AND ?2"
#define GOES_ON "9223372036854775807"

static const char open_sql[] = "SELECT 1 FROM segments WHERE state = 0 AND boot_id = ?5"
                               " AND" OF_THIS_RUN " LIMIT 1";

static const char segments_sql[] =
    "UPDATE segments NOT INDEXED SET start_us = start_us + ?3, end_us = end_us + ?3,"
    " shift_us = shift_us + ?3, clock_offset_us = clock_offset_us - ?3,"
    " class = " POTOO_CLASS_SQL (
        "segments.camera",
        "(segments.start_us + ?3)",
        "(max (segments.end_us, segments.start_us + 1) + ?3)") " WHERE state IN (1, 2) AND boot_id = ?5 AND" OF_THIS_RUN
                                                               " RETURNING " POTOO_SEGMENT_COLUMNS;

/* POTOO_EVENT_COLUMNS, but that RETURNING gives a whole score as an integer (SQLite 3.40). */
static const char events_sql[] =
    "UPDATE events NOT INDEXED SET start_us = start_us + ?3, end_us = end_us + ?3,"
    " keep_start_us = keep_start_us + ?3, keep_end_us = keep_end_us + ?3"
    " WHERE end_us <> " GOES_ON " AND" OF_THIS_RUN
    " RETURNING id, camera, kind, start_us, end_us, keep_start_us, keep_end_us,"
    " CAST (score AS REAL), title, metadata";

static const char skipped_sql[] =
    "DELETE FROM gaps NOT INDEXED WHERE cause = 'clock-step' AND" OF_THIS_RUN
    " RETURNING " POTOO_GAP_COLUMNS;

/* ?1 ?2: stream, ?3: end, ?4: what it is to be */
#define MEET " SET end_us = max (start_us, ?4) WHERE camera = ?1 AND stream = ?2 AND end_us = ?3"
static const char meet_segment_sql[] = "UPDATE segments INDEXED BY segments_by_stream" MEET
                                       " AND start_us BETWEEN ?3 - 7200000000 AND ?3"
                                       " AND state IN (1, 2)";
static const char meet_gap_sql[] = "UPDATE gaps" MEET;

static const char gaps_sql[] = "UPDATE gaps NOT INDEXED SET start_us = start_us + ?3,"
                               " end_us = iif (end_us = " GOES_ON ", end_us, end_us + ?3)"
                               " WHERE" OF_THIS_RUN " RETURNING " POTOO_GAP_COLUMNS;

static const char locks_sql[] =
    "UPDATE locks NOT INDEXED SET start_us = start_us + ?3, end_us = end_us + ?3"
    " WHERE" OF_THIS_RUN " RETURNING " POTOO_LOCK_COLUMNS;

/* What of a stream this run had first. Of cameras that are recorded now and then nobody knows what
 * was wanted before that. */
static const char first_sql[] =
    "SELECT iif (coalesce ((SELECT json_extract (settings, '$.record') FROM cameras"
    " WHERE id = ?1), 'continuous') <> 'continuous', ?5,"
    " (SELECT min (start_us) FROM"
    " (SELECT start_us FROM segments NOT INDEXED WHERE id >= ?3 AND camera = ?1 AND stream = ?2"
    " UNION ALL SELECT start_us FROM gaps NOT INDEXED WHERE id >= ?4 AND camera = ?1 AND stream = ?2"
    ") WHERE start_us >= ?5))";

/* Nothing was recorded on days that there never were. */
static const char days_sql[] = "DELETE FROM recorded_days WHERE bytes = 0 AND recorded_us = 0"
                               " AND day BETWEEN ?1 / 86400000000 AND ?2 / 86400000000";

typedef struct
{
  PotooCorrection c;
  GArray *inherited; /* PotooGap */
  PotooCatalog *catalog;
  GPtrArray *segments, *gaps, *events, *locks; /* as they are now */
  GPtrArray *skipped;                          /* PotooGap: that are none */
} Correct;

static void
forget (Correct *correct)
{
  g_clear_pointer (&correct->segments, g_ptr_array_unref);
  g_clear_pointer (&correct->gaps, g_ptr_array_unref);
  g_clear_pointer (&correct->events, g_ptr_array_unref);
  g_clear_pointer (&correct->locks, g_ptr_array_unref);
  g_clear_pointer (&correct->skipped, g_ptr_array_unref);
}

static void
correct_free (gpointer data)
{
  Correct *correct = data;

  forget (correct);
  g_array_unref (correct->inherited);
  g_free (correct);
}

/* (transfer full): @sql for what has ids of @ids; NULL with @error. */
static PotooStatement *
prepare (Correct *correct, PotooDb *db, const char *sql, PotooIdBlocks *ids, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);
  const PotooCorrection *c = &correct->c;

  if (statement == NULL ||
      !potoo_db_check (db,
                       sqlite3_bind_int64 (statement, 1, c->begun_us) |
                           sqlite3_bind_int64 (statement, 2, c->until_us + c->step_us / 2),
                       error) ||
      (sqlite3_bind_parameter_count (statement) >= 4 &&
       !potoo_db_check (db,
                        sqlite3_bind_int64 (statement, 3, c->step_us) |
                            sqlite3_bind_int64 (statement, 4, potoo_id_blocks_get_first (ids)),
                        error)) ||
      (sqlite3_bind_parameter_count (statement) >= 5 &&
       !potoo_db_check (db, potoo_statement_bind_text (statement, 5, potoo_clock_boot_id ()),
                        error)))
    return NULL;
  return g_steal_pointer (&statement);
}

static gboolean
is_settled (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, open_sql, potoo_catalog_get_segment_ids (correct->catalog), error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  if (result > 0)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                         "What was recorded before the clock was set is still being written");
  return result == 0;
}

/* What has moved keeps no longer what it did. */
static gboolean
move_kept (Correct *correct,
           PotooDb *db,
           PotooSegmentClass class,
           const PotooProtected *now,
           GError **error)
{
  PotooProtected before = *now;

  before.start_us -= correct->c.step_us;
  before.end_us -= correct->c.step_us;
  return potoo_catalog_update_class (db, class, &before, now, error);
}

static gboolean
correct_events (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, events_sql, potoo_catalog_get_event_ids (correct->catalog), error);

  correct->events = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_event_free);
  if (statement == NULL || !potoo_catalog_read_events (db, statement, correct->events, error))
    return FALSE;
  for (guint i = 0; i < correct->events->len; i++)
    {
      const PotooEvent *event = correct->events->pdata[i];
      PotooProtected now;
      potoo_protected_init (&now, event->camera, event->keep_start_us, event->keep_end_us);
      if (!move_kept (correct, db, POTOO_SEGMENT_EVENT, &now, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
correct_locks (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, locks_sql, potoo_catalog_get_lock_ids (correct->catalog), error);

  correct->locks = statement != NULL ? potoo_catalog_read_locks (db, statement, error) : NULL;
  for (guint i = 0; correct->locks != NULL && i < correct->locks->len; i++)
    {
      const PotooLock *lock = correct->locks->pdata[i];
      PotooProtected now;
      potoo_protected_init (&now, lock->camera, lock->start_us, lock->end_us);
      if (!move_kept (correct, db, POTOO_SEGMENT_LOCKED, &now, error))
        return FALSE;
    }
  return correct->locks != NULL;
}

static gboolean
forget_days (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, days_sql, potoo_catalog_get_segment_ids (correct->catalog), error);

  return statement != NULL && potoo_db_run (db, statement, error);
}

static gboolean
correct_segments (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, segments_sql, potoo_catalog_get_segment_ids (correct->catalog), error);

  correct->segments = statement != NULL ? potoo_catalog_read_segments (db, statement, error) : NULL;
  return correct->segments != NULL && forget_days (correct, db, error);
}

/* By the clock of before, @skipped began where a row ended; it is to end where the next one begins:
 * by a little more or less than the step, since a stream sees it in its own time. */
static gboolean
meet (Correct *correct, PotooDb *db, const char *sql, const PotooGap *skipped, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  return statement != NULL &&
         potoo_db_check (
             db,
             potoo_statement_bind_text (statement, 1, skipped->camera) |
                 sqlite3_bind_int64 (statement, 2, skipped->stream) |
                 sqlite3_bind_int64 (statement, 3, skipped->start_us) |
                 sqlite3_bind_int64 (statement, 4, skipped->end_us - correct->c.step_us),
             error) &&
         potoo_db_run (db, statement, error);
}

/* The wall times that the step left out are none any more. */
static gboolean
drop_skipped (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, skipped_sql, potoo_catalog_get_gap_ids (correct->catalog), error);

  correct->skipped = g_ptr_array_new_with_free_func (g_free);
  if (statement == NULL || !potoo_catalog_read_gaps (db, statement, correct->skipped, error))
    return FALSE;
  for (guint i = 0; i < correct->skipped->len; i++)
    {
      const PotooGap *skipped = correct->skipped->pdata[i];
      gint64 off_us = skipped->end_us - skipped->start_us - correct->c.step_us;
      if (ABS (off_us) < POTOO_CLOCK_STEP_US &&
          (!meet (correct, db, meet_segment_sql, skipped, error) ||
           !meet (correct, db, meet_gap_sql, skipped, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
correct_gaps (Correct *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = prepare (
      correct, db, gaps_sql, potoo_catalog_get_gap_ids (correct->catalog), error);

  correct->gaps = g_ptr_array_new_with_free_func (g_free);
  return statement != NULL && potoo_catalog_read_gaps (db, statement, correct->gaps, error);
}

/* --- gaps that were open when the run began --- */

/* 0 when there is nothing yet. */
static gboolean
find_first (Correct *correct, PotooDb *db, const PotooGap *gap, gint64 *start_us, GError **error)
{
  PotooCatalog *catalog = correct->catalog;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, first_sql, error);

  if (statement == NULL ||
      !potoo_db_check (
          db,
          potoo_statement_bind_text (statement, 1, gap->camera) |
              sqlite3_bind_int64 (statement, 2, gap->stream) |
              sqlite3_bind_int64 (
                  statement, 3,
                  potoo_id_blocks_get_first (potoo_catalog_get_segment_ids (catalog))) |
              sqlite3_bind_int64 (statement, 4,
                                  potoo_id_blocks_get_first (potoo_catalog_get_gap_ids (catalog))) |
              sqlite3_bind_int64 (statement, 5, correct->c.begun_us + correct->c.step_us),
          error) ||
      potoo_db_step (db, statement, error) < 0)
    return FALSE;
  *start_us = sqlite3_column_int64 (statement, 0);
  return TRUE;
}

/* Its row, if there is one whose end this run has told: @end_us 0 when it goes on. */
static int
find_end (Correct *correct, PotooDb *db, const PotooGap *gap, gint64 *end_us, GError **error)
{
  const PotooCorrection *c = &correct->c;
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT start_us, end_us FROM gaps WHERE id = ?1", error);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, gap->id), error))
    return -1;
  int result = potoo_db_step (db, statement, error);
  if (result <= 0)
    return result;
  gboolean moved = sqlite3_column_int64 (statement, 0) != gap->start_us;
  *end_us = sqlite3_column_int64 (statement, 1);
  if (*end_us == G_MAXINT64)
    *end_us = 0;
  else if (!moved && *end_us >= c->begun_us && *end_us <= c->until_us + c->step_us / 2)
    *end_us += c->step_us;
  else if (!moved && (*end_us < c->begun_us + c->step_us || *end_us > potoo_clock_wall_us ()))
    return 0; /* by the wrong clock it ended before its start, and nobody knew how long it was */
  return result;
}

/* It began before this run, and ended in it; where the wrong clock had it end before its start, its
 * row tells only how long it was at least, or is gone. */
static gboolean
correct_inherited (Correct *correct, PotooDb *db, const PotooGap *inherited, GError **error)
{
  PotooGap gap = *inherited;
  int known = find_end (correct, db, &gap, &gap.end_us, error);

  if (known < 0 || (known == 0 && !find_first (correct, db, &gap, &gap.end_us, error)))
    return FALSE;
  if (known == 0 && gap.end_us <= gap.start_us)
    return TRUE;
  g_ptr_array_add (correct->gaps, g_memdup2 (&gap, sizeof gap));
  return potoo_catalog_write_gap (db, &gap, error);
}

/* --- all --- */

static gboolean
correct_run (PotooDb *db, gpointer data, GError **error)
{
  Correct *correct = data;

  forget (correct);
  if (!is_settled (correct, db, error) || !drop_skipped (correct, db, error) ||
      !correct_events (correct, db, error) || !correct_locks (correct, db, error) ||
      !correct_segments (correct, db, error) || !correct_gaps (correct, db, error))
    return FALSE;
  for (guint i = 0; i < correct->inherited->len; i++)
    if (!correct_inherited (correct, db, &g_array_index (correct->inherited, PotooGap, i), error))
      return FALSE;
  return TRUE;
}

static void
correct_done (gpointer data, const GError *error)
{
  const Correct *correct = data;
  PotooRowWatch *watch = potoo_catalog_get_row_watch (correct->catalog);

  if (error != NULL)
    return;
  for (guint i = 0; i < correct->segments->len; i++)
    potoo_row_watch_tell_segment (watch, correct->segments->pdata[i]);
  for (guint i = 0; i < correct->skipped->len; i++)
    potoo_row_watch_tell_gap_dropped (watch, ((PotooGap *) correct->skipped->pdata[i])->id);
  for (guint i = 0; i < correct->gaps->len; i++)
    potoo_row_watch_tell_gap (watch, correct->gaps->pdata[i]);
  for (guint i = 0; i < correct->events->len; i++)
    potoo_row_watch_tell_event (watch, correct->events->pdata[i]);
  for (guint i = 0; i < correct->locks->len; i++)
    potoo_row_watch_tell_lock (watch, correct->locks->pdata[i]);
}

void
potoo_catalog_correct_async (PotooCatalog *catalog,
                             const PotooCorrection *correction,
                             GArray *inherited,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (correction->step_us > 0 && correction->until_us >= correction->begun_us);

  Correct *correct = g_new0 (Correct, 1);
  correct->c = *correction;
  correct->inherited = g_array_ref (inherited);
  correct->catalog = catalog;
  potoo_catalog_post_async (
      catalog,
      &(PotooJob){
          .run = correct_run, .done = correct_done, .data = correct, .destroy = correct_free },
      potoo_catalog_correct_async, callback, user_data);
}

gboolean
potoo_catalog_correct_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error)
{
  return potoo_catalog_post_finish (catalog, result, potoo_catalog_correct_async, error);
}
