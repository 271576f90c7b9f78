/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-text.h"
#include "catalog/potoo-catalog.h"

G_BEGIN_DECLS

typedef enum
{
  POTOO_STREAM_MAIN,
  POTOO_STREAM_SUB,
} PotooStreamKind;

const char *potoo_stream_kind_to_string (PotooStreamKind kind); /* "main", "sub" */
gboolean potoo_stream_kind_parse (const char *text, PotooStreamKind *kind);

typedef enum
{
  POTOO_SEGMENT_OPEN = 0,
  POTOO_SEGMENT_CLOSED = 1,
  POTOO_SEGMENT_DAMAGED =
      2, /* an fsync or write failed: what the index says is readable, no more */
  POTOO_SEGMENT_DELETING = 3,
} PotooSegmentState;

const char *potoo_segment_state_to_string (PotooSegmentState state);

/* What protects a segment from eviction, the least protected first. The catalog alone keeps it: a
 * segment is an event's when it overlaps what an event of its camera keeps, and locked
 * when it overlaps a lock. */
typedef enum
{
  POTOO_SEGMENT_CONTINUOUS = 0,
  POTOO_SEGMENT_EVENT = 1,
  POTOO_SEGMENT_LOCKED = 2,
} PotooSegmentClass;

#define POTOO_SEGMENT_N_CLASSES (POTOO_SEGMENT_LOCKED + 1)

const char *potoo_segment_class_to_string (PotooSegmentClass class); /* "continuous" */

#define POTOO_SHA256_BYTES 32

/* One row of `segments`. Plain value; copy freely with potoo_segment_copy(). */
typedef struct
{
  gint64 id; /* > 0, never reused */
  char camera[POTOO_SLUG_MAX + 1];
  PotooStreamKind stream;
  gint64 root; /* storage root's row id */
  PotooSegmentState state;
  gint64 recording;        /* id of the first segment of its recording */
  gint64 start_us, end_us; /* wall; end grows while open */
  gint64 shift_us;       /* how much of these is a correction that came after the file was named */
  gint64 mono_us;        /* CLOCK_MONOTONIC at start … */
  char boot_id[40];      /* … of this boot: for repair after a clock step */
  gint64 duration_ticks; /* media time, POTOO_VIDEO_TIMESCALE */
  gint64 size_bytes;     /* durable and indexed bytes, init included */
  gint64 init_bytes;     /* size of ftyp + moov */
  char codecs[96];       /* RFC 6381 list: "avc1.64001f,mp4a.40.2" */
  gboolean has_clock_offset;
  gint64 clock_offset_us; /* the camera's clock - ours, by its RTCP sender reports */

  /* What the catalog knows; not looked at when the row is put. */
  PotooSegmentClass class;
  gboolean has_sha256;
  guint8 sha256[POTOO_SHA256_BYTES]; /* of the whole file, once it is closed */
} PotooSegment;

PotooSegment *potoo_segment_copy (const PotooSegment *segment);
void potoo_segment_free (PotooSegment *segment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSegment, potoo_segment_free)

/* `<camera>/<YYYY-MM-DD>/<HHMMSS>Z-<main|sub>-<id>.mp4`, UTC of start_us without
 * its correction, relative to the root. (transfer full) */
char *potoo_segment_relative_path (const PotooSegment *segment);

/* --- writing; any thread, never blocks --- */

/* The next segment id; blocks of 1,024 are reserved durably ahead of use, and
 * the next block is fetched while half of one is left. 0 when none is left (the
 * catalog has been stuck for long): the caller counts that and cannot start a segment. */
gint64 potoo_catalog_take_segment_id (PotooCatalog *catalog);

/* Whether @id, of a file that has no row, can have been given out by a catalog. */
gboolean potoo_catalog_is_plausible_segment_id (PotooCatalog *catalog, gint64 id);

/* Inserts or replaces the row; with @index (nullable) also its index blob. Jobs for
 * the same segment that still wait are merged into one. An id from elsewhere (of an adopted
 * file) is never given out, also when its row is gone. A hash that was set is forgotten when the
 * size changes. */
void potoo_catalog_put_segment (PotooCatalog *catalog, const PotooSegment *segment, GBytes *index);

/* Of the whole file; nothing happens when there is no such row. */
void potoo_catalog_set_segment_sha256 (PotooCatalog *catalog,
                                       gint64 id,
                                       const guint8 sha256[POTOO_SHA256_BYTES]);

/* Row and index go, whatever its state; evicting: potoo-catalog-eviction.h. */
void potoo_catalog_drop_segment (PotooCatalog *catalog, gint64 id);

/* --- reading --- */

typedef struct
{
  const char *camera;      /* (nullable): all */
  gint64 start_us, end_us; /* half-open window, by overlap; 0 and G_MAXINT64: all */
  gint64 after_start_us;   /* cursor: rows after (after_start_us, after_id) … */
  gint64 after_id;         /* … 0: from the beginning */
  unsigned limit;          /* at most this many rows */
} PotooSegmentQuery;

/* Ordered by (start_us, id); rows in state deleting are left out.
 * (transfer full) (element-type PotooSegment) */
GPtrArray *potoo_catalog_reader_list_segments (PotooCatalogReader *reader,
                                               const PotooSegmentQuery *query,
                                               GError **error);
/* The same of one stream; @query->camera is given. */
GPtrArray *potoo_catalog_reader_list_stream (PotooCatalogReader *reader,
                                             const PotooSegmentQuery *query,
                                             PotooStreamKind stream,
                                             GError **error);
/* NULL with POTOO_ERROR_NOT_FOUND when there is none. (transfer full) */
PotooSegment *
potoo_catalog_reader_get_segment (PotooCatalogReader *reader, gint64 id, GError **error);
/* (transfer full): the blob, see potoo-segment-index.h */
GBytes *potoo_catalog_reader_get_index (PotooCatalogReader *reader, gint64 id, GError **error);
/* In state open or deleting, on @root: what recovery looks at. */
GPtrArray *
potoo_catalog_reader_list_unfinished (PotooCatalogReader *reader, gint64 root, GError **error);
/* All of @root, whatever their state, in order of their ids: those after @after_id. */
GPtrArray *potoo_catalog_reader_list_root_segments (PotooCatalogReader *reader,
                                                    gint64 root,
                                                    gint64 after_id,
                                                    unsigned limit,
                                                    GError **error);
/* The last one of a camera's stream by end_us; NULL without error when none. */
PotooSegment *potoo_catalog_reader_get_last_segment (PotooCatalogReader *reader,
                                                     const char *camera,
                                                     PotooStreamKind stream,
                                                     GError **error);

G_END_DECLS
