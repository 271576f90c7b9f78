/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What must be so before recordings are dated anew. In the catalog's thread, in its transaction. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog/potoo-catalog-correct-private.h"
#include "catalog/potoo-catalog-segment-rows.h"

#define LATE_US (10 * POTOO_SECOND_US)

static const char claim_sql[] =
    "UPDATE settings SET value = ?11 WHERE key = ?9 AND value = ?10 RETURNING 1";

static const char open_sql[] =
    "SELECT 1 FROM segments NOT INDEXED WHERE state = 0 AND" POTOO_SQL_BEFORE_STEP " LIMIT 1";

static const char count_sql[] =
    "SELECT count (*) FROM segments NOT INDEXED WHERE" POTOO_SQL_BEFORE_STEP;

static const char late_lock_sql[] =
    "SELECT 1 FROM locks WHERE ?3 < 0 AND id >= ?5 AND start_us < ?2 AND end_us > ?2 + ?3 LIMIT 1";

/* ?1 ?2: stream, ?3 to ?4: times */
static const char others_sql[] =
    "SELECT id FROM segments INDEXED BY segments_by_stream WHERE camera = ?1 AND stream = ?2"
    " AND start_us BETWEEN ?3 - 7200000000 AND ?4 - 500000 AND end_us > ?3 + 500000 AND state <> 3";

gint64
potoo_correct_get_until_us (const PotooCorrection *c)
{
  return c->before_us + MAX (ABS (c->step_us) / 2, LATE_US);
}

PotooStatement *
potoo_correct_prepare (PotooCorrect *correct,
                       PotooDb *db,
                       const char *sql,
                       gint64 from,
                       gint64 until,
                       GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);
  const PotooCorrection *c = &correct->c;
  const gint64 numbers[] = { c->begun_us, potoo_correct_get_until_us (c),
                             c->step_us,  from,
                             until,       0,
                             c->mono_us,  c->before_us - c->mono_us };
  int n = statement != NULL ? sqlite3_bind_parameter_count (statement) : 0;
  int failed = SQLITE_OK;

  for (int i = 1; i <= n; i++)
    failed |= i == 6   ? potoo_statement_bind_text (statement, i, potoo_clock_boot_id ())
              : i <= 8 ? sqlite3_bind_int64 (statement, i, numbers[i - 1])
                       : potoo_statement_bind_text (statement, i, correct->texts[i - 9]);
  if (statement == NULL || !potoo_db_check (db, failed, error))
    return NULL;
  return g_steal_pointer (&statement);
}

PotooStatement *
potoo_correct_prepare_segments (PotooCorrect *correct, PotooDb *db, const char *sql, GError **error)
{
  return potoo_correct_prepare (correct, db, sql, correct->c.from.segment, 0, error);
}

gboolean
potoo_correct_look_up (PotooDb *db, PotooStatement *statement, gint64 *found, GError **error)
{
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  *found = result > 0 ? sqlite3_column_int64 (statement, 0) : 0;
  return result >= 0;
}

gboolean
potoo_correct_claim (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_correct_prepare_segments (correct, db, claim_sql, error);
  gint64 claimed;

  if (!potoo_correct_look_up (db, statement, &claimed, error))
    return FALSE;
  if (claimed == 0)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                         _ ("The clock was set, or recordings were dated anew, meanwhile; look "
                            "again"));
  return claimed != 0;
}

static gboolean
check_segments (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) open = potoo_correct_prepare_segments (correct, db, open_sql, error);
  g_autoptr (PotooStatement)
      count = open != NULL ? potoo_correct_prepare_segments (correct, db, count_sql, error) : NULL;
  gint64 is_open, n;

  if (!potoo_correct_look_up (db, open, &is_open, error) ||
      !potoo_correct_look_up (db, count, &n, error))
    return FALSE;
  if (is_open)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                         _ ("What was recorded before the clock was set is still being written; "
                            "try again later"));
  else if (n > POTOO_CORRECTION_MAX_SEGMENTS)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE,
                 _ ("There are %lld segments from before the clock was set, more than the %d that "
                    "can be dated anew at once; they keep their times"),
                 (long long) n, POTOO_CORRECTION_MAX_SEGMENTS);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_locks (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_correct_prepare (correct, db, late_lock_sql, 0,
                                                                correct->c.until.lock, error);
  gint64 found;

  if (!potoo_correct_look_up (db, statement, &found, error))
    return FALSE;
  if (found)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                         _ ("A lock was added after the clock was set back, on times that were "
                            "there twice: remove it, and add it again when all is dated anew"));
  return !found;
}

gboolean
potoo_correct_check (PotooCorrect *correct, PotooDb *db, GError **error)
{
  return check_segments (correct, db, error) && check_locks (correct, db, error);
}

/* Nothing but what has moved as well lies where @moved lies now. */
static gboolean
check_others (PotooDb *db, const PotooSegment *moved, GHashTable *ids, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, others_sql, error);
  int result;

  if (statement == NULL ||
      !potoo_db_check (db,
                       potoo_statement_bind_text (statement, 1, moved->camera) |
                           sqlite3_bind_int64 (statement, 2, moved->stream) |
                           sqlite3_bind_int64 (statement, 3, moved->start_us) |
                           sqlite3_bind_int64 (statement, 4, moved->end_us),
                       error))
    return FALSE;
  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      const gint64 other = sqlite3_column_int64 (statement, 0);
      g_autofree char *time = potoo_time_format (moved->start_us);
      if (g_hash_table_contains (ids, &other))
        continue;
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                   _ ("Camera %s has other recordings at %s, where these would come to lie; "
                      "nothing was changed"),
                   moved->camera, time);
      return FALSE;
    }
  return result == 0;
}

gboolean
potoo_correct_check_overlap (PotooCorrect *correct, PotooDb *db, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_int64_hash, g_int64_equal);

  if (correct->c.may_overlap)
    return TRUE;
  for (guint i = 0; i < correct->segments->len; i++)
    g_hash_table_add (ids, &((PotooSegment *) correct->segments->pdata[i])->id);
  for (guint i = 0; i < correct->segments->len; i++)
    if (!check_others (db, correct->segments->pdata[i], ids, error))
      return FALSE;
  return TRUE;
}
