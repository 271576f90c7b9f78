/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "media/potoo-sender-clock.h"

G_BEGIN_DECLS

/**
 * PotooRtpClock:
 *
 * When the access units of one track were made, on our monotonic time line. A
 * camera's RTP time stamps say exactly how far apart they are; when they arrive
 * says when that was, but late by whatever network, kernel and scheduler
 * held them up. So *stream time* comes from the time stamps alone, and what must be added to it
 * is learnt from the packets that arrived with the least delay: however long a
 * pause was, what comes after it keeps its time.
 *
 * The camera's clock drifts by up to some hundred parts in a million: the addend
 * follows slowly (at most 0.1 % up and 2 % down). Time stamps that jump or stand still,
 * and those of sound that paused without them, are joined to where they arrive, and counted.
 *
 * Sound is made before picture but sent after it. Once RTCP sender reports
 * (RFC 3550, 6.4.1) of both have come, a track that has a reference takes from them
 * how it lies to it. Any thread.
 */
typedef struct _PotooRtpClock PotooRtpClock;

/* @reference: (nullable): the clock of video */
PotooRtpClock *potoo_rtp_clock_new (PotooRtpClock *reference);
PotooRtpClock *potoo_rtp_clock_ref (PotooRtpClock *clock);
void potoo_rtp_clock_unref (PotooRtpClock *clock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRtpClock, potoo_rtp_clock_unref)

/* @rate: ticks of RTP time a second, > 0; before the first packet. */
void potoo_rtp_clock_set_rate (PotooRtpClock *clock, guint rate);

/* A packet has come, in the order of sequence numbers. @begins: the one before it was the last of
 * its picture; when this one has the same time stamp all the same, and comes later, the camera's
 * time stands still. Returns its stream time: without gap or jump, near monotonic time, but not
 * yet true. */
GstClockTime potoo_rtp_clock_observe (PotooRtpClock *clock,
                                      guint32 rtp_time,
                                      gboolean begins,
                                      GstClockTime arrival_ns);

/* A sender report: at RTP time @rtp_time the sender's clock said @ntp_ns (any origin). Reports
 * that lie far from the packets around them are not believed. */
void potoo_rtp_clock_set_sender_time (PotooRtpClock *clock, guint32 rtp_time, GstClockTime ntp_ns);

/* What the reports say of the sender's clock. */
void potoo_rtp_clock_get_sender (PotooRtpClock *clock, PotooSenderClock *sender);

/* FALSE for the first quarter of a second: what has come by then may have been held up, and is to
 * wait for its time. */
gboolean potoo_rtp_clock_is_settled (PotooRtpClock *clock);

/* Monotonic time of a stream time; NONE stays NONE. */
GstClockTime potoo_rtp_clock_apply (PotooRtpClock *clock, GstClockTime stream_ns);

/* How often time stamps jumped. */
guint potoo_rtp_clock_get_n_jumps (PotooRtpClock *clock);

G_END_DECLS
