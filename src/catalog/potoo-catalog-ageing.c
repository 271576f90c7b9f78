/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One job drops a batch of each table and posts the next one when there was that much, without
 * haste: jobs that nobody waits for linger. Camera by camera, since both limits are of one. */

#include "catalog/potoo-catalog-ageing.h"

#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog-class.h"
#include "catalog/potoo-catalog-private.h"

const PotooAgeingLimits potoo_ageing_limits = {
  .max_age_us = POTOO_AGEING_MAX_US,
  .max_rows = POTOO_AGEING_MAX_ROWS,
  .batch = POTOO_AGEING_BATCH,
};

/* Each camera is found by a look-up of its own, however many rows it has. */
#define LIST_CAMERAS(table)                                                                        \
  "WITH RECURSIVE c (camera) AS (SELECT min (camera) FROM " table                                  \
  " UNION ALL SELECT (SELECT min (camera) FROM " table                                             \
  " WHERE camera > c.camera) FROM c WHERE c.camera IS NOT NULL)"                                   \
  " SELECT camera FROM c WHERE camera IS NOT NULL"
/* The newest one that is too many. */
#define FIND_EXCESS(table)                                                                         \
  "SELECT start_us FROM " table " WHERE camera = ?1 ORDER BY start_us DESC LIMIT 1 OFFSET ?2"
/* ?2: too old is what has ended by then; ?3: too many are those that start no later. */
#define DROP(table, end, columns)                                                                  \
  "DELETE FROM " table " WHERE id IN (SELECT id FROM " table " WHERE camera = ?1"                  \
  " AND start_us < max (?2, ?3 + 1) AND end_us < 9223372036854775807"                              \
  " AND (" end " <= ?2 OR start_us <= ?3) ORDER BY start_us LIMIT ?4) RETURNING id" columns

typedef struct
{
  const char *name, *list_cameras, *find_excess, *drop;
} Table;

typedef enum
{
  EVENTS,
  GAPS,
  N_TABLES,
} TableIndex;

static const Table tables[N_TABLES] = {
  [EVENTS] = { "events", LIST_CAMERAS ("events"), FIND_EXCESS ("events"),
               DROP ("events", "keep_end_us", ", camera, keep_start_us, keep_end_us") },
  [GAPS] = { "gaps", LIST_CAMERAS ("gaps"), FIND_EXCESS ("gaps"), DROP ("gaps", "end_us", "") },
};

struct _PotooCatalogAgeing
{
  gatomicrefcount ref_count;
  PotooCatalog *catalog; /* not owned: no job runs when it is closed */
  PotooAgeingLimits limits;
  PotooMetric *dropped[N_TABLES];
};

typedef struct
{
  PotooCatalogAgeing *ageing;
  gint64 now_us;
  GArray *ids[N_TABLES]; /* gint64: of what was dropped */
} Ageing;

PotooCatalogAgeing *
potoo_catalog_ageing_new (PotooCatalog *catalog, const PotooAgeingLimits *limits)
{
  PotooCatalogAgeing *self = g_new0 (PotooCatalogAgeing, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->catalog = catalog;
  self->limits = *limits;
  for (guint i = 0; i < N_TABLES; i++)
    self->dropped[i] = potoo_metric_new_counter (
        "potoo_catalog_aged_rows_total", "Rows dropped because they were too old or too many",
        "table", tables[i].name, NULL);
  return self;
}

void
potoo_catalog_ageing_free (PotooCatalogAgeing *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < N_TABLES; i++)
    potoo_metric_unref (self->dropped[i]);
  g_free (self);
}

/* --- the job: the catalog's thread --- */

/* (transfer full) (nullable) */
static GPtrArray *
list_cameras (PotooDb *db, const Table *table, GError **error)
{
  g_autoptr (GPtrArray) cameras = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, table->list_cameras, error);
  int result = -1;

  while (statement != NULL && (result = potoo_db_step (db, statement, error)) > 0)
    g_ptr_array_add (cameras, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  return result == 0 ? g_steal_pointer (&cameras) : NULL;
}

/* The time that @sql finds for @camera; @value stays as it is when there is none. */
static gboolean
find_time (PotooDb *db,
           const char *sql,
           const char *camera,
           gint64 offset,
           gint64 *value,
           GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  if (statement == NULL || !potoo_db_check (db,
                                            potoo_statement_bind_text (statement, 1, camera) |
                                                sqlite3_bind_int64 (statement, 2, offset),
                                            error))
    return FALSE;
  int result = potoo_db_step (db, statement, error);
  if (result > 0)
    *value = sqlite3_column_int64 (statement, 0);
  return result >= 0;
}

static int
bind_drop (PotooStatement *statement,
           const char *camera,
           gint64 before_us,
           gint64 excess_us,
           gint64 limit)
{
  return potoo_statement_bind_text (statement, 1, camera) |
         sqlite3_bind_int64 (statement, 2, before_us) |
         sqlite3_bind_int64 (statement, 3, excess_us) | sqlite3_bind_int64 (statement, 4, limit);
}

/* What an event kept is looked at when all of them are gone. */
static gboolean
drop_rows (PotooDb *db,
           Ageing *ageing,
           TableIndex table,
           const char *camera,
           gint64 before_us,
           gint64 excess_us,
           GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, tables[table].drop, error);
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (PotooProtected));
  GArray *ids = ageing->ids[table];
  gint64 limit = ageing->ageing->limits.batch - ids->len;
  int result = -1;

  if (statement == NULL ||
      !potoo_db_check (db, bind_drop (statement, camera, before_us, excess_us, limit), error))
    return FALSE;
  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      gint64 id = sqlite3_column_int64 (statement, 0);
      PotooProtected time;
      g_array_append_val (ids, id);
      if (table == EVENTS)
        potoo_protected_read (&time, statement, 1);
      if (table == EVENTS)
        g_array_append_val (kept, time);
    }
  for (guint i = 0; result == 0 && i < kept->len; i++)
    if (!potoo_catalog_update_class (db, POTOO_SEGMENT_EVENT,
                                     &g_array_index (kept, PotooProtected, i), NULL, error))
      return FALSE;
  return result == 0;
}

static gboolean
age_camera (PotooDb *db, Ageing *ageing, TableIndex table, const char *camera, GError **error)
{
  static const char find_oldest[] = "SELECT start_us FROM segments WHERE camera = ?1"
                                    " ORDER BY start_us LIMIT 1 OFFSET ?2";
  const PotooAgeingLimits *limits = &ageing->ageing->limits;
  gint64 before_us = ageing->now_us - limits->max_age_us, oldest_us = before_us, excess_us = -1;

  return find_time (db, find_oldest, camera, 0, &oldest_us, error) &&
         find_time (db, tables[table].find_excess, camera, limits->max_rows, &excess_us, error) &&
         drop_rows (db, ageing, table, camera, MIN (before_us, oldest_us), excess_us, error);
}

static gboolean
age_run (PotooDb *db, gpointer data, GError **error)
{
  Ageing *ageing = data;

  for (TableIndex table = 0; table < N_TABLES; table++)
    {
      g_autoptr (GPtrArray) cameras = list_cameras (db, &tables[table], error);
      if (cameras == NULL)
        return FALSE;
      g_array_set_size (ageing->ids[table], 0);
      for (guint i = 0; i < cameras->len; i++)
        if (!age_camera (db, ageing, table, cameras->pdata[i], error))
          return FALSE;
    }
  return TRUE;
}

static void
tell_dropped (Ageing *ageing)
{
  PotooRowWatch *watch = potoo_catalog_get_row_watch (ageing->ageing->catalog);

  for (guint i = 0; i < ageing->ids[EVENTS]->len; i++)
    potoo_row_watch_tell_event_dropped (watch, g_array_index (ageing->ids[EVENTS], gint64, i));
  for (guint i = 0; i < ageing->ids[GAPS]->len; i++)
    potoo_row_watch_tell_gap_dropped (watch, g_array_index (ageing->ids[GAPS], gint64, i));
}

static void
age_done (gpointer data, const GError *error)
{
  Ageing *ageing = data;
  gboolean more = FALSE;

  if (error != NULL)
    return;
  tell_dropped (ageing);
  for (guint i = 0; i < N_TABLES; i++)
    {
      potoo_metric_add (ageing->ageing->dropped[i], ageing->ids[i]->len);
      more |= ageing->ids[i]->len >= ageing->ageing->limits.batch;
    }
  if (more)
    potoo_catalog_ageing_run (ageing->ageing, ageing->now_us);
}

static void
ageing_free (gpointer data)
{
  Ageing *ageing = data;

  for (guint i = 0; i < N_TABLES; i++)
    g_array_unref (ageing->ids[i]);
  potoo_catalog_ageing_free (ageing->ageing);
  g_free (ageing);
}

void
potoo_catalog_ageing_run (PotooCatalogAgeing *self, gint64 now_us)
{
  Ageing *ageing = g_new0 (Ageing, 1);

  g_atomic_ref_count_inc (&self->ref_count);
  ageing->ageing = self;
  ageing->now_us = now_us;
  for (guint i = 0; i < N_TABLES; i++)
    ageing->ids[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  /* Refused when the catalog is closed, or has too much to do: it comes again. */
  potoo_catalog_writer_post (
      potoo_catalog_get_writer (self->catalog),
      &(PotooJob){ .run = age_run, .done = age_done, .data = ageing, .destroy = ageing_free },
      NULL);
}
