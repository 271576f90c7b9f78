/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "catalog/potoo-segment-index.h"

G_BEGIN_DECLS

/**
 * PotooPlaylist:
 *
 * An HLS media playlist (RFC 8216) of byte ranges of segments, for a window of time. It is made
 * from rows and indexes alone, so no file is touched.
 *
 * Each entry is one or several whole GOPs of one segment. All entries lie on one time
 * line without holes, that of the first segment: `?shift=` in the URI of the others asks for
 * their media with all times moved there, so players that do not rebase at
 * a discontinuity have nothing to rebase. A gap is a discontinuity, and the program date-time
 * tells where the walls' clocks are.
 *
 * While the last segment is being written, only what can no more change is listed, and the
 * playlist of a later moment starts with all the entries of this one. Pure; one thread at a time.
 */
typedef struct _PotooPlaylist PotooPlaylist;

/* The longest window; the shift of its last segment fits into POTOO_PLAYLIST_MAX_SHIFT_NS, with
 * segments that a clock step makes overlap. */
#define POTOO_PLAYLIST_MAX_US (24 * 3600 * G_GINT64_CONSTANT (1000000))
#define POTOO_PLAYLIST_MAX_SHIFT_NS (31 * 24 * 3600 * G_GINT64_CONSTANT (1000000000))
#define POTOO_PLAYLIST_MAX_ENTRIES 100000

PotooPlaylist *potoo_playlist_new (gint64 start_us, gint64 end_us);
void potoo_playlist_free (PotooPlaylist *playlist);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooPlaylist, potoo_playlist_free)

/* Segments of one stream, in the order of their starts, that overlap the window. @index:
 * (nullable): nothing of it can be read; entries beyond what the row says is durable are left
 * out. FALSE: the playlist takes no more, for now or because it is full. */
gboolean
potoo_playlist_add (PotooPlaylist *playlist, const PotooSegment *segment, PotooSegmentIndex *index);

guint potoo_playlist_get_n_entries (PotooPlaylist *playlist);
gboolean potoo_playlist_is_full (PotooPlaylist *playlist);
/* More is to come: an open segment ends inside the window. */
gboolean potoo_playlist_is_growing (PotooPlaylist *playlist);

/* (transfer full) */
char *potoo_playlist_to_text (PotooPlaylist *playlist);

G_END_DECLS
