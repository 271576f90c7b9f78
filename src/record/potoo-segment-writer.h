/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "record/potoo-moment.h"
#include "record/potoo-storage-root.h"

G_BEGIN_DECLS

/**
 * PotooSegmentWriter:
 *
 * The life of one open segment file; each step is safe to die after: file made
 * and directory synced → row `open` → fragments appended → now and then: file
 * synced, then index, size and end posted → duration written into `mehd`, file
 * synced → row `closed`.
 *
 * After a failed write or sync the file is never touched again: the only thing left to do is
 * potoo_segment_writer_free(), which posts the row as `damaged` with what was durable before.
 *
 * The writer's thread only. Blocks on the disk, never on the catalog.
 */
typedef struct _PotooSegmentWriter PotooSegmentWriter;

/* The directory of a camera's day, kept open from segment to segment. */
typedef struct
{
  char *path; /* relative to the root; NULL: none yet */
  int fd;
} PotooDayDirectory;

void potoo_day_directory_clear (PotooDayDirectory *day);

typedef struct
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  const char *camera;
  PotooStreamKind stream;
  gint64 recording;       /* 0: the segment is the first of a recording */
  PotooDayDirectory *day; /* made when it is needed */
} PotooSegmentSpec;

/* Makes the file for a segment that starts with @first, a key fragment, and
 * writes its init; @first itself is to be appended. POTOO_ERROR_UNAVAILABLE: no
 * segment id is left. */
PotooSegmentWriter *
potoo_segment_writer_new (const PotooSegmentSpec *spec, PotooFragment *first, GError **error);
/* Posts the last row. */
void potoo_segment_writer_free (PotooSegmentWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSegmentWriter, potoo_segment_writer_free)
/* The root is gone, and the file with it: the row stays open, as after a crash. */
void potoo_segment_writer_abandon (PotooSegmentWriter *writer);

gboolean
potoo_segment_writer_append (PotooSegmentWriter *writer, PotooFragment *fragment, GError **error);
/* Makes durable what was appended, then posts it. */
gboolean potoo_segment_writer_sync (PotooSegmentWriter *writer, GError **error);
/* Writes the duration and syncs; the row is posted by free(). */
gboolean potoo_segment_writer_finish (PotooSegmentWriter *writer, GError **error);

/* TRUE when @next, a key fragment that continues, belongs into a new segment. */
gboolean potoo_segment_writer_is_complete (PotooSegmentWriter *writer,
                                           PotooFragment *next,
                                           gint64 segment_duration_us);
/* FALSE when nothing can be appended any more, key fragment or not. */
gboolean potoo_segment_writer_has_room (PotooSegmentWriter *writer, PotooFragment *next);

gint64 potoo_segment_writer_get_recording (PotooSegmentWriter *writer);
/* It turned out that a gap precedes the segment; posted with the next row. */
void potoo_segment_writer_begin_recording (PotooSegmentWriter *writer);
/* Up to where the segment can be read for sure: of what is synced. */
PotooMoment potoo_segment_writer_get_durable_end (PotooSegmentWriter *writer);

G_END_DECLS
