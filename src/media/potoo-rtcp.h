/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A sender report of the media @number of the SDP: at @rtp_time the camera's clock said @ntp_ns
 * (since 1970). In a streaming thread. */
typedef void (*PotooSenderReportFunc) (guint number,
                                       guint32 rtp_time,
                                       GstClockTime ntp_ns,
                                       gpointer user_data);

/* Sequence numbers further apart are those of a sender that began anew (RFC 3550, A.1). */
#define POTOO_RTP_MAX_DROPOUT 3000
#define POTOO_RTP_MAX_MISORDER 100

/**
 * PotooRtcpReceiver:
 *
 * The receiver's side of RTCP (RFC 3550) for one RTP stream: it reads sender reports, and makes the
 * receiver reports that tell the camera that somebody is there, and what was lost or delayed on
 * the way. A plain value; one thread.
 */
typedef struct
{
  guint32 own_ssrc;
  guint clock_rate; /* of RTP times, a second */
  gboolean started;
  guint32 ssrc;             /* of the camera */
  guint32 highest_sequence; /* counted on beyond 16 bits */
  guint32 first_sequence, n_received;
  guint32 transit;   /* how long the newest took, from an unknown time on */
  guint32 jitter_16; /* sixteenths of the clock */
  guint32 n_expected_before, n_received_before; /* when the newest report was made */
  guint32 last_report;                          /* the middle 32 bits of its NTP time */
  gint64 last_report_mono_us;                   /* 0: none has come */
} PotooRtcpReceiver;

void potoo_rtcp_receiver_init (PotooRtcpReceiver *receiver, guint clock_rate);

/* @packet: an RTP packet, which came at @mono_us. FALSE when it is none. */
gboolean potoo_rtcp_receiver_take_packet (PotooRtcpReceiver *receiver,
                                          const guint8 *packet,
                                          gsize length,
                                          gint64 mono_us);

/* @rtcp: a compound packet. TRUE when it has a sender report: at @rtp_time the camera's clock said
 * @ntp_ns (since 1970). */
gboolean potoo_rtcp_receiver_take_rtcp (PotooRtcpReceiver *receiver,
                                        const guint8 *rtcp,
                                        gsize length,
                                        gint64 mono_us,
                                        guint32 *rtp_time,
                                        GstClockTime *ntp_ns);

/* A receiver report, with a Picture Loss Indication (RFC 4585, 6.3.1) when a keyframe is wanted.
 * NULL before the first packet. (transfer full) (nullable) */
GBytes *potoo_rtcp_receiver_make_report (PotooRtcpReceiver *receiver,
                                         gint64 mono_us,
                                         gboolean want_keyframe);

G_END_DECLS
