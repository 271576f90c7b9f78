/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config/potoo-config.h"
#include "record/potoo-hasher.h"
#include "record/potoo-retention.h"
#include "record/potoo-verifier.h"

G_BEGIN_DECLS

/* Looks after recordings and catalog while Potoo runs: hashes of closed segments, verification and
 * backups of the catalog by schedule, dropping its rows that are too old or too many, and
 * completing a catalog that was restored. Main thread. */
typedef struct _PotooAppUpkeep PotooAppUpkeep;

/* When the recorder has started; blocks on the catalog. */
PotooAppUpkeep *potoo_app_upkeep_new (PotooCatalog *catalog,
                                      PotooRecorder *recorder,
                                      PotooRetention *retention,
                                      PotooConfig *config,
                                      GError **error);
void potoo_app_upkeep_free (PotooAppUpkeep *upkeep);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppUpkeep, potoo_app_upkeep_free)

PotooVerifier *potoo_app_upkeep_get_verifier (PotooAppUpkeep *upkeep); /* (transfer none) */
PotooHasher *potoo_app_upkeep_get_hasher (PotooAppUpkeep *upkeep);     /* (transfer none) */

G_END_DECLS
