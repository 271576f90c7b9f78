/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-track-inlet.h"

#include <glib/gi18n-lib.h>
#include <gst/rtp/rtp.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "media/potoo-camera-track.h"

/* A camera that never ends an access unit must not fill the memory. A packet costs some 500 bytes
 * beside its own: in small ones an access unit may have less. */
#define MAX_ACCESS_UNIT_BYTES (32 * 1024 * 1024)
#define MAX_ACCESS_UNIT_PACKETS 65536

struct _PotooTrackInlet
{
  const PotooTrackFormat *format;
  PotooRtpClock *clock;
  PotooMetric *lost;
  GstElement *element;

  gint silenced; /* atomic */
  gsize bytes_since_access_unit;
  guint packets_since_access_unit;
  gboolean too_large, after_marker;
  PotooLossMeter loss;
  gint64 n_packets, n_lost; /* atomic; written by the streaming thread */
};

/* --- the bound of an access unit --- */

static gsize
get_probe_size (GstPadProbeInfo *info)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    return gst_buffer_list_calculate_size (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  return gst_buffer_get_size (GST_PAD_PROBE_INFO_BUFFER (info));
}

static guint
get_probe_packets (GstPadProbeInfo *info)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    return gst_buffer_list_length (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  return 1;
}

static void
tell_too_large (PotooTrackInlet *self)
{
  g_autofree char *reason =
      self->bytes_since_access_unit > MAX_ACCESS_UNIT_BYTES
          ? g_strdup_printf (_ ("The camera sent more than %d MiB without completing a picture"),
                             MAX_ACCESS_UNIT_BYTES / (1024 * 1024))
          : g_strdup_printf (
                _ ("The camera sent more than %d packets without completing a picture"),
                MAX_ACCESS_UNIT_PACKETS);

  self->too_large = TRUE;
  potoo_post_reason (self->element, POTOO_MESSAGE_UNUSABLE, reason);
}

static gboolean
is_too_large (PotooTrackInlet *self, GstPadProbeInfo *info)
{
  self->bytes_since_access_unit += get_probe_size (info);
  self->packets_since_access_unit += get_probe_packets (info);
  if (self->bytes_since_access_unit <= MAX_ACCESS_UNIT_BYTES &&
      self->packets_since_access_unit <= MAX_ACCESS_UNIT_PACKETS)
    return FALSE;
  if (!self->too_large)
    tell_too_large (self);
  return TRUE;
}

PotooPictureState
potoo_track_inlet_end_access_unit (PotooTrackInlet *self, GstBuffer *unit)
{
  self->bytes_since_access_unit = 0;
  self->packets_since_access_unit = 0;
  /* What is encoded here was decoded before. */
  if (self->format->kind != POTOO_TRACK_VIDEO || self->format->encoded)
    return POTOO_PICTURE_WHOLE;
  return potoo_loss_meter_take_picture (&self->loss, unit,
                                        strcmp (self->format->encoding_name, "H265") == 0);
}

/* --- packets --- */

static void
count_packet (PotooTrackInlet *self, guint32 ssrc, guint16 sequence, GstClockTime stream_ns)
{
  guint n_lost = potoo_loss_meter_take_packet (&self->loss, ssrc, sequence, stream_ns);

  __atomic_store_n (&self->n_packets, self->n_packets + 1, __ATOMIC_RELAXED);
  if (n_lost == 0)
    return;
  __atomic_store_n (&self->n_lost, self->n_lost + n_lost, __ATOMIC_RELAXED);
  potoo_metric_add (self->lost, n_lost);
}

/* With its stream time. (transfer full) */
static GstBuffer *
stamp (PotooTrackInlet *self, GstBuffer *packet)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  GstClockTime now = (GstClockTime) potoo_clock_mono_us () * GST_USECOND;

  if (!gst_rtp_buffer_map (packet, GST_MAP_READ, &rtp))
    return packet;
  guint32 rtp_time = gst_rtp_buffer_get_timestamp (&rtp);
  guint32 ssrc = gst_rtp_buffer_get_ssrc (&rtp);
  guint16 sequence = gst_rtp_buffer_get_seq (&rtp);
  gboolean begins = self->after_marker;
  /* Of sound it marks where speech begins. */
  self->after_marker = self->format->kind == POTOO_TRACK_VIDEO && gst_rtp_buffer_get_marker (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  packet = gst_buffer_make_writable (packet);
  GST_BUFFER_PTS (packet) = potoo_rtp_clock_observe (self->clock, rtp_time, begins, now);
  count_packet (self, ssrc, sequence, GST_BUFFER_PTS (packet));
  return packet;
}

static gboolean
stamp_in_list (GstBuffer **packet, guint index, gpointer user_data)
{
  *packet = stamp (user_data, *packet);
  return TRUE;
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  PotooTrackInlet *self = user_data;

  if (g_atomic_int_get (&self->silenced) || is_too_large (self, info))
    return GST_PAD_PROBE_DROP;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    {
      GstBufferList *list = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
      gst_buffer_list_foreach (list, stamp_in_list, self);
      info->data = list;
    }
  else
    info->data = stamp (self, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

void
potoo_track_inlet_watch (PotooTrackInlet *self, GstPad *pad)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp, self,
                     NULL);
}

void
potoo_track_inlet_silence (PotooTrackInlet *self)
{
  g_atomic_int_set (&self->silenced, TRUE);
}

void
potoo_track_inlet_get_packets (PotooTrackInlet *self, gint64 *packets, gint64 *lost)
{
  *packets = __atomic_load_n (&self->n_packets, __ATOMIC_RELAXED);
  *lost = __atomic_load_n (&self->n_lost, __ATOMIC_RELAXED);
}

/* --- the object --- */

PotooTrackInlet *
potoo_track_inlet_new (const PotooTrackFormat *format,
                       PotooRtpClock *clock,
                       PotooMetric *lost,
                       GstElement *element)
{
  PotooTrackInlet *self = g_new0 (PotooTrackInlet, 1);

  self->format = format;
  self->clock = potoo_rtp_clock_ref (clock);
  self->lost = potoo_metric_ref (lost);
  self->element = gst_object_ref (element);
  return self;
}

void
potoo_track_inlet_free (PotooTrackInlet *self)
{
  potoo_rtp_clock_unref (self->clock);
  potoo_metric_unref (self->lost);
  gst_object_unref (self->element);
  g_free (self);
}
