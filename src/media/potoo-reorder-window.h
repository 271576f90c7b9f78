/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooReorderWindow:
 *
 * Puts the RTP packets of one track that came over UDP in the order of their sequence numbers.
 * Packets in order pass at once; those behind a hole wait until it is filled, or left: when
 * POTOO_REORDER_PACKETS wait, or after POTOO_REORDER_WAIT_US, and later while only a few wait:
 * packets overtake each other by few, however slowly they come. What comes twice or too late
 * is dropped. A sequence number far off, or another sender (SSRC), counts when the next packet goes
 * on from there (RFC 3550, A.1). Plain value, zeroed to begin; one thread.
 */
#define POTOO_REORDER_PACKETS 128
#define POTOO_REORDER_FEW 8
#define POTOO_REORDER_WAIT_US (200 * 1000)
#define POTOO_REORDER_LONG_WAIT_US (800 * 1000)

typedef struct
{
  gboolean started;
  guint32 ssrc;
  guint16 next; /* the sequence number that is to come */
  guint n_held;
  struct
  {
    GstBuffer *packet; /* (nullable) */
    gint64 arrival_us;
  } held[POTOO_REORDER_PACKETS]; /* by sequence number */

  gboolean has_other; /* a packet that does not go on from those before */
  guint32 other_ssrc;
  guint16 other_next;
} PotooReorderWindow;

/* @packet: (transfer full). What is in order then is added to @ready. */
void potoo_reorder_window_take (PotooReorderWindow *window,
                                GstBuffer *packet,
                                guint32 ssrc,
                                guint16 sequence,
                                gint64 now_us,
                                GstBufferList *ready);

/* Leaves the holes that were waited for long enough. */
void potoo_reorder_window_expire (PotooReorderWindow *window, gint64 now_us, GstBufferList *ready);

/* When that is to be called again; G_MAXINT64 when nothing waits. */
gint64 potoo_reorder_window_get_deadline_us (const PotooReorderWindow *window);

void potoo_reorder_window_clear (PotooReorderWindow *window);

G_END_DECLS
