/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What this boot recorded of segments its id tells, and by which clock its monotonic time does.
 * Streams take a step up with their next keyframe, so that a segment that began about then is told
 * by how its two times lie to each other. What has no monotonic time is told by its id and by its
 * wall time: half of the step beyond it is still the old time. */

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-correct-private.h"
#include "catalog/potoo-catalog-event-rows.h"
#include "catalog/potoo-catalog-segment-rows.h"

/* A step forward by more is beyond all that streams are late by: wall times tell what was before.
 */
#define LONG_STEP_US (60 * POTOO_SECOND_US)

/* Parameters: see the private header. */
#define OF_THIS_BOOT " id >= ?4 AND id < ?5 AND start_us BETWEEN ?1 AND ?2"
#define GOES_ON "9223372036854775807"

/* By the clock of before a segment ends where, by the next one, another begins, when there is no
 * gap: by a little more or less than the step, since a stream sees it in its own time. */
static const char meet_sql[] =
    "UPDATE segments AS o SET end_us = max (o.start_us, n.start_us - ?3)"
    " FROM segments AS n INDEXED BY segments_by_stream"
    " WHERE o.id IN (SELECT id FROM segments NOT INDEXED WHERE state IN (1, 2)"
    " AND" POTOO_SQL_BEFORE_STEP ") AND n.camera = o.camera AND n.stream = o.stream"
    " AND n.start_us BETWEEN o.end_us + ?3 - 499999 AND o.end_us + ?3 + 499999"
    " AND n.id > o.id AND n.boot_id = ?6 AND n.mono_us > o.mono_us AND n.mono_us >= ?7 - 5000000"
    " AND NOT EXISTS (SELECT 1 FROM gaps WHERE camera = o.camera AND stream = o.stream"
    " AND start_us = o.end_us)";

#define CLASS_THEN                                                                                 \
  POTOO_CLASS_SQL ("segments.camera", "(segments.start_us + ?3)",                                  \
                   "(max (segments.end_us, segments.start_us + 1) + ?3)")
static const char segments_sql[] =
    "UPDATE segments NOT INDEXED SET start_us = start_us + ?3, end_us = end_us + ?3,"
    " shift_us = shift_us + ?3, clock_offset_us = clock_offset_us - ?3, class = " CLASS_THEN
    " WHERE state IN (1, 2) AND" POTOO_SQL_BEFORE_STEP " RETURNING " POTOO_SEGMENT_COLUMNS;

/* POTOO_EVENT_COLUMNS, but that RETURNING gives a whole score as an integer (SQLite 3.40). */
static const char events_sql[] =
    "UPDATE events NOT INDEXED SET start_us = start_us + ?3, end_us = end_us + ?3,"
    " keep_start_us = keep_start_us + ?3, keep_end_us = keep_end_us + ?3"
    " WHERE end_us <> " GOES_ON " AND" OF_THIS_BOOT
    " RETURNING id, camera, kind, start_us, end_us, keep_start_us, keep_end_us,"
    " CAST (score AS REAL), title, metadata";

static const char skipped_sql[] =
    "DELETE FROM gaps NOT INDEXED WHERE cause = 'clock-step' AND id >= ?4"
    " AND start_us BETWEEN ?7 + ?8 - 10000000 AND ?2 AND abs (end_us - start_us - ?3) < 500000"
    " RETURNING " POTOO_GAP_COLUMNS;

/* ?1 ?2: stream, ?3: end, ?4: what it is to be */
static const char meet_gap_sql[] =
    "UPDATE gaps SET end_us = max (start_us, ?4) WHERE camera = ?1 AND stream = ?2 AND end_us = ?3";

static const char gaps_sql[] = "UPDATE gaps NOT INDEXED SET start_us = start_us + ?3,"
                               " end_us = iif (end_us = " GOES_ON ", end_us, end_us + ?3)"
                               " WHERE" OF_THIS_BOOT " RETURNING " POTOO_GAP_COLUMNS;

static const char locks_sql[] =
    "UPDATE locks NOT INDEXED SET start_us = start_us + ?3, end_us = end_us + ?3"
    " WHERE" OF_THIS_BOOT " RETURNING " POTOO_LOCK_COLUMNS;

/* What of a stream this boot had first. Of cameras that are recorded now and then nobody knows what
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

static void
forget (PotooCorrect *correct)
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
  PotooCorrect *correct = data;

  forget (correct);
  for (guint i = 0; i < G_N_ELEMENTS (correct->texts); i++)
    g_free (correct->texts[i]);
  g_free (correct->inherited);
  g_free (correct);
}

/* Wall times are there once when the clock was set forward by much: what was made later, for a
 * time of before, belongs to it. */
static const PotooIdMarks *
get_until (PotooCorrect *correct)
{
  return correct->c.step_us >= LONG_STEP_US ? &correct->c.late : &correct->c.until;
}

/* What has moved keeps no longer what it did. */
static gboolean
move_kept (PotooCorrect *correct,
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
correct_events (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_correct_prepare (
      correct, db, events_sql, correct->c.from.event, get_until (correct)->event, error);

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
correct_locks (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_correct_prepare (
      correct, db, locks_sql, correct->c.from.lock, get_until (correct)->lock, error);

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
forget_days (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_correct_prepare_segments (correct, db, days_sql, error);

  return statement != NULL && potoo_db_run (db, statement, error);
}

static gboolean
correct_segments (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_correct_prepare_segments (correct, db, segments_sql, error);

  correct->segments = statement != NULL ? potoo_catalog_read_segments (db, statement, error) : NULL;
  return correct->segments != NULL && forget_days (correct, db, error);
}

/* By the clock of before, a gap ends where @skipped begins; it is to end where that ends. */
static gboolean
meet_gap (PotooCorrect *correct, PotooDb *db, const PotooGap *skipped, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, meet_gap_sql, error);

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

static gboolean
meet_segments (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_correct_prepare_segments (correct, db, meet_sql, error);

  return statement != NULL && potoo_db_run (db, statement, error);
}

/* The wall times that the step left out are none any more. */
static gboolean
drop_skipped (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_correct_prepare (correct, db, skipped_sql, correct->c.from.gap, 0, error);

  correct->skipped = g_ptr_array_new_with_free_func (g_free);
  if (statement == NULL || !potoo_catalog_read_gaps (db, statement, correct->skipped, error))
    return FALSE;
  for (guint i = 0; i < correct->skipped->len; i++)
    if (!meet_gap (correct, db, correct->skipped->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
correct_gaps (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_correct_prepare (
      correct, db, gaps_sql, correct->c.from.gap, get_until (correct)->gap, error);

  correct->gaps = g_ptr_array_new_with_free_func (g_free);
  return statement != NULL && potoo_catalog_read_gaps (db, statement, correct->gaps, error);
}

/* --- gaps that were open when the boot's first run began --- */

/* Where this boot's recordings, and gaps, of the stream of @gap begin; 0: there are none. */
static gboolean
find_first (PotooCorrect *correct,
            PotooDb *db,
            const PotooGap *gap,
            gint64 *start_us,
            GError **error)
{
  const PotooCorrection *c = &correct->c;
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, first_sql, error);

  return statement != NULL &&
         potoo_db_check (db,
                         potoo_statement_bind_text (statement, 1, gap->camera) |
                             sqlite3_bind_int64 (statement, 2, gap->stream) |
                             sqlite3_bind_int64 (statement, 3, c->from.segment) |
                             sqlite3_bind_int64 (statement, 4, c->from.gap) |
                             sqlite3_bind_int64 (statement, 5, c->begun_us + c->step_us),
                         error) &&
         potoo_correct_look_up (db, statement, start_us, error);
}

/* Ended by the clock of before, it ends that much later. Otherwise, if that end was before its
 * start, it tells only how long it was at least. */
static gboolean
correct_end (PotooCorrect *correct, PotooDb *db, PotooGap *gap, GError **error)
{
  const PotooCorrection *c = &correct->c;
  gint64 first_us;

  if (gap->end_us >= c->begun_us && gap->end_us <= potoo_correct_get_until_us (c))
    gap->end_us += c->step_us;
  else if (gap->end_us < c->begun_us + c->step_us || gap->end_us > potoo_clock_wall_us ())
    {
      if (!find_first (correct, db, gap, &first_us, error))
        return FALSE;
      gap->end_us = first_us > gap->start_us ? first_us : gap->end_us;
    }
  return TRUE;
}

static gboolean
correct_inherited (PotooCorrect *correct, PotooDb *db, gint64 id, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (
      db, "SELECT " POTOO_GAP_COLUMNS " FROM gaps WHERE id = ?1", error);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, id), error) ||
      !potoo_catalog_read_gaps (db, statement, list, error))
    return FALSE;
  PotooGap *gap = list->len > 0 ? list->pdata[0] : NULL;
  if (gap == NULL || gap->end_us == 0)
    return TRUE;
  if (!correct_end (correct, db, gap, error))
    return FALSE;
  gap->end_us = MAX (gap->end_us, gap->start_us);
  g_ptr_array_add (correct->gaps, g_memdup2 (gap, sizeof *gap));
  return potoo_catalog_write_gap (db, gap, error);
}

/* --- all --- */

static gboolean
correct_run (PotooDb *db, gpointer data, GError **error)
{
  PotooCorrect *correct = data;

  forget (correct);
  if (!potoo_correct_claim (correct, db, error) || !potoo_correct_check (correct, db, error) ||
      !drop_skipped (correct, db, error) || !meet_segments (correct, db, error) ||
      !correct_events (correct, db, error) || !correct_locks (correct, db, error) ||
      !correct_segments (correct, db, error) || !potoo_correct_check_overlap (correct, db, error) ||
      !correct_gaps (correct, db, error))
    return FALSE;
  for (guint i = 0; i < correct->c.n_inherited; i++)
    if (!correct_inherited (correct, db, correct->inherited[i], error))
      return FALSE;
  return TRUE;
}

static void
correct_done (gpointer data, const GError *error)
{
  const PotooCorrect *correct = data;
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
potoo_catalog_get_id_marks (PotooCatalog *catalog, PotooIdMarks *marks)
{
  marks->segment = potoo_id_blocks_get_next (potoo_catalog_get_segment_ids (catalog));
  marks->gap = potoo_id_blocks_get_next (potoo_catalog_get_gap_ids (catalog));
  marks->event = potoo_id_blocks_get_next (potoo_catalog_get_event_ids (catalog));
  marks->lock = potoo_id_blocks_get_next (potoo_catalog_get_lock_ids (catalog));
}

void
potoo_catalog_correct_async (PotooCatalog *catalog,
                             const PotooCorrection *correction,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CATALOG (catalog));
  g_return_if_fail (ABS (correction->step_us) >= POTOO_CLOCK_STEP_US);

  PotooCorrect *correct = g_new0 (PotooCorrect, 1);
  correct->c = *correction;
  correct->inherited = g_memdup2 (correction->inherited,
                                  correction->n_inherited * sizeof *correction->inherited);
  correct->texts[0] = g_strdup (correction->setting);
  correct->texts[1] = g_strdup (correction->value_before);
  correct->texts[2] = g_strdup (correction->value_after);
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
