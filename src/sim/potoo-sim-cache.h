/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-loop.h"

G_BEGIN_DECLS

/* Finds loops by their parameters: in memory, then in a directory, else it
 * encodes. Files appear under their name only when they are whole; a damaged
 * one is encoded again. Any thread; one encodes at a time. */
typedef struct _PotooSimCache PotooSimCache;

PotooSimCache *potoo_sim_cache_new (const char *directory);
void potoo_sim_cache_free (PotooSimCache *cache);

/* A directory that cannot be written to costs a warning, not the loop.
 * (transfer full) */
PotooSimLoop *
potoo_sim_cache_get (PotooSimCache *cache, const PotooSimLoopParams *params, GError **error);

/* The file of @params' loop. (transfer full) */
char *potoo_sim_cache_path (PotooSimCache *cache, const PotooSimLoopParams *params);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimCache, potoo_sim_cache_free)

G_END_DECLS
