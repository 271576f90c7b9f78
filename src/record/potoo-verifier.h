/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-recorder.h"
#include "record/potoo-verify-report.h"

G_BEGIN_DECLS

/**
 * PotooVerifier:
 *
 * Verification in the background of the daemon: one pass at a time (potoo-verify.h), in a thread of
 * the lowest priority that is there only while it runs, reads a bounded number of bytes a second
 * and waits while the disks are busy. Any thread, except where said.
 */
typedef struct _PotooVerifier PotooVerifier;

/* Main thread; blocks on the catalog. @bandwidth: bytes a second; 0: any. */
PotooVerifier *potoo_verifier_new (PotooCatalog *catalog,
                                   PotooRecorder *recorder,
                                   gint64 bandwidth,
                                   GError **error);
/* Main thread. Ends a pass that runs; it is left to itself when a disk holds it for longer than
 * @timeout_us. */
void potoo_verifier_free (PotooVerifier *verifier, gint64 timeout_us);

/* Begins a pass; never blocks. POTOO_ERROR_CONFLICT when one runs. */
gboolean potoo_verifier_start (PotooVerifier *verifier, gboolean repair, GError **error);
/* Begins one that completes a catalog which does not know all files (potoo-rebuild.h), if it is
 * such a one and none runs. It stays such a one while a storage root is not there. */
void potoo_verifier_complete (PotooVerifier *verifier);
/* The same, if all that the last one left was a gap that went on over what was recorded. */
void potoo_verifier_complete_gaps (PotooVerifier *verifier);
/* Asks the pass that runs to end; POTOO_ERROR_CONFLICT when there is none. */
gboolean potoo_verifier_stop (PotooVerifier *verifier, GError **error);

gboolean potoo_verifier_is_running (PotooVerifier *verifier);
/* When the last whole pass ended, in this run or an earlier one; wall, 0: never. */
gint64 potoo_verifier_get_last_us (PotooVerifier *verifier);

/* When the next one is to begin by schedule, for who asks; wall, 0: never. */
void potoo_verifier_set_next_us (PotooVerifier *verifier, gint64 next_us);

/* How it is, as `GET /api/v1/verify` gives it. (transfer full) */
JsonObject *potoo_verifier_to_json (PotooVerifier *verifier);

G_END_DECLS
