/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What threads share that look after files while others record. */

/* Makes the calling thread the last to get processor and disk: nice 19, idle I/O class. It should
 * end when its work does, and hold no lock for long that a recording thread wants. */
void potoo_background_enter (void);

/**
 * PotooPacer:
 *
 * Holds back who reads, so that the disk stays free for others. One thread.
 */
typedef struct
{
  gint64 bandwidth;          /* bytes a second; 0: any */
  GCancellable *cancellable; /* (nullable) */
  gboolean background;       /* others come first; what was read is not wanted in the page cache */
  gint64 due_us;             /* monotonic: when the next may be read; 0 at first */
} PotooPacer;

/* Waits until @bytes more may be read. POTOO_ERROR_UNAVAILABLE when cancelled meanwhile. */
gboolean potoo_pacer_take (PotooPacer *pacer, gsize bytes, GError **error);
/* Where others come first: waits while the disks are busy, but not for ever, since a machine that
 * always is must be looked after too. The same error. */
gboolean potoo_pacer_yield (PotooPacer *pacer, GError **error);

G_END_DECLS
