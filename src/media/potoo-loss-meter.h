/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooLossMeter:
 *
 * What is missing of one track. Holes in the sequence numbers of its packets tell how many were
 * lost; of video, the picture that lacks them is damaged and so are all that follow, up to the next
 * whole keyframe: they are recorded, since decoders make something of them, but they are counted.
 * What came of a picture without any slice is none. Plain value, zeroed to begin; one thread.
 */
typedef struct
{
  gboolean started, has_pictures, suspicious, damaged;
  guint32 ssrc;
  guint16 sequence;       /* of the newest packet */
  GstClockTime newest_ns; /* stream time of it */
  GstClockTime gap_ns;    /* of the packet before the newest hole */
} PotooLossMeter;

typedef enum
{
  POTOO_PICTURE_WHOLE,
  POTOO_PICTURE_DAMAGED,
  POTOO_PICTURE_NONE, /* damaged, and not to be kept */
} PotooPictureState;

/* A packet, in the order in which packets are depayloaded. Returns how many are missing before
 * it. */
guint potoo_loss_meter_take_packet (PotooLossMeter *meter,
                                    guint32 ssrc,
                                    guint16 sequence,
                                    GstClockTime stream_ns);

/* An access unit of video with length-prefixed NAL units, as MP4 has it; its DISCONT flag tells
 * that packets were missing. */
PotooPictureState
potoo_loss_meter_take_picture (PotooLossMeter *meter, GstBuffer *unit, gboolean is_h265);

/* --- how bad it is --- */

#define POTOO_LOSS_WINDOW_SAMPLES 11

/* The loss of the last ten seconds, looked at once a second. While it lasts, the worst of it is
 * told, in steps, so that what is told does not change all the time. Plain value, zeroed. */
typedef struct
{
  struct
  {
    gint64 packets, lost;
  } samples[POTOO_LOSS_WINDOW_SAMPLES];
  guint n;
  guint worst; /* step + 1; 0: nothing is lost */
} PotooLossWindow;

/* @packets, @lost: running totals. TRUE when something was lost lately: then it was more than
 * @percent of all at its worst (0: less than one). */
gboolean
potoo_loss_window_add (PotooLossWindow *window, gint64 packets, gint64 lost, guint *percent);

G_END_DECLS
