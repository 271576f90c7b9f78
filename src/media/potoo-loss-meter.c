/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-loss-meter.h"

#include "media/potoo-rtcp.h"

#define NAL_LENGTH_BYTES 4
#define H264_FIRST_SLICE 1 /* ITU-T H.264, table 7-1 */
#define H264_LAST_SLICE 5
#define H265_FIRST_NO_SLICE 32 /* ITU-T H.265, table 7-1 */

guint
potoo_loss_meter_take_packet (PotooLossMeter *meter,
                              guint32 ssrc,
                              guint16 sequence,
                              GstClockTime stream_ns)
{
  gint16 step = (gint16) (sequence - meter->sequence);
  gboolean goes_on = meter->started && ssrc == meter->ssrc;
  guint n_lost = 0;

  /* It came twice, or too late: then it counts as lost. */
  if (goes_on && step <= 0 && step > -POTOO_RTP_MAX_MISORDER)
    return 0;
  if (goes_on && step > 1 && step <= POTOO_RTP_MAX_DROPOUT)
    {
      n_lost = (guint) step - 1;
      meter->suspicious = TRUE;
      meter->gap_ns = meter->newest_ns;
    }
  meter->started = TRUE;
  meter->ssrc = ssrc;
  meter->sequence = sequence;
  meter->newest_ns = stream_ns;
  return n_lost;
}

static gboolean
is_slice (guint8 header, gboolean is_h265)
{
  guint type = is_h265 ? (header >> 1) & 0x3f : header & 0x1f;

  return is_h265 ? type < H265_FIRST_NO_SLICE : type >= H264_FIRST_SLICE && type <= H264_LAST_SLICE;
}

static gboolean
has_slice (GstBuffer *unit, gboolean is_h265)
{
  gsize size = gst_buffer_get_size (unit), at = 0;
  guint8 head[NAL_LENGTH_BYTES + 1];

  while (at < size && gst_buffer_extract (unit, at, head, sizeof head) == sizeof head)
    {
      if (is_slice (head[NAL_LENGTH_BYTES], is_h265))
        return TRUE;
      at += NAL_LENGTH_BYTES + (gsize) GST_READ_UINT32_BE (head);
    }
  return FALSE;
}

PotooPictureState
potoo_loss_meter_take_picture (PotooLossMeter *meter, GstBuffer *unit, gboolean is_h265)
{
  gboolean lacks = meter->has_pictures && GST_BUFFER_FLAG_IS_SET (unit, GST_BUFFER_FLAG_DISCONT);

  meter->has_pictures = TRUE;
  if (!meter->suspicious && !meter->damaged && !lacks)
    return POTOO_PICTURE_WHOLE;
  if (!has_slice (unit, is_h265))
    {
      meter->damaged = TRUE;
      return POTOO_PICTURE_NONE;
    }
  if (lacks)
    meter->damaged = TRUE;
  else if (!GST_BUFFER_FLAG_IS_SET (unit, GST_BUFFER_FLAG_DELTA_UNIT))
    {
      meter->damaged = FALSE;
      /* Packets are met earlier than the pictures that are made of them. */
      if (!GST_BUFFER_PTS_IS_VALID (unit) || GST_BUFFER_PTS (unit) > meter->gap_ns)
        meter->suspicious = FALSE;
    }
  return meter->damaged ? POTOO_PICTURE_DAMAGED : POTOO_PICTURE_WHOLE;
}

/* --- how bad it is --- */

static const guint steps[] = { 0, 1, 2, 5, 10, 20, 50 }; /* percent */

static guint
step_of (gint64 packets, gint64 lost)
{
  guint step = 0;

  while (step + 1 < G_N_ELEMENTS (steps) && lost * 100 > steps[step + 1] * (packets + lost))
    step++;
  return step;
}

gboolean
potoo_loss_window_add (PotooLossWindow *window, gint64 packets, gint64 lost, guint *percent)
{
  /* The first is compared with nothing at all. */
  guint n = ++window->n, newest = n % POTOO_LOSS_WINDOW_SAMPLES;
  guint oldest = n < POTOO_LOSS_WINDOW_SAMPLES ? 0 : (newest + 1) % POTOO_LOSS_WINDOW_SAMPLES;

  window->samples[newest].packets = packets;
  window->samples[newest].lost = lost;
  gint64 n_lost = lost - window->samples[oldest].lost;
  if (n_lost <= 0)
    window->worst = 0;
  else
    window->worst = MAX (window->worst,
                         step_of (packets - window->samples[oldest].packets, n_lost) + 1);
  *percent = window->worst > 0 ? steps[window->worst - 1] : 0;
  return window->worst > 0;
}
