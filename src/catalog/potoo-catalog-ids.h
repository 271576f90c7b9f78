/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-writer.h"

G_BEGIN_DECLS

#define POTOO_ID_BLOCK 1024

/**
 * PotooIdBlocks:
 *
 * Ids that are never used twice, given out without waiting: blocks of them are
 * reserved durably ahead of use, the next one while half of one is left. What a
 * crash leaves of a block is skipped. Any thread, except where said.
 */
typedef struct _PotooIdBlocks PotooIdBlocks;

/* @name: row of `id_counters`; @in_use_sql: one row when any id from ?1 to ?2
 * is in use (files of a lost catalog may be adopted with theirs). The first block is reserved with
 * @db, which blocks. */
PotooIdBlocks *
potoo_id_blocks_new (const char *name, const char *in_use_sql, PotooDb *db, GError **error);
/* After the writer that it was used with has stopped. */
void potoo_id_blocks_free (PotooIdBlocks *blocks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooIdBlocks, potoo_id_blocks_free)

/* Never blocks; 0 when there is none. */
gint64 potoo_id_blocks_take (PotooIdBlocks *blocks, PotooCatalogWriter *writer);
/* @id is in use, wherever it came from. TRUE when no block is known to lie behind it: then
 * potoo_id_blocks_raise() belongs into the transaction that uses it, so that it is not given
 * out when it is free again. */
gboolean potoo_id_blocks_note_used (PotooIdBlocks *blocks, gint64 id);
/* Reserves all up to @id; in the writer's thread. */
gboolean potoo_id_blocks_raise (PotooIdBlocks *blocks, PotooDb *db, gint64 id, GError **error);
/* Whether enough ids are left behind @id: of a file's name it is to be believed. */
gboolean potoo_id_blocks_is_plausible (PotooIdBlocks *blocks, gint64 id);
/* The first id that was reserved since new() or begin_behind(). */
gint64 potoo_id_blocks_get_first (PotooIdBlocks *blocks);
/* All ids that are taken from now on are this one or later ones. */
gint64 potoo_id_blocks_get_next (PotooIdBlocks *blocks);
/* As raise(); and when none was taken yet, the first is one behind @id. In the writer's thread. */
gboolean
potoo_id_blocks_begin_behind (PotooIdBlocks *blocks, PotooDb *db, gint64 id, GError **error);

G_END_DECLS
