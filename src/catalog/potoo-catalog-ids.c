/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two blocks at most: the one that ids are taken from and the spare one behind
 * it. A lock protects both; it is held for a few instructions only. */

#include "catalog/potoo-catalog-ids.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

/* More blocks in a row than this are not searched for a free one. */
#define MAX_SKIPPED_BLOCKS 100000
/* No id that was ever given out is further away from those known to be; and if names of files
 * pretended it a thousand times, there would still be more ids left than anyone can use. */
#define MAX_LEAP (G_GINT64_CONSTANT (1) << 48)

typedef struct
{
  gint64 next, end; /* half-open */
} IdRange;

struct _PotooIdBlocks
{
  char *name;
  char *in_use_sql;
  IdRange reserved; /* by the job that is under way; its thread's alone */

  GMutex lock;  /* protects what follows */
  gint64 first; /* that was reserved here */
  IdRange current, spare;
  gint64 behind; /* the first id that is neither reserved nor known to be in use */
  gboolean fetching;
  IdRange noted; /* all that came from elsewhere while fetching lie in it */
};

static gint64
range_length (const IdRange *range)
{
  return range->end - range->next;
}

static gboolean
ranges_meet (const IdRange *a, const IdRange *b)
{
  return a->next < b->end && b->next < a->end;
}

static gboolean
read_counter (PotooIdBlocks *blocks, PotooDb *db, gint64 *next, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "SELECT next FROM id_counters WHERE name = ?1", error);

  if (statement == NULL ||
      !potoo_db_check (db, potoo_statement_bind_text (statement, 1, blocks->name), error))
    return FALSE;
  int result = potoo_db_step (db, statement, error);
  PotooRow row = { statement, TRUE };
  if (result > 0)
    *next = potoo_column_int64 (&row, 0, 1, G_MAXINT64 - POTOO_ID_BLOCK);
  if (result < 0)
    return FALSE;
  row.valid = row.valid && result > 0;
  return potoo_row_check (db, &row, "id_counters", 0, error);
}

static gboolean
write_counter (PotooIdBlocks *blocks, PotooDb *db, gint64 next, GError **error)
{
  g_autoptr (PotooStatement)
      statement = potoo_db_prepare (db, "UPDATE id_counters SET next = ?1 WHERE name = ?2", error);

  return statement != NULL &&
         potoo_db_check (db,
                         sqlite3_bind_int64 (statement, 1, next) |
                             potoo_statement_bind_text (statement, 2, blocks->name),
                         error) &&
         potoo_db_run (db, statement, error);
}

/* 1: some id of the block at @next is in use, 0: none, -1: error. */
static int
block_in_use (PotooIdBlocks *blocks, PotooDb *db, gint64 next, GError **error)
{
  g_autoptr (PotooStatement) statement = potoo_db_prepare (db, blocks->in_use_sql, error);

  if (statement == NULL ||
      !potoo_db_check (db,
                       sqlite3_bind_int64 (statement, 1, next) |
                           sqlite3_bind_int64 (statement, 2, next + POTOO_ID_BLOCK - 1),
                       error))
    return -1;
  return potoo_db_step (db, statement, error);
}

/* PotooJobFunc */
static gboolean
reserve (PotooDb *db, gpointer data, GError **error)
{
  PotooIdBlocks *blocks = data;
  gint64 next = 0;
  int in_use = 1;

  if (!read_counter (blocks, db, &next, error))
    return FALSE;
  for (int i = 0; i < MAX_SKIPPED_BLOCKS && next <= G_MAXINT64 - 2 * POTOO_ID_BLOCK; i++)
    {
      in_use = block_in_use (blocks, db, next, error);
      if (in_use <= 0)
        break;
      next += POTOO_ID_BLOCK;
    }
  if (in_use < 0)
    return FALSE;
  if (in_use > 0)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, _ ("Catalog %s: no %s ids are left"),
                   potoo_db_get_path (db), blocks->name);
      return FALSE;
    }
  blocks->reserved = (IdRange){ next, next + POTOO_ID_BLOCK };
  return write_counter (blocks, db, next + POTOO_ID_BLOCK, error);
}

/* PotooJobDoneFunc */
static void
reserve_done (gpointer data, const GError *error)
{
  PotooIdBlocks *blocks = data;

  g_mutex_lock (&blocks->lock);
  blocks->fetching = FALSE;
  blocks->behind = MAX (blocks->behind, blocks->reserved.end);
  /* A row that was posted behind the reservation was not seen by it: such a block is skipped, and
   * the next reservation comes behind that row. */
  if (error == NULL && !ranges_meet (&blocks->reserved, &blocks->noted))
    blocks->spare = blocks->reserved;
  /* With a damaged catalog recording goes on: the next start has another one, and reads the ids
   * that are in use from the names of the files. */
  if (g_error_matches (error, POTOO_ERROR, POTOO_ERROR_CORRUPT))
    {
      blocks->spare = (IdRange){ blocks->behind, blocks->behind + POTOO_ID_BLOCK };
      blocks->behind = blocks->spare.end;
    }
  g_mutex_unlock (&blocks->lock);
}

static void
begin (PotooIdBlocks *blocks)
{
  blocks->current = blocks->reserved;
  blocks->spare = (IdRange){ 0, 0 };
  blocks->first = blocks->reserved.next;
  blocks->behind = blocks->reserved.end;
}

PotooIdBlocks *
potoo_id_blocks_new (const char *name, const char *in_use_sql, PotooDb *db, GError **error)
{
  g_autoptr (PotooIdBlocks) blocks = g_new0 (PotooIdBlocks, 1);

  g_mutex_init (&blocks->lock);
  blocks->name = g_strdup (name);
  blocks->in_use_sql = g_strdup (in_use_sql);
  if (!reserve (db, blocks, error))
    return NULL;
  begin (blocks);
  return g_steal_pointer (&blocks);
}

void
potoo_id_blocks_free (PotooIdBlocks *blocks)
{
  g_mutex_clear (&blocks->lock);
  g_free (blocks->name);
  g_free (blocks->in_use_sql);
  g_free (blocks);
}

gint64
potoo_id_blocks_take (PotooIdBlocks *blocks, PotooCatalogWriter *writer)
{
  gint64 id = 0;

  g_mutex_lock (&blocks->lock);
  if (range_length (&blocks->current) == 0)
    {
      blocks->current = blocks->spare;
      blocks->spare = (IdRange){ 0, 0 };
    }
  if (range_length (&blocks->current) > 0)
    id = blocks->current.next++;
  gboolean fetch = !blocks->fetching && range_length (&blocks->spare) == 0 &&
                   range_length (&blocks->current) <= POTOO_ID_BLOCK / 2;
  if (fetch)
    {
      blocks->fetching = TRUE;
      blocks->noted = (IdRange){ G_MAXINT64, 0 };
    }
  g_mutex_unlock (&blocks->lock);

  if (fetch)
    {
      const PotooJob job = {
        .run = reserve, .done = reserve_done, .flags = POTOO_JOB_UNBOUNDED, .data = blocks
      };
      g_autoptr (GError) error = NULL;
      if (!potoo_catalog_writer_post (writer, &job, &error))
        reserve_done (blocks, error);
    }
  return id;
}

static void
range_note_used (IdRange *range, gint64 id)
{
  if (id >= range->next && id < range->end)
    range->next = id + 1;
}

static gboolean
is_plausible_locked (PotooIdBlocks *blocks, gint64 id)
{
  return id < MIN (blocks->behind + MAX_LEAP, G_MAXINT64 / 2);
}

gboolean
potoo_id_blocks_is_plausible (PotooIdBlocks *blocks, gint64 id)
{
  g_mutex_lock (&blocks->lock);
  gboolean plausible = is_plausible_locked (blocks, id);
  g_mutex_unlock (&blocks->lock);
  return plausible;
}

gboolean
potoo_id_blocks_note_used (PotooIdBlocks *blocks, gint64 id)
{
  g_mutex_lock (&blocks->lock);
  gboolean beyond = id >= blocks->behind && is_plausible_locked (blocks, id);
  if (beyond)
    blocks->behind = id + 1;
  range_note_used (&blocks->current, id);
  range_note_used (&blocks->spare, id);
  if (blocks->fetching && id < G_MAXINT64)
    blocks->noted = (IdRange){ MIN (blocks->noted.next, id), MAX (blocks->noted.end, id + 1) };
  g_mutex_unlock (&blocks->lock);
  return beyond;
}

gboolean
potoo_id_blocks_raise (PotooIdBlocks *blocks, PotooDb *db, gint64 id, GError **error)
{
  gint64 next = 0;

  return read_counter (blocks, db, &next, error) &&
         (id < next || write_counter (blocks, db, id + 1, error));
}

gint64
potoo_id_blocks_get_first (PotooIdBlocks *blocks)
{
  g_mutex_lock (&blocks->lock);
  gint64 first = blocks->first;
  g_mutex_unlock (&blocks->lock);
  return first;
}

gint64
potoo_id_blocks_get_next (PotooIdBlocks *blocks)
{
  g_mutex_lock (&blocks->lock);
  gint64 next = blocks->current.next;
  g_mutex_unlock (&blocks->lock);
  return next;
}

gboolean
potoo_id_blocks_begin_behind (PotooIdBlocks *blocks, PotooDb *db, gint64 id, GError **error)
{
  g_mutex_lock (&blocks->lock);
  gboolean untouched = blocks->current.next == blocks->first && id >= blocks->first;
  blocks->behind = MAX (blocks->behind, id + 1);
  g_mutex_unlock (&blocks->lock);
  if (!potoo_id_blocks_raise (blocks, db, id, error))
    return FALSE;
  if (!untouched)
    return TRUE;
  if (!reserve (db, blocks, error))
    return FALSE;
  g_mutex_lock (&blocks->lock);
  begin (blocks);
  g_mutex_unlock (&blocks->lock);
  return TRUE;
}
