/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-segment-index.h"
#include "record/potoo-content-hash.h"
#include "record/potoo-storage-root.h"
#include "record/potoo-verify-report.h"

G_BEGIN_DECLS

/* Media time, since the start of the segment. */
typedef struct
{
  guint64 start_ticks, end_ticks;
} PotooMediaRange;

/**
 * PotooFileCheck:
 *
 * One segment's file against its row and its index: each fragment lies where the index says, with
 * that size, duration and key flag, whole; the init has the size, codecs and duration of the row;
 * wall times in `prft` are those of the row; the content has the row's SHA-256. Of a row in state
 * damaged, only that it ends with a fragment that can be read, if any can. Changes nothing.
 */
typedef struct
{
  gboolean sound;
  PotooVerifyProblem problem; /* unless sound */
  char *detail;               /* for people, unless sound */
  /* Of a damaged file: the fragments up to the last one that can be read, NULL when none can; and
   * (nullable) which times before that cannot. */
  PotooSegmentIndex *readable;
  GArray *holes;     /* PotooMediaRange, in order */
  gint64 bytes_read; /* of the content */
  gboolean has_sha256;
  guint8 sha256[POTOO_SHA256_BYTES];
} PotooFileCheck;

typedef struct
{
  PotooStorageRoot *root;
  const PotooSegment *row; /* closed or damaged */
  GBytes *index;           /* (nullable): the catalog has none, or none that can be read */
  gboolean contents;       /* read all of it, for the hash */
  PotooPacer *pacer;
} PotooFileCheckSpec;

/* FALSE with POTOO_ERROR_UNAVAILABLE when it was cancelled; all else is in @check, which is to be
 * cleared whatever the result. Blocks. */
gboolean
potoo_file_check_run (PotooFileCheck *check, const PotooFileCheckSpec *spec, GError **error);
void potoo_file_check_clear (PotooFileCheck *check);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooFileCheck, potoo_file_check_clear)

G_END_DECLS
