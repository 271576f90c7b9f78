/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "catalog/potoo-segment-index.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/**
 * PotooSegmentScan:
 *
 * Looks through the file of a segment that nobody closed and mends it.
 */

/* How much of it counts. */
typedef enum
{
  POTOO_SCAN_INDEXED, /* what is behind the index does not */
  POTOO_SCAN_BOXES,   /* fragments whose boxes are right */
  /* … and whose media was written: a power cut may leave a file that is longer than what had
   * reached the disk, with zeros in place of the rest. This reads all that is behind the index. */
  POTOO_SCAN_MEDIA,
} PotooScanDepth;

typedef struct
{
  int fd; /* read and write; owned */
  PotooScanDepth depth;
  PotooSegmentIndex *index;
  char codecs[96];
  gint64 file_size, init_size, mehd_offset;
  guint64 mehd_ticks;    /* duration that the init tells; 0 until the segment is closed */
  gint64 end;            /* byte after the last whole fragment */
  gint64 wall_start_us;  /* of the first whole fragment; 0 when scanned from further on */
  gint64 wall_end_us;    /* of the last fragment that was read; 0: none */
  guint64 end_ticks;     /* media time there */
  gboolean shorter;      /* than the index said */
  gboolean foreign_tail; /* what follows is not just a fragment cut off */
} PotooSegmentScan;

/* Opens the file at @path and reads it from the end of @index on, which the
 * catalog has (nullable: from the beginning).
 *
 * POTOO_ERROR_NOT_FOUND: no such file; POTOO_ERROR_CORRUPT: its init does not parse, or is not of
 * the size that the row says (@init_size, 0: not known); others: it could not be read, which says
 * nothing about what is in it. */
gboolean potoo_segment_scan_open (PotooSegmentScan *scan,
                                  PotooStorageRoot *root,
                                  const char *path,
                                  GBytes *index,
                                  gint64 init_size,
                                  PotooScanDepth depth,
                                  GError **error);
/* Whether a file in which no whole fragment is, is what a power cut leaves of one that was never
 * synced: it ends early, or has a hole. */
gboolean potoo_segment_scan_is_torn (PotooStorageRoot *root, const char *path);
void potoo_segment_scan_clear (PotooSegmentScan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PotooSegmentScan, potoo_segment_scan_clear)

/* Cuts the file after its last whole fragment (unless @keep_tail), writes the duration, syncs.
 * Nothing is done to a file that needs neither, unless its media was looked at: who wrote it may
 * have been killed before the sync. */
gboolean potoo_segment_scan_mend (PotooSegmentScan *scan,
                                  PotooStorageRoot *root,
                                  gboolean keep_tail,
                                  GError **error);

G_END_DECLS
