/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "catalog/potoo-catalog-class.h"

/* ?1 camera, ?2 ?3 the time. Segments are no longer than two hours. */
#define OVERLAPS                                                                                   \
  " camera = ?1 AND start_us > ?2 - 7200000000 AND start_us < ?3"                                  \
  " AND max (end_us, start_us + 1) > ?2"

static const char raise_sql[] = "UPDATE segments INDEXED BY segments_by_camera SET class = ?4"
                                " WHERE" OVERLAPS " AND class < ?4";

static const char lower_sql[] =
    "UPDATE segments INDEXED BY segments_by_camera SET class = " POTOO_CLASS_SQL (
        "segments.camera",
        "segments.start_us",
        "max (segments.end_us, segments.start_us + 1)") " WHERE" OVERLAPS " AND class = ?4";

static const char find_sql[] = "SELECT 1 FROM segments INDEXED BY segments_by_camera"
                               " WHERE" OVERLAPS " AND state <> 3 LIMIT 1";

void
potoo_protected_init (PotooProtected *self, const char *camera, gint64 start_us, gint64 end_us)
{
  g_strlcpy (self->camera, camera, sizeof self->camera);
  self->start_us = start_us;
  self->end_us = end_us == 0 ? G_MAXINT64 : MAX (end_us, start_us + 1);
}

void
potoo_protected_read (PotooProtected *self, PotooStatement *statement, int column)
{
  PotooRow row = { statement, TRUE };

  potoo_column_text (&row, column, self->camera, sizeof self->camera);
  self->start_us = CLAMP (sqlite3_column_int64 (statement, column + 1), 0, POTOO_TIME_MAX_US);
  self->end_us = MAX (sqlite3_column_int64 (statement, column + 2), self->start_us + 1);
}

int
potoo_protected_find (PotooProtected *self, PotooDb *db, const char *sql, gint64 id, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (db, sql, id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;

  if (result > 0)
    potoo_protected_read (self, statement, 0);
  return result;
}

static int
bind_time (PotooStatement *statement, const char *camera, gint64 start_us, gint64 end_us)
{
  return potoo_statement_bind_text (statement, 1, camera) |
         sqlite3_bind_int64 (statement, 2, start_us) | sqlite3_bind_int64 (statement, 3, end_us);
}

static gboolean
run (PotooDb *db,
     const char *sql,
     const char *camera,
     gint64 start_us,
     gint64 end_us,
     PotooSegmentClass class,
     GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  return statement != NULL &&
         potoo_db_check (db,
                         bind_time (statement, camera, start_us, end_us) |
                             sqlite3_bind_int64 (statement, 4, class),
                         error) &&
         potoo_db_run (db, statement, error);
}

/* What @before had and @now has not: at its start, and at its end. */
static gboolean
lower_rest (PotooDb *db,
            PotooSegmentClass class,
            const PotooProtected *before,
            const PotooProtected *now,
            GError **error)
{
  const char *camera = before->camera;

  if (now == NULL || !g_str_equal (camera, now->camera))
    return run (db, lower_sql, camera, before->start_us, before->end_us, class, error);
  return (before->start_us >= now->start_us ||
          run (db, lower_sql, camera, before->start_us, MIN (before->end_us, now->start_us), class,
               error)) &&
         (before->end_us <= now->end_us ||
          run (db, lower_sql, camera, MAX (before->start_us, now->end_us), before->end_us, class,
               error));
}

gboolean
potoo_catalog_update_class (PotooDb *db,
                            PotooSegmentClass class,
                            const PotooProtected *before,
                            const PotooProtected *now,
                            GError **error)
{
  return (now == NULL ||
          run (db, raise_sql, now->camera, now->start_us, now->end_us, class, error)) &&
         (before == NULL || lower_rest (db, class, before, now, error));
}

int
potoo_protected_drop (PotooDb *db,
                      const char *sql,
                      gint64 id,
                      PotooSegmentClass class,
                      GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare_for (db, sql, id, error);
  int result = statement != NULL ? potoo_db_step (db, statement, error) : -1;
  PotooProtected before;

  if (result <= 0)
    return result;
  potoo_protected_read (&before, statement, 0);
  return potoo_db_run (db, statement, error) &&
                 potoo_catalog_update_class (db, class, &before, NULL, error)
             ? 1
             : -1;
}

int
potoo_catalog_has_segments (PotooDb *db, const PotooProtected *time, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, find_sql, error);

  if (statement == NULL ||
      !potoo_db_check (db, bind_time (statement, time->camera, time->start_us, time->end_us),
                       error))
    return -1;
  return potoo_db_step (db, statement, error);
}
