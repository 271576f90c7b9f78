/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog.h"
#include "record/potoo-storage-root.h"
#include "record/potoo-verify-report.h"

G_BEGIN_DECLS

/**
 * PotooVerify:
 *
 * One pass over storage roots: every row of a closed segment against its file
 * (potoo-verify-file.h), then every file against the rows. With `repair`, what can be put right is:
 *
 *   missing     the row goes, a gap `damaged` takes its time
 *   damaged     the row becomes damaged and ends with the last fragment that can be read; a gap
 *               `damaged` follows; the file stays as it is
 *   changed     the row becomes damaged
 *   mismatch    the row and the index become what the file says
 *   unlisted    the file gets a row
 *
 * and sound files without a hash get one, which they also do while writers run. Nothing else is
 * ever written, and no file that holds media is removed. Memory is bounded whatever the number of
 * segments.
 */
typedef struct _PotooVerify PotooVerify;

typedef struct
{
  PotooCatalog *catalog;
  GPtrArray *roots; /* (element-type PotooStorageRoot) attached */
  gboolean repair;
  gboolean contents; /* read files to their end and compare hashes; else boxes only */
  /* The catalog is an older one, or new (potoo-rebuild.h): rows without files go, files without
   * rows get one, and nothing else is looked at. */
  gboolean rebuild;
  /* Writers run: what this run of the daemon began is left alone until it is closed. */
  gboolean live;
  gint64 bandwidth; /* bytes a second; 0: any */
  /* Called in the thread that runs, for each finding. (nullable) */
  void (*found) (const PotooVerifyFinding *finding, gpointer user_data);
  gpointer user_data;
} PotooVerifySpec;

PotooVerify *potoo_verify_new (const PotooVerifySpec *spec);
void potoo_verify_free (PotooVerify *verify);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooVerify, potoo_verify_free)

/* Once; blocks until it is done. FALSE when it could not come to its end: cancelled
 * (POTOO_ERROR_UNAVAILABLE), or the catalog cannot be read or is damaged. What it found is in the
 * report, and no error. */
gboolean potoo_verify_run (PotooVerify *verify, GError **error);
void potoo_verify_cancel (PotooVerify *verify);                   /* any thread */
PotooVerifyReport *potoo_verify_get_report (PotooVerify *verify); /* any thread; (transfer full) */

G_END_DECLS
