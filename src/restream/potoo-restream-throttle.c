/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Why in pieces. gst-rtsp-server gives a picture to the connection as one list of
 * packets; what the socket does not take waits in the connection's queue, and when
 * more than 100 packets wait there, the next packet of another track closes the
 * connection. A piece is smaller than that. And what is to be sent waits where it is
 * counted: behind a payloader that waits, the appsrc fills, the feed stops taking, and the
 * hub's queue moves on to a newer keyframe.
 *
 * Before PLAY the transport is not known: packets pass, up to where
 * gst-rtsp-server blocks them.
 */

#include "restream/potoo-restream-throttle.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/potoo-clock.h"

#define TCP_PIECE_PACKETS 48
#define TCP_MAX_UNSENT_BYTES (64 * 1024)
#define TCP_POLL_US 1000
#define TCP_STALLED_POLL_US (20 * 1000)
#define TCP_STALLED_AFTER_US (100 * 1000)

/* 16 packets of 1400 bytes in 1 ms: 180 Mb/s. */
#define UDP_PIECE_PACKETS 16
#define UDP_PAUSE_US 1000

struct _PotooRestreamThrottle
{
  gatomicrefcount ref_count;
  GMutex lock; /* protects what follows */
  GCond stop;  /* `stopped` was set */
  gboolean stopped;
  gboolean udp;
  GSocket *tcp; /* (nullable) */
};

PotooRestreamThrottle *
potoo_restream_throttle_new (void)
{
  PotooRestreamThrottle *self = g_new0 (PotooRestreamThrottle, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_cond_init (&self->stop);
  return self;
}

PotooRestreamThrottle *
potoo_restream_throttle_ref (PotooRestreamThrottle *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
potoo_restream_throttle_unref (PotooRestreamThrottle *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->tcp);
  g_cond_clear (&self->stop);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
potoo_restream_throttle_set_transport (PotooRestreamThrottle *self, GSocket *tcp)
{
  g_mutex_lock (&self->lock);
  self->udp = tcp == NULL;
  g_set_object (&self->tcp, tcp);
  g_mutex_unlock (&self->lock);
}

void
potoo_restream_throttle_stop (PotooRestreamThrottle *self)
{
  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  g_cond_broadcast (&self->stop);
  g_mutex_unlock (&self->lock);
}

/* Under the lock. FALSE on a socket that is closed too. */
static gboolean
is_congested (GSocket *tcp)
{
  int unsent = 0;

  return ioctl (g_socket_get_fd (tcp), SIOCOUTQNSD, &unsent) == 0 && unsent > TCP_MAX_UNSENT_BYTES;
}

static void
wait_for_tcp (PotooRestreamThrottle *self)
{
  gint64 start_us = potoo_clock_mono_us ();

  while (!self->stopped && is_congested (self->tcp))
    {
      gint64 now_us = potoo_clock_mono_us ();
      gboolean stalled = now_us - start_us > TCP_STALLED_AFTER_US;
      g_cond_wait_until (&self->stop, &self->lock,
                         now_us + (stalled ? TCP_STALLED_POLL_US : TCP_POLL_US));
    }
}

static void
pause_for_udp (PotooRestreamThrottle *self)
{
  gint64 end_us = potoo_clock_mono_us () + UDP_PAUSE_US;

  while (!self->stopped && g_cond_wait_until (&self->stop, &self->lock, end_us))
    ;
}

/* Waits for the turn of the next piece; how many packets it may have. */
static guint
wait_for_turn (PotooRestreamThrottle *self, gboolean first)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->tcp != NULL)
    wait_for_tcp (self);
  else if (self->udp && !first)
    pause_for_udp (self);
  return self->udp ? UDP_PIECE_PACKETS : TCP_PIECE_PACKETS;
}

static GstFlowReturn
send_piece (GstPad *peer, GstBufferList *list, guint start, guint end)
{
  GstBufferList *piece = gst_buffer_list_new_sized (end - start);

  for (guint i = start; i < end; i++)
    gst_buffer_list_add (piece, gst_buffer_ref (gst_buffer_list_get (list, i)));
  return gst_pad_chain_list (peer, piece);
}

/* Takes @list. */
static GstFlowReturn
send_list (PotooRestreamThrottle *self, GstPad *peer, GstBufferList *list)
{
  GstFlowReturn flow = GST_FLOW_OK;
  guint n = gst_buffer_list_length (list);

  for (guint start = 0; start < n && flow == GST_FLOW_OK;)
    {
      guint end = MIN (start + wait_for_turn (self, start == 0), n);
      flow = send_piece (peer, list, start, end);
      start = end;
    }
  gst_buffer_list_unref (list);
  return flow;
}

/* Takes @packet. */
static GstFlowReturn
send_packet (PotooRestreamThrottle *self, GstPad *peer, GstBuffer *packet)
{
  wait_for_turn (self, TRUE);
  return gst_pad_chain (peer, packet);
}

/* It sends by itself: a list in pieces, and so that a track that the viewer did not set up, which
 * leads nowhere, ends nothing. */
static GstPadProbeReturn
on_packets (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  PotooRestreamThrottle *self = user_data;
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);

  if (peer == NULL)
    return GST_PAD_PROBE_OK;
  GstFlowReturn flow = info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST
                           ? send_list (self, peer, GST_PAD_PROBE_INFO_BUFFER_LIST (info))
                           : send_packet (self, peer, GST_PAD_PROBE_INFO_BUFFER (info));
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = flow == GST_FLOW_NOT_LINKED ? GST_FLOW_OK : flow;
  return GST_PAD_PROBE_HANDLED;
}

void
potoo_restream_throttle_attach (PotooRestreamThrottle *self, GstPad *pad)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packets,
                     potoo_restream_throttle_ref (self),
                     (GDestroyNotify) potoo_restream_throttle_unref);
}
