/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reading the tables `segment_totals` and `recorded_days`. They are written by triggers, which
 * stand with the reasons for them in migrations/002.sql. */

#include "catalog/potoo-catalog-totals.h"

#include "catalog/potoo-catalog-ageing.h"
#include "catalog/potoo-catalog-private.h"

/* A segment's own classes, and that of those that are being deleted. */
#define CLASS_DELETING POTOO_SEGMENT_N_CLASSES

gint64
potoo_totals_get_kept_bytes (const PotooTotals *totals)
{
  gint64 bytes = 0;

  for (guint i = 0; i < POTOO_SEGMENT_N_CLASSES; i++)
    bytes += totals->kept[i].bytes;
  return bytes;
}

gint64
potoo_totals_get_used_bytes (const PotooTotals *totals)
{
  return potoo_totals_get_kept_bytes (totals) + totals->deleting.bytes;
}

static void
add_total (PotooTotal *total, const PotooTotal *more)
{
  total->segments += more->segments;
  total->bytes += more->bytes;
}

void
potoo_totals_add (PotooTotals *totals, const PotooTotals *more)
{
  for (guint i = 0; i < POTOO_SEGMENT_N_CLASSES; i++)
    add_total (&totals->kept[i], &more->kept[i]);
  add_total (&totals->deleting, &more->deleting);
}

/* Sums of sums stay far from overflowing: these are more bytes than there are disks for. */
#define MAX_BYTES (G_MAXINT64 / (1 << 20))

/* Adds one row to the entry of its stream, which is the last one if there is one. */
static gboolean
read_row (PotooDb *db, PotooStatement *statement, GArray *list, GError **error)
{
  PotooRow row = { statement, TRUE };
  PotooStreamTotals entry = { 0 };

  entry.root = potoo_column_int64 (&row, 0, 1, G_MAXINT64);
  potoo_column_text (&row, 1, entry.camera, sizeof entry.camera);
  entry.stream = (PotooStreamKind) potoo_column_int64 (&row, 2, POTOO_STREAM_MAIN,
                                                       POTOO_STREAM_SUB);
  gint64 class = potoo_column_int64 (&row, 3, POTOO_SEGMENT_CONTINUOUS, CLASS_DELETING);
  PotooTotal *total = class == CLASS_DELETING ? &entry.totals.deleting : &entry.totals.kept[class];
  total->segments = potoo_column_int64 (&row, 4, 0, G_MAXINT32);
  total->bytes = potoo_column_int64 (&row, 5, 0, MAX_BYTES);
  row.valid = row.valid && potoo_slug_is_valid (entry.camera);
  if (!potoo_row_check (db, &row, "segment_totals", entry.root, error))
    return FALSE;

  PotooStreamTotals *last = list->len > 0 ? &g_array_index (list, PotooStreamTotals, list->len - 1)
                                          : NULL;
  if (last != NULL && last->root == entry.root && last->stream == entry.stream &&
      g_str_equal (last->camera, entry.camera))
    potoo_totals_add (&last->totals, &entry.totals);
  else
    g_array_append_val (list, entry);
  return TRUE;
}

#define SELECT                                                                                     \
  "SELECT root, camera, stream, class, segments, bytes FROM segment_totals"                        \
  " WHERE root IN (SELECT id FROM storage_roots WHERE ?1 = 0 OR id = ?1)"
#define ORDER " AND segments <> 0 ORDER BY root, camera, stream, class"

GArray *
potoo_catalog_reader_list_totals (PotooCatalogReader *reader,
                                  gint64 root,
                                  const char *camera,
                                  GError **error)
{
  g_return_val_if_fail (reader != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  const char *sql = camera != NULL ? SELECT " AND camera = ?2" ORDER : SELECT ORDER;
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (PotooStreamTotals));
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);
  int result;

  if (statement == NULL || !potoo_db_check (db, sqlite3_bind_int64 (statement, 1, root), error) ||
      (camera != NULL &&
       !potoo_db_check (db, potoo_statement_bind_text (statement, 2, camera), error)))
    return NULL;
  while ((result = potoo_db_step (db, statement, error)) > 0)
    if (!read_row (db, statement, list, error))
      return NULL;
  return result == 0 ? g_steal_pointer (&list) : NULL;
}

gboolean
potoo_catalog_reader_get_totals (PotooCatalogReader *reader,
                                 gint64 root,
                                 const char *camera,
                                 PotooTotals *totals,
                                 GError **error)
{
  g_autoptr (GArray) list = potoo_catalog_reader_list_totals (reader, root, camera, error);

  *totals = (PotooTotals){ 0 };
  for (guint i = 0; list != NULL && i < list->len; i++)
    potoo_totals_add (totals, &g_array_index (list, PotooStreamTotals, i).totals);
  return list != NULL;
}

GArray *
potoo_catalog_reader_list_recorded_days (PotooCatalogReader *reader,
                                         const char *camera,
                                         gint64 first_day,
                                         GError **error)
{
  g_return_val_if_fail (reader != NULL && camera != NULL, NULL);

  PotooDb *db = potoo_catalog_reader_get_db (reader);
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (PotooRecordedDay));
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db,
                                    "SELECT day, bytes, recorded_us FROM recorded_days"
                                    " WHERE camera = ?1 AND day >= ?2 ORDER BY day LIMIT ?3",
                                    error);
  int result;

  if (statement == NULL ||
      !potoo_db_check (db,
                       potoo_statement_bind_text (statement, 1, camera) |
                           sqlite3_bind_int64 (statement, 2, first_day) |
                           sqlite3_bind_int (statement, 3, POTOO_RECORDED_DAYS_MAX),
                       error))
    return NULL;
  while ((result = potoo_db_step (db, statement, error)) > 0)
    {
      PotooRow row = { statement, TRUE };
      PotooRecordedDay day;
      day.day = potoo_column_int64 (&row, 0, 0, G_MAXINT32);
      day.bytes = potoo_column_int64 (&row, 1, 0, MAX_BYTES);
      day.recorded_us = potoo_column_int64 (&row, 2, 0, MAX_BYTES);
      if (!potoo_row_check (db, &row, "recorded_days", day.day, error))
        return NULL;
      g_array_append_val (list, day);
    }
  return result == 0 ? g_steal_pointer (&list) : NULL;
}

/* --- what is known no more --- */

/* The time that @sql finds for @camera; @value stays as it is when there is none. */
static gboolean
find_time (PotooDb *db, const char *sql, const char *camera, gint64 *value, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, sql, error);

  if (statement == NULL ||
      !potoo_db_check (db, potoo_statement_bind_text (statement, 1, camera), error))
    return FALSE;
  int result = potoo_db_step (db, statement, error);
  if (result > 0)
    *value = sqlite3_column_int64 (statement, 0);
  return result >= 0;
}

gboolean
potoo_catalog_reader_find_aged_gaps (PotooCatalogReader *reader,
                                     const char *camera,
                                     gint64 start_us,
                                     gint64 now_us,
                                     gint64 *since_us,
                                     GError **error)
{
  PotooDb *db = potoo_catalog_reader_get_db (reader);
  gint64 before_us = now_us - POTOO_AGEING_MAX_US, oldest_us = before_us;
  gint64 first_us = 0, excess_us = 0;

  if (!find_time (db, "SELECT start_us FROM segments WHERE camera = ?1 ORDER BY start_us LIMIT 1",
                  camera, &oldest_us, error) ||
      !find_time (db, "SELECT start_us FROM gaps WHERE camera = ?1 ORDER BY start_us LIMIT 1",
                  camera, &first_us, error))
    return FALSE;
  /* Only then it matters whether there were more: they are counted. */
  if (start_us < first_us &&
      !find_time (db,
                  "SELECT start_us FROM gaps WHERE camera = ?1 ORDER BY start_us DESC"
                  " LIMIT 1 OFFSET " G_STRINGIFY (POTOO_AGEING_MAX_ROWS) " - 1",
                  camera, &excess_us, error))
    return FALSE;
  *since_us = MAX (MIN (before_us, oldest_us), excess_us);
  if (*since_us <= start_us)
    *since_us = 0;
  return TRUE;
}
