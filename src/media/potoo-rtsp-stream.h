/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-reorder-window.h"
#include "media/potoo-rtcp.h"
#include "media/potoo-udp-ports.h"

G_BEGIN_DECLS

/**
 * PotooRtspStream:
 *
 * One track of a connection while it plays: its packets, from the connection or from UDP ports of
 * its own, are put in order, gathered and pushed as one list; its receiver reports. A plain value
 * that its owner, PotooRtspSource, fills in; in the source's thread.
 */
typedef struct
{
  guint number; /* of the media in the SDP */
  int payload_type;
  gboolean is_video, failed;
  GstPad *pad;            /* the element's */
  GstBufferList *packets; /* (nullable) in order, not pushed yet */
  PotooRtcpReceiver rtcp;
  PotooSenderReportFunc report;
  gpointer report_data;

  guint channel;        /* over TCP: of RTP; RTCP has the next one */
  PotooUdpPorts *ports; /* (nullable) over UDP */
  PotooReorderWindow window;
  gint64 heard_us; /* when the newest packet came over UDP; 0: none has come */
} PotooRtspStream;

/* What came of it, over TCP. */
void potoo_rtsp_stream_take_rtp (PotooRtspStream *stream, const guint8 *data, gsize length);
void potoo_rtsp_stream_take_rtcp (PotooRtspStream *stream, const guint8 *data, gsize length);

/* Takes what has come to its ports, or some of it when that is much, without waiting. */
void potoo_rtsp_stream_receive (PotooRtspStream *stream);

/* FALSE when an element behind has failed and said so, or everything stops. Other streams go on
 * when one of sound has failed. */
gboolean potoo_rtsp_stream_push (PotooRtspStream *stream);

void potoo_rtsp_stream_clear (PotooRtspStream *stream);

G_END_DECLS
