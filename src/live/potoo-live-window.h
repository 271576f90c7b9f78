/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/potoo-metrics.h"

G_BEGIN_DECLS

/**
 * PotooLiveWindow:
 *
 * The newest media segments of one live output and the playlist (RFC 8216) that names
 * them. Sequence numbers rise for as long as the window lives; names begin with a
 * random word of it, so that a name from before a restart names nothing.
 *
 * Listed are up to POTOO_LIVE_LISTED segments; a few older ones are kept for who has
 * the playlist before. When the bytes do not suffice there are fewer, but at least the newest.
 *
 * Any thread; one lock.
 */
typedef struct _PotooLiveWindow PotooLiveWindow;

#define POTOO_LIVE_LISTED 6
#define POTOO_LIVE_KEPT (POTOO_LIVE_LISTED + 3)

/* @bytes_metric: counts the bytes of this and other windows */
PotooLiveWindow *potoo_live_window_new (gsize max_bytes, PotooMetric *bytes_metric);
PotooLiveWindow *potoo_live_window_ref (PotooLiveWindow *window);
void potoo_live_window_unref (PotooLiveWindow *window);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooLiveWindow, potoo_live_window_unref)

/* @start_us: wall time of its first picture */
void potoo_live_window_add (PotooLiveWindow *window,
                            GBytes *segment,
                            gint64 start_us,
                            gint64 duration_us);
/* The next segment does not follow on from the last one. */
void potoo_live_window_break (PotooLiveWindow *window);
/* As that, and what is there is not live any more. */
void potoo_live_window_clear (PotooLiveWindow *window);

/* Segments are named relative to the playlist, as @folder + their name. NULL while there are none.
 * (transfer full) (nullable) */
char *potoo_live_window_make_playlist (PotooLiveWindow *window, const char *folder);
/* The target duration of the playlist. */
gint64 potoo_live_window_get_target_us (PotooLiveWindow *window);
/* (transfer full) (nullable) */
GBytes *potoo_live_window_get_segment (PotooLiveWindow *window, const char *name);

G_END_DECLS
