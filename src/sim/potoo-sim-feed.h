/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-loop.h"

G_BEGIN_DECLS

/**
 * PotooSimFeed:
 *
 * One track of a simulated camera as a pure function of time: which unit is
 * sent when, with which number and stamp. It runs from the simulator's start
 * whether or not anybody listens, so two listeners get the same.
 *
 * Units are counted by their place in decoding order since the start, `turn`,
 * which never wraps. Any thread.
 */
typedef struct _PotooSimFeed PotooSimFeed;

/* @origin_us: monotonic time of picture (audio frame) 0.
 * @offset: where in the loop it starts, so that cameras with the same loop do not look the same. */
PotooSimFeed *potoo_sim_feed_new (PotooSimLoop *loop, gint64 origin_us, guint offset);
void potoo_sim_feed_free (PotooSimFeed *feed);

/* Another loop of as many units at the same rate. Readers take it over at a keyframe of its. */
void potoo_sim_feed_set_loop (PotooSimFeed *feed, PotooSimLoop *loop);
PotooSimLoop *potoo_sim_feed_get_loop (PotooSimFeed *feed); /* (transfer full) */

/* When the camera sends a turn: when its picture, and with B-frames all that
 * is presented before it, has been sampled; audio: when its samples are there. */
gint64 potoo_sim_feed_due_us (PotooSimFeed *feed, gint64 turn);
gint64 potoo_sim_feed_next_turn (PotooSimFeed *feed, gint64 mono_us); /* first due after */
/* How old a unit may be (sampling to sending) in the normal course. */
gint64 potoo_sim_feed_delay_us (PotooSimFeed *feed);
/* Number of the picture that is presented at a time. */
gint64 potoo_sim_feed_number_at (PotooSimFeed *feed, gint64 mono_us);

/* The unit of a turn, stamped, its PTS being monotonic time. NULL before number 0.
 * (transfer full) (nullable) */
GstBuffer *
potoo_sim_feed_make_buffer (PotooSimFeed *feed, PotooSimLoop *loop, gint64 turn, PotooSimSets sets);

/* When the newest turn through the loop began to be sampled (monotonic). */
gint64 potoo_sim_feed_loop_start_us (PotooSimFeed *feed, gint64 mono_us);

/* RTP time is 0 at @mono_us; before anybody listens. Without, anywhen. */
void potoo_sim_feed_wrap_at (PotooSimFeed *feed, gint64 mono_us);
guint32 potoo_sim_feed_get_rtp_rate (PotooSimFeed *feed); /* Hz */
/* Stays the same for the feed's life: RTP time goes on across clients. */
guint32 potoo_sim_feed_get_rtp_offset (PotooSimFeed *feed);

G_END_DECLS
